"""How far a price can be trusted by its age; it must not keep what it finds.

Age counts from when the source was looked at, never from when a document was fetched:
a document of today may hold the prices of last year.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from proxy.prices.rates import Rates, Source, SourceType

TRACKED_FOR: Final = timedelta(days=30)
"""How long a price counts as tracked after its source was looked at."""

STALE_FOR: Final = timedelta(days=90)
"""How long after that look it is stale only; then it is unverified."""

OWN_REFERENCE: Final = "config.toml"
"""The `reference` of prices that the user wrote down."""

_MOVING = ("-latest", "-preview")


class Freshness(StrEnum):
    """What the age of a price's source says about the price.

    `own` is the user's own word, whose age is his business. `untracked` has no price:
    it is unknown, which is never zero.
    """

    TRACKED = "tracked"
    OWN = "own"
    STALE = "stale"
    UNVERIFIED = "unverified"
    UNTRACKED = "untracked"


def freshness(rates: Rates | None, model_id: str, now: datetime) -> Freshness:
    """Return the status of a model's prices at `now` (UTC).

    Ids that end in `-latest` or `-preview` are stale at once: what they name moves
    without a word.
    """
    if rates is None or not rates.entries:
        return Freshness.UNTRACKED
    if is_own(rates):
        return Freshness.OWN
    age = now - source_now(rates, now).time
    if age > STALE_FOR:
        return Freshness.UNVERIFIED
    if age > TRACKED_FOR or model_id.endswith(_MOVING):
        return Freshness.STALE
    return Freshness.TRACKED


def source_now(rates: Rates, now: datetime) -> Source:
    """Return where the price of an ordinary request at `now` came from."""
    rate = rates.rate(0, now)
    return (rate.source if rate else None) or rates.source


def is_own(rates: Rates) -> bool:
    """Say whether the user wrote these prices down himself."""
    source = rates.source
    return source.type is SourceType.MANUAL_REVIEW and source.reference == OWN_REFERENCE


def age_days(rates: Rates, now: datetime) -> int | None:
    """Return the whole days since the source was looked at, None for the user's own.

    A source from the future, as a wrong clock makes it, is of today.
    """
    age = now - source_now(rates, now).time
    return None if is_own(rates) else max(0, age.days)
