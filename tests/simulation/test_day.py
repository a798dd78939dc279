"""A simulated day: the same for a seed, and `coding-auto` is worth its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from outcome_pages import OutcomePages
from simulation.day import CLASSES, START, day
from simulation.page import Found, render
from simulation.running import (
    Outage,
    Tally,
    catalogue,
    floor,
    quality,
    run,
)
from simulation.strategies import PREMIUM_ROUTE, STRATEGIES, always_one, drawn, mode

from proxy.catalogue import Catalogue
from proxy.routing.facts import RouteClass
from proxy.routing.modes import Mode

_QUICK = 1_200
_AUTO = "coding-auto"
_OUT = ("openai", "anthropic")


@pytest.fixture(scope="module")
def world() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="module")
def quick(world: Catalogue) -> dict[str, Tally]:
    """A short day through every strategy."""
    return {each.name: run(day(_QUICK), each.make(), world) for each in STRATEGIES}


def test_a_day_is_the_same_for_a_seed_and_another_for_another() -> None:
    again = day.__wrapped__(_QUICK)
    assert again == day(_QUICK)
    assert day.__wrapped__(_QUICK, 1) != again


def test_a_run_is_the_same_again(world: Catalogue, quick: dict[str, Tally]) -> None:
    for each in STRATEGIES:
        if each.name in {_AUTO, "random"}:
            assert run(day(_QUICK), each.make(), world) == quick[each.name]


def test_chance_draws_something_else_for_another_seed(
    world: Catalogue, quick: dict[str, Tally]
) -> None:
    assert run(day(200), drawn(8), world) != run(day(200), drawn(), world)


def test_a_day_has_everything_that_it_says_it_has() -> None:
    asks = day(_QUICK)
    assert len(asks) == _QUICK
    assert [ask.at for ask in asks] == sorted(ask.at for ask in asks)
    labels = Counter(ask.label for ask in asks)
    assert set(labels) == set(RouteClass)
    assert sum(CLASSES.values()) == 100
    assert any(ask.glance.continues for ask in asks)
    assert all(
        ask.glance.size.low <= ask.tokens <= ask.glance.size.high for ask in asks
    )
    assert all(START <= ask.at < START + timedelta(days=2) for ask in asks)
    sides = [ask for ask in asks if ask.turn is None]
    assert {ask.label for ask in sides} == {RouteClass.HOUSEKEEPING}


def test_a_loop_grows_by_what_was_said_and_found() -> None:
    talks: dict[str, list[int]] = {}
    for ask in day(_QUICK):
        if ask.talk:
            talks.setdefault(ask.talk, []).append(ask.glance.size.tokens)
    assert all(sizes == sorted(sizes) for sizes in talks.values())
    assert max(len(sizes) for sizes in talks.values()) > 20


def test_auto_is_cheaper_than_premium_for_everything(quick: dict[str, Tally]) -> None:
    auto = quick[_AUTO].cost
    assert 0 < auto < quick["always premium"].cost
    assert auto < quick["always one"].cost
    assert auto < quick["coding-premium"].cost


def test_auto_loses_less_than_the_cheapest_and_than_chance(
    quick: dict[str, Tally],
) -> None:
    loss = quick[_AUTO].loss
    assert loss < 0.1
    assert loss < quick["always cheapest"].loss / 2
    assert loss < quick["random"].loss / 2
    assert quick["always premium"].loss == 0.0


def test_nothing_beats_the_cheapest_in_price(quick: dict[str, Tally]) -> None:
    cheapest = quick["always cheapest"].cost
    assert all(cheapest <= tally.cost for tally in quick.values())


def test_everything_is_answered_and_priced(quick: dict[str, Tally]) -> None:
    for tally in quick.values():
        assert tally.answered == tally.requests == _QUICK
        assert tally.unpriced == tally.failed_calls == tally.moved == 0
        assert sum(tally.lanes.values()) == _QUICK


def test_one_model_takes_everything(quick: dict[str, Tally]) -> None:
    assert quick["always one"].routes == {PREMIUM_ROUTE: _QUICK}


def test_a_misread_request_counts_as_what_it_is(world: Catalogue) -> None:
    """Were everything read as an edit, what is more than one would be lost."""
    asks = day(_QUICK)
    misread = [
        replace(
            ask,
            classified=replace(ask.classified, route_class=RouteClass.CHEAP_EDIT),
        )
        for ask in asks
    ]
    found = run(misread, mode(Mode.CODING_AUTO), world)
    assert found.loss > 0.5
    assert found.below_misread == found.below


def test_an_outage_moves_auto_and_stops_the_one_model(world: Catalogue) -> None:
    asks = day(_QUICK)
    whole = Outage("anthropic", asks[0].at, asks[-1].at + timedelta(seconds=1))
    one = run(asks, always_one(), world, whole)
    assert one.unanswered == one.requests
    assert one.cost == 0
    auto = run(asks, mode(Mode.CODING_AUTO), world, whole)
    assert auto.answered > 0.95 * auto.requests
    assert "anthropic" not in {name.partition("/")[0] for name in auto.routes}


def test_floors_and_qualities_are_the_products(world: Catalogue) -> None:
    assert floor(RouteClass.CHEAP_EDIT) < floor(RouteClass.FAST_CODE)
    assert floor(RouteClass.FAST_CODE) < floor(RouteClass.DEEP_REASONING)
    protocol = day(1)[0].protocol
    routes = {route.name: route for route in world.options(protocol)}
    assert quality(routes[PREMIUM_ROUTE], RouteClass.DEEP_REASONING) == 92
    oss = routes["groq/openai/gpt-oss-120b"]
    assert quality(oss, RouteClass.LONG_CONTEXT) < quality(oss, RouteClass.FAST_CODE)


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_page_says_what_a_whole_day_came_to(
    world: Catalogue, outcome_pages: OutcomePages
) -> None:
    asks = day()
    around = Outage("")
    since, until = around.since - timedelta(hours=1), around.until + timedelta(hours=1)
    hours = [ask for ask in asks if since <= ask.at < until]
    found = Found(
        asks=asks,
        world=world,
        whole={each.name: run(asks, each.make(), world) for each in STRATEGIES},
        unseen=run(day(unseen=True), mode(Mode.CODING_AUTO), world),
        hours=hours,
        calm={each.name: run(hours, each.make(), world) for each in STRATEGIES},
        out={
            name: {
                each.name: run(hours, each.make(), world, Outage(name))
                for each in STRATEGIES
            }
            for name in _OUT
        },
    )
    auto = found.whole[_AUTO]
    assert auto.cost < found.whole["always premium"].cost
    assert auto.loss < found.whole["random"].loss < found.whole["always cheapest"].loss
    page = outcome_pages.page("simulation.md", ("all",), lambda said: said["all"])
    page.note("all", render(found))
