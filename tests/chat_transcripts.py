"""Streams of Chat as servers send them, each with its own habits."""

from __future__ import annotations

import json
from typing import Any

from proxy.model import (
    Usage,
)

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
COUNTED = Usage(15, 5, 0, None, 9, 4)


def chunk(delta: Any, reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    fields = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "m-1",
        "choices": [choice],
        **more,
    }
    return data(fields)


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def call(at: int | None, **fields: Any) -> dict[str, Any]:
    inner = {k: v for k, v in fields.items() if k in {"name", "arguments"}}
    outer = {k: v for k, v in fields.items() if k not in inner}
    index = {} if at is None else {"index": at}
    return {"tool_calls": [{**index, "function": inner, **outer}]}


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop")
CALLED = chunk({}, "tool_calls")
DONE = b"data: [DONE]\n\n"
TOTAL = data({"id": "chatcmpl-1", "choices": [], "usage": USAGE})

DETAILS = [
    {"type": "reasoning.text", "text": "Hm", "format": "anthropic-claude-v1"},
    {"type": "reasoning.text", "text": "."},
    {"type": "reasoning.text", "signature": "c2ln"},
]

# One transcript for each way that a server is known to go.
TRANSCRIPTS: dict[str, tuple[bytes, ...]] = {
    "openai_text": (
        ROLE,
        chunk({"content": "Hello"}),
        chunk({"content": " wörld \N{LINE SEPARATOR}\n"}),
        STOP,
        TOTAL,
        DONE,
    ),
    "openai_interleaved_calls": (
        ROLE,
        chunk(call(0, id="call_a", type="function", name="read", arguments="")),
        chunk(call(1, id="call_b", type="function", name="list", arguments="")),
        chunk(call(0, arguments='{"path":')),
        chunk(call(1, arguments='{"folder"')),
        chunk(call(0, arguments='"a.py"}')),
        chunk(call(1, arguments=':"b"}')),
        CALLED,
        DONE,
    ),
    "openai_refusal": (ROLE, chunk({"refusal": "I would"}), STOP, DONE),
    "openai_custom_call": (
        chunk(
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "c1",
                        "type": "custom",
                        "custom": {"name": "apply_patch", "input": ""},
                    }
                ]
            }
        ),
        chunk({"tool_calls": [{"index": 0, "custom": {"input": "*** Begin"}}]}),
        CALLED,
        DONE,
    ),
    "openai_old_function_call": (
        chunk({"function_call": {"name": "read", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}),
        chunk({}, "function_call"),
        DONE,
    ),
    "openai_cited": (
        chunk({"content": "Sunny"}),
        chunk(
            {
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "url": "https://example.com",
                            "title": "E",
                            "start_index": 0,
                            "end_index": 5,
                        },
                    }
                ]
            }
        ),
        STOP,
        DONE,
    ),
    "deepseek_reasoning": (
        chunk({"role": "assistant", "content": None, "reasoning_content": ""}),
        chunk({"content": None, "reasoning_content": "Hm"}),
        chunk({"content": "Yes.", "reasoning_content": None}),
        chunk(
            {"content": ""},
            "stop",
            usage={
                "prompt_tokens": 20,
                "completion_tokens": 9,
                "prompt_cache_hit_tokens": 5,
            },
        ),
        DONE,
    ),
    "openrouter_details": (
        b": OPENROUTER PROCESSING\n\n",
        chunk({"reasoning": "Hm", "reasoning_details": [DETAILS[0]]}),
        chunk({"reasoning": ".", "reasoning_details": [DETAILS[1]]}),
        chunk({"reasoning_details": [DETAILS[2]]}),
        b": OPENROUTER PROCESSING\n\n",
        chunk(call(0, id="t1", name="read", arguments="{}")),
        CALLED,
        TOTAL,
        DONE,
    ),
    "openrouter_encrypted": (
        chunk({"content": "Yes."}),
        chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "eA=="}]}),
        STOP,
        DONE,
    ),
    "openrouter_error": (
        ROLE,
        chunk({"content": "Once"}),
        chunk(
            {"content": ""},
            "error",
            error={"code": 429, "message": "Upstream is busy"},
        ),
    ),
    "groq_usage": (
        chunk({"content": "Hi"}),
        chunk({}, "stop", x_groq={"id": "req_1", "usage": USAGE}),
        DONE,
    ),
    "mistral_thinking": (
        chunk(
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
                ]
            }
        ),
        chunk({"content": [{"type": "text", "text": "Yes"}]}),
        chunk({"content": "."}),
        chunk({}, "model_length"),
        DONE,
    ),
    "mistral_whole_calls": (
        chunk(
            {
                "tool_calls": [
                    {
                        "id": "aB3dE6gH9",
                        "index": 0,
                        "function": {"name": "read", "arguments": '{"path":"a"}'},
                    },
                    {
                        "id": "zB3dE6gH9",
                        "index": 1,
                        "function": {"name": "now", "arguments": "{}"},
                    },
                ]
            },
            "tool_calls",
        ),
        DONE,
    ),
    "gemini_layer": (
        chunk(
            {
                "tool_calls": [
                    {
                        "id": "",
                        "index": 0,
                        "function": {"name": "read", "arguments": '{"path":"a"}'},
                        "extra_content": {"google": {"thought_signature": "c2ln"}},
                    },
                    {
                        "id": "",
                        "index": 0,
                        "function": {"name": "read", "arguments": '{"path":"b"}'},
                    },
                ]
            },
            "stop",
        ),
        DONE,
    ),
    "vllm_stop_word": (
        chunk({"content": "one "}),
        data(
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": ""},
                        "finish_reason": "stop",
                        "stop_reason": "two",
                    }
                ]
            }
        ),
        DONE,
    ),
    "vllm_new_id_each_piece": (
        chunk(call(0, id="x1", type="function", name="read", arguments="")),
        chunk(call(0, id="x2", arguments='{"path":')),
        chunk(call(0, id="x3", arguments='"a"}')),
        CALLED,
        DONE,
    ),
    "llamacpp_timings": (
        ROLE,
        chunk({"content": "Hi"}),
        chunk({}, "stop", timings={"predicted_ms": 1.5}),
        data({"choices": [], "usage": USAGE, "timings": {"prompt_n": 3}}),
        DONE,
    ),
    "together_eos": (
        chunk({"content": "Hi"}, usage=None),
        chunk({}, "eos", usage=USAGE),
        DONE,
        DONE,
    ),
    "usage_in_each_chunk": (
        chunk({"content": "a"}, usage={"prompt_tokens": 20, "completion_tokens": 1}),
        chunk({"content": "b"}, usage={"prompt_tokens": 20, "completion_tokens": 2}),
        chunk({}, "stop", usage=USAGE),
        DONE,
    ),
    "no_done": (chunk({"content": "Hi"}), STOP),
    "no_finish_reason": (chunk({"content": "Hi"}), DONE),
    "calls_without_index": (
        chunk(call(None, id="c1", name="read", arguments='{"path":')),
        chunk(call(None, arguments='"a"}')),
        chunk(call(None, id="c2", name="list", arguments="{}")),
        chunk({}, "stop"),
        DONE,
    ),
    "name_in_pieces": (
        chunk(call(0, id="c1", name="read_")),
        chunk(call(0, name="file", arguments="")),
        chunk(call(0, arguments='{"a":1}')),
        CALLED,
        DONE,
    ),
    "name_and_id_repeated": (
        chunk(call(0, id="c1", name="read", arguments='{"a"')),
        chunk(call(0, id="c1", name="read", arguments=":1}")),
        CALLED,
        DONE,
    ),
    "new_id_at_one_index": (
        chunk(call(0, id="c1", name="read", arguments='{"a":1}')),
        chunk(call(0, id="c2", name="read", arguments='{"a":2}')),
        CALLED,
        DONE,
    ),
    "arguments_as_object": (
        chunk(call(0, id="c1", name="read", arguments={"path": "a"})),
        CALLED,
        DONE,
    ),
    "call_without_arguments": (
        chunk(call(0, id="c1", name="now")),
        CALLED,
        DONE,
    ),
    "several_choices": (
        data(
            {
                "choices": [
                    {"index": 1, "delta": {"content": "No"}},
                    {"index": 0, "delta": {"content": "Yes"}},
                ]
            }
        ),
        STOP,
        DONE,
    ),
    "text_after_a_call": (
        chunk(call(0, id="c1", name="read", arguments='{"a":1}')),
        chunk({"content": "Reading."}),
        chunk(call(1, id="c2", name="list", arguments='{"a":1}')),
        CALLED,
        DONE,
    ),
    "think_tags_stay": (
        chunk({"content": "<think>Hm.</think>Yes."}),
        STOP,
        DONE,
    ),
    "cut": (ROLE, chunk({"content": "Once"}, usage=USAGE)),
    "error_alone": (data({"error": {"message": "Too busy", "type": "overloaded"}}),),
    "error_as_text": (ROLE, data({"error": "out of memory"})),
    "error_event": (ROLE, b'event: error\ndata: {"message": "bad", "code": 500}\n\n'),
    "odd_frames": (
        b"data: null\n\ndata: 7\n\ndata:\n\n",
        data({"choices": None}),
        data({"choices": {}}),
        data({"choices": [None, {"index": 0, "delta": 5}]}),
        data({"choices": [{"index": 0, "delta": None}]}),
        chunk({"content": 7, "tool_calls": "x", "annotations": 3, "refusal": {}}),
        chunk({"content": "Hi", "reasoning_details": "?", "audio": []}),
        STOP,
        DONE,
    ),
}
