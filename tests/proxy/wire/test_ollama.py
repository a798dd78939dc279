"""Ollama's protocol: requests as the server takes them, answers as it sends them."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from golden_files import Golden
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import PIXEL, fitted
from ollama import Image as OllamaImage
from sdk_types import check_request

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Base64,
    CacheMark,
    CallKind,
    Choice,
    CustomTool,
    Document,
    Event,
    FileId,
    FunctionTool,
    Image,
    JsonObject,
    Limits,
    Message,
    Metadata,
    Opaque,
    OutputFormat,
    Part,
    PartEnded,
    Ping,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    StopReason,
    Text,
    TextDelta,
    Thinking,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Url,
    Usage,
    gather,
)
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect, FormatWord, ReasoningWord
from proxy.wire.incoming import EVENT_LIMIT
from proxy.wire.ollama.answer import read_answer
from proxy.wire.ollama.request import write_request
from proxy.wire.ollama.stream import StreamReader

_GOLDEN = Path(__file__).resolve().parents[2] / "golden"
_VENDOR = VENDOR_DIALECTS[Protocol.OLLAMA]
_TOOL = FunctionTool("read", "Reads.", {"type": "object", "properties": {"p": {}}})


def _target(dialect: Dialect = _VENDOR, **more: Any) -> Target:
    return Target(Protocol.OLLAMA, "local", "qwen3:8b", dialect, **more)


def _said(*parts: Part, role: Role = Role.USER) -> Message:
    return Message(role, parts)


def _request(*messages: Message, **more: Any) -> Request:
    given_messages = messages or (_said(Text("Hi")),)
    return Request(Protocol.MESSAGES, "claude", given_messages, **more)


def _body(request: Request, target: Target | None = None) -> Any:
    return json.loads(write_request(request, target or _target()).body)


def _lost(request: Request, dialect: Dialect = _VENDOR) -> set[str]:
    return {loss.name for loss in write_request(request, _target(dialect)).losses}


# --- requests -------------------------------------------------------------------------


def test_a_whole_conversation_is_written() -> None:
    request = _request(
        _said(Text("Look at"), Text("this."), Image(Base64("image/png", PIXEL))),
        _said(
            Thinking("I should read."),
            Text("Reading."),
            ToolCall("c1", "read", '{"p": "a", "big": 12345678901234567890}'),
            ToolCall("c2", "read", "{}"),
            role=Role.ASSISTANT,
        ),
        _said(
            ToolResult("c1", (Text("one"),)),
            ToolResult("c2", (Text("two"),)),
            Text("Go on."),
        ),
        _said(Text("Be quick."), role=Role.DEVELOPER),
        system=(Text("You help."), Text("In English.")),
        tools=(_TOOL,),
        limits=Limits(100, stop_sequences=("END",)),
        sampling=Sampling(0.0, 0.5, 7, 42),
        reasoning=Reasoning(effort="high"),
    )
    body = _body(request, _target(stream=True))
    assert body == {
        "model": "qwen3:8b",
        "messages": [
            {"role": "system", "content": "You help.\n\nIn English."},
            {"role": "user", "content": "Look at\n\nthis.", "images": [PIXEL]},
            {
                "role": "assistant",
                "content": "Reading.",
                "thinking": "I should read.",
                "tool_calls": [
                    {
                        "id": "c1",
                        "function": {
                            "name": "read",
                            "arguments": {"p": "a", "big": 12345678901234567890},
                        },
                    },
                    {"id": "c2", "function": {"name": "read", "arguments": {}}},
                ],
            },
            {
                "role": "tool",
                "content": "one",
                "tool_name": "read",
                "tool_call_id": "c1",
            },
            {
                "role": "tool",
                "content": "two",
                "tool_name": "read",
                "tool_call_id": "c2",
            },
            {"role": "user", "content": "Go on."},
            {"role": "system", "content": "Be quick."},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "read",
                    "description": "Reads.",
                    "parameters": {"type": "object", "properties": {"p": {}}},
                },
            }
        ],
        "think": "high",
        "options": {
            "num_ctx": 4096,
            "num_predict": 100,
            "temperature": 0.0,
            "top_p": 0.5,
            "top_k": 7,
            "seed": 42,
            "stop": ["END"],
        },
        "stream": True,
    }
    assert not _lost(request)


@given(fitted(Protocol.OLLAMA))
def test_every_fitted_request_is_what_the_vendor_takes(request: Request) -> None:
    written = write_request(request, _target())
    body = json.loads(written.body)
    for message in body["messages"]:
        # The package's own type holds a picture in an object and writes it as text.
        pictures = [OllamaImage(value=each) for each in message.pop("images", [])]
        dumped: list[Any] = [each.model_dump() for each in pictures]
        assert dumped == [PIXEL] * len(pictures)
    check_request(Protocol.OLLAMA, json.dumps(body).encode())
    assert written.losses == ()
    assert write_request(request, _target()) == written


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (None, None),
        (Reasoning(), None),
        (Reasoning(mode="enabled"), True),
        (Reasoning(mode="adaptive"), True),
        (Reasoning(mode="disabled"), False),
        (Reasoning(effort="none"), False),
        (Reasoning(effort="low"), "low"),
        (Reasoning(effort="max"), "high"),
        (Reasoning(budget_tokens=8_000), "medium"),
    ],
)
def test_the_wish_to_think(wish: Reasoning | None, told: object) -> None:
    assert _body(_request(reasoning=wish)).get("think") == told


def test_a_server_without_thinking_is_not_asked_to_think() -> None:
    dialect = replace(_VENDOR, reasoning=ReasoningWord.NONE)
    request = _request(reasoning=Reasoning(effort="high"))
    assert "think" not in _body(request, _target(dialect))
    assert _lost(request, dialect) == {"reasoning_wish"}


def test_the_form_of_the_answer() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
    }
    form = OutputFormat("json_schema", schema=schema)
    assert _body(_request(output_format=form))["format"] == schema
    plain = OutputFormat("json_object")
    assert _body(_request(output_format=plain))["format"] == "json"
    assert _body(_request(output_format=replace(form, schema=None)))["format"] == "json"
    assert "format" not in _body(_request(output_format=OutputFormat("text")))
    weak = _target(replace(_VENDOR, output_format=FormatWord.OBJECT))
    assert _body(_request(output_format=form), weak)["format"] == "json"
    none = _target(replace(_VENDOR, output_format=FormatWord.NONE))
    assert "format" not in _body(_request(output_format=form), none)


def test_room_is_asked_for_the_whole_request_and_its_answer() -> None:
    def room(characters: int, **more: Any) -> int:
        request = _request(_said(Text("word " * (characters // 5))), **more)
        found = _body(request, _target(max_output=2_000, context=131_072))
        size: int = found["options"]["num_ctx"]
        return size

    assert room(50) == 4_096
    assert room(40_000) == 12_288
    assert room(40_000, limits=Limits(max_output_tokens=32_000)) == 45_056
    assert room(4_000_000) == 131_072
    tools = tuple(replace(_TOOL, name=f"t{at}") for at in range(500))
    assert room(50, tools=tools) > room(50)
    assert _body(_request())["options"]["num_ctx"] == 8_192


def test_the_providers_file_has_the_last_word() -> None:
    always: JsonObject = {
        "options": {"num_ctx": 65_536, "mirostat": 1},
        "keep_alive": "30m",
    }
    dialect = replace(_VENDOR, always=always, never=("think",))
    body = _body(_request(reasoning=Reasoning(effort="low")), _target(dialect))
    assert body["options"] == {"num_ctx": 65_536, "mirostat": 1}
    assert body["keep_alive"] == "30m"
    assert "think" not in body


def test_a_dialect_without_sampling_sends_none() -> None:
    dialect = replace(_VENDOR, sampling=False, top_k=False, seed_field="")
    request = _request(sampling=Sampling(1.0, 1.0, 1, 1))
    assert set(_body(request, _target(dialect))["options"]) == {"num_ctx"}


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("", {}),
        (" ", {}),
        ('{"a"', {"input": '{"a"'}),
        ("[1]", {"input": "[1]"}),
        ("[" * 100_000, {"input": "[" * 100_000}),
        ('{\n "a" : 1.50 }', {"a": 1.5}),
    ],
)
def test_arguments_are_an_object_whatever_the_model_wrote(
    arguments: str, written: object
) -> None:
    call = ToolCall("c", "read", arguments)
    body = _body(_request(_said(call, role=Role.ASSISTANT)))
    (found,) = body["messages"][0]["tool_calls"]
    assert found["function"]["arguments"] == written


def test_tools_are_held_back_where_none_may_be_called() -> None:
    request = _request(tools=(_TOOL,), tool_choice=ToolChoice(Choice.NONE))
    assert "tools" not in _body(request)
    other = replace(_TOOL, name="write", schema=None)
    choice = ToolChoice(Choice.AUTO, allowed=("write",))
    (tool,) = _body(_request(tools=(_TOOL, other), tool_choice=choice))["tools"]
    assert tool["function"]["name"] == "write"
    assert tool["function"]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"tool_choice": ToolChoice(Choice.ANY)}, "tool_choice"),
        ({"tool_choice": ToolChoice(Choice.TOOL, "read")}, "tool_choice"),
        ({"parallel_tools": False}, "parallel_tools"),
        ({"tools": (CustomTool("patch"),)}, "server_tool_offered"),
        ({"tools": (replace(_TOOL, strict=True),)}, "strict_tools"),
        ({"cache": CacheMark()}, "cache_fields"),
        ({"cache_key": "k"}, "cache_fields"),
        ({"verbosity": "low"}, "verbosity"),
        ({"metadata": Metadata("u")}, "user"),
        ({"metadata": Metadata(labels={"a": "b"})}, "metadata"),
        ({"limits": Limits(max_tool_calls=1)}, "max_tool_calls"),
        ({"extras": {"x": 1}}, "field"),
        ({"messages": (_said(Image(Url("u"))),)}, "image_left_out"),
        ({"messages": (_said(Document(FileId("f"))),)}, "document_left_out"),
        ({"messages": (_said(Opaque(Protocol.CHAT, "x", {})),)}, "unknown_part"),
        ({"messages": (Message(Role.USER, (Text("a"),), "Ann"),)}, "message_name"),
    ],
)
def test_what_has_no_place_is_named(change: dict[str, Any], name: str) -> None:
    assert _lost(replace(_request(), **change)) == {name}


def test_text_before_a_result_stays_before_it_and_its_picture_inside() -> None:
    result = ToolResult("gone", (Text("r"), Image(Base64("image/png", PIXEL))))
    messages = _body(_request(_said(Text("a"), result, Document(Text("b")))))
    assert messages["messages"] == [
        {"role": "user", "content": "a"},
        {"role": "tool", "content": "r", "images": [PIXEL], "tool_call_id": "gone"},
        {"role": "user", "content": "b"},
    ]


# --- answers --------------------------------------------------------------------------


def _read(*pieces: bytes, end: bool = True) -> list[Event]:
    reader = StreamReader(answer_id="msg_abc123", model="asked")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.finish()] if end else events


def _line(content: str = "", done: bool | None = False, **more: Any) -> bytes:
    line = {"model": "m", "message": {"role": "assistant", "content": content}}
    return json.dumps({**line, "done": done, **more}).encode() + b"\n"


def _told(event: Any) -> str:
    """One event in a line, without what it leaves unsaid."""
    said = [f"{each.name}={getattr(event, each.name)!r}" for each in fields(event)]
    loud = [each for each in said if not each.endswith(("=None", "=False"))]
    return f"{type(event).__name__} {' '.join(loud)}\n".replace(", model=''", "")


_CASES = sorted(path.name for path in (_GOLDEN / "ollama-chat").iterdir())


@pytest.mark.parametrize("case", _CASES)
def test_golden_streams_read_the_same_however_they_are_cut(
    case: str, golden: Golden
) -> None:
    name = f"ollama-chat/{case}/stream.ndjson"
    stream = (_GOLDEN / name).read_bytes()
    golden.check(name, stream)
    whole = _read(stream)
    told = "".join(map(_told, whole))
    golden.check(f"ollama-chat/{case}/events.txt", told.encode())
    for at in range(1, len(stream)):
        assert _read(stream[:at], stream[at:]) == whole
    assert _read(*(bytes([byte]) for byte in stream)) == whole
    assert _read(stream.replace(b"\n", b"\r\n")) == whole
    assert _read(stream + stream) == whole, "nothing is read behind the end"


def test_calls_of_one_answer_have_ids_of_their_own() -> None:
    call = {"function": {"name": "f", "arguments": {}}}
    same = {"id": "x", **call}
    message = {"tool_calls": [call, same, same, {"id": "", **call}]}
    events = _read(_line(message=message), _line(done=True, done_reason="stop"))
    ids = [each.id for each in events if isinstance(each, ToolCallStarted)]
    assert ids[1] == "x"
    assert len(set(ids)) == 4
    assert all(each.startswith("call_abc123_") for each in (ids[0], *ids[2:]))
    assert gather(events).ended.stop is StopReason.TOOL_USE


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"a": "ü"}, '{"a":"ü"}'),
        ('{"a":1}', '{"a":1}'),
        ("", "{}"),
        (None, "{}"),
    ],
)
def test_arguments_are_the_text_of_an_object(arguments: Any, text: str) -> None:
    call = {"function": {"name": "f", "arguments": arguments}}
    line = {"message": {"tool_calls": [call]}, "done": True}
    raw = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()
    found = [each for each in _read(raw) if isinstance(each, ToolCallArguments)]
    assert found == [ToolCallArguments(0, text)]


@pytest.mark.parametrize("broken", [b'"\xff"', b'{"a":"\xff"}'])
def test_arguments_that_are_no_text_break_nothing(broken: bytes) -> None:
    call = b'{"function":{"name":"f","arguments":' + broken + b"}}"
    line = b'{"message":{"tool_calls":[' + call + b']},"done":true}'
    (found,) = (each for each in _read(line) if isinstance(each, ToolCallArguments))
    json.loads(found.text)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", StopReason.END_TURN),
        ("length", StopReason.MAX_TOKENS),
        ("load", StopReason.END_TURN),
        ("something new", StopReason.END_TURN),
        (None, StopReason.END_TURN),
    ],
)
def test_why_it_stopped(reason: str | None, stop: StopReason) -> None:
    assert gather(_read(_line("a", True, done_reason=reason))).ended.stop is stop


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({}, Usage()),
        ({"eval_count": 3}, Usage(output_tokens=3)),
        ({"prompt_eval_count": 9}, Usage(9, 0, 0)),
        ({"prompt_eval_count": 9, "prompt_eval_cached_count": 4}, Usage(5, 4, 0)),
        ({"prompt_eval_count": 9, "prompt_eval_cached_count": 0}, Usage(9, 0, 0)),
        ({"prompt_eval_count": 9, "prompt_eval_cached_count": 99}, Usage(9, 0, 0)),
        ({"prompt_eval_count": -1, "eval_count": "3"}, Usage()),
        ({"prompt_eval_count": 1.5, "eval_count": 10**12}, Usage()),
    ],
)
def test_counts_are_believed_where_they_can_be(told: Any, usage: Usage) -> None:
    assert gather(_read(_line("a", True, **told))).usage == usage


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (b'{"error":"out of memory"}', FailureKind.UPSTREAM_ERROR, "out of memory"),
        (b'{"error":"slow","status":429}', FailureKind.RATE_LIMITED, "slow"),
        (b'{"error":{"message":"bad"}}', FailureKind.UPSTREAM_ERROR, "bad"),
        (b'{"error":17}', FailureKind.UPSTREAM_ERROR, "The provider reported"),
        (b"<html>Bad gateway</html>", FailureKind.MALFORMED, "could not be read"),
        (b"[1]", FailureKind.MALFORMED, "could not be read"),
        (b'{"message":{"content":7}}', FailureKind.MALFORMED, "could not be read"),
        (b'{"message":{"content":"\xff"}}', FailureKind.MALFORMED, "could not"),
        (b"[" * 100_000, FailureKind.MALFORMED, "could not be read"),
        (b'{"message":{"tool_calls":[{}]}}', FailureKind.MALFORMED, "naming"),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_what_is_no_answer_fails(
    line: bytes, kind: FailureKind, words: str, begun: bool
) -> None:
    before = (_line("Half"),) if begun else ()
    events = _read(*before, line + b"\n", _line("more", True))
    failed = events[-1]
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind
    assert words in failed.message
    assert "html" not in failed.message
    assert sum(isinstance(each, AnswerFailed | AnswerEnded) for each in events) == 1


def test_an_answer_without_its_end_is_cut() -> None:
    for pieces in ((), (_line("Half"),), (_line("Half"), b'{"model"')):
        failed = _read(*pieces)[-1]
        assert isinstance(failed, AnswerFailed)
    assert _read(_line("Half"))[-1] == AnswerFailed(
        FailureKind.CUT, "The provider's answer broke off before its end."
    )
    # The last line needs no line end.
    assert isinstance(_read(_line("a", True)[:-1])[-1], AnswerEnded)


def test_an_endless_line_is_refused() -> None:
    reader = StreamReader(answer_id="a", model="m")
    piece = b"x" * (EVENT_LIMIT // 4)
    events = [event for _ in range(5) for event in reader.feed(piece)]
    assert [type(each) for each in events] == [AnswerFailed]
    assert reader.feed(b"x") == ()
    assert reader.finish() == []


def test_a_comment_is_a_sign_of_life_once_the_answer_has_begun() -> None:
    assert _read(b": a\n", end=False) == []
    events = _read(b": a\n\n", _line("x"), b": b\n", end=False)
    assert sum(isinstance(each, Ping) for each in events) == 1
    assert isinstance(events[0], AnswerStarted)


def test_the_model_is_the_one_that_answered() -> None:
    assert _read(_line("a", True))[0] == AnswerStarted("msg_abc123", "m")
    assert _read(b'{"done":true}')[0] == AnswerStarted("msg_abc123", "asked")


_PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [_line("a"), _line("", True), b"\n", b"data: ", b"{", b'{"error":null}\n']
    ),
    st.builds(
        lambda value: json.dumps(value).encode() + b"\n",
        st.fixed_dictionaries(
            {},
            optional={
                name: st.none() | st.booleans() | st.text(max_size=3) | st.just([{}])
                for name in ("message", "done", "done_reason", "model", "eval_count")
            },
        ),
    ),
)


@given(st.lists(_PIECES, max_size=6))
def test_no_bytes_make_the_reader_raise_or_break_the_order(
    pieces: list[bytes],
) -> None:
    events = _read(*pieces)
    ends = [isinstance(each, AnswerEnded | AnswerFailed) for each in events]
    assert ends == [False] * (len(ends) - 1) + [True]
    if len(events) > 1:
        assert isinstance(events[0], AnswerStarted)
    body = read_answer(b"".join(pieces), answer_id="a", model="m")
    assert isinstance(body[-1], AnswerEnded | AnswerFailed)


# --- whole answers --------------------------------------------------------------------


def _whole(body: bytes) -> list[Event]:
    return list(read_answer(body, answer_id="msg_abc123", model="asked"))


def test_a_whole_answer_is_read() -> None:
    message = {
        "role": "assistant",
        "content": "Yes.",
        "thinking": "Hm.",
        "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}],
    }
    line = {"model": "m", "message": message, "done": True, "eval_count": 2}
    answer = gather(_whole(json.dumps(line, indent=1).encode()))
    assert [type(part) for part in answer.parts] == [Thinking, Text, ToolCall]
    assert answer.ended.stop is StopReason.TOOL_USE
    assert answer.usage == Usage(output_tokens=2)
    call = answer.parts[2]
    assert isinstance(call, ToolCall)
    assert json.loads(call.arguments) == {"a": 1}
    assert call.kind is CallKind.FUNCTION


def test_a_stream_nobody_asked_for_is_read_as_one() -> None:
    events = _whole(_line("a") + _line("b") + _line("", True))
    assert gather(events).parts == (Text("ab"),)
    assert TextDelta(0, "b") in events
    assert PartEnded(0) in events


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FailureKind.CUT),
        (b"<html>", FailureKind.MALFORMED),
        (b"{}", FailureKind.MALFORMED),
        (b'{"models":[]}', FailureKind.MALFORMED),
        (b'{"error":"no such model"}', FailureKind.UPSTREAM_ERROR),
        (_line("a", False), FailureKind.CUT),
    ],
)
def test_a_body_that_is_no_answer_fails(body: bytes, kind: FailureKind) -> None:
    failed = _whole(body)[-1]
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind


def test_a_whole_answer_may_leave_out_that_it_is_done() -> None:
    assert gather(_whole(b'{"message":{"content":"a"}}')).parts == (Text("a"),)
