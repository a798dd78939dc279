"""What a request cost: each attempt by its own prices, and the whole as their sum."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_in_hand import PRICE, ROUTE, WHEN, exchange, route

from proxy.catalogue import Billing, Route
from proxy.charges import TOLD, Charges, bill, charge
from proxy.errors import Failure, FailureKind
from proxy.exchange import Exchange
from proxy.model import Usage
from proxy.money import Price, cost_nano
from proxy.prices.rates import AS_USUAL, Rate, Variant

USED = Usage(input_tokens=1_000, output_tokens=100)
COST = 1_000 * 3_000 + 100 * 15_000
CUT = Failure(FailureKind.CUT, "cut")
DOWN = Failure(FailureKind.CONNECT, "down")
BUSY = Failure(FailureKind.UPSTREAM_ERROR, "busy")


def tried(
    x: Exchange,
    way: Route,
    failure: Failure | None,
    status: int | None,
    usage: Usage | None = None,
) -> None:
    """Note an attempt that left this much behind; one that is cut has begun."""
    in_hand, x.usage = x.usage, usage or Usage()
    x.first_byte_ms = 5 if failure is CUT else None
    x.note(way, 0.0, 0.1, failure, status)
    x.usage = in_hand


def named(name: str, billing: Billing = Billing.METERED, **more: Any) -> Route:
    made = route(billing, **more)
    return replace(made, provider=replace(made.provider, id=name))


def answered(way: Route = ROUTE, usage: Usage = USED) -> Exchange:
    """A request that was answered at once."""
    x = exchange(way=way)
    x.usage = usage
    tried(x, way, None, 200)
    return x


def charged(x: Exchange, asked: Route | None = None) -> Charges:
    return charge(x, WHEN, "snap", asked)


def test_an_answer_at_once_is_the_whole_and_its_attempt_says_so() -> None:
    found = charged(answered())
    assert (found.whole_nano, found.answer.nano) == (COST, COST)
    (only,) = found.attempts
    assert (only.usage, only.cost_nano, only.price_snapshot) == (USED, COST, "snap")
    assert only.price is not None
    assert (only.lane, only.billing) == ("claude/premium", "metered")
    assert not only.retry


def test_what_failed_attempts_used_is_added_at_their_own_prices() -> None:
    x = exchange()
    dear = named("dear", price=Price(input=Decimal(30), output=Decimal(150)))
    x.route = dear
    x.usage = Usage(input_tokens=10, output_tokens=0)
    tried(x, ROUTE, CUT, 200, USED)
    tried(x, dear, None, 200)
    found = charged(x)
    first, second = found.attempts
    assert (first.cost_nano, second.cost_nano) == (COST, 300_000)
    assert found.answer.nano == 300_000
    assert found.whole_nano == COST + 300_000


def test_an_attempt_that_nobody_worked_for_costs_nothing() -> None:
    x = exchange()
    tried(x, ROUTE, DOWN, None)
    tried(x, ROUTE, BUSY, 529)
    # It broke off with the provider's own error before any count.
    tried(x, ROUTE, BUSY, 200)
    tried(x, ROUTE, None, 200)
    x.usage = USED
    found = charged(x)
    assert [each.usage for each in found.attempts] == [None, None, None, USED]
    assert [each.cost_nano for each in found.attempts] == [None, None, None, COST]
    assert found.whole_nano == COST


def test_a_begun_answer_without_counts_makes_the_whole_unknown() -> None:
    x = exchange()
    tried(x, ROUTE, CUT, 200)
    tried(x, ROUTE, None, 200)
    x.usage = USED
    found = charged(x)
    assert found.attempts[0].usage == Usage()
    assert found.attempts[0].cost_nano is None
    assert (found.answer.nano, found.whole_nano) == (COST, None)


def test_the_same_route_again_is_a_retry() -> None:
    x = exchange()
    for way in (ROUTE, ROUTE, named("other"), ROUTE):
        tried(x, way, DOWN, None)
    retries = [each.retry for each in charged(x).attempts]
    assert retries == [False, True, False, False]


def test_a_last_route_that_was_never_called_owes_nothing() -> None:
    x = exchange()
    x.route = named("other")
    tried(x, ROUTE, CUT, 200, USED)
    found = charged(x)
    assert (found.answer.nano, found.whole_nano) == (0, COST)
    assert found.attempts[0].cost_nano == COST


def test_a_route_taken_again_and_not_called_keeps_what_it_used() -> None:
    x = exchange()
    tried(x, ROUTE, CUT, 200, USED)
    assert x.usage == Usage()
    found = charged(x)
    assert (found.usage, found.answer.nano, found.whole_nano) == (USED, COST, COST)
    assert found.attempts[0].usage == USED


def test_without_a_route_nothing_is_owed() -> None:
    assert charged(exchange(way=None)).whole_nano == 0


def test_an_attempt_of_a_route_nobody_knows_any_more_is_unknown() -> None:
    x = answered()
    gone = named("gone")
    tried(x, gone, CUT, 200, USED)
    x.attempts.reverse()
    found = charged(x)
    assert found.attempts[0].cost_nano is None
    assert found.whole_nano is None


def test_what_an_answer_told_of_its_cost_beats_the_table() -> None:
    told = replace(USED, told_cost_nano=42)
    assert bill(ROUTE, told, WHEN, "snap").nano == 42
    assert bill(ROUTE, replace(USED, told_cost_nano=0), WHEN, "snap").nano == 0
    assert bill(None, told, WHEN, "snap").nano == 42
    assert bill(None, USED, WHEN, "snap").nano is None
    found = charged(answered(usage=told))
    assert (found.whole_nano, found.answer.snapshot) == (42, TOLD)
    # Even where no table knows the model.
    assert charged(answered(route(price=None), told)).whole_nano == 42


def test_who_was_served_in_a_way_without_a_price_is_priced_as_usual_and_says_so() -> (
    None
):
    served = replace(USED, served=Variant(service_tier="flex", speed="fast"))
    found = charged(answered(usage=served))
    assert found.whole_nano == COST
    assert found.answer.snapshot == f"snap{AS_USUAL}flex, fast"
    usual = replace(USED, served=Variant(service_tier="default"))
    assert charged(answered(usage=usual)).answer.snapshot == "snap"
    model = ROUTE.model
    assert model is not None
    assert model.rates is not None
    flex = Rate(Price(Decimal(1), Decimal(1)), variant=(("service_tier", "flex"),))
    rates = replace(model.rates, entries=(*model.rates.entries, flex))
    known = replace(ROUTE, model=replace(model, rates=rates))
    told = bill(known, replace(USED, served=Variant(service_tier="flex")), WHEN, "snap")
    assert (told.nano, told.snapshot) == (1_100_000, "snap")


def test_local_models_cost_nothing_unless_they_have_a_price() -> None:
    here = route(Billing.LOCAL, None)
    assert charged(answered(here)).whole_nano == 0
    assert charged(answered(route(Billing.LOCAL, PRICE))).whole_nano == COST
    assert charged(answered(route(price=None))).whole_nano is None


def test_the_model_asked_for_is_priced_on_the_same_tokens() -> None:
    dear = named("dear", price=Price(input=Decimal(30), output=Decimal(150)))
    found = charged(answered(), dear)
    assert found.asked_nano == 10 * COST
    assert charged(answered(), None).asked_nano is None
    assert charged(answered(), named("x", price=None)).asked_nano is None
    assert charged(answered(), named("x", Billing.LOCAL, price=None)).asked_nano == 0


def test_the_model_asked_for_is_the_one_that_answered() -> None:
    told = replace(USED, told_cost_nano=42)
    assert charged(answered(usage=told), ROUTE).asked_nano == 42


def test_caching_that_the_model_asked_for_has_no_price_for_is_fresh_input() -> None:
    usage = Usage(
        input_tokens=10,
        cache_read_tokens=100,
        cache_write_tokens=1_000,
        cache_write_1h_tokens=1_000,
        output_tokens=0,
    )
    plain = named("plain", price=Price(input=Decimal(1), output=Decimal(1)))
    assert charged(answered(usage=usage), plain).asked_nano == 1_110 * 1_000


def test_counts_that_the_answering_provider_has_no_words_for_are_none() -> None:
    caching = Price(
        input=Decimal(1),
        output=Decimal(1),
        cache_read=Decimal("0.1"),
        cache_write=Decimal("1.25"),
    )
    assert charged(answered(), named("c", price=caching)).asked_nano == 1_100_000


def test_nothing_used_would_have_cost_nothing_elsewhere() -> None:
    x = exchange()
    tried(x, ROUTE, DOWN, None)
    assert charged(x, named("dear")).asked_nano == 0


counts = st.none() | st.integers(min_value=0, max_value=10**7)
usages = st.builds(
    Usage,
    input_tokens=counts,
    cache_read_tokens=counts,
    output_tokens=counts,
    told_cost_nano=st.none() | st.integers(min_value=0, max_value=10**12),
)
attempts = st.tuples(
    st.sampled_from([None, CUT, DOWN, BUSY]),
    st.sampled_from([None, 200, 429, 529]),
    st.none() | usages,
)


@given(before=st.lists(attempts, max_size=4), last=usages, local=st.booleans())
def test_the_whole_is_the_sum_of_its_parts(
    before: list[tuple[Failure | None, int | None, Usage | None]],
    last: Usage,
    *,
    local: bool,
) -> None:
    x = exchange(way=route(Billing.LOCAL, None) if local else ROUTE)
    for failure, status, usage in before:
        tried(x, ROUTE, failure, status, usage)
    tried(x, ROUTE, None, 200)
    x.usage = last
    found = charged(x)
    parts = [each.cost_nano for each in found.attempts if each.usage is not None]
    known = [part for part in parts if part is not None]
    assert found.whole_nano == (sum(known) if len(known) == len(parts) else None)
    assert found.attempts[-1].cost_nano == found.answer.nano
    # And none of them is lost on the way into a record.
    kept = [each.usage for each in found.attempts[:-1]]
    told = [usage for _, _, usage in before]
    assert all(
        kept_usage == told_usage
        for kept_usage, told_usage in zip(kept, told, strict=True)
        if told_usage not in {None, Usage()}
    )


@pytest.mark.parametrize("usage", [USED, Usage(input_tokens=5, output_tokens=0)])
def test_a_bill_is_what_the_price_says(usage: Usage) -> None:
    found = bill(ROUTE, usage, WHEN, "snap")
    assert found.nano == cost_nano(usage, found.price)
