"""Folds ledger entries into spend; pure: no SQL, no clock, no formatting.

Four amounts are never mixed: *billed* is metered, *covered* is what a subscription or
a free tier took at list price, *local* requests cost nothing and are counted, and
*unknown* ones are counted because their cost is not known.

A request is counted once. What it cost is split by the routes that took it: an attempt
that used tokens and failed stands with its own provider, billing and lane.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from proxy.ledger.rows import Attempt

_NO_CLIENT = "unknown"
_NO_MODEL = "none"
_NO_LANE = "unlisted"
_LOCAL = "local"


class Priced(Protocol):
    """What a report reads of a finished request (`proxy.ledger.Event` has it)."""

    @property
    def client(self) -> str | None:
        """Return who asked."""

    @property
    def provider(self) -> str | None:
        """Return who answered; None where nothing was sent."""

    @property
    def model(self) -> str | None:
        """Return what answered."""

    @property
    def lane(self) -> str | None:
        """Return the lane of what answered."""

    @property
    def billing(self) -> str | None:
        """Return how it is paid."""

    @property
    def mark(self) -> str:
        """Return what taking that route meant: `downgrade`, `escalation` or another."""

    @property
    def cost_nano(self) -> int | None:
        """Return the whole cost in nano-dollars; None where a part is unknown."""

    @property
    def answer_cost_nano(self) -> int | None:
        """Return what the route that came last cost of it."""

    @property
    def asked_cost_nano(self) -> int | None:
        """Return what the model that was asked for would have cost; an estimate."""

    @property
    def spent(self) -> tuple[tuple[int, Attempt], ...]:
        """Return the attempts before that used something, numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Parts of requests that have client, route, lane and billing in common.

    `requests` are counted where they ended; `unpriced` is how many parts have no known
    cost, `cost_nano` the sum of the others. The rest is about those requests as
    wholes: `unknown` how many have an unknown part, `downgrades` and `escalations` how
    many were marked so, `compared` how many can be compared with the model that was
    asked for, `compared_nano` what they cost and `asked_nano` what that would have.
    """

    client: str | None
    provider: str | None
    model: str | None
    billing: str | None
    requests: int
    unpriced: int
    cost_nano: int
    lane: str | None = None
    unknown: int = 0
    downgrades: int = 0
    escalations: int = 0
    compared: int = 0
    compared_nano: int = 0
    asked_nano: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One client's, model's or lane's part of a report; amounts in nano-dollars.

    Of a client `unknown_requests` counts requests with any part of unknown cost; of a
    model or lane the parts that it took. `asked_estimate_nano` is what the models asked
    for would have cost for `compared_requests`, on the same tokens at list price, and
    `saved_estimate_nano` how much less those requests cost; both are estimates, because
    models count tokens differently.
    """

    name: str
    requests: int = 0
    billed_nano: int = 0
    covered_nano: int = 0
    local_requests: int = 0
    unknown_requests: int = 0
    downgrades: int = 0
    escalations: int = 0
    compared_requests: int = 0
    asked_estimate_nano: int = 0
    saved_estimate_nano: int = 0

    def plus(self, other: Share) -> Share:
        """Return the sum of both under this one's name."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _COUNTED}
        return Share(name=self.name, **sums)


_COUNTED = tuple(each.name for each in fields(Share) if each.name != "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReport:
    """What requests cost, in nano-dollars, in all, by client, by model and by lane.

    The amounts are those of `Share`. Shares are sorted: what cost most comes first. A
    model's name is `provider/model`; requests that reached none are under `none`, and
    models without a lane under `unlisted`.
    """

    requests: int = 0
    billed_nano: int = 0
    covered_nano: int = 0
    local_requests: int = 0
    unknown_requests: int = 0
    by_client: tuple[Share, ...] = ()
    by_model: tuple[Share, ...] = ()
    by_lane: tuple[Share, ...] = ()
    downgrades: int = 0
    escalations: int = 0
    compared_requests: int = 0
    asked_estimate_nano: int = 0
    saved_estimate_nano: int = 0

    def __add__(self, other: SpendReport) -> SpendReport:
        return _report(
            (*self.by_client, *other.by_client),
            (*self.by_model, *other.by_model),
            (*self.by_lane, *other.by_lane),
        )


def report(events: Iterable[Priced]) -> SpendReport:
    """Return the spend of finished requests, in whatever order they come."""
    return fold(tally for event in events for tally in _tallies(event))


def fold(tallies: Iterable[Tally]) -> SpendReport:
    """Return the spend of requests that were already summed, as SQL does it."""
    every = tuple(tallies)
    return _report(
        (
            _share(tally.client or _NO_CLIENT, tally, unknown=tally.unknown)
            for tally in every
        ),
        (_part(_model(tally), tally) for tally in every),
        (_part(tally.lane or _NO_LANE, tally) for tally in every if tally.provider),
    )


def _tallies(event: Priced) -> Iterator[Tally]:
    """Yield the request where it ended, then what it spent before."""
    whole, answer, asked = (
        event.cost_nano,
        event.answer_cost_nano,
        event.asked_cost_nano,
    )
    compared = whole is not None and asked is not None
    # A local answer costs nothing, told or not; an attempt before it may have.
    elsewhere = event.billing != _LOCAL or answer is not None
    yield Tally(
        client=event.client,
        provider=event.provider,
        model=event.model,
        lane=event.lane,
        billing=event.billing,
        requests=1,
        unpriced=int(answer is None),
        cost_nano=answer or 0,
        unknown=int(whole is None and elsewhere),
        downgrades=int(event.mark == "downgrade"),
        escalations=int(event.mark == "escalation"),
        compared=int(compared),
        compared_nano=(whole or 0) if compared else 0,
        asked_nano=(asked or 0) if compared else 0,
    )
    for _, attempt in event.spent:
        yield Tally(
            client=event.client,
            provider=attempt.provider,
            model=attempt.model,
            lane=attempt.lane,
            billing=attempt.billing,
            requests=0,
            unpriced=int(attempt.cost_nano is None),
            cost_nano=attempt.cost_nano or 0,
        )


def _model(tally: Tally) -> str:
    if tally.provider is None:
        return _NO_MODEL
    return f"{tally.provider}/{tally.model or _NO_MODEL}"


def _part(name: str, tally: Tally) -> Share:
    """Return a tally as its model or its lane has it."""
    unknown = 0 if tally.billing == _LOCAL else tally.unpriced
    return _share(name, tally, unknown=unknown)


def _share(name: str, tally: Tally, *, unknown: int) -> Share:
    """Sort a tally's cost by its billing mode."""
    covers = tally.billing in {"subscription", "free-tier"}
    local = tally.billing == _LOCAL
    return Share(
        name=name,
        requests=tally.requests,
        billed_nano=0 if covers or local else tally.cost_nano,
        covered_nano=tally.cost_nano if covers else 0,
        local_requests=tally.requests if local else 0,
        unknown_requests=unknown,
        downgrades=tally.downgrades,
        escalations=tally.escalations,
        compared_requests=tally.compared,
        asked_estimate_nano=tally.asked_nano,
        saved_estimate_nano=tally.asked_nano - tally.compared_nano,
    )


def _report(
    by_client: Iterable[Share], by_model: Iterable[Share], by_lane: Iterable[Share]
) -> SpendReport:
    clients = _merged(by_client)
    total = Share(name="")
    for share in clients:
        total = total.plus(share)
    return SpendReport(
        **{name: getattr(total, name) for name in _COUNTED},
        by_client=clients,
        by_model=_merged(by_model),
        by_lane=_merged(by_lane),
    )


def _merged(shares: Iterable[Share]) -> tuple[Share, ...]:
    """Add up shares of one name; the dearest first, then the busiest, then by name."""
    sums: defaultdict[str, list[Share]] = defaultdict(list)
    for share in shares:
        sums[share.name].append(share)
    merged = []
    for name, parts in sums.items():
        total = Share(name=name)
        for part in parts:
            total = total.plus(part)
        merged.append(total)
    return tuple(
        sorted(
            merged,
            key=lambda share: (
                -(share.billed_nano + share.covered_nano),
                -share.requests,
                share.name,
            ),
        )
    )
