"""What was learned lasts over a restart, and nothing depends on it."""

from __future__ import annotations

from pathlib import Path

from app.learned import MOST_BYTES, keep_learned, read_learned


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    keep_learned(path, b"one")
    keep_learned(path, b"two")
    assert read_learned(path) == b"two"


def test_nothing_kept_is_nothing_learned(tmp_path: Path) -> None:
    assert read_learned(tmp_path / "counts") == b""


def test_a_folder_that_takes_no_file_stops_nothing(tmp_path: Path) -> None:
    keep_learned(tmp_path / "gone" / "counts", b"one")
    assert read_learned(tmp_path / "gone" / "counts") == b""


def test_a_flood_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    path.write_bytes(b"x" * (MOST_BYTES + 1))
    assert read_learned(path) == b""
