"""Writes TOML keys and values; pure. It must not decide where they go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from wizard.formats.terms import Json, Refused

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"[^'\x00-\x1f\x7f]*")


def key(name: str) -> str:
    """Return a key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else _basic(name)


def dotted(path: Sequence[str]) -> str:
    """Return the name of a table."""
    return ".".join(map(key, path))


def value(value: Json) -> str:
    """Return a value on one line. Raises `Refused` for null, which TOML lacks."""
    match value:
        case None:
            raise Refused("TOML has no null")
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
        case dict():
            return _inline(value)
        case _:
            return repr(value)


_value = value


def _inline(table: Mapping[str, Json]) -> str:
    if not table:
        return "{}"
    members = (f"{key(name)} = {_value(below)}" for name, below in table.items())
    return "{ " + ", ".join(members) + " }"


def _string(text: str) -> str:
    # A Windows path stays readable.
    if "\\" in text and _LITERAL.fullmatch(text):
        return f"'{text}'"
    return _basic(text)


def _basic(text: str) -> str:
    # JSON's escapes are TOML's, but JSON may leave a DEL raw.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
