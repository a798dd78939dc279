"""The gateway as the keeper's child: sockets, ready byte, heartbeat, signals.

Started as `python -m app gateway` by `app.keeper`, whose side of the talk is written
down in docs/decisions/0003-processes-and-the-door.md. It serves nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.allocator import give_back, keep_blocks, settle
from app.identity import command_path
from app.keeper import ALREADY_RUNS
from app.paths import PathRefused, make_folders, paths_for
from app.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from types import TracebackType

    from app.paths import Paths

HEARTBEAT_SECONDS = 10.0
"""How often the keeper hears that this process is not stuck, if it does not say."""

HEIR_LOOK_SECONDS = 0.5
"""Time between two looks at a keeper that was started to replace a dead one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bequest:
    """What the keeper hands down: listening sockets, two pipes and its own pid.

    `beat` is the time between two heartbeats, in seconds.
    """

    sockets: tuple[socket.socket, ...]
    ready: int
    hold: int
    keeper: int
    beat: float = HEARTBEAT_SECONDS


def take_bequest(environ: MutableMapping[str, str]) -> Bequest:
    """Read the keeper's variables and take them out of the environment.

    Raises `KeyError` or `ValueError` where this process was not started by a keeper.
    """
    fds = [int(fd) for fd in environ.pop("TURNOUT_FDS").split(",")]
    ready = int(environ.pop("TURNOUT_READY"))
    hold = int(environ.pop("TURNOUT_HOLD"))
    keeper = int(environ.pop("TURNOUT_KEEPER_PID"))
    beat = float(environ.pop("TURNOUT_BEAT", HEARTBEAT_SECONDS))
    for fd in (*fds, ready, hold):
        # pass_fds cleared close-on-exec; nothing we start may inherit these.
        os.set_inheritable(fd, False)
    sockets = tuple(socket.socket(fileno=fd) for fd in fds)
    for listening in sockets:
        listening.setblocking(False)
    return Bequest(sockets, ready, hold, keeper, beat)


