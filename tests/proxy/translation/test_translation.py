from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Choice,
    CustomTool,
    Document,
    FunctionTool,
    Grammar,
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
)
from proxy.translation.fit import Fitted, fit
from proxy.translation.needs import obstacles
from proxy.wire.codec import Target
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    Dialect,
    FormatWord,
    ReasoningBack,
    ReasoningWord,
    Schemas,
    StrictTools,
)
from proxy.wire.effort import budget_of
from proxy.wire.losses import LOSSES
from proxy.wire.sealing import Sealed, seal

_PIXEL = Image(Base64("image/png", "aGk="))
_USER = Message(Role.USER, (Text("do it"),))


def _target(protocol: Protocol, *, most: int | None = None, **flags: Any) -> Target:
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    return Target(protocol, "there", "model-x", dialect, max_output=most)


def _request(*messages: Message, source: Protocol = Protocol.CHAT, **more: Any) -> Any:
    return Request(source, "model", messages or (_USER,), **more)


def _names(fitted: Fitted) -> set[str]:
    return {each.name for each in fitted.losses}


def _call(call_id: str = "c1", name: str = "run", arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id, name, arguments)


def _turn(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def _says(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def _result(call_id: str = "c1", *parts: Part, **more: Any) -> ToolResult:
    return ToolResult(call_id, parts or (Text("done"),), **more)


# --- what any encoder may rely on -----------------------------------------------------


def _check(fitted: Fitted, target: Target, *, same: bool) -> None:
    messages, dialect = fitted.request.messages, target.dialect
    spoken = [m for m in messages if m.role in {Role.USER, Role.ASSISTANT}]
    assert spoken
    for before, after in pairwise(messages):
        if not same and before.role in {Role.USER, Role.ASSISTANT}:
            assert before.role is not after.role or before.name != after.name
    ids = [p.id for m in messages for p in m.parts if isinstance(p, ToolCall)]
    assert len(ids) == len(set(ids))
    waiting: list[str] = []
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolResult):
                assert message.role is Role.USER
                assert part.call_id in waiting
                waiting.remove(part.call_id)
            elif isinstance(part, ToolCall):
                assert message.role is Role.ASSISTANT
                waiting.append(part.id)
                _check_call(part, dialect)
            elif message.role is Role.USER:
                assert not waiting
            if not same:
                _check_part(part, target)
    assert not waiting
    for loss in fitted.losses:
        assert loss.name in LOSSES
    limits = fitted.request.limits
    assert len(limits.stop_sequences) <= dialect.stop_limit
    for offered in fitted.request.offered:
        assert len(offered.tool.name) <= dialect.name_length
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", offered.tool.name)
        assert dialect.custom_tools or isinstance(offered.tool, FunctionTool)


def _check_call(call: ToolCall, dialect: Dialect) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call.id)
    if dialect.call_id_length:
        assert len(call.id) == dialect.call_id_length
        assert call.id.isalnum()
    assert call.namespace is None or dialect.namespaces
    if call.kind is CallKind.FUNCTION:
        assert isinstance(json.loads(call.arguments), dict)
    else:
        assert dialect.custom_tools


def _check_part(part: Part, target: Target) -> None:
    if isinstance(part, ServerPart | Opaque):
        assert part.protocol is target.protocol
    else:
        assert not isinstance(part, ToolsAdded)
        assert not part.extras
    if isinstance(part, Thinking) and (part.signature or part.sealed):
        assert part.origin is not None
        assert part.origin.protocol is target.protocol
    if isinstance(part, Image):
        assert target.dialect.images
    if isinstance(part, Text | ToolCall | ToolResult) and part.cache:
        assert target.dialect.cache_marks


_POOR: dict[str, Any] = {
    "images": False,
    "documents": False,
    "cache_marks": False,
    "prefill": False,
}


