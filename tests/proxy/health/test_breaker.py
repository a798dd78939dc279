"""A breaker opens, closes and probes as said, whatever happens to its calls."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Failure, FailureKind
from proxy.health.breaker import (
    FAULTS,
    FRESH,
    LONGEST,
    LONGEST_ASKED,
    LONGEST_UNREACHED,
    PROBE_LASTS,
    SHORTEST,
    WINDOW,
    Breaker,
    End,
    Ended,
    State,
    begin,
    ended,
    fold,
    reached,
)

NOW = 1_795_000_000.0
GOOD = Ended(End.SUCCESS)
BAD = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 503)
UNREACHED = Ended(End.FAULT, FailureKind.CONNECT)
OTHER = Ended(End.OTHER)


def _after(*calls: Ended, breaker: Breaker = FRESH, now: float = NOW) -> Breaker:
    for call in calls:
        breaker = fold(breaker, call, now)
    return breaker


@pytest.mark.parametrize(
    ("kind", "status", "end"),
    [
        (FailureKind.CONNECT, None, End.FAULT),
        (FailureKind.DNS, None, End.FAULT),
        (FailureKind.TLS, None, End.FAULT),
        (FailureKind.RESET, None, End.FAULT),
        (FailureKind.FIRST_BYTE_TIMEOUT, None, End.FAULT),
        (FailureKind.UPSTREAM_ERROR, 500, End.FAULT),
        (FailureKind.UPSTREAM_ERROR, 529, End.FAULT),
        (FailureKind.MALFORMED, 200, End.FAULT),
        (FailureKind.CUT, 200, End.FAULT),
        (FailureKind.STALLED, 200, End.FAULT),
        (FailureKind.REJECTED, 408, End.FAULT),
        (FailureKind.REJECTED, 400, End.OTHER),
        (FailureKind.REJECTED, 404, End.OTHER),
        (FailureKind.REJECTED, 413, End.OTHER),
        (FailureKind.REJECTED, 422, End.OTHER),
        (FailureKind.AUTH, 401, End.OTHER),
        (FailureKind.RATE_LIMITED, 429, End.OTHER),
        (FailureKind.CLIENT_GONE, None, End.OTHER),
        (FailureKind.STOPPING, None, End.OTHER),
        (FailureKind.INTERNAL, None, End.OTHER),
        (FailureKind.NO_ROUTE, None, End.OTHER),
    ],
)
def test_only_the_routes_own_fault_counts(
    kind: FailureKind, status: int | None, end: End
) -> None:
    assert ended(Failure(kind, "It failed.", status)).end is end


def test_a_whole_answer_is_a_success() -> None:
    assert ended(None) == GOOD


def test_three_faults_in_a_row_open_it_for_five_seconds() -> None:
    assert _after(BAD, BAD).state(NOW) is State.CLOSED
    opened = _after(BAD, BAD, BAD)
    assert opened.state(NOW) is State.OPEN
    assert opened.state(NOW + SHORTEST - 0.1) is State.OPEN
    assert opened.state(NOW + SHORTEST) is State.HALF_OPEN


def test_faults_that_are_long_ago_do_not_count() -> None:
    breaker = _after(BAD, BAD)
    assert fold(breaker, BAD, NOW + WINDOW).state(NOW + WINDOW) is State.CLOSED


def test_a_few_faults_among_many_good_answers_do_not_open_it() -> None:
    assert _after(*[GOOD] * 8, BAD, BAD, BAD).state(NOW) is State.CLOSED


def test_half_of_the_calls_failing_opens_it() -> None:
    assert _after(BAD, GOOD, BAD, GOOD, BAD).state(NOW) is State.OPEN


def test_what_is_nobodys_fault_changes_nothing() -> None:
    assert _after(BAD, BAD, OTHER) == _after(BAD, BAD)


def test_one_probe_and_never_two() -> None:
    breaker = _after(BAD, BAD, BAD)
    assert begin(breaker, NOW)[1] is False
    later = NOW + SHORTEST
    breaker, first = begin(breaker, later)
    breaker, second = begin(breaker, later + 1)
    assert (first, second) == (True, False)
    assert breaker.probing(later + 1)


def test_a_probe_that_succeeds_closes_it() -> None:
    later = NOW + SHORTEST
    breaker, _ = begin(_after(BAD, BAD, BAD), later)
    assert fold(breaker, GOOD, later + 1) == FRESH


def test_a_probe_that_fails_opens_it_for_twice_as_long() -> None:
    later = NOW + SHORTEST
    breaker, _ = begin(_after(BAD, BAD, BAD), later)
    breaker = fold(breaker, BAD, later)
    assert breaker.until - later == 2 * SHORTEST
    assert not breaker.probing(breaker.until)


def test_a_probe_that_proves_nothing_frees_the_slot() -> None:
    later = NOW + SHORTEST
    breaker, _ = begin(_after(BAD, BAD, BAD), later)
    breaker = fold(breaker, OTHER, later + 1)
    assert breaker.state(later + 1) is State.HALF_OPEN
    assert begin(breaker, later + 1)[1] is True


def test_a_probe_that_vanishes_frees_the_slot_after_a_while() -> None:
    later = NOW + SHORTEST
    breaker, _ = begin(_after(BAD, BAD, BAD), later)
    assert begin(breaker, later + PROBE_LASTS - 1)[1] is False
    assert begin(breaker, later + PROBE_LASTS)[1] is True


@pytest.mark.parametrize(
    ("call", "most"), [(BAD, LONGEST), (UNREACHED, LONGEST_UNREACHED)]
)
def test_the_pause_doubles_to_its_limit(call: Ended, most: float) -> None:
    breaker, now, pauses = _after(call, call, call), NOW, []
    for _ in range(12):
        pauses.append(breaker.until - breaker.since)
        now = breaker.until
        breaker, passes = begin(breaker, now)
        assert passes
        breaker = fold(breaker, call, now)
    assert pauses[:3] == [5, 10, 20]
    assert pauses[-1] == most
    assert pauses == sorted(pauses)


def test_the_providers_own_wish_beats_the_constants() -> None:
    asked = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 529, wait=42)
    assert _after(BAD, BAD, asked).until == NOW + 42
    endless = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 529, wait=1e9)
    assert _after(BAD, BAD, endless).until == NOW + LONGEST_ASKED


def test_a_call_that_began_before_neither_closes_nor_prolongs() -> None:
    opened = _after(BAD, BAD, BAD)
    assert fold(opened, GOOD, NOW + 1) == opened
    assert fold(opened, BAD, NOW + 1) == opened
    asked = Ended(End.FAULT, FailureKind.UPSTREAM_ERROR, 529, wait=42)
    assert fold(opened, asked, NOW + 1).until == NOW + 43


def test_a_clock_that_was_far_ahead_is_not_believed() -> None:
    opened = _after(BAD, BAD, BAD)
    assert opened.state(NOW - 86_400) is State.HALF_OPEN


def test_the_order_of_calls_that_end_together_is_nothing() -> None:
    states = {
        _after(*order).state(NOW)
        for order in permutations([BAD, BAD, BAD, GOOD, OTHER])
    }
    assert states == {State.OPEN}


_CALLS = st.sampled_from([GOOD, BAD, UNREACHED, OTHER])
_STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "end"]), _CALLS, st.floats(0, 400)),
    max_size=80,
)


@given(_STEPS)
def test_there_are_never_two_probes_and_every_pause_ends(
    steps: list[tuple[str, Ended, float]],
) -> None:
    breaker, now = FRESH, NOW
    probe: float | None = None
    for what, call, pause in steps:
        now += pause
        if what == "begin":
            before = breaker.state(now)
            breaker, passes = begin(breaker, now)
            assert passes is (
                before is State.CLOSED
                or (
                    before is State.HALF_OPEN
                    and (probe is None or now - probe >= PROBE_LASTS)
                )
            )
            if passes and before is State.HALF_OPEN:
                probe = now
        else:
            was = breaker.state(now)
            breaker = fold(breaker, call, now)
            if was is State.HALF_OPEN:
                probe = None
        assert breaker.until - breaker.since <= LONGEST_ASKED
        assert len(breaker.calls) <= 20
        assert breaker.level <= 8


@given(st.lists(st.sampled_from([GOOD, OTHER]), max_size=40))
def test_without_a_fault_it_never_opens(calls: list[Ended]) -> None:
    assert _after(*calls).state(NOW) is State.CLOSED


@given(
    st.lists(_CALLS, max_size=6).flatmap(
        lambda c: st.tuples(st.just(c), st.permutations(c))
    )
)
def test_too_few_faults_fold_alike_in_any_order(
    orders: tuple[list[Ended], list[Ended]],
) -> None:
    calls, others = orders
    if sum(call.end is End.FAULT for call in calls) < FAULTS:
        one, other = _after(*calls), _after(*others)
        assert sorted(one.calls) == sorted(other.calls)
        assert one.state(NOW) is other.state(NOW) is State.CLOSED


@pytest.mark.parametrize("kind", FailureKind)
def test_a_server_that_answers_again_closes_what_nobody_answered(
    kind: FailureKind,
) -> None:
    breaker = Breaker(level=3, since=NOW, until=NOW + 20, kind=kind)
    away = kind in {FailureKind.CONNECT, FailureKind.DNS}
    assert reached(breaker) == (FRESH if away else breaker)
    assert reached(FRESH) is FRESH
