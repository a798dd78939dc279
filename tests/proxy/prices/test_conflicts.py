"""Where sources disagree about a price."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.money import Price
from proxy.prices.conflicts import (
    Observed,
    aggregator_names,
    conflicts,
    differ,
    observed_conflict,
)
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.prices.snapshot import price_snapshot

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DOCS = Source(SourceType.PROVIDER_DOCS, "a page", NOW)
OFFER = Source(SourceType.AGGREGATOR_OFFER, "openrouter", NOW)


def rates(source: Source = DOCS, **prices: str) -> Rates:
    price = Price(**{name: Decimal(text) for name, text in prices.items()})
    return Rates((Rate(price),), source)


def test_over_one_per_cent_is_a_conflict_and_both_are_shown() -> None:
    taken = rates(input="2", output="10")
    (found,) = conflicts(taken, [rates(OFFER, input="2.03", output="10.1")], NOW)
    assert (found.what, found.taken, found.other) == (
        "input",
        Decimal(2),
        Decimal("2.03"),
    )
    assert "aggregator-offer" in found.source


def test_what_only_one_knows_is_no_conflict() -> None:
    taken = rates(input="2", cache_read="0.2")
    assert conflicts(taken, [rates(OFFER, input="2", output="9")], NOW) == ()
    # A document without a cache price bills what is read from it as input.
    filled = rates(OFFER, input="2", cache_read="2", cache_write="2")
    assert conflicts(taken, [filled], NOW) == ()
    dearer = rates(OFFER, input="2", cache_read="0.4")
    assert [c.what for c in conflicts(taken, [dearer], NOW)] == ["cache_read"]


def test_free_and_not_free_is_a_conflict() -> None:
    assert conflicts(rates(input="0"), [rates(input="0.01")], NOW)
    assert not conflicts(rates(input="0"), [rates(input="0")], NOW)


def test_prices_of_the_hour_are_compared_with_those_of_the_hour() -> None:
    dear = Rate(Price(Decimal(4)), from_minute=11 * 60, to_minute=13 * 60)
    taken = Rates((Rate(Price(Decimal(2))), dear), DOCS)
    assert conflicts(taken, [rates(input="2")], NOW)
    assert not conflicts(taken, [rates(input="2")], NOW.replace(hour=14))


AMOUNTS = st.decimals(0, 1000, places=4)


@given(AMOUNTS, AMOUNTS)
def test_differing_has_no_direction(one: Decimal, two: Decimal) -> None:
    assert differ(one, two) == differ(two, one)
    assert not differ(one, one)


def test_the_cost_in_an_answer_is_held_against_the_table() -> None:
    equal, near = Observed(1_000_000, 1_000_000), Observed(1_005_000, 1_000_000)
    far = Observed(1_200_000, 1_000_000)
    assert observed_conflict([equal, near]) is None
    found = observed_conflict([equal, far])
    assert found is not None
    assert (found.taken, found.other) == (Decimal("0.001"), Decimal("0.0012"))
    # Half a nano-dollar of rounding is no disagreement.
    assert observed_conflict([Observed(3, 2)]) is None


@pytest.mark.parametrize(
    ("provider", "model", "names"),
    [
        (
            "anthropic",
            "claude-opus-4-5",
            ("anthropic/claude-opus-4-5", "anthropic/claude-opus-4.5"),
        ),
        ("openai", "gpt-5.1", ("openai/gpt-5.1",)),
        ("groq", "openai/gpt-oss-120b", ()),
        ("mine", "gpt-5.1", ()),
    ],
)
def test_the_aggregators_names_are_exact(
    provider: str, model: str, names: tuple[str, ...]
) -> None:
    assert aggregator_names(provider, model) == names


@pytest.mark.parametrize(
    ("provider", "model"),
    [("anthropic", "claude-opus-4-5"), ("openai", "gpt-5.1")],
)
def test_the_shipped_snapshot_has_such_an_offer(provider: str, model: str) -> None:
    snapshot = price_snapshot()
    names = aggregator_names(provider, model)
    assert any(snapshot.rates("openrouter", name) for name in names)
