"""Reads what is wanted of routing: Turnout's own tables, and the user's rules.

It must not route, read the user's file or know a request: tables come in parsed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from proxy.catalogue.problems import ConfigProblem, TableReader, closest
from proxy.money import NANO_PER_DOLLAR
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.profiles import shipped_profiles
from proxy.routing.facts import Intent, RouteClass, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Choosing, ModeRule, Policy, Reach, Rule
from resources import text

_MODES: Final = "policy/modes.toml"
_INTENTS: Final = "policy/intents.toml"
_MOST_EXPECTED: Final = 1_000_000
_MOST_SPEED: Final = NANO_PER_DOLLAR

_KEYS: Final = ("client", "project", "class", "mode", "tier", "route")
_ALL_FLOORS: Final = len(Intent) * len(RouteClass)
_Word = TypeVar("_Word", bound=StrEnum)

Floors: TypeAlias = Mapping[tuple[Intent, RouteClass], Tier]


@lru_cache(maxsize=1)
def shipped_policy() -> Policy:
    """Return what Turnout's own files say, with the mode `direct` as the user's.

    Raises `ValueError` where a file that ships with Turnout is wrong.
    """
    problems: list[ConfigProblem] = []
    modes = TableReader(tomllib.loads(text(_MODES)), "", problems)
    intents = TableReader(tomllib.loads(text(_INTENTS)), "", problems)
    policy = _policy(modes, intents)
    modes.finish()
    intents.finish()
    if problems or policy is None:
        said = "; ".join(map(str, problems))
        raise ValueError(f"The shipped policy is wrong: {said}")
    return policy


def read_rules(
    table: Mapping[str, object],
) -> tuple[tuple[Rule, ...], tuple[ConfigProblem, ...]]:
    """Read the array `rules` of a whole configuration file.

    A rule with a problem that touches its meaning is left out whole, and said. But one
    whose mode cannot be read may have asked for `offline`, and acts as if it had: a
    slip of the pen must let nobody's requests out. For the same reason a rule for
    `offline` holds without those of its conditions that cannot be read.
    """
    problems: list[ConfigProblem] = []
    readers = TableReader(table, "", problems).tables("rules")
    named = _provider_ids(table)
    written = table.get("rules")
    tables = written if isinstance(written, list) else []
    slips = [_slips(each) for each in tables if isinstance(each, Mapping)]
    found = (
        _rule(each, named, slips=slip)
        for each, slip in zip(readers, slips, strict=True)
    )
    return tuple(rule for rule in found if rule is not None), tuple(problems)


def _slips(keys: Iterable[str]) -> bool:
    """Tell whether one of a rule's keys is meant to be `mode`, by the looks of it."""
    return any(key not in _KEYS and closest(key, _KEYS) == "mode" for key in keys)


