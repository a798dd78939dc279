"""Writes the pieces of a Responses answer that stream and whole answer share; no I/O.

Shapes: `Response`, `ResponseOutputItem` and `ResponseUsage` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from proxy.model import (
    Answer,
    AnswerEnded,
    CallKind,
    Event,
    Json,
    Loss,
    Opaque,
    Origin,
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
from proxy.wire.losses import named
from proxy.wire.responses.citations import write_citation
from proxy.wire.responses.tools import write_choice, write_tools
from proxy.wire.sealing import SEAL_START

LOST_PART: Final = named("provider_part")
LOST_SEALED: Final = named("sealed_thinking")
LOST_PROOF: Final = named("signature")
LOST_CITATION: Final = named("citation")


def write_answer(
    request: Request,
    events: Iterable[Event],
    *,
    created: int,
    request_id: str | None = None,
) -> Written:
    """Write a whole answer as the JSON of `Response`.

    `created` is in Unix seconds; `request_id` is another protocol's need. Raises
    BrokenOff where the events do not come to an end.
    """
    del request_id
    answer = gather(events)
    body = head(request, answer.id, answer.model, created)
    body["output"] = _items(answer)
    body.update(ending(answer.ended, answer.usage, refused=_refused(answer)))
    losses = [loss for part in answer.parts for loss in _losses(part)]
    return Written(msgspec.json.encode(body), (*losses, *end_losses(answer.ended)))


def _items(answer: Answer) -> list[Json]:
    items: list[Json] = []
    taken: set[str] = set()
    for part in answer.parts:
        own_id = item_id(answer.id, part, len(items), taken)
        shape = item(part, own_id)
        if shape is not None:
            items.append(shape)
            taken.add(own_id)
    return items


def _losses(part: Text | Thinking | ToolCall | ServerPart | Opaque) -> Iterator[Loss]:
    match part:
        case Text():
            for each in part.citations:
                if part.refusal or write_citation(each, 0) is None:
                    yield LOST_CITATION
        case Thinking():
            if part.sealed is not None and not is_writable(part.sealed, part.origin):
                yield LOST_PROOF if part.text or part.summary else LOST_SEALED
            if part.signature is not None:
                yield LOST_PROOF
        case ServerPart() | Opaque() if part.protocol is not Protocol.RESPONSES:
            yield LOST_PART
        case _:
            return


def end_losses(ended: AnswerEnded) -> Iterator[Loss]:
    """Name what the end of an answer says and this protocol cannot."""
    if ended.stop_sequence is not None:
        yield named("stop_sequence")
    if ended.explanation is not None or ended.category is not None:
        yield named("stop_detail")


def is_writable(sealed: str, origin: Origin | None) -> bool:
    """Whether sealed reasoning may stand in an item of this protocol.

    Its own may, and a wrap, which says itself whose it is.
    """
    own = origin is not None and origin.protocol is Protocol.RESPONSES
    return own or sealed.startswith(SEAL_START)


def _refused(answer: Answer) -> bool:
    return any(isinstance(each, Text) and each.refusal for each in answer.parts)


def response_id(answer_id: str) -> str:
    """Return the answer's id as this protocol spells ids."""
    return answer_id if answer_id.startswith("resp_") else f"resp_{answer_id}"


def head(request: Request, answer_id: str, model: str, created: int) -> dict[str, Json]:
    """Write a `Response` as it stands at the start: what was asked for, no output."""
    shape: dict[str, Json] = {
        "id": response_id(answer_id),
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": _instructions(request),
        "max_output_tokens": request.limits.max_output_tokens,
        "metadata": dict(request.metadata.labels),
        "model": model,
        "output": [],
        "parallel_tool_calls": request.parallel_tools is not False,
        "previous_response_id": request.kept.previous,
        "reasoning": _reasoning(request),
        "temperature": request.sampling.temperature,
        "text": _text_config(request),
        "tool_choice": write_choice(request.tool_choice),
        "tools": write_tools(request.tools),
        "top_p": request.sampling.top_p,
        "truncation": request.extras.get("truncation") or "disabled",
        "usage": None,
    }
    told = {
        "max_tool_calls": request.limits.max_tool_calls,
        "prompt_cache_key": request.cache_key,
        "safety_identifier": request.metadata.user,
    }
    # Younger members, which older clients do not look for: only where they say a thing.
    shape.update({key: value for key, value in told.items() if value is not None})
    return shape


def _instructions(request: Request) -> Json:
    texts = [each.text for each in request.system if isinstance(each, Text)]
    return "\n\n".join(texts) if texts else None


def _reasoning(request: Request) -> Json:
    wish = request.reasoning
    if wish is None:
        return {"effort": None, "summary": None}
    return {"effort": wish.effort, "summary": wish.display}


