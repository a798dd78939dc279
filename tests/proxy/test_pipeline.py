"""The life of a request on the native lane, told as conversations over loopback."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import zstandard
from loopback import SCRIPTED_KEY, Serving, provider, serving
from raw_wire import until
from upstream import RESET, Answer, Script, ScriptedUpstream, Text, Thinking, refuse
from upstream.failures import (
    HTML,
    echo_in_answer,
    echo_in_error,
    echo_in_header,
    error_after,
    html_page,
    redirect,
)
from upstream.reply import (
    End,
    Reply,
    cut_after,
    cut_inside,
    drip,
    flooded,
    gzipped,
    held_after,
    held_before_headers,
    in_one_piece,
    stream_reply,
    wrong_length,
)

from app.commands.gateway import ModeStatus
from proxy.attempt import Outcome
from proxy.catalogue import Route
from proxy.errors import Failure, FailureKind
from proxy.journey import Journey
from proxy.model import Protocol
from proxy.native import NativeLane
from proxy.wire.sealing import SEAL_START

MESSAGES = "/v1/messages?beta=true"
RESPONSES = "/v1/responses"
CHAT = "/v1/chat/completions"
PATHS = (MESSAGES, RESPONSES, CHAT)
TERMINAL = {
    MESSAGES: b"message_stop",
    RESPONSES: b"response.completed",
    CHAT: b"[DONE]",
}
ERROR = {
    MESSAGES: b"event: error\n",
    RESPONSES: b"response.failed",
    CHAT: b'data: {"error":',
}
DONE = b"data: [DONE]\n\n"
HELLO = Answer((Text("one two three four five six seven eight nine ten"),))


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


@pytest.fixture
async def second() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as served:
        yield served


@pytest.fixture
async def gateway(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Serving]:
    async with serving(tmp_path / "h", provider(upstream.url)) as served:
        yield served


@pytest.fixture
async def pair(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> AsyncIterator[Serving]:
    both = provider(upstream.url, "first") + provider(second.url, "second")
    async with serving(tmp_path / "h", both) as served:
        yield served


def ask(path: str = MESSAGES, model: str = "scripted-large", **more: object) -> bytes:
    body: dict[str, object] = {"model": model, **more}
    if path == RESPONSES:
        body["input"] = "hi"
    else:
        body.setdefault("messages", [{"role": "user", "content": "hi"}])
    if path == MESSAGES:
        body["max_tokens"] = 10
    return json.dumps(body, indent=1).encode()


# --- what passes ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_passes_byte_for_byte_both_ways(
    gateway: Serving, upstream: ScriptedUpstream, path: str, stream: bool
) -> None:
    body = ask(path, stream=stream, unknown_field={"kept": [1, 2.50]})
    status, headers, answer = await gateway.post(path, body, anthropic_beta="a-1,b-2")
    (seen,) = upstream.asked
    assert status == 200
    assert seen.body == body
    assert seen.target == path
    assert answer == bytes(seen.sent)
    assert headers["x-turnout-route"] == "scripted/scripted-large"
    assert headers["x-turnout-lane"] == "claude/premium"
    assert headers["request-id"] == "req_scripted_0000"
    assert seen.header("anthropic-beta") == "a-1,b-2"
    assert seen.credential == SCRIPTED_KEY
    assert gateway.key not in str(seen.headers)
    assert seen.all("x-turnout-key") == ()
    (event,) = gateway.events()
    assert event.id == headers["x-turnout-request"]
    assert (event.status, event.provider, event.model) == (
        "success",
        "scripted",
        "scripted-large",
    )
    # A Chat stream tells its usage only to who asks for it.
    told = not (path == CHAT and stream)
    assert event.input_tokens == (1200 if told else None)
    assert event.cache_read_tokens == (300 if told else None)
    assert event.output_tokens == (42 if told else None)


async def test_only_the_models_value_is_spliced(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    body = b'{ "max_tokens":10,\n "model" :  "scripted/other\\u0021", "messages":[]}'
    await gateway.post(MESSAGES, body)
    assert upstream.asked[0].body == body.replace(
        b'"scripted/other\\u0021"', b'"other!"'
    )


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
async def test_a_packed_request_goes_on_plain(
    gateway: Serving, upstream: ScriptedUpstream, pack: object
) -> None:
    body = ask()
    packed = gzip.compress(body) if pack is gzip.compress else zstandard.compress(body)
    encoding = "gzip" if pack is gzip.compress else "zstd"
    status, _, _ = await gateway.post(MESSAGES, packed, content_encoding=encoding)
    assert status == 200
    assert upstream.asked[0].body == body
    assert upstream.asked[0].header("content-encoding") is None


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("change", [drip, in_one_piece, partial(flooded, size=700_000)])
async def test_however_a_stream_is_cut_into_pieces_its_bytes_are_the_same(
    gateway: Serving, upstream: ScriptedUpstream, path: str, change: object
) -> None:
    upstream.push(Answer((Text("one two"),), change=change))  # type: ignore[arg-type]
    _, _, answer = await gateway.post(path, ask(path, stream=True))
    assert answer == upstream.sent[0]
    assert gateway.events()[0].status == "success"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_packed_all_the_same_is_passed_on_as_it_is(
    gateway: Serving, upstream: ScriptedUpstream, stream: bool
) -> None:
    upstream.push(Answer((Text("one two"),), change=gzipped))
    _, headers, answer = await gateway.post(MESSAGES, ask(stream=stream))
    assert headers["content-encoding"] == "gzip"
    assert answer == upstream.sent[0]
    (event,) = gateway.events()
    assert (event.status, event.output_tokens) == ("success", 42)
    assert upstream.asked[0].header("accept-encoding") == "identity"


async def test_the_tail_is_held_until_the_record_is_on_disk(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(HELLO)
    seen = bytearray()
    recorded_before_end = None
    async with gateway.session.post(
        gateway.url + MESSAGES, data=ask(stream=True), headers=gateway.headers()
    ) as answer:
        async for chunk in answer.content.iter_any():
            seen += chunk
            if b"message_stop" in seen and recorded_before_end is None:
                recorded_before_end = gateway.events()
    assert recorded_before_end
    assert recorded_before_end[0].status == "success"


async def test_a_request_is_on_record_once_its_answer_has_begun(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(Answer(HELLO.parts, change=partial(held_after, events=4)))
    async with gateway.session.post(
        gateway.url + MESSAGES, data=ask(stream=True), headers=gateway.headers()
    ) as answer:
        await answer.content.readany()
        request = answer.headers["x-turnout-request"]
        began = time.monotonic()
        await until(lambda: gateway.decision(request) is not None)
        assert time.monotonic() - began < 0.5
        upstream.release()
        await answer.content.read()


async def test_bytes_leave_before_the_answer_is_whole(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(Answer(HELLO.parts, change=partial(held_after, events=4)))
    async with gateway.session.post(
        gateway.url + MESSAGES, data=ask(stream=True), headers=gateway.headers()
    ) as answer:
        first = await answer.content.readany()
        assert b"message_start" in first
        upstream.release()
        rest = await answer.content.read()
    assert first + rest == upstream.sent[0]


# --- what the provider refuses --------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_a_refusal_comes_back_unchanged_and_at_once(
    pair: Serving, upstream: ScriptedUpstream, second: ScriptedUpstream, status: int
) -> None:
    upstream.push(refuse(status, "thinking.display: not permitted"))
    got, headers, body = await pair.post(MESSAGES, ask())
    assert (got, body) == (status, upstream.sent[0])
    assert headers["content-type"] == "application/json"
    assert not second.asked
    (event,) = pair.events()
    assert (event.status, event.error_kind) == ("error", "rejected")


@pytest.mark.parametrize(
    "fault",
    [
        refuse(429, retry_after="30"),
        refuse(429),
        refuse(503, retry_after="30"),
        refuse(504),
        refuse(401),
        refuse(403),
        RESET,
        redirect("http://127.0.0.1:1/"),
        html_page(200),
        Answer(
            (), change=lambda _: Reply(200, (("content-type", "text/event-stream"),))
        ),
        error_after(HELLO, 0),
        Answer(HELLO.parts, change=partial(cut_after, events=0)),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_before_the_first_byte_the_next_route_takes_over(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    path: str,
    fault: object,
) -> None:
    upstream.push(fault)  # type: ignore[arg-type]
    status, headers, answer = await pair.post(path, ask(path, stream=True))
    assert (status, answer) == (200, second.sent[0])
    assert headers["x-turnout-route"] == "second/scripted-large"
    assert headers["x-turnout-attempts"] == "2"
    (event,) = pair.events()
    assert event.status == "fallback_success"
    assert event.fallback_chain == ("first/scripted-large", "second/scripted-large")
    assert [attempt.outcome == "ok" for attempt in event.attempts] == [False, True]


@pytest.mark.parametrize(
    "fault", [refuse(500), refuse(502), refuse(503), refuse(529), html_page()]
)
@pytest.mark.parametrize("path", PATHS)
async def test_a_passing_fault_is_tried_once_more_then_the_next_route(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    path: str,
    fault: Reply,
) -> None:
    upstream.push(fault, fault)
    status, headers, answer = await pair.post(path, ask(path, stream=True))
    assert (status, answer) == (200, second.sent[0])
    assert headers["x-turnout-attempts"] == "3"
    (event,) = pair.events()
    assert event.status == "fallback_success"
    assert [each.retry for each in event.attempts] == [False, True, False]


async def test_a_fault_that_passes_costs_the_client_a_moment(
    pair: Serving, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    upstream.push(refuse(503))
    status, headers, _ = await pair.post(MESSAGES, ask(stream=True))
    assert (status, headers["x-turnout-attempts"]) == (200, "2")
    assert headers["x-turnout-route"] == "first/scripted-large"
    assert not second.requests
    assert [each.retry for each in pair.events()[0].attempts] == [False, True]


async def test_a_repetition_that_its_breaker_forbids_marks_no_other_route(
    pair: Serving, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    upstream.push(RESET, RESET, refuse(529))
    for _ in range(3):
        status, _, _ = await pair.post(MESSAGES, ask(stream=True))
        assert status == 200
    assert (len(upstream.asked), len(second.asked)) == (3, 3)
    event = pair.events()[0]
    assert event.attempts[0].status == 529
    assert event.fallback_chain == ("first/scripted-large", "second/scripted-large")
    assert [each.retry for each in event.attempts] == [False, False]


async def test_a_refused_key_is_not_tried_again_by_the_next_request(
    pair: Serving, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    upstream.push(refuse(401))
    for _ in range(2):
        status, _, _ = await pair.post(MESSAGES, ask(stream=True))
        assert status == 200
    assert (len(upstream.asked), len(second.asked)) == (1, 2)


async def test_a_new_key_ends_the_rest_of_a_refused_one(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    upstream.push(refuse(401))
    async with serving(tmp_path / "h", provider(upstream.url)) as gateway:
        assert (await gateway.post(MESSAGES, ask()))[0] == 401
        with_other = gateway.health.condition({}, time.time())
        assert "it refused the key with 401" in with_other.not_ready["scripted"]
        text = gateway.paths.config_file.read_text()
        changed = text.replace("env:SCRIPTED_KEY", "none")
        gateway.paths.config_file.write_text(changed)
        await gateway.door.call("mode", ModeStatus, name="coding-auto")
        assert not gateway.health.condition({}, time.time()).not_ready
        assert (await gateway.post(MESSAGES, ask()))[0] == 200


async def test_a_sole_provider_is_asked_again_after_it_refused_the_key(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(refuse(401))
    assert (await gateway.post(MESSAGES, ask()))[0] == 401
    assert (await gateway.post(MESSAGES, ask()))[0] == 200
    assert not gateway.health.condition({}, time.time()).not_ready


async def test_a_short_wait_that_was_asked_for_is_waited(
    pair: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(refuse(429, retry_after="1"))
    before = time.monotonic()
    status, headers, _ = await pair.post(MESSAGES, ask())
    assert time.monotonic() - before >= 1
    assert (status, headers["x-turnout-route"]) == (200, "first/scripted-large")
    assert headers["x-turnout-attempts"] == "2"


async def test_a_dead_port_is_passed_over(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    dead = provider("http://127.0.0.1:9", "dead")
    async with serving(tmp_path / "h", dead + provider(upstream.url)) as gateway:
        status, headers, _ = await gateway.post(MESSAGES, ask())
        assert (status, headers["x-turnout-attempts"]) == (200, "2")
        assert gateway.events()[0].attempts[0].error_kind == "connect"


@pytest.mark.parametrize("status", [500, 503, 529, 401, 402, 403])
async def test_the_last_routes_answer_comes_back_unchanged(
    gateway: Serving, upstream: ScriptedUpstream, status: int
) -> None:
    upstream.push(*[refuse(status)] * 3)
    got, headers, body = await gateway.post(MESSAGES, ask())
    assert (got, body) == (status, upstream.sent[-1])
    # Our key was refused: a client that tries for minutes would be of no use.
    assert (headers.get("x-should-retry") == "false") == (status < 500)


async def test_an_html_page_of_a_502_comes_back_as_it_was(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(html_page(), html_page())
    assert (await gateway.post(MESSAGES, ask()))[2] == HTML


@pytest.mark.parametrize("told", [None, "7"])
async def test_a_429_always_says_when_to_come_back(
    gateway: Serving, upstream: ScriptedUpstream, told: str | None
) -> None:
    upstream.push(refuse(429, retry_after=told))
    status, headers, body = await gateway.post(RESPONSES, ask(RESPONSES))
    assert (status, body) == (429, upstream.sent[0])
    assert headers["retry-after"] == (told or "2")


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_left_gives_the_protocols_own_error(
    tmp_path: Path, path: str
) -> None:
    async with serving(tmp_path / "h", provider("http://127.0.0.1:9")) as gateway:
        status, _, body = await gateway.post(path, ask(path))
        error = json.loads(body)["error"]
        assert status == 502
        assert "scripted could not be reached" in error["message"]


async def test_a_redirect_is_not_followed(
    gateway: Serving, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    upstream.push(redirect(second.url + "/v1/messages"))
    status, headers, body = await gateway.post(MESSAGES, ask())
    assert status == 502
    assert "location" not in headers
    assert b"redirect" in body
    assert not second.requests


async def test_three_calls_are_the_most_a_request_costs(tmp_path: Path) -> None:
    many = "".join(provider("http://127.0.0.1:9", f"p{n}") for n in range(5))
    async with serving(tmp_path / "h", many) as gateway:
        await gateway.post(MESSAGES, ask())
        assert len(gateway.events()[0].attempts) == 3


# --- what breaks on the way -----------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "change",
    [
        partial(cut_after, events=5),
        partial(cut_after, events=5, end=End.RESET),
        partial(cut_inside, size=2150),
    ],
)
async def test_a_cut_stream_ends_in_the_protocols_error_and_never_looks_complete(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    path: str,
    change: object,
) -> None:
    upstream.push(Answer(HELLO.parts, change=change))  # type: ignore[arg-type]
    status, _, answer = await pair.post(path, ask(path, stream=True))
    assert status == 200
    assert ERROR[path] in answer
    assert TERMINAL[path] not in answer
    assert answer.startswith(upstream.sent[0][:200])
    assert not second.requests
    (event,) = pair.events()
    assert (event.status, event.error_kind) == ("error", "cut")
    assert event.input_tokens == (1200 if path == MESSAGES else None)


async def test_the_providers_own_error_event_passes_and_is_recorded(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(error_after(HELLO, 4))
    _, _, answer = await gateway.post(MESSAGES, ask(stream=True))
    assert answer == upstream.sent[0]
    (event,) = gateway.events()
    assert (event.status, event.error_kind) == ("error", "upstream_error")


async def test_a_json_answer_cut_short_never_looks_whole(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(Answer((Text("x" * 900_000),), change=wrong_length))
    asked = gateway.session.post(
        gateway.url + MESSAGES, headers=gateway.headers(), data=ask()
    )
    async with asked as answer:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await answer.read()
    await until(lambda: bool(gateway.events()))
    assert gateway.events()[0].error_kind == "cut"


async def test_silence_inside_a_stream_ends_it(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    quick = "[gateway]\nstream_silence_seconds = 1\nfirst_byte_seconds = 1\n"
    async with serving(tmp_path / "h", quick + provider(upstream.url)) as gateway:
        upstream.push(
            Answer(HELLO.parts, change=partial(cut_after, events=4, end=End.STALL))
        )
        _, _, answer = await gateway.post(MESSAGES, ask(stream=True))
        assert ERROR[MESSAGES] in answer
        upstream.push(Answer(HELLO.parts, change=held_before_headers))
        status, _, _ = await gateway.post(MESSAGES, ask(stream=True))
        assert status == 504
        kinds = [event.error_kind for event in gateway.events()]
        assert kinds == ["first_byte_timeout", "stalled"]


# --- what only looks like an answer ---------------------------------------------------


def typed(kind: str | None) -> Callable[[Reply], Reply]:
    """Give a stream another content type, or none."""

    def change(reply: Reply) -> Reply:
        heads = tuple(h for h in reply.headers if h[0] != "content-type")
        return replace(
            reply, headers=(*heads, ("content-type", kind)) if kind else heads
        )

    return change


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", [None, "text/plain", "application/json"])
async def test_a_stream_is_one_whatever_type_it_says(
    gateway: Serving, upstream: ScriptedUpstream, path: str, kind: str | None
) -> None:
    upstream.push(Answer(HELLO.parts, change=typed(kind)))
    _, _, answer = await gateway.post(path, ask(path, stream=True))
    assert answer == upstream.sent[0]

    def cut(reply: Reply) -> Reply:
        return cut_after(typed(kind)(reply), 5)

    upstream.push(Answer(HELLO.parts, change=cut))
    _, _, answer = await gateway.post(path, ask(path, stream=True))
    assert ERROR[path] in answer
    ended, whole = gateway.events()
    assert (ended.status, ended.error_kind) == ("error", "cut")
    assert (whole.status, whole.stop_reason is not None) == ("success", True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type":"message","usage":{"input_tok', "malformed"),
        (b"upstream connect error", "malformed"),
        (b'{"error":{"message":"boom","code":502}}', "upstream_error"),
    ],
)
async def test_a_200_that_is_no_answer_is_recorded_as_none_and_passed_over(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    body: bytes,
    kind: str,
) -> None:
    odd = Reply(200, (("content-type", "application/json"),), (body,), length=len(body))
    upstream.push(odd)
    status, headers, answer = await pair.post(CHAT, ask(CHAT))
    assert (status, answer) == (200, second.sent[0])
    assert pair.events()[0].attempts[0].error_kind == kind
    upstream.push(odd)
    second.push(odd)
    status, headers, answer = await pair.post(CHAT, ask(CHAT))
    assert (status, answer) == (200, body)
    assert headers["x-turnout-route"] == "second/scripted-large"
    assert (pair.events()[0].status, pair.events()[0].error_kind) == ("error", kind)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error":"boom"}', "upstream_error"),
        (b'{"error":["boom"]}', "upstream_error"),
        (b'{"detail":"Not Found"}', "upstream_error"),
        (b'{"message":"no"}', "upstream_error"),
        (b"{}", "malformed"),
        (b'{"ok":true}', "malformed"),
    ],
)
async def test_json_without_an_answer_is_none(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    path: str,
    stream: bool,
    body: bytes,
    kind: str,
) -> None:
    odd = Reply(200, (("content-type", "application/json"),), (body,), length=len(body))
    upstream.push(odd)
    status, _, answer = await pair.post(path, ask(path, stream=stream))
    assert (status, answer) == (200, second.sent[0])
    assert pair.events()[0].attempts[0].error_kind == kind
    upstream.push(odd)
    second.push(odd)
    status, _, answer = await pair.post(path, ask(path, stream=stream))
    assert (status, answer) == (200, body)
    assert (pair.events()[0].status, pair.events()[0].error_kind) == ("error", kind)


@pytest.mark.parametrize("path", PATHS)
async def test_a_whole_answer_to_who_asked_for_a_stream_passes(
    pair: Serving, upstream: ScriptedUpstream, path: str
) -> None:
    await pair.post(path, ask(path))
    whole = bytes(upstream.sent[0])
    heads = (("content-type", "application/json"),)
    upstream.push(Reply(200, heads, (whole,), length=len(whole)))
    status, _, answer = await pair.post(path, ask(path, stream=True))
    assert (status, answer) == (200, whole)
    assert pair.events()[0].status == "success"


@pytest.mark.parametrize("pieces", [(DONE,), (b": hi\n\n", DONE)])
async def test_a_chat_stream_of_nothing_but_its_end_is_no_answer(
    pair: Serving,
    upstream: ScriptedUpstream,
    second: ScriptedUpstream,
    pieces: tuple[bytes, ...],
) -> None:
    empty = stream_reply(pieces)
    upstream.push(empty)
    status, _, answer = await pair.post(CHAT, ask(CHAT, stream=True))
    assert (status, answer) == (200, second.sent[0])
    assert pair.events()[0].attempts[0].error_kind == "malformed"
    upstream.push(empty)
    second.push(empty)
    status, _, answer = await pair.post(CHAT, ask(CHAT, stream=True))
    assert (status, answer) == (200, b"".join(pieces))
    assert pair.events()[0].status == "error"


@pytest.mark.parametrize("path", PATHS)
async def test_the_last_providers_error_comes_back_though_it_came_as_an_event(
    gateway: Serving, upstream: ScriptedUpstream, path: str
) -> None:
    upstream.push(error_after(HELLO, 0))
    status, _, answer = await gateway.post(path, ask(path, stream=True))
    assert (status, answer) == (200, upstream.sent[0])
    assert gateway.events()[0].error_kind == "upstream_error"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", PATHS)
async def test_the_time_to_the_first_byte_is_in_every_row_of_an_answer(
    pair: Serving, upstream: ScriptedUpstream, path: str, stream: bool
) -> None:
    upstream.push(refuse(503))
    await pair.post(path, ask(path, stream=stream))
    await pair.post(path, ask(path, stream=stream))
    for event in pair.events():
        assert event.first_byte_ms is not None
        assert event.duration_ms is not None
        assert 0 <= event.first_byte_ms <= event.duration_ms


async def test_a_wait_that_a_429_tells_in_another_way_is_told_in_the_usual_one(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    heads = (("content-type", "application/json"), ("retry-after-ms", "4200"))
    upstream.push(Reply(429, heads, (b"{}",), length=2))
    _, headers, _ = await gateway.post(RESPONSES, ask(RESPONSES))
    assert headers["retry-after"] == "5"


@pytest.mark.parametrize("level", ["confidential", "secret"])
async def test_a_request_marked_to_stay_never_leaves_the_machine(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream, level: str
) -> None:
    config = provider(upstream.url, "away")
    config += provider(second.url, "here", place="this-machine")
    async with serving(tmp_path / "h", config) as gateway:
        mark = {"x_turnout_trust": level}
        _, headers, _ = await gateway.post(MESSAGES, ask(), **mark)
        assert headers["x-turnout-route"] == "here/scripted-large"
        pinned = ask(model="away/scripted-large")
        status, _, body = await gateway.post(MESSAGES, pinned, **mark)
        assert status == 403
        assert "stays on this machine" in json.loads(body)["error"]["message"]
        status, _, _ = await gateway.post(MESSAGES, ask(), x_turnout_trust="top")
        assert status == 400
        assert not upstream.requests


# --- who leaves -----------------------------------------------------------------------


@pytest.mark.parametrize("held", [held_before_headers, partial(held_after, events=4)])
async def test_a_client_that_hangs_up_ends_the_call_within_a_tenth_of_a_second(
    gateway: Serving, upstream: ScriptedUpstream, held: object
) -> None:
    upstream.push(Answer(HELLO.parts, change=held))  # type: ignore[arg-type]
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    body = ask(stream=True)
    writer.write(
        (
            f"POST {MESSAGES} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.port}\r\n"
            f"x-turnout-key: {gateway.key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode()
        + body
    )
    await upstream.until(lambda up: bool(up.asked))
    if held is not held_before_headers:
        await reader.readuntil(b"message_start")
    left = time.monotonic()
    writer.close()
    await upstream.until(lambda up: up.asked[0].gone is not None)
    gone = upstream.asked[0].gone
    assert gone is not None
    assert gone - left < 0.1
    await until(lambda: bool(gateway.events()))
    (event,) = gateway.events()
    assert (event.status, event.error_kind) == ("cancelled", "client_gone")


# --- keys and echoes ------------------------------------------------------------------


@pytest.mark.parametrize("echo", [echo_in_answer, echo_in_error, echo_in_header])
@pytest.mark.parametrize("stream", [True, False])
async def test_an_echoed_key_is_masked_and_every_other_byte_stays(
    gateway: Serving, upstream: ScriptedUpstream, echo: Script, stream: bool
) -> None:
    upstream.push(echo)
    _, headers, body = await gateway.post(MESSAGES, ask(stream=stream))
    assert SCRIPTED_KEY.encode() not in body
    assert SCRIPTED_KEY not in str(headers)
    masked = upstream.sent[0].replace(SCRIPTED_KEY.encode(), b"*" * len(SCRIPTED_KEY))
    assert body == masked


async def test_a_clients_own_login_goes_to_its_provider_alone(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    own = provider(upstream.url, "own").replace('"env:SCRIPTED_KEY"', '"client"')
    config = own + provider(second.url, "keyed")
    async with serving(tmp_path / "h", config) as gateway:
        upstream.push(refuse(503), refuse(503))
        login = {"authorization": "Bearer sk-ant-oat-own-login"}
        await gateway.post(MESSAGES, ask(), **login)
        assert upstream.asked[0].header("authorization") == login["authorization"]
        assert second.asked[0].credential == SCRIPTED_KEY
        assert "own-login" not in str(second.asked[0].headers)
        upstream.push(refuse(401))
        status, headers, body = await gateway.post(MESSAGES, ask(), **login)
        assert (status, body) == (401, upstream.sent[2])
        assert "x-should-retry" not in headers
        assert len(second.asked) == 1


async def test_counting_tokens_is_answered_and_leaves_no_row(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    status, _, body = await gateway.post("/v1/messages/count_tokens", ask())
    assert (status, json.loads(body)) == (200, {"input_tokens": 1500})
    assert upstream.requests[0].path == "/v1/messages/count_tokens"
    assert gateway.events() == ()


# --- offline --------------------------------------------------------------------------


OFFLINE = '[gateway]\nmode = "offline"\n'


async def test_offline_reaches_a_model_on_this_machine_only(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    config = OFFLINE + provider(upstream.url, "away")
    config += provider(second.url, "here", place="this-machine")
    async with serving(tmp_path / "h", config) as gateway:
        status, headers, _ = await gateway.post(
            MESSAGES, ask(), x_turnout_mode="direct"
        )
        assert (status, headers["x-turnout-route"]) == (200, "here/scripted-large")
        pinned = ask(model="away/scripted-large")
        status, _, body = await gateway.post(MESSAGES, pinned)
        assert status == 403
        assert "offline" in json.loads(body)["error"]["message"]
        assert not upstream.requests


async def test_a_request_may_ask_for_offline_but_not_leave_it(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    async with serving(tmp_path / "h", provider(upstream.url)) as gateway:
        status, _, _ = await gateway.post(MESSAGES, ask(), x_turnout_mode="offline")
        assert status == 403
        status, _, _ = await gateway.post(MESSAGES, ask(), x_turnout_mode="nonsense")
        assert status == 400
        assert not upstream.requests


async def test_offline_opens_loopback_sockets_only_and_uses_no_proxy(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    lying = provider("http://models.example.test:80", "lying", place="this-machine")
    config = OFFLINE + lying
    proxy = {
        "HTTP_PROXY": second.url,
        "http_proxy": second.url,
        "ALL_PROXY": second.url,
    }
    async with serving(tmp_path / "h", config, proxy) as gateway:
        status, _, _ = await gateway.post(MESSAGES, ask())
        assert status == 403
        assert gateway.events()[0].attempts[0].error_kind == "offline"
        assert not second.requests
        assert not upstream.requests


# --- whose proofs of reasoning a history bears ----------------------------------------


def _turns(*answers: bytes) -> bytes:
    """A conversation so far, each answer with the next question behind it."""
    messages: list[object] = [{"role": "user", "content": "hi"}]
    for answer in answers:
        content = json.loads(answer)["content"]
        messages.append({"role": "assistant", "content": content})
        messages.append({"role": "user", "content": "go on"})
    return json.dumps(
        {"model": "scripted-large", "max_tokens": 2_000, "messages": messages}
    ).encode()


async def test_proofs_go_back_to_their_maker_only(
    tmp_path: Path, upstream: ScriptedUpstream, second: ScriptedUpstream
) -> None:
    entries = [
        provider(served.url, name, protocols=[Protocol.MESSAGES])
        for served, name in ((upstream, "first"), (second, "second"))
    ]
    thought = Answer((Thinking("hm"), Text("yes")))

    async with serving(tmp_path / "h", "".join(entries)) as gateway:

        async def send(body: bytes) -> tuple[Mapping[str, str], bytes]:
            status, headers, answer = await gateway.post(
                MESSAGES,
                body,
                x_claude_code_session_id="one",
                anthropic_version="2023-06-01",
            )
            assert status == 200
            return headers, answer

        upstream.push(thought)
        _, one = await send(_turns())
        upstream.push(refuse(500), refuse(500))
        second.push(thought)
        headers, two = await send(_turns(one))
        assert headers["x-turnout-route"] == "second/scripted-large"
        assert headers["x-turnout-losses"] == "thinking_replay"
        assert b'"signature"' not in second.asked[-1].body
        assert SEAL_START.encode() in two

        upstream.push(thought)
        headers, _ = await send(_turns(one, two))
        assert headers["x-turnout-route"] == "first/scripted-large"
        sent = json.loads(upstream.asked[-1].body)["messages"]
        kinds = [[part["type"] for part in turn["content"]] for turn in sent[1::2]]
        assert kinds == [["thinking", "text"], ["text"]]
        assert SEAL_START.encode() not in upstream.asked[-1].body


async def test_without_another_provider_a_history_stays_as_it_is(
    gateway: Serving, upstream: ScriptedUpstream
) -> None:
    upstream.push(Answer((Thinking("hm"), Text("yes"))))
    session = {"x_claude_code_session_id": "one"}
    _, _, one = await gateway.post(MESSAGES, _turns(), **session)
    body = _turns(one)
    await gateway.post(MESSAGES, body, **session)
    assert upstream.asked[-1].body == body


# --- servers that deviate from their protocol's vendor --------------------------------


async def test_what_a_server_refuses_is_mended_in_its_own_protocol(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    entry = provider(upstream.url, protocols=[Protocol.CHAT])
    flags = "\n[providers.dialect.openai-chat]\nmessage_names = false\n"
    named = [{"role": "user", "content": "hi", "name": "ada"}]
    async with serving(tmp_path / "h", entry + flags) as gateway:
        plain = ask(CHAT, odd_field=1)
        await gateway.post(CHAT, plain)
        _, headers, _ = await gateway.post(CHAT, ask(CHAT, messages=named, odd_field=1))
    first, second = (json.loads(each.body) for each in upstream.asked)
    assert upstream.asked[0].body == plain
    assert first["odd_field"] == second["odd_field"] == 1
    assert second["messages"] == [{"role": "user", "content": "hi"}]
    assert headers["x-turnout-losses"] == "message_name"


async def test_what_cannot_be_read_is_the_deviating_servers_to_judge(
    tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    entry = provider(upstream.url, protocols=[Protocol.CHAT])
    flags = "\n[providers.dialect.openai-chat]\nmessage_names = false\n"
    async with serving(tmp_path / "h", entry + flags) as gateway:
        body = ask(CHAT, messages=[{"role": "oracle", "content": "hi"}])
        await gateway.post(CHAT, body)
    assert upstream.asked[0].body == body


async def test_a_connection_closed_unheard_never_costs_the_standby_its_call(
    pair: Serving, second: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, bool]] = []
    real = NativeLane.call

    async def unheard(
        lane: NativeLane, way: Journey, route: Route, *, fresh: bool, first_byte: float
    ) -> Outcome:
        calls.append((route.provider.id, fresh))
        if route.provider.id == "second":
            return await real(lane, way, route, fresh=fresh, first_byte=first_byte)
        failure = Failure(FailureKind.RESET, "It was closed.")
        way.x.note(route, way.attempt_started, way.clock.monotonic(), failure, None)
        return Outcome(failure, stale=True)

    monkeypatch.setattr(NativeLane, "call", unheard)
    status, _, answer = await pair.post(MESSAGES, ask(stream=True))
    assert (status, answer) == (200, second.sent[0])
    assert calls == [("first", False), ("first", True), ("second", True)]
