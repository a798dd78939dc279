"""Reads the windows of an Anthropic subscription from headers; it judges nothing.

The headers are undocumented: what they were seen to say in November 2026 is read,
anything else stays unknown. They speak for the whole account, other devices included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.health.signals import Signal, moment, name, number

_START: Final = "anthropic-ratelimit-unified-"
_REJECTED: Final = "rejected"
_WINDOWS: Final = (
    ("5h", "5-hour window", 5 * 3_600.0),
    ("7d", "7-day window", 7 * 86_400.0),
)
_CLAIMS: Final = {"five_hour": "5-hour window", "seven_day": "7-day window"}
_OF_MODEL: Final = "seven_day_"


def read_unified(
    told: Mapping[str, str], here: float, now: float
) -> tuple[Signal, ...]:
    """Return the windows that the headers `told`, by lower-case name, speak of.

    `here` is what the provider's clock shows, `now` ours, in seconds since 1970.
    """
    signals: dict[str, Signal] = {}
    for word, title, span in _WINDOWS:
        share = _share(told.get(f"{_START}{word}-utilization", ""))
        rejected = told.get(f"{_START}{word}-status") == _REJECTED
        if share is None and not rejected:
            continue
        signals[title] = Signal(
            title,
            share=1.0 if rejected else share,
            resets=_reset(told, f"{word}-reset", here, now),
            exhausted=rejected,
            span=span,
        )
    if told.get(f"{_START}status") == _REJECTED:
        claimed = _claimed(told, here, now)
        # The window's own numbers say more where they are there.
        if not (claimed.window in signals and signals[claimed.window].exhausted):
            signals[claimed.window] = claimed
    return tuple(signals.values())


def _model_claim(told: Mapping[str, str]) -> str:
    """Return the model family whose own window refused the call, '' where none did.

    Such a window shows in the claim alone: "5h allowed, 7d allowed, rejected" exists.
    """
    claim = told.get(f"{_START}representative-claim", "")
    rejected = told.get(f"{_START}status") == _REJECTED
    if not (rejected and claim.startswith(_OF_MODEL)):
        return ""
    return name(claim.removeprefix(_OF_MODEL))


def _claimed(told: Mapping[str, str], here: float, now: float) -> Signal:
    claim = name(told.get(f"{_START}representative-claim", ""))
    family = _model_claim(told)
    title = f"7-day window of {family}" if family else _CLAIMS.get(claim, "")
    return Signal(
        title or "subscription window",
        share=1.0,
        resets=_reset(told, "reset", here, now),
        exhausted=True,
        span=300.0,
        one_model=bool(family),
    )


def _reset(
    told: Mapping[str, str], header: str, here: float, now: float
) -> float | None:
    return moment(told.get(f"{_START}{header}", ""), here, now)


def _share(text: str) -> float | None:
    """Return a utilisation; above 1 the account is over its limit."""
    share = number(text)
    return None if share is None else min(1.0, max(0.0, share))
