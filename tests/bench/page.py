"""Writes the results as a page of Markdown; it measures and judges nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.aims import Aim
from bench.lanes import NATIVE, SIZES, STREAMS, TRANSLATED, Lanes, Pair
from bench.measure import Measured, Results, Spread

_INTRO = """\
# Bench

This page is written by `{command}`; do not edit it. All three targets are measured in
one run, in turns, on one machine: a direct call, nginx as a plain proxy, and Turnout
with keys, record and tray. "Added" is what a target takes more than the direct call;
a ratio compares Turnout with nginx.

- Machine: {machine}
- Date: {date}
- Load of the machine before the run: {load:.1f}
- nginx: one worker, kept connections to the provider, answers not buffered, no log
- Turnout: keeper, gateway and tray (offscreen), a gateway key, every request recorded
"""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where, when and how the bench ran."""

    command: str
    machine: str
    date: str
    load: float


@dataclass(frozen=True, slots=True)
class Rest:
    """What Turnout takes besides time: PSS by process in MB, idle share of a core."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    idle: float
    idle_seconds: float


def page(
    where: Circumstances,
    results: Results,
    lanes: Lanes,
    rest: Rest,
    aims: Iterable[Aim],
) -> str:
    """The whole page."""
    intro = _INTRO.format(
        command=where.command,
        machine=where.machine,
        date=where.date,
        load=where.load,
    )
    parts = (
        intro,
        "## Aims\n",
        *_aims(aims),
        "\n## Cases\n",
        _legend(),
        *_cases(results),
        "\n## Translated lane\n",
        _LANES,
        *_lanes(lanes),
        *_kept(lanes),
    )
    return "\n".join((*parts, "\n## Besides\n", *_rest(rest), ""))


def _aims(aims: Iterable[Aim]) -> Iterator[str]:
    yield from _head("Aim", "Reached", "Limit", "")
    for aim in aims:
        limit = f"{'at least' if aim.at_least else 'at most'} {aim.limit:g}{aim.unit}"
        reached = f"{aim.reached:.3g}{aim.unit}"
        yield _row(aim.words, reached, limit, "met" if aim.met else "**not met**")


def _legend() -> str:
    return (
        "Milliseconds, median (99th percentile). The first event is the whole answer "
        "where the\nanswer is JSON. An event's delay is counted from the provider's "
        "write. Processor time is\nof the target's own processes.\n"
    )


_LANES = """\
The same words from a provider of each protocol. Processor time is the gateway's alone,
in microseconds for one text event, the least of the rounds: many events that arrive at
once, then 16 streams whose events arrive alone. The first event is in milliseconds,
median, by the size of the request. In brackets: beyond the same client's native lane.
"""


def _lanes(lanes: Lanes) -> Iterator[str]:
    yield from _head("Client", "Provider", "at once", "alone", "60 KB", "1 MB")
    for pair in (*NATIVE, *TRANSLATED):
        costs = (lanes.costs[pair], lanes.costs[pair.native])
        yield _row(
            pair.client,
            pair.provider,
            _with_more(pair, *(each.burst for each in costs)),
            _with_more(pair, *(each.drip for each in costs)),
            *(
                _with_more(
                    pair, lanes.firsts[pair][size], lanes.firsts[pair.native][size]
                )
                for size in SIZES
            ),
        )


def _with_more(pair: Pair, cost: float, native: float) -> str:
    more = "" if pair.native == pair else f" ({cost - native:+.1f})"
    return f"{cost:.1f}{more}"


def _kept(lanes: Lanes) -> Iterator[str]:
    small, large = (lanes.counts[size] for size in SIZES)
    times = f"{small:.1f} ms at 60 KB, {large:.1f} ms at 1 MB"
    yield f"\nAn estimated count of tokens takes {times}."
    if lanes.kept:
        yield f"\nMemory for each of {STREAMS} open streams of 1 MB requests, KiB:\n"
    for pair, kept in lanes.kept.items():
        yield f"- {pair.title}: {kept:.0f}"


def _cases(results: Results) -> Iterator[str]:
    yield from _head("Case", "", "direct", "nginx", "Turnout", "added, ratio")
    for case, told in results.items():
        title = case.title
        for words, cells in _lines(told):
            yield _row(title, words, *cells)
            title = ""


def _lines(told: Mapping[str, Measured]) -> Iterator[tuple[str, Sequence[str]]]:
    all_three = (told["direct"], told["nginx"], told["Turnout"])
    yield "first event", _spreads([each.first for each in all_three])
    yield "whole answer", _spreads([each.whole for each in all_three])
    events = [each.event for each in all_three if each.event is not None]
    if events:
        yield "delay per event", _spreads(events)
    rates = [each.rate for each in all_three]
    yield (
        "requests per second",
        [*(f"{rate:.0f}" for rate in rates), f"{rates[2] / rates[1]:.3f} x in all"],
    )
    costs = [each.cpu for each in all_three]
    ratio = f"{costs[2] / costs[1]:.1f} x in all" if costs[1] else ""
    yield "processor per request", [*(f"{cost:.2f}" for cost in costs), ratio]


def _spreads(three: Sequence[Spread]) -> Sequence[str]:
    base, nginx, turnout = (each.p50 for each in three)
    added = nginx - base
    ratio = f"{(turnout - base) / added:.1f} x" if added > 0 else ""
    return [*(f"{each.p50:.3f} ({each.p99:.2f})" for each in three), ratio]


def _rest(rest: Rest) -> Iterator[str]:
    yield from _head("Memory (PSS, MB)", "idle", "after the load")
    for role, size in rest.before.items():
        yield _row(role, f"{size:.1f}", f"{rest.after.get(role, 0):.1f}")
    before, after = sum(rest.before.values()), sum(rest.after.values())
    yield _row("all", f"{before:.1f}", f"{after:.1f}")
    share = f"{rest.idle * 100:.2f} % of a core"
    yield f"\nIdle, all processes, over {rest.idle_seconds:.0f} s: {share}."


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
