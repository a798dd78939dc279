"""The gateway's side of the talk with its keeper; whole processes: tests/e2e."""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from app import child
from app.child import Bequest, keeper_command, take_bequest, why
from app.paths import PathRefused, Paths, make_folders, paths_for
from app.stopping import Stop
from proxy.ledger import LedgerError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = paths_for({}, tmp_path / "h")
    make_folders(found)
    return found


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


# --- what is handed down --------------------------------------------------------------


def handed(listening: socket.socket, **more: str) -> dict[str, str]:
    fds = [os.dup(listening.fileno()), *os.pipe()]
    for fd in fds:
        os.set_inheritable(fd, True)
    names = ("TURNOUT_FDS", "TURNOUT_READY", "TURNOUT_HOLD")
    told = {name: str(fd) for name, fd in zip(names, fds, strict=True)}
    return {**told, "TURNOUT_KEEPER_PID": "77", "TURNOUT_HOME": "/h", **more}


def test_the_bequest_is_taken_and_nothing_is_passed_on(
    listening: socket.socket,
) -> None:
    environ = handed(listening, TURNOUT_BEAT="0.5")
    bequest = take_bequest(environ)
    assert environ == {"TURNOUT_HOME": "/h"}
    assert (bequest.keeper, bequest.beat) == (77, 0.5)
    (inherited,) = bequest.sockets
    assert inherited.getsockname() == listening.getsockname()
    assert inherited.getblocking() is False
    for fd in (inherited.fileno(), bequest.ready, bequest.hold):
        assert fcntl.fcntl(fd, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
    inherited.close()
    os.close(bequest.ready)
    os.close(bequest.hold)


def test_without_a_word_it_beats_each_ten_seconds(listening: socket.socket) -> None:
    bequest = take_bequest(handed(listening))
    assert bequest.beat == 10
    bequest.sockets[0].close()
    os.close(bequest.ready)
    os.close(bequest.hold)


def test_nobody_but_a_keeper_starts_a_gateway() -> None:
    with pytest.raises(KeyError):
        take_bequest({})


def test_the_keepers_command_names_this_home(tmp_path: Path) -> None:
    paths = paths_for({}, tmp_path / "h")
    words = keeper_command(paths, 8787, ("--adopt-pid", "5"))
    own = words[: words.index("--")]
    assert own[1:4] == ("-I", "-S", str(ROOT / "app" / "keeper.py"))
    told = dict(zip(own[4::2], own[5::2], strict=True))
    assert told["--home"] == str(tmp_path / "h")
    assert (told["--port"], told["--adopt-pid"]) == ("8787", "5")
    assert told["--log"] == str(tmp_path / "h" / "logs" / "keeper.log")
    # What lies in the folder the user stands in must not be run.
    assert words[words.index("--") + 1 :] == (
        sys.executable,
        "-P",
        "-m",
        "app",
        "gateway",
    )


def test_the_platforms_folders_are_told_as_no_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = keeper_command(paths_for({}), 8787)
    assert words[words.index("--home") + 1] == ""


# --- the end of a keeper --------------------------------------------------------------


class House:
    """A link and the keeper's ends of its pipes."""

    def __init__(self, link: child._Link, stop: Stop, ready: int, hold: int) -> None:
        self.link = link
        self.stop = stop
        self.ready = ready
        self._hold = hold
        self.heirs: list[tuple[str, ...]] = []

    def keeper_dies(self) -> None:
        os.close(self._hold)
        self._hold = -1

    def close(self) -> None:
        os.close(self.ready)
        if self._hold >= 0:
            os.close(self._hold)


@pytest.fixture
async def house(
    paths: Paths, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.setattr(child, "HEIR_LOOK_SECONDS", 0.02)
    ready, ready_end = os.pipe()
    hold_end, hold = os.pipe()
    loop, stop = asyncio.get_running_loop(), Stop()
    bequest = Bequest((listening,), ready_end, hold_end, os.getpid(), 0.02)
    link = child._Link(paths, bequest, loop, stop)
    loop.add_reader(hold_end, link.keeper_gone)
    made = House(link, stop, ready, hold)
    yield made
    link.close()
    made.close()


def heirs_that(
    house: House, monkeypatch: pytest.MonkeyPatch, *scripts: str
) -> Callable[..., tuple[str, ...]]:
    """Each keeper that is started runs the next of these instead; then the last."""

    def command(paths: Paths, port: int, extra: tuple[str, ...]) -> tuple[str, ...]:
        house.heirs.append(extra)
        script = scripts[min(len(house.heirs), len(scripts)) - 1]
        return (sys.executable, "-I", "-S", "-c", script)

    monkeypatch.setattr(child, "keeper_command", command)
    return command


LIVES = "import time; time.sleep(60)"


async def read(fd: int) -> bytes:
    return await asyncio.to_thread(os.read, fd, 1)


async def test_it_says_ready_and_then_beats(house: House) -> None:
    house.link.ready()
    said = [await read(house.ready) for _ in range(3)]
    assert said == [b"1", b"h", b"h"]


async def test_a_dead_keepers_pipe_is_no_fault(house: House) -> None:
    os.close(house.ready)
    house.link.ready()
    house.ready = os.open(os.devnull, os.O_RDONLY)


async def test_a_dead_keeper_gets_an_heir(
    house: House, monkeypatch: pytest.MonkeyPatch, listening: socket.socket
) -> None:
    heirs_that(house, monkeypatch, LIVES)
    house.link.ready()
    house.keeper_dies()
    await until(lambda: house.heirs)
    assert house.heirs == [
        ("--adopt-fds", str(listening.fileno()), "--adopt-pid", str(os.getpid()))
    ]
    assert not house.stop.asked.is_set()
    house.link.stop_all()
    await house.stop.stopped.wait()


async def test_an_heir_that_dies_gets_an_heir(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heirs_that(house, monkeypatch, "raise SystemExit(1)", "raise SystemExit(-9)", LIVES)
    house.keeper_dies()
    await until(lambda: len(house.heirs) == 3)
    assert not house.stop.asked.is_set()
    house.link.stop_all()
    await house.stop.stopped.wait()


async def test_where_another_was_quicker_it_gives_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heirs_that(house, monkeypatch, "raise SystemExit(4)")
    house.keeper_dies()
    await house.stop.asked.wait()
    assert not house.stop.stopped.is_set()


async def test_a_gateway_that_ends_calls_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heirs_that(house, monkeypatch, LIVES)
    house.stop.supersede()
    house.keeper_dies()
    house.link.keeper_gone()
    assert house.heirs == []


async def test_the_keeper_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))
    house.link.restart()
    house.link.stop_all()
    assert told == [(os.getpid(), signal.SIGHUP), (os.getpid(), signal.SIGTERM)]


async def test_a_number_that_may_be_anothers_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heirs_that(house, monkeypatch, LIVES)
    told: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append(pid))
    house.keeper_dies()
    house.link.restart()
    assert len(house.heirs) == 1
    assert told == []
    monkeypatch.undo()
    house.link.stop_all()
    await house.stop.stopped.wait()
    assert not house.stop.hurry.is_set()


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not look():  # noqa: ASYNC110 - a process of its own sets no event
            await asyncio.sleep(0.01)


