"""A ledger's file looked over: sound, guarded, counted; and all that can be amiss."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from ledger_rows import NOON, finished, noon, routed

from proxy.ledger import Ledger
from proxy.ledger.checkup import (
    TEST_SESSION,
    Checkup,
    examine,
    oldest_sqlite,
    sqlite_old,
    sqlite_version,
)
from proxy.ledger.schema import MIGRATIONS


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    place = tmp_path / "turnout.db"
    ledger = Ledger.open(place, "run-a", clock=noon)
    ledger.routed(routed("req_1"))
    await ledger.finish(finished("req_1"))
    yield place
    await ledger.close()


def test_a_ledger_in_use_is_sound_guarded_and_counted(path: Path) -> None:
    seen = examine(path)
    assert seen.sound
    assert seen.ours
    assert seen.version == seen.newest == len(MIGRATIONS)
    assert seen.unguarded == ()
    assert seen.error == ""
    counts = dict(seen.counts)
    assert (counts["routed"], counts["finished"]) == (1, 1)
    assert seen.last == (("claude-code", NOON),)


async def test_our_own_test_is_nobodys_last_request(tmp_path: Path) -> None:
    place = tmp_path / "turnout.db"
    ledger = Ledger.open(place, "run-a", clock=noon)
    for number, session in enumerate((TEST_SESSION, None)):
        ledger.routed(routed(f"req_{number}", session=session))
        await ledger.finish(
            finished(f"req_{number}", time=NOON - timedelta(hours=number))
        )
    await ledger.close()
    assert examine(place).last == (("claude-code", NOON - timedelta(hours=1)),)


def test_looking_leaves_the_file_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    examine(path)
    assert path.read_bytes() == before


def test_a_table_without_its_guard_is_named(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER finished_no_update")
    connection.commit()
    connection.close()
    assert examine(path).unguarded == ("finished",)


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert examine(tmp_path / "gone.db") == Checkup(exists=False)


def test_damage_and_foreign_files_are_told(tmp_path: Path) -> None:
    noise, foreign = tmp_path / "noise.db", tmp_path / "foreign.db"
    noise.write_bytes(b"no database at all, " * 900)
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE x (y)")
    connection.close()
    seen = examine(noise)
    assert seen.sound is False
    assert seen.error == "SQLITE_NOTADB"
    assert not examine(foreign).ours


def test_a_folder_in_the_files_place_raises_nothing(tmp_path: Path) -> None:
    assert examine(tmp_path).error


def test_a_look_without_time_says_that_it_does_not_know(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE big (x TEXT)")
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 20000) INSERT INTO big SELECT hex(randomblob(50)) FROM n"
    )
    connection.commit()
    connection.close()
    seen = examine(path, seconds=-1.0)
    assert seen.sound is not True
    assert seen.exists


def test_the_library_will_do_here() -> None:
    assert not sqlite_old()
    assert sqlite_version().count(".") == 2
    assert oldest_sqlite() == "3.37"
