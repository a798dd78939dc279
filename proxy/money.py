"""Prices a request's tokens in integer nano-dollars; it knows no provider or file.

Unit prices are `Decimal`, because about 3 % of real ones are not a whole number of
nano-dollars per token. A request's cost is rounded once, half to even, so the error is
at most half a nano-dollar a request. Floats appear nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from proxy.model import Usage

NANO_PER_DOLLAR = 10**9
_NANO_PER_TOKEN = 1000  # a dollar per million tokens is 1,000 nano-dollars per token
_NANO_PER_SEARCH = 1_000_000  # a dollar per thousand calls
# Wide enough that only the one rounding at the end ever rounds.
_EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)
_SMALLEST_SHOWN = 100_000  # nano-dollars: 0.0001 $
_CENTS_FROM = NANO_PER_DOLLAR


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs, in dollars per million tokens.

    `None` is an unknown price and never means free; free is `Decimal(0)`.
    `cache_write` is the five-minute lifetime, `cache_write_1h` the one-hour lifetime.
    `web_search` is in dollars per thousand searches. `reasoning` is None where
    reasoning costs what other output does. Audio, pictures and video that are billed
    at prices of their own are not told apart: they count as other tokens.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    web_search: Decimal | None = None
    reasoning: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of thing that is paid for; `optional` kinds may stay untold."""

    what: str
    count: int | None
    price: Decimal | None
    per: int = _NANO_PER_TOKEN
    optional: bool = False

    def nano(self) -> Decimal | None:
        """Return the exact nano-dollars, or None where the cost is unknown."""
        if self.count is None:
            free = self.price == 0 or (self.price is None and self.optional)
            return Decimal(0) if free else None
        if self.count == 0:
            return Decimal(0)
        if self.count < 0 or self.price is None:
            return None
        return _EXACT.multiply(Decimal(self.count * self.per), self.price)

    def unknown(self) -> str:
        """Return the clause that says why `nano` is None."""
        if self.count is None:
            return f"the provider did not tell the count of {self.what}"
        if self.count < 0:
            return f"the provider's count of {self.what} cannot be true"
        return f"the price of {self.what} is not known"


def cost_nano(usage: Usage, price: Price | None) -> int | None:
    """Return what `usage` costs at `price`, in nano-dollars, rounded once half-even.

    None means unknown: there is no price, a count above zero has no price, or a count
    was not told although its price is not zero. A kind of cache use that is neither
    told nor priced does not exist for that provider and costs nothing.

    Where the lifetimes of cache writes were not told, all of them are priced as the
    five-minute kind; where the one-hour price is unknown, the five-minute price
    stands in for it. Both can only be too low.
    """
    if price is None:
        return None
    total = Decimal(0)
    for part in _parts(usage, price):
        nano = part.nano()
        if nano is None:
            return None
        total = _EXACT.add(total, nano)
    return int(total.to_integral_value(rounding=ROUND_HALF_EVEN))


def why_unknown(usage: Usage, price: Price | None) -> str:
    """Return the clause that says why `cost_nano` is None, '' where it is not."""
    if price is None:
        return "the model's price is not known"
    for part in _parts(usage, price):
        if part.nano() is None:
            return part.unknown()
    return ""


def _parts(usage: Usage, price: Price) -> Iterator[_Part]:
    yield _Part("input tokens", usage.input_tokens, price.input)
    yield from _output_parts(usage, price)
    read = usage.cache_read_tokens
    yield _Part("cache reads", read, price.cache_read, optional=True)
    hour = usage.cache_write_1h_tokens or 0
    written = usage.cache_write_tokens
    rest = None if written is None else written - hour
    hour_price = price.cache_write_1h
    if hour_price is None:
        hour_price = price.cache_write
    yield _Part("cache writes", rest, price.cache_write, optional=True)
    yield _Part("cache writes for an hour", hour, hour_price)
    # Providers leave the count of searches out when there were none.
    searches = usage.web_searches or 0
    yield _Part("web searches", searches, price.web_search, _NANO_PER_SEARCH)


def _output_parts(usage: Usage, price: Price) -> Iterator[_Part]:
    written, thought = usage.output_tokens, usage.reasoning_tokens
    if price.reasoning is None or price.reasoning == price.output:
        yield _Part("output tokens", written, price.output)
        return
    # Reasoning is a part of the output.
    if written is not None and thought is not None:
        written -= thought
    yield _Part("output tokens", written, price.output)
    yield _Part("reasoning tokens", thought, price.reasoning)


def show(nano: int | None) -> str:
    """Return nano-dollars as people read them: `0.0031 $`; None is `unknown`.

    Amounts from one dollar on show cents, smaller ones four digits, and what four
    digits cannot show is `<0.0001 $`, never zero.
    """
    if nano is None:
        return "unknown"
    if nano == 0:
        return "0 $"
    if 0 < nano < _SMALLEST_SHOWN:
        return "<0.0001 $"
    step = Decimal("0.01") if abs(nano) >= _CENTS_FROM else Decimal("0.0001")
    dollars = Decimal(nano) / NANO_PER_DOLLAR
    return f"{dollars.quantize(step, rounding=ROUND_HALF_EVEN, context=_EXACT)} $"
