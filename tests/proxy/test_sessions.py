from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.glance import Glance
from proxy.routing.facts import Tier
from proxy.sessions import (
    MOST_CONVERSATIONS,
    NOTHING,
    RETRY_SECONDS,
    SAME_CALLS,
    WARM_SECONDS,
    Sessions,
    Turn,
)

TURN = Turn("claude-code", "s1", None, "beginning", "tail-1")
NEXT = replace(TURN, tail="tail-2")
SEEN = Glance()
LOOPING = replace(SEEN, continues=True)


def answered(turn: Turn = TURN, at: float = 0.0, **extra: object) -> Sessions:
    sessions = Sessions()
    told = {"tier": Tier.STANDARD, "warm": 900, **extra}
    sessions.answered(turn, "a/large", at, **told)  # type: ignore[arg-type]
    return sessions


def test_a_conversation_nobody_knows_is_nothing() -> None:
    assert Sessions().recall(TURN, SEEN, 0.0) is NOTHING
    assert answered().recall(replace(TURN, client="codex"), SEEN, 0.0) is NOTHING
    assert answered().recall(replace(TURN, agent="a2"), SEEN, 0.0) is NOTHING


def test_who_answered_last_is_known_and_what_is_warm() -> None:
    found = answered().recall(NEXT, SEEN, 10.0)
    assert (found.made_calls, dict(found.warm)) == ("a/large", {"a/large": 900})
    assert found.raised is None


def test_warmth_passes() -> None:
    assert not answered().recall(NEXT, SEEN, WARM_SECONDS).warm


def test_a_loop_goes_on_where_compaction_rewrote_the_beginning() -> None:
    shortened = replace(NEXT, fingerprint="rewritten")
    assert answered().recall(shortened, LOOPING, 1.0).made_calls == "a/large"
    assert answered().recall(shortened, SEEN, 1.0) is NOTHING
    alone = answered(replace(TURN, session=None))
    lost = replace(shortened, session=None)
    assert alone.recall(lost, LOOPING, 1.0) is NOTHING


@pytest.mark.parametrize(
    ("tier", "raised"),
    [
        (Tier.SMALL, Tier.STANDARD),
        (Tier.STANDARD, Tier.PREMIUM),
        (Tier.PREMIUM, Tier.PREMIUM),
    ],
)
def test_a_call_made_again_and_again_asks_for_a_stronger_model(
    tier: Tier, raised: Tier
) -> None:
    calls = (("read", "d1"),) * SAME_CALLS
    found = answered(tier=tier).recall(NEXT, replace(LOOPING, tool_calls=calls), 1.0)
    assert found.raised is not None
    assert found.raised.tier is raised
    assert "same tool call" in found.raised.sentence


def test_different_calls_are_no_evidence() -> None:
    calls = tuple(("read", f"d{each}") for each in range(12))
    assert not answered().recall(NEXT, replace(LOOPING, tool_calls=calls), 1.0).raised


def test_an_error_that_comes_back_is_evidence() -> None:
    stuck = replace(LOOPING, tool_errors=("e1",) * SAME_CALLS)
    found = answered().recall(NEXT, stuck, 1.0)
    assert found.raised is not None
    assert "tool error" in found.raised.sentence


@pytest.mark.parametrize("stop", ["refusal", "MALFORMED_FUNCTION_CALL"])
def test_the_models_own_failure_is_evidence(stop: str) -> None:
    assert answered(stop=stop).recall(NEXT, SEEN, 1.0).raised is not None
    assert answered(stop="end_turn").recall(NEXT, SEEN, 1.0).raised is None


def test_the_same_turn_again_is_evidence_for_a_while() -> None:
    assert answered().recall(TURN, SEEN, 1.0).raised is not None
    assert answered().recall(TURN, SEEN, RETRY_SECONDS).raised is None


def test_a_script_without_sessions_may_repeat_itself() -> None:
    script = replace(TURN, session=None)
    assert answered(script).recall(script, SEEN, 1.0).raised is None


def test_a_model_without_tier_is_never_found_too_weak() -> None:
    assert answered(tier=None).recall(TURN, SEEN, 1.0).raised is None


@given(st.lists(st.integers(0, 30), max_size=60))
def test_memory_is_bounded(order: list[int]) -> None:
    sessions = Sessions()
    for each in order:
        turn = replace(TURN, session=None, fingerprint=str(each))
        sessions.answered(turn, f"p/m{each}", 0.0, warm=each)
    for each in set(order):
        turn = replace(TURN, session=None, fingerprint=str(each))
        assert sessions.recall(turn, SEEN, 1.0).made_calls == f"p/m{each}"


def test_the_least_recent_conversation_is_forgotten_first() -> None:
    sessions = Sessions()
    for each in range(MOST_CONVERSATIONS + 1):
        turn = replace(TURN, session=None, fingerprint=str(each))
        sessions.answered(turn, "p/m", 0.0)
    first = replace(TURN, session=None, fingerprint="0")
    assert sessions.recall(first, SEEN, 1.0) is NOTHING
