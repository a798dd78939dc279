"""What becomes of the fields of Gemini's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.genai import types as gemini
from pydantic import BaseModel

from answer_kinds.kind import CLOCK, ODDS, OURS, SPLIT, TIER, TOTAL, WITHOUT, Data, Kind
from proxy.model import Protocol

_GROUNDED = {
    "groundingChunks": [{"web": {"uri": "https://example.com/a", "title": "A"}}],
    "groundingSupports": [{"segment": {"endIndex": 5}, "groundingChunkIndices": [0]}],
}
GENERATED: Data = {
    "candidates": [
        {
            "index": 0,
            "finishReason": "STOP",
            "groundingMetadata": _GROUNDED,
            "content": {
                "role": "model",
                "parts": [
                    {"functionCall": {"id": "c1", "name": "read", "args": {"a": 1}}},
                    {"text": "Sunny."},
                ],
            },
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 9,
        "candidatesTokenCount": 5,
        "totalTokenCount": 14,
    },
    "modelVersion": "gemini",
    "responseId": "r1",
}


def _in_gemini(
    kind: type[BaseModel],
    path: tuple[str | int, ...],
    read: Mapping[str, Any],
    left: Mapping[str, str],
) -> Kind:
    return Kind(Protocol.GEMINI, kind, GENERATED, path, read, left)


KINDS = [
    _in_gemini(
        gemini.GenerateContentResponse,
        (),
        {
            "candidates": [{"finishReason": "SAFETY"}],
            "model_version": "other",
            "prompt_feedback": {"blockReason": "SAFETY"},
            "response_id": "r2",
            "usage_metadata": {"promptTokenCount": 8},
        },
        {
            "sdk_http_response": OURS,
            "automatic_function_calling_history": OURS,
            "parsed": OURS,
            "create_time": CLOCK,
            "model_status": WITHOUT,
        },
    ),
    _in_gemini(
        gemini.Candidate,
        ("candidates", 0),
        {
            "content": {"parts": [{"text": "Rain."}]},
            "finish_message": "Enough.",
            "finish_reason": "MAX_TOKENS",
            "index": 1,
            "grounding_metadata": {},
        },
        {
            "citation_metadata": "where recited text stands; the answer itself is read",
            "token_count": TOTAL,
            "avg_logprobs": ODDS,
            "logprobs_result": ODDS,
            "safety_ratings": "ratings of what was let through",
            "url_context_metadata": "which pages were tried; sources are grounding",
            "continuation_token": WITHOUT,
        },
    ),
    _in_gemini(
        gemini.GroundingMetadata,
        ("candidates", 0, "groundingMetadata"),
        {
            "grounding_chunks": [],
            "web_search_queries": ["when does the sun rise"],
            "grounding_supports": [
                {"segment": {"text": "Sun"}, "groundingChunkIndices": [0]}
            ],
        },
        dict.fromkeys(
            (
                "image_search_queries",
                "retrieval_metadata",
                "search_entry_point",
                "google_maps_widget_context_token",
                "retrieval_queries",
                "source_flagging_uris",
            ),
            "how sources were found; the sources are read",
        ),
    ),
    _in_gemini(
        gemini.Part,
        ("candidates", 0, "content", "parts", 1),
        {"text": "Rain.", "thought": True, "thought_signature": "c2ln"},
        {
            "part_metadata": "a note to the part that is read",
            **dict.fromkeys(
                sorted(
                    set(gemini.Part.model_fields)
                    - {"text", "thought", "thought_signature", "part_metadata"}
                ),
                "beside a text it is no content; alone see the test below",
            ),
        },
    ),
    _in_gemini(
        gemini.FunctionCall,
        ("candidates", 0, "content", "parts", 0, "functionCall"),
        {"id": "c2", "name": "write", "args": {"a": 2}},
        {
            "partial_args": "only of calls asked for in pieces, which we never do",
            "will_continue": "only of calls asked for in pieces, which we never do",
        },
    ),
    _in_gemini(
        gemini.GenerateContentResponseUsageMetadata,
        ("usageMetadata",),
        {
            "cached_content_token_count": 4,
            "candidates_token_count": 6,
            "prompt_token_count": 10,
            "thoughts_token_count": 2,
            "tool_use_prompt_token_count": 3,
        },
        {
            **dict.fromkeys(
                (
                    "cache_tokens_details",
                    "candidates_tokens_details",
                    "prompt_tokens_details",
                    "tool_use_prompt_tokens_details",
                ),
                SPLIT,
            ),
            "total_token_count": TOTAL,
            "traffic_type": TIER,
        },
    ),
]
