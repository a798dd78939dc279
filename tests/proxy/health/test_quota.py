"""Limits and refused keys as folds: how long each rests."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from proxy.health.quota import (
    KEY_LONGEST,
    KEY_SHORTEST,
    LONGEST_GUESS,
    OF_A_DAY,
    SHORTEST,
    Held,
    KeyRefusal,
    Resting,
    held,
    met,
    refused,
)
from proxy.health.signals import LONGEST, Signal

NOW = 1_795_000_000.0


def test_the_providers_word_is_taken_even_for_hours() -> None:
    rest = met(None, 7_999, NOW)
    assert (rest.until - NOW, rest.told) == (7_999, True)
    assert rest.holds(NOW + 7_998)
    assert not rest.holds(NOW + 7_999)


def test_without_a_word_the_rest_is_short_and_grows() -> None:
    rest, now, lengths = met(None, None, NOW), NOW, []
    for _ in range(10):
        lengths.append(rest.until - rest.since)
        now = rest.until
        rest = met(rest, None, now)
    assert lengths[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert lengths[-1] == LONGEST_GUESS


def test_calls_under_way_together_count_once() -> None:
    rest = met(met(met(None, None, NOW), None, NOW), None, NOW)
    assert rest == met(None, None, NOW)


def test_a_word_beats_a_guess_and_the_longer_word_holds() -> None:
    waits = [None, 2.0, 30.0]
    for order in permutations(waits):
        rest: Resting | None = None
        for wait in order:
            rest = met(rest, wait, NOW)
        assert rest is not None
        assert (rest.until, rest.told) == (NOW + 30, True)


def test_after_an_hour_it_is_met_as_for_the_first_time() -> None:
    grown = met(met(None, None, NOW), None, NOW + 10)
    assert grown.strikes == 2
    assert met(grown, None, NOW + 10_000).strikes == 1


def test_a_quota_of_a_day_rests_longer_than_a_retry_delay() -> None:
    rest = met(None, 1.5, NOW, least=OF_A_DAY)
    assert (rest.until - NOW, rest.told) == (OF_A_DAY, False)


@given(st.lists(st.tuples(st.none() | st.floats(-10, 1e12), st.floats(0, 1e6))))
def test_every_rest_ends(meetings: list[tuple[float | None, float]]) -> None:
    rest, now = None, NOW
    for wait, pause in meetings:
        now += pause
        rest = met(rest, wait, now)
        assert now < rest.until <= now + LONGEST
        assert rest.holds(now)


def test_a_clock_that_was_far_ahead_is_not_believed() -> None:
    assert not met(None, 60, NOW).holds(NOW - 86_400)
    assert not refused(None, 401, "a/m", NOW, money=False).holds(NOW - 86_400)


def test_a_refused_key_rests_for_minutes_and_longer_each_time() -> None:
    refusal, lengths = refused(None, 401, "a/m", NOW, money=False), []
    for _ in range(6):
        lengths.append(refusal.until - refusal.since)
        refusal = refused(refusal, 401, "a/m", refusal.until, money=False)
    assert lengths[:2] == [KEY_SHORTEST, 2 * KEY_SHORTEST]
    assert lengths[-1] == KEY_LONGEST


def test_a_403_is_the_routes_until_a_second_route_has_one() -> None:
    one = refused(None, 403, "a/m", NOW, money=False)
    assert not one.whole
    assert not refused(one, 403, "a/m", NOW, money=False).whole
    assert refused(one, 403, "a/n", NOW, money=False).whole
    assert refused(None, 401, "a/m", NOW, money=False).whole
    assert KeyRefusal(403, NOW, NOW + 1, money=True).whole


def test_a_signal_is_remembered_if_it_tells_a_share() -> None:
    assert held("g", "", Signal("w"), NOW) is None
    assert held("g", "", Signal("w", share=0.5, one_model=True), NOW) is None
    kept = held("g", "", Signal("w", share=0.5, resets=NOW + 9), NOW)
    assert kept == Held("g", "", "w", 0.5, NOW, NOW + 9, told=True)
    used_up = held("g", "", Signal("w", exhausted=True, span=60), NOW)
    assert used_up == Held("g", "", "w", 1.0, NOW, NOW + 60)
    assert used_up.holds(NOW + 59)
    assert not used_up.holds(NOW + 60)
