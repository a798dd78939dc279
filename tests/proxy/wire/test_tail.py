"""A stream's bytes are never changed, never early and never late without reason."""

from __future__ import annotations

import itertools
import re
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tail_goldens import (
    CANDIDATES,
    CASES,
    CHUNKS,
    COMPLETED,
    COUNT,
    CREATED,
    DELTA,
    DONE,
    ENDS,
    FINISH,
    FINISHED,
    GOLDENS,
    HEAD,
    MESSAGES,
    OPENAI_USAGE,
    START,
    STOP,
    Golden,
)

from proxy.errors import FailureKind
from proxy.model import Protocol, Usage
from proxy.wire.envelope import error_event
from proxy.wire.sse import BOM
from proxy.wire.tail import (
    HOLD_LIMIT,
    LINE_LIMIT,
    PART_LIMIT,
    TailHolder,
    tail_holder,
)


def ready(come: bytes) -> bytes:
    """What need not wait for more: whole lines, and data with its whole event."""
    stop, data = 0, None
    for found in re.finditer(rb"([^\r\n]*)(?:\r\n|\n|\r)", come):
        start, line = found.start(), found[1]
        if start == 0 and line.startswith(BOM):
            start, line = len(BOM), line.removeprefix(BOM)
        if not line:
            data = None
        elif data is None and line.startswith(b"data"):
            data = start
        stop = found.end()
    return come[: stop if data is None else data]


def check(golden: Golden, chunks: list[bytes]) -> TailHolder:
    """Feed chunks; nothing is early, nothing late, nothing changed."""
    whole = golden.passes + golden.held
    assert b"".join(chunks) == whole
    holder, out, fed = tail_holder(golden.protocol), b"", 0
    for chunk in chunks:
        out += holder.feed(chunk)
        fed += len(chunk)
        if holder.finishing:
            assert out == golden.passes
        else:
            assert out == ready(whole[:fed])
    assert holder.finishing
    assert holder.ended is golden.ended
    kept = holder.take()
    assert out + kept == whole
    assert holder.take() == b""
    assert holder.usage == golden.usage
    assert holder.stop_reason == golden.stop_reason
    assert holder.failed is golden.failed
    assert holder.feed(b"more") == b"more"
    return holder