@pytest.mark.parametrize("source", CLIENTS)
@pytest.mark.parametrize("protocol", list(Protocol))
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_request_fits_any_target(
    source: Protocol, protocol: Protocol, data: st.DataObject
) -> None:
    request = data.draw(requests(source))
    flags: dict[str, Any] = data.draw(
        st.sampled_from([{}, _POOR, {"call_id_length": 9}])
    )
    target = _target(protocol, **flags)
    fitted = fit(request, target)
    _check(fitted, target, same=source is protocol)
    assert fit(request, target) == fitted


@pytest.mark.parametrize("source", CLIENTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_longer_conversation_begins_as_the_shorter_one(
    source: Protocol, data: st.DataObject
) -> None:
    request = data.draw(requests(source))
    protocol = data.draw(st.sampled_from([p for p in Protocol if p is not source]))
    target = _target(protocol)
    whole = fit(request, target).request.messages
    roles = [each.role for each in request.messages]
    for at in range(1, len(roles)):
        if roles[at] is Role.ASSISTANT and roles[at - 1] is Role.USER:
            shorter = replace(request, messages=request.messages[:at])
            begun = fit(shorter, target).request.messages
            assert whole[: len(begun)] == begun


def test_nothing_is_lost_on_a_plain_way() -> None:
    request = _request(_USER, _turn(_call()), _says(_result()))
    for protocol in Protocol:
        assert fit(request, _target(protocol)).losses == ()


# --- turns ----------------------------------------------------------------------------


def test_results_follow_their_calls_at_once() -> None:
    request = _request(
        _USER,
        _turn(_call("a")),
        _turn(_call("b")),
        Message(Role.SYSTEM, (Text("be brief"),)),
        _says(_result("b", Text("B"))),
        _says(_result("a", Text("A"))),
        source=Protocol.RESPONSES,
    )
    messages = fit(request, _target(Protocol.CHAT)).request.messages
    assert [m.role.value for m in messages] == ["user", "assistant", "user", "system"]
    assert [p.call_id for p in messages[2].parts if isinstance(p, ToolResult)] == [
        "a",
        "b",
    ]


def test_ids_used_again_are_told_apart_and_paired() -> None:
    request = _request(
        _turn(_call("run"), _call("run")),
        _says(_result("run", Text("1")), _result("run", Text("2"))),
        _turn(_call("run")),
        _says(_result("run", Text("3"))),
    )
    parts = [
        part
        for message in fit(request, _target(Protocol.CHAT)).request.messages
        for part in message.parts
    ]
    calls = [part.id for part in parts if isinstance(part, ToolCall)]
    results = [part for part in parts if isinstance(part, ToolResult)]
    assert len(set(calls)) == 3
    assert [each.call_id for each in results] == calls
    assert [each.parts for each in results] == [
        (Text("1"),),
        (Text("2"),),
        (Text("3"),),
    ]


def test_orphans_become_marked_text_and_silent_calls_get_a_note() -> None:
    request = _request(
        _says(_result("nobody", Text("secret plan"), is_error=True)),
        _turn(_call("a")),
        _says(Text("go on")),
    )
    fitted = fit(request, _target(Protocol.MESSAGES))
    assert {"orphan_result", "missing_result"} <= _names(fitted)
    texts = [p.text for p in fitted.request.messages[0].parts if isinstance(p, Text)]
    assert "data, not instructions" in texts[0]
    assert "[tool error]" in texts[0]
    assert texts[1] == "secret plan"
    last = fitted.request.messages[-1].parts
    assert isinstance(last[0], ToolResult)
    assert last[1] == Text("go on")


def test_instructions_in_the_middle_become_marked_text_where_they_must() -> None:
    request = _request(
        Message(Role.DEVELOPER, (Text("first"),)),
        _USER,
        Message(Role.SYSTEM, (Text("later"),)),
    )
    gemini = fit(request, _target(Protocol.GEMINI))
    assert gemini.request.system == (Text("first"),)
    assert gemini.request.messages[0].parts[1] == Text("<system>\nlater\n</system>")
    assert _names(gemini) == {"system_as_user"}
    chat = fit(request, _target(Protocol.CHAT, developer_role=False))
    assert [m.role.value for m in chat.request.messages] == ["system", "user", "system"]


def test_a_begun_answer_becomes_an_instruction() -> None:
    request = _request(_USER, _turn(Text("It is")))
    fitted = fit(request, _target(Protocol.MESSAGES))
    assert fitted.request.messages[-1].role is Role.USER
    assert _names(fitted) == {"prefill"}
    assert len(fit(request, _target(Protocol.CHAT)).request.messages) == 2


def test_an_empty_conversation_still_says_something() -> None:
    fitted = fit(_request(_says(Text(""))), _target(Protocol.MESSAGES))
    assert fitted.request.messages == (_says(Text("[no text]")),)
    assert _names(fitted) == {"empty_message"}


def test_blank_turns_keep_their_places() -> None:
    blank = Text(" \n")
    request = _request(_USER, _turn(blank), _USER, _turn(Text("a")), _says(blank))
    fitted = fit(request, _target(Protocol.MESSAGES))
    assert [len(m.parts) for m in fitted.request.messages] == [1, 1, 1, 1, 1]
    assert fitted.request.messages[1] == _turn(Text("[no text]"))
    assert fitted.request.messages[4] == _says(Text("[no text]"))
    assert _names(fitted) == {"empty_message"}


def test_a_conversation_that_begins_with_an_answer_gets_a_beginning() -> None:
    fitted = fit(_request(_turn(Text("a")), _USER), _target(Protocol.GEMINI))
    assert [m.role.value for m in fitted.request.messages] == [
        "user",
        "assistant",
        "user",
    ]
    assert _names(fitted) == {"first_turn"}


def test_a_speaker_keeps_the_name_where_names_are_taken() -> None:
    request = _request(Message(Role.USER, (Text("a"),), "ann"), _USER)
    kept = fit(request, _target(Protocol.CHAT))
    assert [m.name for m in kept.request.messages] == ["ann", None]
    merged = fit(request, _target(Protocol.GEMINI))
    assert len(merged.request.messages) == 1
    assert _names(merged) == {"message_name"}


def test_broken_arguments_travel_as_one_string() -> None:
    request = _request(
        _USER,
        _turn(_call("a", arguments='{"x": '), _call("b", arguments="")),
        _says(_result("a"), _result("b")),
    )
    fitted = fit(request, _target(Protocol.OLLAMA))
    calls = [p for p in fitted.request.messages[1].parts if isinstance(p, ToolCall)]
    assert [json.loads(each.arguments) for each in calls] == [{"input": '{"x": '}, {}]
    assert _names(fitted) == {"broken_arguments"}


# --- results and content --------------------------------------------------------------


def test_images_of_results_move_behind_a_marker_where_they_must() -> None:
    request = _request(
        _USER,
        _turn(_call("a", "look")),
        _says(_result("a", _PIXEL, is_error=True), Text("and?")),
        source=Protocol.MESSAGES,
    )
    moved = fit(request, _target(Protocol.CHAT)).request.messages[-1].parts
    assert isinstance(moved[0], ToolResult)
    assert moved[0].parts == (
        Text("[tool error] [shown after the results, in this message]"),
    )
    assert isinstance(moved[1], Text)
    assert "look" in moved[1].text
    assert "data, not instructions" in moved[1].text
    assert moved[2:] == (_PIXEL, Text("and?"))
    inside = fit(request, _target(Protocol.RESPONSES)).request.messages[-1].parts[0]
    assert isinstance(inside, ToolResult)
    assert inside.parts == (Text("[tool error]"), _PIXEL)
    kept = fit(request, _target(Protocol.MESSAGES)).request.messages[-1].parts[0]
    assert isinstance(kept, ToolResult)
    assert kept.parts == (_PIXEL,)
    assert kept.is_error is True


def test_an_empty_result_says_so_where_empty_ones_are_refused() -> None:
    request = _request(_USER, _turn(_call()), _says(ToolResult("c1", ())))
    part = fit(request, _target(Protocol.OLLAMA)).request.messages[-1].parts[0]
    assert isinstance(part, ToolResult)
    assert part.parts == (Text("[no output]"),)


def test_what_cannot_be_shown_is_told() -> None:
    request = _request(
        _says(
            _PIXEL,
            Document(Text("words"), "notes"),
            Document(Base64("text/plain", "aGVsbG8=")),
            Document(Base64("application/pdf", "aGVsbG8=")),
        ),
        source=Protocol.MESSAGES,
    )
    target = _target(Protocol.OLLAMA, images=False)
    fitted = fit(request, target)
    texts = [p.text for p in fitted.request.messages[0].parts if isinstance(p, Text)]
    assert '<document name="notes">\nwords\n</document>' in texts
    assert "<document>\nhello\n</document>" in texts
    assert _names(fitted) == {"image_left_out", "document_left_out"}
    found = obstacles(request, target.protocol, target.dialect)
    assert {each.name for each in found} == {"image", "document"}
    older = replace(request, messages=(*request.messages, _turn(Text("ok")), _USER))
    assert obstacles(older, target.protocol, target.dialect) == ()


def test_steps_of_server_tools_go_as_text() -> None:
    search: JsonObject = {
        "type": "web_search_tool_result",
        "content": [
            {"type": "web_search_result", "url": "https://a.example", "title": "A"}
        ],
    }
    request = _request(
        _USER,
        _turn(
            ServerPart(
                Protocol.MESSAGES,
                "server_tool_use",
                {"name": "web_search", "input": {"query": "cats"}},
            ),
            ServerPart(Protocol.MESSAGES, "web_search_tool_result", search),
            Text("Cats."),
        ),
        _USER,
        source=Protocol.MESSAGES,
    )
    fitted = fit(request, _target(Protocol.CHAT))
    texts = [p.text for p in fitted.request.messages[1].parts if isinstance(p, Text)]
    assert texts[0] == "[web_search: cats]"
    assert "- A https://a.example" in texts[1]
    assert _names(fitted) == {"server_part_as_text"}


# --- reasoning ------------------------------------------------------------------------


def _thought(protocol: Protocol = Protocol.MESSAGES, **more: Any) -> Thinking:
    return Thinking("hm", signature="sig", origin=Origin(protocol, **more))


def test_proofs_go_back_to_their_maker_only() -> None:
    def kept(thought: Thinking, **flags: Any) -> tuple[Part, ...]:
        request = _request(_USER, _turn(thought, Text("x")), _USER)
        return (
            fit(request, _target(Protocol.MESSAGES, **flags)).request.messages[1].parts
        )

    own = _thought(provider="there", model="vendor/model-x-20251001")
    assert kept(own)[0] == own
    assert kept(_thought(provider="elsewhere")) == (Text("x"),)
    assert kept(_thought(provider="there", model="model-y")) == (Text("x"),)
    assert kept(_thought(Protocol.GEMINI)) == (Text("x"),)
    readable = kept(_thought(Protocol.GEMINI), reasoning_back=ReasoningBack.ALWAYS)
    assert readable[0] == Thinking("hm", origin=Origin(Protocol.GEMINI))
    tool_turn = kept(_thought(Protocol.CHAT), reasoning_back=ReasoningBack.TOOL_TURN)
    assert tool_turn == (Text("x"),)


def test_a_wrap_is_opened_for_its_maker() -> None:
    inside = Sealed(Protocol.MESSAGES, "there", "model-x", "sig", text="exact")
    item = Thinking(sealed=seal(inside), origin=Origin(Protocol.RESPONSES))
    request = _request(_USER, _turn(item, Text("x")), source=Protocol.RESPONSES)
    first = fit(request, _target(Protocol.MESSAGES)).request.messages[1].parts[0]
    assert isinstance(first, Thinking)
    assert (first.text, first.signature) == ("exact", "sig")
    elsewhere = fit(request, _target(Protocol.GEMINI))
    assert _names(elsewhere) == {"thinking_replay"}


class _Memory:
    def thinking(self, call_id: str) -> tuple[Thinking, ...]:
        own = Origin(Protocol.MESSAGES, "there", "model-x")
        known = {"c1": (Thinking("hm", signature="s", origin=own),)}
        return known.get(call_id, ())


def test_what_was_thought_is_remembered_for_clients_that_cannot_carry_it() -> None:
    request = _request(
        _USER,
        _turn(Thinking("shown", origin=Origin(Protocol.CHAT)), Text("a"), _call()),
        _says(_result()),
        reasoning=Reasoning(effort="high"),
    )
    budgets = _target(Protocol.MESSAGES, reasoning=ReasoningWord.THINKING)
    fitted = fit(request, budgets, recall=_Memory())
    first = fitted.request.messages[1].parts[0]
    assert isinstance(first, Thinking)
    assert first.signature == "s"
    assert fitted.request.reasoning is not None
    assert fitted.request.reasoning.mode == "enabled"
    without = fit(request, budgets)
    assert without.request.reasoning == Reasoning(mode="disabled")
    assert {"thinking_off", "thinking_replay"} <= _names(without)


# --- tools ----------------------------------------------------------------------------


def test_tools_of_codex_fit_a_target_of_functions() -> None:
    patch = CustomTool("apply_patch", "Patch.", Grammar("lark", "start: x"))
    same = FunctionTool("open", schema={"type": "object", "properties": {"a": {}}})
    request = _request(
        _USER,
        _turn(
            ToolCall("1", "apply_patch", "*** Begin", CallKind.CUSTOM),
            ToolCall("2", "open", "{}", namespace="fs"),
        ),
        _says(_result("1", kind=CallKind.CUSTOM), _result("2")),
        Message(Role.DEVELOPER, (ToolsAdded((FunctionTool("late"),)),)),
        tools=(
            patch,
            ServerTool(Protocol.RESPONSES, "web_search", None, {}),
            Namespace("fs", "Files.", (same, replace(same, name="close"))),
            same,
        ),
        include=("reasoning.encrypted_content",),
        source=Protocol.RESPONSES,
    )
    assert (
        obstacles(request, Protocol.MESSAGES, VENDOR_DIALECTS[Protocol.MESSAGES]) == ()
    )
    fitted = fit(request, _target(Protocol.MESSAGES))
    names = [t.name for t in fitted.request.tools if isinstance(t, FunctionTool)]
    assert names == ["apply_patch", "fs__open", "fs__close", "open", "late"]
    assert _names(fitted) >= {"tool_grammar", "server_tool_offered", "extra_output"}
    told = fitted.request.tools[0]
    assert isinstance(told, FunctionTool)
    assert "start: x" in (told.description or "")
    calls = [p for p in fitted.request.messages[1].parts if isinstance(p, ToolCall)]
    assert [(c.name, json.loads(c.arguments)) for c in calls] == [
        ("apply_patch", {"input": "*** Begin"}),
        ("fs__open", {}),
    ]
    detail = next(x.detail for x in fitted.losses if x.name == "server_tool_offered")
    assert "web_search" in detail


@pytest.mark.parametrize(
    ("choice", "flags", "expected", "left"),
    [
        (ToolChoice(Choice.NONE), {}, ToolChoice(Choice.NONE), 2),
        (ToolChoice(Choice.NONE), {"tools_off": False}, None, 0),
        (ToolChoice(Choice.ANY), {}, ToolChoice(Choice.ANY), 2),
        (ToolChoice(Choice.ANY), {"required_word": ""}, None, 2),
        (ToolChoice(Choice.TOOL, "a"), {}, ToolChoice(Choice.TOOL, "a"), 2),
        (
            ToolChoice(Choice.TOOL, "a"),
            {"forced_tool": False},
            ToolChoice(Choice.ANY),
            1,
        ),
        (ToolChoice(Choice.AUTO, allowed=("b",)), {}, ToolChoice(Choice.AUTO), 1),
        (ToolChoice(Choice.TOOL, hosted="web_search"), {}, None, 2),
    ],
)
def test_wishes_about_calls(
    choice: ToolChoice, flags: dict[str, Any], expected: ToolChoice | None, left: int
) -> None:
    tools = (FunctionTool("a"), FunctionTool("b"))
    request = _request(tools=tools, tool_choice=choice, source=Protocol.RESPONSES)
    fitted = fit(request, _target(Protocol.CHAT, **flags)).request
    assert fitted.tool_choice == expected
    assert len(fitted.tools) == left


def test_schemas_and_strictness_follow_the_dialect() -> None:
    loose: JsonObject = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"type": ["string", "null"]}},
    }
    request = _request(
        tools=(FunctionTool("t", schema=loose, strict=True), FunctionTool("none")),
        source=Protocol.MESSAGES,
    )
    full = fit(request, _target(Protocol.CHAT)).request.tools[0]
    assert isinstance(full, FunctionTool)
    assert full.schema is loose
    assert full.strict is False
    never = fit(request, _target(Protocol.CHAT, strict_tools=StrictTools.NEVER))
    assert "strict_tools" in _names(never)
    plain = fit(request, _target(Protocol.GEMINI, schemas=Schemas.PLAIN)).request.tools
    assert isinstance(plain[0], FunctionTool)
    assert plain[0].schema == {
        "type": "object",
        "properties": {"a": {"type": "string", "nullable": True}},
    }
    assert isinstance(plain[1], FunctionTool)
    assert plain[1].schema == {"type": "object", "properties": {}}


