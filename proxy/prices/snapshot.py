"""A snapshot of prices in the form that requests are priced with.

It must not fetch anything, nor decide which snapshot is in force. A snapshot never
changes: what was priced with it can always be priced again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Final

import resources
from proxy.money import Price
from proxy.prices.document import (
    Document,
    EntryRow,
    ModelRow,
    SourceRow,
    amount,
    minute_of,
    read_document,
)
from proxy.prices.matching import find
from proxy.prices.rates import Rate, Rates, Source

SHIPPED: Final = "prices/snapshot.json"
"""The snapshot that ships with Turnout, below `resources`."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All prices of one document.

    `id` names where it came from, `digest` is the SHA-256 of its bytes in hexadecimal
    digits: equal digests mean equal prices.
    """

    id: str
    digest: str
    document: Document
    _rates: Mapping[str, Mapping[str, Rates]] = field(repr=False, hash=False)

    def rates(self, provider_id: str, model_id: str) -> Rates | None:
        """Return a model's prices, None where the snapshot does not list it.

        The exact id, a listed alias, or one of them with a date behind it;
        `Rates.priced_as` says which id was found.
        """
        return find(self._rates.get(provider_id, {}), model_id)


def snapshot_of(data: bytes) -> Snapshot:
    """Return the snapshot of a price document.

    Raises `DocumentError` where it cannot be used.
    """
    document = read_document(data)
    rates = {
        provider.id: MappingProxyType(
            {
                name: each
                for model in provider.models
                for each in (rates_of(model, provider.source),)
                for name in (model.id, *model.aliases)
            }
        )
        for provider in document.providers
    }
    digest = hashlib.sha256(data).hexdigest()
    return Snapshot(document.id, digest, document, MappingProxyType(rates))


@cache
def price_snapshot() -> Snapshot:
    """Return the snapshot that ships with Turnout; it is read once."""
    return snapshot_of(resources.data(SHIPPED))


def rates_of(model: ModelRow, source: SourceRow) -> Rates:
    """Return a model's row as rates; `source` holds where an entry has none."""
    entries = tuple(_rate(entry) for entry in model.entries)
    return Rates(entries, _source(source), model.id)


def _rate(entry: EntryRow) -> Rate:
    return Rate(
        price=_price(entry),
        above=entry.above,
        starts=_midnight(entry.starts) if entry.starts else None,
        from_minute=minute_of(entry.begin),
        to_minute=minute_of(entry.end),
        variant=tuple(sorted(entry.variant.items())),
        source=_source(entry.source) if entry.source else None,
        sources=tuple((name, _source(row)) for name, row in entry.sources.items()),
    )


def _price(entry: EntryRow) -> Price:
    told: dict[str, Decimal] = {
        name: amount(text) for name, text in entry.prices.items()
    }
    # Who lists no price for a cache bills what goes through it as other input.
    return Price(
        input=told.get("input"),
        output=told.get("output"),
        cache_read=told.get("cache_read", told.get("input")),
        cache_write=told.get("cache_write", told.get("input")),
        cache_write_1h=told.get("cache_write_1h"),
        web_search=told.get("web_search"),
        reasoning=told.get("reasoning"),
    )


def _source(row: SourceRow) -> Source:
    return Source(row.type, row.reference, _midnight(row.retrieved), row.url)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
