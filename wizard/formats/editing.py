"""Reads a document of any format and sets single keys in it; pure.

It must not hand out a text that it has not read again and found as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence

from wizard.formats import (
    dotenv,
    json_edit,
    json_text,
    toml_edit,
    toml_text,
    yaml_edit,
    yaml_text,
)
from wizard.formats.lines import with_line
from wizard.formats.splices import Splice, applied
from wizard.formats.terms import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Refused,
)
from wizard.formats.values import (
    carrying_name,
    found,
    leaves,
    over_null,
    same,
    with_value,
    without_empty,
)


def parsed(fmt: Format, text: str) -> Json:
    """Return all that a document holds; a blank one is an empty object.

    A plain text is one value. Dates of TOML and YAML stay what Python's readers make
    of them. Raises `Broken`.
    """
    match fmt:
        case Format.JSON | Format.JSONC | Format.JSON5:
            return json_text.read(text, json_text.DIALECTS[fmt])
        case Format.TOML:
            return toml_text.read(text)
        case Format.YAML:
            return yaml_text.read(text)
        case Format.DOTENV:
            return dotenv.read(text)
        case _:
            return text


def value_at(fmt: Format, text: str, path: KeyPath) -> Json | Absent:
    """Return the value at `path`, ABSENT where there is none. Raises `Broken`."""
    if fmt is Format.TEXT and not text:
        return ABSENT
    return found(parsed(fmt, text), path)


def with_edits(fmt: Format, text: str, edits: Sequence[Edit]) -> str:
    """Return the text with every edit done, in order; every other byte stays.

    What is so already changes nothing. Raises `Broken` where the text is not of its
    format, `Refused` where a key cannot be set without touching what is not ours.
    """
    if fmt is Format.TEXT:
        return _whole(text, edits)
    data = before = parsed(fmt, text)
    new = text
    for edit in edits:
        if not data and edit.path and isinstance(edit.path[0], Item):
            # A blank document may become a list as well; an empty object may not.
            data = []
        for leaf in _steps(fmt, new, edit, data):
            new = applied(new, _splices(fmt, new, leaf, data))
            data = _after(fmt, new, leaf, with_value(data, leaf.path, leaf.value))
    there = before if new == text else _read_again(fmt, new)
    if not same(there, data):
        raise Refused("our key cannot be set without changing another")
    return new


def _steps(fmt: Format, text: str, edit: Edit, data: Json) -> list[Edit]:
    """The edit as single values; nothing where there is nothing to take away."""
    if not edit.path:
        raise Refused("a whole file is not one of our keys")
    if edit.line:
        edit = Edit(edit.path, with_line(edit, found(data, edit.path)))
    if isinstance(edit.value, Absent) and isinstance(found(data, edit.path), Absent):
        return []

    def is_value(path: KeyPath) -> bool:
        return fmt is Format.TOML and toml_edit.is_value(text, path)

    whole = over_null(carrying_name(edit), data)
    return list(leaves(whole, data, is_value))


def _after(fmt: Format, text: str, edit: Edit, data: Json) -> Json:
    """What the text should hold now: a table of TOML may go with what was in it."""
    if fmt is not Format.TOML or not isinstance(edit.value, Absent):
        return data
    there = parsed(fmt, text)
    fits = (one for one in without_empty(data, edit.path) if same(one, there))
    return next(fits, data)


def _splices(fmt: Format, text: str, edit: Edit, data: Json) -> list[Splice]:
    match fmt:
        case Format.JSON | Format.JSONC | Format.JSON5:
            return json_edit.splices_for(text, edit, data)
        case Format.TOML:
            return toml_edit.splices_for(text, edit, data)
        case Format.YAML:
            return yaml_edit.splices_for(text, edit, data)
        case _:
            return dotenv.splices_for(text, edit, data)


def _whole(text: str, edits: Sequence[Edit]) -> str:
    """A plain text is its one value."""
    for edit in edits:
        value = "" if isinstance(edit.value, Absent) else edit.value
        if edit.path or not isinstance(value, str):
            raise Refused("a plain text is one value and has no keys")
        text = value
    return text


def _read_again(fmt: Format, text: str) -> Json:
    """Read the new text: none leaves this module that is not as it should be."""
    try:
        text.encode()
        return parsed(fmt, text)
    except (Broken, UnicodeEncodeError):
        raise Refused("our key cannot be set without breaking the file") from None