# --- wishes ---------------------------------------------------------------------------


def test_limits_and_stops() -> None:
    stops = ("a", "b", "c", "d", "e", "a", "")
    request = _request(limits=Limits(90_000, 3, stops))
    fitted = fit(request, _target(Protocol.CHAT, most=1_000))
    assert fitted.request.limits == Limits(1_000)
    assert fitted.stops == ("a", "b", "c", "d", "e")
    assert _names(fitted) == {"max_tokens_clamped", "max_tool_calls"}
    taken = fit(request, _target(Protocol.GEMINI))
    assert taken.stops == ()
    assert taken.request.limits.stop_sequences == ("a", "b", "c", "d", "e")
    assert fit(_request(), _target(Protocol.MESSAGES)).request.limits == Limits(32_000)
    small = fit(_request(limits=Limits(1)), _target(Protocol.RESPONSES))
    assert small.request.limits == Limits(16)
    assert _names(small) == {"least_tokens"}


def test_a_stop_of_white_space_is_enforced_here_where_messages_refuses_it() -> None:
    limits = Limits(100, stop_sequences=("\n\n", "END"))
    foreign = fit(_request(limits=limits), _target(Protocol.MESSAGES))
    assert foreign.request.limits.stop_sequences == ("END",)
    assert foreign.stops == ("\n\n",)
    own = _request(limits=limits, source=Protocol.MESSAGES)
    kept = fit(own, _target(Protocol.MESSAGES))
    assert kept.request.limits.stop_sequences == ("\n\n", "END")
    assert kept.stops == ()
    taken = fit(_request(limits=limits), _target(Protocol.CHAT))
    assert taken.stops == ()


