"""A catalogue prepared for choosing: every route with what is compared, as numbers.

It must not know a request: what is made here is made once and serves all of them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from proxy.catalogue import Billing, Catalogue, Route
from proxy.model import Protocol
from proxy.money import Price
from proxy.prices.rates import Rate, Rates
from proxy.routing.decision import Rejected
from proxy.routing.facts import RANKS, Tier
from proxy.routing.reasons import ReasonCode

UNLIMITED: Final = 1 << 60
"""Stands for a context that nobody told."""

NO_RANK: Final = -1
"""The rank of a model of which nothing is known."""

_DATE: Final = re.compile(r"-20[0-9]{6}\Z")
_FREE: Final = frozenset({Billing.SUBSCRIPTION, Billing.LOCAL, Billing.FREE_TIER})
# Prices are kept as whole numbers: a millionth of a nano-dollar for each token.
SCALE: Final = 1_000_000
HALF: Final = SCALE // 2
_PER_DOLLAR: Final = Decimal(1000 * SCALE)

Prices: TypeAlias = tuple[int, int, int]
"""Of one token of fresh input, of cached input and of output; see `nano`."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One route and what is compared of it.

    `quality` is 0 to 100, None where nothing is known; `by_class` has other numbers for
    single classes. `listed` is the route's name with its model's listed id, where the
    name that goes upstream is another one (a date behind it). `rank` is the tier's,
    weakest 0, `NO_RANK` where nothing is known.
    `context` is in tokens. `foreign` tells that it takes a translation, `free` that a
    call costs nothing beyond what is paid anyway, `lent` that the client's own
    credential goes along. `worse` is the negative quality, 1 where that is unknown.
    `rates` are its prices, also of a name that is not listed. `below`, `beaten` and
    `surplus` are the route
    as rejected for what most of many routes lose by; `losses` remembers it as rejected
    for other reasons.
    """

    route: Route
    name: str
    listed: str
    provider: str
    group: str
    lane: str | None
    quality: int | None
    by_class: Mapping[str, int]
    rank: int
    context: int
    foreign: bool
    free: bool
    covered: bool
    lent: bool
    worse: int
    below: Rejected
    beaten: Rejected
    surplus: Rejected
    rates: Rates | None
    at: int = -1
    losses: dict[ReasonCode, Rejected] = field(default_factory=dict, repr=False)

    def lost(self, code: ReasonCode, detail: str = "") -> Rejected:
        """Return this route as rejected for `code`."""
        if detail:
            return Rejected(self.name, code, detail)
        found = self.losses.get(code)
        if found is None:
            # Most of many routes lose for the same few reasons, request after request.
            found = self.losses[code] = Rejected(self.name, code)
        return found

    def prices(self, tokens: int, moment: datetime) -> Prices | None:
        """Return its list prices for a prompt of `tokens`; None where unknown."""
        if self.rates is None:
            return None
        return _scaled(self.rates.price(tokens, moment))


def entry_of(
    route: Route,
    protocol: Protocol,
    tier_quality: Mapping[Tier, int],
    at: int = -1,
) -> Entry:
    """Return `route` as clients of `protocol` see it; `at` is its place in a ground."""
    model, lane = route.model, route.lane
    tier = route.tier
    quality = model.quality if model else None
    rank = RANKS.get(tier, NO_RANK)
    if quality is None and rank != NO_RANK:
        quality = tier_quality[Tier(tier)]
    if rank == NO_RANK and quality is not None:
        rank = max(sum(quality >= least for least in tier_quality.values()) - 1, 0)
    return Entry(
        route=route,
        name=route.name,
        listed=f"{route.provider.id}/{model.id}" if model else route.name,
        provider=route.provider.id,
        group=route.quota_group,
        lane=lane,
        quality=quality,
        by_class=dict(model.class_quality) if model else {},
        rank=rank,
        context=(model.context if model else None) or UNLIMITED,
        foreign=route.protocol is not protocol,
        free=route.billing in _FREE,
        covered=route.billing is Billing.SUBSCRIPTION,
        lent=route.provider.key.kind == "client",
        worse=1 if quality is None else -quality,
        below=Rejected(route.name, ReasonCode.BELOW_FLOOR),
        beaten=Rejected(route.name, ReasonCode.BEATEN),
        surplus=Rejected(route.name, ReasonCode.ATTEMPT_LIMIT),
        rates=route.rates,
        at=at,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """All listed routes for clients of one protocol.

    `named` has the places in `entries` by a model's id or other name. What is made from
    it is remembered in it: prices, which change at few sizes, dates and hours, the
    `unlisted` routes to a name, what was `sifted` for some needs and `levelled` by a
    floor.
    """

    entries: tuple[Entry, ...]
    named: Mapping[str, tuple[int, ...]]
    _sizes: tuple[int, ...]
    _dates: tuple[datetime, ...]
    _minutes: tuple[int, ...]
    _prices: dict[tuple[int, int, int], tuple[Prices | None, ...]] = field(
        default_factory=dict, repr=False
    )
    unlisted: dict[str, tuple[Entry, ...]] = field(default_factory=dict, repr=False)
    levelled: dict[Hashable, tuple[tuple[Entry, ...], tuple[Entry, ...]]] = field(
        default_factory=dict, repr=False
    )
    sifted: dict[Hashable, tuple[tuple[Entry, ...], tuple[Rejected, ...]]] = field(
        default_factory=dict, repr=False
    )

    def places(self, name: str) -> tuple[int, ...]:
        """Return where in `entries` the model `name` is, a date behind it or not."""
        return self.named.get(name) or self.named.get(_DATE.sub("", name), ())

    def prices(self, tokens: int, moment: datetime) -> tuple[Prices | None, ...]:
        """Return the list prices that hold for a prompt of `tokens`, by entry."""
        moment = _utc(moment)
        minute = moment.hour * 60 + moment.minute
        key = (
            bisect_left(self._sizes, tokens),
            bisect_right(self._dates, moment),
            bisect_right(self._minutes, minute),
        )
        found = self._prices.get(key)
        if found is None:
            found = tuple(entry.prices(tokens, moment) for entry in self.entries)
            self._prices[key] = found
        return found


def ground_of(
    catalogue: Catalogue, protocol: Protocol, tier_quality: Mapping[Tier, int]
) -> Ground:
    """Return the catalogue prepared for clients of `protocol`; made once."""
    return _ground(_Same(catalogue, tier_quality), protocol)


def nano(prices: Prices, fresh: int, cached: int, output: int) -> int:
    """Return what tokens cost in nano-dollars, rounded to the nearest."""
    whole = fresh * prices[0] + cached * prices[1] + output * prices[2]
    return (whole + HALF) // SCALE


class _Same:
    """Compares by being the very same values: equality would read every model."""

    __slots__ = ("catalogue", "tiers")

    def __init__(self, catalogue: Catalogue, tiers: Mapping[Tier, int]) -> None:
        self.catalogue = catalogue
        self.tiers = tiers

    def __hash__(self) -> int:
        return hash((id(self.catalogue), id(self.tiers)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Same)
            and self.catalogue is other.catalogue
            and self.tiers is other.tiers
        )


@lru_cache(maxsize=16)
def _ground(key: _Same, protocol: Protocol) -> Ground:
    entries = tuple(
        entry_of(route, protocol, key.tiers, at)
        for at, route in enumerate(key.catalogue.options(protocol))
    )
    named: dict[str, tuple[int, ...]] = {}
    for entry in entries:
        for name in _names(entry.route):
            named[name] = (*named.get(name, ()), entry.at)
    rates = [rate for entry in entries for rate in _rates(entry)]
    minutes = {
        minute
        for rate in rates
        for minute in (rate.from_minute, rate.to_minute)
        if minute is not None
    }
    return Ground(
        entries,
        named,
        _sizes=tuple(sorted({rate.above for rate in rates})),
        _dates=tuple(sorted({_utc(rate.starts) for rate in rates if rate.starts})),
        _minutes=tuple(sorted(minutes)),
    )


def _names(route: Route) -> Iterator[str]:
    if route.model is not None:
        yield from dict.fromkeys((route.model.id, *route.model.aliases))


def _rates(entry: Entry) -> tuple[Rate, ...]:
    return entry.rates.entries if entry.rates else ()


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _scaled(price: Price | None) -> Prices | None:
    if price is None or price.input is None or price.output is None:
        return None
    # What has no price of its own in the cache is paid for like any other input.
    cached = price.input if price.cache_read is None else price.cache_read
    fresh, read, output = (
        int((each * _PER_DOLLAR).to_integral_value())
        for each in (price.input, cached, price.output)
    )
    return fresh, read, output
