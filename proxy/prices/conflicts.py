"""Finds where sources disagree about a price; it averages nothing and decides nothing.

The price that counts stays the one the model has: the user's own word for his own
entries, else the provider's documents. What another source says is shown beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Final

from proxy.money import Price
from proxy.prices.rates import Rates

AGGREGATOR: Final = "openrouter"
"""The provider whose offers are held against the makers' own prices."""

_MAKERS: Final = {
    "anthropic": "anthropic",
    "deepseek": "deepseek",
    "gemini": "google",
    "google": "google",
    "mistral": "mistralai",
    "moonshot": "moonshotai",
    "openai": "openai",
    "xai": "x-ai",
    "x-ai": "x-ai",
    "zai": "z-ai",
}
"""A provider's id -> the word the aggregator puts before its models' names."""

_VERSION_DASH = re.compile(r"(?<=-[0-9])-(?=[0-9](?:-|$))")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources differ by over 1 % about one price.

    `what` names it as `Price` does; amounts are dollars as in `Price`. For `cost` they
    are dollars of one request. `taken` counts; `source` says `other`.
    """

    what: str
    taken: Decimal
    other: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What one answer said that it cost, and what the table would have made of it."""

    told_nano: int
    table_nano: int


def conflicts(
    taken: Rates, others: Iterable[Rates], moment: datetime
) -> tuple[Conflict, ...]:
    """Return where `others` differ from `taken` about an ordinary request at `moment`.

    A price that only one of them knows is no conflict.
    """
    ours = taken.price(0, moment)
    if ours is None:
        return ()
    return tuple(
        conflict
        for other in others
        if (theirs := other.price(0, moment)) is not None
        for conflict in _between(ours, theirs, str(other.source))
    )


def _between(ours: Price, theirs: Price, source: str) -> Iterator[Conflict]:
    for field in fields(Price):
        one, two = _said(ours, field.name), _said(theirs, field.name)
        if one is not None and two is not None and differ(one, two):
            yield Conflict(field.name, one, two, source)


def _said(price: Price, name: str) -> Decimal | None:
    """Return what a source said itself: a cache's price may stand in for none."""
    value: Decimal | None = getattr(price, name)
    return None if name.startswith("cache") and value == price.input else value


def differ(one: Decimal, two: Decimal) -> bool:
    """Say whether two amounts are apart by over 1 % of the smaller one."""
    return abs(one - two) * 100 > min(abs(one), abs(two))


def observed_conflict(seen: Iterable[Observed]) -> Conflict | None:
    """Return where the costs in a model's answers differ from the table, or None.

    `seen` stands newest first; the newest that differs is named.
    """
    for each in seen:
        # A nano-dollar apart is rounding, however small the request.
        told, table = Decimal(each.told_nano), Decimal(each.table_nano)
        if abs(told - table) > 1 and differ(told, table):
            source = "the cost in an answer (observed-usage)"
            return Conflict("cost", table.scaleb(-9), told.scaleb(-9), source)
    return None


def aggregator_names(provider_id: str, model_id: str) -> tuple[str, ...]:
    """Return the ids under which the aggregator may offer this maker's model.

    They are exact: the maker's word and the model's id, as it stands and with the dot
    that the aggregator writes in version numbers (`claude-opus-4-5` is its
    `anthropic/claude-opus-4.5`). Empty for providers that make no models.
    """
    maker = _MAKERS.get(provider_id)
    if maker is None:
        return ()
    dotted = _VERSION_DASH.sub(".", model_id)
    return tuple(dict.fromkeys((f"{maker}/{model_id}", f"{maker}/{dotted}")))
