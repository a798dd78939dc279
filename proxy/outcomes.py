"""How often routes failed, were retried, left or marked, per class; pure, no SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from proxy.ledger.rows import Attempt

NO_CLASS = "unknown"
"""The class of a request whose routing was not recorded."""

_OK = "ok"


class Tried(Protocol):
    """What is read of a finished request (`proxy.ledger.Event` has it)."""

    @property
    def route_class(self) -> str | None:
        """Return what kind of request it was."""

    @property
    def mark(self) -> str:
        """Return what taking the last route meant."""

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Return every try, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRate:
    """What became of the tries of one route for requests of one class.

    `failures` are tries without an answer, `retries` tries of the same route again,
    `fallbacks` tries after which another route was tried. `downgrades` and
    `escalations` count requests that ended on this route and were marked so.
    """

    route: str
    route_class: str
    attempts: int = 0
    failures: int = 0
    retries: int = 0
    fallbacks: int = 0
    downgrades: int = 0
    escalations: int = 0

    def plus(self, other: RouteRate) -> RouteRate:
        """Return the sum of both under this one's names."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _COUNTED}
        return RouteRate(route=self.route, route_class=self.route_class, **sums)


_COUNTED = tuple(
    each.name for each in fields(RouteRate) if each.name not in {"route", "route_class"}
)


def steps(request: Tried) -> Iterator[RouteRate]:
    """Yield what each try of a request adds, in order."""
    tries = request.attempts
    for number, attempt in enumerate(tries):
        last = number + 1 == len(tries)
        yield RouteRate(
            route=attempt.route,
            route_class=request.route_class or NO_CLASS,
            attempts=1,
            failures=int(attempt.outcome != _OK),
            retries=int(number > 0 and tries[number - 1].route == attempt.route),
            fallbacks=int(not last and tries[number + 1].route != attempt.route),
            downgrades=int(last and request.mark == "downgrade"),
            escalations=int(last and request.mark == "escalation"),
        )


def rates(requests: Iterable[Tried]) -> tuple[RouteRate, ...]:
    """Return the sums of finished requests; the busiest route first, then by name."""
    sums: defaultdict[tuple[str, str], list[RouteRate]] = defaultdict(list)
    for request in requests:
        for step in steps(request):
            sums[step.route, step.route_class].append(step)
    return in_order(_sum(parts) for parts in sums.values())


def in_order(rates: Iterable[RouteRate]) -> tuple[RouteRate, ...]:
    """Return rates as people read them: the busiest first, then by name and class."""
    return tuple(
        sorted(rates, key=lambda rate: (-rate.attempts, rate.route, rate.route_class))
    )


def _sum(parts: list[RouteRate]) -> RouteRate:
    total = parts[0]
    for part in parts[1:]:
        total = total.plus(part)
    return total