def _provider_ids(table: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return the ids that a file's providers have; None where it names no provider."""
    providers = table.get("providers")
    if not isinstance(providers, list) or not providers:
        return None
    ids = (each.get("id") for each in providers if isinstance(each, Mapping))
    return (*(each for each in ids if isinstance(each, str)), PRACTICE_PROVIDER_ID)


def _rule(
    reader: TableReader, named: tuple[str, ...] | None, *, slips: bool
) -> Rule | None:
    rule = Rule(
        client=_client(reader),
        project=reader.text("project"),
        route_class=reader.word("class", RouteClass),
        mode=_rule_mode(reader, slips=slips),
        tier=reader.word("tier", Tier),
        route=_route(reader, named),
    )
    reader.finish()
    if reader.sound and (rule.mode, rule.tier, rule.route) == (None, None, None):
        reader.problem(
            "",
            "This rule asks for nothing.",
            'Add what it is for: mode = "coding-premium", tier = "premium" or '
            'route = "provider/model".',
        )
    if reader.sound:
        return rule
    if rule.mode is not Mode.OFFLINE:
        return None
    reader.problem(
        "",
        "This rule cannot be read as a whole; it acts as `offline`, for all whom it "
        "may be meant for.",
        "Mend it, or leave it out.",
    )
    return replace(rule, tier=None, route=None)


def _client(reader: TableReader) -> str | None:
    client, known = reader.text("client"), tuple(shipped_profiles())
    if client is None or client in known:
        return client
    meant = closest(client, known)
    hint = f'Did you mean "{meant}"? ' if meant else ""
    reader.problem(
        "client",
        "`client` names no client that Turnout knows.",
        f"{hint}Known: {', '.join(known)}.",
    )
    return None


def _rule_mode(reader: TableReader, *, slips: bool) -> Mode | None:
    """Return a rule's mode, `offline` where it names one that cannot be read."""
    mode = reader.word("mode", Mode)
    unread = mode is None and (reader.has("mode") or slips)
    return Mode.OFFLINE if unread else mode


def _route(reader: TableReader, named: tuple[str, ...] | None) -> str | None:
    route = reader.text("route", 'Write "provider/model".')
    if route is None:
        return None
    provider, slash, model = route.partition("/")
    if not provider or not slash or not model:
        reader.problem("route", "`route` names no route.", 'Write "provider/model".')
        return None
    if named is not None and provider not in named:
        meant = closest(provider, named)
        hint = f'Did you mean "{meant}/..."? ' if meant else ""
        reader.problem(
            "route",
            "`route` names a provider that this file does not have.",
            f"{hint}Known: {', '.join(named)}.",
        )
        return None
    return route


def _policy(modes: TableReader, intents: TableReader) -> Policy | None:
    tiers = _numbers(modes.table("tiers"), Tier, 100)
    expected = _numbers(modes.table("expected_output"), RouteClass, _MOST_EXPECTED)
    pressure = modes.number("pressure_percent", 1, 100)
    rules = modes.table("modes")
    if rules is None or pressure is None:
        return None
    found = {mode: _mode(rules.table(mode), mode) for mode in Mode}
    rules.finish()
    return Policy(
        mode=Mode.DIRECT,
        modes=MappingProxyType(found),
        intents=_intents(intents),
        tier_quality=tiers,
        pressure_from=pressure / 100,
        expected_output=expected,
    )


def _numbers(
    reader: TableReader | None, words: type[_Word], most: int
) -> Mapping[_Word, int]:
    """Read a whole number for each word; one that is missing is a problem."""
    found: dict[_Word, int] = {}
    if reader is None:
        return found
    for word in words:
        number = reader.number(word, 0, most)
        if number is None:
            reader.problem(word, f"`{word}` is missing.")
        else:
            found[word] = number
    reader.finish()
    return MappingProxyType(found)


def _mode(reader: TableReader | None, mode: Mode) -> ModeRule:
    if reader is None:
        raise ValueError(f"The shipped policy has no mode {mode}.")
    choosing = reader.word("choosing", Choosing) or Choosing.ASKED
    rule = ModeRule(
        mode,
        choosing,
        reader.word("reach", Reach) or Reach.ANYWHERE,
        _floors(reader.table("floors")),
        reader.number("second", 0, _MOST_SPEED) or 0,
        escalates=reader.flag("escalates") or False,
    )
    reader.finish()
    if choosing is Choosing.CHEAPEST and len(rule.floors) < _ALL_FLOORS:
        reader.problem("floors", "Some intent or class has no floor.")
    return rule


def _floors(reader: TableReader | None) -> Floors:
    """Read the floors: one for housekeeping, else by intent, else by class too."""
    if reader is None:
        return MappingProxyType({})
    found: dict[tuple[Intent, RouteClass], Tier] = {}
    household = reader.word(RouteClass.HOUSEKEEPING, Tier)
    for intent in Intent:
        by_class = _by_class(reader, intent)
        if household is not None:
            by_class[RouteClass.HOUSEKEEPING] = household
        found.update({(intent, each): tier for each, tier in by_class.items()})
    reader.finish()
    return MappingProxyType(found)


def _by_class(reader: TableReader, intent: Intent) -> dict[RouteClass, Tier]:
    if not isinstance(reader.raw(intent), Mapping):
        tier = reader.word(intent, Tier)
        return {} if tier is None else dict.fromkeys(RouteClass, tier)
    table = reader.table(intent)
    found: dict[RouteClass, Tier] = {}
    if table is not None:
        for each in RouteClass:
            tier = table.word(each, Tier)
            if tier is not None:
                found[each] = tier
        table.finish()
    return found


def _intents(reader: TableReader) -> tuple[tuple[str, Intent], ...]:
    found: list[tuple[str, Intent]] = []
    for each in reader.tables("intents"):
        intent = each.word("intent", Intent)
        names = each.raw("names")
        if intent is None or not isinstance(names, list):
            each.problem("names", "`names` must be a list of patterns.")
            continue
        found.extend((str(name), intent) for name in names)
        each.finish()
    return tuple(found)
