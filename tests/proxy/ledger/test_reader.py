"""What is read back: events in order, spend by sums, keys by their entries."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import ledger_rows
import pytest
from ledger_rows import NOON
from peewee import Model

from proxy import keys
from proxy.keys import KeyRing, KeyRow, Scope
from proxy.ledger import Attempt, Ledger, LedgerError, tables
from proxy.ledger.files import prepare, writer_connection
from proxy.model import Usage
from proxy.model.terms import Variant
from proxy.money import Price
from proxy.outcomes import rates
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
        "req-1",
        agent="agent-1",
        parent_agent="agent-0",
        stream=False,
        intent="eco",
        class_evidence=("The newest request is short.",),
        floor=40,
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
                lane="claude/premium",
                billing="metered",
                usage=Usage(input_tokens=7, output_tokens=1),
                price=Price(input=Decimal("1.5")),
                price_snapshot="snapshot-1",
                cost_nano=10_500,
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
        mark="escalation",
        answer_cost_nano=349_500,
        asked_cost_nano=500_000,
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
    # What an answer told of its cost and of how it was served is in cost and price.
    counts = {each.name for each in fields(Usage)} - {"told_cost_nano", "served"}
    assert len(counts) == 7
    for name in counts:
        assert getattr(event, name) == getattr(row.usage, name), name
    assert event.arrived == routed.time
    assert event.fallback_chain == ("anthropic/opus", "openai/gpt")
    assert event.cache_hit is True
    assert event.escalated is True
    assert event.spent == row.spent
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


def tried(name: str, **changes: Any) -> Attempt:
    provider, model = name.split("/")
    row = Attempt(
        provider=provider, model=model, protocol="openai-chat", outcome="cut", **changes
    )
    return replace(row, usage=Usage(input_tokens=1)) if "cost_nano" in changes else row


async def test_an_attempt_that_cost_money_is_a_row(
    ledger: Ledger, tmp_path: Path
) -> None:
    used = Usage(input_tokens=7, output_tokens=1, served=Variant(speed="fast"))
    failed = replace(
        tried("dear/big", lane="gpt/premium", billing="metered"),
        usage=used,
        price=Price(input=Decimal("1.5")),
        price_snapshot="snapshot-1",
        cost_nano=10_500,
    )
    refused, last = tried("none/asked"), tried("dear/big", retry=True)
    attempts = (failed, refused, last, tried("anthropic/claude-sonnet-5-5"))
    row = ledger_rows.finished("req-1", attempts=attempts, cost_nano=None)
    assert await ledger.finish(row)
    with closing(sqlite3.connect(tmp_path / "turnout.db")) as file:
        found = file.execute(
            "SELECT request, number, time, provider, model, lane, billing, outcome,"
            " input_tokens, output_tokens, web_searches, price_snapshot, cost_nano"
            " FROM attempts"
        ).fetchall()
    begun = "2026-11-21T12:00:00.000000Z"
    route = ("dear", "big", "gpt/premium", "metered")
    told = (7, 1, None, "snapshot-1", 10_500)
    assert found == [("req-1", 1, begun, *route, "cut", *told)]
    event = await ledger.event("req-1")
    assert event is not None
    assert event.attempts == attempts
    assert event.spent == ((1, failed),)


@pytest.mark.logs_trouble
async def test_a_request_and_its_attempts_are_written_together_or_not_at_all(
    ledger: Ledger, tmp_path: Path
) -> None:
    attempts = (tried("a/b", cost_nano=5),)
    assert await ledger.finish(ledger_rows.finished("req-1", attempts=attempts))
    again = ledger_rows.finished("req-1", attempts=(tried("c/d"), *attempts))
    assert not await ledger.finish(again)
    other = ledger_rows.finished("req-2", attempts=attempts)
    assert await ledger.finish(other)
    with closing(sqlite3.connect(tmp_path / "turnout.db")) as file:
        found = file.execute("SELECT request, number FROM attempts").fetchall()
    assert found == [("req-1", 1), ("req-2", 1)]


async def test_sums_by_sql_are_sums_by_events_with_attempts_and_marks(
    ledger: Ledger,
) -> None:
    random = Random(4)
    routes = ("big/x", "big/y", "here/z")
    for number in range(120):
        costs = [random.choice((None, 0, 5, 10**18)) for _ in range(4)]
        attempts = tuple(
            tried(
                random.choice(routes),
                lane=random.choice((None, "gpt/small")),
                billing=random.choice(("metered", "subscription", "local", None)),
                **({} if random.random() < 0.5 else {"cost_nano": costs[try_]}),
            )
            for try_ in range(random.randrange(4))
        )
        last = attempts[-1] if attempts else tried("none/none")
        ledger.routed(
            ledger_rows.routed(
                f"req-{number}",
                client=random.choice(("codex", "aider")),
                route_class=random.choice(("fast_code", "cheap_edit")),
            )
        )
        row = ledger_rows.finished(
            f"req-{number}",
            time=NOON + timedelta(seconds=number),
            attempts=attempts,
            provider=last.provider,
            model=last.model,
            lane=last.lane,
            billing=last.billing,
            cost_nano=random.choice((None, costs[0])),
            answer_cost_nano=costs[0],
            asked_cost_nano=random.choice((None, 3, 10**18)),
            mark=random.choice(("", "same_lane", "downgrade", "escalation")),
        )
        assert await ledger.finish(row)
    start, end = NOON + timedelta(seconds=20), NOON + timedelta(seconds=100)
    events = [each for each in await ledger.recent(1000) if start <= each.time < end]
    assert len(events) == 80
    assert await ledger.spend(start, end) == report(events)
    assert await ledger.rates(start, end) == rates(events)
    assert await ledger.rates(end) == rates(
        each for each in await ledger.recent(1000) if each.time >= end
    )


async def test_an_interrupted_request_is_of_unknown_cost_and_no_attempt(
    ledger: Ledger, tmp_path: Path
) -> None:
    route, mark = "dear/big", "escalation"
    decision = (
        f'{{"chosen":"{route}","choices":[{{"route":"{route}","mark":"{mark}"}}]}}'
    )
    ledger.routed(ledger_rows.routed("req-1", run="run-dead", decision=decision))
    assert await ledger.finish(ledger_rows.finished("req-2"))
    with closing(sqlite3.connect(tmp_path / "turnout.db")) as file:
        file.execute(
            "INSERT INTO runs (id, pid, started, version)"
            " VALUES ('run-dead', 1, '2026-11-21T11:00:00.000000Z', '')"
        )
        file.commit()
    assert await ledger.recover(lambda run: run == "run-dead") == 1
    spent = await ledger.spend(NOON)
    assert (spent.requests, spent.unknown_requests) == (2, 1)
    events = await ledger.recent()
    assert spent == report(events)
    assert [(e.mark, e.escalated) for e in events] == [(mark, True), ("", False)]
    assert await ledger.rates(NOON) == rates(events)
    assert sum(rate.attempts for rate in rates(events)) == 1


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
    assert len(models) == 8
    for model in models:
        meta = model._meta
        rows = connection.execute(f"PRAGMA table_info({meta.table_name})").fetchall()
        assert set(meta.fields) <= {row[1] for row in rows}, meta.table_name
    connection.close()
