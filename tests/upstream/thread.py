"""Runs loopback doubles in a thread with a loop of their own.

For tests that wait for a child process and have no loop running.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol


class Served(Protocol):
    """Something that is started and stopped on a loop."""

    async def start(self) -> None:
        """Begin to listen."""

    async def stop(self) -> None:
        """Close everything."""


@contextlib.contextmanager
def in_thread(*served: Served) -> Iterator[None]:
    """Serve on a loop in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="doubles", daemon=True)
    thread.start()
    try:
        for one in served:
            asyncio.run_coroutine_threadsafe(one.start(), loop).result(10)
        yield
    finally:
        for one in reversed(served):
            asyncio.run_coroutine_threadsafe(one.stop(), loop).result(10)
        asyncio.run_coroutine_threadsafe(_drain(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _drain() -> None:
    """End what is still running on this loop."""
    own = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not own]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