def keeper_command(
    paths: Paths, port: int, extra: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the command line that starts a keeper for this home and port."""
    return (
        sys.executable,
        "-I",
        "-S",
        str(Path(__file__).with_name("keeper.py")),
        "--home",
        str(paths.home or ""),
        "--run",
        str(paths.run),
        "--port",
        str(port),
        "--log",
        str(paths.logs / "keeper.log"),
        "--command",
        command_path(),
        *extra,
        "--",
        sys.executable,
        "-P",  # a folder `app` where the user stands is not this one
        "-m",
        "app",
        "gateway",
    )


async def run(paths: Paths, environ: Mapping[str, str], bequest: Bequest) -> None:
    """Serve for the keeper until it says stop, or a newer gateway takes over."""
    # The tray and the command line take this module's words without the gateway.
    from app.assemble import Host, serve

    loop = asyncio.get_running_loop()
    stop = Stop()
    loop.add_signal_handler(signal.SIGTERM, stop.stop)
    loop.add_signal_handler(signal.SIGINT, stop.stop)
    loop.add_signal_handler(signal.SIGUSR1, stop.supersede)
    link = _Link(paths, bequest, loop, stop)
    loop.add_reader(bequest.hold, link.keeper_gone)
    try:
        await serve(
            paths,
            environ,
            bequest.sockets,
            stop,
            Host(link.ready, link.restart, link.stop_all),
        )
    finally:
        link.close()


class _Link:
    """This gateway's side of the talk with its keeper."""

    def __init__(
        self,
        paths: Paths,
        bequest: Bequest,
        loop: asyncio.AbstractEventLoop,
        stop: Stop,
    ) -> None:
        self._paths = paths
        self._bequest = bequest
        self._loop = loop
        self._stop = stop
        self._timer: asyncio.TimerHandle | None = None
        self._heir: subprocess.Popen[bytes] | None = None
        self._ending = False

    def ready(self) -> None:
        """Say that every socket listens, and begin to beat."""
        self._write(b"1")
        settle()
        self._timer = self._loop.call_later(self._bequest.beat, self._beats)

    def restart(self) -> None:
        """Ask the keeper for a planned restart; a new keeper makes one by itself."""
        if self._keeper_lives():
            os.kill(self._bequest.keeper, signal.SIGHUP)

    def stop_all(self) -> None:
        """Ask the keeper to end, which ends this gateway too."""
        self._ending = True
        if self._keeper_lives():
            os.kill(self._bequest.keeper, signal.SIGTERM)
        elif self._heir is not None:
            self._heir.terminate()

    def keeper_gone(self) -> None:
        """Start a new keeper on the sockets: this gateway goes on until it is ready."""
        self._loop.remove_reader(self._bequest.hold)
        if self._timer is not None:
            self._timer.cancel()
        self._start_heir()

    def close(self) -> None:
        """Stop beating and let the pipes go."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._bequest.hold)
        for fd in (self._bequest.ready, self._bequest.hold):
            os.close(fd)
        if self._heir is not None:
            # It outlives this process; without the code Popen would warn about it.
            self._heir.returncode = 0

    def _keeper_lives(self) -> bool:
        """Say whether the keeper is there; its number may be another's by now.

        Only the end of the hold pipe proves its death: as a zombie it would still
        take signals.
        """
        if self._heir is None and select.select([self._bequest.hold], [], [], 0)[0]:
            self.keeper_gone()
        return self._heir is None

    def _start_heir(self) -> None:
        if self._stop.asked.is_set():
            return
        fds = tuple(listening.fileno() for listening in self._bequest.sockets)
        port = self._bequest.sockets[0].getsockname()[1]
        extra = (
            "--adopt-fds",
            ",".join(map(str, fds)),
            "--adopt-pid",
            str(os.getpid()),
        )
        self._heir = subprocess.Popen(
            keeper_command(self._paths, port, extra),
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        self._timer = self._loop.call_later(HEIR_LOOK_SECONDS, self._look_at_heir)

    def _look_at_heir(self) -> None:
        """See to it that this gateway does not outlive the last keeper unseen."""
        if self._stop.asked.is_set() or self._heir is None:
            return
        status = self._heir.poll()
        if status is None:
            self._timer = self._loop.call_later(HEIR_LOOK_SECONDS, self._look_at_heir)
        elif self._ending:
            # It was told to end before it could pass that on.
            self._stop.stop()
        elif status == ALREADY_RUNS:
            # Another gateway was as quick: its keeper has the sockets, too.
            self._stop.supersede()
        else:
            self._start_heir()

    def _beats(self) -> None:
        self._write(b"h")
        give_back()
        self._timer = self._loop.call_later(self._bequest.beat, self._beats)

    def _write(self, byte: bytes) -> None:
        # A keeper that has just died reads no more; `keeper_gone` deals with that.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._bequest.ready, byte)


def main(environ: MutableMapping[str, str]) -> int:
    """Run the gateway process; returns its exit status."""
    keep_blocks()
    bequest = take_bequest(environ)
    paths = paths_for(environ)
    last_words = _LastWords(paths)
    with contextlib.ExitStack() as stack:
        stack.push(last_words)
        make_folders(paths)
        runner = stack.enter_context(asyncio.Runner(loop_factory=loop_factory()))
        runner.run(run(paths, environ, bequest))
    return 1 if last_words.said else 0


class _LastWords:
    """Puts into the log and on the terminal why this process ends, as a sentence."""

    def __init__(self, paths: Paths) -> None:
        self.said = False
        self._paths = paths

    def __call__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Take an exception; what is no `Exception` goes on."""
        del kind, trace
        if not isinstance(error, Exception):
            return False
        self.said = True
        sentence = f"The gateway cannot run. {why(error)}"
        from app.assemble import logging_to

        with contextlib.suppress(OSError), logging_to(self._paths, str):
            _log.error("%s", sentence, extra={"event": "gateway_failed"})
        with contextlib.suppress(OSError):
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()
        return True


def why(error: Exception) -> str:
    """Return a sentence for people about what ends a gateway.

    The text of an exception that is not ours could quote anything: of it only the kind
    and the place are told.
    """
    from proxy.ledger import LedgerError

    if isinstance(error, LedgerError | PathRefused):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(place.filename)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename or 'no file is named'}."
    if isinstance(error, OSError) and file.parent == Path(__file__).parent:
        return f"{error}."
    kind = type(error).__name__
    return f"It met a fault of its own: {kind} at {file.name}:{place.lineno}."


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it exists, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
