"""Every command in every shell: a gap needs a reason that is written here."""

import ast
import inspect
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from app import plain
from app.cli import Call, parse
from app.commands import COMMANDS
from app.commands.command import Command, Effect

ROOT = Path(__file__).parents[2]

NOT_IN_THE_TRAY = {
    "version": "the tooltip and Overview show it from the snapshot",
    "status": "the tray shows the snapshot of the feed, which is the same",
    "explain": "Overview shows it where a request is chosen",
    "simulate": "for the terminal: many requests are compared at once",
    "routes": "a window of its own comes with routing",
    "policies": "a window of its own comes with routing",
    "models": "a window of its own comes with routing",
    "providers": "Overview shows provider health from the snapshot",
    "prices": "a window of its own comes with routing",
    "prices refresh": "for the terminal: a long difference is read before the yes",
    "prices undo": "for the terminal, beside `prices refresh`",
    "keys new": "the tray makes keys with `settings`",
    "keys list": "key management comes with the settings window",
    "keys show": "a key is never put on a screen unasked",
    "setup plan": "the first-run wizard's second page",
    "setup apply": "the first-run wizard's third page",
    "setup test": "the first-run wizard's third page",
    "setup resume": "the first-run wizard asks it when it opens",
    "setup save": "the first-run wizard saves what was chosen",
    "integrate": "in the menu: it opens the wizard for that client",
    "keys store": "the first-run wizard takes keys",
    "keys revoke": "key management comes with the settings window",
    "try": "it comes with the first-run wizard",
    "logs": "for the terminal; the doctor's bundle holds the last lines",
    "doctor": "in the menu: a window of its own",
    "restart": "the keeper restarts by itself",
    "stop": "Quit keeps serving in the background, as chosen",
    "wirings": "the snapshot of the feed has them",
    "repair": "in the menu and in Overview, where a client needs it",
    "accept": "in Overview, where a client's settings were changed",
    "login": "in the menu",
    "quit": "in the menu",
    "quit choice": "in the menu",
    "uninstall": "for the terminal: a long preview is read before the yes",
    "spend": "the menu shows today's spend from the snapshot",
    "events": "Overview asks for them when it is open",
    "mode": "in the menu",
    "settings": "in the menu",
    "undo": "for the terminal: it must work where no window does; Quit can unwire",
    "consents": "for the terminal; a window of its own comes with trust",
    "consents revoke": "for the terminal, beside `consents`",
    "discover": "the first-run wizard shows it as it comes in",
}
"""Why a command has no entry of its own in the tray, or where it is."""

by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)


def test_names_are_unique_and_one_or_two_words() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    assert all(len(command.words) in (1, 2) for command in COMMANDS)


def test_the_tray_list_names_every_command_and_no_other() -> None:
    assert set(NOT_IN_THE_TRAY) == {command.name for command in COMMANDS}


@by_name
def test_signature_and_docstring_are_the_interface(command: Command) -> None:
    assert inspect.iscoroutinefunction(command.run)
    assert command.summary.endswith(".")
    result = command.result
    assert is_dataclass(result)
    assert cast("Any", result).__dataclass_params__.frozen
    for parameter in command.parameters:
        assert parameter.help or issubclass(parameter.kind, str)


@by_name
def test_rows_and_cursor_exist_where_they_are_named(command: Command) -> None:
    names = {field.name for field in fields(cast("Any", command.result))}
    if command.rows:
        assert command.rows in names
    if command.follow:
        assert command.effect is Effect.READ
        assert command.follow in {item.name for item in command.parameters}
        assert "cursor" in names


@by_name
def test_the_command_line_offers_it(command: Command, tmp_path: Path) -> None:
    required = [item for item in command.parameters if item.required]
    file = tmp_path / "file"
    file.write_text("text")
    words = [
        word
        for item in required
        for word in (
            *([f"--{item.word}"] if item.flag else []),
            str(file) if item.content else _example(item.kind),
        )
    ]
    asked = parse([*command.words, *words, "--json"])
    assert isinstance(asked, Call)
    assert asked.command is command


def _example(kind: type) -> str:
    if kind is int:
        return "1"
    return str(next(iter(kind))) if issubclass(kind, StrEnum) else "x"


@by_name
def test_people_get_lines_for_it(command: Command) -> None:
    assert command.result in plain.FORMS


@by_name
def test_the_door_can_carry_its_result(command: Command) -> None:
    # Building the decoder fails on a type msgspec cannot read back.
    msgspec.json.Decoder(command.result)
    for parameter in command.parameters:
        msgspec.json.Decoder(cast("Any", parameter.hint))


def test_commands_know_no_shell_and_no_window() -> None:
    for path in (ROOT / "app" / "commands").glob("*.py"):
        tree = ast.parse(path.read_text())
        names = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert not names & {"argparse", "aiohttp", "PySide6", "qasync"}, path.name