def cuttings(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("golden", CASES)
def test_a_stream_whole_by_lines_and_by_bytes(golden: Golden) -> None:
    whole = golden.passes + golden.held
    check(golden, [whole])
    check(golden, whole.splitlines(keepends=True))
    check(golden, re.findall(rb".*?(?:\n\n|\r\n\r\n|\r\r)", whole, re.DOTALL))
    check(golden, [whole[at : at + 1] for at in range(len(whole))])


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("name", ["messages", "responses", "chat", "gemini"])
def test_a_stream_cut_in_two_at_every_byte(name: str, end: bytes) -> None:
    golden = GOLDENS[name].line_ends(end)
    whole = golden.passes + golden.held
    for at in range(1, len(whole)):
        check(golden, [whole[:at], whole[at:]])


@pytest.mark.parametrize("golden", CASES)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_stream_cut_anywhere(golden: Golden, data: st.DataObject) -> None:
    whole = golden.passes + golden.held
    places = data.draw(st.lists(st.integers(0, len(whole)), max_size=12))
    check(golden, cuttings(whole, places))


@pytest.mark.parametrize("golden", CASES)
def test_whole_events_leave_at_once(golden: Golden) -> None:
    holder = tail_holder(golden.protocol)
    events = re.findall(rb".*?(?:\n\n|\r\n\r\n|\r\r)", golden.passes, re.DOTALL)
    for event in events:
        assert holder.feed(event) == event


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_lines_leave_at_once_and_data_with_its_event(end: bytes) -> None:
    holder = tail_holder(Protocol.MESSAGES)
    assert holder.feed(START) == START
    for line in (b": still here", b"event: content_block_delta", b"id: 5"):
        assert holder.feed(line) == b""
        assert holder.feed(end) == line + end
    assert holder.feed(b"data: {}" + end) == b""
    assert holder.feed(b"data: {}" + end + b"id: 6") == b""
    assert holder.feed(end + end).rstrip() == (
        b"data: {}" + end + b"data: {}" + end + b"id: 6"
    )


@pytest.mark.parametrize("start", [b"data: {}\ndata: ", b"data: ", b": "])
def test_a_long_part_leaves_as_it_comes(start: bytes) -> None:
    holder = tail_holder(Protocol.CHAT)
    part = start + b"x" * (PART_LIMIT - len(start))
    assert holder.feed(part) == b""
    assert holder.feed(b"y") == part + b"y"
    assert holder.feed(b"z") == b"z"
    assert holder.break_off() == b"\n\n"
    assert holder.feed(b"\n\n" + CHUNKS) == b"\n\n" + CHUNKS
    assert holder.break_off() == b""


def test_the_end_is_told_only_with_its_empty_line() -> None:
    holder = tail_holder(Protocol.MESSAGES)
    holder.feed(MESSAGES.passes + DELTA + STOP[:-1])
    assert (holder.finishing, holder.ended) == (True, False)
    assert holder.complete_at_eof
    assert holder.feed(b"\n") == b""
    assert holder.ended


@pytest.mark.parametrize(
    ("protocol", "stream", "complete"),
    [
        (Protocol.MESSAGES, START, False),
        (Protocol.MESSAGES, START + DELTA, False),
        (Protocol.MESSAGES, START + DELTA + STOP, True),
        (Protocol.MESSAGES, START + DELTA + STOP.rstrip(), True),
        (Protocol.RESPONSES, CREATED, False),
        (Protocol.RESPONSES, CREATED + DONE, False),
        (Protocol.RESPONSES, CREATED + COMPLETED.rstrip(), True),
        (Protocol.RESPONSES, CREATED + COMPLETED.rstrip()[:-1], False),
        (Protocol.CHAT, CHUNKS, False),
        (Protocol.CHAT, CHUNKS + FINISH, True),
        (Protocol.CHAT, CHUNKS + FINISH.rstrip(), True),
        (Protocol.CHAT, CHUNKS + FINISH + COUNT, True),
        (Protocol.CHAT, CHUNKS + DONE, True),
        (Protocol.CHAT, CHUNKS + b"data: [DONE]", True),
        (Protocol.CHAT, b"", False),
        (Protocol.GEMINI, CANDIDATES, False),
        (Protocol.GEMINI, CANDIDATES + FINISHED, True),
        (Protocol.GEMINI, CANDIDATES + FINISHED.rstrip(), True),
        (Protocol.GEMINI, CANDIDATES + FINISHED.rstrip()[:-1], False),
        (Protocol.GEMINI, b"", False),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_connection_that_closes_is_judged(
    protocol: Protocol, stream: bytes, complete: bool, whole: bool
) -> None:
    holder = tail_holder(protocol)
    out = b""
    for chunk in [stream] if whole else [bytes([byte]) for byte in stream]:
        out += holder.feed(chunk)
    holder.finish()
    assert (holder.ended or holder.complete_at_eof) is complete
    assert out + holder.take() == stream
    holder.finish()


@pytest.mark.parametrize(
    ("start", "delta", "expected"),
    [
        (b'{"input_tokens":5}', b'{"output_tokens":6}', Usage(5, 0, 0, None, 6)),
        (
            b'{"input_tokens":5,"cache_read_input_tokens":4}',
            b'{"input_tokens":5,"output_tokens":6}',
            Usage(5, 4, 0, None, 6),
        ),
        (
            b'{"input_tokens":0,"output_tokens":0}',
            b'{"input_tokens":5,"cache_read_input_tokens":4,"output_tokens":6}',
            Usage(5, 4, 0, None, 6),
        ),
        (
            b'{"input_tokens":100,"cache_read_input_tokens":4}',
            b'{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":6}',
            Usage(100, 4, 0, None, 6),
        ),
        (
            b'{"input_tokens":1,"cache_creation_input_tokens":9}',
            b'{"cache_creation_input_tokens":0,"output_tokens":6}',
            Usage(1, 0, 9, None, 6),
        ),
        (
            b'{"input_tokens":100,"output_tokens":3}',
            b'{"input_tokens":7,"output_tokens":0}',
            Usage(7, 0, 0, None, 0),
        ),
        (b"{}", b'{"output_tokens":6}', Usage(output_tokens=6)),
    ],
)
def test_a_cache_is_none_only_where_no_event_told_of_one(
    start: bytes, delta: bytes, expected: Usage
) -> None:
    holder = tail_holder(Protocol.MESSAGES)
    holder.feed(b'data: {"type":"message_start","message":{"usage":%b}}\n\n' % start)
    holder.feed(b'data: {"type":"message_delta","usage":%b}\n\n' % delta)
    assert holder.usage == expected


def test_of_several_counts_of_a_chat_stream_the_last_one_counts() -> None:
    holder = tail_holder(Protocol.CHAT)
    holder.feed(b'data: {"usage":{"prompt_tokens":5,"completion_tokens":1}}\n\n')
    holder.feed(
        b'data: {"usage":{"prompt_tokens":5,"prompt_tokens_details":'
        b'{"cached_tokens":5},"completion_tokens":2}}\n\n'
    )
    assert holder.usage == Usage(0, 5, 0, None, 2)


def test_the_usage_in_groqs_own_member_is_read() -> None:
    holder = tail_holder(Protocol.CHAT)
    holder.feed(
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":'
        b'{"id":"r","usage":{"prompt_tokens":18,"completion_tokens":3}}}\n\n'
    )
    assert holder.usage == Usage(18, 0, 0, None, 3)


def test_the_usage_inside_moonshots_choice_is_read() -> None:
    holder = tail_holder(Protocol.CHAT)
    holder.feed(
        b'data: {"choices":[{"delta":{},"finish_reason":"stop","usage":'
        b'{"prompt_tokens":30,"completion_tokens":5,"cached_tokens":12}}]}\n\n'
    )
    assert holder.usage == Usage(18, 12, 0, None, 5)


def test_a_last_usage_of_zeros_takes_nothing_back() -> None:
    holder = tail_holder(Protocol.CHAT)
    holder.feed(b'data: {"usage":{"prompt_tokens":5,"completion_tokens":1}}\n\n')
    holder.feed(b'data: {"usage":{"prompt_tokens":0,"completion_tokens":0}}\n\n')
    assert holder.usage == Usage(5, 0, 0, None, 1)


def test_usage_of_an_unfinished_last_line_is_read() -> None:
    holder = tail_holder(Protocol.RESPONSES)
    holder.feed(CREATED + COMPLETED.rstrip())
    assert holder.usage == Usage()
    holder.finish()
    assert holder.usage == OPENAI_USAGE


def test_an_ending_that_is_no_json_is_held_all_the_same() -> None:
    holder = tail_holder(Protocol.MESSAGES)
    odd = b'data: {"type":"message_delta","delta":{"stop_reason":"x"},"n":NaN}\n\n'
    assert holder.feed(START + odd) == START
    assert (holder.finishing, holder.ended) == (True, False)
    assert holder.feed(odd) == b""
    assert holder.take() == odd + odd


def test_what_only_looked_like_an_ending_leaves_with_its_event() -> None:
    holder = tail_holder(Protocol.MESSAGES)
    holder.feed(START)
    assert holder.feed(b'data: {"usage":\n') == b""
    assert not holder.finishing
    assert holder.feed(b'data: {"a":1}}\n') == b""
    assert not holder.finishing
    rest = b"\ndata: {}\n\n"
    assert holder.feed(rest) == b'data: {"usage":\ndata: {"a":1}}\n' + rest


def test_an_event_in_pieces_leaves_nothing_behind_for_the_next() -> None:
    holder = tail_holder(Protocol.CHAT)
    assert holder.feed(CHUNKS) == CHUNKS
    assert holder.feed(b'data: {"x":\n') == b""
    assert holder.feed(b"data: 1}\n\n") == b'data: {"x":\ndata: 1}\n\n'
    assert holder.feed(FINISH) == b""
    assert holder.stop_reason == "stop"


@pytest.mark.parametrize("size", [LINE_LIMIT + 100, LINE_LIMIT * 2])
def test_a_line_too_long_passes_unread(size: int) -> None:
    holder = tail_holder(Protocol.RESPONSES)
    filler = b"x" * size
    delta = b'data: {"type":"response.x","text":"' + filler + b'"}\n\n'
    out = b"".join(
        holder.feed(delta[at : at + 250_000]) for at in range(0, len(delta), 250_000)
    )
    assert out == delta
    assert sum(map(len, holder._parts)) < LINE_LIMIT
    end = b'data: {"type":"response.completed","x":"' + filler + b'"}\n\n'
    out = b"".join(
        holder.feed(end[at : at + 250_000]) for at in range(0, len(end), 250_000)
    )
    assert b"\n" not in out
    assert holder.ended
    assert out + holder.take() == end
    assert holder.usage == Usage()


@pytest.mark.parametrize("name", [b"data: ", b": "])
def test_a_line_too_long_may_be_the_last_one(name: bytes) -> None:
    holder = tail_holder(Protocol.CHAT)
    line = name + b'{"error":"' + b"x" * LINE_LIMIT
    assert holder.feed(line) == line
    holder.finish()
    assert holder.complete_at_eof is (name == b"data: ")


def test_a_long_comment_is_no_event() -> None:
    holder = tail_holder(Protocol.CHAT)
    for chunk in (b": " + b"x" * LINE_LIMIT, b"\n\n", CHUNKS):
        assert holder.feed(chunk) == chunk
    assert holder.feed(FINISH) == b""


def test_an_event_too_long_is_not_kept() -> None:
    holder = tail_holder(Protocol.CHAT)
    line = b"data: " + b" " * 65_530 + b"\n"
    assert b"".join(holder.feed(line) for _ in range(80)) == line * 80
    assert sum(map(len, holder._data)) <= LINE_LIMIT
    assert holder.feed(b"\n") == b"\n"
    assert holder.feed(CHUNKS + FINISH) == CHUNKS


def test_many_lines_of_one_event_cost_no_square() -> None:
    holder = tail_holder(Protocol.CHAT)
    lines = b'data: {"usage": {\n' * 40_000
    # Read again at every line this would take minutes, and the time limit would end it.
    holder.feed(lines)
    holder.feed(b"data: " + b"[" * 100_000)
    assert holder.feed(b"\n\n").endswith(b"\n\n")


_LONG = b"x" * PART_LIMIT


@pytest.mark.parametrize(
    ("protocol", "come", "gap"),
    [
        (Protocol.MESSAGES, b"", b""),
        (Protocol.MESSAGES, b"event: a\ndata: {}\n\n", b""),
        (Protocol.CHAT, b"data: {}\r\n\r\n", b""),
        (Protocol.CHAT, b"data: {}\r\r", b"\n"),
        (Protocol.CHAT, b"data: {}\n", b""),
        (Protocol.CHAT, b'data: {"a', b""),
        (Protocol.RESPONSES, b"event: resp", b""),
        (Protocol.MESSAGES, b"event: a\n", b""),
        (Protocol.MESSAGES, b"event: a\r", b"\n"),
        (Protocol.MESSAGES, b'event: a\ndata: {"a', b""),
        (Protocol.MESSAGES, START + HEAD + DELTA, b""),
        (Protocol.CHAT, CHUNKS + FINISH + COUNT, b""),
        (Protocol.CHAT, b"data: " + _LONG, b"\n\n"),
        (Protocol.CHAT, b"data: " + _LONG + b"\n", b"\n"),
        (Protocol.CHAT, b"data: " + _LONG + b"\r", b"\n\n"),
        (Protocol.CHAT, b"data: " + _LONG + b"\n\n", b""),
        (Protocol.MESSAGES, b"data: " + _LONG, b"\n"),
        (Protocol.MESSAGES, b"data: " + _LONG + b"\n", b"\n"),
        (Protocol.MESSAGES, b"data: " + _LONG + b"\r", b"\n\n"),
        (Protocol.CHAT, b"data: " + b"x" * LINE_LIMIT + b"\n", b"\n"),
    ],
)
def test_an_error_of_ours_begins_on_its_own_line(
    protocol: Protocol, come: bytes, gap: bytes
) -> None:
    holder = tail_holder(protocol)
    holder.feed(come)
    assert holder.break_off() == gap


def broken_off(protocol: Protocol, come: bytes) -> httpx2.Response:
    """What a client gets of a stream that breaks after these bytes."""
    holder = tail_holder(protocol)
    left = holder.feed(come)
    error = error_event(protocol, FailureKind.CUT, "It was cut.", None)
    return answer(left + holder.break_off() + error)


@pytest.mark.parametrize(
    ("name", "end"), [("messages", b"\n"), ("messages, data on many lines", b"\r\n")]
)
def test_the_anthropic_sdk_reads_our_error_after_a_cut_at_every_byte(
    name: str, end: bytes
) -> None:
    golden = GOLDENS[name].line_ends(end)
    whole = golden.passes + golden.held
    client = anthropic.Anthropic(api_key="x", base_url="http://localhost")
    for at in range(len(whole)):
        stream = anthropic.Stream(
            cast_to=object,
            response=broken_off(Protocol.MESSAGES, whole[:at]),
            client=client,
        )
        with pytest.raises(anthropic.APIStatusError, match=r"It was cut\.") as met:
            list(stream)
        assert isinstance(met.value.body, dict), at


@pytest.mark.parametrize(
    ("name", "end"), [("chat", b"\n"), ("chat, data on many lines", b"\r\n")]
)
def test_the_openai_sdk_reads_our_error_after_a_cut_at_every_byte(
    name: str, end: bytes
) -> None:
    golden = GOLDENS[name].line_ends(end)
    whole = golden.passes + golden.held
    client = openai.OpenAI(api_key="x", base_url="http://localhost")
    for at in range(len(whole)):
        stream = openai.Stream(
            cast_to=object,
            response=broken_off(Protocol.CHAT, whole[:at]),
            client=client,
        )
        with pytest.raises(openai.APIError, match=r"It was cut\."):
            list(stream)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_openai_sdk_reads_a_failed_response_after_a_cut_at_every_byte(
    end: bytes,
) -> None:
    golden = GOLDENS["responses"].line_ends(end)
    whole = golden.passes + golden.held
    client = openai.OpenAI(api_key="x", base_url="http://localhost")
    for at in range(len(whole)):
        stream = openai.Stream(
            cast_to=object,
            response=broken_off(Protocol.RESPONSES, whole[:at]),
            client=client,
        )
        last: Any = list(stream)[-1]
        assert last["type"] == "response.failed", at
        assert last["response"]["error"]["message"] == "It was cut."


def answer(body: bytes) -> httpx2.Response:
    request = httpx2.Request("POST", "http://localhost/v1")
    return httpx2.Response(200, content=body, request=request)


def test_an_endless_tail_does_not_fill_the_memory() -> None:
    holder = tail_holder(Protocol.CHAT)
    assert holder.feed(CHUNKS + FINISH) == CHUNKS
    more, out = b": " + b"x" * 1_000_000 + b"\n", b""
    for _ in range(HOLD_LIMIT // len(more) + 1):
        out += holder.feed(more)
    assert len(out) > HOLD_LIMIT
    assert holder.feed(DONE) == b""
    assert holder.ended
    assert holder.take() == DONE


@settings(deadline=None)
@given(
    st.sampled_from([Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT]),
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from([b"\n", b"\r", b"data: ", b"{", b'"usage":{', START, DONE])
    ),
)
def test_no_bytes_break_it_and_none_are_lost(
    protocol: Protocol, chunks: list[bytes]
) -> None:
    holder = tail_holder(protocol)
    out = b"".join(holder.feed(chunk) for chunk in chunks)
    holder.finish()
    assert out + holder.take() == b"".join(chunks)


def test_other_protocols_have_no_holder() -> None:
    with pytest.raises(KeyError):
        tail_holder(Protocol.OLLAMA)
