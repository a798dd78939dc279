"""Settles what is wanted for one request: mode, intent, pin and floor; by precedence.

It must not look at a route's state: what is wanted does not depend on what there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from itertools import groupby

from proxy.catalogue import Catalogue, Provider
from proxy.routing.builtin import PRACTICE
from proxy.routing.facts import Facts, Intent, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Choosing, ModeRule, Policy, Reach, Rule


@dataclass(frozen=True, slots=True)
class Pin:
    """A wish for one model: at one provider, or on any of its routes where None.

    `by` is the sentence that says who pinned it.
    """

    provider: Provider | None
    model_id: str
    by: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted. `floor` is a quality, None where the mode asks for none.

    `asked` is the floor before it was `raised`, `mode_by` who wished for the mode, ''
    where it is the user's own.
    """

    rule: ModeRule
    intent: Intent
    pin: Pin | None
    floor: int | None
    asked: int | None
    raised: str
    mode_by: str

    @property
    def mode(self) -> Mode:
        """The mode that acts."""
        return self.rule.mode


def wishes_of(facts: Facts, catalogue: Catalogue, policy: Policy) -> Wishes:
    """Return what is wanted for a request.

    `offline`, whoever of the user, a rule and the request wished for it, is never left;
    else a pin in the request stands over the mode its header or name asks for, that
    over the user's rules (for the project, then the client, then a class), and those
    over the user's mode. A rule's mode, tier and route stand together over those of
    every lesser rule.
    """
    rules = _fitting(facts, policy)
    ruled = _ruled(() if _asks_mode(facts) else rules, policy)
    mode, mode_by = _mode(facts, policy, rules, ruled)
    rule = policy.modes[mode]
    intent, pin = _asked(facts, catalogue, policy, rule)
    if pin is None and ruled.route is not None:
        pin = _rule_pin(ruled.route, catalogue)
    asked = _floor(facts, policy, rule, intent, ruled.tier)
    floor, raised = asked, ""
    if facts.raised is not None and rule.escalates and asked is not None:
        lifted = policy.tier_quality[facts.raised.tier]
        if lifted > asked:
            floor, raised = lifted, facts.raised.sentence
    return Wishes(rule, intent, pin, floor, asked, raised, mode_by)


@lru_cache(maxsize=1024)
def intent_of(name: str, intents: tuple[tuple[str, Intent], ...]) -> Intent | None:
    """Return what a model's name asks for; None where no pattern fits it."""
    for pattern, intent in intents:
        if _compiled(pattern).fullmatch(name):
            return intent
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))


def _fitting(facts: Facts, policy: Policy) -> tuple[Rule, ...]:
    """Return the user's rules for this request, those that go first first."""
    found = (rule for rule in policy.rules if _fits(rule, facts))
    return tuple(sorted(found, key=_precedence))


def _fits(rule: Rule, facts: Facts) -> bool:
    return (
        rule.client in {None, facts.client}
        and rule.project in {None, facts.project}
        and rule.route_class in {None, facts.route_class}
    )


def _precedence(rule: Rule) -> tuple[bool, bool, bool]:
    return rule.project is None, rule.client is None, rule.route_class is None


@dataclass(slots=True)
class _Ruled:
    """The rules that act: for the mode, for the route; and the tier they ask for."""

    mode: Rule | None = None
    tier: Tier | None = None
    route: Rule | None = None


def _ruled(rules: tuple[Rule, ...], policy: Policy) -> _Ruled:
    """Return what acts of the user's rules, those that go first given first.

    What a rule asks for is not undone by a lesser one: under a mode or a route no
    lesser tier or route acts, and under a tier no lesser mode that asks for no quality.
    Rules with the same conditions complete each other.
    """
    found = _Ruled()
    for _, alike in groupby(rules, _precedence):
        same = tuple(alike)
        settled = found.mode is not None or found.route is not None
        tiered = found.tier is not None
        if not settled and not tiered:
            found.route = next((each for each in same if each.route is not None), None)
            found.tier = next((each.tier for each in same if each.tier), None)
        if found.mode is None:
            found.mode = next(
                (
                    each
                    for each in same
                    if each.mode is not None
                    and (
                        not tiered
                        or policy.modes[each.mode].choosing is Choosing.CHEAPEST
                    )
                ),
                None,
            )
    return found


def _asks_mode(facts: Facts) -> bool:
    return facts.asked_mode in set(Mode)


def _mode(
    facts: Facts, policy: Policy, rules: tuple[Rule, ...], ruled: _Ruled
) -> tuple[Mode, str]:
    """Return the mode that acts, and who wished for it.

    Every rule that fits can keep a request on this machine, whatever stands over it.
    """
    wishes = [(policy.mode, "")]
    wishes[:0] = [(each.mode, _owner(each)) for each in rules if each.mode is not None]
    if _asks_mode(facts):
        wishes.insert(0, (Mode(facts.asked_mode or ""), "the request"))
    for mode, by in reversed(wishes):
        # The user's own wish for it is found first, and a request can only add one.
        if policy.modes[mode].reach is Reach.THIS_MACHINE:
            return mode, by
    if _asks_mode(facts):
        return wishes[0]
    if ruled.mode is not None and ruled.mode.mode is not None:
        return ruled.mode.mode, _owner(ruled.mode)
    return policy.mode, ""


def _owner(rule: Rule) -> str:
    if rule.project is not None:
        return f"a rule for the project {rule.project}"
    if rule.client is not None:
        return f"a rule for {rule.client}"
    if rule.route_class is not None:
        return f"a rule for {rule.route_class}"
    return "a rule"


def _asked(
    facts: Facts, catalogue: Catalogue, policy: Policy, rule: ModeRule
) -> tuple[Intent, Pin | None]:
    """Return what the name asks for, and the pin where it is one.

    A client's own vocabulary, which the patterns list, is an intent although the
    catalogue has such models: it names them because it knows no others.
    """
    name = facts.wanted
    pin = _route_pin(name, catalogue, "The request pins this route.")
    if pin is not None:
        return Intent.AUTO, pin
    intent = intent_of(name, policy.intents) if name else None
    direct = rule.choosing is Choosing.ASKED
    if intent is None and name and not direct and _is_listed(name, catalogue):
        return Intent.AUTO, Pin(None, name, "The request names this very model.")
    return intent or Intent.AUTO, None


def _route_pin(name: str, catalogue: Catalogue, by: str) -> Pin | None:
    head, slash, tail = name.partition("/")
    if not slash or not tail:
        return None
    for provider in (*catalogue.providers, PRACTICE):
        if provider.id == head:
            return Pin(provider, tail, by)
    return None


def _is_listed(name: str, catalogue: Catalogue) -> bool:
    return any(provider.find_model(name) for provider in catalogue.providers)


def _rule_pin(rule: Rule, catalogue: Catalogue) -> Pin:
    route = rule.route or ""
    by = f"{_owner(rule).capitalize()} pins this route."
    return _route_pin(route, catalogue, by) or Pin(None, route, by)


def _floor(
    facts: Facts,
    policy: Policy,
    rule: ModeRule,
    intent: Intent,
    tier: Tier | None,
) -> int | None:
    """Return the quality that the mode, or a rule's `tier`, asks for."""
    if rule.choosing is not Choosing.CHEAPEST:
        return None
    return policy.tier_quality[tier or rule.floors[intent, facts.route_class]]
