"""Folds ledger entries into spend; pure: no SQL, no clock, no formatting.

Four amounts are never mixed: *billed* is metered, *covered* is what a subscription or
a free tier took at list price, *local* requests cost nothing and are counted, and
*unknown* ones are counted because their cost is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

_NO_CLIENT = "unknown"
_NO_MODEL = "none"


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
    def billing(self) -> str | None:
        """Return how it is paid."""

    @property
    def cost_nano(self) -> int | None:
        """Return the cost in nano-dollars; None where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Requests that have client, model and billing in common.

    `cost_nano` is the sum of their known costs in nano-dollars, `unpriced` how many
    of the `requests` have none.
    """

    client: str | None
    provider: str | None
    model: str | None
    billing: str | None
    requests: int
    unpriced: int
    cost_nano: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One client's or one model's part of a report; amounts in nano-dollars."""

    name: str
    requests: int = 0
    billed_nano: int = 0
    covered_nano: int = 0
    local_requests: int = 0
    unknown_requests: int = 0

    def plus(self, other: Share) -> Share:
        """Return the sum of both under this one's name."""
        return Share(
            name=self.name,
            requests=self.requests + other.requests,
            billed_nano=self.billed_nano + other.billed_nano,
            covered_nano=self.covered_nano + other.covered_nano,
            local_requests=self.local_requests + other.local_requests,
            unknown_requests=self.unknown_requests + other.unknown_requests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendReport:
    """What requests cost, in nano-dollars, in all and by client and by model.

    Shares are sorted: what cost most comes first. A model's name is
    `provider/model`; requests that reached none are under `none`.
    """

    requests: int = 0
    billed_nano: int = 0
    covered_nano: int = 0
    local_requests: int = 0
    unknown_requests: int = 0
    by_client: tuple[Share, ...] = ()
    by_model: tuple[Share, ...] = ()

    def __add__(self, other: SpendReport) -> SpendReport:
        return _report(
            (*self.by_client, *other.by_client), (*self.by_model, *other.by_model)
        )


def report(events: Iterable[Priced]) -> SpendReport:
    """Return the spend of finished requests, in whatever order they come."""
    return fold(
        Tally(
            client=event.client,
            provider=event.provider,
            model=event.model,
            billing=event.billing,
            requests=1,
            unpriced=int(event.cost_nano is None),
            cost_nano=event.cost_nano or 0,
        )
        for event in events
    )


def fold(tallies: Iterable[Tally]) -> SpendReport:
    """Return the spend of requests that were already summed, as SQL does it."""
    every = tuple(tallies)
    return _report(
        (_share(tally.client or _NO_CLIENT, tally) for tally in every),
        (_share(_model(tally), tally) for tally in every),
    )


def _model(tally: Tally) -> str:
    if tally.provider is None:
        return _NO_MODEL
    return f"{tally.provider}/{tally.model or _NO_MODEL}"


def _share(name: str, tally: Tally) -> Share:
    """Sort a tally's cost by its billing mode."""
    known, unknown = tally.cost_nano, tally.unpriced
    match tally.billing:
        case "local":
            return Share(
                name=name, requests=tally.requests, local_requests=tally.requests
            )
        case "subscription" | "free-tier":
            return Share(
                name=name,
                requests=tally.requests,
                covered_nano=known,
                unknown_requests=unknown,
            )
        case _:
            return Share(
                name=name,
                requests=tally.requests,
                billed_nano=known,
                unknown_requests=unknown,
            )


def _report(by_client: Iterable[Share], by_model: Iterable[Share]) -> SpendReport:
    clients = _merged(by_client)
    total = Share(name="")
    for share in clients:
        total = total.plus(share)
    return SpendReport(
        requests=total.requests,
        billed_nano=total.billed_nano,
        covered_nano=total.covered_nano,
        local_requests=total.local_requests,
        unknown_requests=total.unknown_requests,
        by_client=clients,
        by_model=_merged(by_model),
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
