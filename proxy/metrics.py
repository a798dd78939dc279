"""Counts since the start, as Prometheus reads them; pure: no clock, no record.

Names come from clients' requests, so the number of series is bounded: what comes after
the first so many routes is counted under `other`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from proxy.outcomes import NO_CLASS, Tried, steps

if TYPE_CHECKING:
    from proxy.outcomes import RouteRate

MOST_ROUTES = 200
"""Routes with series of their own."""

OTHER = "other"
"""The label of the routes beyond."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What the text is, by Prometheus' exposition format."""

Labels = tuple[tuple[str, str], ...]

_HELP = {
    "turnout_requests_total": "Requests that ended, by class and how.",
    "turnout_attempts_total": "Provider calls, by route, class and outcome.",
    "turnout_retries_total": "Calls of the same route again.",
    "turnout_fallbacks_total": "Calls after which another route was tried.",
    "turnout_downgrades_total": "Requests that ended on a weaker route.",
    "turnout_escalations_total": "Requests that ended on a stronger route.",
}
_PLACES = {
    "turnout_retries_total": "retries",
    "turnout_fallbacks_total": "fallbacks",
    "turnout_downgrades_total": "downgrades",
    "turnout_escalations_total": "escalations",
}
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Finished(Tried, Protocol):
    """What is counted of a request that is over (`proxy.ledger.Event` has it)."""

    @property
    def status(self) -> str:
        """Return how it ended."""


class Metrics:
    """The counters of one gateway, from its start on."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts: dict[str, Counter[Labels]] = {name: Counter() for name in _HELP}
        self._routes: set[str] = set()

    def count(self, request: Finished) -> None:
        """Count a finished request and each of its attempts."""
        route_class = request.route_class or NO_CLASS
        ended = (("class", route_class), ("status", request.status))
        self._counts["turnout_requests_total"][ended] += 1
        for attempt, step in zip(request.attempts, steps(request), strict=True):
            self._step(step, attempt.outcome)

    def _step(self, step: RouteRate, outcome: str) -> None:
        route = (
            ("route", self._label(step.route)),
            ("class", step.route_class),
        )
        self._counts["turnout_attempts_total"][*route, ("outcome", outcome)] += 1
        for name, place in _PLACES.items():
            if number := getattr(step, place):
                self._counts[name][route] += number

    def _label(self, route: str) -> str:
        if route not in self._routes:
            if len(self._routes) >= MOST_ROUTES:
                return OTHER
            self._routes.add(route)
        return route

    def text(self, *, open_requests: int = 0, unsaved: int = 0) -> bytes:
        """Return everything in the exposition format, with these two of the moment.

        `open_requests` are being answered, `unsaved` records are not on disk yet.
        """
        lines: list[str] = []
        for name, counts in self._counts.items():
            lines += _family(name, "counter", _HELP[name], sorted(counts.items()))
        lines += _family(
            "turnout_open_requests",
            "gauge",
            "Requests that are being answered.",
            [((), open_requests)],
        )
        lines += _family(
            "turnout_unsaved_records",
            "gauge",
            "Records that are not on disk yet.",
            [((), unsaved)],
        )
        return "".join(f"{line}\n" for line in lines).encode()


def _family(
    name: str, kind: str, help_text: str, rows: Iterable[tuple[Labels, int]]
) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"
    for labels, number in rows:
        shown = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
        yield f"{name}{{{shown}}} {number}" if shown else f"{name} {number}"


def _escaped(value: str) -> str:
    return value.encode("utf-8", "replace").decode().translate(_ESCAPES)
