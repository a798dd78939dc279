"""Reads what a provider's server takes: the tables `[dialect.<protocol>]` of a file.

It must not know any flag by name: names, types and words are those of the fields of
`Dialect`, so that a new flag is readable the day it exists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from proxy.catalogue.problems import kind_of
from proxy.model import Json, Protocol
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect

if TYPE_CHECKING:
    from proxy.catalogue.problems import TableReader

NO_DIALECTS: Final[Mapping[Protocol, Dialect]] = MappingProxyType({})
"""Every protocol is spoken as its vendor speaks it."""

_MOST = 1_000_000
_WARMEST = 2.0
_WORD = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_DEEPEST = 16  # tables inside tables; more is no setting of any server


def read_dialects(
    reader: TableReader,
    protocols: tuple[Protocol, ...] | None,
    base: Mapping[Protocol, Dialect],
    usual: Mapping[Protocol, Dialect] = VENDOR_DIALECTS,
) -> Mapping[Protocol, Dialect]:
    """Read the table `dialect` of a provider's table.

    Each flag that the file names takes the place of the one in `base`, which is the
    known provider's own, or else in `usual`. Whatever is wrong in one of the
    tables makes `reader` unsound. `protocols` are those the provider speaks, None
    where they could not be read.
    """
    if not reader.has("dialect"):
        return base
    table = reader.table("dialect")
    if table is None:
        return base
    found = dict(base)
    for protocol in Protocol:
        inner = table.table(protocol)
        if inner is None:
            continue
        found[protocol] = _read(inner, base.get(protocol, usual[protocol]))
        if protocols and protocol not in protocols:
            hint = "Add it to `protocols`, or take this table out."
            table.problem(protocol, "This protocol is not in `protocols`.", hint)
        table.sound &= inner.sound
    table.finish()
    reader.sound &= table.sound
    return MappingProxyType(found)


def _read(table: TableReader, base: Dialect) -> Dialect:
    named: dict[str, object] = {}
    for flag in fields(Dialect):
        value = _value(table, flag.name, getattr(base, flag.name))
        if value is not None:
            named[flag.name] = value
    table.finish()
    # The values have the types of the fields they were read for.
    return replace(base, **named)  # type: ignore[arg-type]


def _value(table: TableReader, name: str, old: object) -> object:
    """Return the flag `name`, of the kind of `old`; None where absent or wrong."""
    match old:
        case StrEnum():
            return table.word(name, type(old))
        case bool():
            return table.flag(name)
        case int():
            return table.number(name, 0, _MOST)
        case float():
            return _fraction(table, name)
        case str():
            return _word(table, name)
        case tuple():
            return table.plain_list(name)
        case _:
            return _json(table, name)


def _fraction(table: TableReader, name: str) -> float | None:
    value = table.raw(name)
    if value is None:
        return None
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= _WARMEST
    ):
        return float(value)
    hint = f"Write a number from 0 to {_WARMEST:g}, without quotes."
    table.problem(name, f"`{name}` is not such a number.", hint)
    return None


def _word(table: TableReader, name: str) -> str | None:
    """Read the name of a field or word of the protocol; '' where there is none."""
    value = table.raw(name)
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    if value is not None:
        hint = 'Write the word in quotes as the server knows it, "" where it has none.'
        said = "has characters that do not belong there"
        if not isinstance(value, str):
            said = f"must be text, not {kind_of(value)}"
        table.problem(name, f"`{name}` {said}.", hint)
    return None


def _json(table: TableReader, name: str) -> Mapping[str, Json] | None:
    """Read a table that goes into each request as it stands."""
    value = table.raw(name)
    if value is None:
        return None
    if isinstance(value, Mapping) and _is_json(value, _DEEPEST):
        return dict(value)
    hint = "Write a table of texts, numbers, true, false, lists and tables."
    table.problem(name, f"`{name}` holds what cannot be sent as JSON.", hint)
    return None


def _is_json(value: object, depth: int) -> bool:
    match value:
        case str() | bool() | int():
            return True
        case float():
            return math.isfinite(value)
        case list():
            return depth > 0 and all(_is_json(item, depth - 1) for item in value)
        case Mapping():
            inside = value.values()
            return depth > 0 and all(_is_json(item, depth - 1) for item in inside)
        case _:
            return False
