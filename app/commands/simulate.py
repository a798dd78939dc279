"""The command that says where requests would go under other wishes; it sends none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

from msgspec import Meta

from app.commands.client_names import profile_named
from app.commands.spend import from_ledger
from app.failure import CommandFailed, Exit
from app.routing_now import RoutingNow, routing_now
from app.services import Services
from proxy.routing import Mark, Mode, StoredDecision, explain
from proxy.routing.stored import sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.what_if import Pair
    from proxy.ledger.rows import Event

MOST = 1_000
"""Requests that are looked at in one go."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a request goes: `route` is '' where none can take it, `why` says it.

    `expected_nano` is what it is expected to cost in nano-dollars, None where unknown;
    `quality` 0 to 100, None where nothing is known; `downgrade` that it is weaker than
    the request needs.
    """

    route: str
    lane: str | None
    quality: int | None
    expected_nano: int | None
    downgrade: bool
    why: str


@dataclass(frozen=True, slots=True)
class SimulatedRow:
    """One request before and after; `request` is its id, or its place in the file.

    `changed` says that it goes elsewhere.
    """

    request: str
    client: str
    route_class: str
    requested_model: str
    before: Outcome
    after: Outcome
    changed: bool


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A request that could not be looked at, and why."""

    request: str
    why: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """Decisions before and after, and what they add up to.

    `recorded` says that `before` is what was decided at the time; else it is what would
    be decided now. `what_if` is the change in words, '' without one. `before_nano` and
    `after_nano` are expected nano-dollars of the `compared` requests, those whose cost
    is known on both sides. `changed` counts requests that take another route,
    `downgrades` those that would go below what they need, `weaker` those that would get
    a model of lower quality than before, `unroutable` those that nobody could take.
    `left_out` is how many a file has beyond those that are looked at. `told` is the
    decision in sentences where it is one request.
    """

    recorded: bool
    what_if: str
    rows: tuple[SimulatedRow, ...]
    skipped: tuple[SkippedRow, ...]
    compared: int
    before_nano: int
    after_nano: int
    changed: int
    downgrades: int
    weaker: int
    unroutable: int
    left_out: int = 0
    told: tuple[str, ...] = ()


async def simulate(
    services: Services,
    file: Annotated[
        str | None,
        Meta(
            description="A request's body as JSON, or a request on each line with "
            "`body`, `path` or `protocol`, and `headers`.",
            extra={"place": True},
        ),
    ] = None,
    *,
    last: Annotated[
        int,
        Meta(ge=1, le=MOST, description="The last so many recorded requests instead."),
    ]
    | None = None,
    mode: Annotated[Mode | None, Meta(description="As if this were your mode.")] = None,
    without: Annotated[
        str | None,
        Meta(description="As if this provider were not there; several with commas."),
    ] = None,
    client: Annotated[
        str | None,
        Meta(description="Who sends the file; with --last only requests of this one."),
    ] = None,
) -> Simulation:
    """Say where requests would go and what that would cost; nothing is sent."""
    from app.samples import read_samples
    from app.what_if import Change, Pair, Skipped, from_record, from_samples

    if (file is None) is (last is None):
        raise CommandFailed(
            "Nothing was simulated",
            "Either a file or --last and a number is needed, and not both.",
            f"See {services.command_path} simulate --help.",
            Exit.USAGE,
        )
    now = await routing_now(services)
    change = Change(mode, _providers(without, now))
    left_out = 0
    if file is None:
        events = await _recorded(services, last or 1, client)
        found = from_record(services, events, now, change)
    else:
        profile = profile_named(services, client) if client else None
        samples = await asyncio.to_thread(read_samples, file)
        left_out = max(len(samples) - MOST, 0)
        found = from_samples(services, samples[:MOST], profile, now, change)
    async with from_ledger():
        every = [each async for each in found]
    pairs = [each for each in every if isinstance(each, Pair)]
    skipped = [each for each in every if isinstance(each, Skipped)]
    if skipped and not pairs:
        raise CommandFailed(
            "Nothing could be simulated",
            f"{skipped[0].name}: {skipped[0].why}",
            f"See {services.command_path} simulate --help for what it takes.",
        )
    rows = tuple(map(_row, pairs))
    told = explain(pairs[0].after) if len(every) == 1 else ()
    return Simulation(
        recorded=file is None,
        what_if=change.words,
        rows=rows,
        skipped=tuple(SkippedRow(each.name, each.why) for each in skipped),
        **_sums(rows),
        left_out=left_out,
        told=told,
    )