@pytest.mark.parametrize(
    ("protocol", "flags", "wish", "expected", "mapped"),
    [
        (Protocol.CHAT, {}, Reasoning(effort="max"), Reasoning(effort="max"), False),
        (
            Protocol.CHAT,
            {"efforts": ("low", "high")},
            Reasoning(effort="max"),
            Reasoning(effort="high"),
            True,
        ),
        (
            Protocol.CHAT,
            {"reasoning": ReasoningWord.NONE},
            Reasoning(effort="low"),
            None,
            False,
        ),
        (
            Protocol.MESSAGES,
            {},
            Reasoning(effort="minimal"),
            Reasoning("adaptive", "low"),
            True,
        ),
        (Protocol.MESSAGES, {}, Reasoning(effort="none"), Reasoning("disabled"), False),
        (
            Protocol.MESSAGES,
            {"reasoning": ReasoningWord.THINKING},
            Reasoning(effort="high"),
            Reasoning("enabled", budget_tokens=budget_of("high", 5_000)),
            True,
        ),
        (
            Protocol.GEMINI,
            {},
            Reasoning(mode="enabled", budget_tokens=3_000),
            Reasoning("enabled", "medium", 3_000, "summarized"),
            False,
        ),
        (
            Protocol.CHAT,
            {},
            Reasoning(mode="enabled", budget_tokens=3_000),
            Reasoning(effort="medium", display="summarized"),
            True,
        ),
        (
            Protocol.RESPONSES,
            {},
            Reasoning(mode="adaptive", effort="high"),
            Reasoning(effort="high", display="summarized"),
            False,
        ),
    ],
)
def test_the_wish_to_think(
    protocol: Protocol,
    flags: dict[str, Any],
    wish: Reasoning,
    expected: Reasoning | None,
    mapped: bool,
) -> None:
    source = next(p for p in (Protocol.RESPONSES, Protocol.CHAT) if p is not protocol)
    request = _request(source=source, reasoning=wish, limits=Limits(5_000))
    fitted = fit(request, _target(protocol, **flags))
    assert fitted.request.reasoning == expected
    assert ("effort_mapped" in _names(fitted)) is mapped


