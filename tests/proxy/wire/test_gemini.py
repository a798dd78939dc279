"""Gemini's clients: requests read field by field, answers as only Gemini has them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import fitted
from request_bodies import damaged
from sdk_types import check_answer, check_request

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Base64,
    Choice,
    Citation,
    CitationAdded,
    Document,
    Event,
    FileId,
    FunctionTool,
    Image,
    Limits,
    Loss,
    Opaque,
    Origin,
    OutputFormat,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    ServerPart,
    ServerTool,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingDelta,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
)
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.fields import WireError
from proxy.wire.gemini.client.answer import write_answer
from proxy.wire.gemini.client.count import (
    read_count_answer,
    read_count_request,
    write_count,
)
from proxy.wire.gemini.client.request import read_request
from proxy.wire.gemini.client.stream import StreamWriter
from proxy.wire.gemini.provider.request import write_request
from proxy.wire.gemini.schemas import read_schema, write_schema
from proxy.wire.sealing import Sealed, seal, unseal

ORIGIN = Origin(Protocol.GEMINI)
TARGET = Target(
    Protocol.GEMINI, "gemini", "gemini-2.5-pro", VENDOR_DIALECTS[Protocol.GEMINI]
)
PIXEL = {"mimeType": "image/png", "data": "AAAA"}
BODY: dict[str, Any] = {
    "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Look"}, {"inlineData": PIXEL}]},
        {
            "role": "model",
            "parts": [
                {"text": "Which?", "thought": True},
                {
                    "functionCall": {"name": "ls", "args": {"a_path": "x"}},
                    "thoughtSignature": "c2ln",
                },
                {"functionCall": {"id": "own", "name": "ls", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "own",
                        "name": "ls",
                        "response": {"error": "no such folder"},
                    }
                },
                {
                    "functionResponse": {
                        "name": "ls",
                        "response": {"output": "a.py"},
                        "parts": [{"inlineData": PIXEL}],
                    }
                },
            ],
        },
    ],
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "ls",
                    "description": "Lists",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"a_path": {"type": "STRING", "nullable": True}},
                    },
                }
            ]
        },
        {"googleSearch": {}},
    ],
    "toolConfig": {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["ls", "cd"]},
        "retrievalConfig": {"languageCode": "en"},
    },
    "generationConfig": {
        "maxOutputTokens": 100,
        "stopSequences": ["END"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64.0,
        "seed": 7,
        "candidateCount": 1,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
    },
    "safetySettings": [],
    "cachedContent": "cachedContents/x",
    "labels": {"team": "a"},
}


def _read(**fields: Any) -> Request:
    return read_request(json.dumps({"contents": [], **fields}).encode())


def _parts(*parts: Any, role: str = "user") -> tuple[Any, ...]:
    return _read(contents=[{"role": role, "parts": list(parts)}]).messages[0].parts


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
    assert _read(tool_config=config).tool_choice == ToolChoice(
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

    request = _read(
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
    found = _read(toolConfig={"functionCallingConfig": config}).tool_choice
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
    request = _read(generationConfig={"thinkingConfig": config})
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
    request = _read(generationConfig=settings)
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
    found = write_request(_read(contents=[content]), TARGET)
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
    found = write_request(_read(contents=contents), TARGET)
    assert json.loads(found.body)["contents"] == contents


@pytest.mark.parametrize("name", sorted(types.FunctionDeclaration.model_fields))
def test_every_field_of_a_function_comes_through(name: str) -> None:
    value: Any = {"type": "object"} if "json_schema" in name else {"type": "OBJECT"}
    declared = {"name": "a", _camel(name): value}
    if name in {"name", "description", "behavior"}:
        declared[_camel(name)] = "a"
    request = _read(tools=[{"functionDeclarations": [declared]}])
    found = json.loads(write_request(request, TARGET).body)["tools"]
    if name == "parameters":
        declared = {"name": "a", "parametersJsonSchema": {"type": "object"}}
    assert found == [{"functionDeclarations": [declared]}]


@pytest.mark.parametrize(
    "name", sorted(set(types.Tool.model_fields) - {"function_declarations"})
)
def test_every_tool_of_the_provider_comes_through(name: str) -> None:
    tools = [{_camel(name): {"kept": 1}}]
    request = _read(tools=tools)
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


# --- bodies that are wrong ------------------------------------------------------------


@given(body=damaged(BODY))
def test_a_damaged_body_is_a_request_or_an_error(body: bytes) -> None:
    for read in (read_request, read_count_request):
        with contextlib.suppress(WireError):
            read(body)


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
        _read(**fields)
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


# --- answers --------------------------------------------------------------------------


def _stream(*events: Event) -> tuple[list[Any], list[Loss]]:
    writer = StreamWriter(Request(Protocol.GEMINI, "m", ()), created=1)
    raw = b"".join(writer.write(each) for each in (AnswerStarted("a", "m"), *events))
    found = [json.loads(each[6:]) for each in raw.decode().split("\n\n")[:-1]]
    return found, writer.losses


def _whole(*events: Event) -> Any:
    request = Request(Protocol.GEMINI, "m", ())
    body = write_answer(request, (AnswerStarted("a", "m"), *events), created=1).body
    check_answer(Protocol.GEMINI, body)
    return json.loads(body)["candidates"][0]


def _thought(at: int, text: str, signature: str) -> list[Event]:
    shown = [ThinkingDelta(at, text)] if text else []
    return [
        ThinkingStarted(at),
        *shown,
        SignatureDelta(at, signature),
        PartEnded(at),
    ]


def _end(stop: StopReason = StopReason.END_TURN, **told: Any) -> AnswerEnded:
    return AnswerEnded(stop, **told)


def test_a_signature_stands_on_the_call_that_follows() -> None:
    call = (
        ToolCallStarted(1, "c", "ls"),
        ToolCallArguments(1, '{"a":'),
        ToolCallArguments(1, "1}"),
        PartEnded(1),
    )
    events = (*_thought(0, "", "c2ln"), *call, _end(StopReason.TOOL_USE))
    shape = {"id": "c", "name": "ls", "args": {"a": 1}}
    signed = {"functionCall": shape, "thoughtSignature": "c2ln"}
    assert _whole(*events)["content"]["parts"] == [signed]
    chunks, losses = _stream(*events)
    assert [each["candidates"][0]["content"]["parts"] for each in chunks] == [
        [signed],
        [{"text": ""}],
    ]
    assert not losses


def test_signatures_nothing_follows_are_not_lost() -> None:
    events = (*_thought(0, "Hm", "c2ln"), *_thought(1, "", "c2lu"), _end())
    assert _whole(*events)["content"]["parts"] == [
        {"text": "Hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2lu"},
    ]


def test_what_is_no_base64_would_break_the_clients_reader() -> None:
    _, losses = _stream(*_thought(0, "", "no base64"), _end())
    assert [loss.name for loss in losses] == ["signature"]


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "[" * 100_000])
def test_broken_arguments_are_told_as_a_text(text: str) -> None:
    call = (ToolCallStarted(0, "c", "a"), ToolCallArguments(0, text), PartEnded(0))
    chunks, losses = _stream(*call, _end())
    part = chunks[0]["candidates"][0]["content"]["parts"][0]
    assert part["functionCall"]["args"] == {"input": text}
    assert [loss.name for loss in losses] == ["broken_arguments"]


def test_a_ping_says_nothing_and_separators_are_escaped() -> None:
    writer = StreamWriter(Request(Protocol.GEMINI, "m", ()), created=1)
    assert writer.write(AnswerStarted("a", "m")) == b""
    assert writer.write(Ping()) == b""
    assert writer.write(TextStarted(0)) == b""
    said = writer.write(TextDelta(0, "a\u2028b\u2029c\n"))
    assert b"a\\u2028b\\u2029c\\n" in said
    failed = writer.write(AnswerFailed(FailureKind.CUT, "It broke\u2028off."))
    assert json.loads(failed[6:])["error"]["message"] == "It broke\u2028off."
    assert "\u2028" not in failed.decode()


def test_sources_stand_in_the_grounding() -> None:
    raw: Any = {"maps": {"uri": "https://example.com/m", "title": "M"}}
    events = (
        TextStarted(0),
        TextDelta(0, "Sunny"),
        CitationAdded(0, Citation(Protocol.CHAT, {}, "https://example.com/a", "A")),
        CitationAdded(0, Citation(Protocol.CHAT, {}, "https://example.com/a", "A")),
        CitationAdded(0, Citation(Protocol.GEMINI, raw, "https://example.com/m")),
        CitationAdded(0, Citation(Protocol.CHAT, {})),
        PartEnded(0),
        _end(),
    )
    chunks = [{"web": {"uri": "https://example.com/a", "title": "A"}}, raw]
    assert _whole(*events)["groundingMetadata"] == {"groundingChunks": chunks}
    streamed, losses = _stream(*events)
    last = streamed[-1]["candidates"][0]
    assert last["groundingMetadata"] == {"groundingChunks": chunks}
    assert [loss.name for loss in losses] == ["citation"]


def test_the_providers_own_parts_come_whole() -> None:
    raw: Any = {"executableCode": {"code": "1", "language": "PYTHON"}}
    part = ServerPart(Protocol.GEMINI, "executableCode", raw)
    assert _whole(PartWhole(0, part), _end())["content"]["parts"] == [raw]


@pytest.mark.parametrize(
    ("end", "reason", "message"),
    [
        (_end(), "STOP", None),
        (_end(StopReason.TOOL_USE), "STOP", None),
        (_end(StopReason.STOP_SEQUENCE), "STOP", None),
        (_end(StopReason.PAUSE_TURN), "STOP", None),
        (_end(StopReason.MAX_TOKENS), "MAX_TOKENS", None),
        (_end(StopReason.CONTEXT_EXCEEDED), "MAX_TOKENS", "longer than the model"),
        (_end(StopReason.REFUSAL), "SAFETY", None),
        (
            _end(StopReason.REFUSAL, category="RECITATION", explanation="No."),
            "RECITATION",
            "No.",
        ),
    ],
)
def test_why_it_ended(end: AnswerEnded, reason: str, message: str | None) -> None:
    candidate = _whole(end)
    assert candidate["finishReason"] == reason
    assert (message or "") in candidate.get("finishMessage", "")
    assert types.FinishReason(reason)


def test_the_usage_is_told_in_the_last_chunk_only() -> None:
    usage = Usage(20, 5, 2, output_tokens=9, reasoning_tokens=4)
    chunks, _ = _stream(
        TextStarted(0), TextDelta(0, "a"), PartEnded(0), _end(usage=usage)
    )
    assert "usageMetadata" not in chunks[0]
    assert chunks[-1]["usageMetadata"] == {
        "promptTokenCount": 27,
        "cachedContentTokenCount": 5,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 36,
    }


@given(text=st.text())
def test_every_text_arrives(text: str) -> None:
    chunks, _ = _stream(TextStarted(0), TextDelta(0, text), PartEnded(0), _end())
    said = "".join(c["candidates"][0]["content"]["parts"][0]["text"] for c in chunks)
    assert said == text
