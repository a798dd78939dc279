"""Commands about the record: what was spent and what was answered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

from msgspec import Meta

from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.ledger.rows import Event
from proxy.outcomes import RouteRate
from proxy.reports import SpendReport


@dataclass(frozen=True, slots=True)
class Spend:
    """What was spent since a moment (UTC) that begins the user's day.

    `rates` tells how often routes failed, were retried, left or marked in that time.
    """

    since: datetime
    days: int
    report: SpendReport
    rates: tuple[RouteRate, ...] = ()


@dataclass(frozen=True, slots=True)
class EventList:
    """Finished requests, newest first; `cursor` asks for what came after them."""

    events: tuple[Event, ...]
    cursor: str


@asynccontextmanager
async def from_ledger() -> AsyncIterator[None]:
    """Turn what the ledger raises into words for people."""
    from proxy.ledger import LedgerError

    try:
        yield
    except LedgerError as problem:
        raise CommandFailed("The record cannot be used now", str(problem)) from None


def start_of_day(now: datetime, days: int = 1) -> datetime:
    """Return when the user's day began, in UTC, by this machine's time zone.

    `days` counts today: 1 is today, 2 began yesterday.
    """
    first = now.astimezone().date() - timedelta(days=days - 1)
    # A moment without a zone is the machine's own; so summer time is its business.
    return datetime.combine(first, time.min).astimezone(UTC)


async def spend(
    services: Services,
    *,
    days: Annotated[int, Meta(ge=1, le=3660, description="Days, today included.")] = 1,
) -> Spend:
    """Show what was spent: billed, covered by a subscription, local, and unknown."""
    since = start_of_day(services.clock.now(), days)
    async with from_ledger():
        report = await services.ledger.spend(since)
        rates = await services.ledger.rates(since) if report.requests else ()
    return Spend(since, days, report, rates)


async def events(
    services: Services,
    *,
    limit: Annotated[
        int, Meta(ge=1, le=1000, description="At most so many; 20, with --since 1000.")
    ]
    | None = None,
    since: Annotated[
        str | None,
        Meta(description="Only after this request's id or ISO 8601 time with zone."),
    ] = None,
) -> EventList:
    """List the recent requests: when, who, which route, tokens, cost and outcome."""
    async with from_ledger():
        try:
            found = await services.ledger.recent(
                limit or (1000 if since else 20), since or None
            )
        except ValueError as problem:
            raise CommandFailed(
                "No such place in the record",
                str(problem)[:1].upper() + str(problem)[1:],
                f"{services.command_path} events lists the recent ones.",
                Exit.USAGE,
            ) from None
    cursor = found[0].id if found else since or ""
    return EventList(found, cursor)
