"""Tells a decision in sentences, from what was stored of it; nothing is recomputed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from proxy.money import show
from proxy.routing.decision import DecidedBy, Decision, Mark
from proxy.routing.modes import Mode
from proxy.routing.stored import (
    StoredDecision,
    StoredLosers,
    StoredRunnerUp,
    sentence_of,
    stored,
)

MOST_LINES: Final = 12
"""Lines that a decision is told in at most."""

_NAMED = 3
_INTENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "premium": " That name asks for the strongest models.",
        "eco": " That name asks for a small model.",
    }
)
_MARKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Mark.SAME_LANE: "same lane",
        Mark.DOWNGRADE: "a downgrade",
        Mark.ESCALATION: "an escalation",
    }
)
_DECIDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        DecidedBy.LOOP: "the loop of tools decided",
        DecidedBy.PIN: "the pin decided",
        DecidedBy.QUALITY: "quality decided",
        DecidedBy.QUOTA: "by list price it draws less on what is covered",
        DecidedBy.HEALTH: "the other's quota is nearly used up",
        DecidedBy.WARMTH: "its cache holds the prompt",
        DecidedBy.SPEED: "speed decided",
        DecidedBy.ORDER: "the order decided",
    }
)


def explain(decision: StoredDecision, most: int = MOST_LINES) -> tuple[str, ...]:
    """Return what led to the decision in layers, a line each.

    They are `most` at most, where that leaves a line for those who lost.
    """
    lines = [*_wanted(decision), *_chosen(decision)]
    groups = list(_losers(decision))
    room = max(most - len(lines), 1)
    if len(groups) > room:
        kept, others = groups[: room - 1], groups[room - 1 :]
        groups = [*kept, _unnamed(decision, len(others), all_of=not kept)]
    return (*lines, *groups)


def _unnamed(decision: StoredDecision, reasons: int, *, all_of: bool) -> str:
    if not all_of:
        why = "1 more reason" if reasons == 1 else f"{reasons} more reasons"
        return f"And {why} rejected other routes."
    count = len(decision.rejected) + sum(group.count for group in decision.losers)
    return f"{count} other routes were rejected, for {reasons} reasons."


def no_route_sentence(decision: Decision) -> str:
    """Return the sentence a client gets when no route is left."""
    told = "; ".join(
        f"{_names(group)}: {sentence_of(group.code, group.detail)}"
        for group in stored(decision).losers
    )
    asked = decision.requested_model or "no model"
    return f"No route can take this request for {asked} ({told})."


def _wanted(decision: StoredDecision) -> Iterator[str]:
    asked = decision.requested_model or "no model"
    intent = _INTENTS.get(decision.intent or "", "")
    by = f", wished for by {decision.mode_by}" if decision.mode_by else ""
    yield f"The client asked for {asked}.{intent} The mode was {decision.mode}{by}."
    chose = decision.floor is not None or decision.mode != Mode.DIRECT
    if decision.route_class is not None and chose:
        why = f": {'; '.join(decision.evidence)}" if decision.evidence else ""
        raised = f" {_stopped(decision.raised)}" if decision.raised else ""
        asked = ""
        if decision.floor is not None:
            asked = f" So a quality of {decision.floor} of 100 is asked for."
        yield f"The request is {decision.route_class}{_stopped(why)}{asked}{raised}"


def _chosen(decision: StoredDecision) -> Iterator[str]:
    if decision.chosen is None:
        yield "No route could be taken."
        return
    lane = f" in lane {decision.lane}" if decision.lane else ""
    yield f"Turnout chose {decision.chosen}{lane}{_figures(decision)}. " + (
        decision.reason
    )
    first = next(iter(decision.choices), None)
    if first is not None and first.mark == Mark.DOWNGRADE:
        yield "That is a downgrade: it is weaker than what this request needs."
    if decision.runner_up is not None:
        yield _margin(decision, decision.runner_up)
    asked = decision.asked
    if asked is not None and asked.route != decision.chosen:
        yield (
            f"What was asked for, {asked.route}, would have cost about "
            f"{show(asked.expected_nano)} by its list."
        )
    if decision.standby:
        yield f"Standing by, in order: {', '.join(_standby(decision))}."


def _figures(decision: StoredDecision) -> str:
    first = next(iter(decision.choices), None)
    if first is None:
        return ""
    quality = "" if first.quality is None else f", quality {first.quality}"
    if first.expected_nano is None:
        return f" at an unknown price{quality}"
    covered = {"subscription": "covered by the subscription", "local": "run locally"}
    paid = covered.get(decision.billing or "")
    if first.expected_nano == 0 and paid:
        return f", {paid}{quality}"
    return f" at about {show(first.expected_nano)}{quality}"


def _margin(decision: StoredDecision, second: StoredRunnerUp) -> str:
    """Return the sentence about who came second, and by how much."""
    own = next(iter(decision.choices)).expected_nano
    ours, theirs = _price(own), _price(second.expected_nano)
    said = f"{decision.chosen} at {ours} beat {second.route} at {theirs}"
    if second.margin_nano:
        said += f" {_money(second.margin_nano, second.expected_nano or 0)}"
    parts = [said]
    if second.margin_quality:
        better = "better" if second.margin_quality > 0 else "weaker"
        parts.append(f"the other is {abs(second.margin_quality)} points {better}")
    if by := _DECIDED.get(second.by):
        parts.append(by)
    return f"{'; '.join(parts)}."


def _price(nano: int | None) -> str:
    return "an unknown price" if nano is None else show(nano)


def _money(margin: int, theirs: int) -> str:
    if margin < 0:
        return f"though it costs {show(-margin)} more"
    share = f" ({round(100 * margin / theirs)} %)" if theirs else ""
    return f"by {show(margin)}{share}"


def _standby(decision: StoredDecision) -> Iterator[str]:
    marks = {each.route: _MARKS.get(each.mark, "") for each in decision.choices}
    for name in decision.standby:
        mark = marks.get(name, "")
        yield f"{name} ({mark})" if mark else name


def _losers(decision: StoredDecision) -> Iterator[str]:
    for route, _, sentence in decision.rejected:
        yield f"{route} was rejected: {sentence}."
    for group in decision.losers:
        were = "was" if group.count == 1 else "were"
        said = sentence_of(group.code, group.detail)
        yield f"{_names(group)} {were} rejected: {said}."


def _names(group: StoredLosers) -> str:
    if group.count <= _NAMED:
        return ", ".join(group.routes)
    named = ", ".join(group.routes[: _NAMED - 1])
    return f"{named} and {group.count - _NAMED + 1} others"


def _stopped(said: str) -> str:
    return said if said.endswith(".") else f"{said}."
