"""Answers of providers that misbehave, carried to clients of other protocols.

Whatever comes, a client sees a well-formed end of its own protocol, takes nothing
broken for whole, and the record says what happened.
"""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import zstandard
from foreign import CLIENTS, PAIRS, PROVIDERS, Body, ask, error_of, is_whole, read, text
from loopback import SCRIPTED_KEY, Serving, provider, serving
from raw_wire import until
from stream_order import CHECKS
from upstream import Answer, Script, ScriptedUpstream, Seen, Text, ToolCall, refuse
from upstream.failures import echo_in_answer, error_after
from upstream.reply import (
    End,
    Pause,
    Reply,
    body_reply,
    cut_after,
    cut_inside,
    drip,
    gzipped,
    held_after,
    held_before_headers,
    in_one_piece,
    wrong_length,
)
from upstream.spoilt import STREAMS, bad_json, huge_event

from proxy import delivery
from proxy.model import Protocol
from proxy.wire.incoming import EVENT_LIMIT

MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
WORDS = "one two three four five six"
HELLO = Answer((Text(WORDS), ToolCall.of("weather", city="Oslo")))
HEEDING = {MESSAGES, RESPONSES}


@dataclass(frozen=True, slots=True)
class Got:
    """An answer as it came; `cut` where the connection broke before the body's end."""

    status: int
    headers: object
    body: bytes
    cut: bool

    def error(self) -> str:
        """The message of an error answer."""
        return str(error_of(self.headers, self.body)["message"])  # type: ignore[arg-type]


async def fetch(gateway: Serving, path: str, body: Body) -> Got:
    """Ask, and see whether the body had its proper end."""
    async with gateway.session.post(
        gateway.url + path, json=body, headers=gateway.headers()
    ) as answer:
        read_, cut = b"", False
        try:
            async for piece in answer.content.iter_any():
                read_ += piece
        except (aiohttp.ClientPayloadError, ConnectionError):
            cut = True
        return Got(answer.status, answer.headers, read_, cut)


def check_end(client: Protocol, got: Got, gateway: Serving, *, whole: bool) -> None:
    """The end is well-formed, is taken for what it is, and the record agrees."""
    row = gateway.events()[0]
    if whole:
        assert (got.status, got.cut, row.status) == (200, False, "success")
        CHECKS[client](got.body)
        # Where the first event has words in it, two of them say those twice.
        said = text(read(client, got.body, stream=True))
        assert said.removeprefix("one one") in {WORDS, WORDS.removeprefix("one")}
        return
    assert row.status == "error"
    assert row.error_kind in {"cut", "malformed", "upstream_error", "stalled", "reset"}
    assert row.attempts[-1].error_kind == row.error_kind
    if got.status != 200:
        assert got.error()
        assert not got.cut
        return
    assert not is_whole(client, got.body)
    CHECKS[client](got.body)
    # Who reads no error events must see the connection break.
    assert got.cut == (client not in HEEDING)


def changed(change: Callable[[Reply], Reply]) -> Script:
    return lambda _: replace(HELLO, change=change)


def chunks(*pieces: bytes) -> Script:
    """A stream of these bytes alone, then a clean end."""
    return changed(lambda reply: Reply(200, reply.headers, pieces))


def packed(reply: Reply, data: bytes, coding: str) -> Reply:
    headers = (*reply.headers, ("content-encoding", coding))
    return Reply(200, headers, (data[:20], data[20:]))


def zstd(reply: Reply) -> Reply:
    return packed(reply, zstandard.compress(reply.body()), "zstd")


def brotli(reply: Reply) -> Reply:
    return packed(reply, reply.body(), "br")


def cut_gzip(reply: Reply) -> Reply:
    return packed(reply, gzip.compress(reply.body())[:-20], "gzip")


def no_gzip(reply: Reply) -> Reply:
    return packed(reply, reply.body(), "gzip")


def typed(kind: str) -> Callable[[Reply], Reply]:
    return lambda reply: replace(reply, headers=(("content-type", kind),))


