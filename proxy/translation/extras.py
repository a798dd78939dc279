"""Decides what becomes of every top-level field of a client's protocol; values only.

One table per protocol: a field is carried in the neutral request, lost under a name, or
needed, so that no other protocol's provider can answer. Fields nobody knows are lost
under the name `field`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from proxy.model import Json, JsonObject, Protocol

CARRIED: Final = "carried"
"""Has its place in the neutral request, or acts between client and gateway only."""

NEEDED: Final = "needed"
"""The answer depends on it: no provider of another protocol can give it."""

_MESSAGES: Final = {
    **dict.fromkeys(
        (
            *("cache_control", "max_tokens", "messages", "metadata", "model", "stream"),
            *("output_config", "stop_sequences", "system", "thinking", "tool_choice"),
            *("tools", "temperature", "top_p", "top_k", "betas", "workspace_id"),
        ),
        CARRIED,
    ),
    "compaction": "context_management",
    "container": NEEDED,
    "context_management": "context_management",
    "diagnostics": "field",
    "fallback_credit_token": "fallbacks",
    "fallbacks": "fallbacks",
    "inference_geo": "regional",
    "mcp_servers": NEEDED,
    "service_tier": "regional",
    "speed": "regional",
    "task_budget": "field",
    "thread": NEEDED,
    "user_profile_id": "user",
}
_RESPONSES: Final = {
    **dict.fromkeys(
        (
            *("include", "input", "instructions", "max_output_tokens", "metadata"),
            *("max_tool_calls", "model", "parallel_tool_calls", "prompt_cache_key"),
            *("reasoning", "safety_identifier", "store", "stream", "stream_options"),
            *("temperature", "text", "tool_choice", "tools", "top_p", "user"),
            *("conversation", "previous_response_id"),
        ),
        CARRIED,
    ),
    "access_programs": "field",
    "background": NEEDED,
    "client_metadata": "metadata",
    "context_management": "context_management",
    "image": NEEDED,
    "moderation": "moderation",
    "prompt": NEEDED,
    "prompt_cache_options": "cache_fields",
    "prompt_cache_retention": "cache_fields",
    "service_tier": "regional",
    "top_logprobs": "logprobs",
    "truncation": "context_management",
}
_CHAT: Final = {
    **dict.fromkeys(
        (
            *("max_completion_tokens", "max_tokens", "messages", "metadata", "model"),
            *("parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "stop"),
            *(
                "response_format",
                "safety_identifier",
                "seed",
                "store",
                "stream",
                "top_k",
            ),
            *("stream_options", "temperature", "tool_choice", "tools", "top_p", "user"),
            "verbosity",
        ),
        CARRIED,
    ),
    "audio": NEEDED,
    "frequency_penalty": "penalties",
    "function_call": NEEDED,
    "functions": NEEDED,
    "logit_bias": "penalties",
    "logprobs": "logprobs",
    "modalities": NEEDED,
    "moderation": "moderation",
    "n": NEEDED,
    "prediction": "field",
    "presence_penalty": "penalties",
    "prompt_cache_options": "cache_fields",
    "prompt_cache_retention": "cache_fields",
    "service_tier": "regional",
    "top_logprobs": "logprobs",
    "web_search_options": "web_search_options",
}
_GEMINI: Final = {
    **dict.fromkeys(
        (
            *("contents", "generation_config", "max_output_tokens", "model", "seed"),
            *("response_json_schema", "response_mime_type", "response_schema", "tools"),
            *("stop_sequences", "system_instruction", "temperature", "thinking_config"),
            *("tool_config", "top_k", "top_p"),
            # Acts in the vendor's own package only and is never sent.
            *("automatic_function_calling", "http_options"),
            "should_return_http_response",
        ),
        CARRIED,
    ),
    "audio_timestamp": "field",
    "audio_transcription_config": "field",
    "automatic_continuation": "field",
    "cached_content": NEEDED,
    "candidate_count": NEEDED,
    "continuation_token": NEEDED,
    "enable_enhanced_civic_answers": "moderation",
    "frequency_penalty": "penalties",
    "generation_output_config": "field",
    "image_config": NEEDED,
    "labels": "metadata",
    "logprobs": "logprobs",
    "media_resolution": "image_detail",
    "model_armor_config": "moderation",
    "model_selection_config": "regional",
    "presence_penalty": "penalties",
    "response_logprobs": "logprobs",
    "response_modalities": NEEDED,
    "routing_config": "regional",
    "safety_settings": "moderation",
    "service_tier": "regional",
    "speech_config": NEEDED,
    "store": "stored_answer",
}

FIELDS: Final[Mapping[Protocol, Mapping[str, str]]] = MappingProxyType(
    {
        Protocol.MESSAGES: _MESSAGES,
        Protocol.RESPONSES: _RESPONSES,
        Protocol.CHAT: _CHAT,
        Protocol.GEMINI: _GEMINI,
    }
)
"""What becomes of each field: `CARRIED`, `NEEDED`, or the name of its loss."""

# Values that say what happens anyway.
_USUAL: Final[Mapping[str, tuple[Json, ...]]] = MappingProxyType(
    {
        "background": (False,),
        "candidate_count": (1,),
        "frequency_penalty": (0,),
        "inference_geo": ("global",),
        "logprobs": (False,),
        "modalities": (["text"],),
        "n": (1,),
        "presence_penalty": (0,),
        "response_logprobs": (False,),
        "response_modalities": (["TEXT"], ["text"]),
        "service_tier": ("auto", "default"),
        "speed": ("standard",),
        "store": (False,),
        "stream_options": ({},),
        "top_logprobs": (0,),
        "truncation": ("disabled",),
        "tool_config": ({},),
    }
)
# Objects whose own fields are looked at one by one.
_NESTED: Final = frozenset(
    {"output_config", "generation_config", "stream_options", "text"}
)
# What the tables above do not name below those objects, and is no field at the top.
_QUIET: Final = frozenset({"include_obfuscation"})
# Asked for by being there, with nothing in them.
_SWITCHES: Final = frozenset({"web_search_options"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


def fates(protocol: Protocol, extras: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield each field that says something, and what becomes of it abroad."""
    table = FIELDS.get(protocol, {})
    for key, value in extras.items():
        name = _CAMEL.sub(r"_\1", key).lower() if protocol is Protocol.GEMINI else key
        silent = value is None or (value in ([], {}) and name not in _SWITCHES)
        if silent or value in _USUAL.get(name, ()):
            continue
        if name in _NESTED and isinstance(value, dict):
            yield from fates(protocol, value)
        elif name not in _QUIET:
            fate = table.get(name, "field")
            yield name, "field" if fate == CARRIED else fate
