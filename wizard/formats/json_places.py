"""Finds where the members of one JSON object or list stand in a text; pure.

The text is known to be good (`json_text.read`). It must not read values: nested ones
are passed over whole, so a big file costs little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from wizard.formats.json_text import BLANKS, COMMENT, STRING, unquoted
from wizard.formats.terms import Item, Refused
from wizard.formats.text import line_at

_GAPS: Final = rf"(?:[{BLANKS}]++|{COMMENT})*+"
_GAP: Final = re.compile(_GAPS, re.DOTALL)
_STRING: Final = re.compile(STRING, re.DOTALL)
_WORD: Final = rf"[^{BLANKS}{{}}\[\]:,\"'/]++"
_BARE: Final = re.compile(_WORD)
_KEY: Final = re.compile(rf"({STRING}|{_WORD}){_GAPS}:{_GAPS}", re.DOTALL)
_BEHIND: Final = re.compile(rf"{_GAPS}(,?){_GAPS}", re.DOTALL)
_FLAT: Final = re.compile(rf"(?:[^\"'/{{}}\[\]]++|{STRING}|{COMMENT})*+", re.DOTALL)


class Member(NamedTuple):
    """One member: its beginning (the key's, in an object), its value, its comma."""

    key: str
    start: int
    value: int
    end: int
    comma: int | None


@dataclass(frozen=True, slots=True)
class Block:
    """An object or a list: the places of its brackets, and its members in order."""

    start: int
    end: int
    members: tuple[Member, ...]

    @property
    def inner(self) -> tuple[int, int]:
        """The places between the brackets."""
        return self.start + 1, self.end - 1


def root(text: str) -> int | None:
    """Return where the document's value begins, None where there is none."""
    at = gap_end(text, 0)
    return at if at < len(text) else None


def gap_end(text: str, at: int) -> int:
    """Return where blanks and comments end that begin at `at`."""
    match = _GAP.match(text, at)
    return match.end() if match else at


def value_end(text: str, at: int) -> int:
    """Return where the value ends that begins at `at`."""
    if text[at] not in "[{":
        return _token_end(text, at)
    depth = 0
    while True:
        depth += 1 if text[at] in "[{" else -1
        if depth == 0:
            return at + 1
        match = _FLAT.match(text, at + 1)
        at = match.end() if match else at + 1


def block_at(text: str, start: int) -> Block:
    """Return the object or list whose bracket stands at `start`."""
    keyed = text[start] == "{"
    members: list[Member] = []
    at = gap_end(text, start + 1)
    while text[at] not in "]}":
        begin, key = at, ""
        head = _KEY.match(text, at) if keyed else None
        if head:
            key, at = unquoted(head[1]), head.end()
        end = value_end(text, at)
        comma, behind = _behind(text, end)
        members.append(Member(key, begin, at, end, comma))
        at = behind
    return Block(start, at + 1, tuple(members))


def _behind(text: str, at: int) -> tuple[int | None, int]:
    """Where the comma behind a value is, and where the next member or bracket."""
    match = _BEHIND.match(text, at)
    comma = match.start(1) if match and match[1] else None
    return comma, (match.end() if match else at)


def member_of(text: str, block: Block, step: str | Item, at: int | None) -> int | None:
    """Return which member a step of a path means; `at` is an element's known place.

    Raises `Refused` where the key stands in the object twice.
    """
    if isinstance(step, Item):
        return at
    places = [n for n, member in enumerate(block.members) if member.key == step]
    if len(places) > 1:
        line = line_at(text, block.members[places[1]].start)
        raise Refused("a key on the way to ours stands there twice", line)
    return places[0] if places else None


def _token_end(text: str, at: int) -> int:
    match = (_STRING if text[at] in "\"'" else _BARE).match(text, at)
    return match.end() if match else at + 1
