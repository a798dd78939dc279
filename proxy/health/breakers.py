"""The breakers of all routes; what one does is `proxy.health.breaker`'s business."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.health.bounds import MOST, make_room
from proxy.health.breaker import (
    FRESH,
    PROBE_LASTS,
    Breaker,
    End,
    Ended,
    State,
    begin,
    fold,
    reached,
)
from proxy.health.sentences import PROBED, breaker_clause
from proxy.routing.condition import Rest, RestKind

_SUCCESS: Final = Ended(End.SUCCESS)


class Breakers:
    """Every route's breaker; a route that is not here has a fresh one."""

    def __init__(self) -> None:
        """Start with all closed."""
        self._all: dict[str, Breaker] = {}
        # Few are not closed, and every request asks for those.
        self._tripped: dict[str, Breaker] = {}

    def began(self, route: str, now: float) -> bool:
        """Take note of a call; False where another is the one probe just now."""
        tripped = self._tripped.get(route)
        if tripped is None:
            return True
        after, passes = begin(tripped, now)
        self._set(route, after, now)
        return passes

    def answered(self, route: str, now: float) -> None:
        """Take note that an answer began: where it was a probe's, that is enough."""
        tripped = self._tripped.get(route)
        if tripped is not None and tripped.state(now) is State.HALF_OPEN:
            self._set(route, fold(tripped, _SUCCESS, now), now)

    def ended(self, route: str, call: Ended, now: float) -> None:
        """Fold one call's end in."""
        self._set(route, fold(self._all.get(route, FRESH), call, now), now)

    def reached(self, provider: str, now: float) -> None:
        """Take note that a provider, which nobody reached, was seen to answer."""
        own = f"{provider}/"
        for route, breaker in tuple(self._tripped.items()):
            if route.startswith(own):
                self._set(route, reached(breaker), now)

    def rests(self, now: float) -> tuple[dict[str, Rest], frozenset[str]]:
        """Return the routes that rest, and those which one request may probe."""
        if not self._tripped:
            return {}, frozenset()
        resting: dict[str, Rest] = {}
        probes: list[str] = []
        for route, breaker in self._tripped.items():
            if breaker.state(now) is State.OPEN:
                left = breaker.until - now
                resting[route] = Rest(RestKind.BREAKER, left, breaker_clause(breaker))
            elif breaker.probe is not None and breaker.probing(now):
                left = max(0.0, breaker.probe + PROBE_LASTS - now)
                resting[route] = Rest(RestKind.BREAKER, left, PROBED)
            else:
                probes.append(route)
        return resting, frozenset(probes)

    def state(self, route: str, now: float) -> State:
        """Return what a route's breaker lets through."""
        return self._tripped.get(route, FRESH).state(now)

    def kept(self) -> Mapping[str, Breaker]:
        """Return those that are not closed: they last over a restart."""
        return MappingProxyType(self._tripped)

    def restore(self, breakers: Mapping[str, Breaker], now: float) -> None:
        """Take in what was kept, unless more has been heard of a route since."""
        for route, breaker in breakers.items():
            if breaker.since > self._all.get(route, FRESH).heard:
                self._set(route, breaker, now)

    def _set(self, route: str, breaker: Breaker, now: float) -> None:
        if breaker.level:
            self._tripped[route] = breaker
        else:
            self._tripped.pop(route, None)
        if breaker.forgettable(now):
            self._all.pop(route, None)
            return
        if route not in self._all and len(self._all) >= MOST:
            self._tripped.pop(make_room(self._all), None)
        self._all[route] = breaker
