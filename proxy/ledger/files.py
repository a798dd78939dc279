"""The database file itself: made private, checked, set aside; it reads no rows."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from peewee import PeeweeException, SqliteDatabase

from proxy.ledger.consents import FUNCTION, PARTS, chained
from proxy.ledger.schema import APPLICATION_ID, MIGRATIONS, migrate, version_of

OLDEST_SQLITE = (3, 37)  # STRICT tables
_CHECK_SECONDS = 0.3
_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's virtual machine: well under a millisecond
# On every connection. A commit is on disk when it returns (synchronous FULL), schema
# text cannot call functions with effects, and damaged cells are noticed when read.
_PRAGMAS: dict[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
# A lock that is held longer than this is told as one; an undo waits for all of them.
_BUSY_MS = 2000
# The writer checkpoints when it is idle; this is the bound for when it never is.
_CHECKPOINT_PAGES = 4000
_WAL_BYTES = 16 * 1024 * 1024


def prepare(path: Path, clock: Callable[[], datetime]) -> tuple[str, ...]:
    """Make `path` a sound ledger of the newest version; return notes for the user.

    A damaged file, or one that is no ledger of ours, is renamed with its companions
    and a new one started. The check is given 0.3 seconds; what a larger file hides
    beyond that is found when it is read. A file of an older version is copied to
    `backups/` beside it before it is migrated.

    Raises:
        schema.TooNewError: a newer Turnout wrote it; nothing was changed.
        OSError, sqlite3.Error: it cannot be written now.
    """
    _make_private(path)
    notes: tuple[str, ...] = ()
    if not _sound(path):
        notes = (_set_aside(path, clock()),)
        _make_private(path)
    database = peewee_database(path)
    try:
        database.connect()
        _keep_old(path, database, clock())
        migrate(database)
    except PeeweeException as error:
        raise _as_sqlite(error) from error
    finally:
        database.close()
    return notes


def _keep_old(path: Path, database: SqliteDatabase, now: datetime) -> None:
    """Copy a ledger that is about to be migrated, whole and private.

    A copy that was cut short has another name, so what is called a backup is one.
    """
    version = version_of(database)
    if not 0 < version < len(MIGRATIONS):
        return
    folder = path.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{path.name}.version-{version}-{_stamp(now)}"
    begun = kept.with_name(f"{kept.name}.part")
    begun.unlink(missing_ok=True)
    _make_private(begun)
    copy = sqlite3.connect(_uri(begun), uri=True, isolation_level=None)
    try:
        opened: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]
        opened.backup(copy)
    finally:
        copy.close()
    begun.replace(kept)


def writer_connection(path: Path) -> sqlite3.Connection:
    """Return the writer's connection; statements are in charge of transactions."""
    connection = sqlite3.connect(
        _uri(path), uri=True, isolation_level=None, check_same_thread=False
    )
    pragmas = _PRAGMAS | {
        "busy_timeout": _BUSY_MS,
        "wal_autocheckpoint": _CHECKPOINT_PAGES,
        "journal_size_limit": _WAL_BYTES,
    }
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
        connection.create_function(FUNCTION, PARTS, chained, deterministic=True)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def peewee_database(path: Path, *, query_only: bool = False) -> SqliteDatabase:
    """Return a peewee database for `path`, not connected; it never creates a file."""
    pragmas = _PRAGMAS | {"busy_timeout": _BUSY_MS, "query_only": int(query_only)}
    return SqliteDatabase(_uri(path), uri=True, pragmas=pragmas)


def _uri(path: Path, mode: str = "rw") -> str:
    # Never rwc: SQLite would create the file readable for all.
    return f"{path.absolute().as_uri()}?mode={mode}"


def _make_private(path: Path) -> None:
    """Create the file with mode 0600, or take the others' rights off an old one.

    SQLite gives the companions (-wal, -shm) the mode of the main file.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    os.close(os.open(path, flags, 0o600))
    for each in _with_companions(path):
        with contextlib.suppress(FileNotFoundError):
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)


def _with_companions(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + end) for end in ("", "-wal", "-shm"))


def _sound(path: Path) -> bool:
    """Tell whether the file is empty or a ledger of ours without visible damage."""
    # Read-only: a connection that may write deletes a log it finds beside damage.
    uri = _uri(path, "ro")
    wait = _BUSY_MS / 1000
    connection = sqlite3.connect(uri, timeout=wait, uri=True, isolation_level=None)
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (ours,) = connection.execute("PRAGMA application_id").fetchone()
        if tables and ours != APPLICATION_ID:
            return False
        return _checked(connection)
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return False
        raise
    finally:
        connection.close()


def _checked(connection: sqlite3.Connection) -> bool:
    deadline = time.monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(
        lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS
    )
    try:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return True  # sound as far as there was time to look
    return bool(answer == "ok")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _as_sqlite(error: PeeweeException) -> sqlite3.Error:
    """Return SQLite's own error, which peewee carries as the first argument."""
    inner = error.args[0] if error.args else None
    return inner if isinstance(inner, sqlite3.Error) else sqlite3.Error(str(error))


def _set_aside(path: Path, now: datetime) -> str:
    """Rename the file and its companions together; return the note for the user."""
    stamp = _stamp(now)
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    pairs = zip(_with_companions(path), _with_companions(kept), strict=True)
    for old, new in pairs:
        with contextlib.suppress(FileNotFoundError):
            old.rename(new)
    return (
        f"The ledger {path.name} was damaged. It was kept as {kept.name} and a new one"
        " was started: requests and gateway keys from before are not in it. Make new"
        " keys with `turnout keys new NAME`."
    )


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