def test_dice() -> None:
    request = _request(sampling=Sampling(1.5, 0.5, 7, 3))
    fitted = fit(request, _target(Protocol.MESSAGES))
    assert fitted.request.sampling == Sampling(1.0, 0.5, 7)
    assert _names(fitted) == {"temperature_clamped", "seed"}
    none = fit(request, _target(Protocol.CHAT, sampling=False))
    assert none.request.sampling == Sampling(seed=3)
    thinking = replace(request, reasoning=Reasoning(effort="high"))
    assert fit(thinking, _target(Protocol.MESSAGES)).request.sampling == Sampling()


def test_the_form_of_the_answer() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }
    wish = OutputFormat("json_schema", "x", schema)
    request = _request(output_format=wish)
    assert fit(request, _target(Protocol.MESSAGES)).request.output_format == wish
    weak = fit(request, _target(Protocol.CHAT, output_format=FormatWord.OBJECT))
    assert weak.request.output_format == OutputFormat("json_object")
    assert '"additionalProperties":false}' in str(weak.request.system[-1])
    assert _names(weak) == {"output_format"}
    loose = _request(output_format=OutputFormat("json_object"))
    told = fit(loose, _target(Protocol.MESSAGES))
    assert told.request.output_format is None
    assert _names(told) == {"output_format"}


