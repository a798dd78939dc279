"""Every field of the vendor's request types is carried, or lost for a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
from openai.types import chat
from openai.types.chat import (
    chat_completion_allowed_tool_choice_param as allowed_choice,
)
from openai.types.chat import chat_completion_content_part_image_param as image_param
from openai.types.chat import chat_completion_content_part_param as part_param
from openai.types.chat import chat_completion_custom_tool_param as custom_tool
from openai.types.chat import completion_create_params as params
from openai.types.shared_params import FunctionDefinition
from openai.types.shared_params import response_format_json_schema as json_schema
from sdk_types import check_request

from proxy.model import Protocol
from proxy.wire.chat.client.request import read_request
from proxy.wire.chat.provider.request import ANSWER_LOSSES, write_request
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

_MARK = {"mode": "explicit", "ttl": "12h"}
_SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
_FUNCTION = {
    "name": "read",
    "description": "Reads a file.",
    "parameters": _SCHEMA,
    "strict": True,
}
_TOOL = {"type": "function", "function": _FUNCTION}
_CUSTOM = {
    "type": "custom",
    "custom": {
        "name": "patch",
        "description": "Patches.",
        "format": {
            "type": "grammar",
            "grammar": {"syntax": "lark", "definition": "start: /.+/"},
        },
    },
}

# Top-level fields, each with a value that must come out as it went in.
_FIELDS: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Hello"}],
    "model": "m",
    "audio": {"format": "mp3", "voice": "alloy"},
    "frequency_penalty": 0.5,
    "function_call": "auto",
    "functions": [{"name": "read", "parameters": _SCHEMA}],
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 1000,
    "metadata": {"team": "a"},
    "modalities": ["text"],
    "moderation": {"model": "m"},
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "a"},
    "presence_penalty": 0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "xhigh",
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "t",
            "description": "A form.",
            "schema": _SCHEMA,
            "strict": True,
        },
    },
    "safety_identifier": "user-1",
    "seed": 7,
    "service_tier": "flex",
    "stop": ["END"],
    "store": True,
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "temperature": 0.5,
    "tool_choice": "required",
    "tools": [_TOOL, _CUSTOM],
    "top_logprobs": 2,
    "top_p": 0.5,
    "user": "user-2",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}
# Fields that do not come out as they went in, and why.
_LOST = {
    "max_tokens": "goes on under the newer name that the server takes",
    "n": "only one answer is ever read, so only one is asked for",
}
# Parts that do not come out as they went in, and why.
_CHANGED = {
    "ChatCompletionFunctionMessageParam": "goes on as the message of a tool",
    "FunctionCall": "goes on as the call of a tool",
}


def _again(**fields: Any) -> dict[str, Any]:
    body = {**_FIELDS_NEEDED, **fields}
    check_request(Protocol.CHAT, json.dumps(body).encode())
    marking = replace(
        VENDOR_DIALECTS[Protocol.CHAT],
        cache_marks=True,
        cache_field="prompt_cache_breakpoint",
    )
    stream = body.get("stream") is True
    target = Target(Protocol.CHAT, "openai", "m", marking, stream)
    written = write_request(read_request(json.dumps(body).encode()), target)
    check_request(Protocol.CHAT, written.body)
    found: dict[str, Any] = json.loads(written.body)
    return found


_FIELDS_NEEDED = {"model": "m", "messages": _FIELDS["messages"]}
_WITH_TOOLS = {"tool_choice", "parallel_tool_calls"}
_STREAMING = {"stream_options"}


def _keys(kind: Any) -> set[str]:
    return set(get_type_hints(kind))


def test_every_field_is_decided() -> None:
    known = _keys(params.CompletionCreateParamsStreaming)
    known |= _keys(params.CompletionCreateParamsNonStreaming)
    assert known == set(_FIELDS) | set(_LOST)
    assert not set(_FIELDS) & set(_LOST)
    assert set(ANSWER_LOSSES) <= set(_FIELDS)


@pytest.mark.parametrize("name", _FIELDS)
def test_fields_come_out_as_they_went_in(name: str) -> None:
    fields = {name: _FIELDS[name]}
    if name in _WITH_TOOLS:
        fields["tools"] = _FIELDS["tools"]
    if name in _STREAMING:
        fields["stream"] = True
    assert _again(**fields)[name] == _FIELDS[name]


def test_all_fields_together() -> None:
    body = _again(**_FIELDS)
    assert {name: body[name] for name in _FIELDS} == _FIELDS
    assert set(body) == set(_FIELDS)


def test_what_is_lost_is_lost_as_said() -> None:
    assert _again(max_tokens=5) == {
        **_FIELDS_NEEDED,
        "max_completion_tokens": 5,
        "stream": False,
    }
    request = read_request(json.dumps({**_FIELDS_NEEDED, "n": 3}).encode())
    dialect = VENDOR_DIALECTS[Protocol.CHAT]
    written = write_request(request, Target(Protocol.CHAT, "p", "m", dialect))
    assert "n" not in json.loads(written.body)
    assert [loss.name for loss in written.losses] == ["field"]


@pytest.mark.parametrize("name", ANSWER_LOSSES)
def test_what_no_answer_can_tell_is_named(name: str) -> None:
    body = {**_FIELDS_NEEDED, name: _FIELDS[name]}
    dialect = VENDOR_DIALECTS[Protocol.CHAT]
    target = Target(Protocol.CHAT, "p", "m", dialect)
    written = write_request(read_request(json.dumps(body).encode()), target)
    assert [loss.name for loss in written.losses] == [ANSWER_LOSSES[name]]


# --- what messages are made of --------------------------------------------------------

_TEXT = {"type": "text", "text": "a", "prompt_cache_breakpoint": _MARK}
_REFUSED = {"type": "refusal", "refusal": "No."}
_IMAGE = {
    "type": "image_url",
    "image_url": {"url": "https://example.com/a", "detail": "original"},
    "prompt_cache_breakpoint": _MARK,
}
_AUDIO = {
    "type": "input_audio",
    "input_audio": {"data": "eA==", "format": "wav"},
    "prompt_cache_breakpoint": _MARK,
}
_FILE = {
    "type": "file",
    "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
    "prompt_cache_breakpoint": _MARK,
}
_STORED = {"type": "file", "file": {"file_id": "f1"}}
_CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "read", "arguments": '{"path": "a"}'},
}
_CUSTOM_CALL = {"id": "c2", "type": "custom", "custom": {"name": "p", "input": "x"}}

# One message of each kind with all its fields.
_MESSAGES: tuple[tuple[Any, dict[str, Any]], ...] = (
    (
        chat.ChatCompletionDeveloperMessageParam,
        {"role": "developer", "content": [_TEXT, _TEXT], "name": "ann"},
    ),
    (
        chat.ChatCompletionSystemMessageParam,
        {"role": "system", "content": "You code.", "name": "ann"},
    ),
    (
        chat.ChatCompletionUserMessageParam,
        {
            "role": "user",
            "content": [_TEXT, _IMAGE, _AUDIO, _FILE, _STORED],
            "name": "ann",
        },
    ),
    (
        chat.ChatCompletionAssistantMessageParam,
        {
            "role": "assistant",
            "content": "Reading.",
            "refusal": "No.",
            "audio": {"id": "a1"},
            "name": "bot",
            "tool_calls": [_CALL, _CUSTOM_CALL],
        },
    ),
    (
        chat.ChatCompletionToolMessageParam,
        {"role": "tool", "tool_call_id": "c1", "content": [_TEXT, _TEXT]},
    ),
)
_PARTS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (chat.ChatCompletionContentPartTextParam, (_TEXT,)),
    (chat.ChatCompletionContentPartImageParam, (_IMAGE,)),
    (image_param.ImageURL, (_IMAGE["image_url"],)),
    (chat.ChatCompletionContentPartInputAudioParam, (_AUDIO,)),
    (part_param.File, (_FILE,)),
    (part_param.FileFile, (_FILE["file"], _STORED["file"])),
    (chat.ChatCompletionMessageFunctionToolCallParam, (_CALL,)),
    (chat.ChatCompletionMessageCustomToolCallParam, (_CUSTOM_CALL,)),
    (chat.ChatCompletionFunctionToolParam, (_TOOL,)),
    (FunctionDefinition, (_FUNCTION,)),
    (chat.ChatCompletionCustomToolParam, (_CUSTOM,)),
    (custom_tool.Custom, (_CUSTOM["custom"],)),
    (
        json_schema.JSONSchema,
        (_FIELDS["response_format"]["json_schema"],),
    ),
    (image_param.PromptCacheBreakpoint, (_MARK,)),
    (chat.ChatCompletionStreamOptionsParam, (_FIELDS["stream_options"],)),
)


@pytest.mark.parametrize(
    ("kind", "message"), _MESSAGES, ids=[kind.__name__ for kind, _ in _MESSAGES]
)
def test_messages_come_out_as_they_went_in(kind: Any, message: dict[str, Any]) -> None:
    left = {"function_call"} if kind is _MESSAGES[3][0] else set()
    assert _keys(kind) == set(message) | left
    assert _again(messages=[message])["messages"] == [message]


def test_every_kind_of_message_is_decided() -> None:
    kinds = {each.__name__ for each in get_args(chat.ChatCompletionMessageParam)}
    assert kinds == {kind.__name__ for kind, _ in _MESSAGES} | (set(_CHANGED) & kinds)


@pytest.mark.parametrize(
    ("kind", "examples"), _PARTS, ids=[kind.__name__ for kind, _ in _PARTS]
)
def test_examples_hold_every_field(kind: Any, examples: tuple[Any, ...]) -> None:
    assert _keys(kind) == {name for example in examples for name in example}


def test_every_kind_of_part_and_tool_is_decided() -> None:
    user = {each.__name__ for each in get_args(chat.ChatCompletionContentPartParam)}
    tools = {each.__name__ for each in get_args(chat.ChatCompletionToolUnionParam)}
    calls = {
        each.__name__ for each in get_args(chat.ChatCompletionMessageToolCallUnionParam)
    }
    assert user | tools | calls <= {kind.__name__ for kind, _ in _PARTS}


def test_the_old_form_of_calls_goes_on_as_the_new() -> None:
    call = {"name": "read", "arguments": "{}"}
    asked = {"role": "assistant", "content": None, "function_call": call}
    told = {"role": "function", "name": "read", "content": "one"}
    new = {"id": "read", "type": "function", "function": call}
    assert _again(messages=[asked, told])["messages"] == [
        {"role": "assistant", "content": None, "tool_calls": [new]},
        {"role": "tool", "tool_call_id": "read", "content": "one"},
    ]


_CHOICES: tuple[tuple[Any, Any], ...] = (
    (
        chat.ChatCompletionNamedToolChoiceParam,
        {"type": "function", "function": {"name": "read"}},
    ),
    (
        chat.ChatCompletionNamedToolChoiceCustomParam,
        {"type": "custom", "custom": {"name": "patch"}},
    ),
    (
        allowed_choice.ChatCompletionAllowedToolChoiceParam,
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "read"}}],
            },
        },
    ),
)


@pytest.mark.parametrize(
    ("kind", "choice"), _CHOICES, ids=[kind.__name__ for kind, _ in _CHOICES]
)
def test_choices_come_out_as_they_went_in(kind: Any, choice: Any) -> None:
    assert _keys(kind) == set(choice)
    found = _again(tools=_FIELDS["tools"], tool_choice=choice)
    assert found["tool_choice"] == choice


def test_every_kind_of_choice_is_decided() -> None:
    kinds = get_args(chat.ChatCompletionToolChoiceOptionParam)
    named = {each.__name__ for each in kinds if hasattr(each, "__required_keys__")}
    assert named == {kind.__name__ for kind, _ in _CHOICES}


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_other_forms_of_answer(kind: str) -> None:
    assert _again(response_format={"type": kind})["response_format"] == {"type": kind}


def test_fields_of_tomorrow_are_carried() -> None:
    body = {
        **_FIELDS_NEEDED,
        "brand_new": {"a": [1]},
        "tools": [{**_TOOL, "defer": True, "function": {**_FUNCTION, "new": 1}}],
    }
    dialect = VENDOR_DIALECTS[Protocol.CHAT]
    target = Target(Protocol.CHAT, "p", "m", dialect)
    written = write_request(read_request(json.dumps(body).encode()), target)
    again = json.loads(written.body)
    assert {name: again[name] for name in body} == body
