from __future__ import annotations

from dataclasses import replace

import pytest
from desktop_scenes import (
    EMPTY,
    EVENTS,
    NOT_READY,
    READY,
    SIGHTS,
    TODAY,
    TROUBLED,
    event,
)

from app.desktop import words
from app.desktop.sight import Link, Shape, Sight
from app.state import ClientSpend, SpendToday
from proxy.routing import Mode
from proxy.wire.losses import LOSSES


@pytest.mark.parametrize(
    ("scene", "shape", "hollow"),
    [
        ("connecting", Shape.STRAIGHT, True),
        ("ready", Shape.STRAIGHT, False),
        ("empty", Shape.STRAIGHT, False),
        ("offline", Shape.CLOSED, False),
        ("not-ready", Shape.BROKEN, False),
        ("troubled", Shape.DIVERGING, False),
        ("routed", Shape.DIVERGING, False),
        ("restarting", Shape.STRAIGHT, True),
        ("away", Shape.BROKEN, False),
        ("never", Shape.BROKEN, False),
    ],
)
def test_the_shape_is_the_state(scene: str, shape: Shape, hollow: bool) -> None:
    assert SIGHTS[scene].shape is shape
    assert SIGHTS[scene].hollow is hollow


def test_a_routing_mode_that_acts_is_diverging() -> None:
    routed = replace(READY, mode="coding-auto")
    assert Sight(Link.LIVE, routed).shape is Shape.DIVERGING


def test_offline_is_closed_even_where_no_local_model_is_ready() -> None:
    closed = replace(NOT_READY, mode="offline")
    assert Sight(Link.LIVE, closed).shape is Shape.CLOSED


@pytest.mark.parametrize(
    ("scene", "line"),
    [
        ("connecting", "Turnout: waiting for the gateway"),
        (
            "ready",
            "Turnout, direct: ready. Today 1.84 $, 3.12 $ covered, 3 of unknown cost",
        ),
        ("empty", "Turnout, direct: ready, simulated answers. Today 0 $"),
        (
            "not-ready",
            "Turnout, direct: not ready. Today 1.84 $, 3.12 $ covered, 3 of "  # noqa: ISC004
            "unknown cost",
        ),
        ("restarting", "Turnout: waiting for the gateway"),
        ("away", "Turnout: no gateway is running"),
    ],
)
def test_the_tooltip_says_readiness_and_spend(scene: str, line: str) -> None:
    assert words.status_line(SIGHTS[scene]) == line


@pytest.mark.parametrize("scene", sorted(SIGHTS))
def test_the_tooltip_fits_where_it_is_cut(scene: str) -> None:
    assert len(words.status_line(SIGHTS[scene])) <= 127


@pytest.mark.parametrize("scene", sorted(SIGHTS))
def test_each_state_has_a_headline(scene: str) -> None:
    head = words.headline(SIGHTS[scene])
    assert head.title
    assert head.sentence.endswith(".")


def test_what_cannot_be_sent_says_what_to_do() -> None:
    head = words.headline(SIGHTS["not-ready"])
    assert head.title == "Not ready for coding requests"
    assert "OPENAI_API_KEY" in head.todo


def test_why_no_gateway_answers_is_told() -> None:
    why = "The control socket is served by another user."
    head = words.headline(Sight(Link.AWAY, None, why))
    assert head.title == "The gateway does not answer"
    assert head.sentence.startswith(why)


@pytest.mark.parametrize("scene", ["ready", "empty", "offline", "connecting"])
def test_nothing_is_warned_of_while_nothing_is_wrong(scene: str) -> None:
    assert words.warnings(SIGHTS[scene]) == ()


def test_what_is_wrong_is_warned_of() -> None:
    told = words.warnings(Sight(Link.LIVE, TROUBLED))
    assert told == (
        TROUBLED.mode_note,
        "3 requests not yet on disk. Turnout keeps trying.",
        *TROUBLED.problems,
    )
    assert words.warnings(SIGHTS["away"]) == (
        "No gateway is running. Clients get no answer until one runs.",
    )


def test_one_is_not_many() -> None:
    told = words.warnings(Sight(Link.LIVE, replace(READY, unsaved=1)))
    assert told == ("1 request not yet on disk. Turnout keeps trying.",)


