"""Requests as they are written for a provider of Responses."""

import hashlib
import json
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from neutral_requests import CLIENTS, fitted, requests
from request_bodies import RESPONSES
from sdk_types import request_problems

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Choice,
    Citation,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Image,
    JsonObject,
    Kept,
    Limits,
    Message,
    Metadata,
    Namespace,
    Opaque,
    Origin,
    OutputFormat,
    Part,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
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
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import VENDOR_DIALECTS, ReasoningWord
from proxy.wire.responses.client.request import read_request
from proxy.wire.responses.provider.request import write_request

_DIALECT = VENDOR_DIALECTS[Protocol.RESPONSES]
_TARGET = Target(Protocol.RESPONSES, "openai", "gpt-5.6", _DIALECT, stream=True)


def _request(*messages: Message, **fields: Any) -> Request:
    return Request(Protocol.MESSAGES, "a-model", messages, **fields)


def _write(
    request: Request, target: Target = _TARGET
) -> tuple[dict[str, Any], list[str]]:
    written = write_request(request, target)
    return json.loads(written.body), [each.name for each in written.losses]


def _input(*parts: Part, role: Role = Role.USER) -> list[Any]:
    items: list[Any] = _write(_request(Message(role, parts)))[0]["input"]
    return items


def _checked(written: Written) -> None:
    # Codex's own field, which the vendor takes and its types do not know.
    found = request_problems(Protocol.RESPONSES, written.body)
    assert [each for each in found if "client_metadata" not in each] == []


# --- what one protocol's client sent, to a provider of the same -----------------------


def _level(request: Request) -> Request:
    """The request with what may be written in two ways written in one."""
    form = request.output_format
    if form is not None and form.kind == "json_schema":
        request = replace(request, output_format=replace(form, name="answer"))
    return replace(
        request,
        model="gpt-5.6",
        stream=True,
        messages=_together(request.messages),
        kept=replace(request.kept, store=request.kept.store or False),
        include=tuple(dict.fromkeys([*request.include, "reasoning.encrypted_content"])),
    )


