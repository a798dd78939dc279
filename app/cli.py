"""The command line: arguments from the commands' signatures, results as text or JSON.

A command goes through the door to the running gateway, else it runs in this process.
It holds no capability of its own and, on a call through the door, no HTTP library.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

import msgspec

from app.columns import harmless
from app.commands import COMMANDS
from app.commands.command import Command, Effect, Parameter, settle
from app.commands.spend import from_ledger
from app.door import CALL_LIMIT, Door, DoorClosed
from app.failure import CommandFailed, Exit
from app.plain import news, plain
from app.services import Services

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells count it: 128 + SIGINT."""

SPEND_LIMIT = 900.0
"""Seconds a command that calls a model may take."""

FOLLOW_GAP = 0.5
"""Seconds between two looks for news while following."""

_AWAY_LOOKS = 10
_WITHOUT_IT = frozenset({"doctor", "status", "stop", "restart"})
"""Commands that are about a gateway that hangs: they then run in this process."""

_OWN = frozenset({"home", "json", "follow", "noun", "verb"})


@dataclass(frozen=True, slots=True)
class Serve:
    """`turnout serve`: keeper and gateway in the foreground."""

    home: Path | None
    port: int | None


@dataclass(frozen=True, slots=True)
class Tray:
    """`turnout tray`, and `turnout` alone."""

    home: Path | None
    port: int | None = None
    inline: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Init:
    """`turnout init`: the first run; `answers` is the text of a file of answers."""

    home: Path | None
    answers: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A command to run with checked arguments, and how its result is shown."""

    command: Command
    arguments: Mapping[str, object]
    home: Path | None
    json: bool = False
    follow: bool = False


OpenDoor = Callable[[Path | None], Door]
InProcess = Callable[[Path | None], AbstractAsyncContextManager[Services]]
Pause = Callable[[float], Awaitable[object]]
Leaves = dict[str, tuple[argparse.ArgumentParser, Command]]


# --- arguments ------------------------------------------------------------------------


def parse(
    argv: Sequence[str], commands: Sequence[Command] = COMMANDS
) -> Serve | Tray | Init | Call:
    """Return what the arguments ask for.

    Raises `SystemExit` as argparse does: 0 after help, 2 after a usage error, which
    has been printed.
    """
    parser, leaves = _parser(commands)
    given = vars(parser.parse_args(argv))
    home = given.get("home")
    noun = given.get("noun")
    match noun:
        case None:
            return Tray(home)
        case "serve":
            return Serve(home, given["port"])
        case "tray":
            return Tray(home, given["port"], given["inline"], given["hidden"])
        case "init":
            return Init(home, _answers(given["yes"], parser), given["dry_run"])
        case _:
            return _call(str(noun), given, leaves)


def _answers(path: str | None, parser: argparse.ArgumentParser) -> str | None:
    if path is None:
        return None
    try:
        return _text_of("the file of answers", path)
    except CommandFailed as unread:
        parser.error(unread.message)


def _call(noun: str, given: Mapping[str, Any], leaves: Leaves) -> Call:
    name = f"{noun} {given['verb']}" if given.get("verb") else noun
    leaf, command = leaves[name]
    wants_json = given.get("json", False)
    try:
        words = _read_in(
            command, {key: value for key, value in given.items() if key not in _OWN}
        )
        arguments = command.arguments(words, lax=True)
    except CommandFailed as misused:
        if wants_json:
            sys.stdout.write(f"{_failure(misused)}\n")
            raise SystemExit(int(misused.exit)) from None
        leaf.error(misused.message)
    return Call(
        command,
        _absolute(command, arguments),
        given.get("home"),
        json=wants_json,
        follow=given.get("follow", False),
    )


def _read_in(command: Command, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `given` with files' texts for their paths, and secrets asked for."""
    read = dict(given)
    for item in command.parameters:
        if item.name not in given:
            continue
        if item.content:
            read[item.name] = _content(item, str(given[item.name]))
        elif item.secret:
            read[item.name] = _secret(item)
    return read


def _content(item: Parameter, path: str) -> str:
    return _text_of(item.word, path)


