"""Finds what models cost in the snapshot of prices that ships with Turnout.

It must not know the user's own prices, nor guess: only exact ids and listed aliases.
"""

from __future__ import annotations

from proxy.prices.rates import Rates
from proxy.prices.snapshot import price_snapshot


def shipped_rates(provider_id: str, model_id: str) -> Rates | None:
    """Return the tracked prices of a provider's model, None where there are none."""
    return price_snapshot().rates(provider_id, model_id)


def shipped_snapshot() -> str:
    """Return the id of the snapshot: equal ids mean equal prices."""
    return price_snapshot().id
