"""Responses requests, read item by item; what is said of answers only here."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from request_bodies import RESPONSES, damaged

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    Base64,
    CallKind,
    Choice,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Grammar,
    Image,
    Message,
    Namespace,
    Opaque,
    Origin,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.fields import WireError
from proxy.wire.responses.client.answer import write_answer
from proxy.wire.responses.client.request import read_request


def _read(**fields: Any) -> Request:
    return read_request(json.dumps({"model": "m", **fields}).encode())


def _items(*items: dict[str, Any]) -> tuple[Message, ...]:
    return _read(input=list(items)).messages


def test_a_whole_request_is_read() -> None:
    request = read_request(json.dumps(RESPONSES).encode())
    assert request.protocol is Protocol.RESPONSES
    assert request.system == (Text("You code."),)
    assert request.stream is True
    assert request.parallel_tools is True
    assert request.kept.store is False
    assert request.include == ("reasoning.encrypted_content",)
    assert request.cache_key == "k1"
    assert request.verbosity == "low"
    assert request.reasoning is not None
    assert (request.reasoning.effort, request.reasoning.display) == ("high", "auto")
    assert request.extras == {"client_metadata": {"x": "y"}}


def test_items_are_read_one_message_each() -> None:
    messages = read_request(json.dumps(RESPONSES).encode()).messages
    assert messages == (
        Message(Role.DEVELOPER, (Text("Be brief."),)),
        Message(Role.USER, (Text("Fix the bug."),)),
        Message(
            Role.ASSISTANT,
            (
                Thinking(
                    summary=("Hm.",),
                    sealed="eA==",
                    origin=Origin(Protocol.RESPONSES),
                    id="rs_1",
                ),
            ),
        ),
        Message(
            Role.ASSISTANT,
            (ToolCall("call_1", "exec_command", '{"cmd":"ls"}', namespace="shell"),),
            id="fc_1",
        ),
        Message(
            Role.USER,
            (ToolResult("call_1", (Text("a.py"), Image(Base64("image/png", "iVBO")))),),
        ),
        Message(
            Role.ASSISTANT,
            (ToolCall("call_2", "apply_patch", "*** Begin Patch", CallKind.CUSTOM),),
        ),
        Message(
            Role.USER, (ToolResult("call_2", (Text("Done."),), kind=CallKind.CUSTOM),)
        ),
        Message(
            Role.ASSISTANT,
            (Text("Done."),),
            id="msg_1",
            extras={"status": "completed"},
        ),
    )


def test_tools_of_every_kind() -> None:
    request = read_request(json.dumps(RESPONSES).encode())
    run, patch, agents, search = request.tools
    assert isinstance(run, FunctionTool)
    assert run.strict is False
    assert patch == CustomTool(
        "apply_patch", "Patches files.", Grammar("lark", "start: patch")
    )
    assert agents == Namespace("agents", "Other agents.", (FunctionTool("spawn"),))
    assert isinstance(search, ServerTool)
    assert search.type == "web_search"
    assert [(each.namespace, each.tool.name) for each in request.offered] == [
        (None, "exec_command"),
        (None, "apply_patch"),
        ("agents", "spawn"),
    ]


def test_tools_in_the_first_item_are_offered_too() -> None:
    request = _read(
        input=[
            {
                "type": "additional_tools",
                "role": "developer",
                "tools": [
                    {
                        "type": "namespace",
                        "name": "functions",
                        "description": "",
                        "tools": [{"type": "custom", "name": "exec"}],
                    }
                ],
            },
            {"role": "user", "content": "Hello"},
        ],
        reasoning={"context": "all_turns"},
    )
    added = request.messages[0].parts[0]
    assert isinstance(added, ToolsAdded)
    assert request.messages[0].role is Role.DEVELOPER
    assert request.tools == ()
    assert [(each.namespace, each.tool.name) for each in request.offered] == [
        ("functions", "exec")
    ]
    assert request.reasoning is not None
    assert request.reasoning.context == "all_turns"


def test_input_may_be_a_text_or_absent() -> None:
    assert _read(input="Hello").messages == (Message(Role.USER, (Text("Hello"),)),)
    resumed = _read(previous_response_id="resp_1", conversation={"id": "conv_1"})
    assert resumed.messages == ()
    assert resumed.kept.previous == "resp_1"
    assert resumed.kept.conversation == "conv_1"


def test_images_and_files_of_every_source() -> None:
    (message,) = _items(
        {
            "role": "user",
            "content": [
                {
                    "type": "input_image",
                    "image_url": "https://e.com/a",
                    "detail": "low",
                },
                {"type": "input_image", "file_id": "f1"},
                {"type": "input_file", "file_id": "f2", "filename": "a.pdf"},
                {"type": "input_file", "file_url": "https://e.com/b"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,JVB"},
                {"type": "input_file", "file_data": "JVB"},
                {"type": "input_audio", "input_audio": {}},
                {"type": "refusal", "refusal": "No."},
            ],
        }
    )
    assert message.parts == (
        Image(Url("https://e.com/a"), "low"),
        Image(FileId("f1")),
        Document(FileId("f2"), "a.pdf"),
        Document(Url("https://e.com/b")),
        Document(Base64("application/pdf", "JVB")),
        Document(Base64("", "JVB")),
        Opaque(
            Protocol.RESPONSES,
            "input_audio",
            {"type": "input_audio", "input_audio": {}},
        ),
        Text("No.", refusal=True),
    )


def test_items_of_the_provider_are_kept_whole() -> None:
    search: dict[str, Any] = {"type": "web_search_call", "id": "ws_1"}
    reference: dict[str, Any] = {"id": "msg_9"}
    shell: dict[str, Any] = {"type": "shell_call_output", "call_id": "c"}
    found = _items(search, reference, shell)
    assert [each.parts for each in found] == [
        (ServerPart(Protocol.RESPONSES, "web_search_call", search, "ws_1"),),
        (Opaque(Protocol.RESPONSES, "item_reference", reference),),
        (Opaque(Protocol.RESPONSES, "shell_call_output", shell),),
    ]
    assert [each.role for each in found] == [Role.ASSISTANT, Role.ASSISTANT, Role.USER]


@pytest.mark.parametrize(
    ("given", "choice", "name", "hosted", "allowed"),
    [
        ("required", Choice.ANY, None, None, None),
        ("none", Choice.NONE, None, None, None),
        ({"type": "function", "name": "f"}, Choice.TOOL, "f", None, None),
        ({"type": "custom", "name": "c"}, Choice.TOOL, "c", None, None),
        ({"type": "web_search_preview"}, Choice.TOOL, None, "web_search_preview", None),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [
                    {"type": "function", "name": "f"},
                    {"type": "mcp", "server_label": "s"},
                    {"type": "image_generation"},
                ],
            },
            Choice.ANY,
            None,
            None,
            ("f", "s", "image_generation"),
        ),
    ],
)
def test_choices_are_read_and_repeated(
    given: Any, choice: Choice, name: str, hosted: str, allowed: tuple[str, ...]
) -> None:
    request = _read(tool_choice=given)
    found = request.tool_choice
    assert found is not None
    assert (found.choice, found.name) == (choice, name)
    assert (found.hosted, found.allowed) == (hosted, allowed)
    assert _answered(request)["tool_choice"] == given


def _answered(request: Request) -> dict[str, Any]:
    events = (AnswerStarted("a", "m"), AnswerEnded(StopReason.END_TURN))
    body: dict[str, Any] = json.loads(write_answer(request, events, created=1).body)
    return body


def test_the_answer_repeats_what_was_asked() -> None:
    body = _answered(read_request(json.dumps(RESPONSES).encode()))
    assert body["instructions"] == "You code."
    assert body["parallel_tool_calls"] is True
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}
    told = [each["type"] for each in body["tools"]]
    assert told == ["function", "custom", "namespace", "web_search"]
    assert body["tools"][1] == RESPONSES["tools"][1]
    assert body["tools"][3] == RESPONSES["tools"][3]


def test_the_answer_repeats_the_form_asked_for() -> None:
    form = {
        "type": "json_schema",
        "name": "title",
        "schema": {"type": "object"},
        "strict": True,
    }
    assert _answered(_read(text={"format": form}))["text"] == {"format": form}
    plain = _answered(_read(text={"format": {"type": "json_object"}}))
    assert plain["text"] == {"format": {"type": "json_object"}}


def test_an_answer_without_known_usage_tells_none() -> None:
    assert _answered(_read())["usage"] is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": 7}, "model must be a string, not a number."),
        ({"input": 7}, "input must be a string or a list of objects, not a number."),
        (
            {"input": [{"role": "x", "content": ""}]},
            "input[0].role must be user, assistant, system or developer.",
        ),
        ({"input": [{"type": "function_call"}]}, "input[0].arguments is missing."),
        (
            {"input": [{"type": "function_call_output", "call_id": "c"}]},
            "input[0].output is missing.",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
            "input[0].content[0].image_url is missing.",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file"}]}]},
            "input[0].content[0].file_data is missing.",
        ),
        ({"tool_choice": "maybe"}, "tool_choice must be auto, required or none."),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{}]}},
            "tool_choice.tools[0].name is missing.",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].name is missing."),
        ({"include": "x"}, "include must be a list, not a string."),
        ({"reasoning": "high"}, "reasoning must be an object, not a string."),
    ],
)
def test_errors_name_the_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError) as caught:
        _read(**fields)
    assert str(caught.value) == message


@given(body=damaged(RESPONSES))
def test_a_damaged_request_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert read_request(body).protocol is Protocol.RESPONSES
