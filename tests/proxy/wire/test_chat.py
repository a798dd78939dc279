"""Chat requests, read message by message; what is said of answers only here."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from request_bodies import CHAT, damaged

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    Base64,
    CacheMark,
    CallKind,
    Choice,
    Citation,
    CitationAdded,
    CustomTool,
    Document,
    Event,
    FileId,
    FunctionTool,
    Grammar,
    Image,
    Message,
    Opaque,
    Origin,
    PartEnded,
    Protocol,
    Request,
    Role,
    ServerTool,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
    Usage,
)
from proxy.wire.chat.client.answer import finish_reason, write_answer
from proxy.wire.chat.client.request import read_request
from proxy.wire.fields import WireError


def _read(**fields: Any) -> Request:
    body = {"model": "m", "messages": [], **fields}
    return read_request(json.dumps(body).encode())


def _message(**fields: Any) -> Message:
    return _read(messages=[fields]).messages[0]


def test_a_whole_request_is_read() -> None:
    request = read_request(json.dumps(CHAT).encode())
    assert request.protocol is Protocol.CHAT
    assert request.limits.max_output_tokens == 32_000
    assert request.limits.stop_sequences == ("END",)
    assert request.stream_usage is True
    assert request.reasoning is not None
    assert request.reasoning.effort == "medium"
    assert request.sampling.temperature == 0
    assert request.sampling.seed == 7
    assert request.extras == {"logit_bias": {"50256": -100}}
    assert request.messages == (
        Message(Role.SYSTEM, (Text("You code."),)),
        Message(
            Role.USER,
            (Text("What is this?"), Image(Base64("image/png", "iVBO"), "low")),
        ),
        Message(
            Role.ASSISTANT,
            (
                Thinking("Hm.", origin=Origin(Protocol.CHAT)),
                ToolCall("call_1", "read", '{"path":"a.py"}'),
            ),
        ),
        Message(Role.USER, (ToolResult("call_1", (Text("print()"),)),)),
    )


def test_the_newer_limit_wins() -> None:
    limits = _read(max_tokens=5, max_completion_tokens=9).limits
    assert limits.max_output_tokens == 9
    assert _read(stop=["a", "b"]).limits.stop_sequences == ("a", "b")
    assert _read(stop=None).limits.stop_sequences == ()


def test_tools_of_every_kind() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}
    strange: dict[str, Any] = {"type": "strange", "name": "x"}
    request = _read(
        tools=[
            {"type": "function", "function": {"name": "f", "strict": True}},
            {"type": "custom", "custom": {"name": "c", "format": grammar}},
            {"type": "custom", "custom": {"name": "d", "format": {"type": "text"}}},
            strange,
        ]
    )
    assert request.tools == (
        FunctionTool("f", strict=True),
        CustomTool("c", grammar=Grammar("regex", "a+")),
        CustomTool("d"),
        ServerTool(Protocol.CHAT, "strange", "x", strange),
    )


@pytest.mark.parametrize(
    ("given", "choice", "name"),
    [
        ("auto", Choice.AUTO, None),
        ("required", Choice.ANY, None),
        ({"type": "function", "function": {"name": "f"}}, Choice.TOOL, "f"),
        ({"type": "custom", "custom": {"name": "c"}}, Choice.TOOL, "c"),
    ],
)
def test_choices(given: Any, choice: Choice, name: str | None) -> None:
    found = _read(tool_choice=given).tool_choice
    assert found is not None
    assert (found.choice, found.name) == (choice, name)


def test_allowed_tools() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}, {"type": "web_search"}]
    allowed = {"mode": "auto", "tools": tools}
    found = _read(
        tool_choice={"type": "allowed_tools", "allowed_tools": allowed}
    ).tool_choice
    assert found is not None
    assert (found.choice, found.allowed) == (Choice.AUTO, ("f", "web_search"))


def test_parts_of_every_kind() -> None:
    audio: dict[str, Any] = {"type": "input_audio", "input_audio": {"data": "x"}}
    message = _message(
        role="user",
        name="ann",
        content=[
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": "https://e.com/a"},
            {"type": "file", "file": {"file_id": "f1", "filename": "a.pdf"}},
            {"type": "file", "file": {"file_data": "data:text/plain;base64,YQ=="}},
            audio,
        ],
    )
    assert message.name == "ann"
    assert message.parts == (
        Text("a", cache=CacheMark()),
        Image(Url("https://e.com/a")),
        Document(FileId("f1"), "a.pdf"),
        Document(Base64("text/plain", "YQ==")),
        Opaque(Protocol.CHAT, "input_audio", audio),
    )


def test_what_the_assistant_said_before() -> None:
    custom = {"id": "c2", "type": "custom", "custom": {"name": "p", "input": "x"}}
    message = _message(
        role="assistant",
        content="Yes.",
        refusal="No.",
        tool_calls=[custom],
        function_call={"name": "old", "arguments": "{}"},
    )
    assert message.parts == (
        Text("Yes."),
        Text("No.", refusal=True),
        ToolCall("c2", "p", "x", CallKind.CUSTOM),
        ToolCall("old", "old", "{}"),
    )
    old = _message(role="function", name="old", content="1")
    assert old.parts == (ToolResult("old", (Text("1"),)),)


def test_reasoning_in_other_shapes_is_kept_aside() -> None:
    message = _message(role="assistant", content="a", reasoning={"x": 1})
    assert message.parts == (Text("a"),)
    assert message.extras == {"reasoning": {"x": 1}}
    assert _message(role="assistant", content="a", reasoning="").parts == (Text("a"),)


def test_a_form_for_the_answer() -> None:
    schema = {"name": "t", "schema": {"type": "object"}, "strict": True}
    form = _read(response_format={"type": "json_schema", "json_schema": schema})
    assert form.output_format is not None
    assert (form.output_format.name, form.output_format.strict) == ("t", True)
    plain = _read(response_format={"type": "json_object"}).output_format
    assert plain is not None
    assert plain.kind == "json_object"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"messages": None}, "messages is missing."),
        (
            {"messages": [{"role": "judge", "content": ""}]},
            "messages[0].role is not a role this protocol knows.",
        ),
        ({"messages": [{"role": "user"}]}, "messages[0].content is missing."),
        (
            {"messages": [{"role": "tool", "content": ""}]},
            "messages[0].tool_call_id is missing.",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"type": "x"}]}]},
            "messages[0].tool_calls[0].type must be function or custom.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].image_url is missing.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "messages[0].content[0].file.file_data is missing.",
        ),
        ({"stop": 7}, "stop must be a string or a list of strings."),
        ({"tool_choice": "any"}, "tool_choice must be auto, required or none."),
        ({"temperature": "0"}, "temperature must be a number, not a string."),
    ],
)
def test_errors_name_the_field(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError) as caught:
        _read(**fields)
    assert str(caught.value) == message


@given(body=damaged(CHAT))
def test_a_damaged_request_is_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert read_request(body).protocol is Protocol.CHAT


def test_a_refusal_without_words_is_a_filter() -> None:
    assert finish_reason(StopReason.REFUSAL, refused=False) == "content_filter"
    assert finish_reason(StopReason.REFUSAL, refused=True) == "stop"


def test_citations_stand_in_the_whole_answer() -> None:
    raw: dict[str, Any] = {"type": "url_citation", "url_citation": {"url": "u"}}
    own = Citation(Protocol.CHAT, raw)
    foreign = Citation(Protocol.MESSAGES, {}, url="https://e.com")
    nowhere = Citation(Protocol.MESSAGES, {})
    events: tuple[Event, ...] = (
        AnswerStarted("a", "m"),
        TextStarted(0),
        TextDelta(0, "abc"),
        PartEnded(0),
        TextStarted(1),
        TextDelta(1, "defg"),
        *(CitationAdded(1, each) for each in (own, foreign, nowhere)),
        PartEnded(1),
        AnswerEnded(StopReason.END_TURN, usage=Usage(1, output_tokens=1)),
    )
    body = json.loads(write_answer(_read(), events, created=1).body)
    message = body["choices"][0]["message"]
    assert message["content"] == "abcdefg"
    assert message["annotations"] == [
        raw,
        {
            "type": "url_citation",
            "url_citation": {
                "url": "https://e.com",
                "title": "https://e.com",
                "start_index": 3,
                "end_index": 7,
            },
        },
    ]
