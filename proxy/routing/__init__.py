"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness."""

from proxy.routing.direct import (
    AVAILABLE_MODES,
    GREYED_REASON,
    MAX_ATTEMPTS,
    PRACTICE,
    ROUTE_CLASS,
    Decision,
    Facts,
    ReasonCode,
    Rejected,
    StoredDecision,
    decide,
    effective_mode,
    explain,
    mode_note,
    no_route_sentence,
    read_decision,
    write_decision,
)
from proxy.routing.modes import Mode

__all__ = [
    "AVAILABLE_MODES",
    "GREYED_REASON",
    "MAX_ATTEMPTS",
    "PRACTICE",
    "ROUTE_CLASS",
    "Decision",
    "Facts",
    "Mode",
    "ReasonCode",
    "Rejected",
    "StoredDecision",
    "decide",
    "effective_mode",
    "explain",
    "mode_note",
    "no_route_sentence",
    "read_decision",
    "write_decision",
]
