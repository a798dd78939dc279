"""Runs the cases and condenses what came back to medians."""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.canned import request
from bench.cases import Case, Form
from bench.load import Lap, delays, held, lap
from bench.machine import cpu_seconds
from bench.targets import Target


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle and the slow end of a series, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One target in one case. `event` is a streamed event's way, where there are any.

    `rate` is requests per second, the median of the rounds; `cpu` is milliseconds of
    processor time per request, of all of the target's processes.
    """

    first: Spread
    whole: Spread
    event: Spread | None
    rate: float
    cpu: float


Results = Mapping[Case, Mapping[str, Measured]]


async def run(cases: Iterable[Case], targets: Sequence[Target]) -> Results:
    """Measure every case on every target, in turns, so that noise meets all alike."""
    results = {}
    for case in cases:
        print(case.title, file=sys.stderr, flush=True)
        results[case] = await _case(case, targets)
    return results


async def _case(case: Case, targets: Sequence[Target]) -> dict[str, Measured]:
    laps: defaultdict[str, list[Lap]] = defaultdict(list)
    used: defaultdict[str, float] = defaultdict(float)
    for at in range(case.rounds):
        # Each target goes first in its turn.
        turn = at % len(targets)
        for target in (*targets[turn:], *targets[:turn]):
            before = cpu_seconds(target.processes)
            laps[target.name].append(await _lap(case, target))
            used[target.name] += cpu_seconds(target.processes) - before
    return {name: _condensed(found, used[name]) for name, found in laps.items()}


async def _lap(case: Case, target: Target) -> Lap:
    asked = request(target.port, case.query, case.size, target.key)
    gc.collect()
    gc.disable()
    try:
        if case.form is Form.HELD:
            return await held(target.port, asked, case.at_once)
        return await lap(target.port, asked, case.at_once, case.each)
    finally:
        gc.enable()


def _condensed(laps: Sequence[Lap], cpu: float) -> Measured:
    timings = [timing for each in laps for timing in each.timings]
    ways = delays(laps)
    return Measured(
        first=_spread(timing.until_first for timing in timings),
        whole=_spread(timing.whole for timing in timings),
        event=_spread(ways) if ways else None,
        rate=median(len(each.timings) / each.seconds for each in laps),
        cpu=cpu * 1000 / len(timings),
    )


def _spread(nanoseconds: Iterable[int]) -> Spread:
    ordered = sorted(nanoseconds)
    slow = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return Spread(median(ordered) / 1e6, slow / 1e6)
