"""The system calls: each does the one thing its name says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wizard.disk import Disk, group_of, identity_of


@pytest.fixture
def disk() -> Disk:
    return Disk()


def test_a_new_file_is_private_and_new(disk: Disk, tmp_path: Path) -> None:
    file = tmp_path / "file"
    descriptor = disk.create(file)
    assert disk.write(descriptor, b"data") == 4
    disk.sync(descriptor)
    disk.close(descriptor)
    assert file.read_bytes() == b"data"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        disk.create(file)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "link")
    assert not (tmp_path / "target").exists(), "no link is followed"


def test_permissions_do_not_depend_on_the_mask(disk: Disk, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        descriptor = disk.create(tmp_path / "file")
        disk.set_mode(descriptor, 0o644)
        disk.set_group(descriptor, os.getgid())
        disk.close(descriptor)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_line_goes_to_the_end(disk: Disk, tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n"):
        descriptor = disk.append_to(tmp_path / "lines")
        disk.write(descriptor, line)
        disk.close(descriptor)
    assert (tmp_path / "lines").read_bytes() == b"one\ntwo\n"


def test_files_and_folders_come_and_go(disk: Disk, tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "folder" / "file"
    disk.make_folder(folder)
    file.write_bytes(b"new")
    with pytest.raises(OSError, match="not empty"):
        disk.remove_folder(folder)
    (folder / "old").write_bytes(b"old")
    disk.replace(file, folder / "old")
    disk.sync_folder(folder)
    assert (folder / "old").read_bytes() == b"new"
    disk.remove(folder / "old")
    disk.remove_folder(folder)
    assert not folder.exists()


def test_a_file_is_told_from_another_of_its_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert identity_of(file) is None
    assert group_of(file) is None
    file.write_bytes(b"same")
    first = identity_of(file)
    assert group_of(file) == file.stat().st_gid
    twin = tmp_path / "twin"
    twin.write_bytes(b"same")
    twin.replace(file)
    assert identity_of(file) != first
