"""A file is read with all that decides whether it may be changed."""

import os
import stat
from pathlib import Path

import pytest

from discovery.files import MOST_BYTES, Trouble, look_at


def test_a_plain_file_is_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"{}")
    file.chmod(0o640)
    state = look_at(file)
    assert (state.data, state.mode, state.trouble) == (b"{}", 0o640, Trouble.NONE)
    assert state.real == file
    assert not state.linked
    assert len(state.digest) == 64


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    state = look_at(tmp_path / "none" / "a.json")
    assert (state.data, state.mode, state.digest) == (None, None, "")
    assert state.trouble is Trouble.NONE


def test_links_are_followed_to_the_real_file(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "a.json"
    real.parent.mkdir()
    real.write_bytes(b"{}")
    link = tmp_path / "a.json"
    link.symlink_to(real)
    state = look_at(link)
    assert (state.real, state.linked, state.trouble) == (real, True, Trouble.NONE)
    behind = tmp_path / "folder"
    behind.symlink_to(real.parent)
    assert look_at(behind / "new.json").real == real.parent / "new.json"


def test_each_trouble_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x")
    (tmp_path / "b").hardlink_to(file)
    assert look_at(file).trouble is Trouble.HARD_LINK
    (tmp_path / "b").unlink()
    file.chmod(0o400)
    assert look_at(file).trouble is Trouble.READ_ONLY
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert look_at(tmp_path / "dangling").trouble is Trouble.DANGLING_LINK
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert look_at(tmp_path / "one").trouble is Trouble.UNREADABLE
    (tmp_path / "folder").mkdir()
    assert look_at(tmp_path / "folder").trouble is Trouble.NOT_A_FILE
    big = tmp_path / "big"
    with big.open("wb") as grown:
        grown.truncate(MOST_BYTES + 1)
    assert look_at(big).trouble is Trouble.TOO_LARGE


def test_a_pipe_in_the_files_place_does_not_hold_anybody_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert look_at(pipe).trouble is Trouble.NOT_A_FILE
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"canary")
    os.chown(file, 12345, 12345)
    assert look_at(file).trouble is Trouble.NOT_YOURS
    assert "canary" not in repr(look_at(file))
