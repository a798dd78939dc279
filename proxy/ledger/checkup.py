"""Looks a ledger's file over for the doctor: sound, guarded, which version, how full.

It must not change the file nor return anything that stands in a row but a client's name
and the time of its last request.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from proxy.ledger.files import OLDEST_SQLITE
from proxy.ledger.schema import APPLICATION_ID, MIGRATIONS

SECONDS = 2.0
"""How long one look may take; what was not reached by then counts as not looked at."""

TEST_SESSION = "turnout-check"
"""The session of our own test requests: they are nobody's last request."""

_STEPS_BETWEEN_LOOKS = 20_000
_GUARDS = ("no_update", "no_delete", "no_overwrite")


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was seen of a ledger's file.

    `sound` is None where there was no time to look at all of it. `unguarded` are tables
    that lack a trigger against changes, `counts` the rows of each table, `last` when
    each client's last request ended (UTC), our own tests left out. `error` is SQLite's
    word for why the file could not be read, '' where it could.
    """

    exists: bool
    size: int = 0
    version: int = 0
    newest: int = len(MIGRATIONS)
    ours: bool = True
    sound: bool | None = None
    unguarded: tuple[str, ...] = ()
    counts: tuple[tuple[str, int], ...] = ()
    last: tuple[tuple[str, datetime], ...] = ()
    error: str = ""


def sqlite_version() -> str:
    """Return the version of the SQLite library this process runs with."""
    return sqlite3.sqlite_version


def sqlite_old() -> bool:
    """Say whether that library is too old for the ledger's tables."""
    return sqlite3.sqlite_version_info < OLDEST_SQLITE


def oldest_sqlite() -> str:
    """Return the oldest version that will do."""
    return ".".join(map(str, OLDEST_SQLITE))


def examine(path: Path, seconds: float = SECONDS) -> Checkup:
    """Return what is seen of the ledger at `path`; blocks, and never raises for it."""
    try:
        size = path.stat().st_size
    except OSError:
        return Checkup(exists=False)
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1.0)
    except sqlite3.Error as error:
        return Checkup(exists=True, size=size, error=_word(error))
    with contextlib.closing(connection):
        try:
            return _examined(connection, size, seconds)
        except sqlite3.Error as error:
            return Checkup(exists=True, size=size, sound=False, error=_word(error))


def _examined(connection: sqlite3.Connection, size: int, seconds: float) -> Checkup:
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(
        lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    sound = _sound(connection)
    if mark != APPLICATION_ID or not sound:
        ours = mark == APPLICATION_ID
        return Checkup(exists=True, size=size, version=version, ours=ours, sound=sound)
    tables = _names(connection, "table")
    return Checkup(
        exists=True,
        size=size,
        version=version,
        sound=sound,
        unguarded=_unguarded(tables, _names(connection, "trigger")),
        counts=tuple((table, _count(connection, table)) for table in tables),
        last=_last(connection),
    )


def _sound(connection: sqlite3.Connection) -> bool | None:
    try:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    return bool(answer == "ok")


def _names(connection: sqlite3.Connection, kind: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite%'"
        " ORDER BY name",
        (kind,),
    )
    return tuple(str(name) for (name,) in rows)


def _unguarded(tables: tuple[str, ...], triggers: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        table
        for table in tables
        if any(f"{table}_{guard}" not in triggers for guard in _GUARDS)
    )


def _count(connection: sqlite3.Connection, table: str) -> int:
    # The name came out of this very file's schema.
    (number,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
    return int(number)


def _last(connection: sqlite3.Connection) -> tuple[tuple[str, datetime], ...]:
    rows = connection.execute(
        "SELECT client, max(time) FROM requests WHERE client IS NOT NULL"
        " AND session IS NOT ? GROUP BY client ORDER BY client",
        (TEST_SESSION,),
    )
    return tuple((str(name), datetime.fromisoformat(at)) for name, at in rows)


def _word(error: sqlite3.Error) -> str:
    """Return SQLite's name of an error: its text could quote a path."""
    return str(getattr(error, "sqlite_errorname", "") or type(error).__name__)
