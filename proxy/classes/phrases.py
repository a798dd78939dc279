"""Finds phrases among the words of a text, in time that grows with the words only.

It knows nothing of what phrases mean; they are numbers to whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

OTHER: Final = "\0"
"""Stands among words for something that is none: a path, a name in code, a quote."""

_GAP: Final = ".."
_ANY_OTHER: Final = "@"
_ANY_NUMBER: Final = "#"
_WIDEST_GAP: Final = 5
_KEY: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")
_REFUSED: Final = frozenset(
    {"not", "don", "dont", "never", "without", "avoid", "nicht", "ohne", "sans", "sin"}
)
_REFUSED_BEFORE: Final = 2


@dataclass(frozen=True, slots=True)
class _Step:
    """One word of a phrase; `open` allows any ending, `gap` words before it."""

    word: str
    open: bool
    gap: bool


_Entries: TypeAlias = Mapping[str, tuple[tuple[tuple[_Step, ...], int], ...]]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases, each with its number.

    `exact` has them by their first word, `open` by the start of a first word that may
    have any ending.
    """

    exact: _Entries
    open: _Entries

    def found(self, words: Sequence[str]) -> frozenset[int]:
        """Return the numbers of the phrases that stand among `words` (lower case)."""
        found: set[int] = set()
        for at, word in enumerate(words):
            for entries, key in ((self.exact, word), (self.open, word[:_KEY])):
                for steps, number in entries.get(key, ()):
                    if number not in found and _stands(steps, words, at):
                        found.add(number)
        return frozenset(found)


def phrases(pairs: Iterable[tuple[str, int]]) -> Phrases:
    """Read phrases, each with its number; the form is told in `classes.toml`.

    Raises `ValueError` where one is empty, begins with a gap, or where the first word
    is too short to have any ending.
    """
    exact: dict[str, tuple[tuple[tuple[_Step, ...], int], ...]] = {}
    opened: dict[str, tuple[tuple[tuple[_Step, ...], int], ...]] = {}
    for text, number in pairs:
        steps = tuple(_steps(text))
        if not steps or steps[0].gap:
            raise ValueError(f"The phrase {text!r} does not begin with a word.")
        first = steps[0]
        if first.open and len(first.word) < _KEY:
            raise ValueError(f"The phrase {text!r} begins with too short a word.")
        table, key = (opened, first.word[:_KEY]) if first.open else (exact, first.word)
        table[key] = (*table.get(key, ()), (steps, number))
    return Phrases(MappingProxyType(exact), MappingProxyType(opened))


def _steps(text: str) -> Iterator[_Step]:
    gap = False
    for each in text.lower().split():
        if each == _GAP:
            gap = True
            continue
        word = OTHER if each == _ANY_OTHER else each.removesuffix("*")
        if word not in {OTHER, _ANY_NUMBER} and not _WORD.fullmatch(word):
            raise ValueError(f"The phrase {text!r} holds something that is no word.")
        yield _Step(word, open=each.endswith("*"), gap=gap)
        gap = False


def _stands(steps: tuple[_Step, ...], words: Sequence[str], start: int) -> bool:
    at, size = start, len(words)
    for step in steps:
        last = min(at + _WIDEST_GAP if step.gap else at, size - 1)
        while at <= last and not _fits(step, words[at]):
            at += 1
        if at > last:
            return False
        at += 1
    return not _refused(words, start)


def _fits(step: _Step, word: str) -> bool:
    if step.word == _ANY_NUMBER:
        return word.isdecimal()
    return word.startswith(step.word) if step.open else word == step.word


def _refused(words: Sequence[str], at: int) -> bool:
    before = words[max(0, at - _REFUSED_BEFORE) : at]
    return not _REFUSED.isdisjoint(before)
