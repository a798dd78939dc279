"""The gateway's state and waiting for a newer one."""

import asyncio

import msgspec
from painted_commands import Live

from app.state import Changes, ClientSpend, Snapshot, spend_today
from proxy.reports import Share, SpendReport


async def test_waiting_ends_at_the_next_change() -> None:
    changes = Changes()
    waiters = [asyncio.gather(changes.after(0)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(waiter.done() for waiter in waiters)
    changes.moved()
    await asyncio.gather(*waiters)
    assert changes.revision == 1


async def test_who_is_behind_does_not_wait() -> None:
    changes = Changes()
    changes.moved()
    async with asyncio.timeout(0.1):
        await changes.after(0)


def test_a_snapshot_survives_the_feed() -> None:
    snapshot = Live().snapshot()
    line = msgspec.json.encode(snapshot)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Snapshot) == snapshot


def test_a_days_report_keeps_its_clients_and_amounts() -> None:
    share = Share(name="codex", requests=3, billed_nano=5, unknown_requests=1)
    today = spend_today(
        SpendReport(requests=3, billed_nano=5, unknown_requests=1, by_client=(share,))
    )
    assert today.by_client == (
        ClientSpend("codex", 3, billed_nano=5, unknown_requests=1),
    )
    assert (today.requests, today.billed_nano, today.unknown_requests) == (3, 5, 1)
