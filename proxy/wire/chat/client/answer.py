"""Writes the pieces of a Chat answer that stream and whole answer share; no I/O.

Shapes: `ChatCompletion` and `CompletionUsage` of the `openai` SDK 3.51.0. Reasoning
goes into `reasoning_content`, which the vendor's types lack and many clients read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from proxy.model import (
    Answer,
    AnswerEnded,
    CallKind,
    Citation,
    Event,
    Json,
    Loss,
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
from proxy.wire.codec import Written
from proxy.wire.losses import Noted


def write_answer(
    request: Request,
    events: Iterable[Event],
    *,
    created: int,
    request_id: str | None = None,
) -> Written:
    """Write a whole answer as the JSON of `ChatCompletion`.

    `created` is in Unix seconds; `request` and `request_id` are other protocols'
    needs. Raises BrokenOff where the events do not come to an end.
    """
    del request, request_id
    answer = gather(events)
    refused = any(isinstance(each, Text) and each.refusal for each in answer.parts)
    choice: Json = {
        "index": 0,
        "message": _message(answer.parts),
        "finish_reason": finish_reason(answer.ended.stop, refused=refused),
        "logprobs": None,
    }
    body = head("chat.completion", answer.id, answer.model, created)
    body["choices"] = [choice]
    body["usage"] = usage_shape(answer.usage)
    return Written(msgspec.json.encode(body), _losses(answer))


def head(kind: str, answer_id: str, model: str, created: int) -> dict[str, Json]:
    """Write what stands at the head of an answer."""
    return {
        "id": completion_id(answer_id),
        "object": kind,
        "created": created,
        "model": model,
    }


def completion_id(answer_id: str) -> str:
    """Return the answer's id as this protocol spells ids."""
    known = answer_id.startswith("chatcmpl-")
    return answer_id if known else f"chatcmpl-{answer_id}"


def finish_reason(stop: StopReason, *, refused: bool) -> str:
    """Return why the answer ended; `refused` tells that its text says so itself."""
    match stop:
        case StopReason.TOOL_USE:
            return "tool_calls"
        case StopReason.MAX_TOKENS | StopReason.CONTEXT_EXCEEDED:
            return "length"
        case StopReason.REFUSAL if not refused:
            return "content_filter"
        case _:
            return "stop"


def end_losses(ended: AnswerEnded) -> list[str]:
    """Name what the end of an answer says and this protocol cannot."""
    names: list[str] = []
    if ended.stop_sequence is not None:
        names.append("stop_sequence")
    if ended.explanation is not None or ended.category is not None:
        names.append("stop_detail")
    return names


def _losses(answer: Answer) -> tuple[Loss, ...]:
    lost = Noted()
    called = False
    for part in answer.parts:
        match part:
            case Text(citations=cited):
                if called and part.text:
                    lost.add("part_order")
                if any(_annotation(each, 0, 0) is None for each in cited):
                    lost.add("citation")
            case Thinking():
                if part.signature:
                    lost.add("signature")
                if part.sealed is not None:
                    lost.add("sealed_thinking")
            case ServerPart() | Opaque():
                lost.add("provider_part")
            case ToolCall():
                called = True
                if part.namespace is not None:
                    lost.add("namespace")
    for name in end_losses(answer.ended):
        lost.add(name)
    return lost.losses


def usage_shape(usage: Usage) -> Json:
    """Write `CompletionUsage`; None where nothing is known."""
    whole, output = usage.whole_input, usage.output_tokens
    if whole is None and output is None:
        return None
    shape: dict[str, Json] = {
        "prompt_tokens": whole or 0,
        "completion_tokens": output or 0,
        "total_tokens": (whole or 0) + (output or 0),
    }
    cached = {
        "cached_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    told: dict[str, Json] = {k: v for k, v in cached.items() if v is not None}
    if told:
        shape["prompt_tokens_details"] = told
    if usage.reasoning_tokens is not None:
        shape["completion_tokens_details"] = {
            "reasoning_tokens": usage.reasoning_tokens
        }
    return shape


def _message(
    parts: Sequence[Text | Thinking | ToolCall | ServerPart | Opaque],
) -> dict[str, Json]:
    texts = [each for each in parts if isinstance(each, Text)]
    said = [each.text for each in texts if not each.refusal]
    refused = [each.text for each in texts if each.refusal]
    thinking = [_thought(each) for each in parts if isinstance(each, Thinking)]
    thought = "\n\n".join(each for each in thinking if each)
    calls: list[Json] = [_call(each) for each in parts if isinstance(each, ToolCall)]
    message: dict[str, Json] = {
        "role": "assistant",
        "content": "".join(said) if said else None,
        "refusal": "".join(refused) if refused else None,
    }
    if thought:
        message["reasoning_content"] = thought
    annotations = _annotations(texts)
    if annotations:
        message["annotations"] = annotations
    if calls:
        message["tool_calls"] = calls
    return message


def _thought(part: Thinking) -> str:
    return "\n\n".join([*part.summary, *([part.text] if part.text else [])])


def _call(part: ToolCall) -> Json:
    if part.kind is CallKind.CUSTOM:
        custom: Json = {"name": part.name, "input": part.arguments}
        return {"id": part.id, "type": "custom", "custom": custom}
    # An empty call is one with an empty object.
    function: Json = {"name": part.name, "arguments": part.arguments or "{}"}
    return {"id": part.id, "type": "function", "function": function}


def _annotations(texts: Sequence[Text]) -> list[Json]:
    shapes: list[Json] = []
    before = 0
    for text in texts:
        shapes.extend(
            shape
            for each in text.citations
            if (shape := _annotation(each, before, len(text.text))) is not None
        )
        before += 0 if text.refusal else len(text.text)
    return shapes


def _annotation(citation: Citation, before: int, length: int) -> Json:
    if citation.protocol is Protocol.CHAT:
        return dict(citation.raw)
    if citation.url is None:
        return None
    start = 0 if citation.start is None else citation.start
    end = length if citation.end is None else citation.end
    place: Json = {
        "url": citation.url,
        "title": citation.title or citation.url,
        "start_index": before + start,
        "end_index": before + end,
    }
    return {"type": "url_citation", "url_citation": place}
