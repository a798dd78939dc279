"""Counts how often routes were fallen back to, retried and changed; nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MOST: Final = 2_048


class Mark(StrEnum):
    """What is counted of a request, by the route that served it in the end.

    `request` is every one. `fallback` was served after another route had failed,
    `retry` called the same route again, `downgrade` was served below its lane,
    `escalation` above it.
    """

    REQUEST = "request"
    FALLBACK = "fallback"
    RETRY = "retry"
    DOWNGRADE = "downgrade"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts since the start of a route and a route class."""

    route: str
    route_class: str
    requests: int = 0
    fallbacks: int = 0
    retries: int = 0
    downgrades: int = 0
    escalations: int = 0


class Tallies:
    """The counts since the start."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts: dict[tuple[str, str], dict[Mark, int]] = {}

    def count(self, route: str, route_class: str, mark: Mark) -> None:
        """Count one `mark`; what comes after thousands of pairs shares one row."""
        key = (route, route_class)
        if key not in self._counts and len(self._counts) >= _MOST:
            key = ("other", "other")
        counts = self._counts.setdefault(key, dict.fromkeys(Mark, 0))
        counts[mark] += 1

    def rates(self) -> tuple[Rates, ...]:
        """Return all counts, by route and class."""
        return tuple(
            Rates(
                route,
                route_class,
                requests=counts[Mark.REQUEST],
                fallbacks=counts[Mark.FALLBACK],
                retries=counts[Mark.RETRY],
                downgrades=counts[Mark.DOWNGRADE],
                escalations=counts[Mark.ESCALATION],
            )
            for (route, route_class), counts in sorted(self._counts.items())
        )
