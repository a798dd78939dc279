"""Compares two sets of prices and says what speaks against taking the newer one.

It must not apply anything. Prices are given by route, `provider/model`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from proxy.money import Price
from proxy.prices.conditions import amount, base_rate, known_amounts
from proxy.prices.rates import Rate, Rates, Source

Priced = Mapping[str, Rates]
"""All prices of one document, by `provider/model`."""

SHRINKS_BELOW: Final = Decimal("0.8")
"""The share of today's models below which a newer document counts as cut off."""

_FEW: Final = 10  # of fewer prices of a kind than this, a share says nothing

JUMP: Final = 10
"""The factor from which on a change is named before all others."""

_DEAREST = 100_000  # dollars per million tokens; a hundred times the dearest known
_AHEAD = timedelta(days=1)  # clocks may differ by that much


class Kind(StrEnum):
    """What happened to a model's prices."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """How one model's prices differ; `what` says it in words (`input 2 -> 3`).

    `jump` marks a price that became ten times as high or as low, or free, or that was
    free.
    """

    kind: Kind
    route: str
    what: str
    jump: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What a newer document would change: the jumps first, then by route.

    `same` counts the models whose prices stay as they are.
    """

    changes: tuple[Change, ...]
    same: int

    def count(self, kind: Kind) -> int:
        """Return how many models were added, removed or changed."""
        return sum(change.kind is kind for change in self.changes)


def difference(old: Priced, new: Priced, moment: datetime) -> Difference:
    """Return what changes from `old` to `new`, in the prices that hold at `moment`.

    That a source was looked at again is no change.
    """
    changes = [
        Change(Kind.ADDED, r, _told(new[r], moment)) for r in new if r not in old
    ]
    changes += [
        Change(Kind.REMOVED, r, _told(old[r], moment)) for r in old if r not in new
    ]
    both = [route for route in old if route in new]
    moved = [r for r in both if _prices(old[r]) != _prices(new[r])]
    changes += [_changed(route, old[route], new[route], moment) for route in moved]
    changes.sort(key=lambda change: (not change.jump, change.route))
    return Difference(tuple(changes), len(both) - len(moved))


def _prices(rates: Rates) -> tuple[Rate, ...]:
    return tuple(replace(entry, source=None) for entry in rates.entries)


def _told(rates: Rates, moment: datetime) -> str:
    price = _base(rates, moment)
    told = f"input {amount(price.input)}, output {amount(price.output)}"
    return told if len(rates.entries) == 1 else f"{told}, with conditions"


def _base(rates: Rates, moment: datetime) -> Price:
    rate = base_rate(rates, moment)
    return rate.price if rate else Price()


def _changed(route: str, old: Rates, new: Rates, moment: datetime) -> Change:
    before, after = _base(old, moment), _base(new, moment)
    moved = [
        (field.name, getattr(before, field.name), getattr(after, field.name))
        for field in fields(Price)
        if getattr(before, field.name) != getattr(after, field.name)
    ]
    words = [f"{name} {amount(one)} -> {amount(two)}" for name, one, two in moved]
    jump = any(_jumps(one, two) for _, one, two in moved)
    return Change(Kind.CHANGED, route, ", ".join(words) or "its conditions", jump)


def _jumps(one: Decimal | None, two: Decimal | None) -> bool:
    if one is None or two is None:
        return False
    low, high = sorted((one, two))
    return high > 0 and high >= low * JUMP


def shrinks(old: Priced, new: Priced) -> str:
    """Return the sentence that `new` says suspiciously little, '' where it does not.

    Counted are models and single amounts: a document that was cut off on its way, or
    lost its columns, is sound JSON at times.
    """
    if len(new) < len(old) * SHRINKS_BELOW:
        return (
            f"It has prices of {len(new):,} models where {len(old):,} are known now,"
            " which is less than 80 %."
        )
    kept, known = (sum(map(_said, priced.values())) for priced in (new, old))
    if kept < known * SHRINKS_BELOW:
        return (
            f"It has {kept:,} single prices where {known:,} are known now, which is"
            " less than 80 %."
        )
    for field in fields(Price):
        name = field.name
        kept, known = (_telling(priced, name) for priced in (new, old))
        if known >= _FEW and kept < known * SHRINKS_BELOW:
            return (
                f"It has the price `{name}` of {kept:,} models where {known:,} are"
                " known now, which is less than 80 %."
            )
    return ""


def _said(rates: Rates) -> int:
    return sum(
        _is_said(entry.price, field.name)
        for entry in rates.entries
        for field in fields(Price)
    )


def _telling(priced: Priced, name: str) -> int:
    """Count the models of which some entry has the price `name`."""
    return sum(
        any(_is_said(entry.price, name) for entry in rates.entries)
        for rates in priced.values()
    )


def _is_said(price: Price, name: str) -> bool:
    """Say whether the source says it: the input's price stands in for a cache's."""
    value: Decimal | None = getattr(price, name)
    return value is not None and not (name.startswith("cache") and value == price.input)


def objections(new: Priced, now: datetime) -> tuple[str, ...]:
    """Return the sentences why prices cannot be true, at most one a model.

    Prices are judged in every condition: none is below zero or beyond anything ever
    asked, and no source was looked at in the future.
    """
    if not new:
        return ("It has no prices at all.",)
    return tuple(_objections(new.items(), now))


def _objections(priced: Iterable[tuple[str, Rates]], now: datetime) -> Iterator[str]:
    for route, rates in priced:
        amounts = [
            (name, value)
            for rate in rates.entries
            for name, value in known_amounts(rate.price)
            if not (value.is_finite() and 0 <= value <= _DEAREST)
        ]
        if amounts:
            name, value = amounts[0]
            yield f"The price {name} of {route} is {value:.6g}, which cannot be."
        elif any(s.time > now + _AHEAD for s in _sources(rates)):
            yield f"The source of {route} was looked at in the future."


def _sources(rates: Rates) -> Iterator[Source]:
    yield rates.source
    for entry in rates.entries:
        if entry.source is not None:
            yield entry.source
        yield from (source for _, source in entry.sources)
