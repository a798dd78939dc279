"""Reads the ledger through peewee, one thread, its own read-only connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from peewee import JOIN, Model, ModelSelect, PeeweeException, fn

from proxy.keys import KeyRow
from proxy.ledger.files import peewee_database
from proxy.ledger.refusing import LedgerError
from proxy.ledger.rows import Attempt, Consent, Event, Run
from proxy.ledger.stamps import stamp
from proxy.ledger.sums import RATES, attempt_sums, request_sums, tally
from proxy.ledger.tables import (
    ConsentRow,
    FinishedRow,
    KeyEntryRow,
    RequestRow,
    RoutedRow,
    RunEndRow,
    RunRow,
)
from proxy.money import Price
from proxy.outcomes import RouteRate, in_order
from proxy.reports import SpendReport, fold

_Row = TypeVar("_Row", bound=Model)

MOST_EVENTS = 1000
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_ATTEMPTS = msgspec.json.Decoder(tuple[Attempt, ...])
_PRICE = msgspec.json.Decoder(Price)


class Reader:
    """Answers questions; every method belongs to the reading thread.

    All methods raise `LedgerError` where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Remember the file; the first question opens it."""
        self._database = peewee_database(path, query_only=True)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def recent(self, limit: int, since: str | None) -> tuple[Event, ...]:
        """Return finished requests, newest first; see `Ledger.recent`."""
        query = RequestRow.select().order_by(RequestRow.sequence.desc())
        query = query.limit(max(0, min(limit, MOST_EVENTS)))
        if since is not None:
            query = query.where(self._after(since))
        return tuple(_event(row) for row in self._rows(query))

    def event(self, request: str) -> Event | None:
        """Return one finished request."""
        query = RequestRow.select().where(RequestRow.id == request)
        return next((_event(row) for row in self._rows(query)), None)

    def decision(self, request: str) -> str | None:
        """Return the JSON text of a request's routing decision."""
        query = RoutedRow.select(RoutedRow.decision).where(RoutedRow.id == request)
        return next((str(row["decision"]) for row in self._rows(query)), None)

    def spend(self, since: datetime, until: datetime | None) -> SpendReport:
        """Return the spend of requests that ended in a time, summed by SQL."""
        period = (stamp(since), None if until is None else stamp(until))
        requests = self._rows(request_sums(*period))
        attempts = self._rows(attempt_sums(*period))
        return fold(tally(row) for row in (*requests, *attempts))

    def rates(self, since: datetime, until: datetime | None) -> tuple[RouteRate, ...]:
        """Return what became of every route's tries in a time, summed by SQL."""
        end = None if until is None else stamp(until)
        rows = self._asked(RATES, (stamp(since), end, end))
        return in_order(msgspec.convert(row, RouteRate) for row in rows)

    def keys(self) -> tuple[KeyRow, ...]:
        """Return all gateway keys, oldest first, revoked ones too."""
        query = KeyEntryRow.select().order_by(KeyEntryRow.sequence)
        rows = list(self._rows(query))
        ends = {row["id"]: row["time"] for row in rows if row["entry"] == "revoked"}
        return tuple(
            msgspec.convert(
                {**row, "created": row["time"], "revoked": ends.get(row["id"])}, KeyRow
            )
            for row in rows
            if row["entry"] == "created"
        )

    def consents(self) -> tuple[Consent, ...]:
        """Return every entry of the consents, the oldest first."""
        query = ConsentRow.select().order_by(ConsentRow.sequence)
        return tuple(_consent(row) for row in self._rows(query))

    def open_runs(self) -> tuple[Run, ...]:
        """Return the runs nobody has closed, oldest first."""
        query = (
            RunRow.select()
            .join(RunEndRow, JOIN.LEFT_OUTER, on=RunEndRow.run == RunRow.id)
            .where(RunEndRow.run.is_null())
            .order_by(RunRow.sequence)
        )
        return tuple(msgspec.convert(row, Run) for row in self._rows(query))

    def interrupted(self, run: str, by: str) -> int:
        """Count the requests of `run` that `by` found interrupted."""
        query = (
            FinishedRow.select(fn.COUNT(FinishedRow.id).alias("number"))
            .join(RoutedRow, on=RoutedRow.id == FinishedRow.id)
            .where(
                RoutedRow.run == run,
                FinishedRow.run == by,
                FinishedRow.status == "interrupted",
            )
        )
        (row,) = self._rows(query)
        return int(str(row["number"]))

    def _after(self, since: str) -> object:
        """Return the condition for `since`: a request's id or an ISO 8601 time."""
        query = RequestRow.select(RequestRow.sequence).where(RequestRow.id == since)
        for row in self._rows(query):
            return RequestRow.sequence > row["sequence"]
        try:
            return RequestRow.time > stamp(datetime.fromisoformat(since))
        except (ValueError, OverflowError) as error:
            raise ValueError(
                "since is neither the id of a finished request nor an ISO 8601 time"
                " with its zone, such as 2026-11-21T08:00:00Z."
            ) from error

    def _rows(self, query: ModelSelect[_Row]) -> list[dict[str, object]]:
        with self._reading():
            rows = query.bind(self._database).dicts()
            return cast("list[dict[str, object]]", list(rows))

    def _asked(
        self, statement: str, values: tuple[object, ...]
    ) -> list[dict[str, object]]:
        """Return the rows of a question that peewee has no words for."""
        with self._reading():
            cursor = self._database.execute_sql(statement, values)  # type: ignore[no-untyped-call]
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            self._database.connect(reuse_if_open=True)
            yield
        except PeeweeException as error:
            self._database.close()  # the next question opens the file anew
            raise LedgerError(
                "The ledger cannot be read now. Turnout goes on without it; see"
                " `turnout logs` for what is wrong with the file."
            ) from error


def _consent(row: dict[str, object]) -> Consent:
    given = bool(row["given"])
    try:
        made = {**row, "number": row["sequence"], "given": given}
        return msgspec.convert(made, Consent)
    except msgspec.ValidationError:
        # Somebody wrote another time: the chain tells, and the entry is still shown.
        made = {**row, "number": row["sequence"], "given": given, "time": _NO_TIME}
        return msgspec.convert(made, Consent)


def _event(row: dict[str, object]) -> Event:
    price = row["price"]
    typed = {
        "fallback_chain": _NAMES.decode(str(row["fallback_chain"])),
        "attempts": _ATTEMPTS.decode(str(row["attempts"])),
        "losses": _NAMES.decode(str(row["losses"])),
        "class_evidence": _NAMES.decode(str(row["class_evidence"])),
        "price": None if price is None else _PRICE.decode(str(price)),
        "stream": _flag(row["stream"]),
        "cache_hit": _flag(row["cache_hit"]),
        "escalated": bool(row["escalated"]),
    }
    return msgspec.convert({**row, **typed}, Event)


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)
