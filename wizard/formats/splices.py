"""Splices: what a text loses and gets at single places, and the way back; pure.

Whatever lies outside a splice stays by construction. It must not know any format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from wizard.formats.terms import Broken

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_PART = re.compile(r"[^,\[\]{}]*[,\[\]{}]|[^,\[\]{}]+")
_WORD = re.compile(r"\w+|[ \t]+|\r?\n|.", re.DOTALL)
_LEVELS = (_LINE, _PART, _WORD)
# Ours differ in some places. Beyond that the middle is taken as one change, because
# the search for the least one grows with the number of changes.
_MOST_STEPS = 300
_FINE = 20_000


@dataclass(frozen=True, slots=True)
class Splice:
    """The characters from `start` up to `end` give way to `text`."""

    start: int
    end: int
    text: str = field(repr=False)


def applied(text: str, splices: Iterable[Splice]) -> str:
    """Return `text` with the splices done; their places are those of `text`.

    Raises `Broken` where they overlap, are out of order or lie outside the text.
    """
    parts: list[str] = []
    done = 0
    for splice in splices:
        if not done <= splice.start <= splice.end <= len(text):
            raise Broken("the places of the change do not fit the text")
        parts += [text[done : splice.start], splice.text]
        done = splice.end
    parts.append(text[done:])
    return "".join(parts)


def inverse(text: str, splices: Iterable[Splice]) -> tuple[Splice, ...]:
    """Return what makes `text` again of the text that the splices made of it."""
    back: list[Splice] = []
    shift = 0
    for splice in splices:
        start = splice.start + shift
        old = text[splice.start : splice.end]
        back.append(Splice(start, start + len(splice.text), old))
        shift += len(splice.text) - len(old)
    return tuple(back)


def splices(before: str, after: str) -> tuple[Splice, ...]:
    """Return the splices that make `after` of `before`, as small as is found quickly.

    Lines are compared first, within those that differ what stands between commas and
    brackets, then words.
    """
    found = [Splice(0, len(before), after)] if before != after else []
    for level in _LEVELS:
        found = [part for one in found for part in _finer(before, one, level)]
    return tuple(found)


def _finer(before: str, whole: Splice, level: re.Pattern[str]) -> Iterator[Splice]:
    """One splice as several smaller ones, by pieces of a level."""
    old, new = before[whole.start : whole.end], whole.text
    if not old or not new or (level is _WORD and max(len(old), len(new)) > _FINE):
        yield whole
        return
    for part in _between(level.findall(old), level.findall(new)):
        yield Splice(whole.start + part.start, whole.start + part.end, part.text)


def _ends(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How much the two have in common at the beginning and, beyond it, at the end."""
    head = _shared(old, new, min(len(old), len(new)))
    tail = _shared(old[::-1], new[::-1], min(len(old), len(new)) - head)
    return head, tail


def _shared(old: Sequence[object], new: Sequence[object], most: int) -> int:
    """The length of the common beginning, by bisection: slices compare quickly."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _between(old: list[str], new: list[str]) -> Iterator[Splice]:
    """The splices between two lists of pieces of text."""
    head, tail = _ends(old, new)
    offsets = [0, *accumulate(map(len, old))]
    last_old, last_new = head, head
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    kept = _kept(inner_old, inner_new)
    for a, b in [*kept, (len(inner_old), len(inner_new))]:
        a, b = a + head, b + head  # noqa: PLW2901 - places in the whole lists
        if (last_old, last_new) != (a, b):
            fresh = "".join(new[last_new:b])
            yield Splice(offsets[last_old], offsets[a], fresh)
        last_old, last_new = a + 1, b + 1


def _kept(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """The pairs of places that stay, on a shortest way from `old` to `new`.

    Myers' greedy search ("An O(ND) Difference Algorithm", 1986); nothing is kept if
    the way has too many steps.
    """
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for steps in range(min(_MOST_STEPS, len(old) + len(new)) + 1):
        trail.append(dict(reach))
        for k in range(-steps, steps + 1, 2):
            x = _start(reach, k, steps)
            y = x - k
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= len(old) and y >= len(new):
                return _walked_back(trail, len(old), len(new))
    return []


def _start(reach: dict[int, int], k: int, steps: int) -> int:
    """Where diagonal `k` begins in this step: one down, or one to the right."""
    down = k == -steps or (k != steps and reach[k - 1] < reach[k + 1])
    return reach[k + 1] if down else reach[k - 1] + 1


def _walked_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """The pairs on the way that ended at `x`, `y`, in order."""
    pairs: list[tuple[int, int]] = []
    for steps in range(len(trail) - 1, -1, -1):
        start = _start(trail[steps], x - y, steps)
        k = x - y
        while x > max(start, 0) and y > max(start - k, 0):
            x, y = x - 1, y - 1
            pairs.append((x, y))
        down = k == -steps or (k != steps and trail[steps][k - 1] < trail[steps][k + 1])
        x, y = (start, start - k - 1) if down else (start - 1, start - k)
    pairs.reverse()
    return pairs
