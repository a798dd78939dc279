"""The database's tables, guards and view, version by version; it moves no rows.

Tables only grow. Three triggers on each refuse UPDATE, DELETE and an INSERT over an
existing row: the third is needed because `INSERT OR REPLACE` passes the other two
unless a connection sets `recursive_triggers`, and the file cannot demand that.

A migration, once released, is never edited: the next version is another function.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from peewee import SqliteDatabase

from proxy.ledger.refusing import TooNewError

APPLICATION_ID = 0x54524E4F  # "TRNO" in the file's header
Migration = Callable[[SqliteDatabase], None]


_TABLES = (
    """CREATE TABLE runs (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        id TEXT NOT NULL UNIQUE,
        pid INTEGER NOT NULL,
        started TEXT NOT NULL,
        version TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE run_ends (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        run TEXT NOT NULL UNIQUE,
        time TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE projects (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        label TEXT NOT NULL UNIQUE
    ) STRICT""",
    """CREATE TABLE routed (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        id TEXT NOT NULL UNIQUE,
        run TEXT NOT NULL,
        time TEXT NOT NULL,
        client TEXT NOT NULL,
        protocol TEXT NOT NULL,
        session TEXT,
        agent TEXT,
        parent_agent TEXT,
        route_class TEXT NOT NULL,
        requested_model TEXT NOT NULL,
        mode TEXT NOT NULL,
        stream INTEGER NOT NULL,
        decision TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX routed_run ON routed (run)",
    """CREATE TABLE finished (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        id TEXT NOT NULL UNIQUE,
        run TEXT NOT NULL,
        time TEXT NOT NULL,
        project INTEGER REFERENCES projects (sequence),
        provider TEXT,
        model TEXT,
        lane TEXT,
        billing TEXT,
        fallback_chain TEXT NOT NULL,
        attempts TEXT NOT NULL,
        input_tokens INTEGER,
        cache_read_tokens INTEGER,
        cache_write_tokens INTEGER,
        cache_write_1h_tokens INTEGER,
        output_tokens INTEGER,
        reasoning_tokens INTEGER,
        web_searches INTEGER,
        price TEXT,
        price_snapshot TEXT,
        cost_nano INTEGER,
        first_byte_ms INTEGER,
        duration_ms INTEGER,
        stop_reason TEXT,
        status TEXT NOT NULL,
        error_kind TEXT,
        losses TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX finished_time ON finished (time)",
    """CREATE TABLE gateway_keys (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        entry TEXT NOT NULL CHECK (entry IN ('created', 'revoked')),
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        scope TEXT NOT NULL CHECK (scope IN ('call', 'read')),
        hash TEXT NOT NULL,
        time TEXT NOT NULL,
        UNIQUE (id, entry),
        UNIQUE (hash, entry)
    ) STRICT""",
)

# The view calls no JSON function: json_group_array is refused in a view where
# trusted_schema is off (SQLite 3.40), so the chain is a column of its own.
_VIEW = """CREATE VIEW requests AS SELECT
    f.id AS id,
    f.sequence AS sequence,
    f.time AS time,
    r.time AS arrived,
    coalesce(r.run, f.run) AS run,
    r.client AS client,
    r.protocol AS protocol,
    r.session AS session,
    r.agent AS agent,
    r.parent_agent AS parent_agent,
    p.label AS project,
    r.mode AS mode,
    r.route_class AS route_class,
    r.requested_model AS requested_model,
    r.stream AS stream,
    f.provider AS provider,
    f.model AS model,
    f.lane AS lane,
    f.fallback_chain AS fallback_chain,
    f.attempts AS attempts,
    f.input_tokens AS input_tokens,
    f.cache_read_tokens AS cache_read_tokens,
    f.cache_write_tokens AS cache_write_tokens,
    f.cache_write_1h_tokens AS cache_write_1h_tokens,
    f.output_tokens AS output_tokens,
    f.reasoning_tokens AS reasoning_tokens,
    f.web_searches AS web_searches,
    f.price AS price,
    f.price_snapshot AS price_snapshot,
    f.cost_nano AS cost_nano,
    f.billing AS billing,
    f.first_byte_ms AS first_byte_ms,
    f.duration_ms AS duration_ms,
    f.cache_read_tokens > 0 AS cache_hit,
    f.stop_reason AS stop_reason,
    f.status AS status,
    f.error_kind AS error_kind,
    f.losses AS losses
FROM finished f
LEFT JOIN routed r ON r.id = f.id
LEFT JOIN projects p ON p.sequence = f.project"""

# Per table, what must not be there yet when a row comes in.
_UNIQUE = {
    "runs": ("id = NEW.id",),
    "run_ends": ("run = NEW.run",),
    "projects": ("label = NEW.label",),
    "routed": ("id = NEW.id",),
    "finished": ("id = NEW.id",),
    "gateway_keys": (
        "id = NEW.id AND entry = NEW.entry",
        "hash = NEW.hash AND entry = NEW.entry",
    ),
}


def version_1(database: SqliteDatabase) -> None:
    """Create runs, projects, routed and finished requests, gateway keys, the view."""
    for statement in (*_TABLES, _VIEW):
        _execute(database, statement)
    for table, unique in _UNIQUE.items():
        for trigger in _guards(table, unique):
            _execute(database, trigger)


_TABLES_2 = (
    "ALTER TABLE routed ADD COLUMN intent TEXT",
    "ALTER TABLE routed ADD COLUMN class_evidence TEXT",
    "ALTER TABLE routed ADD COLUMN floor INTEGER",
    "ALTER TABLE finished ADD COLUMN mark TEXT",
    "ALTER TABLE finished ADD COLUMN answer_cost_nano INTEGER",
    "ALTER TABLE finished ADD COLUMN asked_cost_nano INTEGER",
    """CREATE TABLE attempts (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        request TEXT NOT NULL,
        number INTEGER NOT NULL,
        time TEXT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        lane TEXT,
        billing TEXT,
        outcome TEXT NOT NULL,
        input_tokens INTEGER,
        cache_read_tokens INTEGER,
        cache_write_tokens INTEGER,
        cache_write_1h_tokens INTEGER,
        output_tokens INTEGER,
        reasoning_tokens INTEGER,
        web_searches INTEGER,
        price TEXT,
        price_snapshot TEXT,
        cost_nano INTEGER,
        UNIQUE (request, number)
    ) STRICT""",
    "CREATE INDEX attempts_time ON attempts (time)",
)

# Rows of version 1 know the whole cost only, which was the answer's.
_VIEW_2 = _VIEW.replace(
    "    f.losses AS losses\n",
    """    f.losses AS losses,
    r.intent AS intent,
    coalesce(r.class_evidence, '[]') AS class_evidence,
    r.floor AS floor,
    coalesce(f.mark, '') AS mark,
    coalesce(f.mark = 'escalation', 0) AS escalated,
    coalesce(f.answer_cost_nano, f.cost_nano) AS answer_cost_nano,
    f.asked_cost_nano AS asked_cost_nano
""",
)


def version_2(database: SqliteDatabase) -> None:
    """Add what led to a route, what it was marked, and what failed attempts cost."""
    for statement in (*_TABLES_2, "DROP VIEW requests", _VIEW_2):
        _execute(database, statement)
    unique = ("request = NEW.request AND number = NEW.number",)
    for trigger in _guards("attempts", unique):
        _execute(database, trigger)


_TABLES_3 = (
    """CREATE TABLE consents (
        sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
        id TEXT NOT NULL UNIQUE,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        scope TEXT NOT NULL,
        detail TEXT NOT NULL,
        given INTEGER NOT NULL CHECK (given IN (0, 1)),
        revokes INTEGER UNIQUE REFERENCES consents (sequence),
        hash TEXT NOT NULL UNIQUE
    ) STRICT""",
)


def version_3(database: SqliteDatabase) -> None:
    """Add the consents, each chained to the one before by its hash."""
    for statement in _TABLES_3:
        _execute(database, statement)
    unique = ("id = NEW.id", "revokes = NEW.revokes", "hash = NEW.hash")
    for trigger in _guards("consents", unique):
        _execute(database, trigger)


MIGRATIONS: tuple[Migration, ...] = (version_1, version_2, version_3)


def migrate(
    database: SqliteDatabase, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring an open database to the newest version, all of it or nothing.

    Raises:
        TooNewError: the file's version is above the newest migration.
        peewee.OperationalError: the file is locked or cannot be written.
    """
    if version_of(database) == len(migrations):
        return
    with database.atomic("IMMEDIATE"):
        version = version_of(database)  # another process may have been first
        if version > len(migrations):
            raise TooNewError(
                f"The ledger has version {version}, written by a newer Turnout; this"
                f" one knows {len(migrations)} and left it untouched. Start the newer"
                " Turnout, or choose another TURNOUT_HOME."
            )
        for migration in migrations[version:]:
            migration(database)
        _execute(database, f"PRAGMA application_id = {APPLICATION_ID}")
        _execute(database, f"PRAGMA user_version = {len(migrations)}")


def version_of(database: SqliteDatabase) -> int:
    """Return the version of an open database, 0 where it is empty."""
    (version,) = _execute(database, "PRAGMA user_version").fetchone()
    return int(version)


def _execute(database: SqliteDatabase, statement: str) -> sqlite3.Cursor:
    cursor: sqlite3.Cursor = database.execute_sql(statement)  # type: ignore[no-untyped-call]
    return cursor


def _guards(table: str, unique: Sequence[str]) -> tuple[str, ...]:
    exists = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {condition})"  # noqa: S608 - our own words
        for condition in ("sequence = NEW.sequence", *unique)
    )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        (
            f"CREATE TRIGGER {table}_no_overwrite BEFORE INSERT ON {table}"
            f" WHEN {exists} {refuse}"
        ),
    )
