"""The requests and answers of the bench: real shapes, made-up words, one size each."""

import json
import time
from collections.abc import Mapping

EVENTS = 300
"""Events of a whole streamed answer."""

JSON_QUERY = "answer=json"

NEXT_PATH = "/next"
"""Where the source is told which query stands for requests that bring none."""

DEFAULT_MODEL = "scripted-large"

_EVENT_SIZE = 210
# What Claude Code sends beside the body, in its order.
_HEADERS = (
    ("accept", "application/json"),
    ("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14"),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("anthropic-version", "2023-06-01"),
    ("content-type", "application/json"),
    ("user-agent", "claude-cli/2.1.0 (external, sdk-cli)"),
    ("x-app", "cli"),
    ("x-claude-code-session-id", "5d0c6f1e-8b5c-4a55-9c59-1f4e6a0a7c11"),
    ("x-stainless-arch", "x64"),
    ("x-stainless-lang", "js"),
    ("x-stainless-os", "Linux"),
    ("x-stainless-package-version", "0.70.0"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-runtime", "node"),
    ("x-stainless-runtime-version", "v20.19.0"),
    ("x-stainless-timeout", "600"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
)


def request(port: int, query: str, size: int, key: str) -> bytes:
    """A whole Messages request whose body has `size` bytes."""
    body = _request_body(size, stream=query != JSON_QUERY)
    return post(port, f"/v1/messages?{query}", key, body)


def post(port: int, path: str, key: str, body: bytes) -> bytes:
    """A whole request with the headers a real client sends."""
    head = [
        f"POST {path} HTTP/1.1",
        f"host: 127.0.0.1:{port}",
        *(f"{name}: {value}" for name, value in _HEADERS),
        f"x-api-key: {key}",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def stream_query(events: int, pace_ms: int) -> str:
    """Asks the source for a stream; pace 0 means as fast as it can write."""
    return f"events={events}&pace={pace_ms}"


def head_of_stream() -> bytes:
    """The head of a streamed answer."""
    return _head("text/event-stream; charset=utf-8", ("transfer-encoding", "chunked"))


def json_answer() -> bytes:
    """A whole plain answer, head included."""
    body = json.dumps(_message("A plain answer. " * 40, "end_turn", 180)).encode()
    return _head("application/json", ("content-length", str(len(body)))) + body


def events(count: int) -> list[bytes]:
    """The events of one streamed answer, `%019d` where a time of sending goes.

    All but the last three carry a time.
    """
    start = {"type": "message_start", "message": _message("", None, 1)}
    delta = {"type": "text_delta", "text": "@%019d;"}
    step = {"type": "content_block_delta", "index": 0, "delta": delta}
    stop = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": count},
    }
    opened = {"type": "text", "text": "@%019d;"}
    block = {"type": "content_block_start", "index": 0, "content_block": opened}
    return [
        _event(start),
        _event(block),
        *[_event(step)] * (count - 5),
        _event({"type": "content_block_stop", "index": 0}),
        _event(stop),
        _event({"type": "message_stop"}),
    ]


def chunk(event: bytes) -> bytes:
    """One event as a chunk of HTTP, stamped with the time of this moment."""
    if b"%019d" in event:
        event %= time.monotonic_ns()
    return b"%x\r\n%b\r\n" % (len(event), event)


def _event(data: Mapping[str, object]) -> bytes:
    """One event, filled up to the usual size where it has text."""
    name = str(data["type"])
    delta = data.get("delta")
    text = json.dumps(data, separators=(",", ":"))
    # 15 bytes are for the names of the fields, 14 come with the time.
    missing = _EVENT_SIZE - len(text) - len(name) - 15 - 14
    if isinstance(delta, dict) and "text" in delta and missing > 0:
        text = text.replace(";", ";" + "x" * missing)
    return f"event: {name}\ndata: {text}\n\n".encode()


def _message(text: str, stop: str | None, output: int) -> Mapping[str, object]:
    return {
        "id": "msg_@%019d;",
        "type": "message",
        "role": "assistant",
        "model": DEFAULT_MODEL,
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 14_000,
            "cache_read_input_tokens": 12_000,
            "cache_creation_input_tokens": 800,
            "output_tokens": output,
        },
    }


def _head(kind: str, framing: tuple[str, str]) -> bytes:
    headers = (
        ("content-type", kind),
        ("request-id", "req_011CVbench"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-tokens-remaining", "399000"),
        framing,
    )
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode()


def _request_body(size: int, *, stream: bool) -> bytes:
    """A conversation of many turns that is `size` bytes long."""
    turns = [
        {"role": "assistant" if at % 2 else "user", "content": "Read the file. " * 66}
        for at in range(max(1, size // 1_060))
    ]
    body: dict[str, object] = {
        "model": DEFAULT_MODEL,
        "max_tokens": 32_000,
        "stream": stream,
        "system": "",
        "messages": turns,
    }
    short = size - len(json.dumps(body))
    body["system"] = "s" * max(0, short)
    return json.dumps(body).encode()
