"""The decision as the record keeps it: names, numbers and sentences, as JSON.

It must not recompute anything; what is read back later is what was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from proxy.routing.decision import Decision, Rejected
from proxy.routing.reasons import REASONS, ReasonCode
from proxy.routing.stored_facts import StoredFacts, keep_facts

MOST_NAMES: Final = 12
"""Routes that are named for one reason; of more only the number is kept."""


class StoredChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One route in the order of trying; see `decision.Choice`."""

    route: str
    mark: str = ""
    expected_nano: int | None = None
    quality: int | None = None


class StoredLosers(msgspec.Struct, frozen=True, omit_defaults=True):
    """The routes that lost for one reason: `count` of them, some named."""

    code: str
    count: int
    routes: tuple[str, ...]
    detail: str = ""


class StoredRunnerUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who came second and what decided; see `decision.RunnerUp`."""

    route: str
    by: str
    expected_nano: int | None = None
    quality: int | None = None
    margin_nano: int | None = None
    margin_quality: int | None = None


class StoredAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the model that was asked for would have cost."""

    route: str
    expected_nano: int | None = None


class StoredDecision(msgspec.Struct, frozen=True):
    """What the ledger keeps of a decision: names, numbers and sentences.

    `lane` and `billing` are those of the route that was `chosen`. The ledger reads
    these three by name for a request that its gateway did not live to finish.
    `rejected` is how older rows name the losers: route, code and sentence; `losers` has
    them by reason. The rest is as in `decision.Decision`; older rows lack it. `facts`
    is what was decided about, so that it can be decided again.
    """

    mode: str
    requested_model: str
    reason: str
    chosen: str | None
    lane: str | None
    standby: tuple[str, ...]
    rejected: tuple[tuple[str, str, str], ...] = ()
    billing: str | None = None
    intent: str | None = None
    route_class: str | None = None
    evidence: tuple[str, ...] = ()
    floor: int | None = None
    raised: str = ""
    choices: tuple[StoredChoice, ...] = ()
    losers: tuple[StoredLosers, ...] = ()
    runner_up: StoredRunnerUp | None = None
    asked: StoredAsked | None = None
    last_resort: bool = False
    mode_by: str = ""
    facts: StoredFacts | None = None


def stored(decision: Decision) -> StoredDecision:
    """Return what is kept of a decision."""
    first = decision.choices[0].route if decision.choices else None
    second, asked = decision.runner_up, decision.asked
    return StoredDecision(
        mode=decision.mode,
        requested_model=decision.requested_model,
        reason=decision.reason,
        chosen=first.name if first else None,
        lane=first.lane if first else None,
        standby=tuple(choice.route.name for choice in decision.choices[1:]),
        billing=first.billing if first else None,
        intent=decision.intent,
        route_class=decision.route_class,
        evidence=decision.evidence,
        floor=decision.floor,
        raised=decision.raised,
        choices=tuple(
            StoredChoice(each.route.name, each.mark, each.expected_nano, each.quality)
            for each in decision.choices
        ),
        losers=_grouped(decision.rejected),
        runner_up=StoredRunnerUp(
            second.route,
            second.by,
            second.expected_nano,
            second.quality,
            second.margin_nano,
            second.margin_quality,
        )
        if second
        else None,
        asked=StoredAsked(asked.route, asked.expected_nano) if asked else None,
        last_resort=decision.last_resort,
        mode_by=decision.mode_by,
        facts=keep_facts(decision.facts) if decision.facts else None,
    )


def write_decision(decision: Decision) -> str:
    """Return the JSON text the ledger stores for a decision."""
    return msgspec.json.encode(stored(decision)).decode()


def read_decision(text: str) -> StoredDecision:
    """Return the stored decision. Raises `msgspec.DecodeError` on anything else."""
    return msgspec.json.decode(text, type=StoredDecision)


def sentence_of(code: str, detail: str) -> str:
    """Return the clause that says why a route lost; a code of another version as is."""
    known = REASONS[ReasonCode(code)] if code in set(ReasonCode) else code
    return f"{known}: {detail}" if detail else known


def _grouped(rejected: Iterable[Rejected]) -> tuple[StoredLosers, ...]:
    """Return the losers by reason, the most frequent first."""
    groups: dict[tuple[ReasonCode, str], list[str]] = {}
    for each in rejected:
        groups.setdefault((each.code, each.detail), []).append(each.route)
    return tuple(
        StoredLosers(code, len(names), tuple(names[:MOST_NAMES]), detail)
        for (code, detail), names in sorted(
            groups.items(), key=lambda each: (-len(each[1]), each[0])
        )
    )
