"""An answer between two protocols: what leaves, what waits, what ends."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from stream_order import check_messages

from proxy.conversion import Conversion
from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    PartEnded,
    Ping,
    Protocol,
    Request,
    StopReason,
    TextDelta,
    TextStarted,
    Usage,
    UsageReported,
)
from proxy.wire.anthropic.client.stream import StreamWriter

_REQUEST = Request(Protocol.MESSAGES, "asked", ())
_STARTED = AnswerStarted("1", "made")
_TEXT: tuple[Event, ...] = (TextStarted(0), TextDelta(0, "four"), PartEnded(0))


class _Reader:
    """A reader whose provider says one thing for each byte."""

    def __init__(self, *events: Event) -> None:
        self._events = list(events)

    def feed(self, data: bytes) -> Sequence[Event]:
        return [self._events.pop(0) for _ in data]

    def finish(self) -> Sequence[Event]:
        return [AnswerFailed(FailureKind.CUT, "It ended early.")]


class _Double:
    """A step that says every text twice."""

    def feed(self, event: Event) -> Sequence[Event]:
        return (event, event) if isinstance(event, TextDelta) else (event,)


def _stream(*events: Event, guess: Usage | None = None) -> Conversion:
    writer = StreamWriter(_REQUEST, created=1)
    return Conversion(_Reader(*events), (), writer, guess=guess)


def _data(stream: bytes) -> list[dict[str, object]]:
    lines = stream.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_an_answer_arrives_whole() -> None:
    conversion = _stream(_STARTED, *_TEXT, AnswerEnded(StopReason.END_TURN))
    stream = conversion.feed(b"12345")
    assert not conversion.losses
    check_messages(stream + conversion.last())


def test_the_head_waits_for_the_first_word() -> None:
    conversion = _stream(_STARTED, Ping(), UsageReported(Usage(3)), *_TEXT)
    # That a text begins is no word of it.
    assert conversion.feed(b"1234") == b""
    kinds = [each["type"] for each in _data(conversion.feed(b"5"))]
    assert kinds == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
    ]


def test_the_end_waits_for_the_record() -> None:
    conversion = _stream(_STARTED, *_TEXT, AnswerEnded(StopReason.END_TURN))
    assert b"message_delta" not in conversion.feed(b"12345")
    assert conversion.over
    assert _data(conversion.last())[-1] == {"type": "message_stop"}


def test_an_answer_without_words_still_has_a_head() -> None:
    conversion = _stream(_STARTED, AnswerEnded(StopReason.END_TURN))
    assert conversion.feed(b"12") == b""
    check_messages(conversion.last())


def test_an_error_behind_the_head_lets_nothing_out() -> None:
    failed = AnswerFailed(FailureKind.UPSTREAM_ERROR, "Busy.")
    conversion = _stream(_STARTED, failed)
    assert conversion.feed(b"12") == b""
    assert conversion.failed == failed
    assert conversion.last() == b""


def test_an_end_of_the_connection_is_the_readers_business() -> None:
    conversion = _stream(_STARTED)
    conversion.feed(b"1")
    assert conversion.finish() == b""
    assert conversion.failed is not None
    assert conversion.failed.kind is FailureKind.CUT
    assert conversion.finish() == b""


def test_nothing_counts_behind_the_end() -> None:
    conversion = _stream(AnswerEnded(StopReason.END_TURN), *_TEXT)
    assert conversion.feed(b"1234") == b""


def test_a_ping_takes_the_head_along() -> None:
    conversion = _stream(_STARTED)
    conversion.feed(b"1")
    kinds = [each["type"] for each in _data(conversion.ping())]
    assert kinds == ["message_start", "ping"]


def test_a_ping_may_come_before_the_head() -> None:
    assert [each["type"] for each in _data(_stream().ping())] == ["ping"]


def test_a_broken_stream_ends_in_an_error() -> None:
    conversion = _stream(_STARTED)
    conversion.feed(b"1")
    kinds = [
        each["type"] for each in _data(conversion.break_off(FailureKind.CUT, "Cut."))
    ]
    assert kinds == ["message_start", "error"]


def test_steps_stand_between_reader_and_writer() -> None:
    reader = _Reader(_STARTED, *_TEXT)
    writer = StreamWriter(_REQUEST, created=1)
    conversion = Conversion(reader, (_Double(), _Double()), writer)
    assert conversion.feed(b"123").count(b"four") == 4


def test_a_whole_answer_keeps_its_events() -> None:
    events = (_STARTED, *_TEXT, AnswerEnded(StopReason.END_TURN))
    conversion = Conversion(_Reader(*events), (), None)
    assert conversion.feed(b"12345") == b""
    assert tuple(conversion.told) == events
    assert conversion.ping() == conversion.last() == b""
    assert conversion.break_off(FailureKind.CUT, "Cut.") == b""


def test_what_was_told_is_what_is_known() -> None:
    ended = AnswerEnded(StopReason.END_TURN, usage=Usage(output_tokens=2))
    conversion = _stream(_STARTED, UsageReported(Usage(7)), *_TEXT, ended)
    conversion.feed(b"123456")
    assert conversion.usage == Usage(7, output_tokens=2)


def test_a_guess_is_told_and_corrected_and_never_recorded() -> None:
    conversion = _stream(
        _STARTED,
        *_TEXT,
        UsageReported(Usage(7, 1, output_tokens=2)),
        AnswerEnded(StopReason.END_TURN),
        guess=Usage(900),
    )
    first, *_ = _data(conversion.feed(b"123456"))
    message = first["message"]
    assert isinstance(message, dict)
    assert message["usage"]["input_tokens"] == 900
    told = _data(conversion.last())[0]["usage"]
    assert isinstance(told, dict)
    assert (told["input_tokens"], told["output_tokens"]) == (7, 2)
    assert conversion.usage == Usage(7, 1, output_tokens=2)
    assert not conversion.losses


def test_a_provider_that_counts_nothing_is_named() -> None:
    conversion = _stream(
        _STARTED, *_TEXT, AnswerEnded(StopReason.END_TURN), guess=Usage(900)
    )
    conversion.feed(b"12345")
    told = _data(conversion.last())[0]["usage"]
    assert isinstance(told, dict)
    assert (told["input_tokens"], told["output_tokens"]) == (900, 1)
    assert [each.name for each in conversion.losses] == ["usage_estimated"]
    assert conversion.usage == Usage()


@pytest.mark.parametrize("told", [Usage(5), Usage(cache_read_tokens=5)])
def test_a_guess_gives_way_to_what_is_told_at_the_start(told: Usage) -> None:
    started = AnswerStarted("1", "made", told)
    conversion = _stream(started, *_TEXT, guess=Usage(900))
    assert b"900" not in conversion.feed(b"12")
