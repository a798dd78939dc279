"""Measures one decision over 300 routes, in this process: no network, no gateway."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from time import perf_counter_ns

from proxy.catalogue import Billing, Catalogue, KeyRef, Model, Place, Provider
from proxy.model import Protocol
from proxy.money import Price
from proxy.policies import shipped_policy
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.routing.condition import Condition, Pressure, Rest, RestKind
from proxy.routing.decide import decide
from proxy.routing.facts import Facts, RouteClass, Size
from proxy.routing.modes import Mode

DECIDE_MICROSECONDS = 300.0
ROUTES = 300

_PROVIDERS = 20
_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_SOURCE = Source(SourceType.MANUAL_REVIEW, "made up", _NOON)
_TIERS = ("small", "standard", "premium")


def decide_microseconds(rounds: int = 200) -> float:
    """The median of the classes' best times; other work can only add to them."""
    catalogue, condition = _catalogue(), _condition()
    policy = replace(shipped_policy(), mode=Mode.CODING_AUTO)
    best: list[float] = []
    for facts in _facts():
        times = []
        for _ in range(rounds):
            began = perf_counter_ns()
            decide(facts, catalogue, condition, policy)
            times.append(perf_counter_ns() - began)
        best.append(min(times) / 1000)
    return median(best)


def _facts() -> Iterator[Facts]:
    for route_class in RouteClass:
        yield Facts(
            Protocol.MESSAGES,
            "claude-sonnet-5",
            client="claude-code",
            route_class=route_class,
            tools=True,
            size=Size(50_000, 40_000, 60_000, "bytes"),
            warm={"p1/m1": 30_000},
            moment=_NOON,
        )


def _catalogue() -> Catalogue:
    chance = random.Random(300)
    return Catalogue(
        tuple(_provider(at, chance) for at in range(_PROVIDERS)), "made up"
    )


def _provider(at: int, chance: random.Random) -> Provider:
    protocol = Protocol.CHAT if at % 2 else Protocol.MESSAGES
    return Provider(
        id=f"p{at}",
        name=f"p{at}",
        base_url="http://127.0.0.1",
        protocols=(protocol,),
        key=KeyRef("none"),
        billing=Billing.METERED,
        place=Place.PROVIDER,
        any_model=at < 5,
        models=tuple(
            Model(
                id=f"m{number}",
                lane=f"family{number % 5}/{_TIERS[number % 3]}",
                context=200_000,
                rates=_rates(chance),
            )
            for number in range(ROUTES // _PROVIDERS)
        ),
    )


def _rates(chance: random.Random) -> Rates:
    fresh = Decimal(chance.randrange(5, 900)) / 100
    plain = Rate(Price(fresh, fresh * 5, fresh / 10))
    return Rates((plain, Rate(Price(fresh * 2, fresh * 8), above=200_000)), _SOURCE)


def _condition() -> Condition:
    names = [f"p{at}/m{n}" for at in range(_PROVIDERS) for n in range(15)]
    return Condition(
        not_ready={"p7": "its key is missing"},
        routes={"p3/m4": Rest(RestKind.BREAKER, 20, "it failed")},
        pressure={"p2": Pressure(0.95, "95 % of its quota are used")},
        latency_ms={name: 400 + at for at, name in enumerate(names)},
    )
