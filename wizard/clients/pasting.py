"""A client's keys as text to paste, for people who set it up by hand; pure.

They are the keys the planner would write, put into empty files: one truth for both. It
must not look at the files that are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from discovery.surroundings import Surroundings
from proxy.catalogue import Provider
from wizard.clients import CLIENTS, claude_desktop
from wizard.clients.needs import Client
from wizard.clients.terms import Situation
from wizard.formats import ABSENT, Edit, Format, Item, with_edits
from wizard.plan import Choice, FileWish, Login

_HOME: Final = Path("~")
_SETUPS: Final = {setup.id: setup for setup in CLIENTS}
_TYPED: Final = {
    Client.CLAUDE_CODE: "claude",
    Client.CODEX: "codex --profile turnout",
    Client.OPENCODE: "opencode",
    Client.GEMINI_CLI: "gemini",
    Client.QWEN_CODE: "qwen",
    Client.CONTINUE: "cn",
    Client.AIDER: "aider",
}
_TO_TRY: Final = "To try it: type this into a new terminal"
_TO_START: Final = "Then type this into a terminal"


@dataclass(frozen=True, slots=True)
class SettingsPart:
    """One piece to put somewhere: a file, a terminal or a menu, said in `where`."""

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the lines are made from: the gateway's address and key, the providers.

    `command` is how Turnout is typed, `platform` is `sys.platform`.
    """

    url: str
    key: str = field(repr=False)
    login: Login
    providers: tuple[Provider, ...]
    command: str = "turnout"
    platform: str = "linux"


def parts(client: Client, wish: Wish) -> tuple[SettingsPart, ...]:
    """Return what to put where so that the client calls the gateway."""
    match client:
        case Client.CLAUDE_DESKTOP:
            step = claude_desktop.by_hand(wish.url, wish.key)
            return (SettingsPart(step.where, step.text),)
        case Client.CLAUDE_CODE:
            return tuple(_of_claude_code(wish))
        case Client.CODEX if wish.login is Login.OWN:
            return (*_of_files(client, wish), _for_good(wish))
        case _:
            return tuple(_of_files(client, wish))


def _wishes(client: Client, wish: Wish, *, always: bool = False) -> list[FileWish]:
    setup = _SETUPS[client]
    choice = Choice(setup.id, wish.login, always=always)
    around = Surroundings(_HOME, {}, wish.platform)
    situation = Situation(
        surroundings=around,
        choice=choice,
        login=wish.login,
        url=wish.url,
        key=wish.key,
        command=wish.command,
        key_file=_HOME / "turnout-key",
        providers=wish.providers,
        files={},
    )
    wanted = setup.wanted(situation)
    return [file for file in wanted.files if not file.program]


def _of_files(client: Client, wish: Wish) -> Iterator[SettingsPart]:
    wishes = _wishes(client, wish)
    for file in wishes:
        yield SettingsPart(_where(file), _text(file))
    # A key stands in that file, so it is made readable for its owner alone.
    held = [_shown(file) for file in wishes if any(key.secret for key in file.keys)]
    lines = [*(f"chmod 600 {name}" for name in held), _TYPED[client]]
    yield SettingsPart(_TO_START, "\n".join(lines))


def _of_claude_code(wish: Wish) -> Iterator[SettingsPart]:
    """It takes the same from a terminal's environment, so that can be tried first."""
    (file,) = _wishes(Client.CLAUDE_CODE, wish)
    exports = [
        f"export {key.path[1]}={_quoted(str(key.value))}"
        for key in file.keys
        if key.path[0] == "env"
    ]
    typed = "\n".join([*exports, _TYPED[Client.CLAUDE_CODE]])
    yield SettingsPart(_TO_TRY, typed)
    where = (
        f"Or for good: the file {_shown(file)} "
        '(where it exists already, add the lines to its "env")'
    )
    yield SettingsPart(where, _text(file))


def _for_good(wish: Wish) -> SettingsPart:
    (file,) = _wishes(Client.CODEX, wish, always=True)
    where = f"Or for good, without --profile: the first line of {_shown(file)}"
    return SettingsPart(where, _text(file))


def _text(file: FileWish) -> str:
    edits = [Edit(key.path, key.value) for key in file.keys if key.value is not ABSENT]
    return with_edits(file.format, "", edits).rstrip("\n")


def _where(file: FileWish) -> str:
    if file.whole:
        return f"The whole of a new file, {_shown(file)}"
    lists = [
        key.path[0]
        for key in file.keys
        if any(isinstance(step, Item) for step in key.path)
    ]
    if lists:
        what = f'the entry of "{lists[0]}"'
    elif file.format in {Format.JSON, Format.JSONC, Format.JSON5}:
        what = "these keys"
    else:
        what = "these lines"
    return f"The file {_shown(file)} (where it exists already, add {what} to it)"


def _shown(file: FileWish) -> str:
    return file.path.as_posix()


def _quoted(value: str) -> str:
    return f"'{value}'" if " " in value else value
