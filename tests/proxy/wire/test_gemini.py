"""Gemini's clients: requests read field by field, answers as only Gemini has them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from gemini_bodies import BODY, ORIGIN, PIXEL, TARGET, read
from google.genai import types
from hypothesis import given
from request_bodies import damaged

from proxy.model import (
    Base64,
    Choice,
    Document,
    FileId,
    FunctionTool,
    Image,
    Limits,
    Opaque,
    OutputFormat,
    Protocol,
    Reasoning,
    Role,
    Sampling,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from proxy.wire.fields import WireError
from proxy.wire.gemini.client.count import (
    read_count_answer,
    read_count_request,
    write_count,
)
from proxy.wire.gemini.client.request import read_request
from proxy.wire.gemini.provider.request import write_request
from proxy.wire.gemini.schemas import read_schema, write_schema
from proxy.wire.sealing import Sealed, seal, unseal


def _parts(*parts: Any, role: str = "user") -> tuple[Any, ...]:
    return read(contents=[{"role": role, "parts": list(parts)}]).messages[0].parts


def test_a_whole_request_is_read() -> None:
    request = read_request(json.dumps(BODY).encode())
    assert (request.protocol, request.model, request.stream) == (
        Protocol.GEMINI,
        "",
        False,
    )
    asked, called, answered = request.messages
    assert asked.parts == (Text("Look"), Image(Base64("image/png", "AAAA")))
    assert called.role is Role.ASSISTANT
    assert called.parts == (
        Thinking("Which?", origin=ORIGIN),
        Thinking(signature="c2ln", origin=ORIGIN),
        ToolCall("call_1", "ls", '{"a_path":"x"}'),
        ToolCall("own", "ls", "{}"),
    )
    failed, listed = answered.parts
    assert isinstance(failed, ToolResult)
    assert (failed.call_id, failed.is_error) == ("own", True)
    assert failed.parts == (Text("no such folder"),)
    image = Image(Base64("image/png", "AAAA"))
    assert listed == ToolResult("call_1", (Text("a.py"), image))
    assert request.system == (Text("Be brief."),)
    schema: Any = {
        "type": "object",
        "properties": {"a_path": {"type": ["string", "null"]}},
    }
    assert request.tools == (
        FunctionTool("ls", "Lists", schema),
        ServerTool(Protocol.GEMINI, "googleSearch", None, {"googleSearch": {}}),
    )
    assert request.tool_choice == ToolChoice(Choice.ANY, allowed=("ls", "cd"))
    assert request.limits == Limits(100, stop_sequences=("END",))
    assert request.sampling == Sampling(1, 0.95, 64, 7)
    assert request.reasoning == Reasoning(effort="high", display="summarized")
    assert request.output_format == OutputFormat(
        "json_schema", schema={"type": "object"}
    )
    assert request.metadata.labels == {"team": "a"}
    assert request.extras == {
        "safetySettings": [],
        "cachedContent": "cachedContents/x",
        "systemInstruction": {"role": "user"},
        "toolConfig": {"retrievalConfig": {"languageCode": "en"}},
        "generationConfig": {"candidateCount": 1},
    }


def _snake(value: Any) -> Any:
    """Spells the protocol's own names with underscores, and no other name."""
    if isinstance(value, list):
        return [_snake(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {"args", "response", "properties", "responseJsonSchema", "labels"}
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key): (
            each if key in kept else _snake(each)
        )
        for key, each in value.items()
    }


def test_both_spellings_mean_the_same() -> None:
    plain = {name: BODY[name] for name in BODY if name != "toolConfig"}
    assert read_request(json.dumps(_snake(plain)).encode()) == read_request(
        json.dumps(plain).encode()
    )
    choice = _snake(BODY["toolConfig"]["functionCallingConfig"])
    config = {"function_calling_config": choice}
    assert read(tool_config=config).tool_choice == ToolChoice(
        Choice.ANY, allowed=("ls", "cd")
    )


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"text": ""}, ()),
        ({}, ()),
        ({"text": "", "thought": True}, ()),
        ({"text": "", "thoughtSignature": "c2ln"}, (Thinking(signature="c2ln"),)),
        ({"thoughtSignature": "c2ln"}, (Thinking(signature="c2ln"),)),
        (
            {"text": "a", "thoughtSignature": "c2ln"},
            (Thinking(signature="c2ln"), Text("a")),
        ),
        (
            {"text": "a", "thought": True, "thoughtSignature": "c2ln"},
            (Thinking("a", signature="c2ln", extras={"thought": True}),),
        ),
        (
            {"inlineData": {**PIXEL, "displayName": "a.png"}},
            (
                Image(
                    Base64("image/png", "AAAA"),
                    extras={"inlineData": {"displayName": "a.png"}},
                ),
            ),
        ),
        (
            {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
            (Document(Base64("application/pdf", "AAAA")),),
        ),
        (
            {"fileData": {"fileUri": "https://example.com/a.pdf"}},
            (Document(Url("https://example.com/a.pdf")),),
        ),
        (
            {"fileData": {"fileUri": "gs://b/a.png", "mimeType": "image/png"}},
            (
                Image(
                    FileId("gs://b/a.png"),
                    extras={"fileData": {"mimeType": "image/png"}},
                ),
            ),
        ),
    ],
)
def test_parts(part: Any, expected: tuple[Any, ...]) -> None:
    found = _parts(part)
    marked = tuple(
        Thinking(e.text, signature=e.signature, origin=ORIGIN, extras=e.extras)
        if isinstance(e, Thinking)
        else e
        for e in expected
    )
    assert found == marked


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"executableCode": {"code": "1", "id": "e1"}}, "executableCode"),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK"}}, "codeExecutionResult"),
        ({"toolCall": {"id": "t1", "toolType": "GOOGLE_SEARCH"}}, "toolCall"),
    ],
)
def test_steps_of_the_providers_own_tools_are_kept_whole(part: Any, kind: str) -> None:
    (found,) = _parts(part, role="model")
    assert isinstance(found, ServerPart)
    assert (found.kind, found.raw) == (kind, part)
    assert found.id == part[kind].get("id")


