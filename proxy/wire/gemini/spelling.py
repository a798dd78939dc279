"""Reads Gemini's field names in both spellings the API takes; no meaning, no I/O.

JSON of protocol buffers may spell a field `camelCase` or `snake_case`; inside, and
in everything written, it is `camelCase`. Only names of the protocol's own objects are
touched: what a tool or a schema names stays as it is.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.model import Json, JsonObject
from proxy.wire.fields import Fields, WireError

_SNAKE: Final = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")


def camel(name: str) -> str:
    """Return a field's name as `camelCase`."""
    if "_" not in name:
        return name
    return _SNAKE.sub(lambda found: found[1].upper(), name)


def own(fields: Fields) -> Fields:
    """Return an object of the protocol with its names in `camelCase`."""
    if not any("_" in name for name in fields.raw):
        return fields
    raw = {camel(name): value for name, value in fields.raw.items()}
    return Fields(raw, fields.where)


def inner(fields: Fields, key: str) -> Fields | None:
    """Return an object field of the protocol, to be read further."""
    found = fields.object(key)
    return None if found is None else own(found)


def inners(fields: Fields, key: str) -> tuple[Fields, ...]:
    """Return a list of the protocol's objects; a single object counts as a list."""
    if isinstance(fields.raw.get(key), dict):
        return (own(fields.need_object(key)),)
    return tuple(own(each) for each in fields.objects(key) or ())


def whole(fields: Fields, key: str) -> int | None:
    """Return a whole number, also where it is spelt `64.0` or `"64"`."""
    value = fields.any(key)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:12])
    if isinstance(value, float):
        return round(value) if abs(value) < 1e12 else None
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise WireError(f"{fields.path(key)} must be a whole number.")


def merged(told: dict[str, Json], kept: JsonObject) -> dict[str, Json]:
    """Return what is told with what was kept unread beside it, two levels deep."""
    found: dict[str, Json] = dict(told)
    for name, value in kept.items():
        mine = found.get(name)
        if mine is None:
            found[name] = value
        elif isinstance(mine, dict) and isinstance(value, dict):
            found[name] = merged(mine, value)
    return found
