"""Lets one at a time connect a client, whichever process it is in; it connects nothing.

The system drops a turn when its process ends, however it came. It must not be held
while a person is asked or a model answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LONGEST_WAIT: Final = 15.0
"""Seconds that another one's turn is waited for."""

_LOOK_AGAIN: Final = 0.05


class TurnTaken(Exception):
    """Another one has the turn and did not give it back in time."""


@contextlib.asynccontextmanager
async def turn_of(
    folder: Path, client: str, wait: float = LONGEST_WAIT
) -> AsyncIterator[None]:
    """Be the only one at this client while the block runs.

    `folder` is where the locks are, `wait` is in seconds. Where no lock can be made
    the block runs without: what it writes then fails with a better reason.

    Raises:
        TurnTaken: another one has it and did not end in time.
    """
    descriptor = await asyncio.to_thread(_opened, folder / f"connect-{client}.lock")
    if descriptor is None:
        yield
        return
    try:
        for _ in range(max(1, round(wait / _LOOK_AGAIN))):
            if _taken(descriptor):
                break
            await asyncio.sleep(_LOOK_AGAIN)
        else:
            raise TurnTaken
        yield
    finally:
        os.close(descriptor)


def _opened(file: Path) -> int | None:
    flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.open(file, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return None


def _taken(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
