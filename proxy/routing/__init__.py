"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness."""

from proxy.routing.builtin import MAX_ATTEMPTS, PRACTICE
from proxy.routing.decide import decide as decide_by_policy
from proxy.routing.direct import (
    AVAILABLE_MODES,
    GREYED_REASON,
    ROUTE_CLASS,
    Decision,
    Rejected,
    decide,
    effective_mode,
    mode_note,
    no_route_sentence,
    write_decision,
)
from proxy.routing.facts import Facts
from proxy.routing.modes import Mode
from proxy.routing.reasons import ReasonCode
from proxy.routing.stored import StoredDecision, read_decision
from proxy.routing.telling import explain

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
    "decide_by_policy",
    "effective_mode",
    "explain",
    "mode_note",
    "no_route_sentence",
    "read_decision",
    "write_decision",
]
