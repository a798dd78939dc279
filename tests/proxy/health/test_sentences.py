"""Why something rests, in words."""

from __future__ import annotations

import pytest

from proxy.errors import FailureKind
from proxy.health.breaker import Breaker
from proxy.health.quota import KeyRefusal, Resting
from proxy.health.sentences import (
    breaker_clause,
    key_clause,
    lasting,
    limit_clause,
    share_clause,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (29.2, "30 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3_540, "59 min"),
        (3_600, "1 h"),
        (7_999, "2 h 14 min"),
        (172_800, "2 days"),
        (200_000, "3 days"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def _breaker(kind: FailureKind, status: int | None, level: int = 1) -> str:
    return breaker_clause(
        Breaker(level=level, since=0, until=20, kind=kind, status=status)
    )


def test_a_breaker_says_what_failed() -> None:
    assert _breaker(FailureKind.UPSTREAM_ERROR, 503) == (
        "it answered 503, not for the first time, and is left alone for 20 s"
    )
    assert _breaker(FailureKind.DNS, None, level=2) == (
        "its name could not be resolved again when it was tried, and is left alone"
        " for 20 s"
    )
    assert _breaker(FailureKind.CUT, 200).startswith("it broke an answer off,")
    assert _breaker(FailureKind.UPSTREAM_ERROR, None).startswith("it failed,")


def test_a_limit_says_who_set_the_pause() -> None:
    assert limit_clause(Resting(0, 30, told=True)) == (
        "it answered 429 and asked to be left alone for 30 s"
    )
    assert limit_clause(Resting(0, 5)) == (
        "it answered 429 without saying for how long, and is left alone for 5 s"
    )
    assert limit_clause(Resting(0, 7_999, told=True, window="5-hour window")) == (
        "it answered 429, its 5-hour window used up, and asked to be left alone for"
        " 2 h 14 min"
    )


def test_a_key_says_what_was_answered() -> None:
    assert key_clause(KeyRefusal(401, 0, 9)) == "it refused the key with 401"
    assert key_clause(KeyRefusal(402, 0, 9, money=True)) == (
        "it answered 402: its account has no credit left"
    )


def test_a_share_is_never_all_while_something_is_left() -> None:
    assert share_clause(0.9996, "5-hour window") == "99 % of its 5-hour window used"
    assert share_clause(1.0, "5-hour window") == "100 % of its 5-hour window used"
    assert (
        share_clause(0.945, "requests per day") == "95 % of its requests per day used"
    )
