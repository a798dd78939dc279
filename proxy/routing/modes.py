"""Names the modes a user switches between; what each one does is data of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Mode(StrEnum):
    """A named preset the user switches."""

    CODING_AUTO = "coding-auto"
    CODING_FAST = "coding-fast"
    CODING_PREMIUM = "coding-premium"
    OFFLINE = "offline"
    DIRECT = "direct"


MEANINGS: Final[Mapping[Mode, str]] = MappingProxyType(
    {
        Mode.CODING_AUTO: "the cheapest that is good enough",
        Mode.CODING_FAST: "quick and cheap, a tier lower where that will do",
        Mode.CODING_PREMIUM: "premium models for all real work",
        Mode.OFFLINE: "this machine only",
        Mode.DIRECT: "send to what was asked for",
    }
)
"""What each mode does, as a clause for people."""