def _together(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Neighbours of one role as one message; its ids and ends are of no matter."""
    return tuple(
        Message(role, tuple(_part(part) for each in run for part in each.parts))
        for role, run in groupby(messages, lambda each: each.role)
    )


def _part(part: Part) -> Part:
    match part:
        case Image(detail=None):
            return replace(part, detail="auto")
        case ToolCall(arguments="", kind=CallKind.FUNCTION):
            return replace(part, arguments="{}")
        case ToolResult():
            return replace(part, parts=tuple(_part(each) for each in part.parts))
        case _:
            return part


@settings(max_examples=50)
@given(request=requests(Protocol.RESPONSES))
def test_a_request_of_this_protocol_comes_back_as_it_was(request: Request) -> None:
    written = write_request(request, _TARGET)
    assert not written.losses
    assert _level(read_request(written.body)) == _level(request)
    _checked(written)


@settings(max_examples=50)
@given(request=fitted(Protocol.RESPONSES))
def test_a_fitted_request_comes_back_as_it_was(request: Request) -> None:
    written = write_request(request, _TARGET)
    assert _level(read_request(written.body)) == _level(request)
    _checked(written)


def test_ids_and_unknown_fields_of_this_protocol_come_back() -> None:
    first = read_request(json.dumps(RESPONSES).encode())
    second = read_request(write_request(first, _TARGET).body)
    assert [each.id for each in second.messages] == [each.id for each in first.messages]
    assert [each.extras for each in second.messages] == [
        each.extras for each in first.messages
    ]
    assert second.extras == first.extras
    assert second.tools == first.tools
    _checked(write_request(first, _TARGET))


@pytest.mark.parametrize("protocol", CLIENTS)
def test_any_client_s_request_is_one_of_the_vendor_s(protocol: Protocol) -> None:
    @settings(max_examples=25)
    @given(request=requests(protocol))
    def check(request: Request) -> None:
        written = write_request(request, _TARGET)
        _checked(written)
        assert written == write_request(request, _TARGET)

    check()


# --- content --------------------------------------------------------------------------


def test_what_a_user_says() -> None:
    assert _input(
        Text("Look."),
        Image(Base64("image/png", "iVBO")),
        Image(Url("https://e.com/a"), "low"),
        Image(FileId("file_1")),
        Document(Base64("application/pdf", "JVB"), "Report"),
        Document(Base64("application/pdf", "JVB")),
        Document(Base64("", "JVB"), "a.bin"),
        Document(Url("https://e.com/b"), context="From the web."),
        Document(FileId("file_2")),
        Document(Text("plain words"), "notes"),
        Document((Text("one"), Image(FileId("file_3")))),
    ) == [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look."},
                {
                    "type": "input_image",
                    "detail": "auto",
                    "image_url": "data:image/png;base64,iVBO",
                },
                {
                    "type": "input_image",
                    "detail": "low",
                    "image_url": "https://e.com/a",
                },
                {"type": "input_image", "detail": "auto", "file_id": "file_1"},
                {
                    "type": "input_file",
                    "file_data": "data:application/pdf;base64,JVB",
                    "filename": "Report.pdf",
                },
                {
                    "type": "input_file",
                    "file_data": "data:application/pdf;base64,JVB",
                    "filename": "document.pdf",
                },
                {
                    "type": "input_file",
                    "file_data": "data:application/octet-stream;base64,JVB",
                    "filename": "a.bin",
                },
                {"type": "input_text", "text": "From the web."},
                {"type": "input_file", "file_url": "https://e.com/b"},
                {"type": "input_file", "file_id": "file_2"},
                {"type": "input_text", "text": "notes"},
                {"type": "input_text", "text": "plain words"},
                {"type": "input_text", "text": "one"},
                {"type": "input_image", "detail": "auto", "file_id": "file_3"},
            ],
        }
    ]


def test_a_turn_becomes_items_in_their_order() -> None:
    items = _input(
        Thinking("Hm.", origin=Origin(Protocol.RESPONSES)),
        Text("Reading."),
        ToolCall("call_1", "read", "", namespace="files"),
        ToolCall("call_2", "patch", "*** Begin", CallKind.CUSTOM),
        Text("Done."),
        role=Role.ASSISTANT,
    )
    assert [each["type"] for each in items] == [
        "reasoning",
        "message",
        "function_call",
        "custom_tool_call",
        "message",
    ]
    assert items[1] == {"type": "message", "role": "assistant", "content": "Reading."}
    assert items[2] == {
        "type": "function_call",
        "arguments": "{}",
        "call_id": "call_1",
        "name": "read",
        "namespace": "files",
    }
    assert items[3]["input"] == "*** Begin"


def test_results_stand_before_what_the_user_says() -> None:
    items = _input(
        ToolResult("call_1", (Text("print()"),)),
        ToolResult("call_2", (Text("a"), Image(FileId("f"))), kind=CallKind.CUSTOM),
        ToolResult("call_3", ()),
        ToolResult("call_4", (ServerPart(Protocol.MESSAGES, "x", {}),)),
        Text("Go on."),
    )
    assert [each.get("output") for each in items] == [
        "print()",
        [
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "detail": "auto", "file_id": "f"},
        ],
        "",
        "",
        None,
    ]
    assert [each["type"] for each in items][1:3] == [
        "custom_tool_call_output",
        "function_call_output",
    ]


def test_refusals_and_sources_take_the_vendor_s_own_form() -> None:
    cited = Citation(Protocol.MESSAGES, {}, url="https://e.com/a", title="A")
    items = _input(
        Text("I would rather not.", refusal=True),
        Text("Sunny", citations=(cited, Citation(Protocol.GEMINI, {}))),
        role=Role.ASSISTANT,
    )
    (message,) = items
    assert message["id"] == "msg_made_0"
    assert message["status"] == "completed"
    assert message["content"][0] == {
        "type": "refusal",
        "refusal": "I would rather not.",
    }
    assert message["content"][1]["annotations"] == [
        {
            "type": "url_citation",
            "url": "https://e.com/a",
            "title": "A",
            "start_index": 0,
            "end_index": 5,
        }
    ]


def test_sealed_reasoning_keeps_its_id_or_has_none() -> None:
    origin = Origin(Protocol.RESPONSES)
    known, unknown, empty, open_one = (
        Thinking(sealed="eA==", origin=origin, id="rs_1"),
        Thinking(sealed="eA==", origin=origin),
        Thinking(origin=origin, id="rs_2"),
        Thinking("Hm.", ("H",), origin=origin),
    )
    items = _input(known, unknown, empty, open_one, role=Role.ASSISTANT)
    assert items == [
        {
            "type": "reasoning",
            "summary": [],
            "id": "rs_1",
            "encrypted_content": "eA==",
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "eA=="},
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "H"}],
            "id": "rs_made_2",
            "content": [{"type": "reasoning_text", "text": "Hm."}],
        },
    ]


def test_what_another_maker_sealed_is_not_sent() -> None:
    sealed = Thinking(sealed="eA==", origin=Origin(Protocol.MESSAGES), id="x")
    body, lost = _write(_request(Message(Role.ASSISTANT, (sealed,))))
    assert body["input"] == []
    assert lost == ["thinking_replay"]


def test_items_nobody_reads_go_back_whole() -> None:
    call: JsonObject = {"type": "web_search_call", "id": "ws_1"}
    audio: JsonObject = {"type": "input_audio", "input_audio": {}}
    shell: JsonObject = {"type": "shell_call", "call_id": "c"}
    items = _input(
        ServerPart(Protocol.RESPONSES, "web_search_call", call),
        Opaque(Protocol.RESPONSES, "shell_call", shell),
        Opaque(Protocol.RESPONSES, "input_audio", audio),
        ToolsAdded((FunctionTool("f"),)),
    )
    assert items[:2] == [call, shell]
    assert items[2]["content"] == [audio]
    assert (items[3]["type"], items[3]["role"]) == ("additional_tools", "developer")


def test_what_has_no_place_is_named_once() -> None:
    mark = CacheMark("1h")
    body, lost = _write(
        _request(
            Message(
                Role.ASSISTANT,
                (
                    Thinking("Hm.", signature="c2ln"),
                    Text("a", cache=mark, citations=(Citation(Protocol.GEMINI, {}),)),
                    ToolCall("c", "f", "{}", cache=mark),
                    ServerPart(Protocol.MESSAGES, "server_tool_use", {}),
                ),
            ),
            Message(
                Role.USER,
                (
                    ToolResult("c", (Text("r"),), cache=mark),
                    Opaque(Protocol.MESSAGES, "x", {}),
                    Document(Text("t"), citations=True),
                ),
                name="Ann",
            ),
            system=(Text("s", cache=mark), Image(FileId("f"))),
            tools=(
                FunctionTool("f", cache=mark),
                ServerTool(Protocol.MESSAGES, "web_search_20250305", "web_search", {}),
            ),
            limits=Limits(1, stop_sequences=("END",)),
            sampling=Sampling(top_k=4, seed=7),
            reasoning=Reasoning(budget_tokens=2048),
            metadata=Metadata("u" * 65, {"a": 1}),
        )
    )
    assert sorted(lost) == sorted(
        {
            "cache_marks",
            "citation",
            "document_options",
            "least_tokens",
            "message_name",
            "metadata",
            "reasoning_options",
            "sampling",
            "seed",
            "server_part",
            "server_tool_offered",
            "signature",
            "stop_sequences",
            "unknown_part",
            "user_shortened",
        }
    )
    assert body["max_output_tokens"] == 16
    assert body["safety_identifier"] == hashlib.sha256(b"u" * 65).hexdigest()


def test_cache_marks_on_what_is_read_are_break_points() -> None:
    short, long = _input(
        Text("a", cache=CacheMark("5m")), Image(FileId("f"), cache=CacheMark("12h"))
    )[0]["content"]
    assert short["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert long["prompt_cache_breakpoint"] == {"mode": "explicit", "ttl": "12h"}


# --- wishes ---------------------------------------------------------------------------


def test_another_client_s_tools_say_what_this_protocol_takes_for_granted() -> None:
    body, _ = _write(
        _request(
            tools=(
                FunctionTool("a"),
                FunctionTool("b", "B.", {"required": ["x"]}, strict=True),
                Namespace("n", None, (FunctionTool("c", schema={}),)),
                CustomTool("d", "D."),
            )
        )
    )
    empty = {"type": "object", "properties": {}}
    assert body["tools"] == [
        {"type": "function", "name": "a", "parameters": empty, "strict": False},
        {
            "type": "function",
            "name": "b",
            "description": "B.",
            "parameters": {**empty, "required": ["x"]},
            "strict": True,
        },
        {
            "type": "namespace",
            "name": "n",
            "description": "",
            "tools": [
                {"type": "function", "name": "c", "parameters": empty, "strict": False}
            ],
        },
        {"type": "custom", "name": "d", "description": "D."},
    ]


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(Choice.AUTO), "auto"),
        (ToolChoice(Choice.ANY), "required"),
        (ToolChoice(Choice.NONE), "none"),
        (ToolChoice(Choice.TOOL, "f"), {"type": "function", "name": "f"}),
        (
            ToolChoice(Choice.TOOL, "c", CallKind.CUSTOM),
            {"type": "custom", "name": "c"},
        ),
        (
            ToolChoice(Choice.ANY, allowed=("f", "c")),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [
                    {"type": "function", "name": "f"},
                    {"type": "custom", "name": "c"},
                ],
            },
        ),
    ],
)
def test_choices(choice: ToolChoice, written: Any) -> None:
    tools = (FunctionTool("f"), CustomTool("c"))
    body, _ = _write(_request(tools=tools, tool_choice=choice))
    assert body["tool_choice"] == written


@pytest.mark.parametrize(
    ("wish", "written"),
    [
        (None, None),
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning("adaptive", "low"), {"effort": "low", "summary": "auto"}),
        (Reasoning("adaptive", "low", display="omitted"), {"effort": "low"}),
        (
            Reasoning(effort="low", display="summarized"),
            {"effort": "low", "summary": "auto"},
        ),
        (Reasoning("disabled", "none", display="summarized"), {"effort": "none"}),
        (Reasoning("disabled"), None),
    ],
)
def test_wishes_to_think(wish: Reasoning | None, written: Any) -> None:
    assert _write(_request(reasoning=wish))[0].get("reasoning") == written


def test_nothing_is_stored_unless_its_own_client_asked() -> None:
    kept = Kept(store=True, previous="resp_0", conversation="conv_1")
    body, _ = _write(_request(kept=kept))
    assert body["store"] is False
    assert body["include"] == ["reasoning.encrypted_content"]
    assert not {"previous_response_id", "conversation"} & set(body)
    own = replace(_request(kept=kept), protocol=Protocol.RESPONSES)
    body, _ = _write(own)
    assert body["store"] is True
    assert "include" not in body
    assert (body["previous_response_id"], body["conversation"]) == ("resp_0", "conv_1")


def test_the_form_of_the_answer_has_a_name() -> None:
    form = OutputFormat("json_schema", schema={"type": "object"}, strict=True)
    body, _ = _write(_request(output_format=form, verbosity="low"))
    assert body["text"] == {
        "format": {
            "type": "json_schema",
            "name": "answer",
            "schema": {"type": "object"},
            "strict": True,
        },
        "verbosity": "low",
    }


def test_the_dialect_decides_what_a_server_sees() -> None:
    dialect = replace(
        _DIALECT,
        developer_role=False,
        reasoning=ReasoningWord.NONE,
        never=("store", "parallel_tool_calls"),
        always={"provider_word": 1},
    )
    request = _request(
        Message(Role.DEVELOPER, (Text("Be brief."),)), parallel_tools=False
    )
    body, _ = _write(request, replace(_TARGET, dialect=dialect, stream=False))
    assert body == {
        "model": "gpt-5.6",
        "input": [
            {
                "type": "message",
                "role": "system",
                "content": [{"type": "input_text", "text": "Be brief."}],
            }
        ],
        "stream": False,
        "provider_word": 1,
    }


def test_instructions_are_one_text() -> None:
    body, _ = _write(_request(system=(Text("One."), Text("Two."))))
    assert body["instructions"] == "One.\n\nTwo."
