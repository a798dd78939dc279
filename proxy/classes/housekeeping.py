"""Recognises a client's own requests, which no person waits for by name.

The phrases are data of the client's profile; nothing here knows a client.
"""

from __future__ import annotations

from proxy.glance import Glance
from proxy.guard import COUNTS, Endpoint
from proxy.profiles import Housekeeping, Profile

_LOOKED_AT = 1_200


def housekeeping_kind(
    glance: Glance, profile: Profile, endpoint_hint: str
) -> str | None:
    """Return what kind of housekeeping a request is, None where it is none.

    `endpoint_hint` is the word of the endpoint it came to, '' where that is unknown.
    """
    if endpoint_hint in COUNTS:
        return "probe"
    if endpoint_hint == Endpoint.COMPACT:
        return "compaction"
    human, system = _spaced(glance.human), _spaced(glance.system)
    for rule in profile.housekeeping:
        if _within(rule, glance) and _says(rule, human, system):
            return rule.kind
    return None


def _spaced(text: str) -> str:
    return " ".join(text[:_LOOKED_AT].lower().split())


def _within(rule: Housekeeping, glance: Glance) -> bool:
    if glance.tools and not rule.tools:
        return False
    if rule.most_messages is not None and glance.messages > rule.most_messages:
        return False
    if rule.most_output is None:
        return True
    return glance.output is not None and glance.output <= rule.most_output


def _says(rule: Housekeeping, human: str, system: str) -> bool:
    if not rule.human and not rule.system:
        return True
    return any(phrase in human for phrase in rule.human) or any(
        phrase in system for phrase in rule.system
    )
