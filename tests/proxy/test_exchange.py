"""What is read from a call's headers, and how attempts are noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_in_hand import ROUTE, call, exchange

from proxy.errors import Failure, FailureKind
from proxy.exchange import milliseconds
from proxy.model import Usage


@pytest.mark.parametrize(
    "name", ["x-claude-code-session-id", "Session-Id", "X-SESSION-ID"]
)
def test_the_session_is_each_clients_own_header(name: str) -> None:
    assert call(headers=((name, "s-1"),)).session == "s-1"


def test_claude_codes_session_comes_first_and_agents_are_told_apart() -> None:
    made = call(
        headers=(
            ("x-session-id", "other"),
            ("X-Claude-Code-Session-Id", "own"),
            ("x-claude-code-agent-id", "a"),
            ("x-claude-code-parent-agent-id", "p"),
        )
    )
    assert (made.session, made.agent, made.parent_agent) == ("own", "a", "p")


def test_an_absent_or_empty_header_is_none_and_a_long_one_is_cut() -> None:
    assert call().session is None
    assert call(headers=(("session-id", ""),)).session is None
    assert call(headers=(("session-id", "x" * 5_000),)).session == "x" * 200


def test_attempts_are_noted_in_order_with_times_from_the_arrival() -> None:
    x = exchange(call(arrived=100.0))
    down = Failure(FailureKind.CONNECT, "down")
    x.note(ROUTE, 100.010, 100.030, down, None)
    x.note(ROUTE, 100.031, 100.5, None, 200)
    first, second = x.attempts
    assert (first.outcome, first.error_kind, first.status) == (
        "connect",
        "connect",
        None,
    )
    assert (first.started_ms, first.duration_ms) == (10, 20)
    assert (second.outcome, second.error_kind, second.status) == ("ok", None, 200)
    assert (second.provider, second.model) == ("scripted", "scripted-large")


@pytest.mark.parametrize(
    ("kind", "status", "first_byte", "owed"),
    [
        (None, 200, 5, True),
        # A web page, and a stream that ended without a byte.
        (FailureKind.MALFORMED, 200, None, False),
        (FailureKind.CUT, 200, None, False),
        (FailureKind.MALFORMED, 200, 5, True),
        (FailureKind.CUT, 200, 5, True),
        # Whoever is silent may be at work.
        (FailureKind.STALLED, 200, None, True),
        (FailureKind.CLIENT_GONE, None, None, True),
        (FailureKind.UPSTREAM_ERROR, 200, 5, False),
        (FailureKind.UPSTREAM_ERROR, 529, 5, False),
        (FailureKind.CONNECT, None, None, False),
    ],
)
def test_only_who_began_to_answer_is_owed_something(
    kind: FailureKind | None, status: int | None, first_byte: int | None, *, owed: bool
) -> None:
    x = exchange()
    x.first_byte_ms = first_byte
    x.note(ROUTE, 0.0, 0.1, Failure(kind, "why") if kind else None, status)
    assert x.attempts[-1].usage == (Usage() if owed else None)


def test_what_was_told_is_owed_whatever_came_of_it() -> None:
    x = exchange()
    x.usage = Usage(input_tokens=3)
    x.note(ROUTE, 0.0, 0.1, Failure(FailureKind.UPSTREAM_ERROR, "why"), 529)
    assert x.attempts[-1].usage == x.usage


@given(st.floats(allow_nan=False, min_value=-1e9, max_value=1e9))
def test_milliseconds_are_whole_and_never_below_zero(seconds: float) -> None:
    assert milliseconds(seconds) == max(0, round(seconds * 1000))
