"""Prices and costs: exact, rounded once, unknown where something is missing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import Usage
from proxy.money import Price, cost_nano, show, why_unknown

FREE = Price(*[Decimal(0)] * 6)
SONNET = Price(
    input=Decimal(2),
    output=Decimal(10),
    cache_read=Decimal("0.1"),
    cache_write=Decimal("2.5"),
    cache_write_1h=Decimal(4),
    web_search=Decimal(10),
)
counts = st.integers(min_value=0, max_value=10**9)
prices = st.decimals(min_value=0, max_value=1000, places=6)
whole_nano = st.integers(min_value=0, max_value=10**6).map(
    lambda thousandths: Decimal(thousandths) / 1000
)


def told(**known: int) -> Usage:
    zero = {"input_tokens": 0, "output_tokens": 0}
    return Usage(**{**zero, **known}, served=None)


@pytest.mark.parametrize(("tokens", "nano"), [(1, 38), (2, 75), (3, 112), (4, 150)])
def test_half_a_nano_dollar_goes_to_the_even_neighbour(tokens: int, nano: int) -> None:
    price = Price(input=Decimal(0), output=Decimal(0), cache_read=Decimal("0.0375"))
    assert cost_nano(told(cache_read_tokens=tokens), price) == nano


def test_only_the_sum_is_rounded() -> None:
    price = Price(
        input=Decimal("0.0375"), output=Decimal("0.0375"), cache_read=Decimal("0.0375")
    )
    usage = told(input_tokens=1, output_tokens=1, cache_read_tokens=2)
    assert cost_nano(usage, price) == 150  # 38 + 38 + 75 were it rounded thrice


def test_a_worked_answer_with_both_cache_lifetimes_and_searches() -> None:
    usage = Usage(
        input_tokens=10,
        cache_read_tokens=1000,
        cache_write_tokens=300,
        cache_write_1h_tokens=200,
        output_tokens=50,
        web_searches=2,
    )
    assert cost_nano(usage, SONNET) == 21_670_000


def test_a_million_each_way() -> None:
    price = Price(input=Decimal("0.44"), output=Decimal("2.20"))
    usage = told(input_tokens=10**6, output_tokens=10**6)
    assert cost_nano(usage, price) == 2_640_000_000


def test_reasoning_is_part_of_the_output() -> None:
    usage = told(output_tokens=50, cache_read_tokens=0, cache_write_tokens=0)
    assert cost_nano(replace(usage, reasoning_tokens=40), SONNET) == 500_000


def test_an_hour_without_its_price_costs_what_five_minutes_do() -> None:
    price = replace(SONNET, cache_write_1h=None)
    usage = told(cache_read_tokens=0, cache_write_tokens=300, cache_write_1h_tokens=200)
    assert cost_nano(usage, price) == 750_000


def test_an_hour_with_no_write_price_at_all_is_unknown() -> None:
    price = replace(SONNET, cache_write=None, cache_write_1h=None)
    assert cost_nano(told(cache_write_tokens=5, cache_write_1h_tokens=5), price) is None


def test_writes_of_untold_lifetime_are_priced_as_five_minutes() -> None:
    assert cost_nano(told(cache_write_tokens=300), SONNET) is None  # reads untold
    usage = told(cache_write_tokens=300, cache_read_tokens=0)
    assert cost_nano(usage, SONNET) == 750_000


@pytest.mark.parametrize(
    ("usage", "price", "nano"),
    [
        pytest.param(told(), None, None, id="no price"),
        pytest.param(told(), FREE, 0, id="free"),
        pytest.param(Usage(), FREE, 0, id="free needs no counts"),
        pytest.param(Usage(), Price(), None, id="nothing known"),
        pytest.param(told(), Price(), 0, id="nothing used needs no price"),
        pytest.param(told(input_tokens=1), Price(), None, id="used without price"),
        pytest.param(
            Usage(output_tokens=1),
            Price(input=Decimal(1), output=Decimal(1)),
            None,
            id="input untold",
        ),
        pytest.param(
            Usage(input_tokens=1),
            Price(input=Decimal(1), output=Decimal(1)),
            None,
            id="output untold",
        ),
        pytest.param(
            told(input_tokens=1),
            Price(input=Decimal(1), output=Decimal(1)),
            1000,
            id="cache neither told nor priced",
        ),
        pytest.param(
            told(input_tokens=1),
            Price(input=Decimal(1), output=Decimal(1), cache_read=Decimal("0.1")),
            None,
            id="cache priced but untold",
        ),
        pytest.param(
            told(input_tokens=1, cache_read_tokens=1),
            Price(input=Decimal(1), output=Decimal(1)),
            None,
            id="cache told but unpriced",
        ),
        pytest.param(
            told(input_tokens=1, cache_read_tokens=0, cache_write_tokens=0),
            SONNET,
            2000,
            id="no word about searches means none",
        ),
        pytest.param(
            told(web_searches=1),
            Price(input=Decimal(1), output=Decimal(1)),
            None,
            id="searched without price",
        ),
        pytest.param(told(input_tokens=-1), SONNET, None, id="a negative count"),
        pytest.param(
            told(cache_read_tokens=0, cache_write_tokens=1, cache_write_1h_tokens=2),
            SONNET,
            None,
            id="a part larger than its whole",
        ),
    ],
)
def test_zero_and_missing_are_different(
    usage: Usage, price: Price | None, nano: int | None
) -> None:
    assert cost_nano(usage, price) == nano


@given(st.tuples(*[counts] * 4), st.tuples(*[counts] * 4), st.tuples(*[whole_nano] * 4))
def test_whole_nano_prices_add_up_exactly(
    first: tuple[int, ...], second: tuple[int, ...], unit: tuple[Decimal, ...]
) -> None:
    price = Price(*unit)
    both = tuple(a + b for a, b in zip(first, second, strict=True))
    costs = [cost_nano(_usage(each), price) for each in (first, second, both)]
    assert None not in costs
    assert (costs[0] or 0) + (costs[1] or 0) == costs[2]


@given(st.tuples(*[counts] * 4), st.tuples(*[prices] * 4))
def test_the_error_is_at_most_half_a_nano_dollar(
    tokens: tuple[int, ...], unit: tuple[Decimal, ...]
) -> None:
    cost = cost_nano(_usage(tokens), Price(*unit))
    exact = sum(
        (count * each * 1000 for count, each in zip(tokens, unit, strict=True)),
        Decimal(0),
    )
    assert cost is not None
    assert abs(cost - exact) <= Decimal("0.5")


@given(st.permutations(range(3)), st.tuples(*[counts] * 3), st.tuples(*[prices] * 3))
def test_the_order_of_kinds_is_of_no_account(
    order: list[int], tokens: tuple[int, ...], unit: tuple[Decimal, ...]
) -> None:
    plain = cost_nano(_inputs(tokens), _price(unit))
    mixed = cost_nano(
        _inputs(tuple(tokens[i] for i in order)), _price(tuple(unit[i] for i in order))
    )
    assert plain == mixed


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (None, "unknown"),
        (0, "0 $"),
        (1, "<0.0001 $"),
        (99_999, "<0.0001 $"),
        (100_000, "0.0001 $"),
        (3_100_000, "0.0031 $"),
        (999_949_999, "0.9999 $"),
        (1_000_000_000, "1.00 $"),
        (12_345_678_901, "12.35 $"),
    ],
)
def test_amounts_as_people_read_them(nano: int | None, text: str) -> None:
    assert show(nano) == text


def _usage(tokens: tuple[int, ...]) -> Usage:
    fresh, out, read, write = tokens
    return Usage(
        input_tokens=fresh,
        output_tokens=out,
        cache_read_tokens=read,
        cache_write_tokens=write,
    )


def _price(unit: tuple[Decimal, ...]) -> Price:
    fresh, read, write = unit
    return Price(input=fresh, output=Decimal(0), cache_read=read, cache_write=write)


def _inputs(tokens: tuple[int, ...]) -> Usage:
    fresh, read, write = tokens
    return _usage((fresh, 0, read, write))


@pytest.mark.parametrize(
    ("usage", "price", "why"),
    [
        (told(), None, "the model's price is not known"),
        (
            told(web_searches=2),
            replace(SONNET, cache_read=None, cache_write=None, web_search=None),
            "the price of web searches is not known",
        ),
        (
            Usage(input_tokens=5),
            SONNET,
            "the provider did not tell the count of output tokens",
        ),
        (
            told(input_tokens=-1),
            SONNET,
            "the provider's count of input tokens cannot be true",
        ),
        (told(cache_read_tokens=0, cache_write_tokens=0), SONNET, ""),
    ],
)
def test_why_a_cost_is_unknown(usage: Usage, price: Price | None, why: str) -> None:
    assert why_unknown(usage, price) == why
    assert (cost_nano(usage, price) is None) is bool(why)


def test_reasoning_with_a_price_of_its_own_is_taken_out_of_the_output() -> None:
    price = Price(input=Decimal(2), output=Decimal(8), reasoning=Decimal(3))
    usage = told(output_tokens=100, reasoning_tokens=40)
    assert cost_nano(usage, price) == 60 * 8000 + 40 * 3000
    untold = told(output_tokens=100)
    assert cost_nano(untold, price) is None
    assert why_unknown(untold, price) == (
        "the provider did not tell the count of reasoning tokens"
    )
    same = replace(price, reasoning=Decimal(8))
    assert cost_nano(untold, same) == 100 * 8000