@pytest.mark.parametrize("kind", ["audio/wav", "video/mp4"])
def test_what_no_other_protocol_takes_is_kept_whole(kind: str) -> None:
    part: Any = {"inlineData": {"mimeType": kind, "data": "AAAA"}}
    assert _parts(part) == (Opaque(Protocol.GEMINI, "inlineData", part),)
    file: Any = {"fileData": {"fileUri": "https://example.com/v", "mimeType": kind}}
    assert _parts(file) == (Opaque(Protocol.GEMINI, "fileData", file),)
    later: Any = {"hologram": {"depth": 3}}
    assert _parts(later) == (Opaque(Protocol.GEMINI, "hologram", later),)


def test_calls_and_results_without_ids_meet_by_name_and_order() -> None:
    def call(name: str) -> Any:
        return {"functionCall": {"name": name}}

    def result(name: str, text: str) -> Any:
        return {"functionResponse": {"name": name, "response": {"output": text}}}

    request = read(
        contents=[
            {"role": "model", "parts": [call("a"), call("b"), call("a")]},
            {"parts": [result("b", "1"), result("a", "2"), result("a", "3")]},
            {"role": "model", "parts": [call("a")]},
            {"role": "function", "parts": [result("a", "4"), result("c", "5")]},
        ]
    )
    calls = [p.id for m in request.messages for p in m.parts if isinstance(p, ToolCall)]
    answers = [
        (p.call_id, p.parts[0].text)
        for m in request.messages
        for p in m.parts
        if isinstance(p, ToolResult) and isinstance(p.parts[0], Text)
    ]
    assert calls == ["call_1", "call_2", "call_3", "call_4"]
    assert answers == [
        ("call_2", "1"),
        ("call_1", "2"),
        ("call_3", "3"),
        ("call_4", "4"),
        ("call_5", "5"),
    ]


def test_a_wrap_comes_back_from_either_base64() -> None:
    wrap = seal(Sealed(Protocol.MESSAGES, signature="\u00fb\u00ff?>" * 9))
    assert set("+/") & set(wrap)
    spelt = wrap.replace("+", "-").replace("/", "_")
    (thinking, _) = _parts({"text": "a", "thoughtSignature": spelt}, role="model")
    assert isinstance(thinking, Thinking)
    assert unseal(thinking.signature or "") == unseal(wrap)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, ToolChoice(Choice.AUTO)),
        ({"mode": "auto"}, ToolChoice(Choice.AUTO)),
        ({"mode": "NONE"}, ToolChoice(Choice.NONE)),
        ({"mode": "ANY"}, ToolChoice(Choice.ANY)),
        (
            {"mode": "ANY", "allowedFunctionNames": ["a"]},
            ToolChoice(Choice.TOOL, "a"),
        ),
        (
            {"mode": "VALIDATED", "allowedFunctionNames": ["a"]},
            ToolChoice(Choice.AUTO, allowed=("a",), extras={"mode": "VALIDATED"}),
        ),
    ],
)
def test_how_free_the_model_is(config: Any, expected: ToolChoice) -> None:
    found = read(toolConfig={"functionCallingConfig": config}).tool_choice
    assert found == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Reasoning()),
        ({"thinkingBudget": 0}, Reasoning("disabled")),
        ({"thinkingBudget": -1}, Reasoning("adaptive")),
        ({"thinkingBudget": 512}, Reasoning("enabled", None, 512)),
        ({"thinkingLevel": "LOW"}, Reasoning(effort="low")),
        ({"includeThoughts": False}, Reasoning(display="omitted")),
    ],
)
def test_the_wish_to_think_comes_and_goes(config: Any, expected: Reasoning) -> None:
    request = read(generationConfig={"thinkingConfig": config})
    assert request.reasoning == expected
    written = json.loads(write_request(request, TARGET).body)
    assert written.get("generationConfig", {}).get("thinkingConfig", {}) == config