WHOLE: dict[str, Script] = {
    "unknown_event": STREAMS["unknown_event"](HELLO),
    "commented": STREAMS["commented"](HELLO),
    "two_ends": STREAMS["two_ends"](HELLO),
    "two_starts": STREAMS["two_starts"](HELLO),
    "wrong_type": STREAMS["wrong_type"](HELLO),
    "no_type": changed(lambda reply: replace(reply, headers=())),
    "json_for_stream": STREAMS["json_for_stream"](HELLO),
    "byte by byte": changed(drip),
    "in one piece": changed(in_one_piece),
    "gzip": changed(gzipped),
    "zstd": changed(zstd),
}
BROKEN: dict[str, Script] = {
    "bad_json": STREAMS["bad_json"](HELLO),
    "bad_json first": bad_json(HELLO, 0),
    "no_end": STREAMS["no_end"](HELLO),
    "html_with_200": STREAMS["html_with_200"](HELLO),
    "html as stream": chunks(b"<html><body>Sign in</body></html>\n"),
    "empty": chunks(),
    "empty json": lambda _: body_reply(200, b"", "application/json"),
    "null": chunks(b"data: null\n\n"),
    "comments alone": chunks(b": ping\n\n" * 100),
    "cut gzip": changed(cut_gzip),
    "no gzip": changed(no_gzip),
    "unknown coding": changed(brotli),
    "reset": changed(partial(cut_after, events=4, end=End.RESET)),
    "reset at once": changed(partial(cut_after, events=0, end=End.RESET)),
    "eof": changed(partial(cut_after, events=4)),
    "clean eof": changed(partial(cut_after, events=4, end=End.COMPLETE)),
    "own error first": error_after(HELLO, 0),
    "own error": error_after(HELLO, 4),
    "binary": chunks(bytes(range(256)) * 40),
}


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_spoilt_stream_ends_well_formed(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        for name, script in {**WHOLE, **BROKEN}.items():
            whole = name in WHOLE
            upstream.push(script)
            got = await fetch(gateway, *ask(client, stream=True, tools=True))
            try:
                check_end(client, got, gateway, whole=whole)
            except AssertionError as error:
                error.add_note(f"{name}: {got.status} {got.body[-300:]!r}")
                raise


@pytest.mark.parametrize("fault", ["not_an_object", "wrong_index"])
@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_what_may_be_passed_over_never_breaks_the_form(
    tmp_path: Path, client: Protocol, speaks: Protocol, fault: str
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(STREAMS[fault](HELLO))
        got = await fetch(gateway, *ask(client, stream=True, tools=True))
        if gateway.events()[0].status == "success":
            CHECKS[client](got.body)
            assert is_whole(client, got.body)
        else:
            check_end(client, got, gateway, whole=False)


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_wherever_a_stream_is_cut_it_is_never_whole(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        await fetch(gateway, *ask(client, stream=True))
        upstream.push(HELLO)
        await fetch(gateway, *ask(client, stream=True, tools=True))
        size = _needed(upstream.sent[-1], speaks)
        for at in range(0, size, size // 9):
            end = (End.COMPLETE, End.EOF)[at % 2]
            upstream.push(changed(partial(cut_inside, size=at, end=end)))
            got = await fetch(gateway, *ask(client, stream=True, tools=True))
            check_end(client, got, gateway, whole=False)


def _needed(stream: bytes, speaks: Protocol) -> int:
    """How many bytes of a stream may be missing nowhere."""
    match speaks:
        case Protocol.CHAT:
            return stream.index(b'"finish_reason": "')
        case Protocol.GEMINI:
            return stream.index(b'"finishReason"')
        case _:
            return len(stream) - 8


def streamed(seen: Seen) -> Reply:
    from upstream.server import render

    plain = json.dumps(seen.json | {"stream": True}).encode()
    target = seen.target.replace(":generateContent", ":streamGenerateContent?alt=sse")
    return render(HELLO, replace(seen, body=plain, target=target))


JSON_WHOLE: dict[str, Script] = {
    "gzip": changed(gzipped),
    "zstd": changed(zstd),
    "stream for json": streamed,
    "wrong type": changed(typed("text/plain")),
    "no type": changed(lambda reply: replace(reply, headers=())),
}
JSON_BROKEN: dict[str, Script] = {
    "html": STREAMS["html_with_200"](HELLO),
    "empty": lambda _: body_reply(200, b"", "application/json"),
    "cut": changed(
        lambda reply: replace(reply, chunks=(reply.body()[:-9],), length=None)
    ),
    "wrong length": changed(wrong_length),
    "list": lambda _: body_reply(200, b"[]", "application/json"),
    "null": lambda _: body_reply(200, b"null", "application/json"),
    "object": lambda _: body_reply(200, b"{}", "application/json"),
    "deep": lambda _: body_reply(200, b"[" * 100_000, "application/json"),
    "no gzip": changed(no_gzip),
    "unknown coding": changed(brotli),
    "reset": changed(partial(cut_after, events=0, end=End.RESET)),
}


@pytest.mark.parametrize(("client", "speaks"), PAIRS)
async def test_a_spoilt_whole_answer_is_an_error(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        for name, script in {**JSON_WHOLE, **JSON_BROKEN}.items():
            upstream.push(script)
            got = await fetch(gateway, *ask(client, tools=True))
            row = gateway.events()[0]
            try:
                assert not got.cut
                if name in JSON_WHOLE:
                    assert (got.status, row.status) == (200, "success")
                    assert text(read(client, got.body)) == WORDS
                else:
                    assert got.status in {502, 504}
                    assert row.error_kind in {"malformed", "cut", "reset"}
                    assert got.error().startswith("scripted")
            except AssertionError as error:
                error.add_note(f"{name}: {got.status} {row.error_kind} {got.body!r}")
                raise


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("speaks", PROVIDERS)
async def test_before_the_first_word_another_route_is_tried(
    tmp_path: Path, speaks: Protocol, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One gateway meets all faults; its route is not to rest after the third.
    monkeypatch.setattr("proxy.health.breaker.FAULTS", len(BROKEN) + len(JSON_BROKEN))
    client = CHAT if speaks is MESSAGES else MESSAGES
    faults = {name: BROKEN[name] for name in BROKEN if _before(name)}
    if not stream:
        faults = JSON_BROKEN
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        ScriptedUpstream(lambda _: HELLO, speaks=[RESPONSES]) as second,
    ):
        config = provider(upstream.url, "first", protocols=[speaks])
        config += provider(second.url, "second", protocols=[RESPONSES])
        async with serving(tmp_path / "h", config) as gateway:
            for name, script in faults.items():
                # Good answers in between: else its faults would leave it aside.
                upstream.push(HELLO, HELLO)
                for _ in range(2):
                    await fetch(gateway, *ask(client, stream=stream, tools=True))
                upstream.push(script)
                got = await fetch(gateway, *ask(client, stream=stream, tools=True))
                answer = read(client, got.body, stream=stream)
                assert text(answer) == WORDS, name
                row = gateway.events()[0]
                assert row.status == "fallback_success", name
                assert len(row.attempts) == 2, name


def _before(name: str) -> bool:
    words = {"first", "at once", "empty", "html", "null", "alone", "coding", "binary"}
    return any(word in name for word in words) or name == "no gzip"


# --- what is large --------------------------------------------------------------------


@pytest.mark.parametrize("speaks", PROVIDERS)
async def test_an_event_may_be_large_and_not_larger(
    tmp_path: Path, speaks: Protocol
) -> None:
    client = CHAT if speaks is MESSAGES else MESSAGES
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        fits = EVENT_LIMIT - 4096
        if speaks is RESPONSES:
            # Its last event says everything three times over.
            fits //= 4
        upstream.push(huge_event(fits), huge_event(17 * 1024 * 1024))
        got = await fetch(gateway, *ask(client, stream=True))
        assert len(text(read(client, got.body, stream=True))) == fits
        got = await fetch(gateway, *ask(client, stream=True))
        row = gateway.events()[0]
        assert (row.status, row.error_kind) == ("error", "malformed")
        assert not is_whole(client, got.body)
        said = got.body.decode()
        assert any(word in said for word in ("16 MB", "too big", "too large", "larger"))


async def test_a_whole_answer_may_be_large_and_not_larger(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        upstream.push(huge_event(EVENT_LIMIT - 4096), huge_event(17 * 1024 * 1024))
        got = await fetch(gateway, *ask(MESSAGES))
        assert len(text(read(MESSAGES, got.body))) == EVENT_LIMIT - 4096
        got = await fetch(gateway, *ask(MESSAGES))
        assert (got.status, "16 MB" in got.error()) == (502, True)


@pytest.mark.parametrize("speaks", [MESSAGES, RESPONSES, CHAT, GEMINI])
async def test_a_flood_of_comments_neither_fills_memory_nor_the_client(
    tmp_path: Path, speaks: Protocol
) -> None:
    client = CHAT if speaks is MESSAGES else MESSAGES
    flood = b": still here\n\n" * 50_000

    def flooded(reply: Reply) -> Reply:
        return replace(reply, chunks=(flood, *reply.chunks))

    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(changed(flooded))
        got = await fetch(gateway, *ask(client, stream=True, tools=True))
        check_end(client, got, gateway, whole=True)
        assert len(got.body) < 20_000


# --- silence --------------------------------------------------------------------------


async def test_silence_inside_a_stream_ends_it(tmp_path: Path) -> None:
    quick = "[gateway]\nstream_silence_seconds = 1\nfirst_byte_seconds = 1\n"
    async with ScriptedUpstream(speaks=[OLLAMA]) as upstream:
        config = quick + provider(upstream.url, protocols=[OLLAMA])
        stalled = changed(partial(cut_after, events=4, end=End.STALL))
        upstream.script = stalled
        async with (
            serving(tmp_path / "h", config) as gateway,
            asyncio.TaskGroup() as go,
        ):
            asked = [
                go.create_task(fetch(gateway, *ask(client, stream=True, tools=True)))
                for client in CLIENTS
            ]
            await asyncio.wait(asked)
            for client, each in zip(CLIENTS, asked, strict=True):
                got = each.result()
                assert not is_whole(client, got.body)
                CHECKS[client](got.body)
                assert got.cut == (client not in HEEDING)
            kinds = [row.error_kind for row in gateway.events()]
            assert kinds == ["stalled"] * 4


SIGN = {MESSAGES: b"event: ping", RESPONSES: b": ping", CHAT: b": ping"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PING_SECONDS", 0.03)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_that_waits_gets_signs_of_life(
    tmp_path: Path, client: Protocol
) -> None:
    async with (
        ScriptedUpstream(speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        # Silent before its head, and in the middle of its words.
        slow = changed(lambda reply: held_after(reply, 3))
        for step in (changed(held_before_headers), slow):
            upstream._released.clear()
            upstream.push(step)
            path, body = ask(client, stream=True, tools=True)
            if client is GEMINI:
                # Its reader knows no sign of life: it gets nothing but its answer.
                asyncio.get_running_loop().call_later(0.15, upstream.release)
            async with gateway.session.post(
                gateway.url + path, json=body, headers=gateway.headers()
            ) as answer:
                got = b""
                while got.count(SIGN.get(client, b"data:")) < 2:
                    got += await answer.content.readany()
                upstream.release()
                got += await answer.content.read()
            assert not (client is GEMINI and b"ping" in got)
            CHECKS[client](without_signs(client, got))
            assert text(read(client, got, stream=True)) == WORDS
            assert gateway.events()[0].status == "success"


def without_signs(client: Protocol, got: bytes) -> bytes:
    if client is MESSAGES:
        return got.replace(b'event: ping\ndata: {"type":"ping"}\n\n', b"")
    return got.replace(b": ping\n\n", b"")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("client", [MESSAGES, RESPONSES, CHAT])
async def test_after_a_sign_of_life_an_error_stands_in_the_stream(
    tmp_path: Path, client: Protocol
) -> None:
    # Where another route stands by, none is given as long as nothing has come.
    async with ScriptedUpstream(speaks=[OLLAMA]) as upstream:
        config = provider(upstream.url, "first", protocols=[OLLAMA])
        async with serving(tmp_path / "h", config) as gateway:

            def held(seen: Seen) -> Reply:
                reply = refuse(500, "it melted")(seen)
                assert isinstance(reply, Reply)
                return replace(reply, hold_headers=True)

            upstream.push(held)
            path, body = ask(client, stream=True)
            async with gateway.session.post(
                gateway.url + path, json=body, headers=gateway.headers()
            ) as answer:
                got = await answer.content.readany()
                assert (answer.status, SIGN[client] in got) == (200, True)
                upstream.release()
                try:
                    got += await answer.content.read()
                    cut = False
                except aiohttp.ClientPayloadError:
                    cut = True
            assert cut == (client is CHAT)
            assert not is_whole(client, got)
            assert len(upstream.asked) == 1
            await until(lambda: bool(gateway.events()))
            row = gateway.events()[0]
            assert (row.status, row.error_kind) == ("error", "upstream_error")


@pytest.mark.usefixtures("impatient")
async def test_a_client_that_wants_its_answer_whole_gets_nothing_before(
    tmp_path: Path,
) -> None:
    async with (
        ScriptedUpstream(speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        upstream.push(
            changed(lambda reply: replace(reply, chunks=(Pause(0.1), *reply.chunks)))
        )
        got = await fetch(gateway, *ask(MESSAGES, tools=True))
        assert text(read(MESSAGES, got.body)) == WORDS


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("begun", [True, False])
async def test_a_client_that_leaves_ends_the_call(
    tmp_path: Path, client: Protocol, begun: bool
) -> None:
    async with (
        ScriptedUpstream(speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        upstream.push(
            changed(partial(held_after, events=3) if begun else held_before_headers)
        )
        path, body = ask(client, stream=True)
        asking = gateway.session.post(
            gateway.url + path, json=body, headers=gateway.headers()
        )
        if begun:
            async with asking as answer:
                await answer.content.readany()
                # A sign of life may come before the call has arrived there.
                await upstream.until(lambda served: bool(served.asked))
                answer.close()
        else:
            leaving = asyncio.ensure_future(_entered(asking))
            await upstream.until(lambda served: bool(served.asked))
            leaving.cancel()
            await asyncio.wait([leaving])
        await upstream.until(lambda served: served.asked[0].gone is not None)
        await until(lambda: bool(gateway.events()))
        row = gateway.events()[0]
        assert (row.status, row.error_kind) == ("cancelled", "client_gone")


async def _entered(asking: object) -> None:
    async with asking as answer:  # type: ignore[attr-defined]
        await answer.content.read()


async def test_the_end_is_held_until_the_record_is_on_disk(tmp_path: Path) -> None:
    ends = {
        MESSAGES: b"message_stop",
        RESPONSES: b"response.completed",
        CHAT: b"[DONE]",
    }
    ends[GEMINI] = b'"finishReason"'
    async with (
        ScriptedUpstream(speaks=[OLLAMA]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[OLLAMA])) as gateway,
    ):
        for at, client in enumerate(CLIENTS):
            path, body = ask(client, stream=True)
            seen, recorded = b"", None
            async with gateway.session.post(
                gateway.url + path, json=body, headers=gateway.headers()
            ) as answer:
                async for piece in answer.content.iter_any():
                    seen += piece
                    if ends[client] in seen and recorded is None:
                        recorded = gateway.events()
            assert recorded is not None
            assert len(recorded) == at + 1
            assert recorded[0].status == "success"


async def test_our_key_is_masked_wherever_an_answer_holds_it(tmp_path: Path) -> None:
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        for stream in (True, False):
            upstream.push(echo_in_answer)
            got = await fetch(gateway, *ask(MESSAGES, stream=stream))
            said = text(read(MESSAGES, got.body, stream=stream))
            assert SCRIPTED_KEY not in said
            assert said == f"Your key is {'*' * len(SCRIPTED_KEY)} indeed."


SPELT = SCRIPTED_KEY[:4] + f"\\u{ord(SCRIPTED_KEY[4]):04x}" + SCRIPTED_KEY[5:]


def chat_events(*choices: str) -> Script:
    """A Chat stream whose chunks hold these deltas, as they are written here."""
    pieces = [
        f'data: {{"id":"c","choices":[{{"index":0,"delta":{each}}}]}}\n\n'.encode()
        for each in choices
    ]
    end = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
    return chunks(*pieces, end + b"\n\ndata: [DONE]\n\n")


def chat_whole(content: str) -> Script:
    body = (
        '{"id":"c","choices":[{"index":0,"finish_reason":"stop","message":'
        f'{{"role":"assistant","content":"{content}"}}}}]}}'
    )
    return lambda _: body_reply(200, body.encode(), "application/json")


def chat_error(status: int) -> Script:
    body = f'{{"error":{{"message":"Bad key {SPELT}"}}}}'.encode()
    return lambda _: body_reply(status, body, "application/json")


ECHOES: dict[str, tuple[bool, Script]] = {
    "text": (True, chat_events(f'{{"content":"It is {SPELT}."}}')),
    "pieces": (
        True,
        chat_events(*(f'{{"content":"{each}"}}' for each in SCRIPTED_KEY)),
    ),
    "call": (
        True,
        chat_events(
            '{"tool_calls":[{"index":0,"id":"a","function":{"name":"weather",'
            f'"arguments":"{{\\"city\\":\\"{SPELT}\\"}}"}}}}]}}'
        ),
    ),
    "call_spelt_twice": (
        True,
        chat_events(
            '{"tool_calls":[{"index":0,"id":"a","function":{"name":"weather",'
            f'"arguments":"{{\\"city\\":\\"\\{SPELT}\\"}}"}}}}]}}'
        ),
    ),
    "failure": (
        True,
        chunks(f'data: {{"error":{{"message":"{SPELT}"}}}}\n\n'.encode()),
    ),
    "late_failure": (
        True,
        chunks(
            b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n',
            f'data: {{"error":{{"message":"{SPELT}"}}}}\n\n'.encode(),
        ),
    ),
    "whole": (False, chat_whole(f"It is {SPELT}.")),
    "refused_key": (False, chat_error(401)),
    "refused": (True, chat_error(400)),
}


@pytest.mark.parametrize("name", ECHOES)
@pytest.mark.parametrize("client", [MESSAGES, RESPONSES, GEMINI])
async def test_our_key_is_masked_however_a_provider_spells_it(
    tmp_path: Path, client: Protocol, name: str
) -> None:
    stream, script = ECHOES[name]
    async with (
        ScriptedUpstream(speaks=[CHAT]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[CHAT])) as gateway,
    ):
        for _ in range(3):
            upstream.push(script)
        got = await fetch(gateway, *ask(client, stream=stream, tools=True))
        # Read twice, as arguments are JSON in JSON.
        plain = got.body.decode()
        for _ in range(2):
            plain = plain.replace("\\\\", "\\").replace(
                f"\\u{ord(SCRIPTED_KEY[4]):04x}", SCRIPTED_KEY[4]
            )
        assert SCRIPTED_KEY not in plain
        assert SCRIPTED_KEY not in str(gateway.events())
        if name == "pieces":
            said = text(read(client, got.body, stream=True))
            assert said == SCRIPTED_KEY[:3] + "*" * (len(SCRIPTED_KEY) - 3)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("speaks", [RESPONSES, GEMINI, CHAT, OLLAMA])
async def test_what_an_answer_cost_that_was_stopped_here_is_on_record(
    tmp_path: Path, speaks: Protocol, stream: bool
) -> None:
    async with (
        ScriptedUpstream(speaks=[speaks]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[speaks])) as gateway,
    ):
        upstream.push(Answer((Text(WORDS),)))
        path, body = ask(MESSAGES, stream=stream)
        # More than any of them takes, so Turnout looks for them itself.
        stops = [*(f"never{each}" for each in range(70)), " three"]
        got = await fetch(gateway, path, {**body, "stop_sequences": stops})
        assert text(read(MESSAGES, got.body, stream=stream)) == "one two"
        (row,) = gateway.events()
        assert (row.status, row.stop_reason) == ("success", "stop_sequence")
        assert row.output_tokens == 42
        assert row.cost_nano is not None
        assert "usage_estimated" not in row.losses
        assert b'"output_tokens":42' in got.body


async def test_what_a_provider_counts_too_late_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "COST_SECONDS", 0.05)
    async with (
        ScriptedUpstream(speaks=[GEMINI]) as upstream,
        serving(tmp_path / "h", provider(upstream.url, protocols=[GEMINI])) as gateway,
    ):
        said = (
            b'data: {"candidates":[{"content":{"role":"model","parts":'
            b'[{"text":"one two three four"}]}}],"usageMetadata":'
            b'{"promptTokenCount":7,"candidatesTokenCount":4}}\n\n'
        )
        upstream.push(
            changed(
                lambda reply: held_after(Reply(200, reply.headers, (said, said)), 1)
            )
        )
        path, body = ask(MESSAGES, stream=True)
        stops = [*(f"never{each}" for each in range(70)), " three"]
        got = await fetch(gateway, path, {**body, "stop_sequences": stops})
        CHECKS[MESSAGES](got.body)
        (row,) = gateway.events()
        assert (row.status, row.stop_reason) == ("success", "stop_sequence")
        assert (row.input_tokens, row.output_tokens) == (7, None)
        assert "usage_estimated" in row.losses
