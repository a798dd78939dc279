from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proxy.catalogue import Model, Route, known_providers, read_providers, repriced
from proxy.catalogue.tracked import shipped_rates, shipped_snapshot
from proxy.model import Protocol, Usage
from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Source, SourceType
from proxy.prices.snapshot import price_snapshot


def test_what_is_tracked_is_what_the_snapshot_lists() -> None:
    found = shipped_rates("anthropic", "claude-opus-5-5")
    assert found is not None
    assert found == price_snapshot().rates("anthropic", "claude-opus-5-5")
    assert found.priced_as == "claude-opus-5-5"


def test_nothing_is_guessed() -> None:
    assert shipped_rates("anthropic", "claude-opus-9") is None
    assert shipped_rates("nobody", "claude-opus-5-5") is None


def test_the_snapshot_has_a_name() -> None:
    assert shipped_snapshot() == price_snapshot().id != ""


MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def named(name: str, **entry: str) -> Route:
    """The way to a name at a provider as the user's file configures it."""
    given = {"key": "env:EXAMPLE", **entry}
    (made,), problems = read_providers({"providers": [given]}, known_providers())
    assert not problems
    return Route(made, made.find_model(name), name, made.protocols[0])


@pytest.mark.parametrize(
    ("name", "entry", "into"),
    [
        ("claude-opus-4-1", {"id": "anthropic"}, 15),
        ("claude-opus-4-1-20250805", {"id": "anthropic"}, 15),
        ("claude-opus-4-1", {"id": "work", "like": "anthropic"}, 15),
        ("gpt-4.1", {"id": "chatgpt"}, 2),
        ("claude-opus-9", {"id": "anthropic"}, None),
        ("CLAUDE-OPUS-4-1", {"id": "anthropic"}, None),
    ],
)
def test_a_name_that_is_not_listed_has_the_price_tracked_for_exactly_it(
    name: str, entry: dict[str, str], into: int | None
) -> None:
    route = named(name, **entry)
    assert route.model is None
    found = route.price_for(Usage(input_tokens=10, output_tokens=1), MOMENT)
    assert (found and found.input) == into
    assert (route.price and route.price.input) == into


def test_a_name_at_a_server_of_ones_own_has_no_tracked_price() -> None:
    route = named(
        "claude-opus-4-1",
        id="mine",
        base_url="https://mine.example",
        protocols=["anthropic-messages"],  # type: ignore[arg-type]
    )
    assert route.rates is None


def test_a_listed_model_without_a_price_borrows_none() -> None:
    anthropic = known_providers()["anthropic"]
    silent = replace(anthropic, models=(Model(id="claude-opus-4-1"),))
    route = Route(silent, silent.models[0], "claude-opus-4-1", Protocol.MESSAGES)
    assert route.rates is None
    assert silent.rates("claude-opus-4-1") is None
    assert silent.rates("claude-opus-4-0") is not None


def test_other_prices_hold_for_names_that_are_not_listed_too() -> None:
    source = Source(SourceType.PROVIDER_DOCS, "a page", MOMENT)
    seven = (Rate(Price(Decimal(7), Decimal(8))),)
    other = repriced(known_providers(), lambda *at: Rates(seven, source, str(at)))
    for name, priced in (("anthropic", "anthropic"), ("chatgpt", "openai")):
        found = other[name].rates("brand-new")
        assert found is not None
        assert found.priced_as == str((priced, "brand-new"))
    assert other["anthropic"] != known_providers()["anthropic"]
