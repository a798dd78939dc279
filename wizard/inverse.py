"""The way back from a text to an older one: what was replaced, and nothing else; pure.

It must not keep more of the old text than what the new one lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from wizard.records import Splice

_TOKEN: Final = re.compile(r"\w+|\s+|.", re.DOTALL)
# Beyond this, one span stands for all that lies between the first and last change.
_MOST_TOKENS: Final = 4000


def splices(after: str, before: str) -> tuple[Splice, ...]:
    """Return what makes `before` of `after`, in order and without overlap."""
    found: list[Splice] = []
    new, old = after.splitlines(keepends=True), before.splitlines(keepends=True)
    for start, end, first, last in _changes(new, old):
        offset = _length(new[:start])
        found += _within("".join(new[start:end]), "".join(old[first:last]), offset)
    return tuple(found)


def spliced(after: str, inverse: Sequence[Splice]) -> str:
    """Return the text that the splices make of `after`.

    Splices that do not fit give some other text: compare its digest.
    """
    parts, place = [], 0
    for each in inverse:
        parts += [after[place : each.start], each.old]
        place = each.end
    return "".join((*parts, after[place:]))


def _within(after: str, before: str, offset: int) -> Iterator[Splice]:
    """Yield the splices of one block of lines, as small as tokens allow."""
    new, old = _TOKEN.findall(after), _TOKEN.findall(before)
    if len(new) + len(old) > _MOST_TOKENS:
        head = _shared(after, before)
        tail = _shared(after[head:][::-1], before[head:][::-1])
        old_part = before[head : len(before) - tail]
        yield Splice(offset + head, offset + len(after) - tail, old_part)
        return
    for start, end, first, last in _changes(new, old):
        place = offset + _length(new[:start])
        length = _length(new[start:end])
        yield Splice(place, place + length, "".join(old[first:last]))


def _changes(
    new: Sequence[str], old: Sequence[str]
) -> Iterator[tuple[int, int, int, int]]:
    matcher = SequenceMatcher(None, new, old, autojunk=len(new) > _MOST_TOKENS)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            yield start, end, first, last


def _length(parts: Sequence[str]) -> int:
    return sum(map(len, parts))


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    most = min(len(one), len(other))
    return next((at for at in range(most) if one[at] != other[at]), most)
