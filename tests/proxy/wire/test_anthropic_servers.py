"""Servers that keep to Messages only roughly are read all the same."""

import json
from typing import Any

import pytest
from messages_streams import (
    CITED,
    OWN,
    SEARCH,
    START,
    STOP,
    Data,
    answered,
    begin,
    delta,
    end,
    piece,
    read,
    sse,
)

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Opaque,
    Protocol,
    ServerPart,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageReported,
)
from proxy.wire.anthropic.provider.answer import read_answer
from proxy.wire.incoming import EVENT_LIMIT

# --- servers that keep to the protocol only roughly -----------------------------------


def test_a_call_whose_input_comes_at_once() -> None:
    given_ = begin(0, type="tool_use", id="t", name="read", input={"path": "a"})
    text = begin(1, type="tool_use", id="u", name="read", input='{"path":"b"}')
    answer = answered(given_, end(0), text, end(1))
    assert answer.parts == (
        ToolCall("t", "read", '{"path":"a"}'),
        ToolCall("u", "read", '{"path":"b"}'),
    )
    # The provider said `end_turn`; the calls say otherwise.
    assert answer.ended.stop is StopReason.TOOL_USE


def test_ids_of_calls_are_there_and_unique() -> None:
    calls = [
        begin(0, type="tool_use", name="a", input={}),
        begin(1, type="tool_use", id="t", name="b", input={}),
        begin(2, type="tool_use", id="t", name="c", input={}),
    ]
    parts = answered(*calls).parts
    ids = [each.id for each in parts if isinstance(each, ToolCall)]
    assert ids == ["call_abc_1", "t", "call_abc_3"]


def test_interleaved_calls_stay_apart() -> None:
    assert answered(
        begin(0, type="tool_use", id="t", name="a", input={}),
        begin(1, type="tool_use", id="u", name="b", input={}),
        piece(0, "input_json", partial_json='{"x":'),
        piece(1, "input_json", partial_json='{"y":'),
        piece(0, "input_json", partial_json="1}"),
        piece(1, "input_json", partial_json="2}"),
        end(0),
        end(1),
    ).parts == (ToolCall("t", "a", '{"x":1}'), ToolCall("u", "b", '{"y":2}'))


def test_thinking_inside_a_text_block_gets_its_own_part() -> None:
    assert answered(
        begin(0, type="text", text=""),
        piece(0, "thinking", thinking="Hm."),
        piece(0, "signature", signature="c2ln"),
        piece(0, "text", text="Hello"),
        piece(0, "signature", signature="late"),
        end(0),
    ).parts == (
        Text(""),
        Thinking("Hm.", signature="c2ln", origin=OWN),
        Text("Hello"),
    )


def test_what_stands_in_the_start_of_a_block_counts() -> None:
    parts = answered(
        begin(0, type="thinking", thinking="Hm.", signature="c2ln"),
        begin(1, type="text", text="Hello", citations=[CITED, 7]),
        piece(1, "text", text=" you"),
    ).parts
    assert parts[0] == Thinking("Hm.", signature="c2ln", origin=OWN)
    assert isinstance(parts[1], Text)
    assert parts[1].text == "Hello you"
    assert len(parts[1].citations) == 1


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        ([piece(0, "text", text="a"), piece(0, "text", text="b")], (Text("ab"),)),
        ([begin(3, type="text", text=""), piece(0, "text", text="a")], (Text("a"),)),
        ([begin(0, type="text", text="a"), end(5), end(0)], (Text("a"),)),
        (
            [
                begin(0, type="text", text="a"),
                begin(0, type="text", text="b"),
                end(0),
                end(0),
            ],
            (Text("a"), Text("b")),
        ),
        (
            [
                begin(1, type="tool_use", id="t", name="a", input={}),
                piece(0, "input_json", partial_json="{}"),
                piece(1, "text", text="lost: a call has no text"),
            ],
            (ToolCall("t", "a", "{}"),),
        ),
        ([piece(0, "input_json", partial_json="{}"), end(0)], ()),
        ([piece(0, "signature", signature="x")], ()),
        ([piece(0, "from_the_future", x=1)], ()),
        ([piece(0, "citations", citation=CITED)], ()),
        ([{"type": "content_block_start", "content_block": {"type": "text"}}], None),
        ([{"type": "content_block_start"}], None),
        ([{"type": "content_block_stop"}], ()),
        ([{"type": "content_block_delta", "index": 1.5, "delta": 3}], ()),
        ([{"type": "from_the_future", "x": 1}], ()),
        ([START, START], ()),
        ([begin(0, type="redacted_thinking", data=7)], None),
        ([begin(0, type="tool_use", id="t", input={})], None),
    ],
)
def test_rough_streams_make_sense(events: list[Data], parts: Any) -> None:
    answer = answered(*events)
    assert parts is None or answer.parts == parts


def test_unknown_blocks_are_kept_with_their_pieces() -> None:
    (part,) = answered(
        begin(0, type="compaction", content=None),
        piece(0, "compaction", content="Short.", encrypted_content="eA=="),
        end(0),
    ).parts
    raw = {"type": "compaction", "content": "Short.", "encrypted_content": "eA=="}
    assert part == Opaque(Protocol.MESSAGES, "compaction", raw)


def test_a_broken_input_of_the_providers_own_tool_is_kept() -> None:
    (part,) = answered(
        begin(0, **SEARCH, input={}),
        piece(0, "input_json", partial_json='{"query'),
    ).parts
    assert isinstance(part, ServerPart)
    assert part.raw["input"] == {"input": '{"query'}


