"""Reads the ledger through peewee, one thread, its own read-only connection."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from peewee import JOIN, Model, ModelSelect, PeeweeException, fn

from proxy.keys import KeyRow
from proxy.ledger.files import peewee_database
from proxy.ledger.rows import Attempt, Event, Run
from proxy.ledger.schema import LedgerError
from proxy.ledger.statements import stamp
from proxy.ledger.tables import (
    FinishedRow,
    KeyEntryRow,
    RequestRow,
    RoutedRow,
    RunEndRow,
    RunRow,
)
from proxy.money import NANO_PER_DOLLAR, Price
from proxy.reports import SpendReport, Tally, fold

_Row = TypeVar("_Row", bound=Model)

MOST_EVENTS = 1000
_NAMES = msgspec.json.Decoder(tuple[str, ...])
_ATTEMPTS = msgspec.json.Decoder(tuple[Attempt, ...])
_PRICE = msgspec.json.Decoder(Price)


class _Sums(msgspec.Struct, frozen=True):
    """A row of the spend query."""

    client: str | None
    provider: str | None
    model: str | None
    billing: str | None
    requests: int
    priced: int
    dollars: int | None
    nano: int | None


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
        within = RequestRow.time >= stamp(since)
        if until is not None:
            within &= RequestRow.time < stamp(until)
        group = (
            RequestRow.client,
            RequestRow.provider,
            RequestRow.model,
            RequestRow.billing,
        )
        # In two parts, because SQLite's SUM fails above 63 bits.
        cost = RequestRow.cost_nano
        dollars = cost / NANO_PER_DOLLAR
        query = (
            RequestRow.select(
                *group,
                fn.COUNT(RequestRow.id).alias("requests"),
                fn.COUNT(cost).alias("priced"),
                fn.SUM(dollars).alias("dollars"),
                fn.SUM(cost - dollars * NANO_PER_DOLLAR).alias("nano"),
            )
            .where(within)
            .group_by(*group)
        )
        return fold(_tally(row) for row in self._rows(query))

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
        try:
            self._database.connect(reuse_if_open=True)
            rows = query.bind(self._database).dicts()
            return cast("list[dict[str, object]]", list(rows))
        except PeeweeException as error:
            self._database.close()  # the next question opens the file anew
            raise LedgerError(
                "The ledger cannot be read now. Turnout goes on without it; see"
                " `turnout logs` for what is wrong with the file."
            ) from error


def _event(row: dict[str, object]) -> Event:
    price = row["price"]
    typed = {
        "fallback_chain": _NAMES.decode(str(row["fallback_chain"])),
        "attempts": _ATTEMPTS.decode(str(row["attempts"])),
        "losses": _NAMES.decode(str(row["losses"])),
        "price": None if price is None else _PRICE.decode(str(price)),
        "stream": _flag(row["stream"]),
        "cache_hit": _flag(row["cache_hit"]),
    }
    return msgspec.convert({**row, **typed}, Event)


def _tally(row: dict[str, object]) -> Tally:
    sums = msgspec.convert(row, _Sums)
    return Tally(
        client=sums.client,
        provider=sums.provider,
        model=sums.model,
        billing=sums.billing,
        requests=sums.requests,
        unpriced=sums.requests - sums.priced,
        cost_nano=(sums.dollars or 0) * NANO_PER_DOLLAR + (sums.nano or 0),
    )


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)
