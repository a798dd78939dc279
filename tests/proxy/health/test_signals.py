"""What providers write for numbers and moments is understood or stays unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.health.signals import (
    LONGEST,
    Signal,
    clock,
    folded,
    moment,
    name,
    number,
    used,
)

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("30", 30.0),
        ("2.5", 2.5),
        ("12ms", 0.012),
        ("1m2.5s", 62.5),
        ("6m0s", 360.0),
        ("2h13m", 7_980.0),
        (f"{NOW + 40:.0f}", 40.0),
        (f"{(NOW + 40) * 1000:.0f}", 40.0),
        ("2026-11-18T11:07:20Z", 40.0),
        ("2026-11-18T12:07:20+01:00", 40.0),
        ("Wed, 18 Nov 2026 11:07:20 GMT", 40.0),
        ("2020-01-01T00:00:00Z", 0.0),
    ],
)
def test_a_moment_in_any_spelling(text: str, after: float) -> None:
    found = moment(text, NOW, NOW)
    assert found is not None
    assert found - NOW == pytest.approx(after, abs=1e-3)


@pytest.mark.parametrize("text", ["", "soon", "-3", "1e9", "NaN", "12 apples", "m"])
def test_what_is_no_moment_stays_unknown(text: str) -> None:
    assert moment(text, NOW, NOW) is None


def test_a_moment_is_measured_from_the_providers_clock() -> None:
    here = clock({"date": "Wed, 18 Nov 2026 12:06:20 GMT"}, NOW)
    assert moment("2026-11-18T12:07:20Z", here, NOW) == NOW + 60


@pytest.mark.parametrize("date", ["", "today", "Wed, 99 Nov 2026 12:06:20 GMT"])
def test_a_clock_that_shows_nothing_is_ours(date: str) -> None:
    assert clock({"date": date}, NOW) == NOW
    assert clock({"date": "Wed, 18 Nov 2026 12:06:20 -0000"}, 0) == NOW + 3_580


@given(st.text(), st.text(), st.floats(0, 4e9))
def test_no_text_breaks_the_reading(text: str, date: str, now: float) -> None:
    found = moment(text, clock({"date": date}, now), now)
    assert found is None or found >= now
    number(text)
    name(text)


@pytest.mark.parametrize(
    ("limit", "remaining", "share"),
    [
        (100.0, 25.0, 0.75),
        (100.0, 0.0, 1.0),
        (100.0, 200.0, 0.0),
        (100.0, -5.0, 1.0),
        (0.0, 0.0, None),
        (None, 5.0, None),
        (5.0, None, None),
    ],
)
def test_the_used_share(
    limit: float | None, remaining: float | None, share: float | None
) -> None:
    assert used(limit, remaining) == share


def test_names_are_plain_words() -> None:
    assert name("seven_day_opus") == "seven_day_opus"
    assert name("a b") == ""
    assert name("<script>") == ""
    assert name("x" * 100) == ""


def test_headers_are_folded_and_the_first_of_a_name_holds() -> None:
    headers = [(b"A-B", b" 1 "), (b"a-b", b"2"), (b"odd", b"\xff")]
    assert folded(headers) == {"a-b": "1"}


def test_a_signal_ends_at_its_reset_or_with_its_span() -> None:
    assert Signal("w", span=60).ends(NOW) == NOW + 60
    assert Signal("w", resets=NOW + 5).ends(NOW) == NOW + 5
    assert Signal("w", resets=NOW + 9e8).ends(NOW) == NOW + LONGEST