# --- last words -----------------------------------------------------------------------


def raised(error: Exception) -> Exception:
    with contextlib.suppress(type(error)):
        raise error
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LedgerError("The ledger is newer."), "The ledger is newer."),
        (PathRefused("The folder is open."), "The folder is open."),
        (
            PermissionError(13, "Permission denied", "/h/turnout.db"),
            "Permission denied: /h/turnout.db.",
        ),
        (OSError(28, "No space left on device"), "No space left on device: "),
    ],
)
def test_why_is_a_sentence(error: Exception, words: str) -> None:
    assert why(raised(error)).startswith(words)


@pytest.mark.parametrize(
    "error", [ValueError("sk-secret"), KeyError("sk-secret"), OSError("sk-secret")]
)
def test_what_an_unknown_fault_quotes_is_not_told(error: Exception) -> None:
    said = why(raised(error))
    assert "sk-secret" not in said
    assert type(error).__name__ in said
    assert "test_child.py:" in said


def gateway(home: Path) -> subprocess.CompletedProcess[str]:
    """`turnout gateway` as a keeper starts it, expected to fail."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ready_end, ready = os.pipe()
        hold, hold_end = os.pipe()
        fds = (listening.fileno(), ready, hold)
        told = {
            "TURNOUT_HOME": str(home),
            "TURNOUT_FDS": str(fds[0]),
            "TURNOUT_READY": str(ready),
            "TURNOUT_HOLD": str(hold),
            "TURNOUT_KEEPER_PID": str(os.getpid()),
        }
        done = subprocess.run(
            [sys.executable, "-P", "-m", "app", "gateway"],
            env={"PATH": os.environ["PATH"], "HOME": str(home.parent), **told},
            pass_fds=fds,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        os.close(ready)
        assert os.read(ready_end, 1) == b""
        for fd in (ready_end, hold, hold_end):
            os.close(fd)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["newer ledger", "folder for a socket"])
def test_a_gateway_that_cannot_start_says_why(
    paths: Paths, tmp_path: Path, fault: str
) -> None:
    if fault == "newer ledger":
        with contextlib.closing(sqlite3.connect(paths.database)) as connection:
            connection.execute("PRAGMA user_version = 99")
            connection.execute(f"PRAGMA application_id = {0x54524E4F}")
    else:
        paths.control_socket.mkdir()
    done = gateway(tmp_path / "h")
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith("The gateway cannot run. ")
    assert ("newer Turnout" in said) or ("control.sock is in the way" in said)
    lines = (paths.logs / "gateway.log").read_text().splitlines()
    last = json.loads(lines[-1])
    assert (last["event"], last["level"]) == ("gateway_failed", "error")
    assert last["detail"] == said[:400]
