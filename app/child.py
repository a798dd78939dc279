"""The gateway as the keeper's child: sockets, ready byte, heartbeat, signals.

Started as `python -m app gateway` by `app.keeper`, whose side of the talk is written
down in docs/decisions/0003-processes-and-the-door.md. It serves nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.assemble import Host, serve
from app.identity import command_path
from app.paths import make_folders, paths_for
from app.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from app.paths import Paths

HEARTBEAT_SECONDS = 10.0
"""How often the keeper hears that this process is not stuck."""


@dataclass(frozen=True, slots=True)
class Bequest:
    """What the keeper hands down: listening sockets, two pipes and its own pid."""

    sockets: tuple[socket.socket, ...]
    ready: int
    hold: int
    keeper: int


def take_bequest(environ: MutableMapping[str, str]) -> Bequest:
    """Read the keeper's variables and take them out of the environment.

    Raises `KeyError` or `ValueError` where this process was not started by a keeper.
    """
    fds = [int(fd) for fd in environ.pop("TURNOUT_FDS").split(",")]
    ready = int(environ.pop("TURNOUT_READY"))
    hold = int(environ.pop("TURNOUT_HOLD"))
    keeper = int(environ.pop("TURNOUT_KEEPER_PID"))
    for fd in (*fds, ready, hold):
        # pass_fds cleared close-on-exec; nothing we start may inherit these.
        os.set_inheritable(fd, False)
    sockets = tuple(socket.socket(fileno=fd) for fd in fds)
    for listening in sockets:
        listening.setblocking(False)
    return Bequest(sockets, ready, hold, keeper)


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
        "-m",
        "app",
        "gateway",
    )


async def run(paths: Paths, environ: Mapping[str, str], bequest: Bequest) -> None:
    """Serve for the keeper until it says stop, or a newer gateway takes over."""
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
        self._beat: asyncio.TimerHandle | None = None
        self._heir: subprocess.Popen[bytes] | None = None

    def ready(self) -> None:
        """Say that every socket listens, and begin to beat."""
        self._write(b"1")
        self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._beats)

    def restart(self) -> None:
        """Ask the keeper for a planned restart."""
        os.kill(self._bequest.keeper, signal.SIGHUP)

    def stop_all(self) -> None:
        """Ask the keeper to end, which ends this gateway too."""
        os.kill(self._bequest.keeper, signal.SIGTERM)

    def keeper_gone(self) -> None:
        """Start a new keeper on the sockets: this gateway goes on until it is ready."""
        self._loop.remove_reader(self._bequest.hold)
        if self._beat is not None:
            self._beat.cancel()
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

    def close(self) -> None:
        """Stop beating and let the pipes go."""
        if self._beat is not None:
            self._beat.cancel()
        self._loop.remove_reader(self._bequest.hold)
        for fd in (self._bequest.ready, self._bequest.hold):
            os.close(fd)
        if self._heir is not None:
            # It outlives this process; without the code Popen would warn about it.
            self._heir.returncode = 0

    def _beats(self) -> None:
        self._write(b"h")
        self._beat = self._loop.call_later(HEARTBEAT_SECONDS, self._beats)

    def _write(self, byte: bytes) -> None:
        # A keeper that has just died reads no more; `keeper_gone` deals with that.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self._bequest.ready, byte)


def main(environ: MutableMapping[str, str]) -> int:
    """Run the gateway process; returns its exit status."""
    bequest = take_bequest(environ)
    paths = paths_for(environ)
    make_folders(paths)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run(paths, environ, bequest))
    return 0


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it exists, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
