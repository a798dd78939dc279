"""Writes the pieces of a Messages answer that stream and whole answer share; no I/O.

Shapes: `Message`, `Usage` and the stop types of the `anthropic` SDK 2.8.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from proxy.model import (
    AnswerEnded,
    CallKind,
    Event,
    Json,
    Opaque,
    Protocol,
    Request,
    ServerPart,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    Usage,
    gather,
)
from proxy.wire.anthropic.blocks import citation_raw
from proxy.wire.anthropic.inputs import arguments_object, call_input
from proxy.wire.codec import Written
from proxy.wire.losses import Noted

_STOP: Final = {
    StopReason.END_TURN: "end_turn",
    StopReason.MAX_TOKENS: "max_tokens",
    StopReason.STOP_SEQUENCE: "stop_sequence",
    StopReason.TOOL_USE: "tool_use",
    StopReason.REFUSAL: "refusal",
    StopReason.PAUSE_TURN: "pause_turn",
    StopReason.CONTEXT_EXCEEDED: "model_context_window_exceeded",
}
_CATEGORIES: Final = frozenset(
    {"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"}
)


def write_answer(
    request: Request,
    events: Iterable[Event],
    *,
    created: int,
    request_id: str | None = None,
) -> Written:
    """Write a whole answer as the JSON of `Message`.

    `created` (Unix seconds), `request` and `request_id` are other protocols' needs.
    Raises BrokenOff where the events do not come to an end.
    """
    del request, created, request_id
    answer = gather(events)
    shapes = [block(each) for each in answer.parts]
    body = message(answer.id, answer.model, answer.usage)
    body["content"] = [each for each in shapes if each is not None]
    body.update(ending(answer.ended))
    lost = Noted()
    for each in answer.parts:
        _name_lost(each, lost)
    return Written(msgspec.json.encode(body), lost.losses)


def message(answer_id: str, model: str, usage: Usage) -> dict[str, Json]:
    """Write a `Message` without content, as it stands at the start of an answer."""
    own = answer_id if answer_id.startswith("msg_") else f"msg_{answer_id}"
    return {
        "id": own,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage_shape(usage), **_lifetimes(usage)},
    }


def usage_shape(usage: Usage) -> dict[str, Json]:
    """Write `Usage`; input and output are 0 where unknown: the protocol has no null."""
    shape: dict[str, Json] = {
        "input_tokens": usage.input_tokens or 0,
        "output_tokens": usage.output_tokens or 0,
    }
    if usage.cache_write_tokens is not None:
        shape["cache_creation_input_tokens"] = usage.cache_write_tokens
    if usage.cache_read_tokens is not None:
        shape["cache_read_input_tokens"] = usage.cache_read_tokens
    if usage.reasoning_tokens is not None:
        shape["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.web_searches is not None:
        searches = usage.web_searches
        shape["server_tool_use"] = {
            "web_search_requests": searches,
            "web_fetch_requests": 0,
        }
    return shape


def _lifetimes(usage: Usage) -> dict[str, Json]:
    """Write `cache_creation`, which the usage of a stream's end has no field for."""
    hour = usage.cache_write_1h_tokens
    if hour is None:
        return {}
    short = max(0, (usage.cache_write_tokens or 0) - hour)
    return {
        "cache_creation": {
            "ephemeral_5m_input_tokens": short,
            "ephemeral_1h_input_tokens": hour,
        }
    }


def ending(ended: AnswerEnded) -> dict[str, Json]:
    """Write why the answer ended, as `message_delta` and `Message` say it."""
    shape: dict[str, Json] = {
        "stop_reason": _STOP[ended.stop],
        "stop_sequence": ended.stop_sequence,
    }
    if ended.stop is StopReason.REFUSAL:
        category = ended.category if ended.category in _CATEGORIES else None
        shape["stop_details"] = {
            "type": "refusal",
            "category": category,
            "explanation": ended.explanation,
        }
    return shape


def block(part: Text | Thinking | ToolCall | ServerPart | Opaque) -> Json:
    """Write a complete content block; None where this protocol cannot show it."""
    match part:
        case Text():
            return _text(part)
        case Thinking():
            return _thinking(part)
        case ToolCall():
            return {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": call_input(part.arguments, part.kind),
            }
        case ServerPart() | Opaque():
            return dict(part.raw) if part.protocol is Protocol.MESSAGES else None


def _name_lost(
    part: Text | Thinking | ToolCall | ServerPart | Opaque, lost: Noted
) -> None:
    match part:
        case Text() if any(citation_raw(each) is None for each in part.citations):
            lost.add("citation")
        case Thinking() if part.sealed is not None and (
            part.text or part.summary or not sealed_here(part)
        ):
            lost.add("sealed_thinking")
        case ToolCall(kind=CallKind.FUNCTION, arguments=text) if text.strip():
            if arguments_object(text) is None:
                lost.add("broken_arguments")
        case ServerPart() | Opaque() if part.protocol is not Protocol.MESSAGES:
            lost.add("provider_part", [part.kind])
        case _:
            return


def sealed_here(part: Thinking) -> bool:
    """Tell whether reasoning was sealed by a maker that speaks this protocol."""
    own = part.origin is not None and part.origin.protocol is Protocol.MESSAGES
    return part.sealed is not None and own


def _text(part: Text) -> dict[str, Json]:
    shape: dict[str, Json] = {"type": "text", "text": part.text}
    raws = [raw for each in part.citations if (raw := citation_raw(each)) is not None]
    if raws:
        shape["citations"] = [dict(raw) for raw in raws]
    return shape


def _thinking(part: Thinking) -> Json:
    text = "\n\n".join([*part.summary, *([part.text] if part.text else [])])
    if part.sealed is None or text:
        return {"type": "thinking", "thinking": text, "signature": part.signature or ""}
    if sealed_here(part):
        return {"type": "redacted_thinking", "data": part.sealed}
    return None
