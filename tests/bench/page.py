"""Writes the results as a page of Markdown; it measures and judges nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.aims import Aim
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
    where: Circumstances, results: Results, rest: Rest, aims: Iterable[Aim]
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
