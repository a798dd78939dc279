"""What one model costs at one provider, with the conditions under which that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proxy.money import Price


class SourceType(StrEnum):
    """Where a price or a capability came from, the most trusted first."""

    OBSERVED_USAGE = "observed-usage"
    MANUAL_REVIEW = "manual-review"
    PROVIDER_DOCS = "provider-docs"
    AGGREGATOR_OFFER = "aggregator-offer"


@dataclass(frozen=True, slots=True)
class Source:
    """Where values came from.

    `reference` names the document, package or person, `time` is when it was looked at
    (UTC). Freshness is computed from the clock when read, never stored.
    """

    type: SourceType
    reference: str
    time: datetime

    def __str__(self) -> str:
        """Return it as people read it: `genai-prices 0.2.3 (provider-docs), date`."""
        return f"{self.reference} ({self.type}), {self.time:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Variant:
    """What the *answer* said about how it was served, lower case, '' where it did not.

    `processing` is `batch` or '', `service_tier` is `flex`, `priority` and the like,
    `speed` is `fast` or ''. Never taken from the request: providers may downgrade.
    """

    processing: str = ""
    service_tier: str = ""
    speed: str = ""


ORDINARY = Variant()
"""Served as usual."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One set of prices and when it holds; an absent condition always does.

    Prompts of more than `above` tokens (strictly; cached ones included) are meant,
    from `starts` on (UTC), between the UTC times of day `from_minute` and `to_minute`
    (minutes since midnight, may wrap), and only answers whose variant has every word of
    `variant` (`(("speed", "fast"),)`).
    """

    price: Price
    above: int = 0
    starts: datetime | None = None
    from_minute: int | None = None
    to_minute: int | None = None
    variant: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rates:
    """All prices of one model at one provider.

    `priced_as` is the id that the source lists, which may differ from the model's
    through a listed alias. Of the `entries` that hold the last one wins.
    """

    entries: tuple[Rate, ...]
    source: Source
    priced_as: str = ""

    def price(
        self,
        whole_input: int | None,
        moment: datetime,
        variant: Variant = ORDINARY,
    ) -> Price | None:
        """Return the price that holds; None where none does."""
        raise NotImplementedError
