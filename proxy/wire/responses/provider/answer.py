"""Reads a provider's whole Responses answer, and how any answer ended; no I/O.

Shapes: `Response` and `ResponseError` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    Json,
    StopReason,
    Usage,
    UsageReported,
)
from proxy.wire.counts import Members, inside, members, responses_spent, told
from proxy.wire.fields import WireError
from proxy.wire.responses.provider.items import (
    Output,
    decoded,
    objects_of,
    open_item,
    text_of,
)
from proxy.wire.served import openai_served

# The last word of the vendor's codes, and words that other servers use.
_KINDS: Final = {
    "rate_limit_exceeded": FailureKind.RATE_LIMITED,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "insufficient_quota": FailureKind.RATE_LIMITED,
    "too_many_requests": FailureKind.RATE_LIMITED,
    "429": FailureKind.RATE_LIMITED,
    "invalid_api_key": FailureKind.AUTH,
    "authentication_error": FailureKind.AUTH,
    "401": FailureKind.AUTH,
    "context_length_exceeded": FailureKind.REJECTED,
    "invalid_request_error": FailureKind.REJECTED,
    "invalid_prompt": FailureKind.REJECTED,
    "bio_policy": FailureKind.REJECTED,
    "data_residency_mismatch": FailureKind.REJECTED,
    "misalignment_policy_violation": FailureKind.REJECTED,
    "image_content_policy_violation": FailureKind.REJECTED,
    "400": FailureKind.REJECTED,
}
_FAILED: Final = "The provider reported that its answer failed."
_BROKEN: Final = frozenset({"failed", "cancelled"})
_STOPS: Final = {
    "max_output_tokens": StopReason.MAX_TOKENS,
    "content_filter": StopReason.REFUSAL,
    # Somebody turned the answer aside; what there is of it is complete.
    "steered": StopReason.END_TURN,
}


def read_answer(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Read the JSON of a `Response`; an error in its place is `AnswerFailed`.

    `answer_id` and `model` stand in where the provider names none. Raises WireError
    where the body is no answer at all.
    """
    top = members(body)
    if top is None:
        raise WireError("The provider's answer is not a JSON object.")
    if told(top.get("error")) or _word(top, "status") in _BROKEN:
        return failed(top, answer_id, model)
    if "output" not in top:
        raise WireError("The provider's answer holds no output.")
    started = start(top, answer_id, model)
    output = Output(started.id)
    events: list[Event] = [started]
    for shape in listed(top):
        events += open_item(output, shape).finish(shape)
    return (*events, ended(top, output))


def failed(top: Members, answer_id: str, model: str) -> Sequence[Event]:
    """Read a whole answer that failed; where it cost something, that is told first."""
    failing = failure(decoded(top.get("error")))
    told_first = spent(top)
    if not told_first:
        return (failing,)
    return (start(top, answer_id, model), *told_first, failing)


def spent(response: Members) -> Sequence[Event]:
    """Return what an answer that failed has cost, nothing where it does not say."""
    usage = _usage(response)
    return () if usage == Usage() else (UsageReported(usage),)


def start(response: Members, answer_id: str, model: str) -> AnswerStarted:
    """Read who answers; what is not told is as it was handed in."""
    own_id, own_model = _word(response, "id"), _word(response, "model")
    return AnswerStarted(own_id or answer_id, own_model or model)


def listed(response: Members) -> list[dict[str, Json]]:
    """Return the output items of a response, none where they are missing or odd."""
    return objects_of({"output": decoded(response.get("output"))}, "output")


def ended(response: Members, output: Output, *, cut: bool = False) -> AnswerEnded:
    """Read how an answer ended, and what it cost; `cut` tells that it is incomplete."""
    usage = _usage(response)
    details = inside(response, "incomplete_details")
    if cut or _word(response, "status") == "incomplete":
        stop = _STOPS.get(_word(details, "reason"), StopReason.MAX_TOKENS)
    elif output.called:
        # A call is to be answered, whatever word the server has for its end.
        stop = StopReason.TOOL_USE
    else:
        stop = StopReason.REFUSAL if output.refused else StopReason.END_TURN
    return AnswerEnded(stop, usage=usage)


def failure(error: Json) -> AnswerFailed:
    """Read a provider's error, an object or a text; its wording is kept."""
    if isinstance(error, str):
        return AnswerFailed(FailureKind.UPSTREAM_ERROR, error or _FAILED)
    shape = error if isinstance(error, dict) else {}
    words = (str(shape.get(key)) for key in ("code", "type", "status"))
    kind = next((_KINDS[word] for word in words if word in _KINDS), None)
    message = text_of(shape, "message") or _FAILED
    return AnswerFailed(kind or FailureKind.UPSTREAM_ERROR, message)


def _word(of: Members, key: str) -> str:
    value = decoded(of.get(key))
    return value if isinstance(value, str) else ""


def _usage(response: Members) -> Usage:
    counts = responses_spent(response)
    if not counts:
        return Usage()
    return Usage(**counts, served=openai_served(response))
