"""What the five protocols say in the bench: requests, and streams of plain text.

The same words in each, so that what differs is the protocol and who speaks it.
"""

import json
from collections.abc import Mapping

from bench.canned import DEFAULT_MODEL

WORDS = "and then some words of it"
"""The text of one event, beside the time of its sending."""

MODELS = {
    "anthropic-messages": "bench-m",
    "openai-responses": "bench-r",
    "openai-chat": "bench-c",
    "gemini": "bench-g",
    "ollama-chat": "bench-o",
}
"""The model each protocol's provider lists: its name chooses the route."""

PATHS = {
    "anthropic-messages": "/v1/messages",
    "openai-responses": "/v1/responses",
    "openai-chat": "/v1/chat/completions",
}
"""Where clients of a protocol ask."""

_TEXT = f"@%019d;{WORDS}"
_USAGE = {"input_tokens": 14_000, "output_tokens": 1}
_TURN = "Read the file. " * 66
_TURN_BYTES = 1_060


def config(source: int) -> str:
    """The entries of one provider for each protocol, all of them the source."""
    return "".join(
        _ENTRY.format(protocol=protocol, model=model, source=source)
        for protocol, model in MODELS.items()
    )


def request_body(client: str, provider: str, size: int) -> bytes:
    """A streamed request of a client's protocol, about `size` bytes long."""
    turns = [
        {"role": "assistant" if at % 2 else "user", "content": _TURN}
        for at in range(max(1, size // _TURN_BYTES))
    ]
    shape: dict[str, object] = {"model": MODELS[provider], "stream": True}
    match client:
        case "openai-responses":
            shape |= {"store": False, "instructions": "Be brief.", "input": turns}
        case "openai-chat":
            shape |= {"messages": [{"role": "system", "content": "Be brief."}, *turns]}
        case _:
            shape |= {"max_tokens": 32_000, "system": "Be brief.", "messages": turns}
    return json.dumps(shape).encode()


def stream(protocol: str, count: int) -> list[bytes]:
    """What a provider writes, piece by piece: `count` texts, the head with the first.

    Each text has `%019d` where the time of its sending goes.
    """
    head, step, end = _STREAMS[protocol]()
    return [head + step, *[step] * (count - 1), end]


def _messages() -> tuple[bytes, bytes, bytes]:
    message: dict[str, object] = {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": DEFAULT_MODEL,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _USAGE,
    }
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    piece = {"index": 0, "delta": {"type": "text_delta", "text": _TEXT}}
    stop = {
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 300},
    }
    return (
        _event("message_start", {"message": message})
        + _event("content_block_start", block),
        _event("content_block_delta", piece),
        _event("content_block_stop", {"index": 0})
        + _event("message_delta", stop)
        + _event("message_stop", {}),
    )


def _responses() -> tuple[bytes, bytes, bytes]:
    response = {
        "id": "resp_bench",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "in_progress",
        "model": DEFAULT_MODEL,
        "output": [],
        "usage": None,
    }
    place = {"item_id": "msg_bench", "output_index": 0, "content_index": 0}
    item = {"id": "msg_bench", "type": "message", "role": "assistant", "content": []}
    added = {"output_index": 0, "item": {**item, "status": "in_progress"}}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    whole = {
        **response,
        "status": "completed",
        "usage": {**_USAGE, "total_tokens": 14_001},
    }
    return (
        _event("response.created", {"sequence_number": 0, "response": response})
        + _event("response.output_item.added", {"sequence_number": 1, **added})
        + _event(
            "response.content_part.added", {"sequence_number": 2, **place, "part": part}
        ),
        _event(
            "response.output_text.delta",
            {
                **place,
                "delta": _TEXT,
                "logprobs": [],
                "obfuscation": "x8aPqk3v",
                "sequence_number": 4,
            },
        ),
        _event("response.completed", {"sequence_number": 5, "response": whole}),
    )


def _chat() -> tuple[bytes, bytes, bytes]:
    def chunk(delta: Mapping[str, str], reason: str | None = None) -> bytes:
        choice = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": reason,
        }
        return _data(
            {
                "id": "chatcmpl-bench",
                "object": "chat.completion.chunk",
                "created": 1_790_000_000,
                "model": DEFAULT_MODEL,
                "service_tier": "default",
                "system_fingerprint": "fp_bench",
                "choices": [choice],
                "usage": None,
            }
        )

    return (
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": _TEXT}),
        chunk({}, "stop") + b"data: [DONE]\n\n",
    )


def _gemini() -> tuple[bytes, bytes, bytes]:
    def response(text: str, **more: str) -> bytes:
        content = {"parts": [{"text": text}], "role": "model"}
        counts = {"promptTokenCount": 14_000, "totalTokenCount": 14_001}
        return _data(
            {
                "candidates": [{"content": content, "index": 0, **more}],
                "usageMetadata": counts,
                "modelVersion": DEFAULT_MODEL,
                "responseId": "bench",
            }
        )

    return b"", response(_TEXT), response("", finishReason="STOP")


def _ollama() -> tuple[bytes, bytes, bytes]:
    def line(text: str, **more: object) -> bytes:
        shape = {
            "model": DEFAULT_MODEL,
            "created_at": "2026-11-21T10:11:12.123456789Z",
            "message": {"role": "assistant", "content": text},
            "done": False,
        }
        return _json({**shape, **more}) + b"\n"

    counts = {"prompt_eval_count": 14_000, "eval_count": 300}
    return b"", line(_TEXT), line("", done=True, done_reason="stop", **counts)


_STREAMS = {
    "anthropic-messages": _messages,
    "openai-responses": _responses,
    "openai-chat": _chat,
    "gemini": _gemini,
    "ollama-chat": _ollama,
}

_ENTRY = """
[[providers]]
id = "{model}"
base_url = "http://127.0.0.1:{source}"
protocols = ["{protocol}"]
key = "env:SCRIPTED_KEY"
billing = "metered"
place = "provider"

[[providers.models]]
id = "{model}"
context = 400000
max_output = 64000
tools = true
"""


def _json(shape: Mapping[str, object]) -> bytes:
    return json.dumps(shape, separators=(",", ":")).encode()


def _data(shape: Mapping[str, object]) -> bytes:
    return b"data: %b\n\n" % _json(shape)


def _event(name: str, fields: Mapping[str, object]) -> bytes:
    return b"event: %b\n" % name.encode() + _data({"type": name, **fields})
