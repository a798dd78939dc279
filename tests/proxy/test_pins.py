"""A session's plain proofs belong to the provider it began with."""

from __future__ import annotations

from proxy.pins import MOST_SESSIONS, Pins


def test_the_first_who_answers_owns_the_plain_proofs() -> None:
    pins = Pins()
    pins.answered("claude-code", "s", "anthropic")
    pins.answered("claude-code", "s", "bedrock")
    assert pins.owner("claude-code", "s") == "anthropic"


def test_clients_do_not_share_sessions() -> None:
    pins = Pins()
    pins.answered("claude-code", "s", "anthropic")
    assert pins.owner("codex", "s") is None


def test_without_a_session_nothing_is_known() -> None:
    pins = Pins()
    pins.answered("claude-code", None, "anthropic")
    assert pins.owner("claude-code", None) is None


def test_old_sessions_are_forgotten() -> None:
    pins = Pins()
    for at in range(MOST_SESSIONS):
        pins.answered("c", str(at), "p")
    pins.answered("c", "0", "p")
    pins.answered("c", "new", "p")
    assert pins.owner("c", "0") == "p"
    assert pins.owner("c", "1") is None
