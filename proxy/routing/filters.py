"""Says which routes may not take a request, and why: the hard filters.

It must not compare routes. What a request needs of any route is sifted once for all
requests with the same needs; sizes, rests and costs are looked at each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from proxy.catalogue import Place
from proxy.catalogue.provider import Safety
from proxy.model import Protocol
from proxy.routing.condition import Condition, Rest, RestKind
from proxy.routing.decision import Rejected
from proxy.routing.facts import Facts, RouteClass
from proxy.routing.ground import HALF, SCALE, UNLIMITED, Entry, Ground, Prices, nano
from proxy.routing.policy import Choosing, Policy, Reach
from proxy.routing.reasons import ReasonCode
from proxy.routing.wishes import Wishes

LEAST_ROOM: Final = 1_000
"""Tokens that must be left of a context for the answer."""

_USUAL_ANSWER: Final = 1_000
_USUAL_LATENCY: Final = 1_500
UNKNOWN_COST: Final = 1 << 62
"""Weighs more than any cost that is known."""

_OVER: Final = ReasonCode.OVER_CEILING
_new: Final = tuple.__new__
_PROFILES: Final = {"claude-code": "claude_code", "codex": "codex"}
_RESTS: Final = {
    RestKind.BREAKER: ReasonCode.BREAKER_OPEN,
    RestKind.QUOTA: ReasonCode.QUOTA_EXHAUSTED,
}

Loss: TypeAlias = tuple[ReasonCode, str]
Pairs: TypeAlias = Iterable[tuple[Entry, Prices | None]]


class Option(NamedTuple):
    """A route that may be taken, with what decides; the lesser one is preferred.

    `weighed` is the expected cost with what waiting counts for, in nano-dollars;
    unknown is dearer than anything. `drawn` is the list price of what a subscription
    covers: it costs nothing more, yet uses up as much of a quota. `worse` is the
    negative quality. `cost` is None where the price is unknown, `quality` where
    nothing is known of the model.
    """

    weighed: int
    drawn: int
    foreign: bool
    worse: int
    latency: int
    name: str
    cost: int | None
    quality: int | None
    entry: Entry
    pressed: bool


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request asks of any route, whatever else it says.

    `trusting` leaves what a model can do to a provider that gets the request as it
    came: it was asked for by name, and says best what it does not take.
    """

    stays_here: bool
    offline: bool
    native_only: bool
    own_credential: bool
    tools: bool
    profile: str
    experimental: bool
    images: bool
    forced_tool: bool
    structured: bool
    thinking: bool
    trusting: bool


@dataclass(slots=True)
class Looked:
    """What came of looking: options, losers, and options that only rest."""

    options: list[Option] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    resting: list[tuple[float, Option]] = field(default_factory=list)

    def add(self, more: Looked) -> None:
        """Take what came of another look."""
        self.options.extend(more.options)
        self.rejected.extend(more.rejected)
        self.resting.extend(more.resting)


def needs_of(facts: Facts, wishes: Wishes, policy: Policy) -> Needs:
    """Return what the request asks of any route."""
    return Needs(
        stays_here=facts.stays_here,
        offline=wishes.rule.reach is Reach.THIS_MACHINE,
        native_only=facts.native_only,
        own_credential=facts.own_credential,
        tools=facts.tools,
        profile=_PROFILES.get(facts.client, ""),
        experimental=policy.experimental,
        images=facts.images,
        forced_tool=facts.forced_tool,
        structured=facts.structured,
        thinking=facts.thinking,
        trusting=wishes.pin is not None or wishes.rule.choosing is Choosing.ASKED,
    )


def sift(
    ground: Ground, needs: Needs
) -> tuple[tuple[Entry, ...], tuple[Rejected, ...]]:
    """Return the entries that meet the needs, and the others with their reasons."""
    found = ground.sifted.get(needs)
    if found is None:
        kept: list[Entry] = []
        lost: list[Rejected] = []
        for entry in ground.entries:
            loss = objection(entry, needs)
            if loss is None:
                kept.append(entry)
            else:
                lost.append(entry.lost(*loss))
        found = ground.sifted[needs] = tuple(kept), tuple(lost)
    return found