def _text_of(what: str, path: str) -> str:
    try:
        if path == "-":
            return sys.stdin.read()
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not readable text"
        raise CommandFailed(
            f"{what} cannot be read",
            f"{path}: {why}. Nothing was done.",
            "Name a text file, or - for standard input.",
            Exit.USAGE,
        ) from None


def _secret(item: Parameter) -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass  # 6 ms, needed here only

        return getpass.getpass(f"{item.word} (not shown): ").strip()
    return sys.stdin.readline().strip()


def _absolute(command: Command, given: Mapping[str, object]) -> Mapping[str, object]:
    """Return `given` with whole paths: the gateway may stand in another folder."""
    whole = {
        item.name: str(Path(path).expanduser().absolute())
        for item in command.parameters
        if item.place
        and isinstance(path := given.get(item.name), str)
        and "://" not in path
    }
    return {**given, **whole}


def _parser(commands: Sequence[Command]) -> tuple[argparse.ArgumentParser, Leaves]:
    parser = argparse.ArgumentParser(
        prog="turnout",
        description="Routes the model requests of coding tools and keeps the record. "
        "Without a command it starts the tray.",
        allow_abbrev=False,
    )
    _add_home(parser)
    nouns = parser.add_subparsers(dest="noun", metavar="COMMAND")
    leaves: Leaves = {}
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in commands:
        noun, *verb = command.words
        if verb and noun not in groups:
            own = leaves[noun][0] if noun in leaves else None
            group = own or nouns.add_parser(
                noun, help=_verbs(noun, commands), allow_abbrev=False
            )
            groups[noun] = group.add_subparsers(
                dest="verb", metavar="VERB", required=own is None
            )
        parent, word = (groups[noun], verb[0]) if verb else (nouns, noun)
        leaves[command.name] = (_leaf(parent, word, command), command)
    _add_processes(nouns)
    return parser, leaves


def _verbs(noun: str, commands: Sequence[Command]) -> str:
    verbs = [each.words[1] for each in commands if each.words[0] == noun]
    return f"One of: {', '.join(verbs)}."


def _leaf(
    parent: argparse._SubParsersAction[argparse.ArgumentParser],
    word: str,
    command: Command,
) -> argparse.ArgumentParser:
    leaf = parent.add_parser(
        word,
        help=_escaped(command.summary),
        description=_escaped(command.help),
        allow_abbrev=False,
    )
    for parameter in command.parameters:
        if not parameter.hidden:
            _add_parameter(leaf, parameter)
    # Suppressed for the same reason as --home: it may stand before a verb.
    leaf.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="Print the result as JSON",
    )
    if command.follow:
        leaf.add_argument(
            "--follow", action="store_true", help="Go on and show what is new"
        )
    _add_home(leaf)
    return leaf


def _add_parameter(leaf: argparse.ArgumentParser, parameter: Parameter) -> None:
    """Add one argument; left out, it stays out: the signature's default acts."""
    help_text = _escaped(parameter.help)
    if parameter.default not in (None, False, True):
        help_text += f" (default: {_escaped(str(parameter.default))})"
    if issubclass(parameter.kind, StrEnum):
        # Not as `choices`: argparse would hold a suppressed default against them.
        help_text = f"{help_text} One of {', '.join(parameter.kind)}.".strip()
    if parameter.kind is bool:
        leaf.add_argument(
            f"--{parameter.word}",
            dest=parameter.name,
            action=argparse.BooleanOptionalAction,
            default=argparse.SUPPRESS,
            help=help_text,
        )
    elif parameter.secret:
        leaf.add_argument(
            f"--{parameter.word}",
            dest=parameter.name,
            action="store_true",
            default=argparse.SUPPRESS,
            help=f"{help_text} It is asked for, or read from standard input.".strip(),
        )
    elif parameter.flag:
        leaf.add_argument(
            f"--{parameter.word}",
            dest=parameter.name,
            metavar="FILE" if parameter.content else parameter.word.upper(),
            required=parameter.required,
            default=argparse.SUPPRESS,
            help=help_text,
        )
    else:
        leaf.add_argument(
            parameter.name,
            metavar=parameter.word.upper(),
            nargs=None if parameter.required else "?",
            default=argparse.SUPPRESS,
            help=help_text,
        )


