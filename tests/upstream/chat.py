"""OpenAI Chat Completions as the provider sends them: a turn to chunks or JSON.

Pure; field and chunk order follow the vendor's API, types its Python SDK.
"""

import itertools
import json
from collections.abc import Iterator

from upstream.turns import Answer, Text, Thinking, Tokens, ToolCall

Json = dict[str, object]
CREATED = 1_790_000_000
DONE = b"data: [DONE]\n\n"


def event(payload: Json) -> bytes:
    """One server-sent event; this protocol does not name its events."""
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def stream(
    answer: Answer, model: str, serial: int, *, with_usage: bool
) -> Iterator[bytes]:
    """The chunks of a streamed answer; usage only where it was asked for."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    for delta in (*deltas, *_deltas(answer, serial)):
        yield event(_chunk(model, serial, [_choice(delta, None)], with_usage))
    last = [_choice({}, _stop(answer))]
    yield event(_chunk(model, serial, last, with_usage))
    if answer.ways.usage == "always" or (with_usage and answer.ways.usage == "asked"):
        closing = _chunk(model, serial, [], with_usage)
        yield event(closing | {"usage": _usage(answer.tokens)})
    yield DONE


def whole(answer: Answer, model: str, serial: int) -> Json:
    """The answer as one JSON object."""
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    message: Json = {
        "role": "assistant",
        "content": "".join(texts) or None,
        "refusal": None,
    }
    thoughts = [part.text for part in answer.parts if isinstance(part, Thinking)]
    if thoughts and answer.ways.reasoning:
        message[answer.ways.reasoning] = "".join(thoughts)
    calls = [call for _, call in _calls(answer, serial)]
    if calls:
        message["tool_calls"] = calls
    choice: Json = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _stop(answer),
    }
    head = _head(model, serial, "chat.completion") | {"choices": [choice]}
    if answer.ways.usage == "never":
        return head
    return head | {"usage": _usage(answer.tokens)}


def error(status: int, message: str) -> Json:
    """The protocol's error envelope for a status."""
    kind = "invalid_request_error" if status < 429 else "server_error"
    if status == 429:
        kind = "rate_limit_error"
    detail: Json = {"message": message, "type": kind, "param": None, "code": None}
    return {"error": detail}


def _head(model: str, serial: int, kind: str) -> Json:
    return {
        "id": f"chatcmpl-scripted{serial:04d}",
        "object": kind,
        "created": CREATED,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def _chunk(model: str, serial: int, choices: list[Json], with_usage: bool) -> Json:
    chunk = _head(model, serial, "chat.completion.chunk") | {"choices": choices}
    return chunk | {"usage": None} if with_usage else chunk


def _choice(delta: Json, stop: str | None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}


def _stop(answer: Answer) -> str:
    if answer.cut_short:
        return "length"
    calls = answer.calls() and not answer.ways.sloppy_stop
    return "tool_calls" if calls else "stop"


def _usage(tokens: Tokens) -> Json:
    cached: Json = {"cached_tokens": tokens.cache_read}
    if tokens.cache_write:
        cached["cache_write_tokens"] = tokens.cache_write
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": cached,
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _calls(answer: Answer, serial: int) -> Iterator[tuple[ToolCall, Json]]:
    calls = [part for part in answer.parts if isinstance(part, ToolCall)]
    for index, part in enumerate(calls):
        name = f"call_scripted_{serial:04d}_{index}"
        kind = "custom" if part.freeform else "function"
        field = "input" if part.freeform else "arguments"
        inside: Json = {"name": part.name, field: part.payload()}
        yield part, {"id": name, "type": kind, kind: inside}


def _deltas(answer: Answer, serial: int) -> Iterator[Json]:
    for part in answer.parts:
        match part:
            case Text():
                for piece in part.pieces():
                    yield {"content": piece}
            case Thinking(text):
                if answer.ways.reasoning:
                    yield {answer.ways.reasoning: text}
            case ToolCall():
                pass
    lines = [
        _call_deltas(index, part, call, answer)
        for index, (part, call) in enumerate(_calls(answer, serial))
    ]
    if answer.ways.interleaved:
        lines = [_mixed(lines)]
    for line in lines:
        yield from line


def _call_deltas(index: int, part: ToolCall, call: Json, answer: Answer) -> list[Json]:
    """The pieces of one call; those of a custom one carry its text."""
    kind, field = ("custom", "input") if part.freeform else ("function", "arguments")
    if answer.ways.whole_arguments:
        return [{"tool_calls": [{"index": index} | call]}]
    opened = call | {kind: {"name": part.name, field: ""}}
    deltas: list[Json] = [{"tool_calls": [{"index": index} | opened]}]
    for piece in part.pieces():
        more: Json = {"index": index, kind: {field: piece}}
        deltas.append({"tool_calls": [more]})
    return deltas


def _mixed(lines: list[list[Json]]) -> list[Json]:
    """One piece of each call in turn."""
    rounds = itertools.zip_longest(*lines)
    return [delta for each in rounds for delta in each if delta is not None]
