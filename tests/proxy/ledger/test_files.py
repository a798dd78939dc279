"""The file: private from its first byte, and set aside whole when it is damaged."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import ledger_rows
import pytest

from proxy.ledger import Ledger
from proxy.ledger.files import prepare, writer_connection

ASIDE = "turnout.db.damaged-20261121T120000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnout.db"


def modes(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


async def use(path: Path, rows: int) -> tuple[str, ...]:
    """Write rows as a gateway does; return what it was told at the opening."""
    ledger = Ledger.open(path, f"run-of-{rows}", clock=ledger_rows.noon)
    for number in range(rows):
        assert await ledger.finish(ledger_rows.finished(f"req-{number}"))
    assert len(await ledger.recent(1000)) == rows
    await ledger.close()
    return ledger.notes


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
async def test_all_three_files_are_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        ledger = Ledger.open(path, "run-a", clock=ledger_rows.noon)
        assert await ledger.finish(ledger_rows.finished("req-1"))
        names = ("turnout.db", "turnout.db-shm", "turnout.db-wal")
        assert modes(path.parent) == dict.fromkeys(names, 0o600)
        await ledger.close()
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_file_is_never_open_to_others_not_even_at_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: pytest.fail("was open before"))
    prepare(path, ledger_rows.noon)
    assert modes(path.parent)["turnout.db"] == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_an_open_file_is_made_private(path: Path) -> None:
    prepare(path, ledger_rows.noon)
    path.chmod(0o644)
    prepare(path, ledger_rows.noon)
    assert modes(path.parent)["turnout.db"] == 0o600


def test_the_connection_is_set_up_for_a_record(path: Path) -> None:
    prepare(path, ledger_rows.noon)
    connection = writer_connection(path)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "busy_timeout": 2000,
    }
    for name, value in wanted.items():
        assert connection.execute(f"PRAGMA {name}").fetchone() == (value,), name
    connection.close()


def test_a_connection_makes_no_file(path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        writer_connection(path)
    assert not path.exists()


def test_a_name_with_odd_characters_is_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c %41" / "turnout.db"
    path.parent.mkdir()
    prepare(path, ledger_rows.noon)
    connection = writer_connection(path)
    connection.execute("SELECT * FROM requests")
    connection.close()
    assert path.exists()


def test_a_sound_file_is_used_as_it_is(path: Path) -> None:
    assert prepare(path, ledger_rows.noon) == ()
    before = path.read_bytes()
    assert prepare(path, ledger_rows.noon) == ()
    assert path.read_bytes() == before
    assert list(path.parent.glob("*damaged*")) == []


def test_an_empty_file_is_a_new_ledger(path: Path) -> None:
    path.touch()
    assert prepare(path, ledger_rows.noon) == ()


@pytest.mark.logs_trouble
@pytest.mark.parametrize("content", [b"not a database" * 400, b"\x00" * 8192])
def test_what_is_no_database_is_set_aside_whole(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.with_name("turnout.db-wal").write_bytes(b"wal")
    path.with_name("turnout.db-shm").write_bytes(b"shm")
    (note,) = asyncio.run(use(path, 1))
    assert ASIDE in note
    assert "turnout keys new" in note
    folder = path.parent
    assert (folder / ASIDE).read_bytes() == content
    assert (folder / f"{ASIDE}-wal").read_bytes() == b"wal"
    assert (folder / f"{ASIDE}-shm").exists()


@pytest.mark.logs_trouble
def test_a_damaged_page_is_found(path: Path) -> None:
    asyncio.run(use(path, 50))
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    assert len(asyncio.run(use(path, 1))) == 1
    assert (path.parent / ASIDE).read_bytes() == bytes(content)


def test_a_cut_file_is_found(path: Path) -> None:
    asyncio.run(use(path, 50))
    path.write_bytes(path.read_bytes()[:6000])
    assert len(prepare(path, ledger_rows.noon)) == 1


def test_a_log_left_by_a_crash_is_no_damage(path: Path) -> None:
    """Rows that are only in the write-ahead log are read, not set aside."""
    prepare(path, ledger_rows.noon)
    before = path.read_bytes()
    connection = writer_connection(path)
    connection.execute("INSERT INTO projects (label) VALUES ('kept')")
    log = path.with_name("turnout.db-wal").read_bytes()
    connection.close()
    path.write_bytes(before)
    path.with_name("turnout.db-wal").write_bytes(log)
    assert prepare(path, ledger_rows.noon) == ()
    connection = writer_connection(path)
    assert connection.execute("SELECT label FROM projects").fetchall() == [("kept",)]
    connection.close()


def test_another_programs_database_is_not_written_to(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    content = path.read_bytes()
    assert len(prepare(path, ledger_rows.noon)) == 1
    assert (path.parent / ASIDE).read_bytes() == content


def test_two_damages_in_one_second_are_both_kept(path: Path) -> None:
    for _ in range(2):
        path.write_bytes(b"damaged" * 1000)
        prepare(path, lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))
    kept = sorted(each.name for each in path.parent.glob("*damaged*"))
    assert kept == [ASIDE, f"{ASIDE}-2"]


def test_a_missing_folder_is_the_callers_affair(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        prepare(tmp_path / "none" / "turnout.db", ledger_rows.noon)