def level(
    ground: Ground, needs: Needs, route_class: RouteClass, floor: int
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the entries that meet the needs: those of the quality, and the others."""
    key = needs, route_class, floor
    found = ground.levelled.get(key)
    if found is None:
        enough: list[Entry] = []
        below: list[Entry] = []
        for entry in sift(ground, needs)[0]:
            quality = entry.by_class.get(route_class, entry.quality)
            good = quality is not None and quality >= floor
            (enough if good else below).append(entry)
        found = ground.levelled[key] = tuple(enough), tuple(below)
    return found


def objection(entry: Entry, needs: Needs) -> Loss | None:
    """Return why a route cannot meet the needs; None where it can."""
    return _forbidden(entry, needs) or _unsafe(entry, needs) or _unable(entry, needs)


def _forbidden(entry: Entry, needs: Needs) -> Loss | None:
    if entry.foreign and needs.native_only:
        return ReasonCode.NATIVE_ONLY, ""
    here = entry.route.place is Place.THIS_MACHINE
    if needs.stays_here and not here:
        return ReasonCode.TRUST, ""
    if needs.offline and not here:
        return ReasonCode.OFFLINE, ""
    if entry.route.provider.key.kind == "client":
        if entry.foreign:
            return ReasonCode.CREDENTIAL_FOREIGN, ""
        if not needs.own_credential:
            return ReasonCode.NO_CREDENTIAL, ""
    return None


def _unsafe(entry: Entry, needs: Needs) -> Loss | None:
    """Return why a request with tools may not go there: whatever was asked for."""
    if not needs.tools:
        return None
    model = entry.route.model
    if model is not None and not model.tools:
        return ReasonCode.TOOLS_MISSING, ""
    if not needs.profile:
        return None
    match getattr(entry.route.compatibility, needs.profile):
        case Safety.NO:
            return ReasonCode.TOOLS_UNSAFE, ""
        case Safety.EXPERIMENTAL if not needs.experimental:
            return ReasonCode.TOOLS_EXPERIMENTAL, ""
        case _:
            return None


def _unable(entry: Entry, needs: Needs) -> Loss | None:
    if needs.trusting and not entry.foreign:
        return None
    model, able = entry.route.model, entry.route.compatibility
    if needs.images and model is not None and model.vision is False:
        return ReasonCode.VISION_MISSING, ""
    if needs.forced_tool and able.forced_tools is False:
        return ReasonCode.CAPABILITY_MISSING, "no call of a tool can be forced"
    if needs.structured and able.structured is False:
        return ReasonCode.CAPABILITY_MISSING, "it answers in no given form"
    # Translated, the wish to think is left out; as it came, it would be refused.
    if needs.thinking and able.thinking is False and not entry.foreign:
        return ReasonCode.CAPABILITY_MISSING, "it does not think"
    return None


def look(
    pairs: Pairs, facts: Facts, condition: Condition, policy: Policy, wishes: Wishes
) -> Looked:
    """Look at each entry with its list prices; those that pass become options."""
    looked = Looked()
    add, lose = looked.options.append, looked.rejected.append
    tokens, expected = facts.size.tokens, expected_output(facts, policy)
    ceiling, warm, speed = policy.ceiling_nano, facts.warm, wishes.rule.speed
    roomy = facts.size.low + LEAST_ROOM
    trusting = wishes.pin is not None or wishes.rule.choosing is Choosing.ASKED
    pressed = _pressed(condition, policy)
    route_class = facts.route_class
    not_ready, latencies = condition.not_ready, condition.latency_ms
    may_rest = bool(condition.routes or condition.groups or condition.refused)
    cost: int | None
    # Hundreds of routes come by here for each request: hence no calls for most of them.
    for entry, prices in pairs:
        name = entry.name
        why = not_ready.get(entry.provider) if not_ready else None
        if why and entry.provider not in condition.refused:
            lose(entry.lost(ReasonCode.NOT_READY, why))
            continue
        if entry.context < roomy and (
            small := _too_small(entry, facts, trusting=trusting)
        ):
            lose(entry.lost(small))
            continue
        drawn = 0
        if entry.free:
            cost = weighed = 0
            if entry.covered:
                drawn = _drawn(prices, tokens, warm.get(name, 0), expected)
        elif prices is None:
            cost, weighed = None, UNKNOWN_COST
        elif name in warm:
            cached = min(warm[name], tokens)
            cost = weighed = nano(prices, tokens - cached, cached, expected)
        else:
            whole = tokens * prices[0] + expected * prices[2]
            cost = weighed = (whole + HALF) // SCALE
        if ceiling is not None and (cost is None or cost > ceiling):
            lose(entry.lost(_OVER if cost is not None else ReasonCode.PRICE_UNKNOWN))
            continue
        latency = latencies.get(name, _USUAL_LATENCY)
        if speed and cost is not None:
            weighed += latency * speed // 1000
        quality, worse = entry.quality, entry.worse
        if entry.by_class and route_class in entry.by_class:
            quality = entry.by_class[route_class]
            worse = -quality
        option = _new(
            Option,
            (
                weighed,
                drawn,
                entry.foreign,
                worse,
                latency,
                name,
                cost,
                quality,
                entry,
                entry.group in pressed,
            ),
        )
        if may_rest and (found := _resting(entry, condition)):
            seconds, loss = found
            lose(loss)
            looked.resting.append((seconds, option))
        else:
            add(option)
    return looked


def _drawn(prices: Prices | None, tokens: int, warm: int, expected: int) -> int:
    if prices is None:
        return UNKNOWN_COST
    cached = min(warm, tokens)
    return nano(prices, tokens - cached, cached, expected)


def expected_output(facts: Facts, policy: Policy) -> int:
    """Return how many tokens the answer is expected to have."""
    usual = policy.expected_output.get(facts.route_class, _USUAL_ANSWER)
    return usual if facts.output is None else min(usual, facts.output)


def _pressed(condition: Condition, policy: Policy) -> frozenset[str]:
    return frozenset(
        group
        for group, pressure in condition.pressure.items()
        if pressure.share >= policy.pressure_from
    )


def _too_small(entry: Entry, facts: Facts, *, trusting: bool) -> ReasonCode | None:
    """Return which of the two ends of a context is too short for the request.

    A provider that was asked for by name judges that itself; but Ollama does not say
    so, it cuts (facts: its context is the one really allocated).
    """
    cuts = entry.route.protocol is Protocol.OLLAMA
    if trusting and not cuts:
        return None
    if entry.context >= UNLIMITED:
        return None
    if facts.size.low > entry.context:
        return ReasonCode.CONTEXT_TOO_SMALL
    room = entry.context - facts.size.low
    wanted = LEAST_ROOM if facts.output is None else min(LEAST_ROOM, facts.output)
    return ReasonCode.OUTPUT_TOO_SMALL if room < wanted else None


def _resting(entry: Entry, condition: Condition) -> tuple[float, Rejected] | None:
    """Return for how many seconds a route is left alone, and why it loses; or None."""
    seconds = condition.refused.get(entry.provider)
    if seconds is not None:
        why = condition.not_ready.get(entry.provider, "")
        return seconds, entry.lost(ReasonCode.NOT_READY, why)
    if (
        entry.group not in condition.groups
        and entry.name not in condition.routes
        and entry.listed not in condition.routes
    ):
        return None
    rest = _rest(entry, condition)
    if rest is None:
        return None
    return rest.seconds, entry.lost(_RESTS[rest.kind], rest.sentence)


def _rest(entry: Entry, condition: Condition) -> Rest | None:
    own = condition.routes.get(entry.name) or condition.routes.get(entry.listed)
    group = condition.groups.get(entry.group)
    if own is not None and not condition.probes.isdisjoint((entry.name, entry.listed)):
        own = None
    if own is None or group is None:
        return own or group
    return max(own, group, key=lambda rest: rest.seconds)
