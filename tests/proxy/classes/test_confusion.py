"""The classifier over the labelled set; it writes docs/reference/classes.md."""

from __future__ import annotations

import tomllib

import pytest
from labelled.confusion import FLOORS, Confusion, confusion, render
from labelled.requests import Labelled, held, requests, rows, texts
from outcome_pages import OutcomePages

from proxy.classes import classify, shipped_rules
from proxy.glance import Glance, glance
from proxy.profiles import profile_of, shipped_profiles
from proxy.routing.facts import RouteClass
from resources import text

_ACCURACY = 0.85
# On texts that nobody wrote a rule for; much is left open there, and may be.
_ACCURACY_HELD = 0.50
_UNSAFE = 0.01


def seen(labelled: Labelled) -> Glance:
    return glance(labelled.protocol, labelled.body, path_stream=labelled.path_stream)


def given(labelled: Labelled, key: str) -> RouteClass:
    """The class of a request that came with the key of that name."""
    profile = profile_of(key, labelled.header, labelled.protocol, shipped_profiles())
    return classify(seen(labelled), profile, "", shipped_rules()).route_class


@pytest.fixture(scope="module")
def found() -> Confusion:
    """What the classifier makes of the set where each client has a key of its own."""
    return confusion(requests(), lambda each: given(each, each.client))


@pytest.fixture(scope="module")
def unseen() -> Confusion:
    """The same of the part that is held back."""
    return confusion(held(), lambda each: given(each, each.client))


def test_most_requests_are_given_their_label(found: Confusion) -> None:
    assert found.accuracy >= _ACCURACY


def test_work_is_hardly_ever_taken_for_a_small_models(found: Confusion) -> None:
    assert found.unsafe_share <= _UNSAFE, [each.id for each in found.unsafe]


def test_texts_that_no_rule_was_adjusted_by_fare_worse_but_safely(
    unseen: Confusion,
) -> None:
    assert unseen.accuracy >= _ACCURACY_HELD
    assert unseen.unsafe_share <= _UNSAFE


def test_the_page_says_what_came_out(
    found: Confusion, unseen: Confusion, outcome_pages: OutcomePages
) -> None:
    page = outcome_pages.page("classes.md", ("all",), lambda said: said["all"])
    page.note("all", render(found, unseen))


def test_clients_known_by_their_headers_alone_are_as_safe() -> None:
    alone = confusion(requests(), lambda each: given(each, "unknown"))
    assert alone.accuracy >= _ACCURACY
    assert alone.unsafe_share <= _UNSAFE, [each.id for each in alone.unsafe]


def test_what_a_person_wrote_is_found_in_every_envelope() -> None:
    written = {row.id: texts()[row.human].text.strip() for row in rows()}
    other = [
        each.id
        for each in requests()
        if each.history not in {"side", "large-paste"}
        and written[each.id] not in seen(each).human
    ]
    assert other == []


def test_the_floors_of_the_page_are_those_of_the_mode() -> None:
    floors = tomllib.loads(text("policy/modes.toml"))["modes"]["coding-auto"]["floors"]
    assert floors["auto"] == {
        name: floor
        for name, floor in FLOORS.items()
        if name is not RouteClass.HOUSEKEEPING
    }
    assert floors["housekeeping"] == FLOORS[RouteClass.HOUSEKEEPING]
