"""OpenAI Responses as the provider sends them: a turn to events or to JSON.

Pure; field and event order follow the vendor's API, types its Python SDK.
"""

import json
from collections.abc import Iterator

from upstream.turns import Answer, Part, Text, Thinking, Tokens, ToolCall

Json = dict[str, object]
CREATED = 1_790_000_000


def event(payload: Json, sequence: int) -> bytes:
    """One server-sent event, named by its type and numbered."""
    numbered = {"type": payload["type"], "sequence_number": sequence} | payload
    data = json.dumps(numbered, ensure_ascii=False)
    return f"event: {payload['type']}\ndata: {data}\n\n".encode()


def stream(answer: Answer, model: str, serial: int) -> Iterator[bytes]:
    """The events of a streamed answer, in the order of the API."""
    for sequence, payload in enumerate(_events(answer, model, serial)):
        yield event(payload, sequence)


def whole(answer: Answer, model: str, serial: int) -> Json:
    """The answer as one JSON object."""
    status = "incomplete" if answer.cut_short else "completed"
    response = _response(model, serial, status)
    if answer.cut_short:
        response["incomplete_details"] = {"reason": "max_output_tokens"}
    response["output"] = [
        _item(part, index, serial) for index, part in enumerate(answer.parts)
    ]
    return response | {"usage": _usage(answer.tokens)}


def error(status: int, message: str) -> Json:
    """The protocol's error envelope for a status."""
    kind = "invalid_request_error" if status < 429 else "server_error"
    code = None
    if status == 429:
        kind, code = "tokens", "rate_limit_exceeded"
    detail: Json = {"message": message, "type": kind, "param": None, "code": code}
    return {"error": detail}


def _events(answer: Answer, model: str, serial: int) -> Iterator[Json]:
    opened = _response(model, serial, "in_progress")
    yield {"type": "response.created", "response": opened}
    yield {"type": "response.in_progress", "response": opened}
    for index, part in enumerate(answer.parts):
        yield from _item_events(part, index, serial)
    last = "response.incomplete" if answer.cut_short else "response.completed"
    yield {"type": last, "response": whole(answer, model, serial)}


def _response(model: str, serial: int, status: str) -> Json:
    return {
        "id": f"resp_scripted_{serial:04d}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "metadata": {},
    }


def _usage(tokens: Tokens) -> Json:
    cached: Json = {
        "cached_tokens": tokens.cache_read,
        "cache_write_tokens": tokens.cache_write,
    }
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": cached,
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.output,
    }


def _item(part: Part, index: int, serial: int) -> Json:
    match part:
        case Text(text):
            return _message(index, serial, "completed", [_text_part(text)])
        case Thinking(text, signature):
            summary = [{"type": "summary_text", "text": text}]
            return _reasoning(index, serial, summary, signature)
        case ToolCall():
            return _call(part, index, serial, part.payload(), "completed")


def _message(index: int, serial: int, status: str, content: list[Json]) -> Json:
    return {
        "id": f"msg_scripted_{serial:04d}_{index}",
        "type": "message",
        "status": status,
        "content": content,
        "role": "assistant",
    }


def _text_part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _reasoning(
    index: int, serial: int, summary: list[dict[str, str]], sealed: str
) -> Json:
    return {
        "id": f"rs_scripted_{serial:04d}_{index}",
        "type": "reasoning",
        "encrypted_content": sealed,
        "summary": summary,
    }


def _call(part: ToolCall, index: int, serial: int, payload: str, status: str) -> Json:
    freeform = part.freeform
    item: Json = {
        "id": f"{'ctc' if freeform else 'fc'}_scripted_{serial:04d}_{index}",
        "type": "custom_tool_call" if freeform else "function_call",
        "status": status,
        "input" if freeform else "arguments": payload,
        "call_id": f"call_scripted_{serial:04d}_{index}",
        "name": part.name,
    }
    if part.namespace is not None:
        item["namespace"] = part.namespace
    return item


def _item_events(part: Part, index: int, serial: int) -> Iterator[Json]:
    opened, done = _opened(part, index, serial), _item(part, index, serial)
    yield {"type": "response.output_item.added", "output_index": index, "item": opened}
    yield from _inside(part, index, str(done["id"]))
    yield {"type": "response.output_item.done", "output_index": index, "item": done}


def _opened(part: Part, index: int, serial: int) -> Json:
    match part:
        case Text():
            return _message(index, serial, "in_progress", [])
        case Thinking():
            return _reasoning(index, serial, [], "")
        case ToolCall():
            return _call(part, index, serial, "", "in_progress")


def _inside(part: Part, index: int, item: str) -> Iterator[Json]:
    match part:
        case Text():
            return _text_events(part, index, item)
        case Thinking(text):
            return _summary_events(text, index, item)
        case ToolCall():
            return _call_events(part, index, item)


def _text_events(part: Text, index: int, item: str) -> Iterator[Json]:
    at: Json = {"item_id": item, "output_index": index, "content_index": 0}
    begun = {"type": "response.content_part.added"} | at
    yield begun | {"part": _text_part("")}
    for piece in part.pieces():
        delta: Json = {"type": "response.output_text.delta"} | at
        yield delta | {"delta": piece, "logprobs": []}
    text: Json = {"type": "response.output_text.done"} | at
    yield text | {"text": part.text, "logprobs": []}
    ended = {"type": "response.content_part.done"} | at
    yield ended | {"part": _text_part(part.text)}


def _summary_events(text: str, index: int, item: str) -> Iterator[Json]:
    at: Json = {"item_id": item, "output_index": index, "summary_index": 0}
    kind = "response.reasoning_summary"
    empty: Json = {"part": {"type": "summary_text", "text": ""}}
    full: Json = {"part": {"type": "summary_text", "text": text}}
    yield {"type": f"{kind}_part.added"} | at | empty
    yield {"type": f"{kind}_text.delta", "delta": text} | at
    yield {"type": f"{kind}_text.done", "text": text} | at
    yield {"type": f"{kind}_part.done"} | at | full


def _call_events(part: ToolCall, index: int, item: str) -> Iterator[Json]:
    at: Json = {"item_id": item, "output_index": index}
    kind = "response.function_call_arguments"
    field = "arguments"
    if part.freeform:
        kind, field = "response.custom_tool_call_input", "input"
    for piece in part.pieces():
        yield {"type": f"{kind}.delta", "delta": piece} | at
    yield {"type": f"{kind}.done", field: part.payload()} | at