@pytest.mark.parametrize(
    ("word", "stop"),
    [
        ("end_turn", StopReason.END_TURN),
        ("max_tokens", StopReason.MAX_TOKENS),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("tool_use", StopReason.TOOL_USE),
        ("pause_turn", StopReason.PAUSE_TURN),
        ("model_context_window_exceeded", StopReason.CONTEXT_EXCEEDED),
        ("compaction", StopReason.PAUSE_TURN),
        ("from_the_future", StopReason.END_TURN),
    ],
)
def test_stops(word: str, stop: StopReason) -> None:
    assert answered(reason=word).ended.stop is stop


def test_the_word_that_stopped_is_told() -> None:
    answer = answered(reason="stop_sequence", stop_sequence="END")
    assert answer.ended.stop_sequence == "END"


def test_usage_is_told_before_a_cut() -> None:
    events = read(sse(START, delta()))
    assert isinstance(events[0], AnswerStarted)
    assert events[0].usage == Usage(20, 5, 9, 7, 1)
    assert events[1] == UsageReported(Usage(20, 5, 9, 7, 9))
    assert events[-1] == AnswerFailed(
        FailureKind.CUT, "The provider's answer broke off."
    )


@pytest.mark.parametrize(
    "broken", [b"", sse({"type": "error", "error": {"message": "x"}}), b"data: {\n\n"]
)
def test_a_failed_answer_without_a_word_of_a_cache_used_none(broken: bytes) -> None:
    message = {"id": "m", "usage": {"input_tokens": 20, "output_tokens": 1}}
    start = sse({"type": "message_start", "message": message})
    *_, told, failed = read(start + broken)
    assert told == UsageReported(Usage(20, 0, 0, None, 1))
    assert isinstance(failed, AnswerFailed)


def test_an_input_repeated_as_0_takes_nothing_back() -> None:
    answer = answered(usage={"input_tokens": 0, "output_tokens": 4})
    assert answer.usage == Usage(20, 5, 9, 7, 4)


def test_an_answer_without_start_or_usage() -> None:
    (started, ended) = read(sse(STOP))
    assert started == AnswerStarted("abc", "asked")
    assert ended == AnswerEnded(StopReason.END_TURN)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            {"type": "rate_limit_error", "message": "Slow down"},
            FailureKind.RATE_LIMITED,
            "Slow down",
        ),
        (
            {"type": "authentication_error", "message": "No"},
            FailureKind.AUTH,
            "No",
        ),
        (
            {"type": "invalid_request_error", "message": "Bad"},
            FailureKind.REJECTED,
            "Bad",
        ),
        ({"type": "api_error", "message": "Oops"}, FailureKind.UPSTREAM_ERROR, "Oops"),
        ({"message": "Oops"}, FailureKind.UPSTREAM_ERROR, "Oops"),
        ("Oops", FailureKind.UPSTREAM_ERROR, "Oops"),
        (None, FailureKind.UPSTREAM_ERROR, "The provider ended its answer with an"),
        ({}, FailureKind.UPSTREAM_ERROR, "The provider ended its answer with an"),
    ],
)
def test_errors_keep_their_wording(error: Any, kind: FailureKind, message: str) -> None:
    said = {"type": "error", "error": error}
    streamed = read(sse(said))
    whole = list(read_answer(json.dumps(said).encode(), answer_id="a", model="m"))
    assert streamed == whole
    (failed,) = streamed
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind
    assert failed.message.startswith(message)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", FailureKind.CUT),
        (b"<!doctype html><html>", FailureKind.MALFORMED),
        (b"data: nonsense\n\n", FailureKind.MALFORMED),
        (b"data: [1]\n\n", FailureKind.MALFORMED),
        (b"data: [DONE]\n\n", FailureKind.CUT),
        (b'data: {"a":' + b"[" * 5000 + b"\n\n", FailureKind.MALFORMED),
        (b'data: {"type":"\xff"}\n\n', FailureKind.MALFORMED),
        (b'{"hello": 1}', FailureKind.MALFORMED),
        (b"data: " + b"x" * EVENT_LIMIT, FailureKind.MALFORMED),
        (b"{" + b" " * EVENT_LIMIT, FailureKind.MALFORMED),
    ],
    ids=range(10),
)
def test_what_is_no_answer_fails(stream: bytes, kind: FailureKind) -> None:
    (failed,) = read(stream)
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind


def test_a_large_event_is_read() -> None:
    text = "x" * 2_000_000
    answer = answered(begin(0, type="text", text=""), piece(0, "text", text=text))
    assert answer.parts == (Text(text),)


def test_data_that_grows_too_large_with_its_last_line_fails() -> None:
    half = b"data: " + b"x" * (EVENT_LIMIT // 2 + 1)
    (failed,) = read(half + b"\n" + half)
    assert failed == AnswerFailed(
        FailureKind.MALFORMED, "The provider sent a single event of more than 16 MB."
    )


def test_nesting_at_the_limit_of_what_is_decoded_is_harmless() -> None:
    for depth in range(1, 1000, 9):
        deep = b'{"a":' * depth + b"1" + b"}" * depth
        block = b'{"type":"tool_use","id":"t","name":"a","input":%b}' % deep
        start = b'{"type":"content_block_start","index":0,"content_block":%b}' % block
        stop = b'data: {"type":"content_block_stop","index":0}\n\n'
        read(sse(START) + b"data: %b\n\n" % start + stop + sse(STOP))
        read(sse(START) + b"data: %b\n\n" % start + stop.strip())


def test_an_end_that_comes_twice_is_one() -> None:
    stream = sse(START, delta(), STOP, STOP, {"type": "error", "error": "late"})
    assert isinstance(read(stream)[-1], AnswerEnded)
