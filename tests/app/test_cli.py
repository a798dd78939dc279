"""The command line, with commands made up for it and with the real list."""

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import cli
from app.cli import Call, Serve, Terminal, Tray, parse, run
from app.commands import COMMANDS
from app.commands.command import Command, Effect
from app.commands.gateway import Done, Version
from app.control import serve_control
from app.door import KNOCK_LIMIT, Door, DoorClosed
from app.failure import CommandFailed
from app.services import Services
from proxy.ledger import LedgerError
from proxy.routing import Mode

ROOT = Path(__file__).parents[2]


# --- arguments ------------------------------------------------------------------------


def call_of(*argv: str) -> Call:
    asked = parse(argv)
    assert isinstance(asked, Call)
    return asked


def test_nothing_is_the_tray() -> None:
    assert parse([]) == Tray(None)
    assert parse(["--home", "/h"]) == Tray(Path("/h"))


def test_processes_have_their_own_flags() -> None:
    assert parse(["serve"]) == Serve(None, None)
    assert parse(["serve", "--port", "0080", "--home", "h"]) == Serve(Path("h"), 80)
    assert parse(["tray", "--inline", "--hidden", "--port", "9"]) == Tray(
        None, 9, inline=True, hidden=True
    )


@pytest.mark.parametrize(
    ("argv", "name", "arguments"),
    [
        (["mode"], "mode", {}),
        (["mode", "offline"], "mode", {"name": Mode.OFFLINE}),
        (["keys", "new", "codex"], "keys new", {"name": "codex"}),
        (["keys", "new", "x", "--keep"], "keys new", {"name": "x", "keep": True}),
        (["keys", "new", "x", "--no-keep"], "keys new", {"name": "x", "keep": False}),
        (["keys", "list"], "keys list", {}),
        (["events", "--limit=7"], "events", {"limit": 7}),
        (["spend", "--days", "30"], "spend", {"days": 30}),
        (["try", "null"], "try", {"prompt": "null"}),
        (["try", "12", "--model", "a/b"], "try", {"prompt": "12", "model": "a/b"}),
        (["explain", "last"], "explain", {"id": "last"}),
        (["logs", "--lines", "3"], "logs", {"lines": 3}),
        (["prices"], "prices", {}),
        (["prices", "--stale", "--json"], "prices", {"stale": True}),
        (["prices", "undo"], "prices undo", {}),
        (
            ["prices", "refresh", "--from", "/x.json", "--yes"],
            "prices refresh",
            {"from_": "/x.json", "yes": True},
        ),
    ],
)
def test_words_become_typed_arguments(
    argv: list[str], name: str, arguments: dict[str, object]
) -> None:
    call = call_of(*argv)
    assert (call.command.name, dict(call.arguments)) == (name, arguments)


def test_shared_flags_stand_before_or_after_the_command() -> None:
    assert call_of("--home", "/h", "status").home == Path("/h")
    assert call_of("status", "--home", "/h", "--json").home == Path("/h")
    assert call_of("--home", "/a", "keys", "list", "--home", "/b").home == Path("/b")
    assert call_of("events", "--follow", "--json").follow
    assert call_of("prices", "--json", "undo").json
    assert call_of("prices", "--home", "/h", "undo").home == Path("/h")


