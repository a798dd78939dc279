"""Reads what providers say about their limits in headers; it judges nothing.

Names and meanings after the vendors' pages on rate limits, November 2026. Whatever is
not as described stays unknown: nothing here raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.catalogue.provider import LimitsDialect
from proxy.headers import RawHeader
from proxy.health.signals import Signal, clock, folded, moment, number, used
from proxy.health.unified import read_unified

_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0
_MONTH: Final = 30 * _DAY


@dataclass(frozen=True, slots=True)
class _Window:
    """The three headers of one window, by name; '' where the dialect has none."""

    name: str
    span: float
    limit: str
    remaining: str
    reset: str = ""


def _plain(kind: str, name: str, span: float = _MINUTE) -> _Window:
    start = "x-ratelimit-"
    return _Window(
        name,
        span,
        f"{start}limit-{kind}",
        f"{start}remaining-{kind}",
        f"{start}reset-{kind}",
    )


def _anthropic(kind: str) -> _Window:
    start = f"anthropic-ratelimit-{kind}"
    return _Window(
        f"{kind.replace('-', ' ')} per minute",
        _MINUTE,
        f"{start}-limit",
        f"{start}-remaining",
        f"{start}-reset",
    )


_WHOLE: Final = _Window(
    "requests",
    _MINUTE,
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)
_SPANS: Final = (("minute", _MINUTE), ("hour", _HOUR), ("day", _DAY))
_PER_MINUTE: Final = (
    _plain("requests", "requests per minute"),
    _plain("tokens", "tokens per minute"),
)
_WINDOWS: Final[Mapping[LimitsDialect, tuple[_Window, ...]]] = MappingProxyType(
    {
        LimitsDialect.NONE: (),
        LimitsDialect.ANTHROPIC: tuple(
            _anthropic(kind)
            for kind in ("requests", "tokens", "input-tokens", "output-tokens")
        ),
        LimitsDialect.OPENAI: (
            *_PER_MINUTE,
            _plain("project-tokens", "the project's tokens per minute"),
            # Together has the names of OpenAI's, without the kind.
            _WHOLE,
            _Window(
                "tokens",
                _MINUTE,
                "x-tokenlimit-limit",
                "x-tokenlimit-remaining",
                "x-tokenlimit-reset",
            ),
        ),
        LimitsDialect.GROQ: (
            _plain("requests", "requests per day", _DAY),
            _plain("tokens", "tokens per minute"),
        ),
        LimitsDialect.CEREBRAS: tuple(
            _plain(f"{kind}-{word}", f"{kind} per {word}", span)
            for kind in ("requests", "tokens")
            for word, span in _SPANS
        ),
        LimitsDialect.MISTRAL: (
            _plain("req-minute", "requests per minute"),
            _plain("tokens-minute", "tokens per minute"),
            _plain("tokens-month", "tokens per month", _MONTH),
            _Window(
                "tokens per minute",
                _MINUTE,
                "x-ratelimitbysize-limit-minute",
                "x-ratelimitbysize-remaining-minute",
            ),
            _Window(
                "tokens per month",
                _MONTH,
                "x-ratelimitbysize-limit-month",
                "x-ratelimitbysize-remaining-month",
            ),
        ),
        LimitsDialect.OPENROUTER: (_WHOLE,),
        LimitsDialect.XAI: _PER_MINUTE,
        LimitsDialect.FIREWORKS: (
            _plain("requests", "requests per minute"),
            _plain("tokens-prompt", "prompt tokens per minute"),
            _plain("tokens-generated", "generated tokens per minute"),
            _plain("tokens-cache-adjusted-prompt", "uncached tokens per minute"),
        ),
    }
)
PER_MODEL: Final = frozenset({LimitsDialect.GROQ, LimitsDialect.CEREBRAS})
"""Dialects whose vendors count each model by itself."""


def read_limits(
    dialect: LimitsDialect, headers: Iterable[RawHeader], now: float
) -> tuple[Signal, ...]:
    """Return what an answer's headers say about the limits behind it.

    `now` is in seconds since 1970. Empty where they say nothing.
    """
    if dialect is LimitsDialect.NONE:
        return ()
    told = folded(headers)
    here = clock(told, now)
    found: dict[str, Signal] = {}
    for window in _WINDOWS[dialect]:
        signal = _read(window, told, here, now)
        if signal is not None:
            found.setdefault(window.name, signal)
    if dialect is LimitsDialect.ANTHROPIC:
        found.update({each.window: each for each in read_unified(told, here, now)})
    # It serves the request all the same, after those of others.
    if dialect is LimitsDialect.FIREWORKS and _yes(told, "x-ratelimit-over-limit"):
        found["limit of its own"] = Signal("limit of its own", share=1.0)
    return tuple(found.values())


def _read(
    window: _Window, told: Mapping[str, str], here: float, now: float
) -> Signal | None:
    remaining = number(told.get(window.remaining, ""))
    if remaining is None:
        return None
    return Signal(
        window.name,
        share=used(number(told.get(window.limit, "")), remaining),
        remaining=max(0.0, remaining),
        resets=moment(told.get(window.reset, ""), here, now),
        exhausted=remaining <= 0,
        span=window.span,
    )


def _yes(told: Mapping[str, str], header: str) -> bool:
    return told.get(header, "").lower() in {"yes", "true", "1"}
