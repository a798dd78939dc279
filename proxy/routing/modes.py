"""Names the modes a user switches between; what each one does is data of the policy."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """A named preset the user switches."""

    CODING_AUTO = "coding-auto"
    CODING_FAST = "coding-fast"
    CODING_PREMIUM = "coding-premium"
    OFFLINE = "offline"
    DIRECT = "direct"
