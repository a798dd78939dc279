"""spend and events."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ledger_rows import finished, routed

from app.commands import spend
from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.ledger import Attempt, LedgerError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def record(
    services: Services, name: str, when: datetime, cost: int | None
) -> None:
    services.ledger.routed(routed(name, time=when))
    row = finished(name, time=when, cost_nano=cost)
    assert await services.ledger.finish(row)


async def test_nothing_recorded_is_an_empty_list(alone: Services) -> None:
    assert await spend.events(alone) == spend.EventList((), "")
    assert (await spend.spend(alone)).report.requests == 0


async def test_events_are_newest_first_and_go_on_from_the_cursor(
    alone: Services,
) -> None:
    for number in range(3):
        await record(alone, f"r{number}", NOON, 5)
    first = await spend.events(alone, limit=2)
    assert [event.id for event in first.events] == ["r2", "r1"]
    assert (await spend.events(alone, since=first.cursor)) == spend.EventList((), "r2")
    for number in range(3, 30):
        await record(alone, f"r{number}", NOON, 5)
    later = await spend.events(alone, since=first.cursor)
    assert len(later.events) == 27
    assert later.cursor == "r29"
    assert len((await spend.events(alone)).events) == 20


async def test_a_wrong_place_is_a_usage_error(alone: Services) -> None:
    with pytest.raises(CommandFailed) as caught:
        await spend.events(alone, since="yesterday")
    assert caught.value.exit == Exit.USAGE
    assert "yesterday" not in caught.value.message


async def test_spend_counts_whole_days_and_keeps_unknown_apart(alone: Services) -> None:
    begin = spend.start_of_day(NOON)
    await record(alone, "before", begin - timedelta(seconds=1), 7)
    await record(alone, "today", begin, 2_000_000)
    await record(alone, "unknown", begin, None)
    today = (await spend.spend(alone)).report
    assert (today.requests, today.billed_nano, today.unknown_requests) == (
        2,
        2000000,
        1,
    )
    both = await spend.spend(alone, days=2)
    assert both.report.billed_nano == 2_000_007
    assert both.since == spend.start_of_day(NOON, 2)


async def test_spend_tells_how_routes_did(alone: Services) -> None:
    services = alone
    failed = Attempt(
        provider="dear", model="big", protocol="openai-chat", outcome="cut"
    )
    services.ledger.routed(routed("r1", time=NOON))
    row = finished("r1", time=NOON)
    row = replace(row, attempts=(failed, *row.attempts), mark="downgrade")
    assert await services.ledger.finish(row)
    found = await spend.spend(services)
    assert [(rate.route, rate.fallbacks, rate.downgrades) for rate in found.rates] == [
        ("anthropic/claude-sonnet-5-5", 0, 1),
        ("dear/big", 1, 0),
    ]
    assert found.report.downgrades == 1


@pytest.mark.parametrize(
    ("zone", "now", "begin"),
    [
        ("UTC", "2026-11-21T12:00+00:00", "2026-11-21T00:00+00:00"),
        ("Asia/Tokyo", "2026-11-21T16:00+00:00", "2026-11-21T15:00+00:00"),
        ("America/New_York", "2026-11-21T04:00+00:00", "2026-11-20T05:00+00:00"),
        # The clocks were put back at 06:00 UTC of that day.
        ("America/New_York", "2026-11-01T20:00+00:00", "2026-11-01T04:00+00:00"),
    ],
)
def test_the_day_begins_at_local_midnight(
    zone: str, now: str, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        got = spend.start_of_day(datetime.fromisoformat(now))
        assert got == datetime.fromisoformat(begin)
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_a_ledger_that_cannot_be_read_is_said_in_words() -> None:
    with pytest.raises(CommandFailed) as caught:
        async with spend.from_ledger():
            raise LedgerError("The file is shut.")
    assert caught.value.message == "The file is shut."
