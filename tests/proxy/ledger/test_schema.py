"""Migrations from version 1 on, and tables that only grow."""

from __future__ import annotations

import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import ledger_rows
import pytest
from peewee import OperationalError, SqliteDatabase

from proxy.ledger import Event, Ledger
from proxy.ledger.files import peewee_database, prepare, writer_connection
from proxy.ledger.refusing import TooNewError
from proxy.ledger.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    migrate,
    version_1,
)

TABLES = (
    "runs",
    "run_ends",
    "projects",
    "routed",
    "finished",
    "gateway_keys",
    "attempts",
    "consents",
)
# The published view; other programs read it by these names.
PUBLISHED = """
    id time client protocol session project route_class requested_model provider
    model lane fallback_chain input_tokens cache_read_tokens cache_write_tokens
    output_tokens cost_nano billing first_byte_ms duration_ms cache_hit stop_reason
    status error_kind losses
    intent class_evidence floor mark escalated answer_cost_nano asked_cost_nano
"""
# What version 1 published, in its order: readers by position go on, too.
FIRST_COLUMNS = """
    id sequence time arrived run client protocol session agent parent_agent project mode
    route_class requested_model stream provider model lane fallback_chain attempts
    input_tokens cache_read_tokens cache_write_tokens cache_write_1h_tokens
    output_tokens reasoning_tokens web_searches price price_snapshot cost_nano billing
    first_byte_ms duration_ms cache_hit stop_reason status error_kind losses
"""

