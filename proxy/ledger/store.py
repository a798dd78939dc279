"""The ledger as the rest of Turnout sees it: rows in, events and spend out.

It decides nothing about requests and keeps no text of theirs. Writing and reading have
a thread each; no method blocks the loop it is called from, except `open`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from proxy.keys import KeyRow
from proxy.ledger.files import OLDEST_SQLITE, prepare, writer_connection
from proxy.ledger.reader import Reader
from proxy.ledger.refusing import LedgerError
from proxy.ledger.rows import Consent, Event, Finished, NewConsent, Routed, Run
from proxy.ledger.stamps import stamp
from proxy.ledger.statements import (
    Table,
    Values,
    attempt_values,
    consent_values,
    created_values,
    finished_values,
    revoked_values,
    routed_values,
    run_values,
)
from proxy.ledger.writer import CAPACITY, Entry, Writer
from proxy.outcomes import RouteRate
from proxy.reports import SpendReport

_P = ParamSpec("_P")
_T = TypeVar("_T")

_log = logging.getLogger(__name__)

# Longest wait of an answer for its row, in seconds: the ledger's rule.
LONGEST_WAIT = 1.0
_DURABLE_WAIT = 5.0


class Ledger:
    """The open ledger of one process.

    `notes` are sentences for the user about what was found when the file was opened.
    """

    def __init__(
        self,
        path: Path,
        run: str | None,
        clock: Callable[[], datetime],
        on_unsaved: Callable[[int], None] | None,
        capacity: int,
    ) -> None:
        """Use `open`, which also starts the threads."""
        self._path = path
        self._run = run
        self._clock = clock
        self._notes: tuple[str, ...] = ()
        self._opened = True
        self._pool = ThreadPoolExecutor(1, "turnout-ledger-reader")
        self._reader = Reader(path)
        self._writer = Writer(
            self._connect, self._first_connection(), on_unsaved, capacity
        )
        self._writer.start()

    @classmethod
    def open(
        cls,
        path: Path,
        run: str | None,
        on_unsaved: Callable[[int], None] | None = None,
        *,
        clock: Callable[[], datetime],
        version: str = "",
        capacity: int = CAPACITY,
    ) -> Ledger:
        """Open the ledger at `path`, made and migrated as needed; blocks for it.

        `run` is this gateway's run id, unique for ever; None for a process that serves
        no requests (a command that reads, or adds a key). `clock` returns the time in
        UTC. `on_unsaved` gets the number of rows not yet on disk when it changes, in
        whichever thread changed it. `capacity` bounds the rows that wait.

        A file that is locked, or a full disk, is no error: rows wait in memory, and
        `notes` says so.

        Raises:
            LedgerError: a newer Turnout wrote the file, or the system's SQLite is too
                old. Nothing was changed.
        """
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise LedgerError(
                f"SQLite {sqlite3.sqlite_version} is too old for the ledger; Turnout"
                " needs 3.37 or newer. Update it with your system's packages."
            )
        ledger = cls(path, run, clock, on_unsaved, capacity)
        if run is not None:
            row = Run(id=run, pid=os.getpid(), started=clock(), version=version)
            ledger._writer.put(Entry(Table.RUN, run_values(row)))
        return ledger

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the user should know about the file."""
        return self._notes

    @property
    def opened(self) -> bool:
        """Tell whether the file could be written when the ledger was opened."""
        return self._opened

    @property
    def unsaved(self) -> int:
        """Return how many rows were let go and are not on disk yet."""
        return self._writer.unsaved

    @property
    def lost(self) -> int:
        """Return how many rows were given up because too many waited."""
        return self._writer.lost

    # --- requests ---

    def routed(self, row: Routed) -> None:
        """Record that a request was routed; returns at once, in a running loop.

        Raises:
            ValueError: the row's time names no zone.
        """
        self._writer.put_soon(Entry(Table.ROUTED, routed_values(row)))

    def hurry(self) -> None:
        """Commit now what was routed a moment ago: its answer has begun."""
        self._writer.hurry()

    async def finish(self, row: Finished, timeout: float = LONGEST_WAIT) -> bool:
        """Record that a request is over; True when the row is on disk.

        False after `timeout` seconds, or as soon as the file cannot be written: the
        answer may go, and the row waits in memory until it can be written. False, too,
        for a second row with the same id, which is dropped. Shield the call from the
        request's own cancellation.

        Raises:
            ValueError: the row's time names no zone.
        """
        more = tuple((Table.ATTEMPT, values) for values in attempt_values(row))
        entry = Entry(Table.FINISHED, finished_values(row), more)
        return await self._writer.save(entry, timeout)

    async def recover(self, is_dead: Callable[[str], bool]) -> int:
        """Finish as `interrupted` what dead runs left open; return how many.

        Their route is the one the stored decision names; tokens and cost stay unknown.
        `is_dead` gets a run's id and is called in the reading thread. Runs that live
        are left alone: ask again when one of them has ended. Where the file cannot be
        read now, nothing is done; where it cannot be written, the entries wait like
        any row and are not counted.

        Raises:
            LedgerError: this process serves no requests.
        """
        if self._run is None:
            raise LedgerError("Only a gateway can finish what another left open.")
        try:
            runs = await self._read(self._reader.open_runs)
            found = 0
            for run in runs:
                if run.id != self._run and await self._read(is_dead, run.id):
                    found += await self._recover(run.id, self._run)
        except LedgerError:
            _log.warning("The ledger cannot be read; nothing of old runs was finished.")
            return 0
        return found

    async def _recover(self, dead: str, by: str) -> int:
        now = stamp(self._clock())
        await self._save(Table.INTERRUPTED, (by, now, dead), LONGEST_WAIT)
        await self._save(Table.RUN_END, (dead, now), LONGEST_WAIT)
        return await self._read(self._reader.interrupted, dead, by)

    async def open_runs(self) -> tuple[Run, ...]:
        """Return the runs that `recover` has not closed yet, this one too."""
        return await self._read(self._reader.open_runs)

    # --- reading ---

    async def recent(
        self, limit: int = 50, since: str | None = None
    ) -> tuple[Event, ...]:
        """Return finished requests, newest first, at most 1,000.

        `since` is the id of a finished request or an ISO 8601 time with its zone: only
        what was recorded after it is returned.

        Raises:
            ValueError: `since` is neither.
            LedgerError: the file cannot be read now.
        """
        return await self._read(self._reader.recent, limit, since)

    async def event(self, request: str) -> Event | None:
        """Return the finished request with this id."""
        return await self._read(self._reader.event, request)

    async def decision(self, request: str) -> str | None:
        """Return the JSON text of the decision about a request, finished or not."""
        return await self._read(self._reader.decision, request)

    async def spend(
        self, since: datetime, until: datetime | None = None
    ) -> SpendReport:
        """Return the spend of requests that ended from `since` until before `until`."""
        return await self._read(self._reader.spend, since, until)

    async def rates(
        self, since: datetime, until: datetime | None = None
    ) -> tuple[RouteRate, ...]:
        """Return how often routes failed, were retried, left or marked, per class.

        Of requests that ended from `since` until before `until`; the busiest first.
        """
        return await self._read(self._reader.rates, since, until)

    async def spend_today(self, start_of_day: datetime) -> SpendReport:
        """Return the spend since the user's day began, given as a time in UTC."""
        return await self.spend(start_of_day)

    # --- gateway keys ---

    async def keys(self) -> tuple[KeyRow, ...]:
        """Return all gateway keys, oldest first, revoked ones too."""
        return await self._read(self._reader.keys)

    async def add_key(self, row: KeyRow) -> None:
        """Record a new key; on disk when this returns.

        Raises:
            LedgerError: its id or hash exists already, or the file cannot be written.
        """
        await self._durable(Table.KEY, created_values(row))

    async def revoke_key(self, name: str, time: datetime) -> int:
        """End every active key of that name; return how many there were.

        Raises:
            LedgerError: the file cannot be read or written now.
        """
        active = [
            row for row in await self.keys() if row.name == name and not row.revoked
        ]
        for row in active:
            await self._durable(Table.KEY, revoked_values(row, time))
        return len(active)

    async def end_key(self, hash_: str, time: datetime) -> bool:
        """End the one key with this hash; False where none such is active.

        Raises:
            LedgerError: the file cannot be read or written now.
        """
        for row in await self.keys():
            if row.hash == hash_ and not row.revoked:
                await self._durable(Table.KEY, revoked_values(row, time))
                return True
        return False

    # --- consents ---

    async def add_consent(self, row: NewConsent) -> int:
        """Record a yes or no; it is on disk when this returns its number.

        One with the same id that is recorded already is left as it is.

        Raises:
            LedgerError: what it revokes is not there or is revoked already, or the
                file cannot be written.
        """
        entries = await self.consents()
        known = {entry.id: entry.number for entry in entries}
        if row.id in known:
            return known[row.id]
        if row.revokes is not None and row.revokes not in _revocable(entries):
            raise LedgerError(
                f"There is no consent {row.revokes} that could be revoked: it is not"
                " there, or was revoked already."
            )
        await self._durable(Table.CONSENT, consent_values(row))
        return {entry.id: entry.number for entry in await self.consents()}[row.id]

    async def consents(self) -> tuple[Consent, ...]:
        """Return every entry of the consents, the oldest first."""
        return await self._read(self._reader.consents)

    # --- the end ---

    async def close(self, timeout: float = 5.0) -> int:
        """Write what waits, then close; return how many rows could not be written."""
        left = await self._read(self._writer.close, timeout)
        await self._read(self._reader.close)
        self._pool.shutdown(wait=False)
        return left

    # --- inside ---

    def _first_connection(self) -> sqlite3.Connection | None:
        try:
            return self._connect()
        except (OSError, sqlite3.Error):
            note = (
                f"The ledger {self._path.name} cannot be written now (locked by another"
                " program, a full disk, or no right to write). Turnout serves requests"
                " and keeps their rows in memory until it can."
            )
            self._notes = (*self._notes, note)
            self._opened = False
            return None

    def _connect(self) -> sqlite3.Connection:
        notes = prepare(self._path, self._clock)
        for note in notes:
            _log.warning("%s", note)
        self._notes = (*self._notes, *notes)
        return writer_connection(self._path)

    async def _read(
        self, question: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        return await asyncio.wrap_future(self._pool.submit(question, *args, **kwargs))

    async def _save(self, table: Table, values: Values, timeout: float) -> bool:
        return await self._writer.save(Entry(table, values), timeout)

    async def _durable(self, table: Table, values: Values) -> None:
        if not await self._save(table, values, _DURABLE_WAIT):
            raise LedgerError(
                "The ledger did not take the entry: it exists already, or the file"
                " cannot be written now. Free disk space or close the program that"
                " locks it, then try again."
            )


def _revocable(entries: Sequence[Consent]) -> set[int]:
    given = {entry.number for entry in entries if entry.revokes is None}
    return given - {entry.revokes for entry in entries if entry.revokes is not None}
