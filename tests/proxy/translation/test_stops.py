from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    PartEnded,
    Ping,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.translation.stops import StopGuard

_END = AnswerEnded(StopReason.END_TURN)


def _run(guard: StopGuard, *events: Event) -> list[Event]:
    return [each for event in events for each in guard.feed(event)]


def _text(events: list[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


@given(
    st.lists(st.text("abc", max_size=5), max_size=8),
    st.lists(st.text("abc", min_size=1, max_size=3), max_size=3),
)
def test_text_ends_before_the_first_stop_however_it_is_cut(
    pieces: list[str], stops: list[str]
) -> None:
    guard, whole = StopGuard(stops), "".join(pieces)
    deltas = [TextDelta(0, each) for each in pieces]
    out = _run(guard, TextStarted(0), *deltas, PartEnded(0), _END)
    ends = [
        (end, at, stop)
        for stop in stops
        if (at := whole.find(stop)) >= 0 and (end := at + len(stop))
    ]
    assert guard.hit is bool(ends)
    if not ends:
        assert _text(out) == whole
        assert out[-1] == _END
        return
    _, at, _ = min(ends, key=lambda each: each[:2])
    assert _text(out) == whole[:at]
    assert out[-2] == PartEnded(0)
    last = out[-1]
    assert isinstance(last, AnswerEnded)
    assert last.stop is StopReason.STOP_SEQUENCE
    assert last.stop_sequence in stops


def test_no_more_is_held_back_than_could_begin_a_stop() -> None:
    guard = StopGuard(["STOP"])
    assert _run(guard, TextStarted(0), TextDelta(0, "go ST")) == [
        TextStarted(0),
        TextDelta(0, "go "),
    ]
    assert _run(guard, TextDelta(0, "AR")) == [TextDelta(0, "STAR")]
    plain = TextDelta(0, "on")
    assert guard.feed(plain)[0] is plain


def test_reasoning_and_calls_are_not_searched() -> None:
    guard = StopGuard(["x"])
    events: list[Event] = [
        ThinkingStarted(0),
        ThinkingDelta(0, "x"),
        PartEnded(0),
        ToolCallStarted(1, "c", "x"),
        ToolCallArguments(1, "x"),
        PartEnded(1),
        _END,
    ]
    assert _run(guard, *events) == events
    assert not guard.hit


def test_what_is_known_of_usage_ends_the_answer() -> None:
    guard = StopGuard(["x"])
    out = _run(
        guard,
        AnswerStarted("a", "m", Usage(input_tokens=5)),
        TextStarted(0),
        ToolCallStarted(1, "c", "run"),
        UsageReported(Usage(output_tokens=2)),
        TextDelta(0, "x"),
        TextDelta(0, "more"),
        _END,
    )
    assert out[-3:] == [
        PartEnded(0),
        PartEnded(1),
        AnswerEnded(
            StopReason.STOP_SEQUENCE, "x", Usage(input_tokens=5, output_tokens=2)
        ),
    ]


def test_what_is_held_goes_before_the_next_part_and_before_a_failure() -> None:
    guard = StopGuard(["xyz"])
    assert _run(guard, TextStarted(0), TextDelta(0, "ax"), Ping()) == [
        TextStarted(0),
        TextDelta(0, "a"),
        Ping(),
    ]
    assert _run(guard, TextStarted(1), TextDelta(1, "yz")) == [
        TextDelta(0, "x"),
        TextStarted(1),
        TextDelta(1, "yz"),
    ]
    failed = AnswerFailed(FailureKind.CUT, "cut")
    assert _run(guard, TextDelta(1, "x"), failed) == [TextDelta(1, "x"), failed]
