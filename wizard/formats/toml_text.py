"""Reads TOML and finds where its statements stand; pure.

The standard library is the one judge of the grammar; the places are found by passing
over the statements of a text that it has read. It must not change anything.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Final, cast

from wizard.formats.terms import Broken, Json
from wizard.formats.text import refuse_long
from wizard.formats.values import checked_depth

_STRING: Final = (
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}|'
    r"'''(?:[^']++|'(?!''))*+'{3,5}|"
    r'"(?:[^"\\\r\n]++|\\.)*+"|'
    r"'[^'\r\n]*+'"
)
_GAP: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BLANKS: Final = re.compile(r"[ \t]*+")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]++|"(?:[^"\\\r\n]++|\\.)*+"|'[^'\r\n]*+'""")
_FLAT: Final = re.compile(rf"(?:[^\"'#\[\]{{}}]++|{_STRING}|#[^\n]*+)*+", re.DOTALL)
_WHOLE: Final = re.compile(_STRING, re.DOTALL)
_PLAIN: Final = re.compile(r"[^#\r\n]*+")
_PLACE: Final = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A header or a key with its value: what it is about and where it stands.

    `path` counts from the root. `value` is where the value begins; for a header it is
    `end`. `array` marks the header of a list's element.
    """

    path: tuple[str, ...]
    table: tuple[str, ...]
    start: int
    value: int
    end: int
    header: bool = False
    array: bool = False


def read(text: str) -> Json:
    """Return what the text holds. Raises `Broken` with the line."""
    refuse_long(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Broken("it is not valid TOML", _line(text, str(error))) from None
    except RecursionError:
        raise Broken("lists and tables are nested too deep") from None
    except ValueError:
        raise Broken("a number or a date is none that TOML knows") from None
    checked_depth(data)
    return cast("Json", data)


def statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of a text that `read` has taken, in order."""
    found: list[Statement] = []
    table: tuple[str, ...] = ()
    at = _match_end(_GAP, text, 0)
    while at < len(text):
        if text[at] == "[":
            statement = _header(text, at)
            table = statement.path
        else:
            statement = _key(text, at, table)
        found.append(statement)
        at = _match_end(_GAP, text, statement.end)
    return tuple(found)


def _header(text: str, at: int) -> Statement:
    array = text.startswith("[[", at)
    path, end = _path(text, at + (2 if array else 1))
    end += 2 if array else 1
    return Statement(path, path, at, end, end, header=True, array=array)


def _key(text: str, at: int, table: tuple[str, ...]) -> Statement:
    path, end = _path(text, at)
    value = _match_end(_BLANKS, text, end + 1)
    return Statement((*table, *path), table, at, value, _value_end(text, value))


def _path(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """The names of a dotted key and where it ends, blanks behind it passed."""
    names: list[str] = []
    while True:
        at = _match_end(_BLANKS, text, at)
        end = _match_end(_KEY, text, at)
        names.append(_name(text[at:end]))
        at = _match_end(_BLANKS, text, end)
        if text[at : at + 1] != ".":
            return tuple(names), at
        at += 1


def _name(raw: str) -> str:
    if raw[:1] == "'":
        return raw[1:-1]
    if raw[:1] != '"':
        return raw
    # TOML's one escape that JSON lacks, and one that JSON writes in halves.
    return str(tomllib.loads(f"name = {raw}")["name"])


def _value_end(text: str, at: int) -> int:
    if text[at] in "\"'":
        return _match_end(_WHOLE, text, at)
    if text[at] not in "[{":
        end = _match_end(_PLAIN, text, at)
        return at + len(text[at:end].rstrip(" \t"))
    depth = 0
    while True:
        depth += 1 if text[at] in "[{" else -1
        at += 1
        if depth == 0:
            return at
        at = _match_end(_FLAT, text, at)


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _line(text: str, message: str) -> int:
    place = _PLACE.search(message)
    return int(place[1]) if place else text.count("\n") + 1