def test_a_secret_is_read_from_standard_input_and_is_no_argument(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-key\nmore\n"))
    call = call_of("keys", "store", "openai", "--value")
    assert call.arguments == {"name": "openai", "value": "canary-key"}
    with pytest.raises(SystemExit):
        parse(["keys", "store", "openai", "--value", "canary-key"])


def test_a_place_is_a_whole_path_because_the_gateway_stands_elsewhere() -> None:
    def told(place: str) -> object:
        return call_of("prices", "refresh", "--from", place).arguments["from_"]

    assert told("x.json") == str(Path.cwd() / "x.json")
    assert told("~/x.json") == str(Path.home() / "x.json")
    assert told("https://prices.example/x") == "https://prices.example/x"


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["mode", "fastest"],
        ["mode", "direct", "offline"],
        ["explain", "one", "two"],
        ["keys"],
        ["keys", "new"],
        ["prices", "nonsense"],
        ["prices", "refresh"],
        ["prices", "--stale", "undo"],
        ["keys", "new", "No Spaces"],
        ["events", "--limit", "0"],
        ["events", "--limit", "many"],
        ["events", "--lim", "3"],
        ["spend", "--days", "9" * 50],
        ["spend", "--follow"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "٣"],
        ["try", ""],
        ["try", "\udcff"],
        ["--home", "", "status"],
        ["--home", "a\0b", "status"],
    ],
)
def test_misuse_is_exit_code_2_and_a_sentence(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(argv)
    assert caught.value.code == 2
    told = capsys.readouterr()
    assert "error:" in told.err
    assert told.out == ""


WORDS = sorted(
    {
        *(word for command in COMMANDS for word in command.words),
        *(f"--{p.word}" for command in COMMANDS for p in command.parameters),
        *Mode,
        "serve",
        "tray",
        "--json",
        "--follow",
        "--home",
        "--port",
        "--help",
        "-h",
        "--",
        "-",
        "@file",
        "%s",
        "claude-code",
        "1",
    }
)


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=12)), max_size=6))
def test_no_arguments_whatever_end_in_a_traceback(argv: list[str]) -> None:
    nowhere = io.StringIO()
    code: object = 0
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            asked = parse(argv)
        except SystemExit as ended:
            code = ended.code
        else:
            assert isinstance(asked, Call | Serve | Tray)
    assert code in (0, 2)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_explains_itself(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([*command.words, "--help"])
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert command.summary in told
    for parameter in command.parameters:
        assert parameter.hidden or parameter.word in told.lower()
        assert not parameter.hidden or f"--{parameter.word}" not in told


# --- running --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[int, ...]
    cursor: str


async def count(
    services: Services,
    *,
    since: str | None = None,
    most: Annotated[int, msgspec.Meta(ge=1)] = 2,
) -> Page:
    """Count on."""
    first = int(since or 0) + 1
    return Page((first, first + 1), str(first + 1))


async def say(services: Services, text: str) -> Done:
    """Say a thing, or fail as asked."""
    if text == "no":
        raise CommandFailed("It is shut", "The shop is shut.", "Come back.", 3)
    if text == "fall":
        raise ZeroDivisionError("canary")
    return Done(text)


SAY = Command("say", say, Effect.CHANGE)
COUNT = Command("count", count, Effect.READ, rows="items", follow="since")


def nobody(home: Path | None) -> Door:
    return Door(Path("/nonexistent/control.sock"))


@asynccontextmanager
async def services(home: Path | None) -> AsyncIterator[Services]:
    yield cast("Services", object())


def never(home: Path | None) -> AbstractAsyncContextManager[Services]:
    raise AssertionError("this must go through the door")


class Screen:
    """A terminal in memory."""

    def __init__(self, looks: int = 0) -> None:
        self.out = io.StringIO()
        self.err = io.StringIO()
        self.looks = looks

    @property
    def terminal(self) -> Terminal:
        return Terminal(self.out, self.err, "/opt/turnout", self.pause)

    async def pause(self, gap: float) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise KeyboardInterrupt

    def run(
        self,
        call: Call,
        open_door: Callable[[Path | None], Door] = nobody,
        in_process: Callable[
            [Path | None], AbstractAsyncContextManager[Services]
        ] = services,
    ) -> int:
        return run(
            call, open_door=open_door, in_process=in_process, terminal=self.terminal
        )


def test_without_a_gateway_it_runs_in_process() -> None:
    screen = Screen()
    assert screen.run(Call(SAY, {"text": "hello"}, None)) == 0
    assert screen.out.getvalue() == "hello\n"
    assert screen.err.getvalue() == ""


def test_json_is_the_result_and_nothing_else() -> None:
    screen = Screen()
    screen.run(Call(SAY, {"text": "hello"}, None, json=True))
    assert json.loads(screen.out.getvalue()) == {"sentence": "hello"}


def test_rows_are_a_bare_array() -> None:
    screen = Screen()
    screen.run(Call(COUNT, {}, None, json=True))
    assert json.loads(screen.out.getvalue()) == [1, 2]


def test_a_refusal_is_three_lines_and_its_own_exit_code() -> None:
    screen = Screen()
    assert screen.run(Call(SAY, {"text": "no"}, None)) == 3
    assert screen.err.getvalue() == "It is shut.\nThe shop is shut.\nCome back.\n"
    assert screen.out.getvalue() == ""


def test_what_needs_a_yes_is_shown_and_ends_with_its_own_exit_code() -> None:
    screen = Screen()
    needs = replace(SAY, asks="sentence")
    assert screen.run(Call(needs, {"text": "hello"}, None)) == 3
    assert screen.out.getvalue() == "hello\n"
    assert screen.err.getvalue() == ""


def test_what_is_not_in_order_is_shown_and_ends_as_a_failure() -> None:
    screen = Screen()
    failing = replace(SAY, fails="sentence")
    assert screen.run(Call(failing, {"text": "hello"}, None)) == 1
    assert screen.out.getvalue() == "hello\n"
    assert screen.err.getvalue() == ""


def test_a_refusal_is_json_where_json_was_asked_for() -> None:
    screen = Screen()
    assert screen.run(Call(SAY, {"text": "no"}, None, json=True)) == 3
    assert json.loads(screen.out.getvalue()) == {
        "error": {
            "title": "It is shut",
            "message": "The shop is shut.",
            "todo": "Come back.",
        }
    }
    assert screen.err.getvalue() == ""


def test_misuse_is_json_where_json_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["events", "--limit", "abc", "--json"])
    assert caught.value.code == 2
    told = capsys.readouterr()
    message = json.loads(told.out)["error"]["message"]
    assert message.startswith("limit: A whole number from 1 to 1000 is needed.")
    assert told.err == ""


