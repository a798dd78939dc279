"""Requests for Chat providers: each dialect's own form, no loss without a name."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from chat_dialects import (
    DIALECTS,
    MARKING,
    OTHER,
    PIXEL,
    RICH,
    SCHEMA,
    SEARCH,
    SERVERS,
    VENDOR,
)
from golden_files import Golden
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import fitted, requests
from sdk_types import check_request

from proxy.catalogue.known import known_providers
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
    Kept,
    Limits,
    Message,
    Metadata,
    Namespace,
    Origin,
    OutputFormat,
    Protocol,
    Reasoning,
    Request,
    Role,
    ServerPart,
    Text,
    Thinking,
    ThinkingSealed,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.chat.client.request import read_request
from proxy.wire.chat.provider.request import write_request
from proxy.wire.chat.provider.stream import StreamReader
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import (
    Dialect,
    ReasoningBack,
)
from proxy.wire.losses import LOSSES


def _target(dialect: Dialect = VENDOR, *, stream: bool = False) -> Target:
    return Target(Protocol.CHAT, "somebody", "their-model", dialect, stream)


def _write(request: Request, dialect: Dialect = VENDOR, **more: bool) -> Any:
    return json.loads(write_request(request, _target(dialect, **more)).body)


def _lost(written: Written) -> set[str]:
    return {loss.name for loss in written.losses}


def _said(*parts: Any, role: Role = Role.USER, **more: Any) -> Request:
    return Request(Protocol.MESSAGES, "m", (Message(role, parts),), **more)


def _losses(request: Request, dialect: Dialect = VENDOR) -> set[str]:
    return _lost(write_request(request, _target(dialect)))


# --- dialects -----------------------------------------------------------------------


@pytest.mark.parametrize("server", SERVERS)
def test_one_request_for_each_server(server: str, golden: Golden) -> None:
    dialect = known_providers()[server].dialect(Protocol.CHAT)
    written = write_request(RICH, _target(dialect, stream=True))
    body = json.dumps(json.loads(written.body), indent=1, ensure_ascii=False)
    golden.check(f"openai-chat/dialect_{server}/request.json", f"{body}\n".encode())
    names = "".join(f"{loss.name}\n" for loss in written.losses)
    golden.check(f"openai-chat/dialect_{server}/losses.txt", names.encode())


def test_the_vendor_s_own_form_is_valid() -> None:
    check_request(Protocol.CHAT, write_request(RICH, _target()).body)
    streamed = write_request(RICH, _target(MARKING, stream=True))
    check_request(Protocol.CHAT, streamed.body, frozenset({"prompt_cache_breakpoint"}))


def test_the_same_request_gives_the_same_bytes() -> None:
    assert write_request(RICH, _target()) == write_request(RICH, _target())


def test_groq() -> None:
    body = _write(RICH, DIALECTS["groq"])
    assert body["temperature"] == 1e-8
    assert body["reasoning_format"] == "parsed"
    assert all("name" not in each for each in body["messages"])
    logs = replace(RICH, protocol=Protocol.CHAT, extras={"logprobs": True})
    written = write_request(logs, _target(DIALECTS["groq"]))
    assert b"logprobs" not in written.body
    assert {"field", "logprobs"} <= _lost(written)


def test_cerebras() -> None:
    body = _write(RICH, DIALECTS["cerebras"])
    assert [each["function"]["strict"] for each in body["tools"]] == [True, True]
    assert body["messages"][1]["role"] == "system"
    assert body["messages"][3]["reasoning"] == "Hm."


def test_cloudflare() -> None:
    body = _write(RICH, DIALECTS["cloudflare"])
    assert body["messages"][0]["content"].startswith("You code.\n\nBe brief.\n\n")
    assert body["messages"][3]["content"] == ""
    assert body["messages"][4]["content"] == "one\n\ntwo"
    assert isinstance(body["messages"][2]["content"], list)
    assert "tool_choice" not in body


def test_mistral() -> None:
    written = write_request(RICH, _target(DIALECTS["mistral"]))
    body = json.loads(written.body)
    roles = [each["role"] for each in body["messages"]]
    assert roles[4:9] == ["tool", "tool", "assistant", "user", "assistant"]
    assert "assistant_turn_added" in _lost(written)
    assert (body["tool_choice"], body["random_seed"]) == ("any", 7)
    assert body["max_tokens"] == 1000
    assert "max_completion_tokens" not in body


def test_openrouter() -> None:
    body = _write(RICH, DIALECTS["openrouter"])
    system = body["messages"][0]["content"]
    assert system[1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert body["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert body["reasoning"] == {"effort": "medium"}
    assert body["provider"] == {"data_collection": "deny"}


def test_openrouter_gets_its_own_details_back() -> None:
    details = [{"type": "reasoning.text", "text": "Hm", "signature": "c2ln"}]
    chunk = {"choices": [{"index": 0, "delta": {"reasoning_details": details}}]}
    reader = StreamReader(answer_id="a", model="m")
    events = [
        *reader.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n"),
        *reader.feed(b"data: [DONE]\n\n"),
    ]
    (sealed,) = (each.data for each in events if isinstance(each, ThinkingSealed))
    thought = Thinking("Hm", sealed=sealed, origin=Origin(Protocol.CHAT))
    request = _said(thought, Text("Yes."), role=Role.ASSISTANT)
    (message,) = _write(request, DIALECTS["openrouter"])["messages"]
    assert message["reasoning_details"] == details


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        (Reasoning(effort="medium"), {"reasoning_effort": "medium"}),
        (Reasoning(mode="disabled"), {"reasoning_effort": "none"}),
        (
            Reasoning(mode="enabled", budget_tokens=8_192),
            {"reasoning_effort": "medium"},
        ),
        (Reasoning(mode="adaptive"), {}),
    ],
)
def test_effort_is_a_level(wish: Reasoning, fields: dict[str, Any]) -> None:
    body = _write(_said(Text("a"), reasoning=wish))
    assert {k: v for k, v in body.items() if k.startswith("reasoning")} == fields


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        (
            Reasoning(effort="xhigh"),
            {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
        ),
        (Reasoning(mode="disabled"), {"thinking": {"type": "disabled"}}),
        (Reasoning(mode="enabled"), {"thinking": {"type": "enabled"}}),
    ],
)
def test_deepseek(wish: Reasoning, fields: dict[str, Any]) -> None:
    body = _write(_said(Text("a"), reasoning=wish), DIALECTS["deepseek"])
    assert {name: body.get(name) for name in fields} == fields
    history = _write(RICH, DIALECTS["deepseek"])["messages"][3]
    assert history["reasoning_content"] == "Hm."


@pytest.mark.parametrize(
    ("wish", "shape"),
    [
        (Reasoning(effort="none"), {"enabled": False}),
        (Reasoning(budget_tokens=2_000), {"max_tokens": 2_000}),
        (Reasoning(mode="enabled"), {"enabled": True}),
    ],
)
def test_reasoning_as_an_object(wish: Reasoning, shape: dict[str, Any]) -> None:
    body = _write(_said(Text("a"), reasoning=wish), DIALECTS["openrouter"])
    assert body["reasoning"] == shape


def test_a_wish_without_a_word_is_named() -> None:
    wish = _said(Text("a"), reasoning=Reasoning(effort="high"))
    assert _losses(wish, DIALECTS["together"]) == {"reasoning_wish"}
    only_high = replace(VENDOR, efforts=("low", "high"))
    off = _said(Text("a"), reasoning=Reasoning(effort="none"))
    assert _losses(off, only_high) == {"reasoning_wish"}


def test_a_schema_on_a_server_of_plain_objects() -> None:
    form = OutputFormat("json_schema", "t", SCHEMA)
    written = write_request(
        _said(Text("a"), output_format=form), _target(DIALECTS["deepseek"])
    )
    body = json.loads(written.body)
    assert body["response_format"] == {"type": "json_object"}
    assert json.dumps(SCHEMA, separators=(",", ":")) in body["messages"][0]["content"]
    assert _lost(written) == {"output_format"}
    plain = _said(Text("a"), output_format=OutputFormat("json_object"))
    body = _write(plain, DIALECTS["localai"])
    assert "response_format" not in body
    assert "JSON object" in body["messages"][0]["content"]


def test_xai_takes_no_stop() -> None:
    written = write_request(RICH, _target(DIALECTS["xai"]))
    assert "stop" not in json.loads(written.body)
    assert "field" in _lost(written)


def test_usage_is_asked_for_at_the_end_of_streams() -> None:
    body = _write(RICH, stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert "stream_options" not in _write(RICH)
    assert "stream_options" not in _write(RICH, DIALECTS["localai"], stream=True)


# --- conversations ------------------------------------------------------------------


def test_a_signature_goes_back_on_its_call() -> None:
    proof = Thinking(signature="c2ln", origin=Origin(Protocol.GEMINI))
    written = write_request(
        _said(proof, ToolCall("c1", "read", "{}"), role=Role.ASSISTANT), _target()
    )
    (message,) = json.loads(written.body)["messages"]
    (call,) = message["tool_calls"]
    assert call["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert not written.losses
    alone = _said(proof, Text("a"), role=Role.ASSISTANT)
    assert _losses(alone) == {"thinking_replay"}


def test_documents_in_every_form() -> None:
    parts = (
        Document(Base64("application/pdf", "JVBE"), "a.pdf"),
        Document(Base64("", "JVBE")),
        Document(FileId("f1")),
        Document(Text("plain words"), "notes"),
        Document((Text("one"), PIXEL)),
        Document(Url("data:text/plain;base64,YQ==")),
        Document(Url("https://example.com/a"), context="From the web."),
    )
    written = write_request(_said(*parts), _target())
    check_request(Protocol.CHAT, written.body)
    content = json.loads(written.body)["messages"][0]["content"]
    assert content[0]["file"] == {
        "filename": "a.pdf",
        "file_data": "data:application/pdf;base64,JVBE",
    }
    assert [each["type"] for each in content] == [
        *["file"] * 3,
        *["text"] * 3,
        "image_url",
        "file",
        "text",
    ]
    assert _lost(written) == {"document_left_out", "document_options"}


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (_said(Image(FileId("f1"))), {"image_left_out"}),
        (_said(ToolResult("c", (PIXEL,))), {"image_left_out"}),
        (_said(ToolResult("c", (), cache=CacheMark())), {"cache_marks"}),
        (_said(Text("a", cache=CacheMark())), {"cache_marks"}),
        (_said(Text("a"), cache=CacheMark()), {"cache_marks"}),
        (
            _said(
                ToolCall("c", "n", "{}", namespace="x", cache=CacheMark()),
                role=Role.ASSISTANT,
            ),
            {"namespace", "cache_marks"},
        ),
        (
            _said(
                Text("a", citations=(Citation(Protocol.MESSAGES, {}),)),
                role=Role.ASSISTANT,
            ),
            {"citation"},
        ),
        (
            _said(ToolCall("c", "n", "{}"), Text("late"), role=Role.ASSISTANT),
            {"part_order"},
        ),
        (
            _said(ServerPart(Protocol.MESSAGES, "x", {}), role=Role.ASSISTANT),
            {"unknown_part"},
        ),
        (_said(Thinking("Hm."), role=Role.ASSISTANT), {"thinking_replay"}),
        (_said(Thinking(sealed="eA=="), role=Role.ASSISTANT), {"thinking_replay"}),
        (
            _said(
                Thinking(sealed="no JSON", origin=Origin(Protocol.CHAT)),
                role=Role.ASSISTANT,
            ),
            {"thinking_replay"},
        ),
        (_said(Text("a"), limits=Limits(max_tool_calls=3)), {"max_tool_calls"}),
        (_said(Text("a"), include=("x",)), {"extra_output"}),
        (_said(Text("a"), kept=Kept(previous="r")), {"stored_answer"}),
        (_said(Text("a"), kept=Kept(store=True)), {"stored_answer"}),
        (_said(Text("a"), metadata=Metadata(labels={"a": 1})), {"metadata"}),
        (
            _said(Text("a"), tools=(SEARCH,)),
            {"server_tool_offered"},
        ),
    ],
)
def test_what_has_no_place_is_named(request_: Request, names: set[str]) -> None:
    written = write_request(request_, _target())
    assert _lost(written) == names
    assert all(loss.detail == LOSSES[loss.name] for loss in written.losses)


def test_marks_stand_on_the_last_text_of_a_result() -> None:
    result = ToolResult("c", (Text("a"), Text("b")), cache=CacheMark("12h"))
    (message,) = _write(_said(result), MARKING)["messages"]
    mark = {"mode": "explicit", "ttl": "12h"}
    assert message["content"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "prompt_cache_breakpoint": mark},
    ]


# --- tools --------------------------------------------------------------------------

_TOOLS = (FunctionTool("read", schema=SCHEMA), CustomTool("patch"))


@pytest.mark.parametrize(
    ("choice", "shape"),
    [
        (ToolChoice(Choice.AUTO), "auto"),
        (ToolChoice(Choice.ANY), "required"),
        (ToolChoice(Choice.NONE), "none"),
        (
            ToolChoice(Choice.TOOL, "read"),
            {"type": "function", "function": {"name": "read"}},
        ),
        (
            ToolChoice(Choice.TOOL, "patch", CallKind.CUSTOM),
            {"type": "custom", "custom": {"name": "patch"}},
        ),
        (
            ToolChoice(Choice.ANY, allowed=("patch", "read")),
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "custom", "custom": {"name": "patch"}},
                        {"type": "function", "function": {"name": "read"}},
                    ],
                },
            },
        ),
    ],
)
def test_choices(choice: ToolChoice, shape: Any) -> None:
    request = _said(Text("a"), tools=_TOOLS, tool_choice=choice)
    written = write_request(request, _target())
    check_request(Protocol.CHAT, written.body)
    assert json.loads(written.body)["tool_choice"] == shape


def test_what_is_not_allowed_is_not_listed() -> None:
    choice = ToolChoice(Choice.AUTO, allowed=("read",))
    request = _said(Text("a"), tools=_TOOLS, tool_choice=choice)
    body = _write(request, OTHER)
    assert [each["function"]["name"] for each in body["tools"]] == ["read"]
    assert body["tool_choice"] == "auto"


def test_choices_that_cannot_be_said_are_named() -> None:
    weak = replace(OTHER, required_word="", forced_tool=False, tools_off=False)
    for choice in (Choice.ANY, Choice.NONE, Choice.TOOL):
        wish = ToolChoice(choice, "read" if choice is Choice.TOOL else None)
        request = _said(Text("a"), tools=_TOOLS[:1], tool_choice=wish)
        assert _losses(request, weak) == {"tool_choice"}
    none = replace(OTHER, tools=False)
    assert _losses(_said(Text("a"), tools=_TOOLS), none) == {"tool_options"}


def test_without_tools_nothing_is_said_of_calls() -> None:
    wish = ToolChoice(Choice.AUTO)
    body = _write(_said(Text("a"), tool_choice=wish, parallel_tools=True))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)


def test_tools_in_groups_and_in_the_middle_are_listed() -> None:
    late = ToolsAdded((FunctionTool("late"),))
    grouped = Namespace("g", None, (FunctionTool("inner"),))
    request = _said(late, Text("a"), tools=(grouped,))
    body = _write(request)
    assert [each["function"]["name"] for each in body["tools"]] == ["inner", "late"]
    empty = {"type": "object", "properties": {}}
    assert body["tools"][0]["function"]["parameters"] == empty


# --- any request --------------------------------------------------------------------

_NONE = {CallKind.FUNCTION: "{}", CallKind.CUSTOM: ""}
_SHOWING = replace(VENDOR, reasoning_back=ReasoningBack.ALWAYS)


@given(requests(Protocol.CHAT))
def test_what_a_client_asked_survives(request: Request) -> None:
    target = replace(_target(_SHOWING, stream=request.stream), model=request.model)
    written = write_request(request, target)
    check_request(Protocol.CHAT, written.body, frozenset({"reasoning_content"}))
    assert _lost(written) <= {"part_order"}
    again = read_request(written.body)
    assert [_level(each) for each in again.messages] == (
        [_level(each) for each in request.messages]
    )
    assert _wishes(again) == _wishes(request)


def _wishes(request: Request) -> Request:
    # A stream is always asked for its usage, and a choice only with tools.
    return replace(request, messages=(), stream_usage=False)


def _level(message: Message) -> Message:
    """The message with the reasoning first and the calls last, as Chat has them."""
    if message.role is not Role.ASSISTANT:
        return message
    thoughts = [each for each in message.parts if isinstance(each, Thinking)]
    # No arguments are an empty object.
    calls = [
        replace(each, arguments=each.arguments or _NONE[each.kind])
        for each in message.parts
        if isinstance(each, ToolCall)
    ]
    others = [e for e in message.parts if not isinstance(e, Thinking | ToolCall)]
    text = "\n\n".join(each.text for each in thoughts)
    thought = [Thinking(text, origin=Origin(Protocol.CHAT))] if thoughts else []
    return replace(message, parts=(*thought, *others, *calls))


@given(fitted(Protocol.CHAT))
def test_fitted_requests_are_valid(request: Request) -> None:
    written = write_request(request, _target(stream=request.stream))
    check_request(Protocol.CHAT, written.body)
    assert _lost(written) <= {"part_order", "thinking_replay"}


@settings(max_examples=40)
@given(st.sampled_from(Protocol).flatmap(requests))
def test_no_request_breaks_the_writer(request: Request) -> None:
    for server in ("mistral", "openrouter", "cloudflare"):
        body = _write(request, DIALECTS[server])
        assert body["model"] == "their-model"
        if server == "cloudflare":
            texts = [each["content"] for each in body["messages"]]
            assert all(isinstance(each, str) or _mixed(each) for each in texts)


def _mixed(content: Any) -> bool:
    return any(each["type"] != "text" for each in content)


def test_frozen_schemas_are_written() -> None:
    inner: Any = MappingProxyType({"type": "string"})
    frozen: Any = MappingProxyType({"type": "object", "properties": {"a": inner}})
    request = _said(Text("a"), tools=(FunctionTool("t", schema=frozen),))
    (tool,) = _write(request)["tools"]
    assert tool["function"]["parameters"]["properties"] == {"a": {"type": "string"}}
