"""What is read back: events in order, spend by sums, keys by their entries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import ledger_rows
import pytest
from ledger_rows import NOON
from peewee import Model

from proxy import keys
from proxy.keys import KeyRing, KeyRow, Scope
from proxy.ledger import Attempt, Ledger, LedgerError, tables
from proxy.ledger.files import prepare, writer_connection
from proxy.model import Usage
from proxy.money import Price
from proxy.reports import report


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    made = Ledger.open(tmp_path / "turnout.db", "run-a", clock=ledger_rows.noon)
    yield made
    await made.close()


async def fill(ledger: Ledger, number: int, **changes: object) -> None:
    for each in range(number):
        later = NOON + timedelta(seconds=each)
        ledger.routed(ledger_rows.routed(f"req-{each}", time=later))
        row = ledger_rows.finished(f"req-{each}", time=later, **changes)
        assert await ledger.finish(row)


async def test_everything_that_was_recorded_is_read_back(ledger: Ledger) -> None:
    routed = ledger_rows.routed(
        "req-1", agent="agent-1", parent_agent="agent-0", stream=False
    )
    row = ledger_rows.finished(
        "req-1",
        time=NOON + timedelta(seconds=2),
        status="fallback_success",
        attempts=(
            Attempt(
                provider="anthropic",
                model="opus",
                protocol="anthropic-messages",
                outcome="rate_limited",
                status=429,
                started_ms=3,
                duration_ms=40,
                error_kind="rate_limited",
            ),
            Attempt(
                provider="openai", model="gpt", protocol="openai-chat", outcome="ok"
            ),
        ),
        usage=Usage(
            input_tokens=1,
            cache_read_tokens=2,
            cache_write_tokens=3,
            cache_write_1h_tokens=1,
            output_tokens=4,
            reasoning_tokens=2,
            web_searches=0,
        ),
        price=Price(input=Decimal("0.0375"), output=Decimal("2.50")),
        error_kind="rate_limited",
        losses=("thinking_signature", "cache_marks"),
    )
    ledger.routed(routed)
    assert await ledger.finish(row)
    event = await ledger.event("req-1")
    assert event is not None
    shared = {each.name for each in fields(row)} - {"usage"}
    for name in shared:
        assert getattr(event, name) == getattr(row, name), name
    for name in {each.name for each in fields(routed)} - {"time", "decision"}:
        assert getattr(event, name) == getattr(routed, name), name
    for each in fields(Usage):
        assert getattr(event, each.name) == getattr(row.usage, each.name), each.name
    assert event.arrived == routed.time
    assert event.fallback_chain == ("anthropic/opus", "openai/gpt")
    assert event.cache_hit is True
    assert str(event.price and event.price.input) == "0.0375"
    assert await ledger.decision("req-1") == routed.decision


async def test_what_nobody_told_stays_unknown(ledger: Ledger) -> None:
    bare = ledger_rows.finished(
        "req-1", usage=Usage(), price=None, cost_nano=None, project=None, attempts=()
    )
    assert await ledger.finish(bare)
    event = await ledger.event("req-1")
    assert event is not None
    assert (event.cache_hit, event.cost_nano, event.price) == (None, None, None)
    assert (event.input_tokens, event.project, event.client) == (None, None, None)
    assert (event.fallback_chain, event.run) == ((), "run-a")


async def test_zero_cache_reads_are_no_cache_hit(ledger: Ledger) -> None:
    usage = Usage(cache_read_tokens=0)
    assert await ledger.finish(ledger_rows.finished("req-1", usage=usage))
    event = await ledger.event("req-1")
    assert event is not None
    assert event.cache_hit is False


async def test_events_come_newest_first(ledger: Ledger) -> None:
    await fill(ledger, 5)
    assert [each.id for each in await ledger.recent(3)] == ["req-4", "req-3", "req-2"]
    assert await ledger.recent(0) == ()
    assert await ledger.recent(-1) == ()
    assert len(await ledger.recent(10**9)) == 5


async def test_order_is_by_sequence_when_the_clock_jumps_back(ledger: Ledger) -> None:
    for request, day in (("req-1", 1), ("req-2", -2), ("req-3", -14000)):
        row = ledger_rows.finished(request, time=NOON + timedelta(days=day))
        assert await ledger.finish(row)
    events = await ledger.recent()
    assert [(each.id, each.sequence) for each in events] == [
        ("req-3", 3),
        ("req-2", 2),
        ("req-1", 1),
    ]


@pytest.mark.parametrize(
    ("since", "ids"),
    [
        ("req-2", ["req-4", "req-3"]),
        ("req-4", []),
        ("2026-11-21T12:00:02Z", ["req-4", "req-3"]),
        ("2026-11-21T13:00:03+01:00", ["req-4"]),
    ],
)
async def test_only_what_came_after(ledger: Ledger, since: str, ids: list[str]) -> None:
    await fill(ledger, 5)
    assert [each.id for each in await ledger.recent(10, since)] == ids


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-21T12:00:00", "' OR 1=1"])
async def test_what_is_no_id_and_no_time_is_refused(ledger: Ledger, since: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        await ledger.recent(10, since)


async def test_an_unknown_request_is_nothing(ledger: Ledger) -> None:
    assert await ledger.event("none") is None
    assert await ledger.decision("none") is None


async def test_a_decision_is_there_before_the_end(ledger: Ledger) -> None:
    ledger.routed(ledger_rows.routed("req-1"))
    assert await ledger.finish(ledger_rows.finished("other"))  # a later commit
    assert await ledger.decision("req-1") is not None
    assert await ledger.event("req-1") is None


async def test_spend_by_sql_is_spend_by_events(ledger: Ledger) -> None:
    number = 0
    for client in ("codex", "claude-code"):
        for billing in ("metered", "subscription", "free-tier", "local", None):
            for cost in (None, 0, 3, 10**18):
                number += 1
                request = f"req-{number}"
                ledger.routed(ledger_rows.routed(request, client=client))
                row = ledger_rows.finished(request, billing=billing, cost_nano=cost)
                assert await ledger.finish(row)
    spent = await ledger.spend(NOON - timedelta(days=1))
    assert spent == report(await ledger.recent(1000))
    assert spent.requests == number
    assert spent.billed_nano == 4 * (10**18 + 3)


async def test_spend_above_63_bits_is_summed(ledger: Ledger) -> None:
    await fill(ledger, 5, cost_nano=2**63 - 1)
    assert (await ledger.spend(NOON)).billed_nano == 5 * (2**63 - 1)


async def test_spend_is_of_a_time_with_its_beginning_without_its_end(
    ledger: Ledger,
) -> None:
    await fill(ledger, 5, cost_nano=1)
    start, end = NOON + timedelta(seconds=1), NOON + timedelta(seconds=3)
    assert (await ledger.spend(start, end)).billed_nano == 2
    assert (await ledger.spend_today(start)).billed_nano == 4
    assert (await ledger.spend(end + timedelta(days=1))).requests == 0


async def test_keys_are_made_and_revoked_by_entries(ledger: Ledger) -> None:
    texts = [keys.new_key() for _ in range(3)]
    rows = [
        KeyRow(
            id=f"key-{number}",
            name=name,
            scope=scope,
            hash=keys.hash(text),
            created=NOON,
        )
        for number, (name, scope, text) in enumerate(
            zip(
                ("codex", "codex", "metrics"),
                (Scope.CALL, Scope.CALL, Scope.READ),
                texts,
                strict=True,
            )
        )
    ]
    for row in rows:
        await ledger.add_key(row)
    assert list(await ledger.keys()) == rows
    later = NOON + timedelta(hours=1)
    assert await ledger.revoke_key("codex", later) == 2
    assert await ledger.revoke_key("codex", later) == 0
    assert await ledger.revoke_key("nobody", later) == 0
    kept = await ledger.keys()
    assert kept == (
        replace(rows[0], revoked=later),
        replace(rows[1], revoked=later),
        rows[2],
    )
    ring = KeyRing(kept)
    assert ring.find(texts[0]) is None
    assert ring.find(texts[2]) == rows[2].identity


@pytest.mark.logs_trouble
async def test_a_key_is_made_once(ledger: Ledger) -> None:
    row = KeyRow(id="k", name="codex", scope=Scope.CALL, hash="h", created=NOON)
    await ledger.add_key(row)
    for twin in (row, replace(row, id="k2"), replace(row, hash="h2")):
        with pytest.raises(LedgerError, match="exists already"):
            await ledger.add_key(twin)
    assert await ledger.keys() == (row,)


async def test_a_reader_cannot_write(ledger: Ledger) -> None:
    def write() -> None:
        statement = "INSERT INTO projects (label) VALUES ('x')"
        ledger._reader._database.execute_sql(statement)  # type: ignore[no-untyped-call]

    await ledger.recent()
    with pytest.raises(Exception, match="readonly"):
        await ledger._read(write)


def test_the_models_are_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "turnout.db"
    prepare(path, ledger_rows.noon)
    connection = writer_connection(path)
    models = [
        each
        for each in vars(tables).values()
        if isinstance(each, type) and issubclass(each, Model) and each is not Model
    ]
    assert len(models) == 6
    for model in models:
        meta = model._meta
        rows = connection.execute(f"PRAGMA table_info({meta.table_name})").fetchall()
        assert set(meta.fields) <= {row[1] for row in rows}, meta.table_name
    connection.close()
