"""What is read from a call's headers, and how attempts are noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests_in_hand import ROUTE, call, exchange

from proxy.errors import Failure, FailureKind
from proxy.exchange import milliseconds


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


@given(st.floats(allow_nan=False, min_value=-1e9, max_value=1e9))
def test_milliseconds_are_whole_and_never_below_zero(seconds: float) -> None:
    assert milliseconds(seconds) == max(0, round(seconds * 1000))
