"""Reads how a Chat provider's answer ended or failed, in any server's words; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.errors import FailureKind
from proxy.model import AnswerFailed, StopReason
from proxy.wire.chat.provider.chunks import text_of

# The vendor's five words, then those of others: Mistral's `model_length`, Z.ai's
# `sensitive`, `eos` of Together and of older servers.
_STOPS: Final[Mapping[str, StopReason]] = MappingProxyType(
    {
        "length": StopReason.MAX_TOKENS,
        "tool_calls": StopReason.TOOL_USE,
        "function_call": StopReason.TOOL_USE,
        "content_filter": StopReason.REFUSAL,
        "model_length": StopReason.MAX_TOKENS,
        "max_tokens": StopReason.MAX_TOKENS,
        "tool_use": StopReason.TOOL_USE,
        "sensitive": StopReason.REFUSAL,
        "safety": StopReason.REFUSAL,
        "refusal": StopReason.REFUSAL,
        "model_context_window_exceeded": StopReason.CONTEXT_EXCEEDED,
    }
)
# OpenRouter and Mistral `error`, Z.ai `network_error`, DeepSeek the third.
_BREAKS: Final = frozenset({"error", "network_error", "insufficient_system_resource"})
_LONGEST: Final = 1_000
_LIMITS: Final = frozenset({"429", "rate_limit_exceeded", "rate_limit_error"})

BROKE: Final = "The provider broke off its answer and named an error as the reason."
CUT: Final = "The provider's stream ended before its answer was complete."
NOT_JSON: Final = "The provider sent an event that is no JSON."
NO_STREAM: Final = "The provider's answer was no stream of events."
TOO_BIG: Final = "The provider sent a single event of more than 16 MB."
NO_ANSWER: Final = "The provider's answer was no Chat completion."


def breaks(reason: str) -> bool:
    """Say whether a finish reason means that the answer failed."""
    return reason in _BREAKS


def stop_of(reason: str, *, calls: bool, refused: bool, word: str | None) -> StopReason:
    """Return why the answer ended.

    `reason` is the provider's word, '' where it gave none; `calls` and `refused` say
    what the answer holds, `word` is the stop sequence it names. Servers often say
    `stop` after calls, and some `tool_calls` without any.
    """
    stop = _STOPS.get(reason, StopReason.END_TURN)
    if stop is StopReason.TOOL_USE or stop is StopReason.END_TURN:
        if calls:
            return StopReason.TOOL_USE
        if refused:
            return StopReason.REFUSAL
        return StopReason.END_TURN if word is None else StopReason.STOP_SEQUENCE
    return stop


def failure_of(error: object) -> AnswerFailed:
    """Read an error that stands in the place of a chunk or an answer.

    Its own words stay as they are: they are the provider's, for people.
    """
    fields = error if isinstance(error, dict) else {"message": error}
    inner = fields.get("error")
    if isinstance(inner, dict):
        fields = {**fields, **inner}
    said = (
        text_of(fields.get("message"))
        or text_of(inner)
        or text_of(fields.get("detail"))
    )
    codes = {str(fields.get(key)) for key in ("code", "type", "status")}
    limited = bool(codes & _LIMITS)
    kind = FailureKind.RATE_LIMITED if limited else FailureKind.UPSTREAM_ERROR
    return AnswerFailed(kind, said.strip()[:_LONGEST] or BROKE)
