"""The gateway hosted on the tray's own loop, in one process: `turnout tray --inline`.

The portable arrangement: nothing outlives the tray. It is the same `serve` as in a
process of its own; only who holds the sockets differs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.failure import CommandFailed
from app.identity import command_path
from app.keeper import CannotStartError, bind
from app.serve import CannotServe, check_free, configured_port
from app.stopping import Stop

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from app.paths import Paths


def listen(paths: Paths, port: int | None) -> list[socket.socket]:
    """Return the listening sockets; `port` None is the configured one.

    Raises `CannotServe` where the port is taken.
    """
    wanted = port or configured_port(paths)
    check_free(wanted, paths)
    try:
        sockets = bind(wanted)
    except CannotStartError as refused:
        raise CannotServe(str(refused)) from None
    for listening in sockets:
        listening.setblocking(False)
    return sockets


class InlineGateway:
    """A gateway in this process; `quit_all` ends the process on `turnout stop`."""

    def __init__(self, quit_all: Callable[[], None]) -> None:
        """Serve nothing yet; one event loop only."""
        self._stop = Stop()
        self._ready = asyncio.Event()
        # Only a tray that hosts the gateway pays for it.
        from app.assemble import Host

        self._host = Host(self._ready.set, _refuse_restart, quit_all)
        self._serving: asyncio.Task[None] | None = None

    async def start(
        self, paths: Paths, environ: Mapping[str, str], sockets: list[socket.socket]
    ) -> None:
        """Serve on `sockets`; returns once every one listens.

        Raises what `serve` raises where it cannot start.
        """
        loop = asyncio.get_running_loop()
        from app.assemble import serve

        work = serve(paths, environ, sockets, self._stop, self._host)
        self._serving = loop.create_task(work, name="gateway")
        ready = loop.create_task(self._ready.wait(), name="ready")
        first = asyncio.FIRST_COMPLETED
        try:
            await asyncio.wait((self._serving, ready), return_when=first)
        finally:
            ready.cancel()
        if self._serving.done():
            await self._serving

    def stop(self) -> None:
        """Ask for the end; a second time, without waiting for open streams."""
        self._stop.stop()

    async def ended(self) -> None:
        """Return when the gateway has ended."""
        if self._serving is not None:
            await self._serving


def _refuse_restart() -> None:
    raise CommandFailed(
        "This gateway cannot restart beside itself",
        "It runs inside the tray, in one process. It goes on as it was.",
        f"Quit the tray and start it again: {command_path()} tray --inline.",
    )
