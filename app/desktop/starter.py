"""Starts the gateway's keeper for the tray, off the GUI's thread; it serves nothing.

The keeper is a process of its own that outlives the tray. A port that is taken is
named and never hopped over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.door import Door, DoorClosed
from app.failure import CommandFailed
from app.serve import CannotServe, configured_port, start_keeper

if TYPE_CHECKING:
    import subprocess
    from concurrent.futures import Executor

    from app.paths import Paths


class Starter:
    """Starts keepers for one home; `port` None is the configured one."""

    def __init__(self, paths: Paths, port: int | None, pool: Executor) -> None:
        """Start nothing yet; `pool` does what would hold the GUI's thread."""
        self._paths = paths
        self._port = port
        self._pool = pool
        self._started: list[subprocess.Popen[bytes]] = []

    async def start_if_none(self) -> None:
        """Start a keeper where no gateway answers.

        Raises `app.serve.CannotServe` where that cannot be.
        """
        feed = Door(self._paths.control_socket).feed()
        try:
            await anext(feed)
        except DoorClosed:
            await self._start()
        finally:
            await feed.aclose()

    async def start(self) -> None:
        """Start a keeper. Raises `CommandFailed` where that cannot be."""
        try:
            await self._start()
        except CannotServe as refused:
            raise CommandFailed(
                "The gateway was not started", str(refused), "Then start it again here."
            ) from None

    def forget(self) -> None:
        """Let go of the keepers, which go on: without this Python warns of them."""
        for keeper in self._started:
            if keeper.poll() is None:
                keeper.returncode = 0

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        keeper = await loop.run_in_executor(self._pool, self._start_keeper)
        self._started.append(keeper)

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        return start_keeper(self._paths, self._port or configured_port(self._paths))
