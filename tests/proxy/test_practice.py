"""The practice provider: honest, deterministic, within limits, and in all protocols."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdk_types import accumulated, check_answer
from stream_order import CHECKS

from proxy.model import (
    Answer,
    AnswerStarted,
    Base64,
    CallKind,
    Choice,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Image,
    Limits,
    Message,
    Namespace,
    OutputFormat,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    StopReason,
    Text,
    TextDelta,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolsAdded,
    gather,
)
from proxy.practice import PRACTICE_MODEL, PRACTICE_PROVIDER_ID, answer, count_tokens
from proxy.practice.arguments import example
from proxy.wire import CLIENT_CODECS, ClientCodec

_BASH = FunctionTool(
    "Bash",
    "Runs a command.",
    {
        "type": "object",
        "properties": {
            "command": {"type": "string"},
            "timeout": {"type": "integer"},
            "quiet": {"type": "boolean"},
        },
        "required": ["command"],
    },
)
_READ = FunctionTool("Read", "Reads a file.", {"type": "object", "properties": {}})


def _user(text: str) -> Message:
    return Message(Role.USER, (Text(text),))


def _request(*messages: Message | str, **fields: Any) -> Request:
    said = tuple(_user(e) if isinstance(e, str) else e for e in messages)
    return Request(Protocol.MESSAGES, "any", said, **fields)


def _text(request: Request) -> str:
    return "".join(
        part.text for part in _given(request).parts if isinstance(part, Text)
    )


def _given(request: Request) -> Answer:
    return gather(answer(request))


def _called(request: Request) -> ToolCall | None:
    calls = [e for e in _given(request).parts if isinstance(e, ToolCall)]
    return calls[0] if calls else None


def _arguments(request: Request) -> Any:
    call = _called(request)
    assert call is not None
    return json.loads(call.arguments)


# --- what it says ---------------------------------------------------------------------


def test_it_says_that_it_is_simulated() -> None:
    found = _given(_request("Hello there"))
    assert found.model == f"{PRACTICE_PROVIDER_ID}/{PRACTICE_MODEL}"
    text = _text(_request("Hello there"))
    assert "simulated, no model, no network" in text
    assert "“Hello there”" in text
    assert found.ended.stop is StopReason.END_TURN


def test_it_quotes_the_newest_words_only_and_bounded() -> None:
    request = _request(
        "older",
        Message(Role.ASSISTANT, (Text("answer"),)),
        Message(
            Role.USER,
            (
                Text("<system-reminder>secret plan</system-reminder>"),
                Text("new\n  words " + "x" * 300 + "TAIL"),
            ),
        ),
        Message(Role.SYSTEM, (Text("note"),)),
    )
    text = _text(request)
    assert "“new words xxx" in text
    for absent in ("older", "secret", "TAIL", "note"):
        assert absent not in text
    quoted = text[text.index("“") + 1 : text.index("”")]
    assert len(quoted) <= 81


def test_a_message_of_reminders_only_is_passed_over() -> None:
    text = _text(_request("real", "<environment_context>\nx\n</environment_context>"))
    assert "“real”" in text
    open_mark = _text(_request("a <system-reminder> b"))
    assert "“a <system-reminder> b”" in open_mark


def test_without_words_it_says_so() -> None:
    assert "no words to quote" in _text(_request())


def test_it_streams_word_by_word() -> None:
    words = [e.text for e in answer(_request("Hello")) if isinstance(e, TextDelta)]
    assert len(words) > 10
    assert all(len(word.split()) == 1 for word in words)


@given(st.text(), st.text())
def test_it_is_deterministic_and_tells_turns_apart(one: str, two: str) -> None:
    assert answer(_request(one)) == answer(_request(one))
    first, second = answer(_request(one))[0], answer(_request(one, two))[0]
    assert isinstance(first, AnswerStarted)
    assert isinstance(second, AnswerStarted)
    assert first.id != second.id


def test_it_answers_in_the_form_asked_for() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "tags": {"type": "array"}},
        "required": ["title", "tags"],
    }
    form = OutputFormat("json_schema", "t", schema)
    text = _text(_request("Hello", output_format=form))
    assert json.loads(text) == {"title": "practice", "tags": []}
    free = _request("Hello", output_format=OutputFormat("json_object"))
    assert json.loads(_text(free)) == {}
    plain = _request("Hello", output_format=OutputFormat("text"))
    assert "simulated" in _text(plain)


# --- limits and counts ----------------------------------------------------------------


@given(limit=st.integers(0, 60))
def test_it_keeps_to_the_limit(limit: int) -> None:
    free = _text(_request("Hello"))
    request = _request("Hello", limits=Limits(max_output_tokens=limit))
    found = _given(request)
    text = _text(request)
    assert free.startswith(text)
    assert len(text) <= limit * 4
    cut = found.ended.stop is StopReason.MAX_TOKENS
    assert cut == (text != free)
    assert found.usage.output_tokens == -(-len(text) // 4)


def test_it_stops_at_the_first_stop_sequence() -> None:
    limits = Limits(stop_sequences=("", "network", "model", "absent"))
    found = _given(_request("Hello", limits=limits))
    assert (found.ended.stop, found.ended.stop_sequence) == (
        StopReason.STOP_SEQUENCE,
        "model",
    )
    assert _text(_request("Hello", limits=limits)).endswith("simulated, no ")


def test_a_limit_before_the_stop_sequence_wins() -> None:
    limits = Limits(max_output_tokens=2, stop_sequences=("model",))
    found = _given(_request("Hello", limits=limits))
    assert found.ended.stop is StopReason.MAX_TOKENS
    assert found.ended.stop_sequence is None


def test_a_call_that_does_not_fit_is_not_made() -> None:
    request = _request("Call Bash", tools=(_BASH,), limits=Limits(max_output_tokens=2))
    found = _given(request)
    assert found.parts == ()
    assert found.ended.stop is StopReason.MAX_TOKENS


def test_usage_counts_what_came_and_went() -> None:
    request = _request("a" * 400)
    found = _given(request)
    # The weights of a model nobody has met: letters, and the message itself.
    assert found.usage.input_tokens == 400 * 0.19 + 4
    assert found.usage.output_tokens == -(-len(_text(request)) // 4)
    assert found.usage.cache_read_tokens == 0
    assert found.usage.cache_write_tokens == 0
    assert found.usage.reasoning_tokens == 0


def test_everything_in_a_request_counts() -> None:
    bare = _request("Hello")
    base = count_tokens(bare)
    raw: dict[str, Any] = {"type": "web_search", "name": "web_search"}
    tools: tuple[Tool, ...] = (
        _BASH,
        CustomTool("patch", "Patches."),
        Namespace("n", "Group.", (_READ,)),
        ServerTool(Protocol.MESSAGES, "web_search", "web_search", raw),
    )
    for tool in tools:
        assert count_tokens(replace(bare, tools=(tool,))) > base, tool
    assert count_tokens(replace(bare, system=(Text("Be brief."),))) > base
    for part in (
        Text("some more words"),
        Image(FileId("f")),
        Document(Base64("text/plain", "d29yZHM=")),
        Document(Text("words words")),
        Document((Text("words words"),)),
        Document(FileId("f"), "a name of some length"),
        Thinking("some thought"),
        Thinking(sealed="c2VhbGVk"),
        ToolCall("c", "Read", '{"a":1}'),
        ToolResult("c", (Text("what came of it"),)),
        ToolsAdded((_BASH,)),
        ServerPart(Protocol.MESSAGES, "web_search", raw),
    ):
        more = _request("Hello", Message(Role.USER, (part,)))
        assert count_tokens(more) > base, part


# --- calls ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Please call the Bash tool now.", "Bash"),
        ("use Read", "Read"),
        ("Run `Bash`, then use Read.", "Bash"),
        ("Tell me about Bash.", None),
        ("Please read it and use your head. Bash is a shell.", None),
        ("use Bashful", None),
        ("use My-Bash", None),
        ("call it\nRead", None),
    ],
)
def test_a_tool_is_called_when_the_words_ask(words: str, name: str | None) -> None:
    call = _called(_request(words, tools=(_BASH, _READ)))
    assert (None if call is None else call.name) == name


def test_the_longer_name_wins() -> None:
    tools = (FunctionTool("Read"), FunctionTool("Read file"))
    call = _called(_request("use Read file", tools=tools))
    assert call is not None
    assert call.name == "Read file"


def test_a_call_ends_the_turn() -> None:
    found = _given(_request("Call Bash", tools=(_BASH,)))
    assert found.ended.stop is StopReason.TOOL_USE
    (call,) = found.parts
    assert isinstance(call, ToolCall)
    assert call.kind is CallKind.FUNCTION
    assert (found.usage.output_tokens or 0) > 0


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        (ToolChoice(Choice.NONE), None),
        (ToolChoice(Choice.AUTO), None),
        (ToolChoice(Choice.ANY), "Bash"),
        (ToolChoice(Choice.ANY, allowed=("Read",)), "Read"),
        (ToolChoice(Choice.TOOL, "Read"), "Read"),
        (ToolChoice(Choice.TOOL, "Absent"), None),
        (ToolChoice(Choice.TOOL, hosted="web_search"), None),
    ],
)
def test_forced_tools(choice: ToolChoice, name: str | None) -> None:
    request = _request("Hello", tools=(_BASH, _READ), tool_choice=choice)
    call = _called(request)
    assert (None if call is None else call.name) == name


def test_no_call_is_made_where_none_may_be() -> None:
    choice = ToolChoice(Choice.NONE)
    request = _request("Call Bash", tools=(_BASH,), tool_choice=choice)
    assert _called(request) is None


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Call Bash.", {"command": "practice"}),
        ('Call Bash with command="ls -l" please.', {"command": "ls -l"}),
        ("Call Bash: command=ls, timeout=5.", {"command": "ls", "timeout": 5}),
        ("Call Bash quiet=true timeout=soon", {"timeout": "soon", "quiet": True}),
        ('Call Bash {"command": "pwd", "x": 1}', {"command": "pwd"}),
        ("Call Bash {broken {\"command\": 'x'}", {}),
        ("Call Bash unknown=1", {}),
    ],
)
def test_arguments_come_from_the_words(words: str, wanted: dict[str, Any]) -> None:
    found = _arguments(_request(words, tools=(_BASH,)))
    assert found == {"command": "practice", **wanted}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"type": "string", "default": "d"}, "d"),
        ({"type": "string", "minLength": 20}, "practicepracticeprac"),
        ({"type": "string", "maxLength": 3}, "pra"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 5}, 6),
        ({"type": "integer", "maximum": 0}, 0),
        ({"type": "integer"}, 1),
        ({"type": "boolean"}, False),
        ({"type": "null"}, None),
        ({"type": ["null", "boolean"]}, False),
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, [False] * 2),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, False),
        ({"type": "object", "required": ["a", "b"], "properties": {"a": {}}}, None),
        ({}, {}),
    ],
)
def test_values_are_made_by_type(schema: dict[str, Any], wanted: Any) -> None:
    if wanted is None and "required" in schema:
        wanted = {"a": "practice", "b": "practice"}
    assert example(schema) == wanted


def test_a_schema_that_holds_itself_stays_small() -> None:
    names = [f"n{number}" for number in range(30)]
    node: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"$ref": "#"} for name in names},
        "required": names,
    }
    assert len(json.dumps(example(node))) < 100_000
    assert example({"$ref": "#"}) is not None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "properties",
                    "required",
                    "items",
                    "enum",
                    "anyOf",
                    "$ref",
                    "a",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(schema=_JSON.filter(lambda value: isinstance(value, dict)), words=st.text())
def test_any_schema_and_any_words_give_an_object(schema: Any, words: str) -> None:
    tool = FunctionTool("f", schema=schema)
    choice = ToolChoice(Choice.TOOL, "f")
    found = _arguments(_request(words, tools=(tool,), tool_choice=choice))
    assert isinstance(found, dict)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Call patch", "practice"),
        ("Call patch\n```text\n*** Begin\n```", "*** Begin\n"),
        ("Call patch with input='a b'", "a b"),
    ],
)
def test_a_custom_tool_gets_text(words: str, wanted: str) -> None:
    tools = (Namespace("files", None, (CustomTool("patch"),)),)
    call = _called(_request(words, tools=tools))
    assert call is not None
    assert (call.arguments, call.kind) == (wanted, CallKind.CUSTOM)
    assert call.namespace == "files"


def test_results_are_answered_in_words() -> None:
    request = _request(
        "Call Bash",
        Message(Role.ASSISTANT, (ToolCall("c1", "Bash", "{}"),)),
        Message(Role.USER, (ToolResult("c1", (Text("canary output"),)),)),
        tools=(_BASH,),
    )
    assert "The tool returned 13 characters." in _text(request)
    assert "canary" not in _text(request)
    more = replace(
        request,
        messages=(
            *request.messages,
            Message(Role.USER, (ToolResult("c2", (Text("x"),), is_error=True),)),
            _user("go on"),
        ),
    )
    text = _text(more)
    assert "The 2 tools returned 14 characters. Marked as an error: 1." in text


def test_a_new_question_after_results_is_answered_anew() -> None:
    request = _request(
        "Call Bash",
        Message(Role.ASSISTANT, (ToolCall("c1", "Bash", "{}"),)),
        Message(Role.USER, (ToolResult("c1", (Text("x"),)),)),
        Message(Role.ASSISTANT, (Text("Done."),)),
        "Call Bash with command=pwd",
        tools=(_BASH,),
    )
    assert _arguments(request) == {"command": "pwd"}


# --- through the codecs ---------------------------------------------------------------

_TOOL = {"name": "Bash", "description": "d"}
_SCHEMA = _BASH.schema
_BODIES: dict[Protocol, dict[str, Any]] = {
    Protocol.MESSAGES: {
        "messages": [{"role": "user", "content": "Use Bash with command=ls"}],
        "tools": [{**_TOOL, "input_schema": _SCHEMA}],
    },
    Protocol.RESPONSES: {
        "input": "Use Bash with command=ls",
        "tools": [{"type": "function", **_TOOL, "parameters": _SCHEMA}],
    },
    Protocol.CHAT: {
        "messages": [{"role": "user", "content": "Use Bash with command=ls"}],
        "tools": [{"type": "function", "function": {**_TOOL, "parameters": _SCHEMA}}],
        "stream_options": {"include_usage": True},
    },
    Protocol.GEMINI: {
        "contents": [{"role": "user", "parts": [{"text": "Use Bash with command=ls"}]}],
        "tools": [{"functionDeclarations": [{**_TOOL, "parameters": _SCHEMA}]}],
    },
}


@pytest.mark.parametrize("codec", CLIENT_CODECS, ids=lambda codec: codec.protocol)
@pytest.mark.parametrize("tools", [True, False])
def test_it_answers_in_every_protocol(codec: ClientCodec, tools: bool) -> None:
    body = {"model": "m", **_BODIES[codec.protocol]}
    if not tools:
        del body["tools"]
    request = codec.read_request(json.dumps(body).encode())
    events = answer(request)
    writer = codec.stream_writer(request, created=1)
    stream = b"".join(writer.write(event) for event in events)
    CHECKS[codec.protocol](stream)
    assert not writer.losses
    whole = codec.write_answer(request, events, created=1).body
    check_answer(codec.protocol, whole)
    told = json.dumps(accumulated(codec.protocol, stream))
    assert ("Bash" in told) if tools else ("simulated" in told)
