"""Rows: what a request is recorded as, what it cost, and that a row stays."""

import asyncio
import logging
from dataclasses import replace
from typing import Any, cast

import pytest
from raw_wire import until
from requests_in_hand import (
    ROUTE,
    WHEN,
    FixedClock,
    PaperLedger,
    call,
    exchange,
    route,
)

from proxy.catalogue import Billing, Route
from proxy.errors import Failure, FailureKind
from proxy.ledger import Ledger
from proxy.ledger.rows import Finished, Status
from proxy.model import Usage
from proxy.projects import Peer, Projects
from proxy.recorder import Recorder
from proxy.routing import Mode, read_decision
from proxy.routing.decision import AskedFor, Choice, Decision, Mark
from proxy.routing.facts import Intent, RouteClass
from proxy.tasks import spawn

USED = Usage(input_tokens=1_000, output_tokens=100)
DOWN = Failure(FailureKind.CONNECT, "down")
LEFT = Failure(FailureKind.CLIENT_GONE, "left")
PEER = Peer("127.0.0.1", 5_000, 8_787, 1)


def recorder(ledger: PaperLedger, find: object = None) -> tuple[Recorder, list[str]]:
    told: list[str] = []
    projects = Projects(find if callable(find) else lambda _: None)
    made = Recorder(
        cast("Ledger", ledger), FixedClock(2.0), "run-1", projects, told.append
    )
    return made, told


async def row_of(
    way: Route | None, used: Usage, *attempts: tuple[Failure | None, int | None]
) -> Finished:
    ledger = PaperLedger()
    made, _ = recorder(ledger)
    x = exchange(way=way)
    x.usage = used
    for failure, status in attempts:
        x.note(ROUTE, 0.0, 0.1, failure, status)
    await made.finished(x, Status.SUCCESS, None, "snap")
    (row,) = ledger.rows
    return row


async def test_tokens_are_priced_and_the_prices_named() -> None:
    row = await row_of(ROUTE, USED, (None, 200))
    assert row.cost_nano == 1_000 * 3_000 + 100 * 15_000
    assert (row.price, row.price_snapshot) == (ROUTE.price, "snap")
    assert (row.provider, row.model, row.lane) == (
        "scripted",
        "scripted-large",
        "claude/premium",
    )
    assert (row.run, row.time, row.duration_ms) == ("run-1", WHEN, 2_000)


@pytest.mark.parametrize(
    ("way", "used", "attempts", "cost"),
    [
        # Nobody answered: nothing is owed.
        (None, Usage(), (), 0),
        (ROUTE, Usage(), ((DOWN, None),), 0),
        (ROUTE, Usage(), ((DOWN, 503),), 0),
        # Somebody began to answer and told no count: unknown, never free.
        (ROUTE, Usage(), ((None, 200),), None),
        (ROUTE, Usage(), ((LEFT, None),), None),
        # Told counts are billed, whatever the end.
        (ROUTE, USED, ((DOWN, None),), 4_500_000),
        # Unknown price.
        (route(price=None), USED, ((None, 200),), None),
        # This machine's own models cost nothing.
        (route(Billing.LOCAL, None), USED, ((None, 200),), 0),
        (route(Billing.LOCAL, None), Usage(), ((None, 200),), 0),
    ],
)
async def test_what_a_request_costs(
    way: Route | None,
    used: Usage,
    attempts: tuple[tuple[Failure | None, int | None], ...],
    cost: int | None,
) -> None:
    assert (await row_of(way, used, *attempts)).cost_nano == cost


def decided(mark: Mark = Mark.NONE) -> Decision:
    """A decision as choosing by cost makes it."""
    return Decision(
        mode=Mode.CODING_AUTO,
        requested_model="claude-opus-5-5",
        reason="Because.",
        choices=(Choice(ROUTE, mark, 4_500_000, 90),),
        rejected=(),
        intent=Intent.ECO,
        route_class=RouteClass.CHEAP_EDIT,
        evidence=("The newest request is short.",),
        floor=40,
        asked=AskedFor("dear/claude-opus-5-5", 9_000_000),
    )


async def test_what_led_to_the_route_is_on_record() -> None:
    ledger = PaperLedger()
    made, _ = recorder(ledger)
    x = exchange()
    x.decision = cast("Any", decided())
    made.routed(x)
    await until(lambda: bool(ledger.routed_rows))
    (row,) = ledger.routed_rows
    assert (row.intent, row.route_class, row.floor) == ("eco", "cheap_edit", 40)
    assert row.class_evidence == ("The newest request is short.",)


async def test_the_whole_request_is_priced_with_the_attempts_before() -> None:
    ledger = PaperLedger()
    asked: list[str] = []
    dear = replace(ROUTE, provider=replace(ROUTE.provider, id="dear"))

    def find(name: str) -> Route:
        asked.append(name)
        return dear

    told: list[str] = []
    made = Recorder(
        cast("Ledger", ledger),
        FixedClock(2.0),
        "run-1",
        Projects(lambda _: None),
        told.append,
        find,
    )
    x = exchange()
    x.decision = cast("Any", decided())
    x.usage, x.mark = USED, Mark.DOWNGRADE
    x.note(ROUTE, 0.0, 0.1, Failure(FailureKind.CUT, "cut"), 200)
    x.attempts[0] = replace(x.attempts[0], usage=USED)
    x.note(ROUTE, 0.0, 0.1, None, 200)
    await made.finished(x, Status.FALLBACK_SUCCESS, None, "snap")
    (row,) = ledger.rows
    assert (row.answer_cost_nano, row.cost_nano) == (4_500_000, 9_000_000)
    assert (row.asked_cost_nano, asked) == (4_500_000, ["dear/claude-opus-5-5"])
    assert row.mark == "downgrade"
    assert [each.retry for each in row.attempts] == [False, True]
    await until(lambda: bool(told))
    counted = made.metrics.text().decode()
    labels = '{route="scripted/scripted-large",class="cheap_edit"}'
    assert f"turnout_downgrades_total{labels} 1\n" in counted
    assert f"turnout_retries_total{labels} 1\n" in counted


