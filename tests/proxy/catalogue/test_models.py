from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proxy.catalogue import ConfigProblem, Model, Thinking
from proxy.catalogue.amounts import USER_PRICES
from proxy.catalogue.models import Ground, read_models
from proxy.catalogue.problems import TableReader
from proxy.money import Price
from proxy.prices.rates import Rate, Rates, Source, SourceType

PRICE = Price(input=Decimal(9), cache_read=Decimal(1))
KNOWN = (
    Model(
        "a",
        lane="x/small",
        rates=Rates(
            (Rate(PRICE), Rate(Price(input=Decimal(99)), above=10)),
            Source(SourceType.PROVIDER_DOCS, "docs", datetime(2026, 5, 1, tzinfo=UTC)),
        ),
    ),
    Model("b", display_name="B", tools=False, vision=True),
)


def read(
    *models: Mapping[str, object], known: tuple[Model, ...] = ()
) -> tuple[tuple[Model, ...], bool, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    reader = TableReader({"models": list(models)}, "providers[0]", problems)
    found = read_models(reader, Ground(known))
    return found, reader.sound, problems


def test_the_known_models_stand_behind_those_of_the_file() -> None:
    found, sound, problems = read(
        {"id": "new"}, {"id": "b", "tools": True}, known=KNOWN
    )
    assert (sound, problems) == (True, [])
    assert [model.id for model in found] == ["new", "b", "a"]
    assert found[1] == Model("b", display_name="B", tools=True, vision=True)
    assert found[2] == KNOWN[0]


def test_every_field_of_a_known_model_can_be_changed() -> None:
    (model, _), sound, _ = read(
        {
            "id": "a",
            "display_name": "An A",
            "lane": "y/premium",
            "context": 5,
            "max_output": 4,
            "tools": False,
            "vision": True,
            "place": "my-network",
            "sampling": False,
            "thinking": "budget",
            "efforts": ["high", "low"],
        },
        known=KNOWN,
    )
    assert sound
    assert (model.display_name, model.lane) == ("An A", "y/premium")
    assert (model.context, model.max_output) == (5, 4)
    assert (model.tools, model.vision, model.place) == (False, True, "my-network")
    assert (model.sampling, model.thinking) == (False, Thinking.BUDGET)
    assert model.efforts == ("low", "high"), "weakest first"
    assert model.price == KNOWN[0].price


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sampling": "no"}, "must be true or false"),
        ({"thinking": "effort"}, "does not know"),
        ({"thinking": True}, "must be text"),
        ({"efforts": "low"}, "list of levels"),
        ({"efforts": []}, "list of levels"),
        ({"efforts": ["low", "huge"]}, "list of levels"),
        ({"efforts": [["low"]]}, "list of levels"),
    ],
)
def test_what_a_model_takes_must_be_plain(
    wrong: Mapping[str, object], says: str
) -> None:
    _, sound, problems = read({"id": "m", **wrong})
    assert not sound
    assert says in str(problems[0])
    assert problems[0].hint


def test_a_new_price_takes_the_place_of_all_old_ones() -> None:
    (model, _), _, _ = read({"id": "a", "price": {"output": "2.5"}}, known=KNOWN)
    assert model.price == Price(output=Decimal("2.5"))
    assert model.rates is not None
    assert len(model.rates.entries) == 1
    assert model.price_source == USER_PRICES


def test_a_new_long_price_leaves_the_ordinary_one() -> None:
    (model, _), sound, _ = read(
        {"id": "a", "long_price": {"above": 7, "input": 3}}, known=KNOWN
    )
    assert sound
    assert model.price == KNOWN[0].price
    assert model.rates is not None
    assert model.rates.entries[1:] == (Rate(Price(input=Decimal(3)), above=7),)


@pytest.mark.parametrize("name", ["price", "long_price"])
def test_a_price_that_is_no_table(name: str) -> None:
    _, sound, problems = read({"id": "m", name: "3.00"})
    assert not sound
    assert "must be a table, not text" in problems[0].message


