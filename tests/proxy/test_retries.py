from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_made import model
from routing_made import provider as made

from proxy.catalogue import Route
from proxy.errors import Failure, FailureKind
from proxy.model import Protocol
from proxy.retries import (
    FIRST_BYTE_WITH_STANDBY,
    SHORT_WAIT,
    Next,
    Step,
    Tried,
    after,
    first_byte_limit,
    in_turn,
    mark_beside,
)
from proxy.routing.condition import ALL_WELL, Condition, Rest, RestKind
from proxy.routing.decision import Choice, Mark


def _failed(
    kind: FailureKind, status: int | None = None, wait: float | None = None
) -> Failure:
    return Failure(kind, "It failed.", status, wait)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_what_the_client_got_wrong_goes_back_at_once(status: int) -> None:
    failure = _failed(FailureKind.REJECTED, status)
    assert after(Tried(failure), 0.5) == Step(Next.STOP)
    assert after(Tried(failure, translated=True), 0.5) == Step(Next.STOP)


def test_a_length_refused_in_translation_goes_to_a_larger_route() -> None:
    failure = _failed(FailureKind.REJECTED, 400)
    assert after(Tried(failure, too_long=True), 0.5).next is Next.STOP
    tried = Tried(failure, too_long=True, translated=True)
    assert after(tried, 0.5).next is Next.LARGER


def test_the_clients_own_login_is_between_client_and_vendor() -> None:
    failure = _failed(FailureKind.AUTH, 401)
    assert after(Tried(failure, own_credential=True), 0.5).next is Next.STOP
    assert after(Tried(failure), 0.5).next is Next.OTHER


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (None, Step(Next.OTHER)),
        (0.0, Step(Next.SAME, 0.0)),
        (SHORT_WAIT, Step(Next.SAME, SHORT_WAIT)),
        (2.1, Step(Next.OTHER)),
        (7999.0, Step(Next.OTHER)),
    ],
)
def test_a_short_wait_is_waited_and_a_long_one_is_not(
    wait: float | None, expected: Step
) -> None:
    assert after(Tried(_failed(FailureKind.RATE_LIMITED, 429, wait)), 0.5) == expected


def test_a_second_429_of_the_same_route_is_not_waited_for() -> None:
    failure = _failed(FailureKind.RATE_LIMITED, 429, 1.0)
    assert after(Tried(failure, repeated=True), 0.5).next is Next.OTHER


@pytest.mark.parametrize("status", [500, 502, 503, 529])
def test_a_passing_fault_is_tried_once_more_after_a_jitter(status: int) -> None:
    failure = _failed(FailureKind.UPSTREAM_ERROR, status)
    first, last = after(Tried(failure), 0.0), after(Tried(failure), 1.0)
    assert (first.next, last.next) == (Next.SAME, Next.SAME)
    assert 0 < first.wait < last.wait < 1
    assert after(Tried(failure, repeated=True), 0.5).next is Next.OTHER


@pytest.mark.parametrize(
    ("status", "wait"), [(501, None), (504, None), (200, None), (None, None), (503, 30)]
)
def test_other_faults_go_to_the_next_route(
    status: int | None, wait: float | None
) -> None:
    failure = _failed(FailureKind.UPSTREAM_ERROR, status, wait)
    assert after(Tried(failure), 0.5) == Step(Next.OTHER)


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.CONNECT,
        FailureKind.TLS,
        FailureKind.DNS,
        FailureKind.RESET,
        FailureKind.FIRST_BYTE_TIMEOUT,
        FailureKind.CUT,
        FailureKind.MALFORMED,
        FailureKind.STALLED,
    ],
)
def test_a_route_that_cannot_be_heard_is_left(kind: FailureKind) -> None:
    assert after(Tried(_failed(kind)), 0.5) == Step(Next.OTHER)


def test_the_last_call_is_the_standbys_after_a_connection_closed_unheard() -> None:
    failure = _failed(FailureKind.RESET)
    tried = Tried(failure, stale=True, relieved=True)
    assert after(tried, 0.5) == Step(Next.OTHER)


def test_a_connection_closed_unheard_is_opened_anew_at_once() -> None:
    tried = Tried(_failed(FailureKind.RESET), stale=True, repeated=True)
    assert after(tried, 0.5) == Step(Next.SAME)


@given(
    kind=st.sampled_from(list(FailureKind)),
    status=st.none() | st.integers(100, 599),
    wait=st.none() | st.floats(0, 1e6),
    flags=st.tuples(*[st.booleans()] * 5),
    chance=st.floats(0, 1),
)
def test_nobody_waits_long_and_no_route_is_repeated_twice(
    kind: FailureKind,
    status: int | None,
    wait: float | None,
    flags: tuple[bool, ...],
    chance: float,
) -> None:
    own, translated, long, stale, repeated = flags
    tried = Tried(_failed(kind, status, wait), own, translated, long, stale, repeated)
    step = after(tried, chance)
    assert 0 <= step.wait <= SHORT_WAIT
    assert not (step.next is Next.SAME and repeated and not stale)