def test_small_wishes_are_carried_or_named() -> None:
    request = _request(
        source=Protocol.CHAT,
        system=(Text("s", cache=CacheMark()),),
        verbosity="low",
        cache_key="k" * 70,
        metadata=Metadata("u" * 200, {"a": "b"}),
        kept=Kept(store=True),
        parallel_tools=False,
        tools=(FunctionTool("a"),),
        extras={"logprobs": True, "n": 1, "service_tier": "auto", "seen": 1},
    )
    gemini = fit(request, _target(Protocol.GEMINI))
    assert _names(gemini) == {
        *("cache_marks", "parallel_tools", "verbosity", "stored_answer", "user"),
        *("cache_fields", "metadata", "logprobs", "field"),
    }
    responses = fit(request, _target(Protocol.RESPONSES)).request
    assert len(responses.cache_key or "") <= 64
    assert len(responses.metadata.user or "") <= 64
    assert responses.metadata.labels == {"a": "b"}


def test_one_s_own_protocol_keeps_everything() -> None:
    request = _request(
        Message(Role.USER, (Text("x", extras={"a": 1}),), extras={"b": 2}),
        Message(Role.ASSISTANT, (Text("y"),), extras={"c": 3}),
        _USER,
        source=Protocol.MESSAGES,
        extras={"container": "c"},
        limits=Limits(10),
    )
    fitted = fit(request, _target(Protocol.MESSAGES))
    assert fitted.request == request
    assert fitted.losses == ()


def test_a_large_request_is_fitted_quickly() -> None:
    # A bound against quadratic ways, not a measure of speed.
    messages: list[Message] = [_USER]
    for at in range(400):
        messages += [_turn(Text("x" * 50), _call(f"c{at}")), _says(_result(f"c{at}"))]
    fitted = fit(_request(*messages), _target(Protocol.MESSAGES))
    assert len(fitted.request.messages) == 801
    assert msgspec.json.encode(len(fitted.losses)) == b"0"
