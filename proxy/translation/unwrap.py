"""Turns the streamed arguments of a wrapped tool back into free text; no I/O.

A tool called with free text travels as a function with the one string `input`. Its
text comes out as it arrives, wherever the JSON is cut.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_HEAD: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_PLAIN: Final = re.compile(r'[^"\\]+')
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNIT: Final = re.compile(r"\\u[0-9a-fA-F]{4}\Z")
_HEAD_SHAPE: Final = '{"input":"'


def wrap(text: str) -> str:
    """Return the arguments that carry a free text."""
    return msgspec.json.encode({"input": text}).decode()


class Unwrapper:
    """Reads `{"input": "..."}` piece by piece.

    A model that did not wrap its text gets it through as it is; other JSON waits for
    its end, where one string in it is taken for the text.
    """

    __slots__ = ("_escape", "_high", "_mode", "_seen")

    def __init__(self) -> None:
        """Start before the first piece."""
        self._mode = "head"
        self._seen: list[str] = []
        self._escape = ""
        self._high: int | None = None

    def feed(self, piece: str) -> str:
        """Return the free text that this piece adds."""
        if self._mode == "text":
            return self._text(piece)
        if self._mode == "raw":
            return piece
        if self._mode == "over":
            return ""
        self._seen.append(piece)
        return self._head() if self._mode == "head" else ""

    def finish(self) -> str:
        """Return what is left once the last piece has come."""
        if self._mode == "text":
            rest = self._lone() + self._escape
            self._mode, self._escape = "over", ""
            return rest
        waiting = self._mode in {"head", "whole"}
        self._mode = "over"
        return _whole("".join(self._seen)) if waiting else ""

    def _head(self) -> str:
        seen = "".join(self._seen)
        found = _HEAD.match(seen)
        if found is not None:
            self._mode, self._seen = "text", []
            return self._text(seen[found.end() :])
        bare = "".join(seen.split())
        if _HEAD_SHAPE.startswith(bare):
            return ""
        if bare.startswith("{"):
            self._mode = "whole"
            return ""
        self._mode, self._seen = "raw", []
        return seen

    def _text(self, piece: str) -> str:
        out: list[str] = []
        at, size = 0, len(piece)
        while at < size and self._mode == "text":
            if self._escape:
                self._escape += piece[at]
                at += 1
                out.append(self._escaped())
            elif piece[at] == "\\":
                self._escape = "\\"
                at += 1
            elif piece[at] == '"':
                self._mode = "over"
                out.append(self._lone())
            else:
                plain = _PLAIN.match(piece, at)
                end = size if plain is None else plain.end()
                out.append(self._lone() + piece[at:end])
                at = end
        return "".join(out)

    def _escaped(self) -> str:
        """Return what a backslash and what follows it mean, '' while incomplete."""
        escape = self._escape
        if escape[1] != "u":
            self._escape = ""
            return self._lone() + _ESCAPES.get(escape[1], _other(escape[1]))
        if len(escape) < 6:
            return ""
        self._escape = ""
        if _UNIT.match(escape) is None:
            return self._lone() + escape
        return self._unit(int(f"0x{escape[2:]}", 0))

    def _unit(self, unit: int) -> str:
        """Join halves of a surrogate pair; a half alone becomes U+FFFD."""
        if 0xD800 <= unit < 0xDC00:
            before, self._high = self._lone(), unit
            return before
        if 0xDC00 <= unit < 0xE000:
            high, self._high = self._high, None
            if high is None:
                return "\ufffd"
            return chr(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00))
        return self._lone() + chr(unit)

    def _lone(self) -> str:
        high, self._high = self._high, None
        return "" if high is None else "\ufffd"


def _other(letter: str) -> str:
    """What an escape stands for that only its letter can tell."""
    return letter if letter in '"\\/' else f"\\{letter}"


def _whole(text: str) -> str:
    """The free text in arguments that were no plain wrap; as it came otherwise."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    if not value:
        return ""
    one = value.get("input", next(iter(value.values())) if len(value) == 1 else None)
    return one if isinstance(one, str) else text
