"""When a model costs something else, in words."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proxy.money import Price
from proxy.prices.conditions import amount, base_rate, conditions
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.prices.snapshot import price_snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Source(SourceType.PROVIDER_DOCS, "a page", NOW)


def price(into: str, out: str) -> Price:
    return Price(Decimal(into), Decimal(out))


BASE = Rate(price("2", "10"))


def told(*entries: Rate) -> tuple[str, ...]:
    return conditions(Rates((BASE, *entries), SOURCE), NOW)


def test_a_plain_price_has_none() -> None:
    assert told() == ()


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (Rate(price("10", "50"), above=100_000), "x5 above 100k tokens"),
        (Rate(price("4", "15"), above=200_000), "4/15 $ above 200k tokens"),
        (Rate(price("4", "20"), above=131_072), "x2 above 131,072 tokens"),
        (
            Rate(price("4", "20"), from_minute=60, to_minute=240),
            "x2 01:00-04:00 UTC",
        ),
        (Rate(price("1", "5"), variant=(("processing", "batch"),)), "x0.5 batch"),
        (
            Rate(price("3", "15"), starts=datetime(2027, 1, 1, tzinfo=UTC)),
            "x1.5 from 2027-01-01",
        ),
        (
            Rate(
                price("8", "40"),
                above=200_000,
                variant=(("service_tier", "priority"),),
            ),
            "x4 above 200k tokens, priority",
        ),
    ],
)
def test_each_condition_has_its_words(rate: Rate, words: str) -> None:
    assert told(rate) == (words,)


def test_what_is_over_is_left_out() -> None:
    begun = datetime(2026, 10, 1, tzinfo=UTC)
    newer = Rate(price("4", "20"), starts=begun)
    long = Rate(price("4", "20"), above=100_000)
    long_newer = Rate(price("8", "40"), above=100_000, starts=begun)
    assert told(long, newer, long_newer) == ("x2 above 100k tokens",)
    # The last entry that holds wins: a newer price of all prompts ends the surcharge.
    assert told(long, newer) == ()
    rates = Rates((BASE, newer), SOURCE)
    found = base_rate(rates, NOW)
    assert found is not None
    assert found.price == newer.price


def test_amounts_are_plain_digits() -> None:
    assert amount(Decimal("10.00")) == "10"
    assert amount(Decimal("0.0375")) == "0.0375"
    assert amount(Decimal(0)) == "0"
    assert amount(None) == "unknown"


def test_every_shipped_condition_can_be_told() -> None:
    snapshot = price_snapshot()
    for provider in snapshot.document.providers:
        for model in provider.models:
            rates = snapshot.rates(provider.id, model.id)
            assert rates is not None
            assert all(len(line) > 3 for line in conditions(rates, NOW))


def test_deepseeks_dear_hours_are_named() -> None:
    rates = price_snapshot().rates("deepseek", "deepseek-v4-pro")
    assert rates is not None
    lines = conditions(rates, NOW)
    assert "x2 01:00-04:00 UTC" in lines
    assert "x2 06:00-10:00 UTC" in lines