def test_unknown_money_is_unknown_and_an_estimate_says_so() -> None:
    facts = {fact.name: fact for fact in words.spend_facts(TODAY)}
    assert facts["Billed"].value == "1.84 $"
    assert "estimate" in facts["Covered"].detail
    assert facts["No price known"].value == "unknown"
    only_unknown = words.client_fact(ClientSpend("codex", 2, 0, 0, 2))
    assert only_unknown.value == "unknown"
    assert words.client_line(ClientSpend("codex", 1, 300_000_000)) == (
        "Codex: 0.3000 $ (1 request)"
    )


def test_an_empty_day_is_zero_and_not_unknown() -> None:
    assert words.spent(SpendToday()) == "0 $"
    assert [fact.name for fact in words.spend_facts(SpendToday())] == ["Billed"]


def test_stronger_and_weaker_routes_of_the_day_are_counted() -> None:
    facts = {fact.name: fact for fact in words.spend_facts(TODAY)}
    assert facts["Escalated"].value == "1 request"
    assert facts["Downgraded"].value == "2 requests"
    assert words.mark_lines(TODAY) == (
        "Escalated to a stronger model: 1 request",
        "Downgraded to a weaker model: 2 requests",
    )
    assert words.mark_lines(SpendToday()) == ()


def test_a_row_names_its_mark_and_tells_its_attempts() -> None:
    same, escalated, downgraded = words.rows((EVENTS[2], EVENTS[8], EVENTS[9]))
    for row, marked in (
        (same, "same lane"),
        (escalated, "an escalation"),
        (downgraded, "a downgrade"),
    ):
        assert row.marked == marked
        assert marked in row.sentence
        assert row.meant
    assert [step.route for step in same.steps] == [
        "openai/gpt-5.5-terra",
        "openrouter/gpt-5.5-terra",
    ]
    assert words.last_line(EVENTS[8]).endswith("answered, an escalation")


def test_a_row_says_all_of_a_request() -> None:
    row = words.rows(EVENTS[:1])[0]
    assert (row.client, row.route) == ("Claude Code", "anthropic/claude-sonnet-5")
    assert row.asked == "asked for claude-sonnet-5"
    assert row.tokens == "1,204 in, 18,240 cached, 312 out"
    assert (row.cost, row.took) == ("0.0138 $", "4.2 s")
    for part in (row.client, row.route, row.asked, row.tokens, row.cost, "answered"):
        assert part in row.sentence


def test_rows_of_failures_name_the_kind_and_guess_nothing() -> None:
    failed, gone, _, interrupted = words.rows(EVENTS[4:8])
    assert failed.ending == "failed: rate limited"
    assert (failed.tokens, failed.cost) == ("tokens unknown", "cost unknown")
    assert gone.ending == "client left"
    assert interrupted.route == "no route"
    assert interrupted.took == ""


def test_a_row_counts_its_losses_and_has_a_sentence_for_each() -> None:
    whole, lossy = words.rows((EVENTS[0], EVENTS[3]))
    assert (whole.losses, whole.lost) == ("", ())
    assert lossy.losses == "3 losses"
    assert lossy.losses in lossy.sentence
    assert lossy.lost == tuple(LOSSES[name] for name in EVENTS[3].losses)


def test_the_date_stands_where_it_changes() -> None:
    day = 24 * 3600 // 47 + 1
    first, second, older = words.rows((event(0), event(1), event(day)))
    assert "Nov" in first.time
    assert "," not in second.time
    assert "," in older.time


def test_covered_and_local_costs_say_so() -> None:
    covered, local = words.rows(
        (event(0, billing="subscription"), event(1, billing="local", cost_nano=0))
    )
    assert covered.cost == "0.0138 $ covered"
    assert local.cost == "0 $ local"


def test_the_last_request_is_told_with_its_route() -> None:
    assert words.last_line(None) == "Last request: none yet"
    assert words.last_line(EVENTS[0]) == (
        "Last: Claude Code > anthropic/claude-sonnet-5, 0.0138 $, answered"
    )


def test_every_word_of_a_closed_set_is_known() -> None:
    assert set(words.MODES) == set(Mode) == set(words.MODE_NAMES)
    assert set(words.SHAPES) == set(Shape)


def test_practice_alone_is_called_simulated() -> None:
    assert words.only_practice(EMPTY)
    assert not words.only_practice(READY)
