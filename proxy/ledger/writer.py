"""The one thread that writes: it batches rows into commits and never loses order.

It has no schema and reads nothing. Rows wait in a bounded queue. Whoever waits for a
row is told `True` when its commit is on disk, and `False` as soon as a commit fails or
the waiting takes too long; the row then stays queued and is written when that works
again. An idle writer sleeps without a timer.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proxy.ledger.refusing import LedgerError
from proxy.ledger.statements import INSERT, Table, Values

_log = logging.getLogger(__name__)

BATCH = 256  # rows in one commit at most
CAPACITY = 10_000  # rows that may wait
LINGER = 0.01  # seconds that a row nobody waits for stays in memory for company
_IDLE_SECONDS = 0.25  # of quiet before the write-ahead log is folded into the file
_FIRST_PAUSE = 0.05  # seconds between tries after a failed commit, doubled each time
_LONGEST_PAUSE = 1.0
# One row's own fault: the others of its batch must not suffer for it.
_ROW_FAULTS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)
# The file's or the machine's fault: to be tried again.
_TROUBLE = (sqlite3.Error, OSError, MemoryError, LedgerError)
# After these the connection is as good as new; after others a fresh one is safer.
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}


@dataclass(slots=True, eq=False)
class Entry:
    """A row on its way to the disk; the writer's lock guards its state.

    `more` are rows that are written with it or not at all. `done` is set once it is
    committed or refused, `saved` only when committed; `let_go` says that whoever waited
    has gone on without it.
    """

    table: Table
    values: Values
    more: tuple[tuple[Table, Values], ...] = ()
    waiter: asyncio.Future[None] | None = None
    done: bool = False
    saved: bool = False
    let_go: bool = False


class Writer:
    """The writing thread and its queue."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        connection: sqlite3.Connection | None = None,
        on_unsaved: Callable[[int], None] | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        """Take the first connection, if there is one; `start` starts the thread.

        `connect` opens another and is called in the thread, after trouble.
        `on_unsaved` gets the new count whenever it changes, in the thread that changed
        it.
        """
        self._connect = connect
        self._on_unsaved = on_unsaved
        self._capacity = capacity
        self._changed = threading.Condition()
        self._queue: deque[Entry] = deque()
        self._unsaved = 0
        self._lost = 0
        self._failing = False
        self._closing = False
        self._dirty = False
        self._pause = _FIRST_PAUSE
        self._connection = connection
        self._nudge: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(
            target=self._run, name="turnout-ledger-writer", daemon=True
        )

    @property
    def unsaved(self) -> int:
        """Rows that were let go and are not on disk yet."""
        return self._unsaved

    @property
    def lost(self) -> int:
        """Rows given up because the queue was full."""
        return self._lost

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, *entries: Entry) -> None:
        """Queue rows and return at once; in trouble, those waited for are let go."""
        with self._changed:
            self._append(entries)
            released = self._release_all(entries) if self._failing else []
            self._changed.notify()
        if released:
            _wake(released)
            self._tell()

    def put_soon(self, entry: Entry) -> None:
        """Queue a row for which nobody waits; the thread is woken within `LINGER`.

        A request is routed a moment before its provider is called: a thread that woke
        now would take the interpreter from it, and short requests commit once.
        """
        with self._changed:
            self._append((entry,))
        if self._nudge is None:
            loop = asyncio.get_running_loop()
            self._nudge = loop.call_later(LINGER, self._wake_thread)

    def hurry(self) -> None:
        """Wake the thread now for the rows that linger, if there are any."""
        if self._nudge is not None:
            self._nudge.cancel()
            self._wake_thread()

    def _wake_thread(self) -> None:
        self._nudge = None
        with self._changed:
            self._changed.notify()

    async def save(self, entry: Entry, timeout: float) -> bool:
        """Queue a row and wait until it is committed, `timeout` seconds at most.

        Returns True when it is on disk, False when it was let go or refused. When the
        waiting task is cancelled the row is written all the same.
        """
        loop = asyncio.get_running_loop()
        waiter = entry.waiter = loop.create_future()
        timer = loop.call_later(timeout, self._release, entry)
        try:
            self.put(entry)
            await waiter
        except asyncio.CancelledError:
            self._release(entry)
            raise
        finally:
            timer.cancel()
        return entry.saved

    def close(self, timeout: float) -> int:
        """Write what waits, end the thread; return how many rows were left unwritten.

        Blocks for at most `timeout` seconds.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return len(self._queue)

    # --- what follows runs in the thread ---

    def _run(self) -> None:
        while batch := self._next_batch():
            last_try = self._closing
            if not self._save(batch) and last_try:
                break
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[Entry]:
        """Wait for rows; an empty list means that there is nothing left to do."""
        with self._changed:
            if self._failing:
                self._changed.wait_for(lambda: self._closing, self._pause)
            while not self._queue:
                if self._closing:
                    return []
                if not self._dirty:
                    self._changed.wait()
                elif not self._changed.wait(_IDLE_SECONDS):
                    self._fold()
            return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    def _fold(self) -> None:
        """Checkpoint in idle time, so that no commit has to."""
        self._dirty = False
        self._changed.release()
        try:
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            _log.info("The ledger could not be checkpointed: %s", _name(error))
        finally:
            self._changed.acquire()

    def _save(self, batch: list[Entry]) -> bool:
        """Commit a batch; on trouble put it back and let its waiters go."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            saved = self._commit(self._connection, batch)
        except _TROUBLE as error:
            self._back_off(batch, error)
            return False
        self._settle(batch, saved)
        return True

    def _commit(
        self, connection: sqlite3.Connection, batch: list[Entry]
    ) -> list[Entry]:
        """Write a batch in one transaction; return the rows it took."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            for table, rows in _by_table(batch):
                connection.executemany(INSERT[table], rows)
            connection.execute("COMMIT")
            return batch
        except _ROW_FAULTS:
            _roll_back(connection)
            return self._commit_singly(connection, batch)
        except BaseException:
            _roll_back(connection)
            raise

    def _commit_singly(
        self, connection: sqlite3.Connection, batch: list[Entry]
    ) -> list[Entry]:
        """Write row by row, still in one transaction, without the refused ones."""
        saved = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for entry in sorted(batch, key=lambda entry: entry.table):
                connection.execute("SAVEPOINT entry")
                try:
                    for table, rows in _by_table([entry]):
                        connection.executemany(INSERT[table], rows)
                except _ROW_FAULTS as error:
                    connection.execute("ROLLBACK TO entry")
                    _log.error(
                        "A row for the ledger's table %s was refused and dropped: %s",
                        entry.table.name.lower(),
                        _name(error),
                    )
                else:
                    saved.append(entry)
                connection.execute("RELEASE entry")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
        return saved

    def _settle(self, batch: list[Entry], saved: list[Entry]) -> None:
        """Tell those who wait; take the rows off the count of unsaved ones."""
        with self._changed:
            for entry in saved:
                entry.saved = True
            for entry in batch:
                entry.done = True
            late = sum(entry.let_go for entry in batch)
            self._unsaved -= late
            recovered = self._failing
            self._failing = False
            self._pause = _FIRST_PAUSE
            self._dirty = True
        _wake(batch)
        if late:
            self._tell()
        if recovered:
            _log.warning("The ledger can be written again; waiting rows are saved.")

    def _back_off(self, batch: list[Entry], error: BaseException) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _PASSING and self._connection is not None:
            self._connection.close()
            self._connection = None
        with self._changed:
            self._queue.extendleft(reversed(batch))
            began = not self._failing
            self._pause = (
                _FIRST_PAUSE if began else min(self._pause * 2, _LONGEST_PAUSE)
            )
            self._failing = True
            released = self._release_all(self._queue)
        _wake(released)
        if released:
            self._tell()
        if began:
            _log.warning(
                "The ledger cannot be written (%s). Answers go on, their rows wait in"
                " memory.",
                _name(error),
            )

    # --- shared by both sides; the lock is held where the name says nothing else ---

    def _release(self, entry: Entry) -> None:
        """Let one row's waiter go; called in the waiter's own loop."""
        with self._changed:
            released = self._release_all((entry,))
        if entry.waiter is not None and not entry.waiter.done():
            entry.waiter.set_result(None)
        if released:
            self._tell()

    def _release_all(self, entries: Iterable[Entry]) -> list[Entry]:
        released = [
            entry
            for entry in entries
            if entry.waiter is not None and not entry.done and not entry.let_go
        ]
        for entry in released:
            entry.let_go = True
        self._unsaved += len(released)
        return released

    def _append(self, entries: Iterable[Entry]) -> None:
        self._queue.extend(entries)
        while len(self._queue) > self._capacity:
            self._give_up(self._queue.popleft())

    def _give_up(self, entry: Entry) -> None:
        entry.done = True
        self._unsaved -= entry.let_go
        self._lost += 1
        if self._lost == 1 or self._lost % self._capacity == 0:
            _log.error("The ledger's queue is full; %d rows were lost.", self._lost)

    def _tell(self) -> None:
        if self._on_unsaved is not None:
            self._on_unsaved(self._unsaved)


def _by_table(batch: list[Entry]) -> Iterable[tuple[Table, list[Values]]]:
    """Group rows by table, tables in order, rows in theirs; new projects first."""
    rows: dict[Table, list[Values]] = {}
    for entry in batch:
        if entry.table is Table.FINISHED and entry.values[0] is not None:
            rows.setdefault(Table.PROJECT, []).append(entry.values[:1])
        rows.setdefault(entry.table, []).append(entry.values)
        for table, values in entry.more:
            rows.setdefault(table, []).append(values)
    return sorted(rows.items())


def _wake(entries: Iterable[Entry]) -> None:
    """Wake all waiters, with one call into each of their loops."""
    waiters = [entry.waiter for entry in entries if entry.waiter is not None]
    waiters.sort(key=lambda waiter: id(waiter.get_loop()))
    for loop, group in itertools.groupby(waiters, lambda waiter: waiter.get_loop()):
        try:
            loop.call_soon_threadsafe(_resolve, list(group))
        except RuntimeError:
            _log.info("A loop ended before its rows were saved.")


def _resolve(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        _log.info("A failed commit could not be rolled back: %s", _name(error))


def _name(error: BaseException) -> str:
    """Return what an error is called: its text might quote a row."""
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
