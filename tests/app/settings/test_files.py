import os
import stat
from pathlib import Path

import pytest

from app.settings import files
from app.settings.files import read_whole, replace_whole, stamp_of, write_new


def test_a_new_file_is_private_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "a"
    before = os.umask(0)
    try:
        assert write_new(path, b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not write_new(path, b"two")
    assert path.read_bytes() == b"one"


def test_replacing_is_whole_private_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    path.chmod(0o644)
    assert replace_whole(path, b"two", stamp_of(path))
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_the_file_it_leads_to_changes(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles"
    real.mkdir()
    (real / "config.toml").write_bytes(b"one")
    link = tmp_path / "config.toml"
    link.symlink_to(real / "config.toml")
    assert replace_whole(link, b"two", stamp_of(link))
    assert link.is_symlink()
    assert (real / "config.toml").read_bytes() == b"two"


def test_a_file_that_changed_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    stamp = stamp_of(path)
    path.write_bytes(b"edited")
    assert not replace_whole(path, b"two", stamp)
    assert not replace_whole(path, b"two", None)
    assert path.read_bytes() == b"edited"
    path.unlink()
    assert not replace_whole(path, b"two", stamp)
    assert replace_whole(path, b"two", None)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_whole(path, b"two", stamp_of(path))
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"half")
    looks: list[Path] = []

    def busy(where: Path) -> files.Stamp | None:
        if not looks:
            where.write_bytes(b"half and half")
        looks.append(where)
        return stamp_of(where)

    monkeypatch.setattr(files, "stamp_of", busy)
    data, stamp = read_whole(path, 100)
    assert data == b"half and half"
    assert stamp == stamp_of(path)
    assert len(looks) == 2


def test_only_as_much_as_allowed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"123456")
    assert read_whole(path, 3)[0] == b"1234"


def test_what_is_no_file_is_an_error_and_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(OSError, match=r"."):
            read_whole(path, 10)
    assert stamp_of(tmp_path / "nothing") is None
