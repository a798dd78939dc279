"""Which of a model's prices holds: length, date, hour and how it was served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from proxy.money import Price
from proxy.prices.rates import ORDINARY, Rate, Rates, Source, SourceType, Variant

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = Source(SourceType.MANUAL_REVIEW, "a person", NOON)


def price(amount: int) -> Price:
    return Price(input=Decimal(amount), output=Decimal(amount))


def rates(*entries: Rate) -> Rates:
    return Rates(entries, SOURCE, "model")


def chosen(
    of: Rates,
    tokens: int | None = 0,
    moment: datetime = NOON,
    variant: Variant = ORDINARY,
) -> int | None:
    found = of.price(tokens, moment, variant)
    return int(found.input) if found and found.input is not None else None


def test_of_the_entries_that_hold_the_last_wins() -> None:
    assert chosen(rates(Rate(price(1)), Rate(price(2)))) == 2


def test_without_an_entry_that_holds_there_is_no_price() -> None:
    assert chosen(rates()) is None
    assert chosen(rates(Rate(price(1), above=10)), 10) is None


@pytest.mark.parametrize(
    ("tokens", "wanted"), [(None, 1), (0, 1), (10, 1), (11, 2), (20, 2), (21, 3)]
)
def test_a_border_is_passed_only_beyond_it(tokens: int | None, wanted: int) -> None:
    of = rates(Rate(price(1)), Rate(price(2), above=10), Rate(price(3), above=20))
    assert chosen(of, tokens) == wanted


def test_a_price_starts_at_midnight_of_utc() -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    of = rates(Rate(price(1)), Rate(price(2), starts=start))
    assert chosen(of, moment=start - timedelta(microseconds=1)) == 1
    assert chosen(of, moment=start) == 2
    east = timezone(timedelta(hours=9))
    assert chosen(of, moment=datetime(2026, 11, 20, 8, 59, tzinfo=east)) == 1
    assert chosen(of, moment=datetime(2026, 11, 20, 9, tzinfo=east)) == 2


def test_a_moment_without_a_zone_is_utc() -> None:
    of = rates(Rate(price(1)), Rate(price(2), starts=NOON))
    assert chosen(of, moment=NOON.replace(tzinfo=None)) == 2


@pytest.mark.parametrize(
    ("begin", "end", "inside", "outside"),
    [
        (60, 240, ["01:00", "03:59"], ["00:59", "04:00", "12:00"]),
        (1380, 60, ["23:00", "23:59", "00:00", "00:59"], ["01:00", "22:59"]),
        (60, 60, [], ["01:00", "00:59"]),
    ],
)
def test_hours_may_wrap_around_midnight(
    begin: int, end: int, inside: list[str], outside: list[str]
) -> None:
    of = rates(Rate(price(1)), Rate(price(2), from_minute=begin, to_minute=end))
    for clock, wanted in [*((c, 2) for c in inside), *((c, 1) for c in outside)]:
        hour, minute = map(int, clock.split(":"))
        assert chosen(of, moment=NOON.replace(hour=hour, minute=minute)) == wanted


def test_a_variant_needs_every_word_of_its_entry() -> None:
    both = (("processing", "batch"), ("service_tier", "flex"))
    of = rates(
        Rate(price(1)),
        Rate(price(2), variant=(("service_tier", "flex"),)),
        Rate(price(3), variant=both),
    )
    assert chosen(of) == 1
    assert chosen(of, variant=Variant("", "flex")) == 2
    assert chosen(of, variant=Variant("", "flex", "fast")) == 2
    assert chosen(of, variant=Variant("batch")) == 1
    assert chosen(of, variant=Variant("batch", "flex")) == 3


def test_an_unheard_of_tier_has_the_ordinary_price_and_is_not_known() -> None:
    of = rates(Rate(price(1)), Rate(price(2), variant=(("speed", "fast"),)))
    odd = Variant("", "ultrafast")
    assert chosen(of, variant=odd) == 1
    assert not of.knows(odd)
    assert not of.knows(Variant("", "ultrafast", "fast"))
    assert of.knows(Variant("", "", "fast"))
    for usual in ("", "default", "standard", "auto", "unspecified"):
        assert of.knows(Variant("", usual, "standard"))


def test_the_base_is_the_first_price_without_a_condition() -> None:
    of = rates(Rate(price(1), above=5), Rate(price(2), source=SOURCE), Rate(price(3)))
    assert of.base == price(2)
    assert rates(Rate(price(1), above=5)).base is None


def test_a_source_reads_as_people_write_it() -> None:
    assert str(SOURCE) == "a person (manual-review), 2026-11-20"
