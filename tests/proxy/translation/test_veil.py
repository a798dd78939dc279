"""A key in pieces of an answer is hidden however it is cut; nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    Event,
    PartEnded,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallArguments,
)
from proxy.translation.veil import Veil

KEY = "sk-canary-not-a-secret"
STARS = "*" * len(KEY)


def fed(veil: Veil, events: Sequence[Event]) -> list[Event]:
    return [each for event in events for each in veil.feed(event)]


def said(events: Sequence[Event], index: int = 0) -> str:
    return "".join(
        each.text
        for each in events
        if isinstance(each, TextDelta | ThinkingDelta | ToolCallArguments)
        and each.index == index
    )


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([KEY, KEY[:9], KEY[5:], "s", "sk", "sk-", "a b"])),
    st.data(),
)
def test_however_it_is_cut_no_more_than_three_characters_get_out(
    words: list[str], data: st.DataObject
) -> None:
    whole = "".join(words)
    pieces: list[Event] = []
    rest = whole
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        pieces.append(TextDelta(0, rest[:size]))
        rest = rest[size:]
    out = fed(Veil(KEY), [*pieces, PartEnded(0)])
    got = said(out)
    assert len(got) == len(whole)
    hidden = whole.replace(KEY, STARS)
    # Only where a beginning of the key had gone before the rest of it came.
    assert all(
        mine == theirs or (theirs == "*" and mine in "sk-")
        for mine, theirs in zip(got, hidden, strict=True)
    )
    assert KEY[:4] not in got or KEY[:4] in hidden
    assert isinstance(out[-1], PartEnded)


def test_each_part_is_looked_at_alone() -> None:
    events: list[Event] = [
        TextDelta(0, "my " + KEY[:8]),
        ThinkingDelta(1, KEY[:7]),
        ToolCallArguments(2, '{"k":"' + KEY[:5]),
        TextDelta(0, KEY[8:] + "."),
        ThinkingDelta(1, "other"),
        ToolCallArguments(2, KEY[5:] + '"}'),
        AnswerEnded(StopReason.END_TURN),
    ]
    out = fed(Veil(KEY), events)
    assert said(out, 0) == "my sk-" + STARS[3:] + "."
    assert said(out, 1) == KEY[:7] + "other"
    assert said(out, 2) == '{"k":"sk-' + STARS[3:] + '"}'


def test_a_held_end_goes_before_the_part_ends() -> None:
    veil = Veil(KEY)
    assert veil.feed(TextDelta(0, KEY[:6])) == (TextDelta(0, "sk-"),)
    assert not veil.passes("x")
    assert veil.feed(PartEnded(0)) == (TextDelta(0, KEY[3:6]), PartEnded(0))
    assert veil.passes("x")


def test_a_failure_is_told_without_the_key() -> None:
    failed = AnswerFailed(FailureKind.AUTH, f"Bad key {KEY}")
    (out,) = Veil(KEY).feed(failed)
    assert out == AnswerFailed(FailureKind.AUTH, f"Bad key {STARS}")


def test_words_that_cannot_begin_the_key_leave_at_once() -> None:
    veil = Veil(KEY)
    assert veil.passes("word")
    event = TextDelta(0, "words")
    assert veil.feed(event) == (event,)


def test_a_word_is_no_key() -> None:
    veil = Veil("ollama")
    assert veil.passes("ollama")
    assert veil.feed(TextDelta(0, "ollama")) == (TextDelta(0, "ollama"),)


def test_nothing_of_the_key_is_shown() -> None:
    assert repr(Veil(KEY)) == "Veil()"
