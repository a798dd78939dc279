"""How fast a route's first byte comes, from its last calls; it reads no clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from proxy.health.bounds import MOST, make_room

KEPT: Final = 64
"""Calls of a route that are remembered."""

ENOUGH: Final = 3
"""Calls without which nothing is said: one slow start is no habit."""

HOLDS: Final = 1_800.0
"""Seconds without a call after which what was measured is forgotten."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Milliseconds to the first byte: half of `calls` took at most `p50`.

    Nine of ten took at most `p90`.
    """

    p50: int
    p90: int
    calls: int


def quantiles(times: tuple[int, ...]) -> Quantiles | None:
    """Return the quantiles of some times, None where they are too few."""
    count = len(times)
    if count < ENOUGH:
        return None
    ordered = sorted(times)
    return Quantiles(ordered[(count - 1) // 2], ordered[(count * 9 - 1) // 10], count)


@dataclass(slots=True)
class _Times:
    """The last times of one route and when the newest came."""

    last: float
    times: deque[int] = field(default_factory=lambda: deque(maxlen=KEPT))

    def holds(self, now: float) -> bool:
        return now < self.last + HOLDS


class Latencies:
    """The last first-byte times of all routes."""

    def __init__(self) -> None:
        """Start with none."""
        self._routes: dict[str, _Times] = {}
        # Made anew after a change only: every request asks for them.
        self._medians: Mapping[str, int] = MappingProxyType({})
        self._until = math.inf

    def add(self, route: str, milliseconds: int, now: float) -> None:
        """Take in one call's time; after a long silence the old ones are dropped."""
        known = self._routes.get(route)
        if known is None or not known.holds(now):
            if known is None and len(self._routes) >= MOST:
                dropped = make_room(self._routes)
                self._medians = {
                    name: each
                    for name, each in self._medians.items()
                    if name != dropped
                }
            known = self._routes[route] = _Times(now)
        known.times.append(max(0, milliseconds))
        known.last = now
        medians = {**self._medians}
        found = quantiles(tuple(known.times))
        if found is None:
            medians.pop(route, None)
        else:
            medians[route] = found.p50
        self._medians = MappingProxyType(medians)
        self._until = min(self._until, now + HOLDS)

    def medians(self, now: float) -> Mapping[str, int]:
        """Return the median of each route of which enough is known."""
        if now >= self._until:
            self._drop_old(now)
        return self._medians

    def quantiles(self, now: float) -> Mapping[str, Quantiles]:
        """Return the quantiles of each route of which enough is known."""
        found = {
            route: quantiles(tuple(known.times))
            for route, known in self._routes.items()
            if known.holds(now)
        }
        return {route: each for route, each in found.items() if each is not None}

    def _drop_old(self, now: float) -> None:
        self._routes = {
            route: known for route, known in self._routes.items() if known.holds(now)
        }
        left = {
            route: median
            for route, median in self._medians.items()
            if route in self._routes
        }
        self._medians = MappingProxyType(left)
        ends = (known.last + HOLDS for known in self._routes.values())
        self._until = min(ends, default=math.inf)
