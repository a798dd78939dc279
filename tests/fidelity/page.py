"""Writes docs/reference/fidelity.md from the outcomes of all cells; text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from fidelity.case import Case
from fidelity.cases import THEMES
from fidelity.terms import CLIENTS, PROVIDERS, WORDS
from fidelity.why import ALIASES, NOT_APPLICABLE, WHY_REFUSED

from proxy.model import Protocol
from proxy.wire.losses import LOSSES

_HEAD = """\
# Fidelity: any client on any provider

This page is written by the tests of `tests/fidelity` from what they found; change the
code or the tests instead (`pytest tests/fidelity --update-golden` writes it anew).

Each cell is a real conversation over loopback: a request as a client of that protocol
sends it, a whole gateway, and a provider that refuses what its vendor would refuse. The
test looks at what arrived at the provider, in the provider's own protocol, and at what
came back to the client, in the client's own. A cell says one of these:

- **pass**: the thing arrived, in both directions where it has two.
- **loss** *name*: it did not arrive, or not in its own form, and the client was told
  so by that name (`x-turnout-losses`, `turnout explain`).
- **refused** *name*: the request depends on it, so nothing was sent and the client got
  a sentence that says why.
- **n/a** *word*: the cell cannot be, because one of the two protocols has no such
  thing, or because the native lane changes nothing on purpose.

Applicable are all cells but those with n/a. Where something was missing from the start
(a call without result, an answer without counts) what Turnout put in its place is
named as well; as nothing was lost, such a cell passes. No cell is silent: what is lost
without a name fails the tests, and so does a cell that got better than this page says.
"""


def cell_key(case: Case, client: Protocol, provider: Protocol) -> str:
    """The name of a cell among the outcomes."""
    return f"{case.name} {WORDS[client]}>{WORDS[provider]}"


def keys(cases: Iterable[Case]) -> list[str]:
    """The names of all cells."""
    return [
        cell_key(case, client, provider)
        for case in cases
        for client in CLIENTS
        for provider in PROVIDERS
    ]


def render(found: Mapping[str, str]) -> str:
    """The page; `found` has the outcome of every cell by its key."""
    lines = [_HEAD, *_summary(found), *_refusals(found), *_losses(found)]
    lines += _well_known()
    for theme, cases in THEMES.items():
        lines += [f"## {theme}", ""]
        for case in cases:
            lines += _case(case, found)
    lines += _reasons(found)
    return "\n".join(lines).rstrip() + "\n"


def share(outcomes: Iterable[str]) -> tuple[int, int]:
    """How many cells pass, and how many are applicable."""
    kinds = Counter(each.partition(" ")[0] for each in outcomes)
    return kinds["pass"], kinds.total() - kinds["n/a"]


def _summary(found: Mapping[str, str]) -> Iterator[str]:
    passed, applicable = share(found.values())
    kinds = Counter(each.partition(" ")[0] for each in found.values())
    yield "## Summary"
    yield ""
    yield (
        f"Of {len(found)} cells {applicable} are applicable; {passed} of them pass "
        f"({_percent(passed, applicable)}), {kinds['loss']} name a loss, "
        f"{kinds['refused']} are refused with a reason."
    )
    native = {f"{WORDS[each]}>{WORDS[each]}" for each in CLIENTS}
    foreign = [each for key, each in found.items() if key.split()[1] not in native]
    passed, applicable = share(foreign)
    yield (
        f"Without the native lanes (the diagonal) {passed} of {applicable} pass "
        f"({_percent(passed, applicable)})."
    )
    yield ""
    yield from _table(
        "client, below; provider, right",
        lambda client, provider: _pair(found, client, provider),
    )


def _pair(found: Mapping[str, str], client: Protocol, provider: Protocol) -> str:
    end = f" {WORDS[client]}>{WORDS[provider]}"
    mine = [outcome for key, outcome in found.items() if key.endswith(end)]
    passed, applicable = share(mine)
    return f"{passed} of {applicable} ({_percent(passed, applicable)})"


def _percent(part: int, whole: int) -> str:
    # Rounded down: the page shall not promise more than there is.
    return f"{part * 100 // whole} %" if whole else "-"


def _table(head: str, cell: Callable[[Protocol, Protocol], str]) -> Iterator[str]:
    names = [WORDS[each] for each in PROVIDERS]
    yield f"| {head} | {' | '.join(names)} |"
    yield f"| --- |{' --- |' * len(names)}"
    for client in CLIENTS:
        cells = [cell(client, provider) for provider in PROVIDERS]
        yield f"| {WORDS[client]} | {' | '.join(cells)} |"
    yield ""


def _refusals(found: Mapping[str, str]) -> Iterator[str]:
    yield "## What is refused, and why"
    yield ""
    yield "| refusal | reason | cells |"
    yield "| --- | --- | --- |"
    for name, reason in WHY_REFUSED.items():
        cells = [key for key, each in found.items() if each == f"refused {name}"]
        if cells:
            yield f"| `{name}` | {reason} | {_where(cells)} |"
    yield ""


def _where(cells: Iterable[str]) -> str:
    cases: dict[str, list[str]] = {}
    for key in cells:
        case, _, pair = key.partition(" ")
        cases.setdefault(case, []).append(pair)
    return "; ".join(f"`{case}`: {', '.join(each)}" for case, each in cases.items())


def _losses(found: Mapping[str, str]) -> Iterator[str]:
    yield "## Losses that are named"
    yield ""
    yield "| loss | what it means | cells |"
    yield "| --- | --- | --- |"
    lost = [
        name
        for outcome in found.values()
        if outcome.startswith("loss ")
        for name in outcome.removeprefix("loss ").split(", ")
    ]
    for name, count in sorted(Counter(lost).items()):
        yield f"| `{name}` | {LOSSES[name]} | {count} |"
    yield ""


def _well_known() -> Iterator[str]:
    yield "## Well-known failures of gateways"
    yield ""
    yield "| failure | case |"
    yield "| --- | --- |"
    for name, case in ALIASES.items():
        yield f"| {name} | `{case}` |"
    yield ""


def _case(case: Case, found: Mapping[str, str]) -> Iterator[str]:
    forms = {True: " (streamed)", False: " (whole)"}
    form = "" if case.streams is None else forms[case.streams]
    yield f"### {case.name}"
    yield ""
    yield f"{case.title}{form}"
    yield ""
    yield from _table("", lambda client, on: found[cell_key(case, client, on)])


def _reasons(found: Mapping[str, str]) -> Iterator[str]:
    yield "## Why cells are not applicable"
    yield ""
    yield "| word | reason | cells |"
    yield "| --- | --- | --- |"
    counts = Counter(found.values())
    for word, reason in NOT_APPLICABLE.items():
        if counts[f"n/a {word}"]:
            yield f"| `{word}` | {reason} | {counts[f'n/a {word}']} |"
