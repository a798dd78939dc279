"""The age of a price."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from proxy.money import Price
from proxy.prices.freshness import Freshness, age_days, freshness, is_own
from proxy.prices.rates import Rate, Rates, Source, SourceType

CHECKED = datetime(2026, 11, 1, tzinfo=UTC)
SOURCE = Source(SourceType.PROVIDER_DOCS, "a page", CHECKED)
RATES = Rates((Rate(Price(Decimal(1), Decimal(2))),), SOURCE)


@pytest.mark.parametrize(
    ("days", "status"),
    [
        (0, Freshness.TRACKED),
        (30, Freshness.TRACKED),
        (31, Freshness.STALE),
        (90, Freshness.STALE),
        (91, Freshness.UNVERIFIED),
    ],
)
def test_age_counts_from_the_look_at_the_source(days: int, status: Freshness) -> None:
    now = CHECKED + timedelta(days=days)
    assert freshness(RATES, "model-1", now) is status
    assert age_days(RATES, now) == days


@pytest.mark.parametrize("name", ["x-latest", "x-preview"])
def test_names_that_move_are_stale_at_once_and_unverified_in_time(name: str) -> None:
    assert freshness(RATES, name, CHECKED) is Freshness.STALE
    later = CHECKED + timedelta(days=91)
    assert freshness(RATES, name, later) is Freshness.UNVERIFIED


def test_no_price_is_untracked_and_never_free() -> None:
    assert freshness(None, "m", CHECKED) is Freshness.UNTRACKED
    assert freshness(replace(RATES, entries=()), "m", CHECKED) is Freshness.UNTRACKED


def test_the_source_of_the_entry_that_holds_counts() -> None:
    newer = replace(SOURCE, time=CHECKED + timedelta(days=60))
    price = Price(Decimal(3), Decimal(4))
    dated = Rate(price, starts=CHECKED + timedelta(days=50), source=newer)
    rates = replace(RATES, entries=(*RATES.entries, dated))
    assert freshness(rates, "m", CHECKED + timedelta(days=40)) is Freshness.STALE
    assert freshness(rates, "m", CHECKED + timedelta(days=61)) is Freshness.TRACKED


def test_the_users_own_word_has_no_age() -> None:
    epoch = datetime.fromtimestamp(0, UTC)
    own = Source(SourceType.MANUAL_REVIEW, "config.toml", epoch)
    rates = replace(RATES, source=own)
    assert is_own(rates)
    assert freshness(rates, "x-latest", CHECKED) is Freshness.OWN
    assert age_days(rates, CHECKED) is None


def test_a_clock_that_is_behind_makes_no_negative_age() -> None:
    assert age_days(RATES, CHECKED - timedelta(days=3)) == 0