@pytest.mark.logs_trouble
def test_a_fault_is_one_sentence_without_its_text() -> None:
    screen = Screen()
    assert screen.run(Call(SAY, {"text": "fall"}, None)) == 1
    assert "ZeroDivisionError" in screen.err.getvalue()
    assert "canary" not in screen.err.getvalue()
    assert "Traceback" not in screen.err.getvalue()


def test_what_steers_a_terminal_is_taken_out() -> None:
    screen = Screen()
    screen.run(Call(SAY, {"text": "a\x1b[2Jb\u202ec"}, None))
    assert screen.out.getvalue() == "a�[2Jb�c\n"


def test_following_asks_for_what_is_new_and_ctrl_c_ends_it() -> None:
    screen = Screen(looks=2)
    call = Call(COUNT, {"most": 9}, None, json=True, follow=True)
    assert screen.run(call) == cli.INTERRUPTED
    assert screen.out.getvalue().split() == ["1", "2", "3", "4", "5", "6"]
    assert screen.err.getvalue() == ""


def test_a_record_this_version_cannot_use_is_said_in_words() -> None:
    class Newer(AbstractAsyncContextManager[Services]):
        async def __aenter__(self) -> Services:
            raise LedgerError("A newer Turnout wrote the record.")

        async def __aexit__(self, *error: object) -> None:
            return None

    screen = Screen()
    assert (
        screen.run(Call(SAY, {"text": "x"}, None), in_process=lambda home: Newer()) == 1
    )
    assert "A newer Turnout wrote the record." in screen.err.getvalue()


class Gone(Door):
    """A gateway that answers a while and then is away."""

    def __init__(self, answers: int, *, midway: bool) -> None:
        super().__init__(Path("/nowhere"))
        self.left = answers
        self.midway = midway

    def patient(self, limit: float) -> Door:
        return self

    async def call(self, name: str, result: type[Any], /, **given: object) -> Any:
        self.left -= 1
        if self.left < 0:
            raise DoorClosed("The gateway went away.", midway=self.midway)
        return Page((1,), "1")


