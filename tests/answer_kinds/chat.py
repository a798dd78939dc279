"""What becomes of the fields of Chat's answers, whole and in chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openai.types import CompletionUsage, chat
from openai.types.chat import chat_completion as chat_whole
from openai.types.chat import chat_completion_chunk as chat_chunk
from pydantic import BaseModel

from answer_kinds.kind import CLOCK, ECHO, ODDS, SAME, TIER, TOTAL, WITHOUT, Data, Kind
from proxy.model import Protocol

_ANNOTATION: Data = {
    "type": "url_citation",
    "url": "https://example.com/a",
    "title": "A",
    "start_index": 0,
    "end_index": 5,
}
_COMPLETION: Data = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": "Sunny.", "refusal": None},
        }
    ],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}
_CALLS: list[Data] = [
    {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "read", "arguments": "{}"},
    }
]
_CHUNK: Data = {
    **_COMPLETION,
    "object": "chat.completion.chunk",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "delta": {"role": "assistant", "content": "Sunny.", "tool_calls": _CALLS},
        }
    ],
}
_OLD_CALL = {"name": "read", "arguments": "{}"}
_SAID = {
    "content": "Rain.",
    "refusal": "No.",
    "audio": {"id": "a1", "data": "eA==", "transcript": "Hi.", "expires_at": 1},
    "function_call": _OLD_CALL,
}
_CHAT_LEFT = {
    "object": SAME,
    "created": CLOCK,
    "moderation": WITHOUT,
    "service_tier": TIER,
    "system_fingerprint": TIER,
}
_CHAT_READ: Data = {"id": "chatcmpl-2", "model": "other", "choices": [], "usage": None}


def _in_chat(
    kind: type[BaseModel],
    path: tuple[str | int, ...],
    read: Mapping[str, Any],
    left: Mapping[str, str],
    *,
    streamed: bool = False,
) -> Kind:
    body = _CHUNK if streamed else _COMPLETION
    return Kind(Protocol.CHAT, kind, body, path, read, left, streamed)


KINDS = [
    _in_chat(chat.ChatCompletion, (), _CHAT_READ, {**_CHAT_LEFT, "metadata": ECHO}),
    _in_chat(
        chat_whole.Choice,
        ("choices", 0),
        {"finish_reason": "length", "index": 1, "message": {"content": "Rain."}},
        {"logprobs": ODDS},
    ),
    _in_chat(
        chat.ChatCompletionMessage,
        ("choices", 0, "message"),
        {
            **_SAID,
            "annotations": [{"type": "url_citation", "url_citation": _ANNOTATION}],
            "tool_calls": _CALLS,
        },
        {"role": SAME},
    ),
    _in_chat(
        CompletionUsage,
        ("usage",),
        {
            "prompt_tokens": 10,
            "completion_tokens": 6,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
        {"total_tokens": TOTAL},
    ),
    _in_chat(
        chat.ChatCompletionChunk,
        (),
        _CHAT_READ,
        {**_CHAT_LEFT, "obfuscation": "noise against listeners"},
        streamed=True,
    ),
    _in_chat(
        chat_chunk.Choice,
        ("choices", 0),
        {"finish_reason": "length", "index": 1, "delta": {"content": "Rain."}},
        {"logprobs": ODDS},
        streamed=True,
    ),
    _in_chat(
        chat_chunk.ChoiceDelta,
        ("choices", 0, "delta"),
        {**_SAID, "tool_calls": []},
        {"role": SAME},
        streamed=True,
    ),
    _in_chat(
        chat_chunk.ChoiceDeltaToolCall,
        ("choices", 0, "delta", "tool_calls", 0),
        {"id": "call_9", "function": {"name": "write", "arguments": "{}"}},
        {
            "index": "tells calls apart; alone it says nothing",
            "type": "what stands beside it says whether it is a function",
        },
        streamed=True,
    ),
]