def _providers(without: str | None, now: RoutingNow) -> frozenset[str]:
    """Return the ids of the providers that are to be thought away."""
    named = frozenset(each.strip() for each in (without or "").split(",")) - {""}
    known = {provider.id for provider in now.catalogue.providers}
    strange = sorted(named - known)
    if strange:
        there = ", ".join(sorted(known)) or "none"
        raise CommandFailed(
            "There is no such provider",
            f"{strange[0][:40]!r} is not configured; these are: {there}. Nothing was "
            "simulated.",
            exit_code=Exit.USAGE,
        )
    if named and named == known:
        raise CommandFailed(
            "No provider is left",
            "Without these there is nobody to send a request to. Nothing was "
            "simulated.",
            exit_code=Exit.USAGE,
        )
    return named


async def _recorded(
    services: Services, count: int, client: str | None
) -> tuple[Event, ...]:
    """Return the last requests of the record, of one client where that is named."""
    async with from_ledger():
        found = await services.ledger.recent(MOST if client else count)
    if client:
        found = tuple(each for each in found if each.client == client)[:count]
    if not found:
        of = f" of {client}" if client else ""
        raise CommandFailed(
            "Nothing is recorded yet",
            f"The record holds no finished request{of}, so there is nothing to decide "
            "again.",
            f"{services.command_path} events lists the recent ones.",
        )
    return found


def _row(pair: Pair) -> SimulatedRow:
    before, after = _outcome(pair.before), _outcome(pair.after)
    return SimulatedRow(
        request=pair.name,
        client=pair.client,
        route_class=pair.after.route_class or "",
        requested_model=pair.after.requested_model,
        before=before,
        after=after,
        changed=before.route != after.route,
    )


def _outcome(decision: StoredDecision) -> Outcome:
    first = next(iter(decision.choices), None)
    if first is None:
        return Outcome("", None, None, None, downgrade=False, why=_nobody(decision))
    return Outcome(
        first.route,
        decision.lane,
        first.quality,
        first.expected_nano,
        downgrade=first.mark == Mark.DOWNGRADE,
        why=decision.reason,
    )


def _nobody(decision: StoredDecision) -> str:
    for group in decision.losers:
        others = {1: "", 2: " and 1 other"}
        more = others.get(group.count, f" and {group.count - 1} others")
        said = sentence_of(group.code, group.detail)
        return f"No route can take it; {group.routes[0]}{more}: {said}."
    return "No route can take it."


class _Sums(TypedDict):
    compared: int
    before_nano: int
    after_nano: int
    changed: int
    downgrades: int
    weaker: int
    unroutable: int


def _sums(rows: Sequence[SimulatedRow]) -> _Sums:
    costs = [
        (row.before.expected_nano, row.after.expected_nano)
        for row in rows
        if row.before.expected_nano is not None and row.after.expected_nano is not None
    ]
    return _Sums(
        compared=len(costs),
        before_nano=sum(before or 0 for before, _ in costs),
        after_nano=sum(after or 0 for _, after in costs),
        changed=sum(row.changed and bool(row.after.route) for row in rows),
        downgrades=sum(row.after.downgrade for row in rows),
        weaker=sum(_is_weaker(row) for row in rows),
        unroutable=sum(not row.after.route for row in rows),
    )


def _is_weaker(row: SimulatedRow) -> bool:
    before, after = row.before.quality, row.after.quality
    return before is not None and after is not None and after < before
