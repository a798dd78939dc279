"""Starts the gateway's keeper for the tray, off the GUI's thread; it serves nothing.

The keeper is a process of its own that outlives the tray. A port that is taken is
named and never hopped over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from app.failure import CommandFailed
from app.identity import command_path
from app.serve import CannotServe, answers, configured_port, start_keeper

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from concurrent.futures import Executor

    from app.paths import Paths

Result = TypeVar("Result")


class Starter:
    """Starts keepers for one home; `port` None is the configured one."""

    def __init__(self, paths: Paths, port: int | None, pool: Executor) -> None:
        """Start nothing yet; `pool` does what would hold the GUI's thread."""
        self._paths = paths
        self._port = port
        self._pool = pool
        self._started: list[subprocess.Popen[bytes]] = []

    async def start_if_none(self) -> None:
        """Start a keeper where neither a gateway nor a keeper answers.

        Raises `app.serve.CannotServe` where that cannot be.
        """
        if not await self._off_thread(self._runs):
            await self._start()

    async def start(self) -> None:
        """Start a keeper. Raises `CommandFailed` where that cannot be."""
        if await self._off_thread(self._kept):
            raise CommandFailed(
                "The gateway is being started already",
                "Its keeper runs and starts it again and again, with pauses.",
                f"See what stops it: {command_path()} logs.",
            )
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
        self._started.append(await self._off_thread(self._start_keeper))

    async def _off_thread(self, work: Callable[[], Result]) -> Result:
        # Looking at sockets and ports may take a moment that the window has not.
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _runs(self) -> bool:
        return answers(self._paths.control_socket) or self._kept()

    def _kept(self) -> bool:
        return answers(self._paths.keeper_socket)

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        return start_keeper(self._paths, self._port or configured_port(self._paths))
