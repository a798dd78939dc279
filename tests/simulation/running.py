"""Runs a day through one way to choose, and counts what came of it.

Decisions, sessions, health, retries and bills are the product's own; providers are
played: they answer, or for an hour one of them does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from simulation.day import START, Ask
from simulation.strategies import Choose, Picked

from proxy.catalogue import (
    Catalogue,
    KeyRef,
    Model,
    Provider,
    Route,
    catalogue_of,
    known_providers,
)
from proxy.charges import bill
from proxy.errors import Failure, FailureKind
from proxy.health import Health
from proxy.model import Protocol, Usage
from proxy.policies import shipped_policy
from proxy.retries import Next, Tried, after, in_turn
from proxy.routing import Facts
from proxy.routing.builtin import MAX_ATTEMPTS
from proxy.routing.decision import Choice, Mark
from proxy.routing.facts import Intent, RouteClass, Tier
from proxy.routing.ground import entry_of
from proxy.routing.modes import Mode
from proxy.sessions import NOTHING, WARM_SECONDS, Sessions, warm_after

PROVIDERS = ("anthropic", "openai", "gemini", "groq", "deepseek")
LOCAL = Model("qwen3-coder:30b", lane="qwen/small", context=32_768, quality=35)
"""The model of the local server: small, and with room for little."""

FIRST_BYTE_MS: Mapping[str, int] = {
    "anthropic": 1_400,
    "openai": 1_300,
    "gemini": 1_100,
    "groq": 350,
    "deepseek": 1_900,
    "ollama": 900,
}
"""Milliseconds to the first byte; assumed, not measured."""

LEAST_CACHED = 1_024
"""Tokens of a prompt below which providers keep nothing."""

_BUSY = Failure(FailureKind.UPSTREAM_ERROR, "The provider answered 503.", 503)


@dataclass(frozen=True, slots=True)
class Outage:
    """An hour in which a provider answers 503 to everything."""

    provider: str
    since: datetime = START + timedelta(hours=14)
    until: datetime = START + timedelta(hours=15)

    def holds(self, provider: str, at: datetime) -> bool:
        """Whether a call then fails."""
        return provider == self.provider and self.since <= at < self.until


@dataclass(slots=True)
class Tally:
    """What a day came to. Costs are nano-dollars."""

    requests: int = 0
    cost: int = 0
    unpriced: int = 0
    answered: int = 0
    unanswered: int = 0
    below: int = 0
    below_misread: int = 0
    below_stayed: int = 0
    downgrades: int = 0
    escalations: int = 0
    escalations_warm: int = 0
    raised: int = 0
    failed_calls: int = 0
    moved: int = 0
    fresh: int = 0
    cached: int = 0
    lanes: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    below_by_class: Counter[RouteClass] = field(default_factory=Counter)

    @property
    def loss(self) -> float:
        """The share of all requests below their class's floor, or not answered."""
        return (self.below + self.unanswered) / max(self.requests, 1)


def catalogue() -> Catalogue:
    """The shipped providers at snapshot prices, with keys of the user's own."""
    known = known_providers()
    key = KeyRef("env", "EXAMPLE_KEY")
    clouds = tuple(replace(known[name], key=key) for name in PROVIDERS)
    return catalogue_of((*clouds, _local(known["ollama"])))


def _local(known: Provider) -> Provider:
    model = replace(LOCAL, compatibility=known.compatibility)
    return replace(known, models=(model,))


def run(
    asks: Sequence[Ask],
    choose: Choose,
    world: Catalogue,
    outage: Outage | None = None,
) -> Tally:
    """Send every request of a day where `choose` wants it."""
    runner = _Runner(choose, world, outage)
    for ask in asks:
        runner.send(ask)
    return runner.tally


