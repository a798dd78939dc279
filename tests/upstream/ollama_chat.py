"""Ollama's own chat as its server sends it: a turn to lines of JSON, or one object.

Pure; fields follow the server's documents, types its Python package. Calls come whole.
"""

import json
from collections.abc import Iterator

from upstream.turns import Answer, Text, Thinking, ToolCall

Json = dict[str, object]
MADE_AT = "2026-11-21T12:00:00.123456789Z"


def line(payload: Json) -> bytes:
    """One line of a stream."""
    return json.dumps(payload, ensure_ascii=False).encode() + b"\n"


def stream(answer: Answer, model: str, serial: int) -> Iterator[bytes]:
    """The lines of a streamed answer."""
    for message in _pieces(answer, serial):
        yield line(_head(model, {"role": "assistant", "content": ""} | message))
    yield line(_closed(answer, model, {"role": "assistant", "content": ""}))


def whole(answer: Answer, model: str, serial: int) -> Json:
    """The answer as one JSON object."""
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    thoughts = [part.text for part in answer.parts if isinstance(part, Thinking)]
    message: Json = {"role": "assistant", "content": "".join(texts)}
    if thoughts:
        message["thinking"] = "".join(thoughts)
    calls = list(_calls(answer, serial))
    if calls:
        message["tool_calls"] = calls
    return _closed(answer, model, message)


def error(_status: int, message: str) -> Json:
    """The protocol's error envelope."""
    return {"error": message}


def tags(models: tuple[str, ...]) -> Json:
    """The answer of `/api/tags`."""
    return {"models": [_listed(model) for model in models]}


def show(model: str, context: int) -> Json:
    """The answer of `/api/show`; `context` is the model's window in tokens."""
    return {
        "modelfile": f"FROM {model}",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": _details(),
        "model_info": {
            "general.architecture": "scripted",
            "scripted.context_length": context,
        },
        "capabilities": ["completion", "tools", "thinking", "vision"],
        "modified_at": MADE_AT,
    }


def _head(model: str, message: Json, *, done: bool = False) -> Json:
    return {"model": model, "created_at": MADE_AT, "message": message, "done": done}


def _closed(answer: Answer, model: str, message: Json) -> Json:
    counts: Json = {
        "done_reason": "length" if answer.cut_short else "stop",
        "total_duration": 2_000_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": answer.tokens.prompt,
        "prompt_eval_duration": 100_000_000,
        "eval_count": answer.tokens.output,
        "eval_duration": 1_000_000_000,
    }
    return _head(model, message, done=True) | counts


def _pieces(answer: Answer, serial: int) -> Iterator[Json]:
    for part in answer.parts:
        match part:
            case Text():
                for piece in part.pieces():
                    yield {"content": piece}
            case Thinking(text):
                yield {"thinking": text}
            case ToolCall():
                pass
    for call in _calls(answer, serial):
        yield {"tool_calls": [call]}


def _calls(answer: Answer, serial: int) -> Iterator[Json]:
    calls = [part for part in answer.parts if isinstance(part, ToolCall)]
    for index, part in enumerate(calls):
        function: Json = {"name": part.name, "arguments": dict(part.arguments)}
        call: Json = {"function": function | {"index": index}}
        # Newer servers name their calls, older ones do not.
        if answer.ways.call_ids:
            call["id"] = f"call_scripted{serial:04d}{index}"
        yield call


def _listed(model: str) -> Json:
    return {
        "name": model,
        "model": model,
        "modified_at": MADE_AT,
        "size": 4_000_000_000,
        "digest": "0" * 64,
        "details": _details(),
    }


def _details() -> Json:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "scripted",
        "families": ["scripted"],
        "parameter_size": "8B",
        "quantization_level": "Q4_K_M",
    }
