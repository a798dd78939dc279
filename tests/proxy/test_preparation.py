"""Requests made ready for another protocol: proofs of reasoning, memory, forms."""

import asyncio
import gc
import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import pytest
from foreign import CLIENTS, MODEL, Body, ask, calls, read, text, with_result
from loopback import provider, serving
from upstream import Answer, Script, ScriptedUpstream, Text, Thinking, ToolCall, say
from upstream.failures import refuse
from upstream.reply import held_after
from upstream.turns import SIGNATURE

from proxy.exchange import Body as RequestBody
from proxy.exchange import Exchange
from proxy.items import ItemStore
from proxy.model import Message, Protocol, Request
from proxy.model import Text as NeutralText
from proxy.preparation import wants_list
from proxy.upstream import Outgoing
from proxy.wire.sealing import SEAL_START

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
PROVING = (MESSAGES, RESPONSES, GEMINI)
LOOPS = [(c, p) for c in CLIENTS for p in PROVING if c is not p]
GEMINI_3 = "gemini-3-scripted"
"""The vendor asks for signatures from this generation on."""
FIELD: Mapping[Protocol, str] = {
    MESSAGES: f'"signature":"{SIGNATURE}"',
    RESPONSES: f'"encrypted_content":"{SIGNATURE}"',
    GEMINI: f'"thoughtSignature":"{SIGNATURE}"',
}
THOUGHT = Answer((Thinking("Rain, perhaps."), ToolCall.of("weather", city="Oslo")))


def thinking(client: Protocol, model: str = MODEL) -> tuple[str, Body]:
    """A request that wants reasoning, has a tool, and leaves room for both."""
    path, body = ask(client, tools=True, model=model)
    match client:
        case Protocol.MESSAGES:
            wish = {"type": "enabled", "budget_tokens": 4096}
            return path, body | {"max_tokens": 16_000, "thinking": wish}
        case Protocol.RESPONSES:
            include = ["reasoning.encrypted_content"]
            wish = {"effort": "high", "summary": "auto"}
            return path, body | {"reasoning": wish, "include": include, "store": False}
        case Protocol.CHAT:
            return path, body | {"reasoning_effort": "high"}
        case _:
            config = {"thinkingBudget": 4096, "includeThoughts": True}
            return path, body | {"generationConfig": {"thinkingConfig": config}}


def flat(body: bytes) -> str:
    return json.dumps(json.loads(body), separators=(",", ":"))


