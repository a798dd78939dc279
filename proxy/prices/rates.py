"""What one model costs at one provider, with the conditions under which that holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from proxy.model import Variant
from proxy.money import Price

__all__ = ["AS_USUAL", "ORDINARY", "Rate", "Rates", "Source", "SourceType", "Variant"]

_MINUTES: Final = 60


ORDINARY: Final = Variant()
"""Served as usual, or not said."""

AS_USUAL: Final = "; priced as usual, no price is known for "
"""What stands between a snapshot's name and the words without a price of their own.

They say how the answer was served: `fast`, `flex, batch`.
"""


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
    (UTC), `url` the page it goes back to, '' where there is none. Freshness is computed
    from the clock when read, never stored.
    """

    type: SourceType
    reference: str
    time: datetime
    url: str = ""

    def __str__(self) -> str:
        """Return it as people read it: `genai-prices 0.2.3 (provider-docs), date`."""
        return f"{self.reference} ({self.type}), {self.time:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Rate:
    """One set of prices and when it holds; an absent condition always does.

    Prompts of more than `above` tokens (strictly; cached ones included) are meant,
    from `starts` on (UTC), between the UTC times of day `from_minute` and `to_minute`
    (minutes since midnight, may wrap), and only answers whose variant has every word of
    `variant` (`(("speed", "fast"),)`). `source` is None where the model's holds,
    `sources` has those of single prices that differ, by their names in `Price`.
    """

    price: Price
    above: int = 0
    starts: datetime | None = None
    from_minute: int | None = None
    to_minute: int | None = None
    variant: tuple[tuple[str, str], ...] = ()
    source: Source | None = None
    sources: tuple[tuple[str, Source], ...] = ()

    @property
    def unconditional(self) -> bool:
        """Whether it always holds."""
        timed = self.starts is not None or self.from_minute is not None
        return not (self.above or timed or self.variant)

    def holds(self, whole_input: int, moment: datetime, variant: Variant) -> bool:
        """Say whether it holds for `whole_input` tokens at `moment` (UTC)."""
        if self.above and whole_input <= self.above:
            return False
        if self.starts is not None and moment < self.starts:
            return False
        if not self._in_hours(moment):
            return False
        return all(getattr(variant, kind) == word for kind, word in self.variant)

    def _in_hours(self, moment: datetime) -> bool:
        begin, end = self.from_minute, self.to_minute
        if begin is None or end is None:
            return True
        minute = moment.hour * _MINUTES + moment.minute
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
    # The last one first; `_usual` are those that ask for no variant, and `_sole` is the
    # only one of them where it asks for nothing at all: hundreds are asked a request.
    _latest: tuple[Rate, ...] = field(init=False, repr=False, compare=False)
    _usual: tuple[Rate, ...] = field(init=False, repr=False, compare=False)
    _sole: Rate | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        latest = tuple(reversed(self.entries))
        usual = tuple(entry for entry in latest if not entry.variant)
        sole = len(usual) == 1 and usual[0].unconditional
        object.__setattr__(self, "_latest", latest)
        object.__setattr__(self, "_usual", usual)
        object.__setattr__(self, "_sole", usual[0] if sole else None)

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
        ordinary = variant is ORDINARY or variant == ORDINARY
        if ordinary and self._sole is not None:
            return self._sole
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        elif moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
        tokens = whole_input or 0
        for entry in self._usual if ordinary else self._latest:
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
            if entry.unconditional:
                return entry.price
        return None