class _Runner:
    """What the gateway and the providers remember while a day goes by."""

    def __init__(self, choose: Choose, world: Catalogue, outage: Outage | None) -> None:
        self.tally = Tally()
        self._choose, self._world, self._outage = choose, world, outage
        self._sessions = Sessions()
        self._health = Health()
        # What the providers hold, whatever the gateway thinks: tokens, and since when.
        self._held: dict[tuple[str, str], tuple[int, float]] = {}

    def send(self, ask: Ask) -> None:
        """Decide, try, bill and remember one request."""
        now, tally = ask.at.timestamp(), self.tally
        tally.requests += 1
        facts = self._facts(ask, now)
        picked = self._choose(facts, self._world, self._health.condition({}, now))
        tally.raised += picked.raised
        found = self._tried(ask, picked, now)
        if found is None:
            tally.unanswered += 1
            return
        route, mark = found
        tally.answered += 1
        tally.moved += route is not picked.routes[0][0]
        tally.downgrades += mark is Mark.DOWNGRADE
        if mark is Mark.ESCALATION:
            tally.escalations += 1
            tally.escalations_warm += not picked.raised and route.name in facts.warm
        tally.lanes[route.lane or "none"] += 1
        tally.routes[route.name] += 1
        self._judge(ask, route)
        self._pay(ask, route, now)

    def _facts(self, ask: Ask, now: float) -> Facts:
        seen, turn = ask.glance, ask.turn
        known = self._sessions.recall(turn, seen, now) if turn else NOTHING
        return Facts(
            protocol=ask.protocol,
            requested_model=ask.model,
            client=ask.client,
            stands_for=ask.model,
            route_class=ask.classified.route_class,
            evidence=ask.classified.evidence,
            tools=bool(seen.tools),
            forced_tool=seen.forced_tool,
            images=seen.images,
            documents=seen.documents,
            thinking=seen.thinking,
            structured=seen.structured,
            stream=seen.stream,
            size=seen.size,
            output=seen.output,
            continues=seen.continues,
            made_calls=known.made_calls,
            warm=known.warm,
            raised=known.raised,
            moment=ask.at,
        )

    def _tried(self, ask: Ask, picked: Picked, now: float) -> tuple[Route, Mark] | None:
        """Call one route after the other, as the table of failures says."""
        left = list(picked.routes)
        calls, again = 0, False
        while left and calls < MAX_ATTEMPTS:
            route, mark = left.pop(0)
            if not self._health.began(route.name, now) and left:
                continue
            calls += 1
            if not self._out(route, ask.at):
                wait = FIRST_BYTE_MS.get(route.provider.id)
                self._health.ended(route, None, first_byte_ms=wait, now=now)
                return route, mark
            self.tally.failed_calls += 1
            self._health.ended(route, _BUSY, now=now)
            again = after(Tried(_BUSY, repeated=again), 0.5).next is Next.SAME
            if again:
                left.insert(0, (route, mark))
            else:
                left = [
                    (each.route, each.mark)
                    for each in in_turn(
                        [Choice(*each, None, None) for each in left],
                        route,
                        _BUSY,
                        self._health.condition({}, now),
                        last=calls + 1 >= MAX_ATTEMPTS,
                    )
                ]
        return None

    def _out(self, route: Route, at: datetime) -> bool:
        return self._outage is not None and self._outage.holds(route.provider.id, at)

    def _judge(self, ask: Ask, route: Route) -> None:
        if quality(route, ask.label) >= floor(ask.label):
            return
        self.tally.below += 1
        self.tally.below_by_class[ask.label] += 1
        if floor(ask.classified.route_class) < floor(ask.label):
            self.tally.below_misread += 1
        elif ask.glance.continues:
            self.tally.below_stayed += 1

    def _pay(self, ask: Ask, route: Route, now: float) -> None:
        usage = self._used(ask, route, now)
        nano = bill(route, usage, ask.at, "").nano
        self.tally.cost += nano or 0
        self.tally.unpriced += nano is None
        self.tally.cached += usage.cache_read_tokens or 0
        self.tally.fresh += ask.tokens - (usage.cache_read_tokens or 0)
        if ask.turn is not None:
            self._sessions.answered(
                ask.turn,
                route.name,
                now,
                tier=_tier(route),
                warm=warm_after(usage, route),
            )

    def _used(self, ask: Ask, route: Route, now: float) -> Usage:
        """What the provider counts, with what it really holds in its cache."""
        price = route.price_for(Usage(ask.tokens, 0, 0), ask.at)
        # Anthropic keeps what the client marks; the other ones keep by themselves.
        marked = route.provider.id != "anthropic" or ask.protocol is Protocol.MESSAGES
        kept = marked and ask.talk and ask.tokens >= LEAST_CACHED
        if price is None or price.cache_read == price.input or not kept:
            return Usage(ask.tokens, 0, 0, output_tokens=ask.output)
        place = (ask.talk, route.name)
        held, since = self._held.get(place, (0, 0.0))
        read = min(held, ask.tokens) if now - since < WARM_SECONDS else 0
        self._held[place] = (ask.tokens, now)
        fresh = ask.tokens - read
        # Whoever has a price of its own for writing into the cache bills it.
        written = fresh if price.cache_write != price.input else 0
        return Usage(fresh - written, read, written, output_tokens=ask.output)


def _tier(route: Route) -> Tier | None:
    word = (route.lane or "").rpartition("/")[2]
    return Tier(word) if word in set(Tier) else None


def floor(label: RouteClass) -> int:
    """The quality a class asks for where a client leaves the choice: `coding-auto`."""
    policy = shipped_policy()
    floors = policy.modes[Mode.CODING_AUTO].floors
    return policy.tier_quality[floors[Intent.AUTO, label]]


def quality(route: Route, label: RouteClass) -> int:
    """How good a route is held to be for a class; -1 where nothing is known."""
    entry = entry_of(route, route.protocol, shipped_policy().tier_quality)
    found = entry.by_class.get(label, entry.quality)
    return -1 if found is None else found
