"""Writes `docs/reference/` from the code, or compares (`--check`); imports no window.

The commands page comes from signatures and docstrings in `app.commands`, the settings
page from the fields of `app.settings.Settings`, the other pages are made by the
modules beside this one. What cannot be described is an error: a command or setting
without help does not pass.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path

from app.commands import COMMANDS
from app.commands.command import Command
from app.settings import Settings
from docs.consent_page import consents_page, doctor_page
from docs.discovery_page import discovery_page
from docs.price_page import price_snapshot_page
from docs.protocol_pages import headers_page, losses_page, providers_page
from docs.reason_page import reasons_page
from docs.wiring_page import wiring_page
from proxy.catalogue import known_providers
from proxy.wire.losses import LOSSES

_ROOT = Path(__file__).resolve().parent.parent
_FOLDER = _ROOT / "docs" / "reference"
_BY_TESTS = {"classes.md", "fidelity.md", "parity.md", "simulation.md"}
"""Pages that tests write from their outcomes; see `tests/outcome_pages.py`."""
_MADE = "This page is written by `make docs`; edit the code it describes instead."


class Undescribed(Exception):
    """Something has no help text; the message names it."""


def main(words: list[str]) -> int:
    """Writes the pages, or with `--check` only compares; returns the exit status."""
    try:
        texts = pages()
    except Undescribed as problem:
        print(problem, file=sys.stderr)
        return 1
    if words != ["--check"]:
        _FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (_FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stale = stale_pages(texts, _FOLDER)
    for name in stale:
        print(f"docs/reference/{name} is stale or belongs to nothing: run `make docs`.")
    return 1 if stale else 0


def stale_pages(texts: Mapping[str, str], folder: Path) -> list[str]:
    """The names of pages that are missing, differ, or are made by nothing any more."""
    found = {p.name: p for p in folder.glob("*.md") if p.name not in _BY_TESTS}
    names = sorted({*texts, *found})
    return [
        name
        for name in names
        if name not in texts
        or name not in found
        or found[name].read_text(encoding="utf-8") != texts[name]
    ]


def pages() -> dict[str, str]:
    """Every generated page: file name -> text."""
    return {
        "commands.md": commands_page(COMMANDS),
        "consents.md": consents_page(_MADE),
        "discovery.md": discovery_page(_MADE),
        "doctor.md": doctor_page(_MADE),
        "headers.md": headers_page(_MADE),
        "losses.md": losses_page(LOSSES, _MADE),
        "price-snapshot.md": price_snapshot_page(_MADE),
        "providers.md": providers_page(known_providers().values(), _MADE),
        "reasons.md": reasons_page(_MADE),
        "settings.md": settings_page(Settings),
        "wiring.md": wiring_page(_MADE),
    }


def commands_page(commands: Iterable[Command]) -> str:
    """The page of all commands, in the order they are listed.

    Raises:
        Undescribed: a command's function has no docstring.
    """
    parts = ["# Commands", "", _MADE, ""]
    parts += [
        "Each command is `turnout NAME`, and each takes `--json` as well. Exit status:",
        "0 done, 1 failed, 2 wrong usage, 3 needs your consent.",
    ]
    for command in commands:
        parts += ["", *_command(command)]
    return "\n".join(parts) + "\n"


def _command(command: Command) -> list[str]:
    if not command.help:
        raise Undescribed(f"The command {command.name} has no docstring.")
    parts = [f"## turnout {command.name}", "", command.help, ""]
    parts.append(f"Effect: {command.effect}.")
    typed = [item for item in command.parameters if not item.hidden]
    if typed:
        parts += ["", "| parameter | type | default | meaning |"]
        parts.append("| --- | --- | --- | --- |")
    for parameter in typed:
        word = f"`--{parameter.word}`" if parameter.flag else f"`{parameter.word}`"
        default = "required" if parameter.required else _value(parameter.default)
        row = (word, _type(parameter.kind), default, _cell(parameter.help))
        parts.append(f"| {' | '.join(row)} |")
    return parts


def settings_page(settings: type) -> str:
    """The page of all settings.

    Raises:
        Undescribed: a field's metadata has no `help`.
    """
    parts = ["# Settings", "", _MADE, ""]
    parts += ["These are keys of `[gateway]` in `config.toml`.", ""]
    parts += ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    hints = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        meaning = field.metadata.get("help")
        if not meaning:
            raise Undescribed(f"The setting {field.name} has no help in its metadata.")
        default = "required"
        if field.default_factory is not dataclasses.MISSING:
            default = _value(field.default_factory())
        elif field.default is not dataclasses.MISSING:
            default = _value(field.default)
        row = (f"`{field.name}`", _type(hints[field.name]), default, _cell(meaning))
        parts.append(f"| {' | '.join(row)} |")
    return "\n".join(parts) + "\n"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{_cell(str(value))}`" if str(value) else "empty"


def _type(kind: object) -> str:
    """A type in a reader's words; the members of a closed set are listed."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kinds = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return " or ".join(_type(part) for part in kinds)
    if typing.get_origin(kind) is typing.Literal:
        return ", ".join(f"`{member}`" for member in typing.get_args(kind))
    if isinstance(kind, enum.EnumType):
        members: list[enum.Enum] = list(kind)
        return ", ".join(f"`{member.value}`" for member in members)
    if isinstance(kind, type):
        plain = {bool: "yes or no", int: "number", str: "text"}
        return plain.get(kind, kind.__name__)
    return _cell(str(kind))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
