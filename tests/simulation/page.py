"""The simulation page, made from what a simulated day came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulation import day
from simulation.day import Ask
from simulation.running import FIRST_BYTE_MS, LOCAL, PROVIDERS, Outage, Tally
from simulation.strategies import STRATEGIES

from proxy.catalogue import Catalogue
from proxy.classes import shipped_rules
from proxy.money import show
from proxy.routing.facts import RouteClass

_HEAD = """\
# A simulated day

This page is written by `tests/simulation/test_day.py` from what it found
(`.venv/bin/python -m pytest tests/simulation -m "bench or not bench" --update-golden`);
a run that finds something else fails. It sends {count} made-up requests of one day
(seed {seed}) through Turnout's own glance, classifier, `decide`, sessions, health and
bill, and through other ways to choose. No model is called: what a model would have
answered, and how well, is not simulated.
"""
_WORDS = """\
*Cost* is in list prices of the shipped snapshot, cached tokens at their own. *Below the
floor* is the share of requests that went to a model whose quality in the catalogue is
lower than what `coding-auto` asks for the class that the request really has (its label,
not what the classifier said), or that nobody answered: the term for lost quality. It
measures choices by Turnout's own table of qualities, which are a person's judgement; it
does not measure answers.
"""
_READING = """\
- `coding-auto` costs {of_premium} of the cheapest premium route for everything, and
  {of_one} of one well-known premium model for everything. The first is the honest
  comparison. The second also tells of that model's price, and of its cache: clients of
  other protocols mark nothing for it, so it is read for {one_cached} of the input only.
- Its loss is {loss}: {misread} requests the classifier took for less than they are,
  {stayed} turns of tools that stay on their route although their conversation has grown
  past the size of `long_context`, and {rest} others. The texts of this day are those
  the rules were adjusted with; on a day made of the texts that are held back the loss
  is {unseen_loss}, {unseen_misread} requests of it by the classifier's mistakes, at a
  cost of {unseen_cost}.
- `coding-fast` is a tier lower by intent, so by the floors of `coding-auto` its loss is
  {fast_loss}; `always cheapest` saves {saves} more and loses {cheap_loss}.
- Of the {escalations} escalations of `coding-auto`, {warm} are turns for which a
  premium route that holds the conversation in its cache is cheaper than a cold weaker
  one, or which stay on it within a loop of tools. The floor was raised {raised} times
  after evidence of failure.
"""
_OUTAGE = """\
## An hour without a provider

From {since:%H:%M} to {until:%H:%M} UTC one provider answers 503 to everything. The
{count:,} requests from an hour before to an hour after are sent with and without that.
*Moved* were answered by a route behind the first one; *more cost* is beside the same
hours without the outage, and below zero where what is not answered costs nothing, or
where the stand-in is cheaper. A request has three calls in all: one that meets the
provider that is out with each of them stays unanswered, until its routes there rest.
"""
_ASSUMED = """\
## What is assumed

- Texts, envelopes, tools and model names are those of the labelled set
  (`tests/labelled`); Claude Code asks for an Opus model in {opus} % of its sessions. A
  Gemini CLI would name a listed model, which is a pin; here it leaves the choice open.
- Sessions, in percent: {clients}.
- People ask for, in percent: {classes}. From {long:,} estimated tokens on a request is
  labelled `long_context`.
- Turns of tools after each, half to one and a half of: {steps}.
- Contexts begin at {multiples} times the recorded shape, whose tools are shortened; a
  result of a tool adds {results} tokens; from {compacted:,} tokens on the client has it
  summed up. On average {tokens:,} tokens go in and {output:,} come out; all models are
  taken to count them alike.
- Answers have three tenths to 2.3 times so many tokens: {outputs}.
- {again} % of people's requests are sent once more and {stuck} % of loops repeat one
  call, whoever answered: a weak model is not punished by longer loops or repetitions,
  which flatters the cheap ways.
- Caches hold a conversation's prompt for five minutes after its last use, if it has
  1,024 tokens; Anthropic's only what the client marks.
- Prices are those of `{snapshot}`.
- Providers are {providers}, with keys of the user's own and no limits, and a local
  `{local}` with room for {room:,} tokens, which costs nothing and is never busy. All of
  them answer well. First bytes take {waits}.
