"""Puts whole new bytes in a file's place, or takes the file away; all or nothing.

It must not decide what is written: it checks only that the file is the one that was
looked at, and that what was written is what is there afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from discovery.files import FileState, look_at
from wizard.disk import Disk, Identity, group_of, identity_of


class Changed(Exception):
    """The file is not the one that was looked at any more; it was left as it is."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A file's state with what tells it from another of the same name."""

    state: FileState
    identity: Identity | None
    group: int | None


def look(path: Path) -> Looked:
    """Return the state of a file that may be changed soon."""
    # The identity first: a file that changes in between is then seen to be new.
    real = look_at(path).real
    identity, group = identity_of(real), group_of(real)
    return Looked(look_at(path), identity, group)


def temporary(real: Path, number: int) -> Path:
    """Return where new bytes wait before they take a file's place.

    The name tells which wiring left it, so that what a killed process left is found.
    """
    return real.with_name(f".{real.name}.turnout-{number}.tmp")


def put(
    disk: Disk,
    looked: Looked,
    data: bytes,
    mode: int,
    number: int,
    check: Callable[[bytes], None],
) -> None:
    """Let the file that was looked at have `data`, with its mode and group kept.

    `check` gets the bytes as they were read again from the new file, before it takes
    the old one's place, and raises where they are not sound.

    Raises:
        Changed: the file is another one than was looked at; it was not touched.
        OSError: it could not be written; the old file is untouched, or the new one is
            there but could not be confirmed.
    """
    real = looked.state.real
    fresh = temporary(real, number)
    descriptor = disk.create(fresh)
    try:
        try:
            _fill(disk, descriptor, data)
            disk.set_mode(descriptor, mode)
            if looked.group is not None and looked.group != group_of(fresh):
                # Only a member may give a group away; the file's own bits stand.
                with contextlib.suppress(PermissionError):
                    disk.set_group(descriptor, looked.group)
            disk.sync(descriptor)
        finally:
            disk.close(descriptor)
        check(fresh.read_bytes())
        _same_still(looked)
        disk.replace(fresh, real)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(fresh)
        raise
    disk.sync_folder(real.parent)
    if look_at(looked.state.path).data != data:
        raise Changed


def take_away(disk: Disk, looked: Looked) -> None:
    """Remove the file that was looked at.

    Raises:
        Changed: it is another one now; it was not touched.
        OSError: it could not be removed.
    """
    _same_still(looked)
    disk.remove(looked.state.real)
    disk.sync_folder(looked.state.real.parent)


def make_folders(disk: Disk, folders: tuple[Path, ...]) -> None:
    """Make the folders, outer ones first. Raises `OSError`."""
    for folder in folders:
        with contextlib.suppress(FileExistsError):
            disk.make_folder(folder)
            disk.sync_folder(folder.parent)


def remove_folders(disk: Disk, folders: tuple[Path, ...]) -> None:
    """Remove those of the folders that are empty; the others stay."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            disk.remove_folder(folder)


def missing_folders(path: Path) -> tuple[Path, ...]:
    """Return the folders that have to be made for a file, outer ones first."""
    missing: list[Path] = []
    folder = path.parent
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return tuple(reversed(missing))


def _fill(disk: Disk, descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[disk.write(descriptor, bytes(rest)) :]


def _same_still(looked: Looked) -> None:
    now = look_at(looked.state.path)
    same = (now.data, now.real) == (looked.state.data, looked.state.real)
    if not same or identity_of(looked.state.real) != looked.identity:
        raise Changed
