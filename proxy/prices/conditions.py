"""Says in few words when a model costs something else; it prices no request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Variant

_CHANGING = ("input", "output")


def base_rate(rates: Rates, moment: datetime) -> Rate | None:
    """Return the rate of short prompts outside special hours at `moment`, or None."""
    plain = [rate for rate in rates.entries if _is_plain(rate)]
    return next((r for r in reversed(plain) if _begun(r, moment)), None)


def conditions(rates: Rates, moment: datetime) -> tuple[str, ...]:
    """Return what else the model costs and when, such as `x2 01:00-04:00 UTC`.

    What is over is left out; what begins later says when. Input and output are named
    apart (`4/15 $`) where they do not change by one factor.
    """
    base = base_rate(rates, moment)
    return tuple(
        f"{_change(base.price if base else None, rate.price)} {_when(rate, moment)}"
        for rate in rates.entries
        if not (_is_plain(rate) and _begun(rate, moment))
        and _ever_holds(rates, rate, moment)
    )


def _is_plain(rate: Rate) -> bool:
    return not rate.above and rate.from_minute is None and not rate.variant


def _begun(rate: Rate, moment: datetime) -> bool:
    return rate.starts is None or rate.starts <= moment


def _ever_holds(rates: Rates, rate: Rate, moment: datetime) -> bool:
    """Say whether no later entry takes its place all day long."""
    day = max(moment, rate.starts or moment)
    least = rate.above + 1 if rate.above else 0
    variant = Variant(**dict(rate.variant))
    minutes = (*range(0, 24 * 60, 60), rate.from_minute or 0)
    return any(
        rates.rate(least, day.replace(hour=m // 60, minute=m % 60), variant) is rate
        for m in minutes
    )


def _change(base: Price | None, price: Price) -> str:
    factors = set(_factors(base or Price(), price))
    if len(factors) == 1 and (factor := factors.pop()) is not None:
        return f"x{amount(factor)}"
    return f"{amount(price.input)}/{amount(price.output)} $"


def _factors(base: Price, price: Price) -> Iterator[Decimal | None]:
    for name in _CHANGING:
        old, new = getattr(base, name), getattr(price, name)
        if old is None and new is None:
            continue
        factor = new / old if old and new is not None else None
        # A factor that needs more digits than this is clearer as amounts.
        yield factor if factor is not None and factor == round(factor, 3) else None


def _when(rate: Rate, moment: datetime) -> str:
    told: list[str] = []
    if rate.above:
        told.append(f"above {_tokens(rate.above)} tokens")
    if rate.from_minute is not None:
        end = 0 if rate.to_minute is None else rate.to_minute
        told.append(f"{_clock(rate.from_minute)}-{_clock(end)} UTC")
    told += [value for _, value in rate.variant]
    if rate.starts is not None and rate.starts > moment:
        told.append(f"from {rate.starts:%Y-%m-%d}")
    return ", ".join(told)


def _tokens(count: int) -> str:
    return f"{count // 1000}k" if count % 1000 == 0 else f"{count:,}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def amount(value: Decimal | None) -> str:
    """Return an amount in plain digits: `0.05`, `10`; None is `unknown`."""
    if value is None:
        return "unknown"
    return f"{value.normalize():f}"


def known_amounts(price: Price) -> tuple[tuple[str, Decimal], ...]:
    """Return the prices that are known, by their names in `Price`."""
    named = ((field.name, getattr(price, field.name)) for field in fields(Price))
    return tuple((name, value) for name, value in named if value is not None)
