"""Ways to choose a route: the product's modes, and what they are compared with.

All of them choose among what the product's own filters let through.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from proxy.catalogue import Catalogue, Route
from proxy.policies import shipped_policy
from proxy.routing import Facts, decide
from proxy.routing.condition import Condition
from proxy.routing.decision import Decision, Mark
from proxy.routing.facts import Intent, RouteClass, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Policy, Rule
from proxy.routing.reasons import ReasonCode

PREMIUM_ROUTE = "anthropic/claude-opus-5-5"
_MIGHT = frozenset(
    {ReasonCode.BELOW_FLOOR, ReasonCode.BEATEN, ReasonCode.ATTEMPT_LIMIT}
)


@dataclass(frozen=True, slots=True)
class Picked:
    """The routes to try in order, each with its mark; what was asked of the first."""

    routes: tuple[tuple[Route, Mark], ...]
    raised: bool = False


Choose = Callable[[Facts, Catalogue, Condition], Picked]


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to choose, and the clause that says what it is.

    `make` gives the function that chooses; chance begins anew with each.
    """

    name: str
    says: str
    make: Callable[[], Choose]
    product: bool = False


def _by_policy(policy: Policy, *, named: bool = True) -> Choose:
    def choose(facts: Facts, catalogue: Catalogue, condition: Condition) -> Picked:
        asked = facts if named else _unnamed(facts)
        return _picked(decide(asked, catalogue, condition, policy))

    return choose


def _picked(decision: Decision) -> Picked:
    routes = tuple((choice.route, choice.mark) for choice in decision.choices)
    return Picked(routes, bool(decision.raised))


def _unnamed(facts: Facts) -> Facts:
    """The same request, whatever model its client names."""
    return replace(facts, requested_model="", stands_for=None, raised=None)


def _levelled(tier: Tier, quality: Mapping[Tier, int]) -> Policy:
    """`coding-auto` with one floor for everything."""
    policy = shipped_policy()
    floors = {(intent, each): tier for intent in Intent for each in RouteClass}
    rule = replace(policy.modes[Mode.CODING_AUTO], floors=floors, escalates=False)
    modes = {**policy.modes, Mode.CODING_AUTO: rule}
    return replace(policy, mode=Mode.CODING_AUTO, modes=modes, tier_quality=quality)


def cheapest_policy() -> Policy:
    """No floor at all: the lowest expected cost among what may be used."""
    return _levelled(
        Tier.SMALL, MappingProxyType({**shipped_policy().tier_quality, Tier.SMALL: 0})
    )


def mode(which: Mode) -> Choose:
    """One of the product's modes, as the user's."""
    return _by_policy(replace(shipped_policy(), mode=which))


def always_one() -> Choose:
    """One premium model for everything, and nothing behind it."""
    rules = (Rule(route=PREMIUM_ROUTE),)
    policy = replace(shipped_policy(), mode=Mode.CODING_AUTO, rules=rules)
    return _by_policy(policy, named=False)


def always_premium() -> Choose:
    """The cheapest premium model for everything."""
    quality = shipped_policy().tier_quality
    return _by_policy(_levelled(Tier.PREMIUM, quality), named=False)


def always_cheapest() -> Choose:
    """Whatever is expected to cost least."""
    return _by_policy(cheapest_policy(), named=False)


def drawn(seed: int = 7) -> Choose:
    """Any route that may be used; a loop of tools stays where it is."""
    chance, policy = random.Random(seed), cheapest_policy()

    def choose(facts: Facts, catalogue: Catalogue, condition: Condition) -> Picked:
        decision = decide(_unnamed(facts), catalogue, condition, policy)
        names = {choice.route.name for choice in decision.choices}
        names |= {each.route for each in decision.rejected if each.code in _MIGHT}
        routes = [
            route for route in catalogue.options(facts.protocol) if route.name in names
        ]
        some = chance.sample(routes, min(len(routes), 6))
        if facts.continues:
            some.sort(key=lambda route: route.name != facts.made_calls)
            found = [route for route in routes if route.name == facts.made_calls]
            some = [*found, *(each for each in some if each not in found)]
        return Picked(tuple((route, Mark.NONE) for route in some))

    return choose


STRATEGIES: tuple[Strategy, ...] = (
    Strategy(
        "coding-auto",
        "the mode: the cheapest that is good enough",
        lambda: mode(Mode.CODING_AUTO),
        product=True,
    ),
    Strategy(
        "coding-fast",
        "the mode: quick and cheap, a tier lower where that will do",
        lambda: mode(Mode.CODING_FAST),
        product=True,
    ),
    Strategy(
        "coding-premium",
        "the mode: premium models for all real work",
        lambda: mode(Mode.CODING_PREMIUM),
        product=True,
    ),
    Strategy(
        "always one",
        f"`{PREMIUM_ROUTE}` for everything, nothing behind it",
        always_one,
    ),
    Strategy(
        "always premium", "the cheapest premium route for everything", always_premium
    ),
    Strategy("always cheapest", "the lowest expected cost, no floor", always_cheapest),
    Strategy("random", "any route that may be used", drawn),
)
"""What is compared, in the order of the page."""