@pytest.mark.parametrize("mark", list(Mark))
async def test_an_escalation_is_said_in_the_log(
    mark: Mark, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    made, told = recorder(PaperLedger())
    x = exchange()
    x.mark = mark
    await made.finished(x, Status.SUCCESS, None, "snap")
    await until(lambda: bool(told))
    said = [getattr(each, "event", "") for each in caplog.records]
    assert ("request_escalated" in said) == (mark is Mark.ESCALATION)


async def test_the_routed_row_has_the_decision_and_the_ids() -> None:
    ledger = PaperLedger()
    made, _ = recorder(ledger)
    headers = (("x-claude-code-session-id", "s"), ("x-claude-code-agent-id", "a"))
    made.routed(exchange(call(headers=headers)))
    await until(lambda: bool(ledger.routed_rows))
    (row,) = ledger.routed_rows
    assert (row.session, row.agent, row.parent_agent) == ("s", "a", None)
    assert read_decision(row.decision).chosen == "scripted/scripted-large"
    assert (row.client, row.protocol, row.stream) == (
        "claude-code",
        "anthropic-messages",
        True,
    )


async def test_a_request_that_ends_at_once_has_its_routed_row_first() -> None:
    ledger = PaperLedger(slow=asyncio.Event())
    made, _ = recorder(ledger)
    x = exchange()
    made.routed(x)
    waiting = spawn(made.finished(x, Status.SUCCESS, None, "snap"), "a client")
    await until(lambda: bool(ledger.routed_rows))
    assert not ledger.rows
    assert ledger.slow is not None
    ledger.slow.set()
    await waiting
    await asyncio.sleep(0.02)
    assert (len(ledger.routed_rows), len(ledger.rows)) == (1, 1)


async def test_a_row_outlives_the_client_that_waited_for_it() -> None:
    ledger = PaperLedger(slow=asyncio.Event())
    made, told = recorder(ledger)
    x = exchange()
    waiting = spawn(made.finished(x, Status.SUCCESS, None, "snap"), "a client")
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert ledger.slow is not None
    ledger.slow.set()
    await asyncio.sleep(0.01)
    assert [row.id for row in ledger.rows] == ["req_1"]
    assert told == ["req_1"]
    # And only once.
    await made.finished(x, Status.CANCELLED, FailureKind.CLIENT_GONE, "snap")
    assert len(ledger.rows) == 1


async def test_the_views_are_told_after_the_row_is_written() -> None:
    ledger = PaperLedger()
    made, told = recorder(ledger)
    await made.finished(exchange(), Status.SUCCESS, None, "snap")
    assert len(ledger.rows) == 1
    await asyncio.sleep(0.01)
    assert told == ["req_1"]


async def test_a_session_keeps_the_project_that_one_of_its_calls_had() -> None:
    ledger = PaperLedger()
    found = {1: "tower", 2: None, 3: None}
    made, _ = recorder(ledger, lambda peer: found[peer.connection])
    headers = (("session-id", "s"),)
    for connection, heads in ((1, headers), (2, headers), (3, ())):
        peer = Peer("127.0.0.1", 5_000, 8_787, connection)
        x = exchange(call(peer=peer, headers=heads))
        made.routed(x)
        await made.finished(x, Status.SUCCESS, None, "snap")
    assert [row.project for row in ledger.rows] == ["tower", "tower", None]


@pytest.mark.parametrize(
    ("first", "mark", "lane", "told"),
    [
        (Mark.ESCALATION, Mark.SAME_LANE, "claude/premium", Mark.ESCALATION),
        (Mark.ESCALATION, Mark.NONE, "gpt/premium", Mark.ESCALATION),
        (Mark.ESCALATION, Mark.DOWNGRADE, "claude/standard", Mark.DOWNGRADE),
        (Mark.ESCALATION, Mark.NONE, "claude/standard", Mark.NONE),
        (Mark.ESCALATION, Mark.NONE, None, Mark.NONE),
        (Mark.NONE, Mark.SAME_LANE, "claude/premium", Mark.SAME_LANE),
    ],
)
async def test_what_stands_in_for_an_escalation_is_one(
    first: Mark,
    mark: Mark,
    lane: str | None,
    told: Mark,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = PaperLedger()
    made, _ = recorder(ledger)
    model = replace(ROUTE.model, lane=lane) if ROUTE.model else None
    x = exchange(way=replace(ROUTE, model=model))
    x.decision = cast("Any", decided(first))
    x.mark = mark
    x.note(ROUTE, 0.0, 0.1, None, 200)
    with caplog.at_level(logging.INFO, "proxy.recorder"):
        await made.finished(x, Status.FALLBACK_SUCCESS, None, "snap")
        await until(lambda: "request finished" in caplog.text)
    (row,) = ledger.rows
    assert (row.mark, row.attempts[0].mark) == (told, mark)
    said = {vars(each).get("event") for each in caplog.records}
    assert ("request_escalated" in said) == (told is Mark.ESCALATION)
    counted = "turnout_escalations_total{" in made.metrics.text().decode()
    assert counted == (told is Mark.ESCALATION)
