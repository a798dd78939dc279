"""Checks a call's arguments as they stream, so that what is sent ends as an object.

Nothing that was sent can be taken back. So a piece goes out only as far as it is the
beginning of a JSON object (RFC 8259), which for whole JSON means: at once, but for an
unfinished number, word or escape. Text that breaks off or breaks the grammar is closed
in a way that cannot be taken for a call the model made: every member sent so far is
said again as null, since the last of two equal names counts, and `input` holds all the
model wrote. A client that checks its arguments then refuses the call instead of
running half of a command.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from proxy.wire.fields import json_text

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_ESCAPE_BEGUN: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_WORD: Final = re.compile(r"[-+.0-9a-zA-Z]+")
_SCALAR: Final = re.compile(
    r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
)
_DEEPEST: Final = 200
"""Objects and lists within each other; decoders give up somewhere behind this."""
_LONGEST_WORD: Final = 400
"""Characters of a number; what is held back stays small."""


class _Next(Enum):
    """What may come now."""

    OBJECT = auto()
    FIRST_KEY = auto()
    KEY = auto()
    COLON = auto()
    FIRST_VALUE = auto()
    VALUE = auto()
    COMMA = auto()
    IN_KEY = auto()
    IN_STRING = auto()
    NOTHING = auto()


_STRINGS: Final = (_Next.IN_KEY, _Next.IN_STRING)
_KEYS: Final = (_Next.FIRST_KEY, _Next.KEY)
_VALUES: Final = (_Next.FIRST_VALUE, _Next.VALUE)


class CallArguments:
    """The arguments of one call while they come in."""

    __slots__ = ("_all", "_broken", "_held", "_key", "_keys", "_nested", "_next")

    def __init__(self) -> None:
        """Start before the first piece."""
        self._all: list[str] = []
        self._held = ""
        self._next = _Next.OBJECT
        self._nested: list[str] = []
        self._keys: list[str] = []
        self._key: list[str] = []
        self._broken = False

    def feed(self, piece: str) -> str:
        """Return what may be sent now, '' for nothing."""
        self._all.append(piece)
        if self._broken:
            return ""
        if (
            self._next is _Next.IN_STRING
            and not self._held
            and _PLAIN.fullmatch(piece) is not None
        ):
            return piece
        text, at = self._held + piece, 0
        while at < len(text):
            to = self._step(text, at)
            if to is None:
                break
            at = to
        self._held = text[at:]
        return text[:at] if self._next is not _Next.OBJECT else ""

    def finish(self) -> tuple[str, bool]:
        """Return what must still be sent, and whether the arguments were broken."""
        raw = "".join(self._all)
        if self._next is _Next.NOTHING:
            # The object is whole; what follows it was left out.
            return "", self._broken
        if not raw.strip():
            return "", False
        if self._next is _Next.OBJECT:
            return f'{{"input":{json_text(raw)}}}', True
        inner = self._close_inner()
        empty = len(self._nested) == 1 and self._next in _KEYS
        members = [f"{key}:null" for key in dict.fromkeys(self._keys)]
        members.append(f'"input":{json_text(raw)}')
        return f"{inner}{'' if empty else ','}{','.join(members)}}}", True

    def _close_inner(self) -> str:
        """Return what ends the open string and all but the outermost object."""
        end = '"' if self._next in _STRINGS else ""
        if self._next in {_Next.IN_KEY, _Next.COLON}:
            end += ":null"
        elif self._next is _Next.VALUE:
            end += "null"
        elif self._next is _Next.KEY and len(self._nested) > 1:
            end += '"":null'
        closing = {"{": "}", "[": "]"}
        return end + "".join(closing[each] for each in reversed(self._nested[1:]))

    def _step(self, text: str, at: int) -> int | None:
        """Read on from `at`; None where nothing more of it may be sent yet."""
        if self._next in _STRINGS:
            return self._string(text, at)
        match = _BLANK.match(text, at)
        start = match.end() if match else at
        if start == len(text):
            return start
        char = text[start]
        if self._next in _KEYS and char == '"':
            self._next = _Next.IN_KEY
            self._key = ['"']
            return start + 1
        if self._next in _VALUES and (char != "]" or self._next is _Next.VALUE):
            return self._value(text, start)
        return self._mark(char, start)

    def _string(self, text: str, at: int) -> int | None:
        match = _PLAIN.match(text, at)
        end = match.end() if match else at
        if end == at and text[at] == "\\":
            escape = _ESCAPE.match(text, at)
            if escape is None:
                self._broken = _ESCAPE_BEGUN.match(text, at) is None
                return None
            end = escape.end()
        elif end == at:
            if text[at] != '"':
                return self._break()
            end = at + 1
        if self._next is _Next.IN_KEY:
            self._key.append(text[at:end])
        if text[at] == '"':
            self._end_string()
        return end

    def _end_string(self) -> None:
        if self._next is _Next.IN_STRING:
            self._next = _Next.COMMA
            return
        self._next = _Next.COLON
        if len(self._nested) == 1:
            self._keys.append("".join(self._key))

    def _value(self, text: str, at: int) -> int | None:
        char = text[at]
        if char == '"':
            self._next = _Next.IN_STRING
            return at + 1
        if char in "{[":
            return self._open(char, at)
        word = _WORD.match(text, at)
        if word is None:
            return self._break()
        if word.end() - at > _LONGEST_WORD:
            return self._break()
        if word.end() == len(text):
            return None
        if _SCALAR.fullmatch(word[0]) is None:
            return self._break()
        self._next = _Next.COMMA
        return word.end()

    def _open(self, char: str, at: int) -> int | None:
        if len(self._nested) == _DEEPEST:
            return self._break()
        self._nested.append(char)
        self._next = _Next.FIRST_KEY if char == "{" else _Next.FIRST_VALUE
        return at + 1

    def _mark(self, char: str, at: int) -> int | None:
        inside = self._nested[-1] if self._nested else ""
        if self._next is _Next.OBJECT and char == "{":
            return self._open(char, at)
        if self._next is _Next.COLON and char == ":":
            self._next = _Next.VALUE
        elif self._next is _Next.COMMA and char == ",":
            self._next = _Next.KEY if inside == "{" else _Next.VALUE
        elif self._closes(char, inside):
            self._nested.pop()
            self._next = _Next.COMMA if self._nested else _Next.NOTHING
        else:
            return self._break()
        return at + 1

    def _closes(self, char: str, inside: str) -> bool:
        if self._next is _Next.COMMA:
            return (inside, char) in {("{", "}"), ("[", "]")}
        if self._next is _Next.FIRST_KEY:
            return char == "}"
        return self._next is _Next.FIRST_VALUE and char == "]"

    def _break(self) -> int | None:
        self._broken = True
        return None
