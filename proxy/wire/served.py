"""Reads how an answer was served: its tier, its speed, by batch; nothing raises.

What the request wished for is never looked at: providers serve it otherwise at need,
and bill what they did.
"""

from __future__ import annotations

from typing import Final

from proxy.model import Variant
from proxy.wire.counts import Members, word

_LONGEST: Final = 32
_BATCH: Final = "batch"
_ON_DEMAND: Final = "on_demand"


def messages_served(usage: Members) -> Variant | None:
    """Read `usage` of the Messages protocol (`Usage` in the vendor's Python SDK 2)."""
    tier, speed = _word(usage, "service_tier"), _word(usage, "speed")
    return _variant(tier, speed)


def openai_served(answer: Members) -> Variant | None:
    """Read an answer, or a chunk, of Responses or Chat (OpenAI's Python SDK 3)."""
    return _variant(_word(answer, "service_tier"))


def gemini_served(usage: Members) -> Variant | None:
    """Read `usageMetadata` (`GenerateContentResponseUsageMetadata`, `google-genai` 3).

    The Gemini API tells a `serviceTier`, Vertex AI a `trafficType` instead.
    """
    tier = _word(usage, "serviceTier")
    if not tier:
        traffic = _word(usage, "trafficType").removesuffix("_unspecified")
        tier = traffic.removeprefix(_ON_DEMAND).removeprefix("_")
        if traffic == _ON_DEMAND:
            tier = "standard"
        elif traffic == "traffic_type":
            tier = ""
    return _variant(tier)


def latest(before: Variant | None, now: Variant | None) -> Variant | None:
    """Return what a stream has told after another event told `now`."""
    return before.merged(now) if before and now else now or before


def _variant(tier: str, speed: str = "") -> Variant | None:
    if not tier and not speed:
        return None
    return Variant(_BATCH, "", speed) if tier == _BATCH else Variant("", tier, speed)


def _word(of: Members, key: str) -> str:
    return (word(of.get(key), _LONGEST) or "").lower()
