"""Sets and takes away fields of a provider's entry in the text of `config.toml`.

It must not read or write files. Comments, order, line ends and every byte outside the
lines of those fields stay as they were.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias

from app.failure import CommandFailed
from app.settings.config import NotToml, parse
from app.settings.lines import BOM, line_end, line_of

Value: TypeAlias = "str | bool | tuple[str, ...]"

_ENTRY = re.compile(r"\s*\[\[\s*providers\s*\]\]")
_FIELD = re.compile(r"\s*[A-Za-z0-9_\"'-]+\s*=")
_ENDS = re.compile(r"\s*(#.*)?\r?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A provider's entry: its id and the fields that shall be in it."""

    id: str
    fields: Mapping[str, Value] = field(default_factory=dict)


def with_entry(data: bytes, entry: Entry) -> bytes:
    """Return the file `data` with an entry that has at least these fields.

    An entry of that id keeps what else it has. Raises `CommandFailed` where the file
    is not valid TOML or is built so that the fields cannot be set alone.
    """
    before, text = _parsed(data)
    wanted = deepcopy(before)
    there = _place(before, entry.id)
    fields = {name: _plain(value) for name, value in entry.fields.items()}
    if there is None:
        providers = _providers(wanted)
        providers.append({"id": entry.id, **fields})
        wanted["providers"] = providers
        return _checked(data, _appended(text, entry), wanted)
    own = _providers(wanted)[there]
    own.update(fields)
    for name, value in entry.fields.items():
        now = _providers(tomllib.loads(text))[there]
        if now.get(name) != _plain(value):
            text = _set(text, there, name, value, there_already=name in now)
    return _checked(data, text, wanted)


def without_field(data: bytes, entry_id: str, name: str) -> bytes:
    """Return the file `data` without one field of an entry; the same where none is."""
    before, text = _parsed(data)
    there = _place(before, entry_id)
    wanted = deepcopy(before)
    if there is None or name not in _providers(wanted)[there]:
        return data
    del _providers(wanted)[there][name]
    line = line_of(text, "providers", there, name)
    lines = text.split("\n")
    if line:
        del lines[line - 1]
    return _checked(data, "\n".join(lines), wanted)


def has_fields(data: bytes, entry_id: str) -> bool:
    """Tell whether an entry says more than its id and whose like it is."""
    before, _ = _parsed(data)
    there = _place(before, entry_id)
    if there is None:
        return False
    return bool(_providers(before)[there].keys() - {"id", "like"})


def without_entry(data: bytes, entry_id: str) -> bytes:
    """Return the file `data` without one whole entry; the same where there is none.

    Raises `CommandFailed` where the entry has models of its own or is not a block of
    lines: then somebody wrote it by hand, and it stays.
    """
    before, text = _parsed(data)
    there = _place(before, entry_id)
    if there is None:
        return data
    wanted = deepcopy(before)
    del _providers(wanted)[there]
    if not _providers(wanted):
        del wanted["providers"]
    line = line_of(text, "providers", there, "id") or 1
    lines = text.split("\n")
    first = next(
        (n for n in range(line - 1, -1, -1) if _ENTRY.match(lines[n])), line - 1
    )
    last = next(
        (n for n in range(first + 1, len(lines)) if lines[n].lstrip().startswith("[")),
        len(lines),
    )
    # What stands behind the entry's last field is not the entry's.
    while last - 1 > first and not _FIELD.match(lines[last - 1]):
        last -= 1
    if first and not lines[first - 1].strip():
        first -= 1
    kept = [*lines[:first], *lines[last:]]
    return _checked(data, "\n".join(kept), wanted)


def _parsed(data: bytes) -> tuple[dict[str, object], str]:
    try:
        return parse(data)
    except NotToml as broken:
        line = f" (line {broken.problem.line})" if broken.problem.line else ""
        raise _refusal(f"{broken.problem.message[:-1]}{line}.") from None


def _providers(table: Mapping[str, object]) -> list[dict[str, object]]:
    found = table.get("providers", [])
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return found
    raise _refusal("`providers` in it is not a list of tables.")


def _place(table: Mapping[str, object], entry_id: str) -> int | None:
    for index, each in enumerate(_providers(table)):
        if each.get("id") == entry_id:
            return index
    return None


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _written(value: Value) -> str:
    # A string of JSON is a basic string of TOML, but for one character.
    return json.dumps(_plain(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _appended(text: str, entry: Entry) -> str:
    end = line_end(text)
    gap = end if text and not text.endswith("\n") else ""
    blank = end if text else ""
    lines: Sequence[str] = (
        "[[providers]]",
        f"id = {_written(entry.id)}",
        *(f"{name} = {_written(value)}" for name, value in entry.fields.items()),
    )
    return text + gap + blank + "".join(f"{line}{end}" for line in lines)


def _set(text: str, place: int, name: str, value: Value, *, there_already: bool) -> str:
    """Exchange the value in its line, or put a line below that of the id."""
    lines = text.split("\n")
    line = line_of(text, "providers", place, name if there_already else "id") or 0
    new = f"{name} = {_written(value)}"
    old = lines[line - 1]
    if not there_already:
        indent = old[: len(old) - len(old.lstrip())]
        carriage = "\r" if old.endswith("\r") else ""
        if line == len(lines):
            lines[line - 1] = f"{old}{line_end(text)[:-1]}"
        lines.insert(line, f"{indent}{new}{carriage}")
        return "\n".join(lines)
    lines[line - 1] = _exchanged(old, name, value)
    return "\n".join(lines)


def _exchanged(line: str, name: str, value: Value) -> str:
    """Return the line with another value; what stands behind it stays."""
    begin = re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=\s*", line)
    if begin is None:
        raise _refusal(f"`{name}` shares a line with something else.")
    for end in range(begin.end() + 1, len(line) + 1):
        if _ENDS.fullmatch(line, end) and _is_value(line[begin.end() : end]):
            return line[: begin.end()] + _written(value) + line[end:]
    raise _refusal(f"`{name}` is written over several lines.")


def _is_value(text: str) -> bool:
    try:
        return not text.endswith((" ", "\t", "\r")) and bool(
            tomllib.loads(f"x = {text}\n")
        )
    except ValueError:
        return False


def _checked(data: bytes, text: str, wanted: dict[str, object]) -> bytes:
    try:
        right = tomllib.loads(text) == wanted
    except ValueError:
        right = False
    if not right:
        raise _refusal("its providers are written in a way Turnout does not change.")
    return (BOM if data.startswith(BOM) else b"") + text.encode()


def _refusal(why: str) -> CommandFailed:
    return CommandFailed(
        "Turnout's own configuration was not changed",
        f"Turnout cannot write the provider into config.toml: {why[0].lower()}"
        f"{why[1:]} The file is as it was.",
        "Mend the file, or write the entry yourself; `turnout providers` shows it.",
    )
