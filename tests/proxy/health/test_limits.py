"""Every vendor's rate-limit headers, as its answers carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.catalogue.provider import LimitsDialect
from proxy.health.limits import read_limits
from proxy.health.signals import Signal

NOW = 1_795_000_000.0
RFC = "2026-11-18T11:07:20Z"
"""40 seconds after `NOW`."""

Expected = dict[str, tuple[float | None, float | None, float | None, bool]]
"""By window: used share, remaining, seconds to the reset, whether nothing is left."""


def _seen(signals: tuple[Signal, ...]) -> Expected:
    return {
        each.window: (
            None if each.share is None else round(each.share, 3),
            each.remaining,
            None if each.resets is None else round(each.resets - NOW, 3),
            each.exhausted,
        )
        for each in signals
    }


CASES: list[tuple[LimitsDialect, dict[str, str], Expected]] = [
    (
        LimitsDialect.ANTHROPIC,
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": RFC,
            "anthropic-ratelimit-input-tokens-limit": "40000",
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": RFC,
        },
        {
            "requests per minute": (0.02, 49, 40, False),
            "input tokens per minute": (1.0, 0, 40, True),
        },
    ),
    (
        LimitsDialect.OPENAI,
        {
            "x-ratelimit-limit-requests": "5000",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-limit-tokens": "160000",
            "x-ratelimit-remaining-tokens": "8000",
            "x-ratelimit-reset-tokens": "6m0s",
            "x-ratelimit-limit-project-tokens": "100",
            "x-ratelimit-remaining-project-tokens": "50",
        },
        {
            "requests per minute": (0.0, 4999, 0.012, False),
            "tokens per minute": (0.95, 8000, 360, False),
            "the project's tokens per minute": (0.5, 50, None, False),
        },
    ),
    (
        # Together has OpenAI's names without the kind.
        LimitsDialect.OPENAI,
        {
            "x-ratelimit-limit": "10",
            "x-ratelimit-remaining": "1",
            "x-ratelimit-reset": "1",
            "x-tokenlimit-limit": "1000",
            "x-tokenlimit-remaining": "900",
        },
        {"requests": (0.9, 1, 1, False), "tokens": (0.1, 900, None, False)},
    ),
    (
        LimitsDialect.GROQ,
        {
            "x-ratelimit-limit-requests": "14400",
            "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-reset-requests": "2m59.56s",
            "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-tokens": "900",
            "x-ratelimit-reset-tokens": "7.66s",
        },
        {
            "requests per day": (0.002, 14370, 179.56, False),
            "tokens per minute": (0.95, 900, 7.66, False),
        },
    ),
    (
        LimitsDialect.CEREBRAS,
        {
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "7200",
            "x-ratelimit-reset-requests-day": "33011.382867",
            "x-ratelimit-limit-tokens-minute": "60000",
            "x-ratelimit-remaining-tokens-minute": "0",
            "x-ratelimit-reset-tokens-minute": "11.38",
        },
        {
            "requests per day": (0.5, 7200, 33011.383, False),
            "tokens per minute": (1.0, 0, 11.38, True),
        },
    ),
    (
        LimitsDialect.MISTRAL,
        {
            "x-ratelimit-limit-req-minute": "60",
            "x-ratelimit-remaining-req-minute": "30",
            "x-ratelimit-limit-tokens-minute": "500000",
            "x-ratelimit-remaining-tokens-minute": "5000",
            "x-ratelimit-limit-tokens-month": "1000",
            "x-ratelimit-remaining-tokens-month": "0",
        },
        {
            "requests per minute": (0.5, 30, None, False),
            "tokens per minute": (0.99, 5000, None, False),
            "tokens per month": (1.0, 0, None, True),
        },
    ),
    (
        LimitsDialect.MISTRAL,
        {
            "x-ratelimitbysize-limit-minute": "500000",
            "x-ratelimitbysize-remaining-minute": "400000",
        },
        {"tokens per minute": (0.2, 400000, None, False)},
    ),
    (
        LimitsDialect.OPENROUTER,
        {
            "X-RateLimit-Limit": "20",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": f"{(NOW + 90) * 1000:.0f}",
        },
        {"requests": (1.0, 0, 90, True)},
    ),
    (
        LimitsDialect.XAI,
        {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "54",
            "x-ratelimit-remaining-tokens": "100",
        },
        {
            "requests per minute": (0.1, 54, None, False),
            "tokens per minute": (None, 100, None, False),
        },
    ),
    (
        LimitsDialect.FIREWORKS,
        {
            "x-ratelimit-limit-tokens-generated": "100",
            "x-ratelimit-remaining-tokens-generated": "80",
            "x-ratelimit-over-limit": "yes",
        },
        {
            "generated tokens per minute": (0.2, 80, None, False),
            "limit of its own": (1.0, None, None, False),
        },
    ),
    (LimitsDialect.FIREWORKS, {"x-ratelimit-over-limit": "no"}, {}),
    (LimitsDialect.OPENAI, {"x-ratelimit-remaining-tokens": "many"}, {}),
    (LimitsDialect.NONE, {"x-ratelimit-remaining-tokens": "0"}, {}),
]


@pytest.mark.parametrize(("dialect", "headers", "expected"), CASES)
def test_a_vendors_headers(
    dialect: LimitsDialect, headers: dict[str, str], expected: Expected
) -> None:
    assert _seen(read_limits(dialect, headers.items(), NOW)) == expected


def test_windows_without_a_reset_are_believed_for_their_own_length() -> None:
    headers = CASES[5][1]
    spans = {
        each.window: each.span
        for each in read_limits(LimitsDialect.MISTRAL, headers.items(), NOW)
    }
    assert spans["tokens per minute"] == 60
    assert spans["tokens per month"] == 30 * 86_400


_NAMES = sorted({name for _, headers, _ in CASES for name in headers})
_VALUES = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["1m2.5s", RFC, "rejected", "0", "-1", "1e400", "9" * 40]),
)


@given(
    st.sampled_from(LimitsDialect),
    st.lists(st.tuples(st.sampled_from([*_NAMES, "date"]), _VALUES)),
)
def test_no_headers_break_the_reading(
    dialect: LimitsDialect, headers: list[tuple[str, str]]
) -> None:
    for each in read_limits(dialect, headers, NOW):
        assert each.share is None or 0 <= each.share <= 1
        assert each.remaining is None or each.remaining >= 0
        assert each.ends(NOW) >= NOW
