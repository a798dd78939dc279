"""Writes YAML keys and values; pure. It must not decide where they go."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from wizard.formats.terms import Json, Refused

# A double-quoted scalar of YAML is JSON's, but for what YAML calls not printable.
_UNPRINTABLE = re.compile(
    "[^\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    "\U00010000-\U0010ffff]"
)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Look:
    """How a file indents: mappings by `unit`, the dash of a list by `dash` blanks."""

    unit: int = 2
    dash: int = 2


def key(name: str) -> str:
    """Return a key, quoted where a reader could take it for something else."""
    if _PLAIN_KEY.fullmatch(name) and name.lower() not in _WORDS:
        return name
    return _string(name)


def flow(value: Json) -> str:
    """Return a value on one line; texts are always quoted."""
    match value:
        case str():
            return _string(value)
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case dict():
            members = (f"{_string(name)}: {flow(one)}" for name, one in value.items())
            return "{" + ", ".join(members) + "}"
        case float():
            return _float(value)
        case _:
            return json.dumps(value)


def member(name: str, value: Json, column: int, look: Look) -> list[str]:
    """Return the lines of one key with its value, at `column`."""
    head = " " * column + key(name) + ":"
    if not isinstance(value, dict | list) or not value:
        return [f"{head} {flow(value)}"]
    return [head, *below(value, column, look)]


def below(value: dict[str, Json] | list[Json], column: int, look: Look) -> list[str]:
    """Return the lines of a mapping or list that is the value of a key at `column`."""
    lines: list[str] = []
    if isinstance(value, list):
        for one in value:
            lines += element(one, column + look.dash, look)
        return lines
    for name, one in value.items():
        lines += member(name, one, column + look.unit, look)
    return lines


def element(value: Json, column: int, look: Look) -> list[str]:
    """Return the lines of one element of a list whose dashes are at `column`."""
    head = " " * column + "- "
    if not isinstance(value, dict) or not value:
        return [head + flow(value)]
    lines: list[str] = []
    for name, one in value.items():
        lines += member(name, one, column + 2, look)
    return [head + lines[0][column + 2 :], *lines[1:]]


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(_escaped, quoted)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        raise Refused("our value cannot be written as UTF-8")
    return f"\\u{code:04x}"


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")