def _text_config(request: Request) -> Json:
    form = request.output_format
    shape: dict[str, Json] = {"type": "text" if form is None else form.kind}
    if form is not None and form.kind == "json_schema" and form.schema is not None:
        shape["name"] = form.name or "answer"
        shape["schema"] = dict(form.schema)
        shape["strict"] = form.strict
        if form.description is not None:
            shape["description"] = form.description
    if request.verbosity is not None:
        return {"format": shape, "verbosity": request.verbosity}
    return {"format": shape}


def ending(ended: AnswerEnded, usage: Usage, *, refused: bool) -> dict[str, Json]:
    """Write how the answer ended; `refused` tells that the refusal is in its text."""
    shape: dict[str, Json] = {"status": "completed", "usage": _usage(usage)}
    reason = _incomplete(ended.stop, refused=refused)
    if reason is not None:
        shape["status"] = "incomplete"
        shape["incomplete_details"] = {"reason": reason}
    return shape


def _incomplete(stop: StopReason, *, refused: bool) -> str | None:
    if stop in {StopReason.MAX_TOKENS, StopReason.CONTEXT_EXCEEDED}:
        return "max_output_tokens"
    if stop is StopReason.REFUSAL and not refused:
        return "content_filter"
    return None


def _usage(usage: Usage) -> Json:
    whole, output = usage.whole_input, usage.output_tokens
    if whole is None and output is None:
        return None
    return {
        "input_tokens": whole or 0,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
        },
        "output_tokens": output or 0,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": (whole or 0) + (output or 0),
    }


def item_id(
    answer_id: str,
    part: Text | Thinking | ToolCall | ServerPart | Opaque,
    at: int,
    taken: Collection[str] = (),
) -> str:
    """Return the id of the output item number `at`, none of those that are `taken`.

    Reasoning of this protocol keeps the id it came with: it is sealed together with it.
    """
    match part:
        case Thinking(id=str(own), origin=Origin(protocol=Protocol.RESPONSES)) if (
            own and own not in taken
        ):
            return own
        case Thinking():
            prefix = "rs"
        case ToolCall(kind=CallKind.FUNCTION):
            prefix = "fc"
        case ToolCall():
            prefix = "ctc"
        case _:
            prefix = "msg"
    return f"{prefix}_{answer_id.removeprefix('resp_')}_{at}"


def item(
    part: Text | Thinking | ToolCall | ServerPart | Opaque,
    own_id: str,
    annotations: Sequence[Json] | None = None,
) -> dict[str, Json] | None:
    """Write a complete output item; None where this protocol cannot show it.

    `annotations` are those already told in a stream, else they are written anew.
    """
    match part:
        case Text():
            content = text_part(part, annotations)
            return message(own_id, "completed", [content])
        case Thinking():
            return _thinking(part, own_id)
        case ToolCall():
            return call(part, own_id, "completed")
        case ServerPart() | Opaque():
            return dict(part.raw) if part.protocol is Protocol.RESPONSES else None


def message(own_id: str, status: str, content: list[Json]) -> dict[str, Json]:
    """Write an output message."""
    return {
        "id": own_id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def text_part(part: Text, annotations: Sequence[Json] | None = None) -> dict[str, Json]:
    """Write the content part of an output message."""
    if part.refusal:
        return {"type": "refusal", "refusal": part.text}
    if annotations is None:
        length = len(part.text)
        shapes = [write_citation(each, length) for each in part.citations]
        annotations = [each for each in shapes if each is not None]
    told = list(annotations)
    return {
        "type": "output_text",
        "text": part.text,
        "annotations": told,
        "logprobs": [],
    }


def call(part: ToolCall, own_id: str, status: str) -> dict[str, Json]:
    """Write a call of a tool; a custom one has no status in this protocol."""
    shape: dict[str, Json]
    if part.kind is CallKind.CUSTOM:
        shape = {"id": own_id, "type": "custom_tool_call", "input": part.arguments}
    else:
        # An empty call is one with an empty object.
        arguments = part.arguments if part.arguments or status != "completed" else "{}"
        shape = {"id": own_id, "type": "function_call", "arguments": arguments}
        shape["status"] = status
    shape.update(call_id=part.id, name=part.name)
    if part.namespace is not None:
        shape["namespace"] = part.namespace
    return shape


def _thinking(part: Thinking, own_id: str) -> dict[str, Json] | None:
    sealed = part.sealed
    writable = sealed is not None and is_writable(sealed, part.origin)
    if sealed is not None and not writable and not part.text and not part.summary:
        return None
    summary: list[Json] = [
        {"type": "summary_text", "text": each} for each in part.summary
    ]
    shape: dict[str, Json] = {"id": own_id, "type": "reasoning", "summary": summary}
    if part.text:
        shape["content"] = [{"type": "reasoning_text", "text": part.text}]
    if writable:
        shape["encrypted_content"] = sealed
    return shape
