"""The few system calls by which other programs' files are changed, one method each.

It must not decide anything. A test hands in a disk that dies before a given call.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_MORE: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
# Virus scanners and editors hold a file on Windows for a moment.
_TRIES: Final = 5
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a file from another that took its name meanwhile."""

    inode: int
    mtime_ns: int
    size: int


class Disk:
    """System calls; each raises `OSError` as the call does."""

    def create(self, path: Path, mode: int = 0o600) -> int:
        """Make a file that must not be there yet; return its descriptor."""
        return os.open(path, _NEW, mode)

    def append_to(self, path: Path) -> int:
        """Open a private file to write at its end, made where it is not there."""
        return os.open(path, _MORE, 0o600)

    def write(self, descriptor: int, data: bytes) -> int:
        """Write some of `data`; return how many bytes were taken."""
        return os.write(descriptor, data)

    def set_mode(self, descriptor: int, mode: int) -> None:
        """Give a file its permission bits, whatever the process's mask is."""
        if sys.platform != "win32":
            os.fchmod(descriptor, mode)

    def set_group(self, descriptor: int, group: int) -> None:
        """Give a file its group."""
        if sys.platform != "win32":
            os.fchown(descriptor, -1, group)

    def sync(self, descriptor: int) -> None:
        """Have a file's bytes on the disk when this returns."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over a file: readers see the old or the new one, never half."""
        tries = _TRIES if sys.platform == "win32" else 1
        for left in reversed(range(tries)):
            try:
                source.replace(target)
            except PermissionError:
                if not left:
                    raise
                time.sleep(_PAUSE)
            else:
                return

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def make_folder(self, path: Path) -> None:
        """Make one private folder, whose parent is there."""
        path.mkdir(mode=0o700)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder that is empty."""
        path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Have the names in a folder on the disk when this returns."""
        if sys.platform == "win32":
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def identity_of(path: Path) -> Identity | None:
    """Return what tells the file at `path` from another, None where there is none."""
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return Identity(found.st_ino, found.st_mtime_ns, found.st_size)


def group_of(path: Path) -> int | None:
    """Return the group of the file at `path`, None where there is no file."""
    try:
        return path.stat().st_gid
    except OSError:
        return None