@pytest.mark.parametrize(("client", "speaks"), LOOPS)
async def test_proofs_come_back_to_their_maker_in_a_loop_of_calls(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(THOUGHT, THOUGHT, say("It rains."))
        path, body = thinking(client)
        for at in range(2):
            status, _, got = await gateway.post(path, body)
            assert (status, upstream.refusals) == (200, [])
            assert len(calls(read(client, got))) == 1
            assert (SIGNATURE in got.decode()) is False
            assert (SEAL_START in got.decode()) == (client is not CHAT)
            body = with_result(client, body, got, f"rain {at}")
        status, _, got = await gateway.post(path, body)
        assert (status, upstream.refusals) == (200, [])
        assert text(read(client, got)) == "It rains."
        assert flat(upstream.asked[-1].body).count(FIELD[speaks]) == 2
        assert SEAL_START not in upstream.asked[-1].body.decode()
        assert [row.status for row in gateway.events()] == ["success"] * 3


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_session_that_moves_leaves_its_proofs_behind(
    tmp_path: Path, client: Protocol
) -> None:
    makers = [each for each in PROVING if each is not client]
    async with (
        ScriptedUpstream(strict=True, speaks=[makers[0]]) as first,
        ScriptedUpstream(strict=True, speaks=[makers[1]]) as second,
        ScriptedUpstream(strict=True, speaks=[OLLAMA]) as third,
    ):
        config = provider(first.url, "first", protocols=[makers[0]])
        config += provider(second.url, "second", protocols=[makers[1]])
        config += provider(third.url, "third", protocols=[OLLAMA])
        async with serving(tmp_path / "h", config) as gateway:
            first.push(THOUGHT)
            path, body = thinking(client, f"first%2F{GEMINI_3}")
            path = path.replace("first%2F", "%s%%2F")
            if client is not GEMINI:
                body["model"] = f"first/{GEMINI_3}"
            _, _, got = await gateway.post(path.replace("%s%%2F", "first%2F"), body)
            body = with_result(client, body, got, "rain")
            for name, served in (("second", second), ("third", third)):
                if client is not GEMINI:
                    body["model"] = f"{name}/{GEMINI_3}"
                status, headers, _ = await gateway.post(
                    path.replace("%s%%2F", f"{name}%2F"), body
                )
                assert (status, served.refusals) == (200, [])
                assert headers["x-turnout-route"] == f"{name}/{GEMINI_3}"
                assert SIGNATURE not in served.asked[-1].body.decode()
                assert SEAL_START not in served.asked[-1].body.decode()


@pytest.mark.parametrize("client", PROVING)
async def test_a_native_route_never_sees_a_wrap(
    tmp_path: Path, client: Protocol
) -> None:
    maker = GEMINI if client is not GEMINI else MESSAGES
    async with (
        ScriptedUpstream(strict=True, speaks=[maker]) as foreign,
        ScriptedUpstream(strict=True, speaks=[client]) as native,
    ):
        config = provider(foreign.url, "foreign", protocols=[maker])
        config += provider(native.url, "native", protocols=[client])
        async with serving(tmp_path / "h", config) as gateway:
            foreign.push(THOUGHT)
            path, body = thinking(client)
            extra = {"anthropic_beta": "b-1", "anthropic_version": "2023-06-01"}
            pinned = path.replace(MODEL, f"foreign%2F{MODEL}")
            named = body if client is GEMINI else body | {"model": f"foreign/{MODEL}"}
            _, _, got = await gateway.post(pinned, named, **extra)
            assert SEAL_START in got.decode()
            body = with_result(client, body, got, "rain")
            pinned = path.replace(MODEL, f"native%2F{GEMINI_3}")
            if client is not GEMINI:
                body["model"] = f"native/{GEMINI_3}"
            status, headers, _ = await gateway.post(pinned, body, **extra)
            assert (status, native.refusals) == (200, [])
            (seen,) = native.asked
            assert SEAL_START not in seen.body.decode()
            # Both speak alike: headers come in pairs with fields of the body.
            assert seen.header("anthropic-beta") == "b-1"
            assert "?beta=true" in seen.target or client is not MESSAGES
            assert headers["x-turnout-route"] == f"native/{GEMINI_3}"


def unproven(client: Protocol) -> Script:
    words = {
        MESSAGES: "messages.1.content.0: Invalid `signature` in `thinking` block",
        RESPONSES: "The encrypted content for item rs_1 could not be verified.",
        GEMINI: "Thought signature is not valid.",
    }
    return refuse(400, words[client])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("speaks", PROVING)
async def test_a_refused_proof_is_left_out_once(
    tmp_path: Path, speaks: Protocol, stream: bool
) -> None:
    async with (
        ScriptedUpstream(strict=True, speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(THOUGHT, unproven(speaks), say("It rains."))
        path, body = thinking(CHAT, f"scripted/{GEMINI_3}")
        _, _, got = await gateway.post(path, body)
        body = with_result(CHAT, body, got, "rain") | {"stream": stream}
        status, headers, got = await gateway.post(path, body)
        assert (status, upstream.refusals) == (200, [])
        assert text(read(CHAT, got, stream=stream)) == "It rains."
        assert headers["x-turnout-attempts"] == "2"
        assert "thinking_replay" in headers["x-turnout-losses"].split(",")
        _, refused, again = upstream.asked
        assert SIGNATURE in refused.body.decode()
        assert SIGNATURE not in again.body.decode()
        row = gateway.events()[0]
        assert [each.status for each in row.attempts] == [400, 200]
        assert row.status == "fallback_success"


async def test_a_proof_refused_twice_is_the_clients_to_hear(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[MESSAGES]) as upstream,
        serving(
            tmp_path / "h", provider(upstream.url, protocols=[MESSAGES])
        ) as gateway,
    ):
        upstream.push(*[unproven(MESSAGES)] * 3)
        status, headers, got = await gateway.post(*ask(CHAT))
        assert (status, headers["x-turnout-attempts"]) == (400, "2")
        assert b"Invalid `signature`" in got
        assert len(upstream.asked) == 2


async def test_the_last_call_is_not_made_twice(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[MESSAGES]) as upstream,
    ):
        config = "".join(
            provider(upstream.url, f"p{n}", protocols=[MESSAGES]) for n in range(3)
        )
        async with serving(tmp_path / "h", config) as gateway:
            upstream.push(refuse(500), refuse(500), unproven(MESSAGES), say("late"))
            status, headers, _ = await gateway.post(*ask(CHAT))
            assert (status, headers["x-turnout-attempts"]) == (400, "3")
            assert len(upstream.asked) == 3


# --- memory ---------------------------------------------------------------------------


KINDS = frozenset(
    {ItemStore, RequestBody, Exchange, Outgoing, Request, Message, NeutralText}
)


def alive(before: Iterable[object] = ()) -> list[object]:
    """What there is of a request now, and was not there before."""
    gc.collect()
    old = {id(each) for each in before}
    found = [each for each in gc.get_objects() if type(each) in KINDS]
    return [each for each in found if id(each) not in old]


async def test_nothing_is_remembered_for_a_client_that_keeps_its_own(
    tmp_path: Path,
) -> None:
    before = alive()
    async with (
        ScriptedUpstream(strict=True, speaks=[MESSAGES]) as upstream,
        serving(
            tmp_path / "h", provider(upstream.url, protocols=[MESSAGES])
        ) as gateway,
    ):
        sizes = {}
        for client in (RESPONSES, GEMINI, CHAT):
            upstream.push(THOUGHT)
            await gateway.post(*thinking(client))
            (store,) = (each for each in alive(before) if isinstance(each, ItemStore))
            sizes[client] = store.size
        # Only Chat has no place for reasoning; Codex says `store: false` and means it.
        assert sizes[RESPONSES] == sizes[GEMINI] == 0
        assert 0 < sizes[CHAT] < 5_000


BOTH_LANES = [
    *((MESSAGES, each) for each in Protocol),
    *((c, CHAT) for c in CLIENTS[1:]),
]


@pytest.mark.parametrize(("client", "speaks"), BOTH_LANES)
async def test_a_request_is_forgotten_once_its_answer_has_begun(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    before = alive()
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(
            Answer((Text("word " * 20),), change=partial(held_after, events=10))
        )
        path, body = ask(client, stream=True, text="word " * 200_000)
        if client is RESPONSES:
            body["store"] = False
        async with gateway.session.post(
            gateway.url + path, json=body, headers=gateway.headers()
        ) as answer:
            await answer.content.readany()
            await asyncio.sleep(0)
            for each in alive(before):
                match each:
                    case RequestBody():
                        assert not each.data
                    case Exchange():
                        assert each.request is None
                    case Request():
                        assert not each.messages
                    case NeutralText():
                        assert len(each.text) < 1_000
                    case _:
                        assert not isinstance(each, Message | Outgoing)
            upstream.release()
            await answer.content.read()


@pytest.mark.parametrize(
    ("query", "listed"),
    [("alt=sse", False), ("", True), ("alt=json", True), ("key=x&alt=sse", False)],
)
def test_a_gemini_stream_is_events_only_where_asked(query: str, listed: bool) -> None:
    assert wants_list(query) == listed
