"""Deciding again under other wishes: what is changed, and what stays as it was."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from routing_made import facts, model, policy, provider, run

from app.routing_now import RoutingNow
from app.services import Services
from app.what_if import NOT_KEPT, Change, Pair, Skipped, from_record
from proxy.catalogue import Catalogue
from proxy.health import Outlook
from proxy.ledger.rows import Event
from proxy.routing import Condition, Mode, write_decision
from proxy.routing.condition import Rest, RestKind

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHEAP = provider("cheap", model("terra", "gpt/standard", "1"))
DEAR = provider("dear", model("sonnet", "claude/standard", "3"))
REST = Rest(RestKind.BREAKER, 30.0, "it failed")
NOW = RoutingNow(
    Catalogue((CHEAP, DEAR), "s"),
    policy(),
    Condition(not_ready={"dear": ""}, routes={"cheap/terra": REST}),
    Outlook(),
)


class Record:
    """A ledger that knows decisions only."""

    def __init__(self, *decisions: str | None) -> None:
        self.decisions = dict(enumerate(decisions))

    async def decision(self, request: str) -> str | None:
        return self.decisions[int(request)]


class Row:
    """A finished request, as far as it is looked at."""

    def __init__(self, request: int) -> None:
        self.id = str(request)
        self.arrived = None
        self.time = NOON


async def decided(now: RoutingNow, change: Change, *texts: str | None) -> list[Any]:
    services = cast("Services", type("Only", (), {"ledger": Record(*texts)}))
    rows = [cast("Event", Row(number)) for number in range(len(texts))]
    return [each async for each in from_record(services, rows, now, change)]


def test_a_change_is_told_in_words() -> None:
    assert Change().words == ""
    assert Change(Mode.OFFLINE).words == "in the mode offline"
    both = Change(Mode.DIRECT, frozenset({"b", "a"}))
    assert both.words == "in the mode direct and without a, b"


def test_a_change_touches_nothing_else() -> None:
    changed = Change(Mode.OFFLINE, frozenset({"cheap"})).applied(NOW)
    assert [each.id for each in changed.catalogue.providers] == ["dear"]
    assert changed.catalogue.snapshot == "s"
    assert changed.policy == replace(NOW.policy, mode=Mode.OFFLINE)
    assert changed.condition is NOW.condition
    assert NOW.policy.mode is Mode.CODING_AUTO
    unchanged = Change().applied(NOW)
    assert unchanged.catalogue is NOW.catalogue
    assert unchanged.policy is NOW.policy


async def test_recorded_requests_meet_routes_that_are_well() -> None:
    text = write_decision(run(facts(client="codex"), DEAR))
    (pair,) = await decided(NOW, Change(), text)
    assert isinstance(pair, Pair)
    assert (pair.name, pair.client) == ("0", "codex")
    assert (pair.before.chosen, pair.after.chosen) == ("dear/sonnet", "cheap/terra")


async def test_a_missing_key_counts_all_the_same() -> None:
    unset = replace(NOW, condition=Condition(not_ready={"cheap": "no key is set"}))
    (pair,) = await decided(unset, Change(), write_decision(run(facts(), CHEAP)))
    assert pair.after.chosen == "dear/sonnet"


@pytest.mark.parametrize("text", [None, "{}", "not json"])
async def test_what_cannot_be_decided_again_is_said(text: str | None) -> None:
    assert await decided(NOW, Change(), text) == [Skipped("0", NOT_KEPT)]
