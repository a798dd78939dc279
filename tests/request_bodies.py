"""Bodies as clients send them, one for each protocol, and damaged ones (Hypothesis)."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

Body = dict[str, Any]

MESSAGES: Body = {
    "model": "claude-opus-5-5",
    "max_tokens": 128_000,
    "stream": True,
    "stop_sequences": ["END"],
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc"},
        {
            "type": "text",
            "text": "You code.",
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        },
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>x</system-reminder>"},
                {"type": "text", "text": "Fix the bug."},
            ],
        },
        {"role": "system", "content": "Today is Monday."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
                {
                    "type": "tool_use",
                    "id": "toolu_1",
                    "name": "Read",
                    "input": {"file_path": "a.py", "limit": 2},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "print()"}],
                }
            ],
        },
    ],
    "tools": [
        {
            "name": "Read",
            "description": "Reads a file.",
            "input_schema": {
                "type": "object",
                "properties": {"file_path": {"type": "string"}},
            },
            "cache_control": {"type": "ephemeral"},
            "defer_loading": True,
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {"effort": "high"},
    "metadata": {"user_id": '{"session_id":"s"}'},
    "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
    "new_field": [1, {"deep": None}],
}

RESPONSES: Body = {
    "model": "turnout-code",
    "instructions": "You code.",
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "Be brief."}],
        },
        {"role": "user", "content": "Fix the bug."},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "eA==",
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "exec_command",
            "arguments": '{"cmd":"ls"}',
            "namespace": "shell",
        },
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "a.py"},
                {"type": "input_image", "image_url": "data:image/png;base64,iVBO"},
            ],
        },
        {
            "type": "custom_tool_call",
            "call_id": "call_2",
            "name": "apply_patch",
            "input": "*** Begin Patch",
        },
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "Done."},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Done.", "annotations": []}],
        },
    ],
    "tools": [
        {
            "type": "function",
            "name": "exec_command",
            "description": "Runs a command.",
            "strict": False,
            "parameters": {
                "type": "object",
                "properties": {"cmd": {"type": "string"}},
                "required": ["cmd"],
            },
        },
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Patches files.",
            "format": {
                "type": "grammar",
                "syntax": "lark",
                "definition": "start: patch",
            },
        },
        {
            "type": "namespace",
            "name": "agents",
            "description": "Other agents.",
            "tools": [{"type": "function", "name": "spawn", "parameters": None}],
        },
        {"type": "web_search", "search_context_size": "low"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "high", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "k1",
    "client_metadata": {"x": "y"},
    "text": {"verbosity": "low"},
}

CHAT: Body = {
    "model": "gpt-5.6",
    "max_tokens": 32_000,
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": "END",
    "messages": [
        {"role": "system", "content": "You code."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,iVBO", "detail": "low"},
                },
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Hm.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "read", "arguments": '{"path":"a.py"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "print()"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "read",
                "description": "Reads a file.",
                "parameters": {
                    "type": "object",
                    "properties": {"path": {"type": "string"}},
                },
            },
        }
    ],
    "tool_choice": "auto",
    "reasoning_effort": "medium",
    "temperature": 0,
    "seed": 7,
    "logit_bias": {"50256": -100},
}

_VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.just([])
    | st.just({})
    | st.just([{}])
    | st.just({"type": "text"})
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [place for k, v in value.items() for place in _places(v, (*path, k))]
    if isinstance(value, list):
        pairs = enumerate(value)
        inner = [place for k, v in pairs for place in _places(v, (*path, k))]
    return ([path] if path else []) + inner


@st.composite
def damaged(draw: st.DrawFn, body: Body) -> bytes:
    """A body in which one value, anywhere, is replaced by another or left out."""
    found = copy.deepcopy(body)
    *way, last = draw(st.sampled_from(_places(body)))
    inside: Any = found
    for step in way:
        inside = inside[step]
    if draw(st.booleans()):
        inside[last] = draw(_VALUES)
    else:
        del inside[last]
    return json.dumps(found).encode()