def test_a_gateway_lost_in_the_middle_is_said_and_not_worked_around() -> None:
    screen = Screen()
    code = screen.run(
        Call(SAY, {"text": "x"}, None), lambda home: Gone(0, midway=True), never
    )
    assert code == 1
    assert "not known whether" in screen.err.getvalue()
    assert "/opt/turnout status" in screen.err.getvalue()


class Asleep(Door):
    """A gateway that takes the call and never answers: how long it was waited for."""

    def __init__(self, limit: float = 30.0, waits: list[float] | None = None) -> None:
        self.limit = limit
        self.waits = [] if waits is None else waits

    def patient(self, limit: float) -> Door:
        return Asleep(limit, self.waits)

    async def call(self, name: str, result: type[Any], /, **given: object) -> Any:
        self.waits.append(self.limit)
        raise DoorClosed("The gateway did not answer.", midway=True)


@pytest.mark.parametrize("name", ["doctor", "status", "stop", "restart"])
def test_what_is_about_a_hanging_gateway_soon_runs_without_it(name: str) -> None:
    screen, door = Screen(), Asleep()
    here = Command(name, say, Effect.READ)
    code = screen.run(Call(here, {"text": "it hangs"}, None), lambda home: door)
    assert (code, door.waits) == (0, [KNOCK_LIMIT])
    assert "it hangs" in screen.out.getvalue()


def test_following_waits_for_a_restarting_gateway_but_not_for_ever() -> None:
    screen = Screen(looks=1000)
    code = screen.run(
        Call(COUNT, {}, None, json=True, follow=True),
        lambda home: Gone(3, midway=False),
        never,
    )
    assert code == 1
    *rows, failure = screen.out.getvalue().splitlines()
    assert rows == ["1", "1", "1"]
    assert "went away" in json.loads(failure)["error"]["title"]


def test_a_reader_that_has_enough_is_no_error() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    screen = Screen()
    screen.out = Full()
    assert screen.run(Call(SAY, {"text": "x"}, None)) == 0
    assert screen.err.getvalue() == ""


async def test_with_a_gateway_it_goes_through_the_door(tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    server = await serve_control(cast("Services", _Stateless()), path, commands=(SAY,))
    screen = Screen()
    code = await asyncio.to_thread(
        screen.run,
        Call(SAY, {"text": "through"}, tmp_path),
        lambda home: Door((home or tmp_path) / "run" / "control.sock"),
        never,
    )
    await server.stop()
    assert (code, screen.out.getvalue()) == (0, "through\n")


class _Stateless:
    state = None


CHILD = """
import sys
from pathlib import Path
from app import cli
from app.door import Door
call = cli.parse(["version", "--json"])
code = cli.run(call, open_door=lambda home: Door(Path(sys.argv[1])), in_process=None)
heavy = {"aiohttp", "PySide6", "qasync", "keyring", "psutil", "uvloop"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


async def test_a_call_through_the_door_loads_no_http_library(tmp_path: Path) -> None:
    async def version(services: Services) -> Version:
        """Show a version."""
        return Version("9", "3")

    path = tmp_path / "run" / "control.sock"
    commands = (Command("version", version, Effect.READ),)
    server = await serve_control(
        cast("Services", _Stateless()), path, commands=commands
    )
    child = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", CHILD, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    await server.stop()
    assert json.loads(child.stdout) == {"version": "9", "python": "3"}
    assert (child.stderr, child.returncode) == ("[]\n", 0)


PIPE = """
from contextlib import asynccontextmanager
from pathlib import Path
import sys
from app import cli
from app.commands.command import Command, Effect
from app.commands.gateway import Done
from app.door import Door

async def flood(services):
    "Say a lot."
    return Done("x" * 1_000_000)

@asynccontextmanager
async def services(home):
    yield object()

flood.__annotations__["return"] = Done
call = cli.Call(Command("flood", flood, Effect.READ), {}, None)
sys.exit(cli.run(call, open_door=lambda h: Door(Path("/nowhere")), in_process=services))
"""


def test_a_closed_pipe_is_quiet() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PIPE],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0
