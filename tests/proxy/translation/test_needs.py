from __future__ import annotations

from typing import Any

import pytest

from proxy.model import (
    Choice,
    Document,
    FileId,
    FunctionTool,
    Image,
    Kept,
    Message,
    Opaque,
    Part,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from proxy.translation.needs import obstacles
from proxy.wire.dialect import VENDOR_DIALECTS

_CHAT = VENDOR_DIALECTS[Protocol.CHAT]
_SEARCH = ServerTool(Protocol.RESPONSES, "web_search", "web_search", {})


def _request(*parts: Part, role: Role = Role.ASSISTANT, **more: Any) -> Request:
    messages = (
        Message(Role.USER, (Text("x"),)),
        Message(role, parts or (Text("y"),)),
    )
    return Request(Protocol.RESPONSES, "m", messages, **more)


def _names(request: Request, protocol: Protocol = Protocol.CHAT) -> list[str]:
    found = obstacles(request, protocol, VENDOR_DIALECTS[protocol])
    assert all(each.sentence.endswith(".") for each in found)
    return [each.name for each in found]


def _item(kind: str, **raw: Any) -> Opaque:
    return Opaque(Protocol.RESPONSES, kind, {"type": kind, **raw})


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        (_request(), []),
        (_request(tools=(_SEARCH,)), []),
        (
            _request(tools=(_SEARCH,), tool_choice=ToolChoice(Choice.TOOL, hosted="x")),
            ["forced_server_tool"],
        ),
        (
            _request(
                tools=(_SEARCH,), tool_choice=ToolChoice(Choice.TOOL, "web_search")
            ),
            ["forced_server_tool"],
        ),
        (
            _request(tools=(_SEARCH,), tool_choice=ToolChoice(Choice.ANY)),
            ["forced_server_tool"],
        ),
        (
            _request(
                tools=(_SEARCH, FunctionTool("f")), tool_choice=ToolChoice(Choice.ANY)
            ),
            [],
        ),
        (_request(kept=Kept(previous="r")), ["previous_response"]),
        (_request(kept=Kept(conversation="c")), ["conversation"]),
        (_request(kept=Kept(store=True)), []),
        (_request(extras={"background": True}), ["field_background"]),
        (_request(include=("reasoning.encrypted_content",)), []),
        (_request(_item("item_reference")), ["part_item_reference"]),
        (_request(_item("compaction", encrypted_content="x")), ["part_compaction"]),
        (_request(_item("computer_call")), ["part_computer_call"]),
        (_request(_item("program"), _item("program")), ["part_program"]),
        (_request(_item("shell_call"), _item("apply_patch_call")), []),
        (_request(ServerPart(Protocol.RESPONSES, "web_search_call", {})), []),
        (
            _request(ServerPart(Protocol.RESPONSES, "mcp_approval_request", {})),
            ["part_mcp_approval_request"],
        ),
        (_request(Image(FileId("f")), role=Role.USER), ["image"]),
        (_request(Document(FileId("f")), role=Role.USER), ["document"]),
        (_request(Image(Url("https://a.example")), role=Role.USER), []),
    ],
)
def test_what_an_answer_depends_on(request_: Request, names: list[str]) -> None:
    assert _names(request_) == names


def test_one_s_own_protocol_has_a_place_for_everything() -> None:
    request = _request(
        _item("compaction"),
        kept=Kept(previous="r"),
        extras={"background": True},
        tool_choice=ToolChoice(Choice.TOOL, hosted="x"),
        tools=(_SEARCH,),
    )
    assert _names(request, Protocol.RESPONSES) == []


def test_a_forced_call_needs_a_provider_that_forces() -> None:
    tools = (FunctionTool("t"),)
    forced = _request(tools=tools, tool_choice=ToolChoice(Choice.ANY))
    assert _names(forced, Protocol.OLLAMA) == ["forced_tool"]
    free = _request(tools=tools, tool_choice=ToolChoice(Choice.AUTO))
    assert _names(free, Protocol.OLLAMA) == []


def test_images_of_the_newest_results_count() -> None:
    messages = (
        Message(Role.ASSISTANT, (ToolCall("c", "look", "{}"),)),
        Message(Role.USER, (ToolResult("c", (Image(Url("https://a.example")),)),)),
    )
    request = Request(Protocol.CHAT, "m", messages)
    assert _names(request, Protocol.OLLAMA) == ["image"]
