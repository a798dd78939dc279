"""Reads the prices that somebody wrote into a provider's file by hand.

It must not know any other source of prices: those of the snapshot are not read here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from proxy.catalogue.problems import TableReader, kind_of
from proxy.catalogue.provider import NO_TIME
from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Source, SourceType

USER_PRICES: Final = "config.toml"
"""The reference of prices that the user wrote down."""

USER_SOURCE: Final = Source(SourceType.MANUAL_REVIEW, USER_PRICES, NO_TIME)

_MOST_TOKENS = 1_000_000_000
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_NAMES = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "web_search",
)


def read_rates(reader: TableReader, base: Rates | None) -> Rates | None:
    """Read `price` and `long_price` of a model's table; without either, `base` holds.

    A new `price` drops all old ones. A `long_price` alone takes the place of the old
    ones for long prompts. A wrong price makes that price unknown and nothing else;
    a `long_price` that does not say from where it holds makes `reader` unsound.
    """
    if not reader.has("price") and not reader.has("long_price"):
        return base
    entries: tuple[Rate, ...] = ()
    if reader.has("price"):
        table = reader.table("price")
        entries = (Rate(_read_price(table)),) if table else ()
    elif base is not None:
        entries = tuple(rate for rate in base.entries if not rate.above)
    if reader.has("long_price") and (table := reader.table("long_price")):
        above = table.number("above", 1, _MOST_TOKENS)
        if above is None and not table.has("above"):
            hint = "Add above = 200000, the tokens from which this price holds."
            table.problem("", "This price does not say when it holds.", hint)
        entries = (*entries, Rate(_read_price(table), above=above or 0))
        reader.sound &= table.sound
    return Rates(entries, USER_SOURCE)


def sourced(rates: Rates | None, source: Source) -> Rates | None:
    """Return `rates` with another source: that of a shipped file."""
    return replace(rates, source=source) if rates else None


def _read_price(table: TableReader) -> Price:
    parts = {name: _read_amount(table, name) for name in _NAMES}
    table.finish()
    return Price(**parts)


def _read_amount(table: TableReader, name: str) -> Decimal | None:
    value = table.raw(name)
    hint = f'Write dollars per million tokens in quotes: {name} = "3.00".'
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        message = f"`{name}` must be a price in quotes, not {kind_of(value)}."
        table.problem(name, message, hint, harmless=True)
        return None
    if not _PRICE.fullmatch(value):
        negative = value.startswith("-")
        message = "is negative" if negative else "is not a plain decimal number"
        table.problem(name, f"`{name}` {message}.", hint, harmless=True)
        return None
    return Decimal(value)
