"""Every field of Gemini's request types is read, kept or not on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_bodies import BODY, PIXEL, TARGET, read
from google.genai import types
from hypothesis import given
from neutral_requests import fitted
from sdk_types import check_request

from proxy.model import (
    Protocol,
    Request,
)
from proxy.wire.gemini.client.request import read_request
from proxy.wire.gemini.provider.request import write_request

# --- what the vendor's types know is read, kept or not on the wire -------------------

_NOT_ON_THE_WIRE = {
    "http_options",
    "should_return_http_response",
    "automatic_function_calling",
    "automatic_continuation",
}
_TOP = {
    "system_instruction",
    "safety_settings",
    "tools",
    "tool_config",
    "labels",
    "cached_content",
    "service_tier",
    "store",
    "model_armor_config",
    "continuation_token",
}
_READ = {
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "max_output_tokens": 5,
    "stop_sequences": ["x"],
    "seed": 3,
    "response_mime_type": "application/json",
    "response_json_schema": {"type": "object"},
    "thinking_config": {"thinkingBudget": 7},
}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(each.capitalize() for each in rest)


@pytest.mark.parametrize(
    "name",
    sorted(
        (set(types.GenerateContentConfig.model_fields) - _NOT_ON_THE_WIRE - _TOP)
        | set(types.GenerationConfig.model_fields)
    ),
)
def test_every_setting_comes_through(name: str) -> None:
    value: Any = _READ.get(name, {"kept": True})
    settings: dict[str, Any] = {_camel(name): value}
    if name.startswith("response_json"):
        settings["responseMimeType"] = "application/json"
    if name == "response_schema":
        # With a media type it becomes the newer field of the same meaning.
        value = {"type": "OBJECT"}
        settings[_camel(name)] = value
    request = read(generationConfig=settings)
    assert bool(request.extras) is (name not in _READ)
    written = json.loads(write_request(request, TARGET).body)
    assert written["generationConfig"] == settings


@pytest.mark.parametrize("name", sorted(_TOP - {"tools", "tool_config"}))
def test_every_field_beside_the_settings_comes_through(name: str) -> None:
    values: dict[str, Any] = {
        "system_instruction": {"parts": [{"text": "x"}], "role": "user"},
        "labels": {"a": "b"},
        "store": True,
        "safety_settings": [],
    }
    value = values.get(name, {"kept": True})
    body = {"contents": [], _camel(name): value}
    found = write_request(read_request(json.dumps(body).encode()), TARGET)
    assert json.loads(found.body) == body
    assert not found.losses


_PART_VALUES: dict[str, Any] = {
    "text": "a",
    "thought_signature": "c2ln",
    "inline_data": PIXEL,
    "file_data": {"fileUri": "https://example.com/a", "displayName": "a"},
    "function_call": {"id": "c", "name": "a", "args": {}, "willContinue": True},
    "function_response": {
        "id": "c",
        "name": "a",
        "response": {"a": [1]},
        "scheduling": "SILENT",
        "willContinue": True,
    },
}


@pytest.mark.parametrize(
    "name", sorted(set(types.Part.model_fields) - {"thought", "function_response"})
)
def test_every_part_comes_through(name: str) -> None:
    part = {_camel(name): _PART_VALUES.get(name, {"kept": 1})}
    content = {"role": "model", "parts": [part]}
    found = write_request(read(contents=[content]), TARGET)
    if name == "thought_signature":
        part["text"] = ""
    assert json.loads(found.body)["contents"] == [content]
    assert not found.losses
    assert set(types.Content.model_fields) == {"parts", "role"}


def test_a_result_with_all_its_fields_comes_through() -> None:
    call = {"functionCall": {"id": "c", "name": "a", "args": {}}}
    result = {"functionResponse": _PART_VALUES["function_response"]}
    contents = [
        {"role": "model", "parts": [call]},
        {"role": "user", "parts": [result]},
    ]
    found = write_request(read(contents=contents), TARGET)
    assert json.loads(found.body)["contents"] == contents


@pytest.mark.parametrize("name", sorted(types.FunctionDeclaration.model_fields))
def test_every_field_of_a_function_comes_through(name: str) -> None:
    value: Any = {"type": "object"} if "json_schema" in name else {"type": "OBJECT"}
    declared = {"name": "a", _camel(name): value}
    if name in {"name", "description", "behavior"}:
        declared[_camel(name)] = "a"
    request = read(tools=[{"functionDeclarations": [declared]}])
    found = json.loads(write_request(request, TARGET).body)["tools"]
    if name == "parameters":
        declared = {"name": "a", "parametersJsonSchema": {"type": "object"}}
    assert found == [{"functionDeclarations": [declared]}]


@pytest.mark.parametrize(
    "name", sorted(set(types.Tool.model_fields) - {"function_declarations"})
)
def test_every_tool_of_the_provider_comes_through(name: str) -> None:
    tools = [{_camel(name): {"kept": 1}}]
    request = read(tools=tools)
    assert json.loads(write_request(request, TARGET).body)["tools"] == tools


def test_the_same_request_comes_out_again() -> None:
    request = read_request(json.dumps(BODY).encode())
    first = write_request(request, TARGET)
    check_request(Protocol.GEMINI, first.body)
    again = read_request(first.body)
    assert write_request(again, TARGET) == first
    assert not first.losses


@given(request=fitted(Protocol.GEMINI))
def test_what_is_written_says_the_same_when_read(request: Request) -> None:
    first = write_request(request, TARGET)
    check_request(Protocol.GEMINI, first.body)
    again = read_request(first.body)
    assert write_request(again, TARGET).body == first.body
