"""Says for people why something rests; it decides nothing.

Clauses stand behind a name and have no full stop.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from proxy.errors import FailureKind
from proxy.health.breaker import Breaker
from proxy.health.quota import KeyRefusal, Resting

_FIRST_ERROR: Final = 400
_FAULTS: Final = {
    FailureKind.CONNECT: "it could not be reached",
    FailureKind.DNS: "its name could not be resolved",
    FailureKind.TLS: "no secure connection to it could be made",
    FailureKind.RESET: "it broke the connection",
    FailureKind.FIRST_BYTE_TIMEOUT: "it did not begin to answer in time",
    FailureKind.MALFORMED: "it answered what no model answers",
    FailureKind.CUT: "it broke an answer off",
    FailureKind.STALLED: "it went silent within an answer",
}


def lasting(seconds: float) -> str:
    """Return a length of time in words: "30 s", "5 min", "2 h 13 min", "3 days"."""
    whole = max(1, math.ceil(seconds))
    if whole < 120:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{math.ceil(minutes / 1_440)} days"


@lru_cache(maxsize=1024)
def breaker_clause(breaker: Breaker) -> str:
    """Return why a breaker is not closed."""
    kind = breaker.kind
    fault = _FAULTS.get(kind, "it failed") if kind else "it failed"
    if breaker.status is not None and breaker.status >= _FIRST_ERROR:
        fault = f"it answered {breaker.status}"
    pause = lasting(breaker.until - breaker.since)
    if breaker.level > 1:
        return f"{fault} again when it was tried, and is left alone for {pause}"
    return f"{fault}, not for the first time, and is left alone for {pause}"


PROBED: Final = "one request is trying whether it works again"


@lru_cache(maxsize=1024)
def limit_clause(rest: Resting) -> str:
    """Return why a route or a quota group is left alone for its limit."""
    pause = lasting(rest.until - rest.since)
    said = "it answered 429"
    if rest.window:
        said = f"{said}, its {rest.window} used up,"
    if rest.told:
        return f"{said} and asked to be left alone for {pause}"
    return f"{said} without saying for how long, and is left alone for {pause}"


def key_clause(refusal: KeyRefusal) -> str:
    """Return why a provider cannot be called with our key."""
    if refusal.money:
        return f"it answered {refusal.status}: its account has no credit left"
    return f"it refused the key with {refusal.status}"


@lru_cache(maxsize=1024)
def share_clause(share: float, window: str) -> str:
    """Return how much of a window is used."""
    # Never "100 %" while something is left.
    percent = 100 if share >= 1 else min(99, math.floor(share * 100 + 0.5))
    return f"{percent} % of its {window} used"
