"""Shells and patches of Responses clients go to any model and come back as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdk_types import check_answer, check_stream, request_problems

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    Choice,
    Event,
    FunctionTool,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    Request,
    ServerTool,
    StopReason,
    TextStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolResult,
)
from proxy.translation.fit import Fitted, fit
from proxy.translation.hosted import function_of, item_of
from proxy.translation.needs import obstacles
from proxy.translation.restore import Restorer
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

_FOREIGN = [protocol for protocol in Protocol if protocol is not Protocol.RESPONSES]
_ACTION = {"type": "exec", "command": ["ls", "-l"], "env": {"A": "b"}}
_COMMANDS = {"commands": ["make", "make test"], "timeout_ms": 1000}
_PATCH = {"type": "update_file", "path": "a.py", "diff": "@@\n-x\n+y\n"}
_ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": "mend it"},
    {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "call_l",
        "action": _ACTION,
        "status": "completed",
    },
    {"type": "local_shell_call_output", "id": "call_l", "output": "total 0"},
    {
        "type": "shell_call",
        "id": "sh_1",
        "call_id": "call_s",
        "action": {**_COMMANDS, "max_output_length": None},
        "status": "completed",
    },
    {
        "type": "shell_call_output",
        "call_id": "call_s",
        "output": [
            {
                "stdout": "ok",
                "stderr": "",
                "outcome": {"type": "exit", "exit_code": 0},
            }
        ],
    },
    {
        "type": "apply_patch_call",
        "id": "apc_1",
        "call_id": "call_p",
        "operation": _PATCH,
        "status": "completed",
    },
    {
        "type": "apply_patch_call_output",
        "call_id": "call_p",
        "status": "failed",
        "output": "no such line",
    },
]
_TOOLS: list[dict[str, Any]] = [
    {"type": "local_shell"},
    {
        "type": "shell",
        "environment": {
            "type": "local",
            "skills": [{"name": "pdf", "path": "/s/pdf", "description": "reads PDF"}],
        },
    },
    {"type": "apply_patch"},
]
_FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "shell",
    "parameters": {},
    "strict": False,
}


def _read(**more: Any) -> Request:
    shape = {"model": "m", "input": _ITEMS, "tools": _TOOLS, **more}
    body = msgspec.json.encode(shape)
    assert request_problems(Protocol.RESPONSES, body) == []
    return CLIENT_CODEC_OF[Protocol.RESPONSES].read_request(body)


def _target(protocol: Protocol, **flags: Any) -> Target:
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    return Target(protocol, "there", "model-x", dialect)


def _parts(fitted: Fitted, kind: type) -> list[Any]:
    return [
        part
        for message in fitted.request.messages
        for part in message.parts
        if isinstance(part, kind)
    ]


@pytest.mark.parametrize("protocol", _FOREIGN)
def test_calls_and_results_of_the_history_are_functions_abroad(
    protocol: Protocol,
) -> None:
    request, target = _read(), _target(protocol)
    assert obstacles(request, protocol, target.dialect) == ()
    fitted = fit(request, target)
    assert [each.name for each in fitted.losses] == ["hosted_tool"]
    assert [tool.name for tool in fitted.request.tools] == [
        "local_shell",
        "shell",
        "apply_patch",
    ]
    calls = _parts(fitted, ToolCall)
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("local_shell", {"command": ["ls", "-l"], "env": {"A": "b"}}),
        ("shell", _COMMANDS),
        ("apply_patch", _PATCH),
    ]
    results = _parts(fitted, ToolResult)
    assert [each.call_id for each in results] == ["call_l", "call_s", "call_p"]
    assert results[0].parts[0].text == "total 0"
    assert json.loads(results[1].parts[0].text)[0]["stdout"] == "ok"
    assert results[2].is_error is True
    assert results[2].parts[0].text.endswith("no such line")
    written = PROVIDER_CODEC_OF[protocol].write_request(fitted.request, target)
    assert request_problems(protocol, written.body) == []
    assert b"reads PDF" in written.body


def test_openai_s_own_models_get_the_items_as_they_are() -> None:
    request, target = _read(), _target(Protocol.RESPONSES)
    fitted = fit(request, target)
    assert fitted.losses == ()
    assert fitted.request.tools == request.tools
    assert fitted.request.messages == request.messages


def test_a_server_of_responses_without_such_tools_gets_functions() -> None:
    request = _read(tool_choice={"type": "apply_patch"})
    target = _target(Protocol.RESPONSES, custom_tools=False)
    fitted = fit(request, target)
    assert all(isinstance(tool, FunctionTool) for tool in fitted.request.tools)
    assert fitted.request.tool_choice is not None
    assert fitted.request.tool_choice.name == "apply_patch"
    written = PROVIDER_CODEC_OF[Protocol.RESPONSES].write_request(
        fitted.request, target
    )
    body = json.loads(written.body)
    assert request_problems(Protocol.RESPONSES, written.body) == []
    assert {each["type"] for each in body["input"]} == {
        "message",
        "function_call",
        "function_call_output",
    }


def test_a_shell_in_the_provider_s_container_is_its_own() -> None:
    hosted = {"type": "shell", "environment": {"type": "container_auto"}}
    request = _read(input="hi", tools=[hosted])
    fitted = fit(request, _target(Protocol.CHAT))
    assert fitted.request.tools == ()
    assert [each.name for each in fitted.losses] == ["server_tool_offered"]
    forced = replace(_read(input="hi", tools=[hosted], tool_choice={"type": "shell"}))
    found = obstacles(forced, Protocol.CHAT, VENDOR_DIALECTS[Protocol.CHAT])
    assert [each.name for each in found] == ["forced_server_tool"]


def test_a_forced_one_is_forced_under_the_name_it_got() -> None:
    request = _read(
        tools=[_FUNCTION, *_TOOLS],
        tool_choice={"type": "shell"},
    )
    target = _target(Protocol.MESSAGES)
    assert obstacles(request, Protocol.MESSAGES, target.dialect) == ()
    fitted = fit(request, target)
    names = [tool.name for tool in fitted.request.tools]
    assert names[0] == "shell"
    assert len(set(names)) == 4
    choice = fitted.request.tool_choice
    assert choice is not None
    assert (choice.choice, choice.name) == (Choice.TOOL, names[2])


# --- the way back ---------------------------------------------------------------------


def _answered(name: str, arguments: str) -> list[Event]:
    request = _read(input="go")
    fitted = fit(request, _target(Protocol.MESSAGES))
    restorer = Restorer(
        fitted.names, Origin(Protocol.MESSAGES, "there", "x"), Protocol.RESPONSES
    )
    events: list[Event] = [
        AnswerStarted("a1", "m"),
        ToolCallStarted(0, "toolu_1", name),
        *(ToolCallArguments(0, letter) for letter in arguments),
        PartEnded(0),
        AnswerEnded(StopReason.TOOL_USE),
    ]
    return [each for event in events for each in restorer.feed(event)]


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "member", "done"),
    [
        (
            "local_shell",
            {"command": ["ls"], "working_directory": "/w", "timeout_ms": 5},
            "local_shell_call",
            "action",
            {
                "type": "exec",
                "command": ["ls"],
                "env": {},
                "working_directory": "/w",
                "timeout_ms": 5,
            },
        ),
        (
            "local_shell",
            {"command": "ls | wc", "env": {"N": 1}},
            "local_shell_call",
            "action",
            {"type": "exec", "command": ["bash", "-lc", "ls | wc"], "env": {"N": "1"}},
        ),
        ("shell", _COMMANDS, "shell_call", "action", _COMMANDS),
        (
            "shell",
            {"commands": "make", "timeout_ms": True},
            "shell_call",
            "action",
            {"commands": ["make"]},
        ),
        ("apply_patch", _PATCH, "apply_patch_call", "operation", _PATCH),
        (
            "apply_patch",
            {"operation": {"type": "delete_file", "path": "b", "diff": ""}},
            "apply_patch_call",
            "operation",
            {"type": "delete_file", "path": "b"},
        ),
    ],
)
def test_a_new_call_is_the_client_s_own_kind_of_item(
    name: str, arguments: dict[str, Any], kind: str, member: str, done: Any
) -> None:
    events = _answered(name, json.dumps(arguments))
    (whole,) = [each for each in events if isinstance(each, PartWhole)]
    assert isinstance(whole.part, Opaque)
    assert whole.part.kind == kind
    assert whole.part.raw["call_id"] == "toolu_1"
    assert whole.part.raw[member] == done
    codec, shell = CLIENT_CODEC_OF[Protocol.RESPONSES], _read(input="go")
    written = codec.write_answer(shell, events, created=0)
    assert written.losses == ()
    check_answer(Protocol.RESPONSES, written.body)
    writer = codec.stream_writer(shell, created=0)
    stream = b"".join(writer.write(each) for each in events)
    assert writer.losses == []
    check_stream(Protocol.RESPONSES, stream)
    # Brought back, it is the same call again.
    item = json.loads(written.body)["output"][0]
    output: dict[str, Any] = {"type": f"{kind}_output"}
    if kind == "local_shell_call":
        output |= {"id": "toolu_1", "output": "done"}
    else:
        output |= {"call_id": "toolu_1", "status": "completed"}
        output["output"] = [] if kind == "shell_call" else "done"
    asked = {"role": "user", "content": "go"}
    fitted = fit(_read(input=[asked, item, output]), _target(Protocol.MESSAGES))
    assert "orphan_result" not in {each.name for each in fitted.losses}
    (call,) = _parts(fitted, ToolCall)
    kept = {key: value for key, value in done.items() if value != "exec"}
    assert (call.id, call.name, json.loads(call.arguments)) == ("toolu_1", name, kept)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("shell", "{"),
        ("shell", '{"commands": [1]}'),
        ("local_shell", "{}"),
        ("apply_patch", '{"type": "move_file", "path": "a"}'),
        ("apply_patch", '{"type": "create_file"}'),
    ],
)
def test_a_call_that_makes_no_item_is_a_call_of_a_function(
    name: str, arguments: str
) -> None:
    events = _answered(name, arguments)
    assert events[1] == ToolCallStarted(0, "toolu_1", name)
    assert events[2] == ToolCallArguments(0, arguments)


def test_a_call_nobody_ended_is_ended_with_the_answer() -> None:
    fitted = fit(_read(input="go"), _target(Protocol.CHAT))
    maker = Origin(Protocol.CHAT, "there", "x")
    restorer = Restorer(fitted.names, maker, Protocol.RESPONSES)
    events: list[Event] = [
        ToolCallStarted(0, "c", "shell"),
        ToolCallArguments(0, '{"commands": ["ls"]}'),
        TextStarted(1),
        AnswerEnded(StopReason.TOOL_USE),
    ]
    out = [each for event in events for each in restorer.feed(event)]
    assert [type(each) for each in out] == [TextStarted, PartWhole, AnswerEnded]


@given(arguments=st.text() | st.dictionaries(st.text(), st.text()).map(json.dumps))
def test_nothing_a_model_writes_is_too_odd(arguments: str) -> None:
    for name in ("local_shell", "shell", "apply_patch", "unknown"):
        item = item_of(name, "c", arguments)
        assert item is None or item.raw["call_id"] == "c"


def test_another_protocol_s_tool_of_the_name_is_none_of_these() -> None:
    tool = ServerTool(Protocol.MESSAGES, "shell", None, {"type": "shell"})
    assert function_of(tool) is None
