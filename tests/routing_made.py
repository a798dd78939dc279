"""Providers, facts and decisions in few words, for the tests of routing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from proxy.catalogue import Billing, Catalogue, KeyRef, Model, Place, Provider
from proxy.model import Protocol
from proxy.money import Price
from proxy.policies import shipped_policy
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.routing.condition import ALL_WELL, Condition
from proxy.routing.decide import decide
from proxy.routing.decision import Decision
from proxy.routing.facts import Facts, Size
from proxy.routing.modes import Mode
from proxy.routing.policy import Policy
from proxy.routing.reasons import ReasonCode

MESSAGES, CHAT = Protocol.MESSAGES, Protocol.CHAT
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Source(SourceType.MANUAL_REVIEW, "a price list", NOON)
SIZE = Size(10_000, 8_000, 12_000, "bytes")
POLICY = shipped_policy()


def rates(price: str | None) -> Rates | None:
    """Prices for one of input: output is five times, cached input a tenth of it."""
    if price is None:
        return None
    fresh = Decimal(price)
    return Rates((Rate(Price(fresh, fresh * 5, fresh / 10)),), SOURCE)


def model(
    name: str,
    lane: str | None = "claude/standard",
    price: str | None = "1",
    **fields: Any,
) -> Model:
    return Model(id=name, lane=lane, rates=rates(price), **fields)


def provider(name: str, *models: Model, **fields: Any) -> Provider:
    given: dict[str, Any] = {
        "protocols": (MESSAGES, CHAT),
        "key": KeyRef("none"),
        "billing": Billing.METERED,
        "place": Place.PROVIDER,
        **fields,
    }
    return Provider(
        id=name,
        name=name,
        base_url=f"http://{name}.test",
        models=models,
        **given,
    )


def policy(mode: Mode = Mode.CODING_AUTO, **fields: Any) -> Policy:
    return replace(POLICY, mode=mode, **fields)


def facts(asked: str = "claude-sonnet-5", **fields: Any) -> Facts:
    return Facts(MESSAGES, asked, **{"size": SIZE, "moment": NOON, **fields})


def run(
    asked: Facts | str,
    *providers: Provider,
    condition: Condition = ALL_WELL,
    wanted: Policy | Mode = Mode.CODING_AUTO,
) -> Decision:
    given = facts(asked) if isinstance(asked, str) else asked
    rules = wanted if isinstance(wanted, Policy) else policy(wanted)
    return decide(given, Catalogue(providers, "s"), condition, rules)


def routes(decision: Decision) -> list[str]:
    return [route.name for route in decision.attempts]


def codes(decision: Decision) -> dict[str, ReasonCode]:
    return {loser.route: loser.code for loser in decision.rejected}
