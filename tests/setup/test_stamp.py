from __future__ import annotations

from pathlib import Path

import pytest
import stamp


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock.txt"
    path.write_text("one==1\n", encoding="utf-8")
    return path


def test_a_step_that_was_never_done_is_not_fresh(lock: Path, tmp_path: Path) -> None:
    assert not stamp.Stamp(tmp_path / "done", (lock,)).fresh()


def test_a_finished_step_is_fresh(lock: Path, tmp_path: Path) -> None:
    stamp.Stamp(tmp_path / "new" / "done", (lock,)).set()
    assert stamp.Stamp(tmp_path / "new" / "done", (lock,)).fresh()


def test_a_changed_lock_makes_it_stale(lock: Path, tmp_path: Path) -> None:
    mark = stamp.Stamp(tmp_path / "done", (lock,))
    mark.set()
    lock.write_text("one==2\n", encoding="utf-8")
    assert not mark.fresh()


def test_a_moved_checkout_makes_it_stale(lock: Path, tmp_path: Path) -> None:
    stamp.Stamp(tmp_path / "done", (lock,), salt="here").set()
    assert not stamp.Stamp(tmp_path / "done", (lock,), salt="there").fresh()


def test_a_step_cut_off_half_way_is_not_fresh(lock: Path, tmp_path: Path) -> None:
    mark = stamp.Stamp(tmp_path / "done", (lock,))
    mark.set()
    mark.clear()  # as every step does before it begins
    assert not mark.fresh()


def test_a_stamp_that_was_written_in_part_is_not_fresh(
    lock: Path, tmp_path: Path
) -> None:
    mark = stamp.Stamp(tmp_path / "done", (lock,))
    mark.set()
    mark.path.write_bytes(mark.path.read_bytes()[:10])
    assert not mark.fresh()
