from datetime import UTC, datetime
from decimal import Decimal

from proxy.catalogue.amounts import USER_SOURCE, read_rates, sourced
from proxy.catalogue.problems import ConfigProblem, TableReader
from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Source, SourceType

DOCS = Source(SourceType.PROVIDER_DOCS, "a list", datetime(2026, 5, 1, tzinfo=UTC))
OLD = Rates(
    (
        Rate(Price(input=Decimal(9))),
        Rate(Price(input=Decimal(8)), starts=datetime(2026, 1, 1, tzinfo=UTC)),
        Rate(Price(input=Decimal(99)), above=10),
    ),
    DOCS,
    "old",
)


def read(table: dict[str, object], base: Rates | None = OLD) -> Rates | None:
    problems: list[ConfigProblem] = []
    found = read_rates(TableReader(table, "", problems), base)
    assert problems == []
    return found


def test_without_a_price_the_old_ones_hold() -> None:
    assert read({}) is OLD
    assert read({}, None) is None


def test_a_price_of_the_user_s_drops_every_old_one_and_says_whose_it_is() -> None:
    found = read({"price": {"input": "1"}})
    assert found == Rates((Rate(Price(input=Decimal(1))),), USER_SOURCE)


def test_a_long_price_alone_takes_the_place_of_the_long_ones() -> None:
    found = read({"long_price": {"above": 7, "input": "2"}})
    assert found is not None
    assert found.entries == (
        *OLD.entries[:2],
        Rate(Price(input=Decimal(2)), above=7),
    )
    alone = read({"long_price": {"above": 7, "input": "2"}}, None)
    assert alone is not None
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert alone.price(7, noon) is None
    assert alone.price(8, noon) == Price(input=Decimal(2))


def test_a_price_that_is_no_table_leaves_the_model_untracked() -> None:
    problems: list[ConfigProblem] = []
    found = read_rates(TableReader({"price": "1.00"}, "", problems), OLD)
    assert found == Rates((), USER_SOURCE)
    assert problems


def test_a_shipped_file_s_prices_have_its_source() -> None:
    own = read({"price": {"input": "1"}})
    given = sourced(own, DOCS)
    assert own is not None
    assert given is not None
    assert (given.entries, given.source) == (own.entries, DOCS)
    assert sourced(None, DOCS) is None
