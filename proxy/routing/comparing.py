"""Says what came second, what decided, and what the asked-for model would have cost.

It must not choose: it is told who won.
"""

from __future__ import annotations

from proxy.routing.decision import AskedFor, DecidedBy, RunnerUp
from proxy.routing.facts import Facts
from proxy.routing.filters import Option
from proxy.routing.ground import Ground, nano


def against(first: Option, second: Option, by: DecidedBy, facts: Facts) -> RunnerUp:
    """Return `second` as the runner-up, with the margins beside `first`."""
    if by is DecidedBy.PRICE and _warmed(first, second, facts):
        by = DecidedBy.WARMTH
    return RunnerUp(
        second.name,
        by,
        second.cost,
        second.quality,
        _difference(second.cost, first.cost),
        _difference(second.quality, first.quality),
    )


def asked_for(
    wanted: str, provider: str | None, ground: Ground, facts: Facts, output: int
) -> AskedFor | None:
    """Return what the model `wanted` would have cost; None where no list prices it.

    At list price, however it is billed, with what its provider's cache holds, and with
    `output` tokens expected. Of several providers the cheapest counts, unless one was
    asked for: that is `provider`.
    """
    places = [
        at
        for at in ground.places(wanted)
        if provider in {None, ground.entries[at].provider}
    ]
    if not places:
        return None
    tokens = facts.size.tokens
    table = ground.prices(tokens, facts.moment)
    found: list[tuple[int, str]] = []
    for at in places:
        prices = table[at]
        if prices is not None:
            name = ground.entries[at].name
            cached = min(facts.warm.get(name, 0), tokens)
            found.append((nano(prices, tokens - cached, cached, output), name))
    if not found:
        return None
    cost, name = min(found)
    return AskedFor(name, cost)


def _warmed(first: Option, second: Option, facts: Facts) -> bool:
    """Tell whether `first` is cheaper only because its cache holds this prompt."""
    cached = min(facts.warm.get(first.name, 0), facts.size.tokens)
    if not cached or first.entry.free or first.cost is None or second.cost is None:
        return False
    prices = first.entry.prices(facts.size.tokens, facts.moment)
    if prices is None:
        return False
    saved = nano(prices, cached, 0, 0) - nano(prices, 0, cached, 0)
    return first.cost + saved > second.cost


def _difference(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other
