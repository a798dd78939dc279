"""Conversations between clients and providers of other protocols, over loopback."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from foreign import MODEL, PAIRS, Body, ask, calls, path_of, read, text, with_result
from loopback import SCRIPTED_KEY, provider, serving
from sdk_types import check_answer
from stream_order import CHECKS
from upstream import (
    Answer,
    ScriptedUpstream,
    Seen,
    Text,
    Thinking,
    ToolCall,
    refuse,
    say,
)

from app.commands.routing import Explanation
from proxy.model import Protocol, StopReason
from proxy.wire.losses import LOSSES

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
WEATHER = say("Let me look.", ToolCall.of("weather", city="Oslo"))
PATHS: Mapping[Protocol, str] = {
    MESSAGES: "/v1/messages",
    RESPONSES: "/v1/responses",
    CHAT: "/v1/chat/completions",
    OLLAMA: "/api/chat",
}
CREDENTIAL: Mapping[Protocol, tuple[str, str]] = {
    MESSAGES: ("x-api-key", SCRIPTED_KEY),
    RESPONSES: ("authorization", f"Bearer {SCRIPTED_KEY}"),
    CHAT: ("authorization", f"Bearer {SCRIPTED_KEY}"),
    GEMINI: ("x-goog-api-key", SCRIPTED_KEY),
    OLLAMA: ("authorization", f"Bearer {SCRIPTED_KEY}"),
}
CLIENT_HEADERS = {
    "anthropic_version": "2023-06-01",
    "anthropic_beta": "context-1m-2025-08-07",
    "x_claude_code_session_id": "s-1",
    "openai_beta": "responses=experimental",
    "x_goog_api_client": "gl-node/22",
    "x_stainless_lang": "js",
    "originator": "codex_cli_rs",
    "user_agent": "claude-cli/2.1 (external)",
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_conversation_with_a_tool(
    tmp_path: Path, client: Protocol, speaks: Protocol, stream: bool
) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(WEATHER, say("It rains."))
        path, body = ask(client, stream=stream, tools=True)
        status, headers, got = await gateway.post(path, body, **CLIENT_HEADERS)
        assert (status, upstream.refusals) == (200, [])
        answer = read(client, got, stream=stream)
        assert text(answer) == "Let me look."
        (call,) = calls(answer)
        assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
        if stream:
            CHECKS[client](got)
        else:
            check_answer(client, got)
        assert headers["x-turnout-route"] == f"scripted/{MODEL}"
        assert headers["x-turnout-attempts"] == "1"
        assert headers["x-turnout-lane"] == "claude/premium"
        (seen,) = upstream.asked
        _check_request(seen, client, speaks, stream=stream)
        (row,) = gateway.events()
        assert row.id == headers["x-turnout-request"]
        assert (row.status, row.stop_reason, row.stream) == (
            "success",
            StopReason.TOOL_USE,
            stream,
        )
        assert (row.protocol, row.provider, row.model) == (client, "scripted", MODEL)
        _check_money(row.input_tokens, row.cache_read_tokens, row.cost_nano, speaks)
        assert row.output_tokens == 42
        told = headers.get("x-turnout-losses", "")
        assert row.losses == tuple(name for name in told.split(",") if name)
        if stream:
            return
        # And the turn after it, with the result of the call.
        _, _, got = await gateway.post(
            path, with_result(client, body, got, "12 degrees, rain")
        )
        assert upstream.refusals == []
        assert text(read(client, got)) == "It rains."
        assert b"12 degrees, rain" in upstream.asked[-1].body


def _check_request(
    seen: Seen, client: Protocol, speaks: Protocol, *, stream: bool
) -> None:
    name, value = CREDENTIAL[speaks]
    assert seen.all(name) == (value,)
    assert seen.all("x-api-key") == ((value,) if name == "x-api-key" else ())
    version = ("2023-06-01",) if speaks is MESSAGES else ()
    assert seen.all("anthropic-version") == version
    for foreign in CLIENT_HEADERS:
        if foreign not in {"user_agent", "anthropic_version"}:
            assert seen.all(foreign.replace("_", "-")) == ()
    assert seen.header("user-agent") == "claude-cli/2.1 (external)"
    assert seen.header("accept-encoding") == "identity"
    assert seen.all("x-turnout-key") == ()
    assert b"tnt_" not in seen.everything()
    if speaks is GEMINI:
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        assert seen.target == f"/v1beta/models/{MODEL}:{verb}"
        assert "model" not in seen.json
    else:
        assert seen.target == PATHS[speaks]
        assert (seen.model, seen.stream) == (MODEL, stream)
    assert client is not speaks


def _check_money(
    fresh: int | None, cached: int | None, cost: int | None, speaks: Protocol
) -> None:
    # 3, 0.30 and 15 dollars a million: nano-dollars a token are 3000, 300, 15000.
    if speaks is OLLAMA:
        assert (fresh, cached, cost) == (1500, 0, 1500 * 3000 + 42 * 15000)
    else:
        assert (fresh, cached) == (1200, 300)
        assert cost == 1200 * 3000 + 300 * 300 + 42 * 15000


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_provider_has_the_name_it_knows_a_model_by(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        expected = {
            # A vendor's own name says nothing to a provider of another protocol.
            "claude-opus-5-5": MODEL,
            "gpt-5.6": MODEL,
            "scripted/own-model:8b": "own-model:8b",
        }
        if speaks is not GEMINI:
            # Google's names of models are one piece of a path.
            expected["qwen/qwen3"] = "qwen/qwen3"
        for asked, sent in expected.items():
            path, body = ask(client, model=asked)
            if client is GEMINI:
                path = path_of(client, model=asked.replace("/", "%2F"))
            status, headers, got = await gateway.post(path, body)
            assert (status, upstream.refusals) == (200, [])
            assert upstream.asked[-1].model == sent
            assert headers["x-turnout-route"] == f"scripted/{sent}"
            assert read(client, got).model == sent
            row = gateway.events()[0]
            assert (row.requested_model, row.model) == (asked, sent)


async def test_what_is_lost_is_told_everywhere(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        tools = [{"type": "web_search"}]
        path, body = ask(RESPONSES, tools=True, include=["reasoning.encrypted_content"])
        body["tools"] += tools
        status, headers, _ = await gateway.post(path, body)
        assert (status, upstream.refusals) == (200, [])
        names = headers["x-turnout-losses"].split(",")
        assert {"server_tool_offered", "extra_output"} <= set(names)
        (row,) = gateway.events()
        assert row.losses == tuple(names)
        told = await gateway.door.call("explain", Explanation, id=row.id)
        layers = " ".join(told.layers)
        assert all(LOSSES[name] in layers for name in names)


@pytest.mark.parametrize("speaks", [MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA])
async def test_a_client_that_asks_for_no_usage_is_billed_all_the_same(
    tmp_path: Path, speaks: Protocol
) -> None:
    client = MESSAGES if speaks is CHAT else CHAT
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        path, body = ask(client, stream=True)
        body.pop("stream_options", None)
        status, _, got = await gateway.post(path, body)
        assert status == 200
        assert (b'"usage"' in got) == (client is MESSAGES)
        assert gateway.events()[0].output_tokens == 42


async def test_a_gemini_stream_without_events_is_one_list(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        path, body = ask(GEMINI, stream=True)
        listed = path.removesuffix("?alt=sse")
        for asked in (listed, f"{listed}?alt=json"):
            upstream.push(Answer((Text("one two three"),)))
            status, headers, got = await gateway.post(asked, body)
            assert (status, headers["content-type"]) == (200, "application/json")
            found = json.loads(got)
            assert len(found) == 4
            assert found[-1]["candidates"][0]["finishReason"] == "STOP"
            for each in found:
                check_answer(GEMINI, json.dumps(each).encode())
            assert text(read(GEMINI, got, stream=True)) == "one two three"


async def test_thinking_and_parallel_calls_come_in_order(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        many = tuple(ToolCall.of("weather", city=city) for city in ("Oslo", "Rome"))
        upstream.push(Answer((Thinking("Two."), Text("Both:"), *many)))
        _, _, got = await gateway.post(*ask(MESSAGES, stream=True, tools=True))
        CHECKS[MESSAGES](got)
        answer = read(MESSAGES, got, stream=True)
        assert [json.loads(call.arguments)["city"] for call in calls(answer)] == [
            "Oslo",
            "Rome",
        ]


async def test_compaction_goes_to_its_own_protocol_only(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        body: Body = {"model": MODEL, "input": [{"role": "user", "content": "hi"}]}
        status, headers, got = await gateway.post("/v1/responses/compact", body)
        assert status == 400
        assert headers["x-should-retry"] == "false"
        said = json.loads(got)["error"]["message"]
        assert "exists in the client's protocol only" in said
        assert not upstream.requests


async def test_a_native_provider_is_not_asked_to_compact_what_it_cannot_read(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream() as upstream,
        serving(tmp_path / "h", provider(upstream.url)) as gateway,
    ):
        sealed = "dHVybm91dDE6" + "e30="
        item = {"type": "reasoning", "summary": [], "encrypted_content": sealed}
        body: Body = {
            "model": MODEL,
            "input": [{"role": "user", "content": "hi"}, item],
        }
        status, _, got = await gateway.post("/v1/responses/compact", body)
        assert status == 400
        assert "cannot shorten" in json.loads(got)["error"]["message"]
        assert not upstream.requests


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_websocket_is_refused_so_that_the_client_posts(
    tmp_path: Path, method: str
) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
        gateway.session.request(
            method,
            f"{gateway.url}/v1/responses",
            headers=gateway.headers(upgrade="websocket", connection="Upgrade"),
        ) as answer,
    ):
        assert answer.status == 426
        assert not upstream.requests


async def test_a_refused_call_costs_nothing(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        upstream.push(refuse(400, "no such field"))
        await gateway.post(*ask(MESSAGES))
        (row,) = gateway.events()
        assert (row.status, row.error_kind, row.cost_nano) == ("error", "rejected", 0)


@pytest.mark.parametrize(
    "model",
    [
        "..",
        "../../../evil",
        "a/../../b",
        "./b",
        "a/.",
        "a\\..\\b",
        "%2e%2E/b",
        "a%2f..%2fb",
        "a/%252e%252e/b",
    ],
)
async def test_a_model_name_leads_to_no_other_address(
    tmp_path: Path, model: str
) -> None:
    async with (
        ScriptedUpstream(speaks=[GEMINI]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[GEMINI])) as gateway,
    ):
        _, body = ask(MESSAGES)
        for path, asked in (
            ("/v1/messages", {**body, "model": model}),
            ("/v1/messages/count_tokens", {**body, "model": model}),
            ("/v1beta/models/" + quote(model, safe="") + ":generateContent", {}),
        ):
            status, _, got = await gateway.post(path, asked or ask(GEMINI)[1])
            assert status == 400
            assert b"another address" in got
        assert upstream.requests == []


@pytest.mark.parametrize("model", ["publishers/google/models/x", "a..b/.c", "x.."])
async def test_a_model_name_may_have_strokes_and_dots(
    tmp_path: Path, model: str
) -> None:
    async with (
        ScriptedUpstream(speaks=[GEMINI]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[GEMINI])) as gateway,
    ):
        _, body = ask(MESSAGES)
        await gateway.post("/v1/messages", {**body, "model": f"scripted/{model}"})
        (seen,) = upstream.requests
        assert f"models/{model}:generateContent" in seen.target
