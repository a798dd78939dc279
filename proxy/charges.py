"""What a request cost, attempt by attempt; pure: no record, no clock.

What an answer told of its cost beats every table. Nothing is free that is not known to
be: whoever began to answer (`Attempt.usage` is there) and told no count is owed an
unknown amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proxy.catalogue import Billing
from proxy.model import Usage
from proxy.money import cost_nano
from proxy.prices.rates import AS_USUAL, ORDINARY, Variant

if TYPE_CHECKING:
    from datetime import datetime

    from proxy.catalogue import Route
    from proxy.exchange import Exchange
    from proxy.ledger.rows import Attempt
    from proxy.money import Price

TOLD = "told by the answer"
"""The snapshot of an amount that the provider named itself."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What one attempt cost in nano-dollars, None where unknown, and by what prices."""

    nano: int | None
    price: Price | None = None
    snapshot: str | None = None


NOTHING = Bill(0)
"""The bill of an attempt that nobody worked for."""


@dataclass(frozen=True, slots=True)
class Charges:
    """A request's bill: its attempts priced, that of the last route, and the whole.

    `usage` is what the last route used, `answer` its bill. `asked_nano` is what the
    model that was asked for would have cost for the same: an estimate. Amounts are
    nano-dollars, None where unknown.
    """

    attempts: tuple[Attempt, ...]
    usage: Usage
    answer: Bill
    whole_nano: int | None
    asked_nano: int | None


def charge(
    x: Exchange, moment: datetime, snapshot: str, asked: Route | None = None
) -> Charges:
    """Return what a request has cost that came at `moment` (UTC).

    `snapshot` names the prices in force, `asked` is the route that the model asked for
    stands for, None where that is no listed one.
    """
    last = _own_attempt(x)
    before = x.attempts if last is None else x.attempts[:-1]
    tried = [_charged(x, attempt, moment, snapshot) for attempt in before]
    usage = _last_usage(x, last)
    answer = NOTHING
    if x.route is not None and _used(last, usage):
        answer = bill(x.route, usage, moment, snapshot)
    parts = [each.cost_nano for each in tried if each.usage is not None]
    if last is not None:
        kept = usage if _used(last, usage) else None
        tried.append(_with(last, x.route, kept, answer))
    return Charges(
        attempts=_with_retries(tried),
        usage=usage,
        answer=answer,
        whole_nano=_sum((answer.nano, *parts)),
        asked_nano=_asked(x.route, usage, answer, moment, asked),
    )


def bill(route: Route | None, usage: Usage, moment: datetime, snapshot: str) -> Bill:
    """Return what a route costs for what it used: 0 where its model is local."""
    if usage.told_cost_nano is not None:
        return Bill(usage.told_cost_nano, snapshot=TOLD)
    if route is None:
        return Bill(None)
    price = _price(route, usage, moment)
    if price is None:
        return Bill(0 if route.billing is Billing.LOCAL else None)
    words = ", ".join(_unpriced(route, usage))
    named = f"{snapshot}{AS_USUAL}{words}" if words else snapshot
    return Bill(cost_nano(usage, price), price, named)


def _unpriced(route: Route, usage: Usage) -> Iterator[str]:
    """Yield how the answer was served where that has no price: the usual one acts."""
    rates, served = route.rates, usage.served
    if rates is None or served is None:
        return
    for kind, word in served.unusual():
        if not rates.knows(Variant(**{kind: word})):
            yield word


def _price(route: Route, usage: Usage, moment: datetime) -> Price | None:
    return route.price_for(usage, moment, usage.served or ORDINARY)


def _own_attempt(x: Exchange) -> Attempt | None:
    """Return the attempt whose usage is still in hand: the last, if of this route."""
    if x.route is None or not x.attempts:
        return None
    last = x.attempts[-1]
    return last if last.route == x.route.name else None


def _last_usage(x: Exchange, last: Attempt | None) -> Usage:
    """Return what the last route used.

    Where its route was taken once more and then not called, nothing is in hand, and
    the attempt knows.
    """
    if x.usage != Usage() or last is None or last.usage is None:
        return x.usage
    return last.usage


def _used(attempt: Attempt | None, usage: Usage) -> bool:
    """Tell whether somebody worked: counts were told, or an answer was begun."""
    return usage != Usage() or (attempt is not None and attempt.usage is not None)


def _charged(x: Exchange, attempt: Attempt, moment: datetime, snapshot: str) -> Attempt:
    """Return an attempt that was not the last one, with its price."""
    route = _route(x, attempt)
    usage = attempt.usage
    if usage is None:
        return _with(attempt, route, None, Bill(None))
    return _with(attempt, route, usage, bill(route, usage, moment, snapshot))


def _route(x: Exchange, attempt: Attempt) -> Route | None:
    known = (*x.decision.attempts, *((x.route,) if x.route else ()))
    return next((route for route in known if route.name == attempt.route), None)


def _with(
    attempt: Attempt, route: Route | None, usage: Usage | None, bill: Bill
) -> Attempt:
    """Return an attempt with its bill, where it used something."""
    told = replace(
        attempt,
        lane=route.lane if route else attempt.lane,
        billing=route.billing if route else attempt.billing,
        usage=usage,
    )
    if usage is None:
        return told
    return replace(
        told, price=bill.price, price_snapshot=bill.snapshot, cost_nano=bill.nano
    )


def _with_retries(tried: list[Attempt]) -> tuple[Attempt, ...]:
    routes = [None, *(each.route for each in tried)]
    return tuple(
        replace(each, retry=each.retry or each.route == before)
        for each, before in zip(tried, routes, strict=False)
    )


def _sum(parts: Iterable[int | None]) -> int | None:
    known = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return sum(known)


def _asked(
    route: Route | None,
    usage: Usage,
    answer: Bill,
    moment: datetime,
    asked: Route | None,
) -> int | None:
    """Return the list price of the same tokens at the model that was asked for."""
    if asked is None or route is None:
        return None
    if asked.name == route.name:
        return answer.nano
    if usage == Usage():
        return 0 if answer.nano == 0 else None
    # It does not say how it would have been served: as usual.
    plain = replace(usage, told_cost_nano=None, served=Usage().served)
    price = _price(asked, plain, moment)
    if price is None:
        return 0 if asked.billing is Billing.LOCAL else None
    return cost_nano(_as_billed_by(price, plain), price)


def _as_billed_by(price: Price, usage: Usage) -> Usage:
    """Return the same tokens as a provider with these prices would have told them.

    One that has no price for its cache bills those tokens as fresh input; counts that
    the answering provider does not tell are zero.
    """
    fresh = usage.input_tokens
    read = usage.cache_read_tokens or 0
    written = usage.cache_write_tokens or 0
    if fresh is not None and price.cache_read is None:
        fresh, read = fresh + read, 0
    if fresh is not None and price.cache_write is None:
        fresh, written = fresh + written, 0
    hour = min(usage.cache_write_1h_tokens or 0, written)
    return replace(
        usage,
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=hour,
    )
