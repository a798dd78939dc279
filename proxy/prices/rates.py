"""What one model costs at one provider, with the conditions under which that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from proxy.model import Variant
from proxy.money import Price

__all__ = ["ORDINARY", "Rate", "Rates", "Source", "SourceType", "Variant"]

_MINUTES: Final = 60


ORDINARY: Final = Variant()
"""Served as usual, or not said."""


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
class Rate:
    """One set of prices and when it holds; an absent condition always does.

    Prompts of more than `above` tokens (strictly; cached ones included) are meant,
    from `starts` on (UTC), between the UTC times of day `from_minute` and `to_minute`
    (minutes since midnight, may wrap), and only answers whose variant has every word of
    `variant` (`(("speed", "fast"),)`). `source` is None where the model's holds.
    """

    price: Price
    above: int = 0
    starts: datetime | None = None
    from_minute: int | None = None
    to_minute: int | None = None
    variant: tuple[tuple[str, str], ...] = ()
    source: Source | None = None

    def holds(self, whole_input: int, moment: datetime, variant: Variant) -> bool:
        """Say whether it holds for `whole_input` tokens at `moment` (UTC)."""
        return (
            whole_input >= self._least()
            and (self.starts is None or moment >= self.starts)
            and self._in_hours(moment.hour * _MINUTES + moment.minute)
            and all(getattr(variant, kind) == word for kind, word in self.variant)
        )

    def _least(self) -> int:
        return self.above + 1 if self.above else 0

    def _in_hours(self, minute: int) -> bool:
        begin, end = self.from_minute, self.to_minute
        if begin is None or end is None:
            return True
        if end < begin:
            return minute >= begin or minute < end
        return begin <= minute < end


@dataclass(frozen=True, slots=True)
class Rates:
    """All prices of one model at one provider.

    `priced_as` is the id that the source lists, which may differ from the model's
    through a listed alias. Of the `entries` that hold the last one wins.
    """

    entries: tuple[Rate, ...]
    source: Source
    priced_as: str = ""

    def rate(
        self,
        whole_input: int | None,
        moment: datetime,
        variant: Variant = ORDINARY,
    ) -> Rate | None:
        """Return the entry that holds; None where none does.

        `whole_input` is in tokens, those of a cache included; None, which no cost can
        be told for, reads as a short prompt. A `moment` without a zone is UTC. A word
        of `variant` that no entry knows changes nothing: see `knows`.
        """
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        else:
            moment = moment.replace(tzinfo=UTC)
        tokens = whole_input or 0
        for entry in reversed(self.entries):
            if entry.holds(tokens, moment, variant):
                return entry
        return None

    def price(
        self,
        whole_input: int | None,
        moment: datetime,
        variant: Variant = ORDINARY,
    ) -> Price | None:
        """Return the price of the entry that holds (`rate`); None where none does."""
        entry = self.rate(whole_input, moment, variant)
        return entry.price if entry else None

    def knows(self, variant: Variant) -> bool:
        """Say whether each unusual word of `variant` has a price of its own.

        Where it has none the ordinary price stands in, and is uncertain.
        """
        priced = {pair for entry in self.entries for pair in entry.variant}
        return all(pair in priced for pair in variant.unusual())

    @property
    def base(self) -> Price | None:
        """The first price without a condition, None where there is none."""
        for entry in self.entries:
            if entry == Rate(entry.price, source=entry.source):
                return entry.price
        return None
