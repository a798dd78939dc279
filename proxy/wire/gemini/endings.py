"""Says how a provider's answer ended, after its own words; pure values, no I/O.

Words: `FinishReason` and `BlockedReason` of the `google-genai` SDK 3.3.0; errors as
the API writes them, `{error: {code, message, status}}`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import AnswerEnded, AnswerFailed, StopReason, Usage
from proxy.wire.gemini.pieces import REFUSALS

# Their message is the text the model wrote in vain: content, and not told.
_QUOTING: Final = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"}
)
_LONGEST: Final = 2_000


class Error(msgspec.Struct):
    """What is read of an error; nothing of it is sure to be there."""

    code: int | str | None = None
    message: str | None = None
    status: str | None = None


def ended(
    reason: str, message: str | None, usage: Usage, *, called: bool
) -> AnswerEnded | AnswerFailed:
    """Return what a finish reason means; `called` tells that a tool was called."""
    match reason:
        case "STOP":
            stop = StopReason.TOOL_USE if called else StopReason.END_TURN
            return AnswerEnded(stop, usage=usage)
        case "MAX_TOKENS" | "CONTINUATION":
            return AnswerEnded(StopReason.MAX_TOKENS, usage=usage)
        case _ if reason in REFUSALS:
            return refused(reason, message, usage)
        case _:
            told = f": {message[:_LONGEST]}" if message else "."
            told = "." if reason in _QUOTING else told
            sentence = f"The provider ended its answer with {_word(reason)}{told}"
            return AnswerFailed(FailureKind.UPSTREAM_ERROR, sentence)


def refused(reason: str, message: str | None, usage: Usage) -> AnswerEnded:
    """Return the end of an answer that the provider declined to give."""
    explained = message or f"The provider declined to answer: {_word(reason)}."
    return AnswerEnded(
        StopReason.REFUSAL,
        usage=usage,
        explanation=explained[:_LONGEST],
        category=_word(reason),
    )


def failed(error: Error) -> AnswerFailed:
    """Return an error of the provider in its own words."""
    kind = FailureKind.UPSTREAM_ERROR
    match (error.code, error.status):
        case (429 | "429", _) | (_, "RESOURCE_EXHAUSTED"):
            kind = FailureKind.RATE_LIMITED
        case (401 | 403, _) | (_, "UNAUTHENTICATED" | "PERMISSION_DENIED"):
            kind = FailureKind.AUTH
        case (400 | 404, _) | (_, "INVALID_ARGUMENT" | "NOT_FOUND"):
            kind = FailureKind.REJECTED
        case _:
            pass
    words = error.message or (error.status and _word(error.status))
    return AnswerFailed(kind, (words or "The provider reported an error.")[:_LONGEST])


def _word(reason: str) -> str:
    """Return a reason as far as it reads like one: it may hold no text."""
    plain = reason.replace("_", "")
    good = plain.isascii() and plain.isalnum() and len(reason) <= 64
    return reason if good else "an unknown reason"
