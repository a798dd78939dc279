"""`make bench`: measures and writes `docs/bench.md`; with `--quick` only prints."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import cases, machine
from bench.aims import aims, decide_aim, lane_aims
from bench.deciding import decide_microseconds
from bench.lanes import Lanes, measure_lanes
from bench.measure import Results, run
from bench.page import Circumstances, Rest, page
from bench.targets import BenchProblem, Target, all_targets

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "bench.md"

_QUIET = 12.0
"""Seconds after the load before memory is read: the gateway tidies every ten."""


def main(words: list[str]) -> int:
    """Runs the bench; returns the exit status (0, or 2 where it could not run).

    A missed aim is told in the page: on a busy machine it says little.
    """
    if words not in ([], ["--quick"]):
        print("usage: make bench [ARGS=--quick]", file=sys.stderr)
        return 2
    quick = bool(words)
    where = Circumstances(
        command="make bench ARGS=--quick" if quick else "make bench",
        machine=machine.described(),
        date=datetime.now(UTC).date().isoformat(),
        load=machine.load(),
    )
    try:
        with all_targets() as targets:
            results, lanes, rest = _measure(targets, quick=quick)
    except BenchProblem as problem:
        print(problem, file=sys.stderr)
        return 2
    native = aims(results, rest.idle, sum(rest.after.values()))
    told = (*native, *lane_aims(lanes), decide_aim(decide_microseconds()))
    text = page(where, results, lanes, rest, told)
    print(text)
    if not quick:
        _PAGE.write_text(text, encoding="utf-8")
    return 0


def _measure(
    targets: tuple[Target, ...], *, quick: bool
) -> tuple[Results, Lanes, Rest]:
    source, turnout = targets[0], targets[-1].processes
    seconds = 5.0 if quick else 20.0
    idle = machine.idle_share(turnout, seconds)
    before = machine.memory(turnout)
    chosen = cases.quick() if quick else cases.full()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(run(chosen, targets))
        time.sleep(_QUIET)
        after = machine.memory(turnout)
        lanes = runner.run(measure_lanes(targets[-1], source, quick=quick))
    return results, lanes, Rest(before, after, idle, seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