- The classifier gives {read} of these requests their label, turns of tools counted one
  by one. See [classes.md](classes.md).
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What the runs came to, by the names of the strategies.

    `hours` are the asks around the outages, `calm` their runs without one and `out`
    with one, by provider. `unseen` is `coding-auto` on texts that no rule was
    adjusted by.
    """

    asks: Sequence[Ask]
    world: Catalogue
    whole: Mapping[str, Tally]
    unseen: Tally
    hours: Sequence[Ask]
    calm: Mapping[str, Tally]
    out: Mapping[str, Mapping[str, Tally]]


def render(found: Found) -> str:
    """The page as Markdown."""
    head = _HEAD.format(count=f"{len(found.asks):,}", seed=day.SEED)
    parts = [head, _ways(), _costs(found), _WORDS, _reading(found), _lanes(found)]
    parts += [_classes(found), _outages(found), _assumptions(found)]
    return "\n".join(parts)


def _ways() -> str:
    lines = [f"- **{each.name}**: {each.says}" for each in STRATEGIES]
    return "\n".join(lines) + "\n"


def _costs(found: Found) -> str:
    head = (
        "",
        "cost",
        "of `always premium`",
        "cached input",
        "below the floor",
        "downgrades",
        "escalations",
    )
    base = found.whole["always premium"].cost
    rows = [
        (
            each.name,
            show(tally.cost),
            _percent(tally.cost, base),
            _percent(tally.cached, tally.cached + tally.fresh),
            _share(tally.loss),
            tally.downgrades if each.product else "",
            tally.escalations if each.product else "",
        )
        for each in STRATEGIES
        for tally in [found.whole[each.name]]
    ]
    return "## What it came to\n\n" + _table([head, *rows])


def _reading(found: Found) -> str:
    auto, one = found.whole["coding-auto"], found.whole["always one"]
    fast, cheap = found.whole["coding-fast"], found.whole["always cheapest"]
    return _READING.format(
        of_premium=_percent(auto.cost, found.whole["always premium"].cost),
        of_one=_percent(auto.cost, one.cost),
        one_cached=_percent(one.cached, one.cached + one.fresh),
        loss=_share(auto.loss),
        misread=auto.below_misread,
        stayed=auto.below_stayed,
        rest=auto.below - auto.below_misread - auto.below_stayed,
        unseen_loss=_share(found.unseen.loss),
        unseen_misread=found.unseen.below_misread,
        unseen_cost=show(found.unseen.cost),
        fast_loss=_share(fast.loss),
        saves=show(fast.cost - cheap.cost),
        cheap_loss=_share(cheap.loss),
        escalations=auto.escalations,
        warm=auto.escalations_warm,
        raised=auto.raised,
    )


def _lanes(found: Found) -> str:
    lanes = sorted({lane for tally in found.whole.values() for lane in tally.lanes})
    head = ("lane", *(each.name for each in STRATEGIES))
    rows = [
        (
            f"`{lane}`",
            *(
                _percent(count, found.whole[each.name].answered) if count else ""
                for each in STRATEGIES
                for count in [found.whole[each.name].lanes[lane]]
            ),
        )
        for lane in lanes
    ]
    return "## Share of each lane\n\n" + _table([head, *rows])


def _classes(found: Found) -> str:
    head = ("label", "requests", *(each.name for each in STRATEGIES))
    rows = []
    for label in RouteClass:
        count = sum(ask.label is label for ask in found.asks)
        below = [found.whole[each.name].below_by_class[label] for each in STRATEGIES]
        rows.append(
            (f"`{label}`", count, *(_percent(b, count) if b else "" for b in below))
        )
    return "## Below the floor, by class\n\n" + _table([head, *rows])


def _outages(found: Found) -> str:
    hour, count = Outage(""), len(found.hours)
    parts = [_OUTAGE.format(since=hour.since, until=hour.until, count=count)]
    head = ("", "failed calls", "moved", "unanswered", "below the floor", "more cost")
    for provider, tallies in found.out.items():
        rows = [
            (
                each.name,
                tally.failed_calls or "",
                tally.moved or "",
                tally.unanswered or "",
                f"{_share(tally.loss)} (else {_share(calm.loss)})",
                show(tally.cost - calm.cost),
            )
            for each in STRATEGIES
            for tally in [tallies[each.name]]
            for calm in [found.calm[each.name]]
        ]
        parts.append(f"### `{provider}` is out\n\n" + _table([head, *rows]))
    return "\n".join(parts)


def _assumptions(found: Found) -> str:
    asks = found.asks
    read = sum(ask.label is ask.classified.route_class for ask in asks)
    waits = ", ".join(f"{name} {ms / 1000} s" for name, ms in FIRST_BYTE_MS.items())
    return _ASSUMED.format(
        opus=day.OPUS,
        clients=_mix(day.CLIENTS),
        classes=_mix(day.CLASSES),
        long=shipped_rules().long_context_tokens,
        steps=_mix(day.STEPS),
        multiples=_list(day.MULTIPLES),
        results=_list(day.RESULTS),
        compacted=day.COMPACTED_FROM,
        tokens=sum(ask.tokens for ask in asks) // len(asks),
        output=sum(ask.output for ask in asks) // len(asks),
        outputs=_mix(day.OUTPUTS),
        again=day.AGAIN,
        stuck=day.STUCK,
        snapshot=found.world.snapshot,
        providers=", ".join(PROVIDERS),
        local=LOCAL.id,
        room=LOCAL.context,
        waits=waits,
        read=_percent(read, len(asks)),
    )


def _mix(shares: Mapping[str, int] | Mapping[RouteClass, int]) -> str:
    return ", ".join(f"{name} {share:,}" for name, share in shares.items())


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:,}" for number in numbers)


def _percent(part: int, whole: int) -> str:
    return _share(part / whole if whole else 0.0)


def _share(share: float) -> str:
    return f"{share * 100:.1f} %"


def _table(rows: Iterable[tuple[object, ...]]) -> str:
    head, *rest = (" | ".join(str(cell) for cell in row) for row in rows)
    rule = " | ".join("---" for _ in head.split(" | "))
    return "".join(f"| {line} |\n" for line in (head, rule, *rest))
