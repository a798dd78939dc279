"""Parts one behind the other, whatever order they come in."""

from answer_scripts import CASES, Script, scripts
from hypothesis import given

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    Event,
    PartEnded,
    StopReason,
    TextDelta,
    TextStarted,
    gather,
)
from proxy.wire.sequence import OnePartAtATime


def _fed(events: Script) -> list[Event]:
    order = OnePartAtATime()
    return [each for event in events for each in order.feed(event)]


def _indexes(events: list[Event]) -> list[int]:
    return [each.index for each in events if hasattr(each, "index")]


@given(script=scripts())
def test_parts_never_overlap_and_nothing_is_lost(script: Script) -> None:
    found = _fed(script)
    indexes = _indexes(found)
    assert indexes == sorted(indexes)
    assert len(found) == len(script)
    assert gather(found) == gather(script)


def test_the_oldest_part_goes_out_as_it_comes() -> None:
    order = OnePartAtATime()
    assert list(order.feed(TextStarted(0))) == [TextStarted(0)]
    assert list(order.feed(TextStarted(1))) == []
    assert list(order.feed(TextDelta(1, "b"))) == []
    assert list(order.feed(TextDelta(0, "a"))) == [TextDelta(0, "a")]
    assert list(order.feed(PartEnded(0))) == [
        PartEnded(0),
        TextStarted(1),
        TextDelta(1, "b"),
    ]
    assert list(order.feed(TextDelta(1, "c"))) == [TextDelta(1, "c")]


def test_open_parts_are_ended_with_the_answer() -> None:
    end = AnswerEnded(StopReason.END_TURN)
    found = _fed((TextStarted(0), TextStarted(1), TextDelta(1, "b"), end))
    assert found == [
        TextStarted(0),
        PartEnded(0),
        TextStarted(1),
        TextDelta(1, "b"),
        PartEnded(1),
        end,
    ]


def test_a_failure_ends_nothing_that_was_open() -> None:
    failed = AnswerFailed(FailureKind.CUT, "It broke off.")
    found = _fed((TextStarted(0), TextStarted(1), failed, PartEnded(0)))
    assert found == [TextStarted(0), failed]


def test_pieces_of_no_open_part_are_dropped() -> None:
    assert _fed((TextDelta(3, "x"), PartEnded(3))) == []


def test_answers_in_order_are_left_alone() -> None:
    script = CASES["thinking_then_call"]
    assert tuple(_fed(script)) == script
