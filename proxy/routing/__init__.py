"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness."""

from proxy.routing.builtin import MAX_ATTEMPTS, PRACTICE
from proxy.routing.condition import Condition
from proxy.routing.decide import decide
from proxy.routing.decision import Choice, Decision, Mark, Rejected
from proxy.routing.facts import Facts, Intent, RouteClass, Tier
from proxy.routing.modes import Mode
from proxy.routing.policy import Policy, Rule
from proxy.routing.reasons import REASONS, ReasonCode
from proxy.routing.stored import StoredDecision, read_decision, write_decision
from proxy.routing.telling import explain, no_route_sentence

__all__ = [
    "MAX_ATTEMPTS",
    "PRACTICE",
    "REASONS",
    "Choice",
    "Condition",
    "Decision",
    "Facts",
    "Intent",
    "Mark",
    "Mode",
    "Policy",
    "ReasonCode",
    "Rejected",
    "RouteClass",
    "Rule",
    "StoredDecision",
    "Tier",
    "decide",
    "explain",
    "no_route_sentence",
    "read_decision",
    "write_decision",
]
