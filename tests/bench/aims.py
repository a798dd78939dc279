"""Holds the results against what Turnout sets itself: ratios to nginx, and budgets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.cases import HELD_STREAMS, Case, Form, find
from bench.deciding import DECIDE_MICROSECONDS, ROUTES
from bench.lanes import Lanes, beyond
from bench.measure import Measured, Results

IDLE_SHARE = 0.002
MEMORY_MB = 130.0
EVENT_MICROSECONDS = 12.0
KEPT_KIB = 256.0


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim: what was reached, and the limit it must keep below or above."""

    words: str
    reached: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the aim is met."""
        if self.at_least:
            return self.reached >= self.limit
        return self.reached <= self.limit


def lane_aims(lanes: Lanes) -> Iterator[Aim]:
    """The budgets of the translated lane: of all pairs, the dearest one counts."""
    costs = [cost for _, cost in beyond(lanes)]
    burst = max(cost.burst for cost in costs)
    drip = max(cost.drip for cost in costs)
    words = "Processor for a translated text event beyond the native lane"
    yield Aim(f"{words}, many at once", burst, EVENT_MICROSECONDS, " µs")
    yield Aim(f"{words}, each alone", drip, EVENT_MICROSECONDS, " µs")
    for pair, kept in lanes.kept.items():
        title = f"Memory of an open stream with a 1 MB request, {pair.title}"
        yield Aim(title, kept, KEPT_KIB, " KiB")


def decide_aim(microseconds: float) -> Aim:
    """What one decision may take."""
    words = f"Time of a decision over {ROUTES} routes"
    return Aim(words, microseconds, DECIDE_MICROSECONDS, " µs")


def aims(results: Results, idle: float, memory: float) -> Sequence[Aim]:
    """All aims of the native lane, in the order in which a request meets them."""
    cases = tuple(results)

    def ratio(
        case: Case, read: Callable[[Measured], float], *, added: bool = True
    ) -> float:
        told = results[case]
        base = read(told["direct"]) if added else 0.0
        return (read(told["Turnout"]) - base) / (read(told["nginx"]) - base)

    small = find(cases, Form.SHORT, 60_000, 1)
    large = find(cases, Form.SHORT, 1_000_000, 1)
    whole = find(cases, Form.UNPACED, 60_000, 1)
    paced = find(cases, Form.PACED, 60_000, 1)
    many = find(cases, Form.JSON, 60_000, 64)
    kept = find(cases, Form.HELD, 60_000, HELD_STREAMS)
    return (
        Aim("Added time to the first event, 60 KB", ratio(small, _first), 8, "x"),
        Aim("Added time to the first event, 1 MB", ratio(large, _first), 6, "x"),
        Aim("Added delay of a paced event", ratio(paced, _event), 2.5, "x"),
        # What nginx adds to it is too near to nothing to be a measure.
        Aim("Time of a whole stream", ratio(whole, _whole, added=False), 4, "x"),
        Aim(
            "Requests per second, 64 at once",
            ratio(many, lambda told: told.rate, added=False),
            0.05,
            "x",
            at_least=True,
        ),
        Aim(
            f"Delay of an event, {HELD_STREAMS} held streams",
            ratio(kept, _event, added=False),
            4,
            "x",
        ),
        Aim("Processor while idle, all processes", idle * 100, IDLE_SHARE * 100, " %"),
        Aim("Memory of all processes, after the load", memory, MEMORY_MB, " MB"),
    )


def _first(told: Measured) -> float:
    return told.first.p50


def _whole(told: Measured) -> float:
    return told.whole.p50


def _event(told: Measured) -> float:
    return told.event.p50 if told.event else 0.0
