"""What becomes of the fields of Responses' answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openai.types import responses
from pydantic import BaseModel

from answer_kinds.kind import CLOCK, ECHO, ODDS, SAME, TIER, TOTAL, WITHOUT, Data, Kind
from proxy.model import Protocol

RESPONSE: Data = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt",
    "status": "completed",
    "output": [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "c2VhbGVk",
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Sunny.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "read",
            "arguments": "{}",
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": "call_2",
            "name": "patch",
            "input": "*** Begin",
        },
    ],
    "usage": {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 14,
    },
}
_ANNOTATION: Data = {
    "type": "url_citation",
    "url": "https://example.com/a",
    "title": "A",
    "start_index": 0,
    "end_index": 5,
}
_REPEATED = (
    *("access_programs", "instructions", "metadata", "parallel_tool_calls"),
    *("temperature", "tool_choice", "tools", "top_p", "background", "conversation"),
    *("image", "max_output_tokens", "max_tool_calls", "previous_response_id"),
    *("prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"),
    *("reasoning", "safety_identifier", "text", "top_logprobs", "truncation", "user"),
)


def _in_response(
    kind: type[BaseModel],
    path: tuple[str | int, ...],
    read: Mapping[str, Any],
    left: Mapping[str, str],
) -> Kind:
    return Kind(Protocol.RESPONSES, kind, RESPONSE, path, read, left)


KINDS = [
    _in_response(
        responses.Response,
        (),
        {
            "id": "resp_2",
            "model": "other",
            "tool_usage": {"web_search": {"num_requests": 2}},
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
            "output": [],
            "usage": {"input_tokens": 8},
            "error": {"code": "server_error", "message": "No."},
        },
        {
            **dict.fromkeys(_REPEATED, ECHO),
            "object": SAME,
            "created_at": CLOCK,
            "completed_at": CLOCK,
            "service_tier": TIER,
            "moderation": WITHOUT,
            "input_transformations": WITHOUT,
            "prompt_cache_diagnostics": "about the provider's cache",
        },
    ),
    _in_response(
        responses.ResponseOutputMessage,
        ("output", 1),
        {"content": [], "type": "reasoning"},
        {
            "id": "of no use without its provider, which keeps nothing for us",
            "role": SAME,
            "status": "the answer's own status is read",
            "phase": "no other protocol tells commentary from the answer",
        },
    ),
    _in_response(
        responses.ResponseOutputText,
        ("output", 1, "content", 0),
        {"text": "Rain.", "annotations": [_ANNOTATION], "type": "refusal"},
        {"logprobs": ODDS},
    ),
    _in_response(
        responses.ResponseReasoningItem,
        ("output", 0),
        {
            "id": "rs_2",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "Long."}],
            "encrypted_content": "b3RoZXI=",
            "type": "message",
        },
        {"status": "the answer's own status is read"},
    ),
    _in_response(
        responses.ResponseFunctionToolCall,
        ("output", 2),
        {
            "arguments": '{"a":1}',
            "call_id": "call_9",
            "name": "write",
            "namespace": "files",
            "type": "message",
        },
        {
            "id": "the call's own id is what its result names",
            "async_": "only of tools that were offered as such",
            "caller": "only of the provider's own programs",
            "status": "the answer's own status is read",
        },
    ),
    _in_response(
        responses.ResponseCustomToolCall,
        ("output", 3),
        {
            "call_id": "call_9",
            "input": "other",
            "name": "other",
            "namespace": "files",
            "type": "message",
        },
        {
            "async_": "only of tools that were offered as such",
            "id": "the call's own id is what its result names",
            "caller": "only of the provider's own programs",
        },
    ),
    _in_response(
        responses.ResponseUsage,
        ("usage",),
        {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens": 6,
            "output_tokens_details": {"reasoning_tokens": 1},
        },
        {"total_tokens": TOTAL},
    ),
]
