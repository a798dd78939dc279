"""Requests as Gemini's providers take them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from golden_files import Golden
from sdk_types import check_request

from proxy.model import (
    Base64,
    Choice,
    Citation,
    CustomTool,
    Document,
    FunctionTool,
    Image,
    Limits,
    Message,
    Metadata,
    Opaque,
    Origin,
    OutputFormat,
    Part,
    Protocol,
    Reasoning,
    Request,
    Role,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS, ReasoningWord, ResultImages, Schemas
from proxy.wire.gemini.provider.contents import NO_SIGNATURE, wants_signatures
from proxy.wire.gemini.provider.request import write_request

ORIGIN = Origin(Protocol.GEMINI)
VENDOR = VENDOR_DIALECTS[Protocol.GEMINI]
TARGET = Target(Protocol.GEMINI, "gemini", "gemini-2.5-pro", VENDOR)


def _write(request: Request, target: Target = TARGET) -> tuple[Any, set[str]]:
    written = write_request(request, target)
    check_request(Protocol.GEMINI, written.body)
    assert write_request(request, target) == written
    return json.loads(written.body), {loss.name for loss in written.losses}


def _asks(*messages: Message, **fields: Any) -> Request:
    return Request(Protocol.MESSAGES, "m", messages, **fields)


def _user(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def _model(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


# --- requests -------------------------------------------------------------------------

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "additionalProperties": False,
}
TALK = _asks(
    _user(Text("List"), Image(Base64("image/png", "AAAA"))),
    _model(
        Thinking("Where?", origin=ORIGIN),
        Thinking(signature="c2ln", origin=ORIGIN),
        ToolCall("toolu_1", "ls", '{"path": "a"}'),
        ToolCall("toolu_2", "ls", ""),
    ),
    _user(
        ToolResult("toolu_1", (Text("a.py"), Text("b.py"))),
        ToolResult("toolu_2", (), is_error=True),
        Text("Go on"),
    ),
    _user(Text("please")),
    system=(Text("One"), Text("Two")),
    tools=(
        FunctionTool("ls", "Lists", SCHEMA),
        ServerTool(Protocol.GEMINI, "googleSearch", None, {"googleSearch": {}}),
        FunctionTool("now"),
    ),
    tool_choice=ToolChoice(Choice.TOOL, "ls"),
    limits=Limits(500, stop_sequences=("END",)),
    reasoning=Reasoning(effort="medium"),
    output_format=OutputFormat("json_schema", "x", SCHEMA, strict=True),
)


def test_a_request_looks_as_recorded(golden: Golden) -> None:
    body, losses = _write(TALK)
    text = json.dumps(body, indent=1, ensure_ascii=False)
    golden.check("gemini/requests/talk.json", f"{text}\n".encode())
    assert not losses


@pytest.mark.parametrize(
    ("model", "wants"),
    [
        ("gemini-3-pro-preview", True),
        ("gemini-3.8-flash", True),
        ("models/gemini-4-ultra", True),
        ("gemini-flash-latest", True),
        ("gemini-2.5-pro", False),
        ("gemini-2.0-flash", False),
        ("gemma-3-27b-it", False),
        ("other", False),
    ],
)
def test_which_models_refuse_unsigned_calls(model: str, wants: bool) -> None:
    assert wants_signatures(model) is wants


def test_unsigned_calls_get_the_vendors_word_for_it() -> None:
    talk = _asks(
        _user(Text("x")),
        _model(ToolCall("1", "a", "{}"), ToolCall("2", "a", "{}")),
        _user(ToolResult("1", ()), ToolResult("2", ())),
        _model(
            Thinking(signature="c2ln", origin=ORIGIN),
            ToolCall("3", "a", "{}"),
            ToolCall("4", "a", "{}"),
        ),
        _user(ToolResult("3", ()), ToolResult("4", ())),
    )
    body, losses = _write(talk, replace(TARGET, model="gemini-3-pro"))
    signed = [
        part.get("thoughtSignature")
        for content in body["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]
    assert signed == [NO_SIGNATURE, None, "c2ln", None]
    assert losses == {"thinking_replay"}
    body, losses = _write(talk)
    assert NO_SIGNATURE not in json.dumps(body)
    assert not losses


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            (Thinking("a", signature="c2ln"), ToolCall("1", "f", "{}")),
            [
                {"text": "a", "thought": True},
                {
                    "functionCall": {"id": "1", "name": "f", "args": {}},
                    "thoughtSignature": "c2ln",
                },
            ],
        ),
        (
            (Thinking("a", signature="c2ln"), Text("b")),
            [
                {"text": "a", "thought": True, "thoughtSignature": "c2ln"},
                {"text": "b"},
            ],
        ),
        (
            (Thinking(signature="c2ln"), Text("b")),
            [{"text": "b", "thoughtSignature": "c2ln"}],
        ),
        (
            (Text("b"), Thinking(signature="c2ln")),
            [{"text": "b"}, {"text": "", "thoughtSignature": "c2ln"}],
        ),
        (
            (Thinking(summary=("a", "b")), Text("c")),
            [{"text": "a\n\nb", "thought": True}, {"text": "c"}],
        ),
        ((Thinking(), Text("c"), Text("")), [{"text": "c"}]),
        (
            (ToolCall("1", "f", "{broken"),),
            [{"functionCall": {"id": "1", "name": "f", "args": {"input": "{broken"}}}],
        ),
    ],
)
def test_parts_of_the_model(parts: tuple[Part, ...], expected: Any) -> None:
    body, _ = _write(_asks(_model(*parts)))
    assert body["contents"] == [{"role": "model", "parts": expected}]


def test_documents_and_files() -> None:
    paper = Base64("", "AAAA")
    body, losses = _write(
        _asks(
            _user(
                Document(paper, "a.pdf", context="Old", citations=True),
                Document(Text("plain")),
                Document((Text("one"), Text("two"))),
                Image(Url("https://example.com/a.png?x=1")),
                Document(Url("https://example.com/a")),
            )
        )
    )
    assert body["contents"][0]["parts"] == [
        {"text": "Old"},
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        {"text": "plain"},
        {"text": "one"},
        {"text": "two"},
        {
            "fileData": {
                "fileUri": "https://example.com/a.png?x=1",
                "mimeType": "image/png",
            }
        },
        {"fileData": {"fileUri": "https://example.com/a"}},
    ]
    assert losses == {"document_options"}


def test_images_of_results_stand_inside_where_they_may() -> None:
    image = Image(Base64("image/png", "AAAA"))
    talk = _asks(
        _model(ToolCall("1", "f", "{}")), _user(ToolResult("1", (Text("x"), image)))
    )
    inside = replace(VENDOR, result_images=ResultImages.INSIDE)
    body, losses = _write(talk, replace(TARGET, dialect=inside))
    response = body["contents"][1]["parts"][0]["functionResponse"]
    assert response["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    ]
    assert not losses
    nowhere = replace(VENDOR, result_images=ResultImages.NEXT_MESSAGE)
    body, losses = _write(talk, replace(TARGET, dialect=nowhere))
    assert "parts" not in body["contents"][1]["parts"][0]["functionResponse"]
    assert losses == {"image_left_out"}


@pytest.mark.parametrize(("marks", "word"), [(True, "error"), (False, "output")])
def test_failed_results(marks: bool, word: str) -> None:
    talk = _asks(
        _model(ToolCall("1", "f", "{}")),
        _user(ToolResult("1", (Text("bad"),), is_error=True)),
    )
    dialect = replace(VENDOR, result_errors=marks)
    body, _ = _write(talk, replace(TARGET, dialect=dialect))
    response = body["contents"][1]["parts"][0]["functionResponse"]
    assert response == {"id": "1", "name": "f", "response": {word: "bad"}}


def test_schemas_where_only_the_vendors_own_are_taken() -> None:
    plain = replace(TARGET, dialect=replace(VENDOR, schemas=Schemas.PLAIN))
    body, _ = _write(
        replace(TALK, tools=(*TALK.tools, FunctionTool("e", None, {"type": "object"}))),
        plain,
    )
    written = {"type": "OBJECT", "properties": {"path": {"type": "STRING"}}}
    functions = body["tools"][0]["functionDeclarations"]
    assert functions[0]["parameters"] == written
    assert functions[2] == {"name": "e"}
    assert body["generationConfig"]["responseSchema"] == written


@pytest.mark.parametrize(
    ("word", "wish", "expected"),
    [
        (ReasoningWord.EFFORT, Reasoning(effort="low"), {"thinkingLevel": "LOW"}),
        (ReasoningWord.EFFORT, Reasoning(effort="max"), {"thinkingLevel": "XHIGH"}),
        (ReasoningWord.EFFORT, Reasoning("disabled"), {"thinkingLevel": "MINIMAL"}),
        (
            ReasoningWord.EFFORT,
            Reasoning("enabled", budget_tokens=9000),
            {"thinkingLevel": "HIGH"},
        ),
        (ReasoningWord.EFFORT, Reasoning("adaptive"), {}),
        (ReasoningWord.THINKING, Reasoning(effort="low"), {"thinkingBudget": 2048}),
        (ReasoningWord.THINKING, Reasoning("adaptive"), {"thinkingBudget": -1}),
        (
            ReasoningWord.THINKING,
            Reasoning("enabled", budget_tokens=9000),
            {"thinkingBudget": 9000},
        ),
    ],
)
def test_the_wish_to_think(word: ReasoningWord, wish: Reasoning, expected: Any) -> None:
    target = replace(TARGET, dialect=replace(VENDOR, reasoning=word))
    body, losses = _write(_asks(_user(Text("x")), reasoning=wish), target)
    found = body["generationConfig"]["thinkingConfig"]
    assert found == {**expected, "includeThoughts": True}
    # These models cannot be told not to think.
    off = word is ReasoningWord.EFFORT and wish.mode == "disabled"
    assert losses == ({"effort_mapped"} if off else set())


def test_no_thinking() -> None:
    off = _asks(_user(Text("x")), reasoning=Reasoning("disabled"))
    found = _write(off)[0]["generationConfig"]["thinkingConfig"]
    assert found == {"thinkingBudget": 0, "includeThoughts": False}
    silent = replace(TARGET, dialect=replace(VENDOR, reasoning=ReasoningWord.NONE))
    body, losses = _write(off, silent)
    assert "generationConfig" not in body
    assert losses == {"reasoning_wish"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(Choice.AUTO), {"mode": "AUTO"}),
        (ToolChoice(Choice.NONE), {"mode": "NONE"}),
        (ToolChoice(Choice.ANY), {"mode": "ANY"}),
        (
            ToolChoice(Choice.ANY, allowed=("ls", "now")),
            {"mode": "ANY", "allowedFunctionNames": ["ls", "now"]},
        ),
        (
            ToolChoice(Choice.AUTO, allowed=("ls",)),
            {"mode": "VALIDATED", "allowedFunctionNames": ["ls"]},
        ),
    ],
)
def test_the_wish_about_calls(choice: ToolChoice, expected: Any) -> None:
    body, _ = _write(replace(TALK, tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": expected}
    # Without functions the API refuses the wish.
    body, _ = _write(replace(TALK, tools=(), tool_choice=choice))
    assert "toolConfig" not in body


def test_what_has_no_place_is_named() -> None:
    raw: dict[str, Any] = {"type": "web_search_20250305"}
    request = _asks(
        _user(
            Text("x", citations=(Citation(Protocol.MESSAGES, {}),)),
            ToolsAdded(()),
            ServerPart(Protocol.MESSAGES, "server_tool_use", {}),
            Opaque(Protocol.MESSAGES, "odd", {}),
        ),
        _model(Thinking(sealed="x"), Text("y")),
        tools=(
            ServerTool(Protocol.MESSAGES, "web_search_20250305", "web_search", raw),
            CustomTool("patch"),
        ),
        parallel_tools=False,
        verbosity="low",
        cache_key="k",
        metadata=Metadata(user="u"),
        limits=Limits(max_tool_calls=3),
    )
    _, losses = _write(request)
    assert losses == {
        "citation",
        "tool_options",
        "server_part",
        "thinking_replay",
        "server_tool_offered",
        "custom_tool",
        "parallel_tools",
        "verbosity",
        "cache_fields",
        "user",
        "max_tool_calls",
    }


def test_a_dialect_adds_and_takes_away() -> None:
    dialect = replace(VENDOR, always={"serviceTier": "flex"}, never=("tools",))
    body, _ = _write(TALK, replace(TARGET, dialect=dialect))
    assert body["serviceTier"] == "flex"
    assert "tools" not in body
