"""Requests written for a provider of Messages: whole where own, legal where foreign."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import fitted, requests
from request_bodies import MESSAGES
from sdk_types import check_request

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Choice,
    Citation,
    CustomTool,
    Document,
    FunctionTool,
    Image,
    Kept,
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
from proxy.wire.anthropic.client.request import read_request
from proxy.wire.anthropic.provider.request import write_request
from proxy.wire.codec import Target
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    Dialect,
    ReasoningBack,
    ReasoningWord,
)
from proxy.wire.fields import WireError

_VENDOR = VENDOR_DIALECTS[Protocol.MESSAGES]
_TOOL = FunctionTool("read", schema={"type": "object", "properties": {}})


def _target(dialect: Dialect = _VENDOR, **more: Any) -> Target:
    return Target(Protocol.MESSAGES, "anthropic", "the-model", dialect, **more)


def _said(*parts: Part, role: Role = Role.USER) -> Message:
    return Message(role, parts or (Text("Hello"),))


def _foreign(*parts: Part, role: Role = Role.USER, **fields: Any) -> Request:
    return Request(Protocol.CHAT, "m", (_said(*parts, role=role),), **fields)


def _write(
    request: Request, target: Target | None = None
) -> tuple[dict[str, Any], set[str]]:
    written = write_request(request, target or _target())
    check_request(Protocol.MESSAGES, written.body)
    return json.loads(written.body), {each.name for each in written.losses}


def _blocks(*parts: Part, target: Target | None = None) -> tuple[Any, set[str]]:
    body, lost = _write(_foreign(*parts, role=Role.ASSISTANT), target)
    return [each for turn in body["messages"] for each in turn["content"]], lost


# --- the client's own protocol --------------------------------------------------------


@given(request=requests(Protocol.MESSAGES))
def test_a_request_of_messages_comes_back_whole(request: Request) -> None:
    target = _target(stream=request.stream)
    written = write_request(request, target)
    check_request(Protocol.MESSAGES, written.body)
    assert not written.losses
    assert read_request(written.body) == replace(request, model="the-model")
    assert write_request(request, target).body == written.body


def test_a_recorded_request_comes_back_whole() -> None:
    request = read_request(json.dumps(MESSAGES).encode())
    written = write_request(request, _target(stream=True))
    found = json.loads(written.body)
    wanted = {**MESSAGES, "model": "the-model"}
    # A text in its short form is opened; all else is as it came.
    wanted["messages"] = [*MESSAGES["messages"]]
    wanted["messages"][1] = {
        "role": "system",
        "content": [{"type": "text", "text": "Today is Monday."}],
    }
    assert found == wanted
    assert not written.losses


def test_a_system_message_may_carry_wishes_only() -> None:
    message = {"role": "system", "output_config": {"effort": "low"}}
    body = {"model": "m", "max_tokens": 9, "messages": [message]}
    request = read_request(json.dumps(body).encode())
    assert json.loads(write_request(request, _target()).body)["messages"] == [message]


def test_the_bytes_of_a_call_stay_as_the_model_wrote_them() -> None:
    call = ToolCall("c", "read", '{ "a" : 1.0,"b":1e2 }')
    written = write_request(_foreign(call, role=Role.ASSISTANT), _target())
    assert b'"input":{ "a" : 1.0,"b":1e2 }' in written.body


# --- other protocols' requests --------------------------------------------------------


@given(request=fitted(Protocol.MESSAGES), word=st.sampled_from(ReasoningWord))
def test_any_fitted_request_is_legal(request: Request, word: ReasoningWord) -> None:
    foreign = replace(request, protocol=Protocol.RESPONSES)
    dialect = replace(_VENDOR, reasoning=word)
    body, _ = _write(foreign, _target(dialect, stream=True, max_output=64_000))
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] == "enabled":
        assert 1024 <= thinking["budget_tokens"] < body["max_tokens"]
    if thinking["type"] != "disabled":
        assert body.get("tool_choice", {}).get("type") not in {"any", "tool"}
        assert not {"temperature", "top_k"} & set(body)


def test_first_instructions_become_the_system() -> None:
    request = Request(
        Protocol.CHAT,
        "m",
        (
            Message(Role.SYSTEM, (Text("One."),)),
            Message(Role.DEVELOPER, (Text("Two."),)),
            _said(),
            Message(Role.DEVELOPER, (Text("Three."),)),
        ),
    )
    body, lost = _write(request)
    assert [each["text"] for each in body["system"]] == ["One.", "Two."]
    assert [each["role"] for each in body["messages"]] == ["user", "system"]
    assert not lost


def test_a_message_without_words_is_left_out() -> None:
    request = Request(Protocol.CHAT, "m", (_said(Text(" \n")), _said(Text("a"))))
    body, lost = _write(request)
    assert [each["content"][0]["text"] for each in body["messages"]] == ["a"]
    assert not lost


def test_unsigned_reasoning_of_the_same_protocol_stays_unsigned() -> None:
    thought = Thinking("Hm.", origin=Origin(Protocol.MESSAGES))
    request = Request(Protocol.MESSAGES, "m", (_said(thought, role=Role.ASSISTANT),))
    body = json.loads(write_request(request, _target()).body)
    assert body["messages"][0]["content"] == [{"type": "thinking", "thinking": "Hm."}]


def test_blocks_of_every_kind() -> None:
    own = Origin(Protocol.MESSAGES)
    search: dict[str, Any] = {
        "type": "server_tool_use",
        "id": "s",
        "name": "web_search",
        "input": {},
    }
    found, lost = _blocks(
        Thinking("Hm.", signature="c2ln", origin=own),
        Thinking(sealed="eA==", origin=own),
        Text("Hello"),
        Text(" "),
        ServerPart(Protocol.MESSAGES, "server_tool_use", search, "s"),
        ToolCall("c", "read", ""),
    )
    assert found == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eA=="},
        {"type": "text", "text": "Hello"},
        search,
        {"type": "tool_use", "id": "c", "name": "read", "input": {}},
    ]
    assert not lost


def test_results_keep_images_and_errors() -> None:
    image, paper = Image(Url("https://e.com/a")), Document(Url("https://e.com/b"))
    result = ToolResult("c", (Text("ok"), image, paper), is_error=True)
    body, lost = _write(_foreign(result, ToolResult("d", ())))
    (turn,) = body["messages"]
    assert turn["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [
                {"type": "text", "text": "ok"},
                {"type": "image", "source": {"type": "url", "url": "https://e.com/a"}},
                {
                    "type": "document",
                    "source": {"type": "url", "url": "https://e.com/b"},
                },
            ],
            "is_error": True,
        },
        {"type": "tool_result", "tool_use_id": "d"},
    ]
    assert not lost


def test_a_file_of_text_goes_as_text() -> None:
    def source(media_type: str, data: str) -> Any:
        body, _ = _write(_foreign(Document(Base64(media_type, data), "a.txt")))
        return body["messages"][0]["content"][0]["source"]

    plain = {"type": "text", "media_type": "text/plain", "data": "hello"}
    assert source("text/markdown; charset=utf-8", "aGVsbG8=") == plain
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "aGVsbG8="}
    assert source("application/pdf", "aGVsbG8=") == pdf
    odd = Document(Base64("text/plain", "!"))
    written = write_request(_foreign(odd), _target())
    assert b'"data":"!"' in written.body


_FOREIGN = Citation(Protocol.RESPONSES, {}, url="https://e.com")


@pytest.mark.parametrize(
    ("part", "lost"),
    [
        (Text("Sunny.", citations=(_FOREIGN,)), {"citation"}),
        (Image(Url("https://e.com"), detail="low"), {"image_detail"}),
        (Image(Url("https://e.com"), detail="auto"), set()),
        (Thinking("Hm."), {"thinking_replay"}),
        (Thinking(sealed="x", origin=Origin(Protocol.RESPONSES)), {"thinking_replay"}),
        (ToolCall("c", "read", '{"a":'), {"broken_arguments"}),
        (ToolCall("c", "read", "*** patch", CallKind.CUSTOM), set()),
        (ServerPart(Protocol.RESPONSES, "web_search_call", {}), {"server_part"}),
        (Opaque(Protocol.RESPONSES, "compaction", {}), {"unknown_part"}),
        (ToolsAdded((_TOOL,)), {"unknown_part"}),
    ],
)
def test_parts_without_a_place_are_named(part: Part, lost: set[str]) -> None:
    written = write_request(_foreign(part, role=Role.ASSISTANT), _target())
    assert {each.name for each in written.losses} == lost


def test_readable_reasoning_goes_back_where_it_is_taken() -> None:
    dialect = replace(_VENDOR, reasoning_back=ReasoningBack.ALWAYS)
    thought = Thinking("Then.", ("First.",), origin=Origin(Protocol.CHAT))
    found, lost = _blocks(thought, target=_target(dialect))
    wanted = {"type": "thinking", "thinking": "First.\n\nThen.", "signature": ""}
    assert found == [wanted]
    assert not lost
    sealed = replace(thought, sealed="x")
    found, lost = _blocks(sealed, target=_target(dialect))
    assert found == [wanted]
    assert lost == {"thinking_replay"}


def test_the_last_four_cache_marks_stay() -> None:
    mark = CacheMark("1h")
    result = ToolResult("c", (Text("in", cache=mark),), cache=mark)
    paper = Document((Text("page", cache=mark),))
    request = Request(
        Protocol.MESSAGES,
        "m",
        (_said(result, paper, Text("ask", cache=mark)),),
        system=(Text("sys", cache=mark),),
        tools=(replace(_TOOL, cache=mark),),
    )
    written = write_request(request, _target())
    assert [each.name for each in written.losses] == ["cache_marks"]
    body = json.loads(written.body)
    assert written.body.count(b"cache_control") == 4
    assert "cache_control" not in body["tools"][0]
    assert "cache_control" not in body["system"][0]
    # The mark at the top level is one of the four.
    body = json.loads(write_request(replace(request, cache=mark), _target()).body)
    assert "cache_control" not in body["messages"][0]["content"][0]["content"][0]
    assert body["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


# --- tools ----------------------------------------------------------------------------


def test_tools_get_the_least_that_is_legal() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    body, lost = _write(
        _foreign(
            tools=(
                FunctionTool("a", "Does a.", None, strict=True),
                FunctionTool("b", schema={"properties": {}}, extras={"x": 1}),
                ServerTool(Protocol.MESSAGES, search["type"], "web_search", search),
                ServerTool(Protocol.RESPONSES, "file_search", None, {}),
                CustomTool("c"),
            )
        )
    )
    assert body["tools"] == [
        {
            "name": "a",
            "description": "Does a.",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
        },
        {"name": "b", "input_schema": {"type": "object", "properties": {}}},
        search,
    ]
    assert lost == {"server_tool_offered", "custom_tool"}


@pytest.mark.parametrize(
    ("choice", "parallel", "wanted"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice(Choice.ANY), None, {"type": "any"}),
        (
            ToolChoice(Choice.TOOL, "read"),
            False,
            {"type": "tool", "name": "read", "disable_parallel_tool_use": True},
        ),
        (ToolChoice(Choice.NONE), False, {"type": "none"}),
        (ToolChoice(Choice.TOOL, hosted="x_1"), None, {"type": "tool", "name": "x"}),
        (ToolChoice(Choice.TOOL, hosted="y_1"), None, {"type": "any"}),
    ],
)
def test_the_wish_about_calls(
    choice: ToolChoice | None, parallel: bool | None, wanted: Any
) -> None:
    hosted = ServerTool(Protocol.MESSAGES, "x_1", "x", {"type": "x_1", "name": "x"})
    request = _foreign(
        tools=(_TOOL, hosted), tool_choice=choice, parallel_tools=parallel
    )
    body = json.loads(write_request(request, _target()).body)
    assert body.get("tool_choice") == wanted


@pytest.mark.parametrize("choice", [Choice.AUTO, Choice.NONE, Choice.ANY])
def test_no_choice_without_tools(choice: Choice) -> None:
    body, lost = _write(_foreign(tool_choice=ToolChoice(choice), parallel_tools=False))
    assert "tool_choice" not in body
    assert lost == ({"tool_choice"} if choice is Choice.ANY else set())


# --- thinking -------------------------------------------------------------------------


def _thought(
    wish: Reasoning, word: ReasoningWord, limit: int | None = 32_000, **more: Any
) -> tuple[Any, Any, int, set[str]]:
    most = more.pop("max_output", None)
    request = _foreign(reasoning=wish, limits=Limits(limit), **more)
    target = _target(replace(_VENDOR, reasoning=word), max_output=most)
    body, lost = _write(request, target)
    effort = body.get("output_config", {}).get("effort")
    return body.get("thinking"), effort, body["max_tokens"], lost


_ADAPTIVE, _THINKING = ReasoningWord.ADAPTIVE, ReasoningWord.THINKING
_OFF = {"type": "disabled"}


@pytest.mark.parametrize(
    ("wish", "thinking", "effort"),
    [
        (Reasoning(), None, None),
        (Reasoning(effort="high"), {"type": "adaptive"}, "high"),
        (Reasoning(effort="minimal"), {"type": "adaptive"}, "low"),
        (Reasoning(effort="none"), _OFF, None),
        (Reasoning(mode="disabled"), _OFF, None),
        (Reasoning(mode="adaptive"), {"type": "adaptive"}, None),
        (Reasoning(mode="enabled", budget_tokens=9000), {"type": "adaptive"}, "high"),
        (
            Reasoning(effort="low", display="auto"),
            {"type": "adaptive", "display": "summarized"},
            "low",
        ),
        (
            Reasoning(effort="low", display="omitted"),
            {"type": "adaptive", "display": "omitted"},
            "low",
        ),
    ],
)
def test_adaptive_thinking(wish: Reasoning, thinking: Any, effort: str | None) -> None:
    assert _thought(wish, _ADAPTIVE) == (thinking, effort, 32_000, set())


@pytest.mark.parametrize(
    ("wish", "limit", "most", "thinking", "wanted_limit", "lost"),
    [
        (Reasoning(), 9000, None, None, 9000, set()),
        (Reasoning(effort="none"), 9000, None, _OFF, 9000, set()),
        (Reasoning(effort="low"), 9000, None, 2048, 9000, set()),
        (Reasoning(mode="adaptive"), 9000, None, 8192, 9000, set()),
        (Reasoning(budget_tokens=10), 9000, None, 1024, 9000, {"effort_mapped"}),
        (Reasoning(effort="high"), 9000, 64_000, 16_384, 25_384, {"least_tokens"}),
        (Reasoning(effort="high"), 9000, 20_000, 4500, 9000, {"effort_mapped"}),
        (Reasoning(effort="high"), 9000, None, 4500, 9000, {"effort_mapped"}),
        (Reasoning(effort="high"), 500, 4000, 1024, 2048, {"effort_mapped"}),
        (Reasoning(effort="high"), 500, None, _OFF, 500, {"thinking_off"}),
    ],
)
def test_thinking_with_a_budget(
    wish: Reasoning,
    limit: int,
    most: int | None,
    thinking: Any,
    wanted_limit: int,
    lost: set[str],
) -> None:
    if isinstance(thinking, int):
        thinking = {"type": "enabled", "budget_tokens": thinking}
    found = _thought(wish, _THINKING, limit, max_output=most)
    assert found == (thinking, None, wanted_limit, lost)


@pytest.mark.parametrize("word", [_ADAPTIVE, _THINKING])
def test_a_forced_call_rules_thinking_out(word: ReasoningWord) -> None:
    forced = ToolChoice(Choice.TOOL, "read")
    thinking, _, limit, lost = _thought(
        Reasoning(effort="high"), word, 9000, tools=(_TOOL,), tool_choice=forced
    )
    assert thinking == _OFF
    assert limit == 9000
    assert "thinking_off" in lost


def test_other_words_of_reasoning() -> None:
    wish = Reasoning(effort="high")
    assert _thought(wish, ReasoningWord.EFFORT) == (None, "high", 32_000, set())
    nothing = (None, None, 32_000, {"reasoning_wish"})
    assert _thought(wish, ReasoningWord.NONE) == nothing


def test_an_own_budget_shrinks_with_the_models_limit() -> None:
    wish = Reasoning(mode="enabled", budget_tokens=10_000)
    request = Request(
        Protocol.MESSAGES, "m", (_said(),), limits=Limits(8000), reasoning=wish
    )
    body, lost = _write(request, _target(max_output=8000))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 4000}
    assert lost == {"effort_mapped"}


# --- the rest -------------------------------------------------------------------------


def test_the_limit_is_always_there() -> None:
    assert _write(_foreign())[0]["max_tokens"] == 32_000
    assert _write(_foreign(), _target(max_output=8000))[0]["max_tokens"] == 8000
    prewarm = _foreign(limits=Limits(0))
    assert _write(prewarm)[0]["max_tokens"] == 0


@pytest.mark.parametrize(
    ("sampling", "thinks", "wanted", "lost"),
    [
        (Sampling(0.5, None, 40), False, {"temperature": 0.5, "top_k": 40}, set()),
        (Sampling(1.5), False, {"temperature": 1.0}, {"temperature_clamped"}),
        (Sampling(0.5, 0.9), False, {"temperature": 0.5}, {"sampling"}),
        (Sampling(top_p=0.9), False, {"top_p": 0.9}, set()),
        (Sampling(0.5, 0.9, 40), True, {}, {"sampling"}),
        (Sampling(1.0), True, {"temperature": 1.0}, set()),
        (Sampling(top_p=0.97), True, {"top_p": 0.97}, set()),
        (Sampling(seed=7), False, {}, {"seed"}),
    ],
)
def test_sampling(
    sampling: Sampling, thinks: bool, wanted: dict[str, Any], lost: set[str]
) -> None:
    wish = Reasoning(effort="low") if thinks else None
    body, found = _write(_foreign(sampling=sampling, reasoning=wish))
    names = ("temperature", "top_p", "top_k")
    assert {name: body[name] for name in names if name in body} == wanted
    assert found == lost


def test_the_form_of_the_answer() -> None:
    schema = {"type": "object", "description": "Kept."}
    form = OutputFormat("json_schema", "answer", schema, "Not told.")
    body, lost = _write(_foreign(output_format=form))
    assert body["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {"title": "answer", "type": "object", "description": "Kept."},
    }
    assert not lost
    body, _ = _write(_foreign(output_format=OutputFormat("text")))
    assert "output_config" not in body
    body, lost = _write(_foreign(output_format=OutputFormat("json_object")))
    assert "output_config" not in body
    assert lost == {"output_format"}


def test_what_has_no_place_is_named() -> None:
    body, lost = _write(
        _foreign(
            limits=Limits(9, 3, ("END", "\n")),
            verbosity="low",
            cache_key="k",
            kept=Kept(previous="resp_1"),
            metadata=Metadata("user-1", {"team": "a"}),
            include=("reasoning.encrypted_content", "web_search_call.results"),
            extras={"logit_bias": {}},
        )
    )
    assert lost == {
        "stop_sequences",
        "max_tool_calls",
        "verbosity",
        "cache_fields",
        "stored_answer",
        "metadata",
        "extra_output",
    }
    assert body["stop_sequences"] == ["END"]
    assert body["metadata"] == {"user_id": "user-1"}
    assert "logit_bias" not in body


def test_the_dialect_has_the_last_word() -> None:
    dialect = replace(_VENDOR, never=("metadata",), always={"top_k": 3})
    request = _foreign(metadata=Metadata("user-1"))
    body, lost = _write(request, _target(dialect))
    assert "metadata" not in body
    assert body["top_k"] == 3
    assert lost == {"field"}


def test_a_request_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    request = Request(Protocol.MESSAGES, "m", (_said(),), extras={"deep": deep})
    with pytest.raises(WireError):
        write_request(request, _target())
