"""Marks a gateway's life by a lock, so that the next one can tell dead from draining.

One file for each run under `runs/`, locked while its gateway lives; the kernel drops
the lock at death, however it came. It reads no ledger.
"""

from __future__ import annotations

import fcntl
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{1,64}")


class RunLock:
    """The lock of the own run; held until `release` or death."""

    def __init__(self, folder: Path, run: str) -> None:
        """Take the lock of `run`, a new hexadecimal id. Raises `OSError`."""
        self._path = folder / f"{run}.lock"
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o600)
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Say that the run is over; its file goes."""
        self._path.unlink(missing_ok=True)
        os.close(self._fd)


def is_dead(folder: Path, run: str) -> bool:
    """Tell whether no process holds the lock of `run`; a dead run's file is removed."""
    if not _NAME.fullmatch(run):
        return True
    path = folder / f"{run}.lock"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(fd)