# --- schemas --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "plain"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        (
            {"type": "STRING", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": 1},
            {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        ),
        (
            {"type": "OBJECT", "properties": {"type": {"type": "NUMBER"}}},
            {"type": "object", "properties": {"type": {"type": "number"}}},
        ),
        (
            {"anyOf": [{"type": "STRING"}, {"type": "NULL"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
    ],
)
def test_schemas_there_and_back(own: Any, plain: Any) -> None:
    assert read_schema(own) == plain
    assert write_schema(plain) == own


def test_a_schema_in_other_spellings() -> None:
    odd: Any = {
        "type": "TYPE_UNSPECIFIED",
        "min_items": "2",
        "any_of": [{"type": "STRING"}],
        "nullable": True,
        "example": "x",
        "defs": {"a": {"type": "STRING"}},
    }
    assert read_schema(odd) == {
        "minItems": 2,
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "examples": ["x"],
        "$defs": {"a": {"type": "string"}},
    }
    assert write_schema({"const": 3, "additionalProperties": False}) == {
        "type": "STRING",
        "enum": ["3"],
    }
    assert write_schema({"type": ["string", "integer", "null"]}) == {
        "anyOf": [{"type": "STRING"}, {"type": "INTEGER"}],
        "nullable": True,
    }


def test_a_schema_of_any_depth_is_carried() -> None:
    deep: Any = {"type": "STRING"}
    for _ in range(300):
        deep = {"type": "ARRAY", "items": deep}
    assert read_schema(deep)["type"] == "array"
    assert write_schema(read_schema(deep))["type"] == "ARRAY"


# --- bodies that are wrong ------------------------------------------------------------


@given(body=damaged(BODY))
def test_a_damaged_body_is_a_request_or_an_error(body: bytes) -> None:
    for reader in (read_request, read_count_request):
        with contextlib.suppress(WireError):
            reader(body)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"contents": None}, "contents is missing"),
        ({"contents": [{"role": "system", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"functionCall": {}}]}]}, "functionCall.name"),
        ({"contents": [{"parts": [{"functionCall": 3}]}]}, "parts[0].functionCall"),
        ({"contents": [{"parts": [{"functionResponse": {}}]}]}, "functionResponse"),
        ({"contents": [{"parts": [{"inlineData": {}}]}]}, "inlineData.mimeType"),
        ({"contents": [{"parts": [{"fileData": {}}]}]}, "fileData.fileUri"),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "SOMETIMES"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
        ({"generationConfig": {"topK": "many"}}, "generationConfig.topK"),
    ],
)
def test_errors_name_the_field(fields: Any, where: str) -> None:
    with pytest.raises(WireError, match=r"missing|must") as caught:
        read(**fields)
    assert where in str(caught.value)


# --- counting -------------------------------------------------------------------------


def test_counts() -> None:
    whole = {"generateContentRequest": {"model": "models/x", **BODY}}
    expected = read_request(json.dumps(BODY).encode())
    assert read_count_request(json.dumps(whole).encode()) == expected
    assert read_count_request(json.dumps(BODY).encode()) == expected
    assert write_count(7) == b'{"totalTokens":7}'
    assert read_count_answer(b'{"totalTokens":7,"x":1}') == 7
    types.CountTokensResponse.model_validate_json(write_count(7))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"totalTokens":"x"}', b'{"totalTokens":-1}', b"\xff"]
)
def test_what_is_no_count(body: bytes) -> None:
    with pytest.raises(WireError):
        read_count_answer(body)


@pytest.mark.parametrize(
    "word",
    [
        "skip_thought_signature_validator",
        "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    ],
)
def test_the_word_for_a_call_nobody_signed_is_no_reasoning(word: str) -> None:
    call = {"name": "read", "args": {}, "id": "c1"}
    parts = _parts({"functionCall": call, "thoughtSignature": word}, role="model")
    assert [type(part) for part in parts] == [ToolCall]


def test_a_schema_in_capitals_is_read_in_either_field() -> None:
    # As Gemini CLI 0.61 asks which model is to do a task.
    fields = {
        "complexity_reasoning": {"type": "STRING", "description": "Brief."},
        "complexity_score": {"type": "INTEGER"},
    }
    own = {"type": "OBJECT", "properties": fields, "required": list(fields)}
    plain: Any = {
        "type": "object",
        "properties": {
            "complexity_reasoning": {"type": "string", "description": "Brief."},
            "complexity_score": {"type": "integer"},
        },
        "required": list(fields),
    }
    for name in ("responseJsonSchema", "responseSchema"):
        wish = {"responseMimeType": "application/json", name: own}
        request = read(generationConfig=wish)
        assert request.output_format == OutputFormat("json_schema", None, plain)
    for name in ("parametersJsonSchema", "parameters"):
        declared = {"name": "rate", name: own}
        (tool,) = read(tools=[{"functionDeclarations": [declared]}]).tools
        assert isinstance(tool, FunctionTool)
        assert tool.schema == plain


def test_a_schema_that_is_plain_stays_as_it_is() -> None:
    plain: Any = {
        "type": "object",
        "properties": {"a_b": {"x_own": 1, "nullable": True}},
    }
    wish = {"responseMimeType": "application/json", "responseJsonSchema": plain}
    assert read(generationConfig=wish).output_format == OutputFormat(
        "json_schema", None, plain
    )
