"""Reads a document of any format and sets single keys in it; pure.

It must not hand out a text that it has not read again and found as it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from wizard.formats import json_edit
from wizard.formats.json_text import DIALECTS, read
from wizard.formats.lines import with_line
from wizard.formats.splices import Splice, applied
from wizard.formats.terms import (
    Absent,
    Broken,
    Edit,
    Format,
    Json,
    KeyPath,
    Refused,
)
from wizard.formats.values import found, leaves, over_null, same, with_value


def parsed(fmt: Format, text: str) -> Json:
    """Return all that a document holds; a blank one is an empty object.

    Dates of TOML and YAML stay what Python's readers make of them. Raises `Broken`.
    """
    return read(text, DIALECTS[fmt])


def value_at(fmt: Format, text: str, path: KeyPath) -> Json | Absent:
    """Return the value at `path`, ABSENT where there is none. Raises `Broken`."""
    return found(parsed(fmt, text), path)


def with_edits(fmt: Format, text: str, edits: Sequence[Edit]) -> str:
    """Return the text with every edit done, in order; every other byte stays.

    What is so already changes nothing. Raises `Broken` where the text is not of its
    format, `Refused` where a key cannot be set without touching what is not ours.
    """
    data = parsed(fmt, text)
    new = text
    for edit in edits:
        for leaf in _steps(edit, data):
            new = applied(new, _splices(fmt, new, leaf, data))
            data = with_value(data, leaf.path, leaf.value)
    if new != text:
        _check(fmt, new, data)
    return new


def _steps(edit: Edit, data: Json) -> list[Edit]:
    if edit.line:
        value = with_line(edit, found(data, edit.path))
        edit = Edit(edit.path, value)
    return list(leaves(over_null(edit, data), data))


def _splices(fmt: Format, text: str, edit: Edit, data: Json) -> list[Splice]:
    return json_edit.splices_for(text, edit, data)


def _check(fmt: Format, text: str, wanted: Json) -> None:
    try:
        there = parsed(fmt, text)
    except Broken:
        raise Refused("the key cannot be set without breaking the file") from None
    if not same(there, wanted):
        raise Refused("the key cannot be set without changing another")
