"""What becomes of the fields of Messages' answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anthropic import types as messages
from pydantic import BaseModel

from answer_kinds.kind import SAME, TIER, WITHOUT, Data, Kind
from proxy.model import Protocol

MESSAGE: Data = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
        {"type": "text", "text": "Sunny.", "citations": None},
        {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {"input_tokens": 9, "output_tokens": 5},
}
_LOCATION: Data = {
    "type": "web_search_result_location",
    "url": "https://example.com/b",
    "title": "B",
    "cited_text": "sun",
    "encrypted_index": "eA==",
}


def _in_message(
    kind: type[BaseModel],
    path: tuple[str | int, ...],
    read: Mapping[str, Any],
    left: Mapping[str, str],
) -> Kind:
    return Kind(Protocol.MESSAGES, kind, MESSAGE, path, read, left)


KINDS = [
    _in_message(
        messages.Message,
        (),
        {
            "id": "msg_2",
            "model": "other",
            "content": [],
            "stop_reason": "max_tokens",
            "stop_sequence": "END",
            "stop_details": {"type": "refusal", "category": "cyber"},
            "usage": {"input_tokens": 8},
        },
        {
            "type": SAME,
            "role": SAME,
            "container": WITHOUT,
            "diagnostics": "about the provider's cache, for its own client",
        },
    ),
    _in_message(
        messages.TextBlock,
        ("content", 2),
        {"text": "Rain.", "citations": [_LOCATION], "type": "thinking"},
        {},
    ),
    _in_message(
        messages.ThinkingBlock,
        ("content", 0),
        {"thinking": "Well.", "signature": "b3RoZXI=", "type": "text"},
        {},
    ),
    _in_message(
        messages.RedactedThinkingBlock,
        ("content", 1),
        {"data": "b3RoZXI=", "type": "text"},
        {},
    ),
    _in_message(
        messages.ToolUseBlock,
        ("content", 3),
        {"id": "toolu_2", "name": "write", "input": {"a": 2}, "type": "text"},
        {
            "caller": "says that code of the provider's called; such tools are not "
            "offered across protocols",
            "toolset_name": "toolsets of the provider's are not offered either",
        },
    ),
    _in_message(
        messages.Usage,
        ("usage",),
        {
            "input_tokens": 10,
            "output_tokens": 6,
            "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": 4,
            "cache_creation": {"ephemeral_1h_input_tokens": 2},
            "output_tokens_details": {"thinking_tokens": 1},
            "server_tool_use": {"web_search_requests": 1},
        },
        {"inference_geo": TIER, "service_tier": TIER, "speed": TIER},
    ),
]
