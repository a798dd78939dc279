"""Counting tokens: by the vendor itself, by another provider's counter, by estimate."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from foreign import MODEL, Body, ask, error_of, read
from loopback import Serving, provider, serving
from stream_order import events_of
from upstream import Answer, ScriptedUpstream, Text, Tokens, ToolCall, refuse, say

from proxy.model import Protocol

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
COUNTING = (MESSAGES, RESPONSES, GEMINI)
PATHS: Mapping[Protocol, str] = {
    MESSAGES: "/v1/messages/count_tokens",
    RESPONSES: "/v1/responses/input_tokens",
    GEMINI: f"/v1beta/models/{MODEL}:countTokens",
}


def counting(client: Protocol, said: str = "What is the weather?") -> tuple[str, Body]:
    """A request for a count, as the client's SDK writes it."""
    _, body = ask(client, text=said, tools=True)
    for field in ("stream", "max_tokens"):
        body.pop(field, None)
    if client is GEMINI:
        inside = body | {"model": f"models/{MODEL}"}
        body = {"generateContentRequest": inside}
    return PATHS[client], body


def number(client: Protocol, got: bytes) -> int:
    found = json.loads(got)["totalTokens" if client is GEMINI else "input_tokens"]
    assert isinstance(found, int)
    return found


def band(headers: Mapping[str, str]) -> tuple[int, int]:
    low, high = headers["x-turnout-count-band"].split("-")
    return int(low), int(high)


@pytest.mark.parametrize("client", COUNTING)
async def test_the_vendors_own_count_is_exact(tmp_path: Path, client: Protocol) -> None:
    async with (
        ScriptedUpstream(speaks=[client]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[client])) as gateway,
    ):
        path, body = counting(client)
        raw = json.dumps(body).encode()
        status, headers, got = await gateway.post(path, raw)
        assert (status, number(client, got)) == (200, 1500)
        assert headers["x-turnout-count"] == "exact"
        assert "x-turnout-count-band" not in headers
        assert upstream.requests[0].body == raw
        assert gateway.events() == ()


@pytest.mark.parametrize(
    ("client", "speaks"), [(c, p) for c in COUNTING for p in COUNTING if c is not p]
)
async def test_another_providers_counter_is_asked(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        status, headers, got = await gateway.post(*counting(client))
        assert (status, number(client, got)) == (200, 1500)
        assert headers["x-turnout-count"] == "provider"
        (seen,) = upstream.requests
        assert seen.path == PATHS[speaks]
        # Tools count, and what was asked is there.
        assert b"weather?" in seen.body
        assert b"Tells the weather." in seen.body
        assert b"max_tokens" not in seen.body
        assert gateway.events() == ()


@pytest.mark.parametrize("client", COUNTING)
@pytest.mark.parametrize("speaks", [CHAT, OLLAMA])
async def test_where_nobody_counts_it_is_estimated(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        path, body = counting(client, "word " * 1000)
        status, headers, got = await gateway.post(path, body)
        tokens = number(client, got)
        assert status == 200
        assert 700 < tokens < 2500
        assert headers["x-turnout-count"] == "estimate"
        low, high = band(headers)
        assert low <= tokens <= high
        assert not upstream.requests
        assert gateway.events() == ()


@pytest.mark.parametrize("client", COUNTING)
async def test_an_endpoint_that_is_not_there_is_asked_once(
    tmp_path: Path, client: Protocol
) -> None:
    async with (
        ScriptedUpstream(refuse(404), speaks=[client]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[client])) as gateway,
    ):
        for _ in range(3):
            status, headers, got = await gateway.post(*counting(client))
            assert (status, headers["x-turnout-count"]) == (200, "estimate")
            assert number(client, got) > 0
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("client", COUNTING)
async def test_what_is_wrong_with_a_request_is_told_by_the_vendor(
    tmp_path: Path, client: Protocol
) -> None:
    async with (
        ScriptedUpstream(refuse(400, "no such field"), speaks=[client]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[client])) as gateway,
    ):
        status, headers, got = await gateway.post(*counting(client))
        assert (status, got) == (400, upstream.sent[0])
        assert error_of(headers, got)["message"] == "no such field"


