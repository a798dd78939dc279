"""What a newer price document changes, and what speaks against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from proxy.money import Price
from proxy.prices.difference import (
    Change,
    Kind,
    difference,
    objections,
    shrinks,
)
from proxy.prices.rates import Rate, Rates, Source, SourceType

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = Source(SourceType.PROVIDER_DOCS, "a page", NOW)


def rates(into: str, out: str = "10", **more: object) -> Rates:
    price = Price(Decimal(into), Decimal(out))
    return replace(Rates((Rate(price),), SOURCE), **more)  # type: ignore[arg-type]


def test_old_and_new_prices_stand_side_by_side() -> None:
    old = {"a/same": rates("1"), "a/gone": rates("1"), "a/moved": rates("2")}
    new = {"a/same": rates("1"), "a/fresh": rates("5"), "a/moved": rates("3")}
    found = difference(old, new, NOW)
    assert found.same == 1
    assert found.changes == (
        Change(Kind.ADDED, "a/fresh", "input 5, output 10"),
        Change(Kind.REMOVED, "a/gone", "input 1, output 10"),
        Change(Kind.CHANGED, "a/moved", "input 2 -> 3"),
    )
    assert [found.count(kind) for kind in Kind] == [1, 1, 1]


def test_jumps_come_first() -> None:
    old = {"a/a": rates("2"), "a/z": rates("2"), "a/free": rates("0")}
    new = {"a/a": rates("3"), "a/z": rates("2000"), "a/free": rates("1")}
    found = difference(old, new, NOW).changes
    assert [(c.route, c.jump) for c in found] == [
        ("a/free", True),
        ("a/z", True),
        ("a/a", False),
    ]


def test_conditions_that_moved_are_a_change_and_a_new_look_is_none() -> None:
    base = rates("2")
    later = replace(SOURCE, time=NOW + timedelta(hours=1))
    looked = replace(
        base, source=later, entries=(replace(base.entries[0], source=later),)
    )
    assert difference({"a/m": base}, {"a/m": looked}, NOW).changes == ()
    tier = Rate(Price(Decimal(4), Decimal(20)), above=100_000)
    tiered = replace(base, entries=(*base.entries, tier))
    (change,) = difference({"a/m": base}, {"a/m": tiered}, NOW).changes
    assert (change.kind, change.what) == (Kind.CHANGED, "its conditions")


def test_far_fewer_models_are_suspicious() -> None:
    old = {f"a/{n}": rates("1") for n in range(10)}
    fewer = dict(list(old.items())[:8])
    assert shrinks(old, fewer) == ""
    del fewer["a/0"]
    assert "7 models where 10" in shrinks(old, fewer)
    assert shrinks({}, {}) == ""


def test_far_fewer_prices_of_as_many_models_are_suspicious() -> None:
    cached = Rate(Price(Decimal(1), Decimal(5), Decimal("0.1")))
    tier = Rate(Price(Decimal(2), Decimal(10), Decimal("0.2")), above=200_000)
    old = {f"a/{n}": rates("1", entries=(cached, tier)) for n in range(20)}
    assert shrinks(old, dict(old)) == ""
    untiered = {route: rates("1", entries=(cached,)) for route in old}
    assert "60 single prices where 120" in shrinks(old, untiered)
    # What stands in for a price of the cache is none.
    bare = Price(Decimal(1), Decimal(5), Decimal(1))
    few = {f"a/{n}": rates("1", entries=(cached,)) for n in range(20)}
    gone = few | {
        f"a/{n}": rates("1", entries=(Rate(bare), Rate(bare, above=9)))
        for n in range(5)
    }
    assert "the price `cache_read` of 15 models where 20" in shrinks(few, gone)
    empty = {route: rates("1", entries=(Rate(Price()),)) for route in old}
    assert "0 single prices" in shrinks(old, empty)


def test_sources_of_single_prices_are_not_of_the_future_either() -> None:
    ahead = replace(SOURCE, time=NOW + timedelta(days=2))
    price = Price(Decimal(1))
    for entry in (Rate(price, source=ahead), Rate(price, sources=(("input", ahead),))):
        (told,) = objections({"a/m": rates("1", entries=(entry,))}, NOW)
        assert "a/m was looked at in the future" in told


def test_prices_that_cannot_be_are_refused_in_every_condition() -> None:
    negative = Rate(Price(Decimal(-1)), above=100)
    endless = Rate(Price(Decimal("Infinity")))
    huge = Rate(Price(Decimal(200_000)))
    ahead = replace(SOURCE, time=NOW + timedelta(days=2))
    bad = {
        "a/negative": rates("1", entries=(Rate(Price(Decimal(1))), negative)),
        "a/endless": rates("1", entries=(endless,)),
        "a/huge": rates("1", entries=(huge,)),
        "a/ahead": rates("1", source=ahead),
    }
    told = objections({**bad, "a/fine": rates("1")}, NOW)
    assert len(told) == 4
    assert all(any(route in line for line in told) for route in bad)
    assert objections({}, NOW) == ("It has no prices at all.",)
    assert objections({"a/fine": rates("0")}, NOW) == ()


PRICES = st.one_of(st.none(), st.decimals(0, 10**6, places=6))
ENTRIES = st.builds(
    Rate,
    st.builds(Price, input=PRICES, output=PRICES, cache_read=PRICES),
    above=st.sampled_from([0, 1, 200_000]),
    starts=st.sampled_from([None, NOW - timedelta(days=9), NOW + timedelta(days=9)]),
)
PRICED = st.dictionaries(
    st.sampled_from(["a/1", "a/2", "b/1", "b/2"]),
    st.builds(Rates, st.lists(ENTRIES, max_size=3).map(tuple), st.just(SOURCE)),
)


@given(PRICED, PRICED)
def test_differences_add_up(old: dict[str, Rates], new: dict[str, Rates]) -> None:
    found = difference(old, new, NOW)
    back = difference(new, old, NOW)
    moved = found.count(Kind.CHANGED)
    assert found.same + moved + found.count(Kind.ADDED) == len(new)
    assert found.same + moved + found.count(Kind.REMOVED) == len(old)
    assert back.count(Kind.ADDED) == found.count(Kind.REMOVED)
    assert {c.route for c in back.changes if c.jump} == {
        c.route for c in found.changes if c.jump
    }
    assert difference(old, old, NOW).changes == ()