# One row in each table, as version 1 wrote it.
ROWS = """
INSERT INTO runs VALUES (1, 'run-a', 77, '2026-11-21T12:00:00.000000Z', '0.1.0');
INSERT INTO run_ends VALUES (1, 'run-z', '2026-11-21T12:00:00.000000Z');
INSERT INTO projects VALUES (1, 'turnout');
INSERT INTO routed VALUES (1, 'req-1', 'run-a', '2026-11-21T12:00:00.000000Z',
    'codex', 'openai-responses', 's', 'a', 'pa', 'fallback_safe', 'gpt', 'direct', 1,
    '{}');
INSERT INTO finished VALUES (1, 'req-1', 'run-a', '2026-11-21T12:00:01.000000Z', 1,
    'openai', 'gpt', NULL, 'metered', '["openai/gpt"]', '[]', 1, 2, 3, 0, 5, 4, NULL,
    '{"input":"1.25","output":null,"cache_read":null,"cache_write":null,'
    || '"cache_write_1h":null,"web_search":null}',
    'snap', 7, 8, 9, 'stop', 'success', NULL, '[]');
INSERT INTO gateway_keys VALUES (1, 'created', 'k', 'codex', 'call', 'h',
    '2026-11-21T12:00:00.000000Z');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnout.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    path.touch()
    made = peewee_database(path)
    made.connect()
    yield made
    made.close()


@pytest.fixture
def old(path: Path, database: SqliteDatabase) -> Iterator[sqlite3.Connection]:
    """A file that version 1 has made and written."""
    migrate(database, (version_1,))
    connection = writer_connection(path)
    connection.executescript(ROWS)
    yield connection
    connection.close()


@pytest.fixture
def filled(path: Path, old: sqlite3.Connection) -> sqlite3.Connection:
    """The same file today, with a row of each newer table."""
    prepare(path, ledger_rows.noon)
    old.execute(
        "INSERT INTO attempts (request, number, time, provider, model, outcome)"
        " VALUES ('req-1', 1, '2026-11-21T12:00:01.000000Z', 'a', 'b', 'cut')"
    )
    old.execute(
        "INSERT INTO consents (id, time, kind, subject, scope, detail, given, hash)"
        " VALUES ('c', '2026-11-21T12:00:01.000000Z', 'docker', '', '', '', 1, 'h')"
    )
    return old


def numbers(path: Path) -> tuple[int, int]:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    connection.close()
    return version, application


def execute(database: SqliteDatabase, statement: str) -> None:
    database.execute_sql(statement)  # type: ignore[no-untyped-call]


def add_a_column(database: SqliteDatabase) -> None:
    execute(database, "ALTER TABLE runs ADD COLUMN note TEXT")


def fail_half_way(database: SqliteDatabase) -> None:
    execute(database, "CREATE TABLE half (x TEXT)")
    raise OperationalError("no more")


def test_a_new_file_gets_the_newest_version(path: Path) -> None:
    prepare(path, ledger_rows.noon)
    assert numbers(path) == (len(MIGRATIONS), APPLICATION_ID)


def test_version_1_is_the_first_migration() -> None:
    assert MIGRATIONS[0] is version_1


async def test_a_version_1_file_reads_and_grows_today(
    path: Path, old: sqlite3.Connection
) -> None:
    before = old.execute("SELECT * FROM requests").fetchone()
    ledger = Ledger.open(path, "run-b", clock=ledger_rows.noon)
    ledger.routed(ledger_rows.routed("req-2"))
    assert await ledger.finish(ledger_rows.finished("req-2"))
    new, first = await ledger.recent()
    assert (new.id, new.sequence) == ("req-2", 2)
    assert (first.id, first.cost_nano, first.answer_cost_nano) == ("req-1", 7, 7)
    assert first.price is not None
    assert str(first.price.input) == "1.25"
    assert (first.intent, first.floor, first.asked_cost_nano) == (None, None, None)
    assert (first.mark, first.escalated, first.class_evidence) == ("", False, ())
    assert (await ledger.spend(ledger_rows.NOON)).billed_nano == 360_007
    assert await ledger.close() == 0
    columns = ", ".join(FIRST_COLUMNS.split())
    after = old.execute(f"SELECT {columns} FROM requests WHERE id = 'req-1'")
    assert after.fetchone() == before
    assert numbers(path)[0] == len(MIGRATIONS)


def test_the_file_as_it_was_is_kept_whole(path: Path, old: sqlite3.Connection) -> None:
    before = list(old.iterdump())
    prepare(path, ledger_rows.noon)
    prepare(path, ledger_rows.noon)
    (kept,) = (path.parent / "backups").iterdir()
    assert kept.name == "turnout.db.version-1-20261121T120000Z"
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert numbers(kept) == (1, APPLICATION_ID)
    with closing(sqlite3.connect(kept)) as copy:
        assert list(copy.iterdump()) == before


async def test_an_older_gateway_may_go_on_writing_while_it_drains(
    path: Path, old: sqlite3.Connection
) -> None:
    ledger = Ledger.open(path, "run-b", clock=ledger_rows.noon)
    # The statements of version 1 name their columns.
    old.execute(
        "INSERT INTO routed (id, run, time, client, protocol, session, agent,"
        " parent_agent, route_class, requested_model, mode, stream, decision)"
        " VALUES ('late', 'run-a', '2026-11-21T12:00:02.000000Z', 'codex',"
        " 'openai-chat', NULL, NULL, NULL, 'fallback_safe', 'm', 'direct', 0, '{}')"
    )
    old.execute(
        "INSERT INTO finished (id, run, time, provider, model, billing,"
        " fallback_chain, attempts, cost_nano, status, losses) VALUES ('late', 'run-a',"
        " '2026-11-21T12:00:03.000000Z', 'a', 'b', 'metered', '[]', '[]', 5, 'success',"
        " '[]')"
    )
    event = await ledger.event("late")
    assert event is not None
    assert (event.cost_nano, event.answer_cost_nano, event.mark) == (5, 5, "")
    await ledger.close()


def test_a_new_file_is_not_copied(path: Path) -> None:
    prepare(path, ledger_rows.noon)
    assert not (path.parent / "backups").exists()


def test_the_next_migration_keeps_the_rows(
    path: Path, filled: sqlite3.Connection, database: SqliteDatabase
) -> None:
    migrate(database, (*MIGRATIONS, add_a_column))
    assert numbers(path)[0] == len(MIGRATIONS) + 1
    assert filled.execute("SELECT id, note FROM runs").fetchall() == [("run-a", None)]


def test_a_migration_that_fails_leaves_nothing_behind(
    path: Path, filled: sqlite3.Connection, database: SqliteDatabase
) -> None:
    with pytest.raises(OperationalError):
        migrate(database, (*MIGRATIONS, add_a_column, fail_half_way))
    assert numbers(path)[0] == len(MIGRATIONS)
    filled.execute("SELECT * FROM runs")
    names = filled.execute("SELECT name FROM sqlite_schema").fetchall()
    assert ("half",) not in names
    assert "note" not in _columns(filled, "runs")


def test_migrating_twice_changes_nothing(
    filled: sqlite3.Connection, database: SqliteDatabase
) -> None:
    before = filled.execute("SELECT sql FROM sqlite_schema").fetchall()
    migrate(database)
    assert filled.execute("SELECT sql FROM sqlite_schema").fetchall() == before


def test_a_newer_file_is_left_alone(path: Path, filled: sqlite3.Connection) -> None:
    filled.execute("PRAGMA user_version = 99")
    with pytest.raises(TooNewError, match="newer Turnout"):
        Ledger.open(path, "run-b", clock=ledger_rows.noon)
    assert numbers(path)[0] == 99
    assert filled.execute("SELECT count(*) FROM finished").fetchone() == (1,)
    assert [each.name for each in path.parent.glob("*damaged*")] == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("recursive", [0, 1])
def test_tables_only_grow(
    path: Path, filled: sqlite3.Connection, table: str, recursive: int
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA recursive_triggers = {recursive}")
    row = other.execute(f"SELECT * FROM {table}").fetchone()
    marks = ", ".join("?" * len(row))
    columns = _columns(other, table)
    upsert = f"ON CONFLICT (sequence) DO UPDATE SET {columns[1]} = 'x'"
    without_sequence = (None, *row[1:])
    attempts = [
        (f"UPDATE {table} SET {columns[1]} = {columns[1]}", ()),
        (f"DELETE FROM {table}", ()),
        (f"INSERT INTO {table} VALUES ({marks})", row),
        (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row),
        (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", without_sequence),
        (f"REPLACE INTO {table} VALUES ({marks})", (1, *("other",) * (len(row) - 1))),
        (f"INSERT INTO {table} VALUES ({marks}) {upsert}", row),
    ]
    for statement, values in attempts:
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(statement, values)
    assert other.execute(f"SELECT * FROM {table}").fetchall() == [row]
    other.close()


@pytest.mark.parametrize("table", TABLES)
def test_tables_take_no_value_of_another_type(
    filled: sqlite3.Connection, table: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        filled.execute(f"INSERT INTO {table} (sequence) VALUES ('one')")
    (strict,) = filled.execute(
        "SELECT strict FROM pragma_table_list WHERE name = ?", (table,)
    ).fetchone()
    assert strict == 1


def test_the_view_has_the_published_columns(filled: sqlite3.Connection) -> None:
    columns = _columns(filled, "requests")
    assert set(PUBLISHED.split()) <= set(columns)
    assert set(columns) == {each.name for each in fields(Event)}
    assert columns[: len(FIRST_COLUMNS.split())] == FIRST_COLUMNS.split()


def test_any_reader_may_use_the_view(path: Path, filled: sqlite3.Connection) -> None:
    for trusted in (0, 1):
        other = sqlite3.connect(path)
        other.execute(f"PRAGMA trusted_schema = {trusted}")
        names = "id, project, cache_hit, fallback_chain"
        row = other.execute(f"SELECT {names} FROM requests").fetchone()
        assert row == ("req-1", "turnout", 1, '["openai/gpt"]')
        other.close()


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [row[1] for row in rows]
