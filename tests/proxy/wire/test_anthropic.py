"""Messages requests, read field by field; what is said of answers only here."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from request_bodies import MESSAGES, damaged

from proxy.model import (
    AnswerEnded,
    Base64,
    CacheMark,
    CallKind,
    Choice,
    Document,
    FileId,
    FunctionTool,
    Image,
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
    Url,
)
from proxy.wire.anthropic.client.answer import ending
from proxy.wire.anthropic.client.request import read_request
from proxy.wire.anthropic.inputs import call_input
from proxy.wire.fields import WireError


def _read(**fields: Any) -> Request:
    body = {"model": "m", "messages": [], **fields}
    return read_request(json.dumps(body).encode())


def _parts(*blocks: dict[str, Any]) -> tuple[Any, ...]:
    request = _read(messages=[{"role": "user", "content": list(blocks)}])
    return request.messages[0].parts


def test_a_whole_request_is_read() -> None:
    request = read_request(json.dumps(MESSAGES).encode())
    assert request.protocol is Protocol.MESSAGES
    assert request.model == "claude-opus-5-5"
    assert request.system == (
        Text("x-anthropic-billing-header: cc"),
        Text("You code.", cache=CacheMark("1h")),
    )
    assert [each.role for each in request.messages] == [
        Role.USER,
        Role.SYSTEM,
        Role.ASSISTANT,
        Role.USER,
    ]
    assert request.limits.max_output_tokens == 128_000
    assert request.limits.stop_sequences == ("END",)
    assert request.stream is True
    assert request.metadata.user == '{"session_id":"s"}'
    assert request.reasoning is not None
    assert request.reasoning.mode == "adaptive"
    assert request.reasoning.effort == "high"
    assert request.reasoning.display == "omitted"
    assert request.tool_choice is not None
    assert request.tool_choice.choice is Choice.AUTO
    assert request.parallel_tools is False
    assert request.extras == {
        "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
        "new_field": [1, {"deep": None}],
    }


def test_tools_are_read_or_kept_whole() -> None:
    request = read_request(json.dumps(MESSAGES).encode())
    read, search = request.tools
    assert read == FunctionTool(
        "Read",
        "Reads a file.",
        {"type": "object", "properties": {"file_path": {"type": "string"}}},
        cache=CacheMark(),
        extras={"defer_loading": True},
    )
    assert search == ServerTool(
        Protocol.MESSAGES,
        "web_search_20250305",
        "web_search",
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    )
    assert [each.tool.name for each in request.offered] == ["Read"]


def test_thinking_comes_back_with_its_proof_and_origin() -> None:
    origin = Origin(Protocol.MESSAGES)
    assert _parts(
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
    ) == (
        Thinking("Hm.", signature="c2ln", origin=origin),
        Thinking(sealed="eA==", origin=origin),
    )


def test_calls_keep_their_input_as_text() -> None:
    request = read_request(json.dumps(MESSAGES).encode())
    call = request.messages[2].parts[1]
    assert call == ToolCall("toolu_1", "Read", '{"file_path":"a.py","limit":2}')


def test_results_keep_images_and_errors() -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "iVBO"}
    (result,) = _parts(
        {
            "type": "tool_result",
            "tool_use_id": "toolu_1",
            "is_error": True,
            "content": [{"type": "image", "source": image}],
        }
    )
    assert result == ToolResult(
        "toolu_1", (Image(Base64("image/png", "iVBO")),), is_error=True
    )
    assert _parts({"type": "tool_result", "tool_use_id": "t", "content": "ok"}) == (
        ToolResult("t", (Text("ok"),)),
    )
    assert _parts({"type": "tool_result", "tool_use_id": "t"}) == (ToolResult("t", ()),)


def test_images_and_documents_of_every_source() -> None:
    found = _parts(
        {"type": "image", "source": {"type": "url", "url": "https://e.com/a"}},
        {"type": "image", "source": {"type": "file", "file_id": "f1"}},
        {
            "type": "document",
            "title": "T",
            "context": "C",
            "citations": {"enabled": True},
            "source": {"type": "text", "media_type": "text/plain", "data": "words"},
        },
        {
            "type": "document",
            "source": {
                "type": "content",
                "content": [{"type": "text", "text": "inner"}],
            },
        },
        {"type": "document", "source": {"type": "content", "content": "plain"}},
    )
    assert found == (
        Image(Url("https://e.com/a")),
        Image(FileId("f1")),
        Document(Text("words"), "T", "C", citations=True),
        Document((Text("inner"),)),
        Document((Text("plain"),)),
    )


def test_a_document_in_a_document_is_kept_whole() -> None:
    inner: dict[str, Any] = {
        "type": "document",
        "source": {"type": "content", "content": []},
    }
    outer = {"type": "document", "source": {"type": "content", "content": [inner]}}
    (found,) = _parts(outer)
    assert found == Document((Opaque(Protocol.MESSAGES, "document", inner),))


def test_citations_are_kept_whole() -> None:
    raw = {
        "type": "web_search_result_location",
        "url": "https://e.com",
        "title": "E",
        "cited_text": "sunny",
        "encrypted_index": "x",
    }
    (text,) = _parts({"type": "text", "text": "Sunny.", "citations": [raw]})
    assert text.citations[0].raw == raw
    assert (text.citations[0].url, text.citations[0].quote) == (
        "https://e.com",
        "sunny",
    )


def test_blocks_of_the_provider_are_kept_whole() -> None:
    call: dict[str, Any] = {
        "type": "server_tool_use",
        "id": "s1",
        "name": "web_search",
        "input": {},
    }
    result: dict[str, Any] = {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [],
    }
    strange: dict[str, Any] = {"type": "from_the_future", "x": 1}
    assert _parts(call, result, strange) == (
        ServerPart(Protocol.MESSAGES, "server_tool_use", call, "s1"),
        ServerPart(Protocol.MESSAGES, "web_search_tool_result", result, "s1"),
        Opaque(Protocol.MESSAGES, "from_the_future", strange),
    )


def test_forced_tools() -> None:
    forced = _read(tool_choice={"type": "tool", "name": "Read"}).tool_choice
    assert forced is not None
    assert (forced.choice, forced.name) == (Choice.TOOL, "Read")
    none = _read(tool_choice={"type": "none"})
    assert none.tool_choice is not None
    assert none.tool_choice.choice is Choice.NONE
    assert none.parallel_tools is None


def test_structured_output_is_read() -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    request = _read(output_config={"format": form, "task_budget": {"total": 1}})
    assert request.output_format is not None
    assert request.output_format.schema == {"type": "object"}
    assert request.extras == {"output_config": {"task_budget": {"total": 1}}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": None}, "model is missing."),
        ({"messages": None}, "messages is missing."),
        ({"messages": {}}, "messages must be a list, not an object."),
        ({"messages": [1]}, "messages[0] must be an object, not a number."),
        (
            {"messages": [{"role": "tool", "content": ""}]},
            "messages[0].role must be user, assistant or system.",
        ),
        ({"messages": [{"role": "user"}]}, "messages[0].content is missing."),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text is missing.",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image", "source": {"type": "x"}}],
                    }
                ]
            },
            "messages[0].content[0].source.type must be base64, url or file.",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "document", "source": {"type": "content"}}
                        ],
                    }
                ]
            },
            "messages[0].content[0].source.content is missing.",
        ),
        ({"max_tokens": "9"}, "max_tokens must be a whole number, not a string."),
        ({"max_tokens": True}, "max_tokens must be a whole number, not a boolean."),
        ({"stream": "yes"}, "stream must be a boolean, not a string."),
        ({"stop_sequences": [1]}, "stop_sequences must hold strings only."),
        ({"system": 7}, "system must be a string or a list of objects, not a number."),
        (
            {"tool_choice": {"type": "maybe"}},
            "tool_choice.type must be auto, any, none or tool.",
        ),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name is missing."),
    ],
)
def test_errors_name_the_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError) as caught:
        _read(**fields)
    assert str(caught.value) == message


@given(body=damaged(MESSAGES))
def test_a_damaged_request_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert read_request(body).protocol is Protocol.MESSAGES


@pytest.mark.parametrize(
    ("arguments", "kind", "wanted"),
    [
        ('{"a":1}', CallKind.FUNCTION, {"a": 1}),
        ("", CallKind.FUNCTION, {}),
        (" ", CallKind.FUNCTION, {}),
        ("[1]", CallKind.FUNCTION, {"input": "[1]"}),
        ('{"a":', CallKind.FUNCTION, {"input": '{"a":'}),
        ("*** patch", CallKind.CUSTOM, {"input": "*** patch"}),
    ],
)
def test_the_input_of_a_call_is_always_an_object(
    arguments: str, kind: CallKind, wanted: dict[str, Any]
) -> None:
    assert call_input(arguments, kind) == wanted


@given(stop=st.sampled_from(StopReason), category=st.text())
def test_every_stop_has_a_word(stop: StopReason, category: str) -> None:
    shape = ending(AnswerEnded(stop, category=category))
    assert shape["stop_reason"]
    assert ("stop_details" in shape) == (stop is StopReason.REFUSAL)