@pytest.mark.parametrize("fault", [429, 500, 503])
async def test_a_counter_in_trouble_is_stood_in_for(tmp_path: Path, fault: int) -> None:
    async with (
        ScriptedUpstream(refuse(fault), speaks=[MESSAGES]) as upstream,
        serving(
            tmp_path / "h", provider(upstream.url, protocols=[MESSAGES])
        ) as gateway,
    ):
        for client in (MESSAGES, RESPONSES):
            status, headers, _ = await gateway.post(*counting(client))
            assert (status, headers["x-turnout-count"]) == (200, "estimate")


@pytest.mark.parametrize("client", COUNTING)
async def test_a_count_never_needs_a_route(tmp_path: Path, client: Protocol) -> None:
    async with ScriptedUpstream(speaks=[client]) as upstream:
        offline = '[gateway]\nmode = "offline"\n'
        entry = provider(upstream.url, protocols=[client])
        for name, config in (("o", offline + entry), ("practice", "")):
            async with serving(tmp_path / name, config) as gateway:
                status, headers, got = await gateway.post(*counting(client))
                assert (status, headers["x-turnout-count"]) == (200, "estimate")
                assert number(client, got) > 0
        assert not upstream.requests


async def learned(gateway: Serving, tokens: int) -> float:
    """How far an estimate is from the truth now, as a share."""
    _, _, got = await gateway.post(*counting(MESSAGES, text_of(7)))
    return abs(number(MESSAGES, got) - tokens) / tokens


def text_of(at: int) -> str:
    return f"line {at}: the quick brown fox jumps over the lazy dog\n" * 200


async def test_estimates_learn_from_what_providers_tell(tmp_path: Path) -> None:
    true = 4_400
    async with (
        ScriptedUpstream(speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        upstream.script = lambda _: Answer(
            (Text("Yes."),), Tokens(fresh=true, cache_read=0)
        )
        before = await learned(gateway, true)
        for at in range(20):
            await gateway.post(*ask(MESSAGES, text=text_of(at % 10), tools=True))
        after = await learned(gateway, true)
        assert before > 0.1
        assert after < 0.05


async def test_a_messages_stream_begins_with_an_estimate_and_ends_with_the_truth(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        upstream.push(say("Let me look.", ToolCall.of("weather", city="Oslo")))
        _, _, got = await gateway.post(*ask(MESSAGES, stream=True, tools=True))
        found = {name: data for name, data in events_of(got) if name}
        early = found["message_start"]["message"]["usage"]
        assert 0 < early["input_tokens"] < 300
        late = found["message_delta"]["usage"]
        assert (late["input_tokens"], late["cache_read_input_tokens"]) == (1200, 300)
        row = gateway.events()[0]
        assert (row.input_tokens, row.cache_read_tokens) == (1200, 300)
        assert "usage_estimated" not in row.losses


async def test_what_no_provider_counted_stays_unknown_on_record(tmp_path: Path) -> None:
    from upstream import Ways

    async with (
        ScriptedUpstream(speaks=[CHAT], ways=Ways(usage="never")) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        _, _, got = await gateway.post(*ask(MESSAGES, stream=True))
        answer = read(MESSAGES, got, stream=True)
        assert answer.usage.output_tokens
        assert answer.usage.input_tokens
        row = gateway.events()[0]
        assert (row.input_tokens, row.output_tokens, row.cost_nano) == (None,) * 3
        assert row.losses == ("usage_estimated",)


async def test_practice_counts_without_calling_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def called(*_: object, **__: object) -> None:
        pytest.fail("somebody was called")

    monkeypatch.setattr("proxy.upstream.Upstream.send", called)
    async with serving(tmp_path / "h") as gateway:
        body: dict[str, object] = {
            "model": "m",
            "messages": [{"role": "user", "content": "hi"}],
        }
        status, headers, _ = await gateway.post("/v1/messages/count_tokens", body)
    assert (status, headers["x-turnout-count"]) == (200, "estimate")
