"""Reads and edits files of `NAME=value` lines; pure.

Readers of such files differ, so only what they agree on is written. It must not touch
a name that stands there twice: some readers take the first, most the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from wizard.formats.splices import Splice
from wizard.formats.terms import Absent, Broken, Edit, Json, KeyPath, Refused
from wizard.formats.text import line_at, line_end, refuse_long

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_HEAD: Final = re.compile(
    r"[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)"
    r"[ \t]*(?P<mark>=|:(?=[ \t]))[ \t]*"
)
_QUOTED: Final = {
    '"': re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]++|\\.)*+)'", re.DOTALL),
    "`": re.compile(r"`((?:[^`\\]++|\\.)*+)`", re.DOTALL),
}
_REST: Final = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r|\n|\Z)")
_BARE_END: Final = re.compile(r"[ \t]+#|[ \t]*(?=\r|\n|\Z)")
_SAFE: Final = re.compile(r"[A-Za-z0-9_./:@%+,~=?&-]+")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Line:
    """One name with its value: where the line, the value and its text stand."""

    name: str
    value: str = field(repr=False)
    start: int
    value_start: int
    value_end: int
    colon: bool


def read(text: str) -> Json:
    """Return the names and their values, of two the last.

    Lines of no such form are passed over, as their readers do. Raises `Broken` where a
    quote is not closed.
    """
    refuse_long(text)
    return {line.name: line.value for line in lines(text)}


def lines(text: str) -> tuple[Line, ...]:
    """Return all lines that set a name, in order. Raises `Broken`."""
    found: list[Line] = []
    at = 0
    while at < len(text):
        head = _HEAD.match(text, at)
        if head:
            line = _line(text, at, head)
            found.append(line)
            at = line.value_end
        at = _next_line(text, at)
    return tuple(found)


def splices_for(text: str, edit: Edit, _data: Json) -> list[Splice]:
    """Return what sets or takes away one name.

    Raises `Refused` for a name that stands there twice, and for what is no text.
    """
    name = _name(edit.path)
    there = [line for line in lines(text) if line.name == name]
    if len(there) > 1:
        numbers = ", ".join(str(line_at(text, line.start)) for line in there)
        line = line_at(text, there[1].start)
        raise Refused(f"our name is set more than once, in lines {numbers}", line)
    if there and there[0].colon:
        raise Refused(
            "our name is set with a colon, which not every reader takes",
            line_at(text, there[0].start),
        )
    if isinstance(edit.value, Absent):
        return [_without(text, there[0])] if there else []
    if not there:
        return [_appended(text, f"{name}={_written(edit.value)}")]
    if there[0].value == edit.value:
        return []
    return [Splice(there[0].value_start, there[0].value_end, _written(edit.value))]


def _line(text: str, at: int, head: re.Match[str]) -> Line:
    start = head.end()
    colon = head["mark"] == ":"
    quote = text[start : start + 1]
    if quote in _QUOTED:
        match = _QUOTED[quote].match(text, start)
        if match and _REST.match(text, match.end()):
            value = _meant(match[1], quote)
            return Line(head["name"], value, at, start, match.end(), colon)
        if not match or "\n" in match[0]:
            raise Broken("a quote is not closed", line_at(text, start))
    if quote == "#":
        # The blanks before a comment are its own: there is no value.
        start = head.end("mark")
    end = _bare_end(text, start)
    return Line(head["name"], text[start:end], at, start, end, colon)


def _bare_end(text: str, at: int) -> int:
    match = _BARE_END.search(text, at)
    return match.start() if match else len(text)


def _meant(inner: str, quote: str) -> str:
    if quote == '"':
        return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), inner)
    return inner


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _name(path: KeyPath) -> str:
    name = path[0] if len(path) == 1 else ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("a file of names and values has no such key")
    return name


def _written(value: Json) -> str:
    if not isinstance(value, str):
        raise Refused("a file of names and values holds text only")
    if _SAFE.fullmatch(value):
        return value
    inner = re.sub(r'([\\"$`])', r"\\\1", value)
    return '"' + inner.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _appended(text: str, line: str) -> Splice:
    """Behind the last line; a file without a last line end gets none."""
    if not text or text.endswith("\n"):
        return Splice(len(text), len(text), line + line_end(text))
    return Splice(len(text), len(text), line_end(text) + line)


def _without(text: str, line: Line) -> Splice:
    """The whole line; a comment behind the value stays."""
    end = _next_line(text, line.value_end)
    rest = text[line.value_end : end]
    if rest.strip():
        blanks = len(rest) - len(rest.lstrip(" \t"))
        return Splice(line.start, line.value_end + blanks, "")
    start = line.start
    if not rest.endswith("\n") and text.endswith("\n", 0, start):
        start -= 2 if text.endswith("\r\n", 0, start) else 1
    return Splice(start, end, "")