@pytest.mark.parametrize(
    ("price", "where", "says"),
    [
        ({"input": 3.0}, "price.input", "in quotes, not a number with a point"),
        ({"input": "-1"}, "price.input", "negative"),
        ({"input": -1}, "price.input", "negative"),
        ({"input": "1e3"}, "price.input", "plain decimal"),
        ({"input": "NaN"}, "price.input", "plain decimal"),
        ({"input": "٣"}, "price.input", "plain decimal"),
        ({"input": True}, "price.input", "in quotes"),
    ],
)
def test_a_wrong_price_is_unknown_and_costs_nothing_else(
    price: Mapping[str, object], where: str, says: str
) -> None:
    (model,), sound, problems = read({"id": "m", "price": {**price, "output": "1"}})
    assert sound
    assert model.price == Price(output=Decimal(1))
    (problem,) = problems
    assert problem.where == f"providers[0].models[0].{where}"
    assert says in problem.message


def test_a_price_of_zero_is_not_an_unknown_one() -> None:
    (model,), _, problems = read({"id": "m", "price": {"input": 0}})
    assert problems == []
    assert model.price == Price(input=Decimal(0), output=None)


def test_a_quality_has_somebody_who_judged() -> None:
    judged = {"id": "m", "quality": 70, "class_quality": {"fast_code": 80}}
    (model,), sound, problems = read(judged)
    assert (sound, problems) == (True, [])
    assert (model.quality, model.class_quality) == (70, (("fast_code", 80),))
    assert model.quality_source == "config.toml"
    (model,), _, _ = read({**judged, "quality_source": "my own bench"})
    assert model.quality_source == "my own bench"


def test_a_quality_of_one_class_leaves_the_others() -> None:
    known = replace(
        KNOWN[1],
        quality=50,
        class_quality=(("cheap_edit", 60), ("fast_code", 55)),
        quality_source="a person",
    )
    (model,), _, _ = read(
        {"id": "b", "class_quality": {"fast_code": 1}}, known=(known,)
    )
    assert model.class_quality == (("cheap_edit", 60), ("fast_code", 1))
    assert (model.quality, model.quality_source) == (50, "config.toml")
    (model,), _, _ = read({"id": "b", "vision": False}, known=(known,))
    assert model.quality_source == "a person"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"quality": 101}, "out of range"),
        ({"quality": "good"}, "a whole number"),
        ({"class_quality": {"fast_cod": 5}}, "mean `fast_code`"),
        ({"class_quality": {"fast_code": 500}}, "out of range"),
        ({"class_quality": 5}, "must be a table"),
        ({"aliases": "one"}, "list of plain words"),
        ({"quota": "two words"}, "characters"),
        ({"quota": ""}, "empty"),
    ],
)
def test_a_wrong_judgement_leaves_the_entry_out(
    wrong: Mapping[str, object], says: str
) -> None:
    _, sound, problems = read({"id": "m", **wrong})
    assert not sound
    assert says in str(problems[0])


def test_aliases_and_quota_are_read() -> None:
    (model,), sound, _ = read({"id": "m", "aliases": ["n", "o"], "quota": "slow"})
    assert sound
    assert (model.aliases, model.quota) == (("n", "o"), "slow")


def test_an_added_model_has_the_price_that_is_tracked_for_its_id() -> None:
    tracked = KNOWN[0].rates
    assert tracked is not None
    problems: list[ConfigProblem] = []
    table = {"models": [{"id": "a"}, {"id": "z"}, {"id": "a-own", "price": {}}]}
    ground = Ground(rates={"a": tracked, "a-own": tracked}.get)
    first, second, third = read_models(TableReader(table, "", problems), ground)
    assert (first.rates, second.rates) == (tracked, None)
    assert third.price_source == USER_PRICES
