"""One file on the disk goes back, or says why it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from dying_disk import FullDisk
from made_plans import NOW, json_wish, plan

from wizard.apply import apply_client
from wizard.disk import Disk
from wizard.journal import Journal
from wizard.records import WiredFile
from wizard.taking_back import look_back, take_back_file
from wizard.undone import Way


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "settings.json"
    made.write_text('{"model": "opus"}')
    return made


@pytest.fixture
def wired(file: Path, tmp_path: Path) -> WiredFile:
    journal = Journal(tmp_path / "wiring")
    apply_client(plan(json_wish(file)), journal, now=NOW, plan_id="p", port=1)
    return journal.current()[0].files[0]


def test_a_look_changes_nothing(wired: WiredFile, file: Path) -> None:
    before = file.stat()
    assert look_back(wired).way is Way.EXACT
    assert file.stat() == before


def test_a_full_disk_leaves_the_file_as_it_is(wired: WiredFile, file: Path) -> None:
    before = file.read_bytes()
    told = take_back_file(wired, 1, FullDisk(1, ever=True))
    assert told.way is Way.STUCK
    assert told.sentence == (
        f"{file} was left, because it cannot be written (No space left on device)."
    )
    assert file.read_bytes() == before
    assert take_back_file(wired, 1, Disk()).way is Way.EXACT


def test_what_was_there_need_not_be_sound(tmp_path: Path) -> None:
    """An empty file is no JSON, and it is what was there."""
    file = tmp_path / "settings.json"
    file.write_bytes(b"")
    journal = Journal(tmp_path / "wiring")
    apply_client(plan(json_wish(file)), journal, now=NOW, plan_id="p", port=1)
    assert take_back_file(journal.current()[0].files[0], 1, Disk()).way is Way.EXACT
    assert file.read_bytes() == b""


def test_bytes_that_were_garbled_on_the_way_are_not_put_there(
    wired: WiredFile, file: Path
) -> None:
    class Garbling(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            return super().write(descriptor, b"{" * len(data))

    edited = file.read_text().replace("{", '{"theirs": 1, ', 1)
    file.write_text(edited)
    told = take_back_file(wired, 1, Garbling())
    assert told.way is Way.STUCK
    assert "could not be read again" in told.sentence
    assert file.read_text() == edited
