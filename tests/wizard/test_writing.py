"""Whole new bytes in a file's place, if it is still the one that was looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from dying_disk import CountingDisk

from wizard.disk import Disk
from wizard.writing import (
    Changed,
    look,
    make_folders,
    missing_folders,
    put,
    remove_folders,
    take_away,
    temporary,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(b"old")
    return made


def unchecked(data: bytes) -> None:
    assert data == b"new"


def test_the_new_bytes_are_there_before_the_rename(file: Path) -> None:
    disk = CountingDisk()
    put(disk, look(file), b"new", 0o600, 7, unchecked)
    assert file.read_bytes() == b"new"
    assert disk.calls.index("sync") < disk.calls.index("replace")
    assert disk.calls[-1] == "sync_folder"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_changed_is_left(file: Path) -> None:
    seen = look(file)
    file.write_bytes(b"other")
    with pytest.raises(Changed):
        put(Disk(), seen, b"new", 0o600, 7, unchecked)
    with pytest.raises(Changed):
        take_away(Disk(), seen)
    assert file.read_bytes() == b"other"
    assert list(file.parent.iterdir()) == [file]


def test_a_twin_of_the_same_bytes_is_another_file(file: Path, tmp_path: Path) -> None:
    """Whoever replaced it is at work on it: its next step would be lost."""
    seen = look(file)
    twin = tmp_path / "twin"
    twin.write_bytes(b"old")
    twin.replace(file)
    with pytest.raises(Changed):
        put(Disk(), seen, b"new", 0o600, 7, unchecked)
    assert file.read_bytes() == b"old"


def test_what_cannot_be_read_again_is_not_put_there(file: Path) -> None:
    def unsound(data: bytes) -> None:
        raise ValueError(data)

    with pytest.raises(ValueError, match="new"):
        put(Disk(), look(file), b"new", 0o600, 7, unsound)
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_write_may_come_in_parts(file: Path) -> None:
    class Slow(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            return super().write(descriptor, data[:1])

    put(Slow(), look(file), b"new", 0o600, 7, unchecked)
    assert file.read_bytes() == b"new"


def test_somebody_who_writes_right_afterwards_is_noticed(file: Path) -> None:
    class Raced(Disk):
        def sync_folder(self, path: Path) -> None:
            file.write_bytes(b"theirs")

    with pytest.raises(Changed):
        put(Raced(), look(file), b"new", 0o600, 7, unchecked)
    assert file.read_bytes() == b"theirs"


def test_folders_are_made_outer_ones_first_and_go(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    folders = missing_folders(path)
    assert folders == (tmp_path / "a", tmp_path / "a" / "b")
    make_folders(Disk(), folders)
    make_folders(Disk(), folders)
    assert path.parent.is_dir()
    assert missing_folders(path) == ()
    remove_folders(Disk(), folders)
    remove_folders(Disk(), folders)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_tells_whose_it_is(tmp_path: Path) -> None:
    name = temporary(tmp_path / "settings.json", 12)
    assert name == tmp_path / ".settings.json.turnout-12.tmp"
