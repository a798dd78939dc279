"""Answers a client refers to later: kept here, given to nobody else, over lanes too."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from foreign import MODEL, Body, ask, error_of, read, text
from loopback import Serving, provider, serving
from requests_in_hand import call
from stream_order import events_of
from upstream import Answer, ScriptedUpstream, Text, ToolCall, refuse, say

from app.commands.keys import NewKey
from proxy.exchange import Body as RequestBody
from proxy.items import ItemStore
from proxy.model import Protocol
from proxy.reading import Unreadable, continued, read_whole

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
FOREIGN = (MESSAGES, CHAT, GEMINI, OLLAMA)


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream(strict=True, speaks=[CHAT]) as served:
        yield served


@pytest.fixture
async def gateway(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Serving]:
    config = provider(upstream.url, protocols=[CHAT])
    async with serving(tmp_path / "h", config) as served:
        yield served


def answer_of(got: bytes, *, stream: bool) -> Body:
    if not stream:
        return dict(json.loads(got))
    return dict(events_of(got)[-1][1]["response"])


def follow(previous: object, said: str = "And tomorrow?", **more: object) -> Body:
    turn = [{"role": "user", "content": said}]
    return {"model": MODEL, "previous_response_id": previous, "input": turn} | more


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("store", [None, True])
@pytest.mark.parametrize("speaks", FOREIGN)
async def test_an_answer_is_continued_by_its_id(
    tmp_path: Path, speaks: Protocol, store: bool | None, stream: bool
) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(say("Rain."), say("", ToolCall.of("weather", city="Oslo")))
        upstream.push(say("Sun."))
        path, body = ask(RESPONSES, stream=stream, tools=True)
        tools = body["tools"]
        if store is not None:
            body["store"] = store
        _, _, got = await gateway.post(path, body)
        first = answer_of(got, stream=stream)
        assert first["previous_response_id"] is None
        asked = follow(first["id"], stream=stream, tools=tools)
        status, _, got = await gateway.post(path, asked)
        assert (status, upstream.refusals) == (200, [])
        second = answer_of(got, stream=stream)
        assert second["previous_response_id"] == first["id"]
        sent = upstream.asked[-1].body
        order = [sent.index(word) for word in (b"weather?", b"Rain.", b"tomorrow")]
        assert order == sorted(order)
        (made,) = (item for item in second["output"] if item["type"] == "function_call")
        result = {"type": "function_call_output", "call_id": made["call_id"]}
        asked = follow(second["id"], stream=stream, tools=tools)
        asked["input"] = [result | {"output": "24 degrees"}]
        status, _, got = await gateway.post(path, asked)
        assert (status, upstream.refusals) == (200, [])
        assert text(read(RESPONSES, got, stream=stream)) == "Sun."
        assert b"24 degrees" in upstream.asked[-1].body


async def test_items_are_named_by_reference(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(say("Rain in Oslo."))
    path, body = ask(RESPONSES)
    _, _, got = await gateway.post(path, body)
    item = json.loads(got)["output"][0]
    reference = {"type": "item_reference", "id": item["id"]}
    turn = {"role": "user", "content": "Sure?"}
    asked: Body = {"model": MODEL, "input": [turn, reference, turn]}
    status, _, _ = await gateway.post(path, asked)
    assert status == 200
    assert b"Rain in Oslo." in upstream.asked[-1].body
    reference["id"] = "msg_unknown"
    status, headers, raw = await gateway.post(path, asked)
    assert status == 400
    assert "no longer has" in error_of(headers, raw)["message"]


async def test_no_other_key_continues_an_answer(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    path, body = ask(RESPONSES)
    _, _, got = await gateway.post(path, body)
    asked = follow(json.loads(got)["id"])
    other = await gateway.door.call("keys new", NewKey, name="codex")
    async with gateway.session.post(
        gateway.url + path,
        json=asked,
        headers=gateway.headers() | {"x-turnout-key": other.key},
    ) as answer:
        assert answer.status == 400
        assert "no longer has" in await answer.text()
    assert len(upstream.asked) == 1
    status, _, _ = await gateway.post(path, asked)
    assert status == 200


@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_not_to_be_kept_is_not(
    gateway: Serving, upstream: ScriptedUpstream, stream: bool
) -> None:
    path, body = ask(RESPONSES, stream=stream, store=False)
    _, _, got = await gateway.post(path, body)
    asked = follow(answer_of(got, stream=stream)["id"])
    status, headers, raw = await gateway.post(path, asked)
    assert status == 400
    assert "`store`" in error_of(headers, raw)["message"]
    assert len(upstream.asked) == 1


async def test_an_answer_that_broke_off_is_not_continued(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    from functools import partial

    from upstream.reply import cut_after

    cut = partial(cut_after, events=3)
    upstream.push(Answer((Text("one two three four"),), change=cut))
    path, body = ask(RESPONSES, stream=True)
    _, _, got = await gateway.post(path, body)
    status, _, _ = await gateway.post(path, follow(answer_of(got, stream=True)["id"]))
    assert status == 400


async def test_a_conversation_moves_between_providers(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[GEMINI]) as first,
        ScriptedUpstream(strict=True, speaks=[OLLAMA]) as second,
        ScriptedUpstream(strict=True, speaks=[RESPONSES]) as native,
    ):
        config = provider(first.url, "first", protocols=[GEMINI])
        config += provider(second.url, "second", protocols=[OLLAMA])
        config += provider(native.url, "native", protocols=[RESPONSES])
        async with serving(tmp_path / "h", config) as gateway:
            first.push(say("", ToolCall.of("weather", city="Oslo")))
            path, body = ask(RESPONSES, tools=True, model="first/scripted-large")
            _, _, got = await gateway.post(path, body)
            made = json.loads(got)
            (item,) = (i for i in made["output"] if i["type"] == "function_call")
            result = {"type": "function_call_output", "call_id": item["call_id"]}
            asked = follow(made["id"], tools=body["tools"])
            asked["input"] = [result | {"output": "rain"}]
            for name, served in (("second", second), ("native", native)):
                asked["model"] = f"{name}/scripted-large"
                status, headers, got = await gateway.post(path, asked)
                # The vendor's own API keeps nothing of ours: it is sent the whole.
                assert (status, served.refusals) == (200, [])
                assert headers["x-turnout-route"] == f"{name}/scripted-large"
                sent = served.asked[-1]
                assert b"weather?" in sent.body
                assert b"rain" in sent.body
                assert b"previous_response_id" not in sent.body
                before = json.loads(got)
                assert before["previous_response_id"] == asked["previous_response_id"]
                asked = follow(before["id"], "Thanks.", tools=body["tools"])


async def test_an_answer_of_the_vendors_is_the_vendors_to_continue(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[RESPONSES]) as native,
        serving(tmp_path / "h", provider(native.url, protocols=[RESPONSES])) as gateway,
    ):
        asked = json.dumps(follow("resp_of_theirs")).encode()
        status, _, got = await gateway.post("/v1/responses", asked)
        assert (status, native.asked[0].body) == (200, asked)
        assert got == native.sent[0]


async def test_a_failed_turn_may_be_sent_again(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    path, body = ask(RESPONSES)
    _, _, got = await gateway.post(path, body)
    asked = follow(json.loads(got)["id"])
    upstream.push(refuse(500), refuse(500))
    assert (await gateway.post(path, asked))[0] == 500
    assert (await gateway.post(path, asked))[0] == 200


# --- without a gateway ----------------------------------------------------------------


def _call(body: bytes, protocol: Protocol = RESPONSES) -> object:
    made = call(protocol, body=body)
    assert isinstance(made.body, RequestBody)
    return made


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"previous_response_id": "resp_1"}', "resp_1"),
        (b'{"previous_response_id": null}', None),
        (b'{"input": "\\"previous_response_id\\""}', None),
        (b'{"previous_response_id": 7}', None),
        (b'{"previous_response_id"', None),
        (b"{}", None),
    ],
)
def test_what_a_call_continues(body: bytes, found: str | None) -> None:
    assert continued(call(RESPONSES, body=body)) == found
    assert continued(call(CHAT, body=body)) is None


@pytest.mark.parametrize("protocol", [MESSAGES, RESPONSES, CHAT, GEMINI])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": 7, "input": 7}'])
def test_what_cannot_be_read_is_said_so(protocol: Protocol, body: bytes) -> None:
    store = ItemStore(lambda: 0.0)
    with pytest.raises(Unreadable) as caught:
        read_whole(call(protocol, body=body), "m", store, stream=False)
    assert caught.value.failure.message