def _add_processes(
    nouns: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    serve = nouns.add_parser(
        "serve",
        help="Run keeper and gateway in the foreground.",
        allow_abbrev=False,
    )
    tray = nouns.add_parser(
        "tray", help="Show the tray; starts the gateway.", allow_abbrev=False
    )
    for process in (serve, tray):
        process.add_argument(
            "--port", type=_port, default=None, help="Another port than the saved one"
        )
        _add_home(process)
    _add_init(nouns)
    tray.add_argument(
        "--inline", action="store_true", help="Host the gateway in this very process"
    )
    tray.add_argument(
        "--hidden", action="store_true", help="Open no window, also at the first start"
    )


def _add_init(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "Set Turnout up: look, review every change, apply and test."
    init = nouns.add_parser(
        "init",
        help=text,
        description=f"{text} Nothing is written before you agree. With --yes FILE it "
        "asks nobody and does what that file of answers agrees to "
        "(docs/guide/first-run.md has its words; - is standard input).",
        allow_abbrev=False,
    )
    init.add_argument("--yes", metavar="FILE", help="A file of answers (TOML)")
    init.add_argument(
        "--dry-run", action="store_true", help="Only show what would change"
    )
    _add_home(init)


def _add_home(parser: argparse.ArgumentParser) -> None:
    # Suppressed, or a subcommand's own default would undo what stood before it.
    parser.add_argument(
        "--home",
        type=_home,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="Where everything of Turnout is, instead of TURNOUT_HOME",
    )


def _home(text: str) -> Path:
    if not text or "\0" in text:
        raise argparse.ArgumentTypeError("this is not a folder's name")
    return Path(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    if not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def _escaped(text: str) -> str:
    """Argparse reads % in a help text as a format."""
    return text.replace("%", "%%")


# --- running --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where text goes; `pause` waits between two looks for news."""

    out: TextIO
    err: TextIO
    command_path: str = "turnout"
    pause: Pause = asyncio.sleep


def run(
    call: Call,
    *,
    open_door: OpenDoor,
    in_process: InProcess,
    terminal: Terminal | None = None,
) -> int:
    """Run a command to its end and return the exit code.

    `open_door` gives the door of a home, `in_process` the Services for when no
    gateway answers there; None is the home of the environment.
    """
    terminal = terminal or Terminal(sys.stdout, sys.stderr)
    for stream in (terminal.out, terminal.err):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    session = _Session(call, open_door(call.home), in_process, terminal)
    try:
        asyncio.run(session.to_end())
    except CommandFailed as failed:
        if call.json:
            print(_failure(failed), file=terminal.out, flush=True)
        else:
            _complain(failed, terminal.err)
        return int(failed.exit)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence(terminal.out)
    return session.exit


Ask = Callable[..., Awaitable[object]]
Work = Callable[[Ask], Awaitable[int]]


def first_run(
    asked: Init, work: Work, *, open_door: OpenDoor, in_process: InProcess
) -> int:
    """Run `work` with a function that calls commands by name; return the exit code.

    Each goes through the door where a gateway answers, else it runs in this process.
    """
    by_name = {command.name: command for command in COMMANDS}
    terminal = Terminal(sys.stdout, sys.stderr)

    async def ask(name: str, **arguments: object) -> object:
        command = by_name[name]
        call = Call(command, command.arguments(arguments), asked.home)
        session = _Session(call, open_door(asked.home), in_process, terminal)
        async with AsyncExitStack() as held:
            return await session.first(held)

    async def to_end() -> int:
        return await work(ask)

    try:
        return asyncio.run(to_end())
    except CommandFailed as failed:
        _complain(failed, terminal.err)
        return int(failed.exit)
    except KeyboardInterrupt:
        return INTERRUPTED


class _Session:
    """One command line on its way."""

    def __init__(
        self, call: Call, door: Door, in_process: InProcess, terminal: Terminal
    ) -> None:
        limit = SPEND_LIMIT if call.command.effect is Effect.SPEND else CALL_LIMIT
        self._call = call
        self._door = door.patient(limit)
        self._in_process = in_process
        self._terminal = terminal
        self._services: Services | None = None
        self.exit = Exit.OK

    async def to_end(self) -> None:
        """Ask, show, and where it is followed, ask again until stopped."""
        async with AsyncExitStack() as held:
            result = await self.first(held)
            if getattr(result, self._call.command.fails or "", False):
                self.exit = Exit.FAILED
            if getattr(result, self._call.command.asks or "", False):
                self.exit = Exit.CONSENT
            if self._call.follow:
                await self._follow(result)
            elif self._call.json:
                self._print(_json(self._call.command, result))
            else:
                self._print_lines(plain(result, self._terminal.command_path))

    async def first(self, held: AsyncExitStack) -> object:
        """Return the command's first result; `held` closes what was opened for it."""
        hangs = self._call.command.name in _WITHOUT_IT
        try:
            if hangs:
                await self._door.knock()
                hangs = False
            return await self._ask(self._call.arguments)
        except DoorClosed as closed:
            if closed.midway and not hangs:
                raise _lost(closed, self._terminal) from None
        async with from_ledger():
            self._services = await held.enter_async_context(
                self._in_process(self._call.home)
            )
        return await self._ask(self._call.arguments)

    async def _ask(self, arguments: Mapping[str, object]) -> object:
        command = self._call.command
        if self._services is None:
            return await self._door.call(command.name, command.result, **arguments)
        work = command.run(self._services, **arguments)
        outcome = await settle(command.name, work)
        if isinstance(outcome, CommandFailed):
            raise outcome
        return outcome

    async def _follow(self, result: object) -> None:
        while True:
            if self._call.json:
                for row in _oldest_first(self._call.command, result):
                    self._print(msgspec.json.encode(row).decode())
            else:
                self._print_lines(news(result))
            result = await self._news(str(getattr(result, "cursor", "")))

    async def _news(self, cursor: str) -> object:
        """Wait a little and ask for what is new; a restarting gateway is waited for."""
        # Only the cursor: how many lines were asked for holds for the first page.
        arguments = {str(self._call.command.follow): cursor} if cursor else {}
        looks = 0
        while True:
            await self._terminal.pause(FOLLOW_GAP)
            try:
                return await self._ask(arguments)
            except DoorClosed as closed:
                looks += 1
                if looks == _AWAY_LOOKS:
                    raise _lost(closed, self._terminal) from None

    def _print(self, text: str) -> None:
        print(text, file=self._terminal.out, flush=True)

    def _print_lines(self, lines: Sequence[str]) -> None:
        if lines:
            self._print("\n".join(map(harmless, lines)))


def _lost(closed: DoorClosed, terminal: Terminal) -> CommandFailed:
    return CommandFailed(
        "The gateway went away",
        f"{closed.message} It is not known whether the command was carried out.",
        f"{terminal.command_path} status says how the gateway is now.",
    )


def _rows(command: Command, result: object) -> Sequence[object]:
    rows: Sequence[object] = getattr(result, command.rows or "")
    return rows


def _oldest_first(command: Command, result: object) -> Sequence[object]:
    rows = _rows(command, result)
    return rows[::-1] if command.newest_first else rows


def _json(command: Command, result: object) -> str:
    shown = _rows(command, result) if command.rows else result
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()


def _failure(failed: CommandFailed) -> str:
    """Return a failure as one line of JSON, which `--json` prints in a result's place.

    One line, so that it is also a line of what is followed.
    """
    return msgspec.json.encode({"error": failed.parts}).decode()


def _complain(failed: CommandFailed, err: TextIO) -> None:
    lines = (f"{failed.title}.", failed.message, failed.todo)
    print("\n".join(harmless(line) for line in lines if line), file=err)


def _silence(out: TextIO) -> None:
    """Nobody reads any more: keep the interpreter's last flush from saying so."""
    try:
        number = out.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
