"""Walks the turns of an outlined body; decodes no more of them than it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proxy.glance.envelopes import Envelopes, peel
from proxy.glance.turn import Outline, Speaker

_MOST_CALLS: Final = 12
_MOST_ERRORS: Final = 6
# Turns that are read for calls and errors.
_MOST_TURNS: Final = 40
_FIRST_TURNS: Final = 16
# A longer text is peeled and kept at both ends only.
_LONGEST: Final = 100_000
_HUMAN: Final = 16_000
_FIRST_HUMAN: Final = 2_000
_SYSTEM: Final = 4_000


@dataclass(frozen=True, slots=True)
class Newest:
    """What the newest turns hold; fields as in `Glance`."""

    human: str
    continues: bool
    calls: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]


def newest(outline: Outline, envelopes: Envelopes) -> Newest:
    """Read the turns from the last one back."""
    continues = model_spoke = False
    calls: list[tuple[str, str]] = []
    errors: list[str] = []
    for at in _backwards(outline.count)[:_MOST_TURNS]:
        turn = outline.turn(at)
        model_spoke = model_spoke or turn.speaker is Speaker.MODEL
        continues = continues or (turn.results and not model_spoke)
        calls += reversed(turn.calls)
        errors += reversed(turn.errors)
        if len(calls) >= _MOST_CALLS:
            break
    return Newest(
        _first(outline, _backwards(outline.count), envelopes, _HUMAN),
        continues,
        tuple(reversed(calls[:_MOST_CALLS])),
        tuple(reversed(errors[:_MOST_ERRORS])),
    )


def first_human(outline: Outline, envelopes: Envelopes) -> str:
    """Return the first text of a person's, cut; '' where the first turns have none."""
    turns = range(min(_FIRST_TURNS, outline.count))
    return _first(outline, turns, envelopes, _FIRST_HUMAN)


def system_start(outline: Outline, envelopes: Envelopes) -> str:
    """Return the start of the system text, without what the client puts before it."""
    kept: list[str] = []
    for text in outline.system:
        if text and not text.startswith(envelopes.starts):
            kept.append(text)
        if sum(map(len, kept)) >= _SYSTEM:
            break
    return "\n".join(kept)[:_SYSTEM]


def _backwards(count: int) -> range:
    return range(count - 1, -1, -1)


def _first(
    outline: Outline, turns: Iterable[int], envelopes: Envelopes, most: int
) -> str:
    """Return what a person says in the first of `turns` where one says anything."""
    for at in turns:
        texts = (peel(_ends(text, _LONGEST), envelopes) for text in outline.said(at))
        found = "\n".join(filter(None, texts))
        if found:
            return _ends(found, most)
    return ""


def _ends(text: str, most: int) -> str:
    """Return a text whose middle is left out where it is too long."""
    if len(text) <= most:
        return text
    head = most * 3 // 4
    return f"{text[:head]}\n{text[head - most + 1 :]}"
