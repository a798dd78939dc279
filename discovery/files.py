"""Reads another program's small file with all that decides whether it may be changed.

It must not write or create anything, nor follow what the file says.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 5 * 1024 * 1024
"""The longest file that is read; no client's settings come near it."""

# Opening a pipe that somebody left in the file's place must not wait.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Trouble(StrEnum):
    """Why a file must be left alone, whatever it says."""

    NONE = "none"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    NOT_A_FILE = "not-a-file"
    HARD_LINK = "hard-link"
    DANGLING_LINK = "dangling-link"
    READ_ONLY = "read-only"
    NOT_YOURS = "not-yours"


@dataclass(frozen=True, slots=True)
class FileState:
    """One file at one moment.

    `path` is how the client names it, `real` where links lead. `data` is None where
    there is no file; `mode` its permission bits. `linked` says that `path` is a
    symbolic link or stands behind one of its own last part.
    """

    path: Path
    real: Path
    data: bytes | None = field(repr=False)
    mode: int | None = None
    linked: bool = False
    trouble: Trouble = Trouble.NONE

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes in hex, '' where there is no file."""
        return "" if self.data is None else hashlib.sha256(self.data).hexdigest()


def look_at(path: Path) -> FileState:
    """Return the state of the file at `path`; a file that is not there is no trouble.

    Reads at most `MOST_BYTES` and one more. Never raises for what it finds.
    """
    linked = path.is_symlink()
    try:
        real = path.resolve(strict=True)
    except FileNotFoundError:
        trouble = Trouble.DANGLING_LINK if linked else Trouble.NONE
        return FileState(path, _parent_resolved(path), None, None, linked, trouble)
    except (OSError, RuntimeError):
        return FileState(path, path, None, None, linked, Trouble.UNREADABLE)
    try:
        return _read(path, real, linked=linked)
    except OSError:
        return FileState(path, real, None, None, linked, Trouble.UNREADABLE)


def _parent_resolved(path: Path) -> Path:
    """Return where the file would be made: its folder may stand behind a link."""
    return path.parent.resolve() / path.name


def _read(path: Path, real: Path, *, linked: bool) -> FileState:
    if not stat.S_ISREG(real.stat().st_mode):
        return FileState(path, real, None, None, linked, Trouble.NOT_A_FILE)
    descriptor = os.open(real, _READ)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        found = os.fstat(descriptor)
        data = file.read(MOST_BYTES + 1)
    mode = stat.S_IMODE(found.st_mode)
    trouble = _trouble(found, real, len(data))
    return FileState(path, real, data, mode, linked, trouble)


def _trouble(found: os.stat_result, real: Path, size: int) -> Trouble:
    if size > MOST_BYTES:
        return Trouble.TOO_LARGE
    if found.st_nlink > 1:
        return Trouble.HARD_LINK
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return Trouble.NOT_YOURS
    # Root may write everything: a file without a write bit was meant to stay.
    if not found.st_mode & stat.S_IWUSR or not os.access(real.parent, os.W_OK):
        return Trouble.READ_ONLY
    return Trouble.NONE
