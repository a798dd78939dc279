"""Reads the words a Messages provider ends an answer with: stops, refusals, errors.

Nothing here raises. Words after `StopReason`, `RefusalStopDetails` and the error types
of the `anthropic` SDK 2.8.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.errors import FailureKind
from proxy.model import AnswerEnded, AnswerFailed, Json, JsonObject, StopReason, Usage

_STOPS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "end_turn": StopReason.END_TURN,
        "max_tokens": StopReason.MAX_TOKENS,
        "stop_sequence": StopReason.STOP_SEQUENCE,
        "tool_use": StopReason.TOOL_USE,
        "refusal": StopReason.REFUSAL,
        "pause_turn": StopReason.PAUSE_TURN,
        "model_context_window_exceeded": StopReason.CONTEXT_EXCEEDED,
        # Beta: the provider stopped behind a compaction; the client asks on.
        "compaction": StopReason.PAUSE_TURN,
    }
)
_KINDS: Final[Mapping[str, FailureKind]] = MappingProxyType(
    {
        "rate_limit_error": FailureKind.RATE_LIMITED,
        "authentication_error": FailureKind.AUTH,
        "permission_error": FailureKind.AUTH,
        "billing_error": FailureKind.REJECTED,
        "invalid_request_error": FailureKind.REJECTED,
        "not_found_error": FailureKind.REJECTED,
        "request_too_large": FailureKind.REJECTED,
    }
)
_LONGEST: Final = 2_000
_UNNAMED: Final = "The provider ended its answer with an error it did not explain."

CUT: Final = AnswerFailed(FailureKind.CUT, "The provider's answer broke off.")
"""The connection ended before the answer did."""

UNREADABLE: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider's answer is not what its protocol says."
)
"""What came is no Messages answer."""

TOO_BIG: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent a single event of more than 16 MB."
)
"""An event longer than what is read."""


def text_of(value: Json) -> str | None:
    """Return a string with something in it; None for anything else."""
    return value if isinstance(value, str) and value else None


def object_of(value: Json) -> JsonObject:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def ended(said: JsonObject, usage: Usage, *, called: bool) -> AnswerEnded:
    """Read `stop_reason` and what goes with it, of a message or a `message_delta`.

    Some servers say `end_turn` after calls: `called` tells that there were any.
    """
    stop = _STOPS.get(text_of(said.get("stop_reason")) or "", StopReason.END_TURN)
    if called and stop is StopReason.END_TURN:
        stop = StopReason.TOOL_USE
    details = object_of(said.get("stop_details"))
    return AnswerEnded(
        stop,
        text_of(said.get("stop_sequence")),
        usage,
        text_of(details.get("explanation")),
        text_of(details.get("category")),
    )


def failed(error: Json) -> AnswerFailed:
    """Read the provider's own error; its wording stays."""
    if isinstance(error, str):
        return AnswerFailed(FailureKind.UPSTREAM_ERROR, error[:_LONGEST] or _UNNAMED)
    told = object_of(error)
    kind = text_of(told.get("type")) or ""
    message = text_of(told.get("message")) or _UNNAMED
    return AnswerFailed(
        _KINDS.get(kind, FailureKind.UPSTREAM_ERROR), message[:_LONGEST]
    )
