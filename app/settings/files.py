"""Reads and writes one small private file so that nobody ever sees half of it.

It must not know what is in the file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

_FILE = 0o600
_TRIES = 3
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
# Opening a pipe that somebody left in the file's place must not wait.
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another without reading it."""

    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of the file at `path`, None where there is none to read."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def read_whole(path: Path, most: int) -> tuple[bytes, Stamp]:
    """Return the file's bytes and the stamp they belong to.

    At most `most` bytes and one more are read. A file that changes meanwhile is read
    again, at most three times in all.

    Raises `OSError` where it cannot be read.
    """
    data, before, after = _read_once(path, most)
    for _ in range(_TRIES - 1):
        if before == after:
            break
        data, before, after = _read_once(path, most)
    return data, before


def _read_once(path: Path, most: int) -> tuple[bytes, Stamp, Stamp | None]:
    descriptor = os.open(path, _READ)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no Path
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "it is not a file")
        return file.read(most + 1), _stamp(found), stamp_of(path)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file that must not be there yet; False where it is.

    Raises `OSError` where it cannot be written.
    """
    try:
        descriptor = os.open(path, _NEW, _FILE)
    except FileExistsError:
        return False
    _fill(descriptor, data)
    _sync_folder(path.parent)
    return True


def replace_whole(path: Path, data: bytes, expected: Stamp | None) -> bool:
    """Put `data` in the place of the file, which keeps its old or has its new bytes.

    A link is followed, so the file it leads to changes. False where the file is not
    in the state `expected` any more, None meaning that there was none.

    Raises `OSError` where it cannot be written; the old file is then untouched.
    """
    target = path.resolve()
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}.new")
    try:
        _fill(os.open(fresh, _NEW, _FILE), data)
        if stamp_of(target) != expected:
            return False
        fresh.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
    _sync_folder(target.parent)
    return True


def _fill(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a new name in `folder` last through a power cut."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
