"""Anthropic Messages as the provider sends them: a turn to events or to JSON.

Pure; field and event order follow the vendor's API, types its Python SDK.
"""

import json
from collections.abc import Iterator

from upstream.turns import Answer, Part, Text, Thinking, Tokens, ToolCall

Json = dict[str, object]


def event(name: str, payload: Json) -> bytes:
    """One server-sent event with its name."""
    data = json.dumps({"type": name} | payload, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def stream(answer: Answer, model: str, serial: int) -> Iterator[bytes]:
    """The events of a streamed answer, in the order of the API."""
    head = _message(answer, model, serial)
    head |= {"content": [], "stop_reason": None}
    head["usage"] = _usage(answer.tokens) | {"output_tokens": 1}
    yield event("message_start", {"message": head})
    yield event("ping", {})
    for index, part in enumerate(answer.parts):
        yield from _block_events(part, index, serial)
    delta: Json = {"stop_reason": _stop(answer), "stop_sequence": None}
    # The counts of the end have no field for lifetimes and tier.
    ended = _usage(answer.tokens)
    del ended["cache_creation"], ended["service_tier"]
    yield event("message_delta", {"delta": delta, "usage": ended})
    yield event("message_stop", {})


def whole(answer: Answer, model: str, serial: int) -> Json:
    """The answer as one JSON object."""
    return _message(answer, model, serial)


def error(status: int, message: str) -> Json:
    """The protocol's error envelope for a status."""
    detail: Json = {"type": _ERROR_TYPES.get(status, "api_error"), "message": message}
    return {"type": "error", "error": detail, "request_id": "req_scripted"}


_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _message(answer: Answer, model: str, serial: int) -> Json:
    blocks = [_block(part, index, serial) for index, part in enumerate(answer.parts)]
    return {
        "id": f"msg_scripted_{serial:04d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": _stop(answer),
        "stop_sequence": None,
        "usage": _usage(answer.tokens),
    }


def _usage(tokens: Tokens) -> Json:
    written: Json = {
        "ephemeral_5m_input_tokens": tokens.cache_write,
        "ephemeral_1h_input_tokens": 0,
    }
    usage: Json = {
        "input_tokens": tokens.fresh,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation": written,
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }
    if tokens.reasoning:
        usage["output_tokens_details"] = {"thinking_tokens": tokens.reasoning}
    return usage


def _stop(answer: Answer) -> str:
    if answer.cut_short:
        return "max_tokens"
    return "tool_use" if answer.calls() else "end_turn"


def _block(part: Part, index: int, serial: int) -> Json:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Thinking(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case ToolCall():
            call = _open_call(part, index, serial)
            return call | {"input": dict(part.arguments)}


def _open_call(part: ToolCall, index: int, serial: int) -> Json:
    name = f"toolu_scripted_{serial:04d}_{index}"
    return {"type": "tool_use", "id": name, "name": part.name, "input": {}}


def _block_events(part: Part, index: int, serial: int) -> Iterator[bytes]:
    opened = _opened(part, index, serial)
    yield event("content_block_start", {"index": index, "content_block": opened})
    for delta in _deltas(part):
        yield event("content_block_delta", {"index": index, "delta": delta})
    yield event("content_block_stop", {"index": index})


def _opened(part: Part, index: int, serial: int) -> Json:
    match part:
        case Text():
            return {"type": "text", "text": ""}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolCall():
            return _open_call(part, index, serial)


def _deltas(part: Part) -> Iterator[Json]:
    match part:
        case Text():
            for piece in part.pieces():
                yield {"type": "text_delta", "text": piece}
        case Thinking(text, signature):
            yield {"type": "thinking_delta", "thinking": text}
            yield {"type": "signature_delta", "signature": signature}
        case ToolCall():
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in part.pieces():
                yield {"type": "input_json_delta", "partial_json": piece}