def test_the_time_for_a_first_byte_is_shared() -> None:
    assert first_byte_limit(600, 0, standby=False) == 600
    assert first_byte_limit(600, 0, standby=True) == FIRST_BYTE_WITH_STANDBY
    assert first_byte_limit(600, 500, standby=True) == 100
    assert first_byte_limit(600, 700, standby=False) == 1
    assert first_byte_limit(60, 0, standby=True) == 30
    assert first_byte_limit(60, 30, standby=True) == 30
    assert first_byte_limit(1, 0, standby=True) == 1


def choice(name: str, lane: str | None, mark: Mark = Mark.NONE) -> Choice:
    provider_id, _, model_id = name.partition("/")
    owner = made(provider_id, model(model_id, lane))
    way = Route(owner, owner.models[0], model_id, Protocol.CHAT)
    return Choice(way, mark, None, None)


FAILED = choice("a/1", "x/standard").route
SIBLING = choice("a/2", "x/standard", Mark.SAME_LANE)
COUSIN = choice("b/1", "x/standard", Mark.SAME_LANE)
STRONGER = choice("b/2", "y/premium", Mark.ESCALATION)
WEAKER = choice("c/1", "y/small", Mark.DOWNGRADE)
BUSY = _failed(FailureKind.UPSTREAM_ERROR, 503)


def names(choices: list[Choice]) -> list[str]:
    return [each.route.name for each in choices]


@pytest.mark.parametrize(
    ("failure", "last", "expected"),
    [
        # The same lane first, elsewhere before where it failed.
        (BUSY, False, ["b/1", "a/2", "b/2", "c/1"]),
        # One call is left: another provider, unless that is a downgrade.
        (BUSY, True, ["b/1", "b/2", "a/2", "c/1"]),
        # Nothing of a provider that cannot be reached before anything else.
        (_failed(FailureKind.CONNECT), False, ["b/1", "b/2", "c/1", "a/2"]),
        (_failed(FailureKind.DNS), True, ["b/1", "b/2", "c/1", "a/2"]),
    ],
)
def test_what_is_left_is_tried_in_order(
    failure: Failure, last: bool, expected: list[str]
) -> None:
    left = [SIBLING, COUSIN, STRONGER, WEAKER]
    assert names(in_turn(left, FAILED, failure, ALL_WELL, last=last)) == expected


def test_without_a_way_elsewhere_the_sibling_is_tried_before_a_downgrade() -> None:
    left = [SIBLING, WEAKER]
    assert names(in_turn(left, FAILED, BUSY, ALL_WELL, last=True)) == ["a/2", "c/1"]


def test_what_a_failure_has_shown_to_be_no_use_is_left_out() -> None:
    resting = Rest(RestKind.QUOTA, 9.0, "its quota is used up")
    known = Condition(
        not_ready={"a": "the key was refused", "c": ""}, groups={"b": resting}
    )
    left = [SIBLING, COUSIN, WEAKER]
    assert names(in_turn(left, FAILED, BUSY, known, last=False)) == ["c/1"]
    # Where nothing else is left all are worth a call.
    only = in_turn([SIBLING, COUSIN], FAILED, BUSY, known, last=False)
    assert names(only) == ["b/1", "a/2"]


@pytest.mark.parametrize(
    "failure",
    [_failed(FailureKind.AUTH, 401), _failed(FailureKind.RATE_LIMITED, 429, 900)],
)
def test_an_account_that_has_just_refused_is_not_asked_again(failure: Failure) -> None:
    resting = Rest(RestKind.QUOTA, 900.0, "it asked to be left alone")
    known = Condition(not_ready={"a": "its key was refused"}, groups={"a": resting})
    assert in_turn([SIBLING], FAILED, failure, known, last=False) == []
    broken = Condition(
        not_ready={"a": "its key was refused"},
        groups={"a": resting},
        routes={"b/1": Rest(RestKind.BREAKER, 9.0, "it failed lately")},
    )
    left = in_turn([SIBLING, COUSIN], FAILED, failure, broken, last=False)
    assert names(left) == ["b/1"]


@pytest.mark.parametrize(
    ("lane", "mark"),
    [
        ("claude/standard", Mark.SAME_LANE),
        ("claude/small", Mark.DOWNGRADE),
        ("open/premium", Mark.ESCALATION),
        ("open/standard", Mark.NONE),
        ("open/odd", Mark.NONE),
        (None, Mark.NONE),
    ],
)
def test_a_route_found_later_is_marked_by_its_lane(
    lane: str | None, mark: Mark
) -> None:
    def way(to: str | None) -> Route:
        return Route(made("a"), model("one", to), "one", Protocol.MESSAGES)

    assert mark_beside(way("claude/standard"), way(lane)) is mark
    assert mark_beside(way(None), way(lane)) is Mark.NONE
