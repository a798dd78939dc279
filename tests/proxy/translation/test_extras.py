from __future__ import annotations

import typing
from typing import Any

import pytest
from anthropic.types import message_create_params as messages
from anthropic.types.beta import message_create_params as beta
from google.genai.types import GenerateContentConfig
from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses

from proxy.model import Protocol
from proxy.translation.extras import CARRIED, FIELDS, NEEDED, fates
from proxy.wire.losses import LOSSES


def _fields(*shapes: Any) -> set[str]:
    return {name for shape in shapes for name in typing.get_type_hints(shape)}


_VENDORS = {
    Protocol.MESSAGES: _fields(
        messages.MessageCreateParamsBase, beta.MessageCreateParamsBase
    ),
    Protocol.RESPONSES: _fields(responses.ResponseCreateParamsBase),
    Protocol.CHAT: _fields(chat.CompletionCreateParamsBase),
    Protocol.GEMINI: set(GenerateContentConfig.model_fields),
}


@pytest.mark.parametrize("protocol", list(_VENDORS))
def test_every_field_of_the_vendor_s_own_types_is_decided(protocol: Protocol) -> None:
    assert _VENDORS[protocol] - FIELDS[protocol].keys() == set()


@pytest.mark.parametrize("protocol", list(_VENDORS))
def test_every_decision_is_one_there_is(protocol: Protocol) -> None:
    words = {*LOSSES, CARRIED, NEEDED}
    assert set(FIELDS[protocol].values()) <= words


@pytest.mark.parametrize(
    ("protocol", "extras", "told"),
    [
        (Protocol.CHAT, {"n": 1, "logprobs": False, "audio": None}, []),
        (Protocol.CHAT, {"n": 2}, [("n", NEEDED)]),
        (Protocol.CHAT, {"modalities": ["text"]}, []),
        (Protocol.CHAT, {"modalities": ["text", "audio"]}, [("modalities", NEEDED)]),
        (Protocol.CHAT, {"stream_options": {"include_obfuscation": False}}, []),
        (Protocol.CHAT, {"new": 1}, [("new", "field")]),
        (Protocol.RESPONSES, {"background": False, "truncation": "disabled"}, []),
        (Protocol.RESPONSES, {"background": True}, [("background", NEEDED)]),
        (Protocol.RESPONSES, {"prompt": {"id": "p"}}, [("prompt", NEEDED)]),
        (
            Protocol.MESSAGES,
            {"context_management": {"edits": []}, "speed": "fast", "mcp_servers": []},
            [("context_management", "context_management"), ("speed", "regional")],
        ),
        (
            Protocol.MESSAGES,
            {"output_config": {"task_budget": {"tokens": 1}}},
            [("task_budget", "field")],
        ),
        (
            Protocol.GEMINI,
            {"cachedContent": "c", "generationConfig": {"candidateCount": 1}},
            [("cached_content", NEEDED)],
        ),
        (
            Protocol.GEMINI,
            {"generation_config": {"presencePenalty": 1}, "safetySettings": [{}]},
            [("presence_penalty", "penalties"), ("safety_settings", "moderation")],
        ),
    ],
)
def test_fields_that_say_something_are_told(
    protocol: Protocol, extras: dict[str, Any], told: list[tuple[str, str]]
) -> None:
    assert list(fates(protocol, extras)) == told
