"""The hard cases of protocol translation, one by one, from values to values.

The numbers are those of the list of hard cases that the fidelity matrix runs through
the whole gateway (`tests/fidelity`); here each stands in its pure form: a request is
fitted and written, a provider's events are restored and written. Cases about sockets,
time and memory are the lane's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from neutral_requests import CLIENTS, PIXEL
from sdk_types import accumulated, check_stream, request_problems

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Base64,
    CacheMark,
    CallKind,
    Choice,
    Citation,
    CitationAdded,
    CustomTool,
    Event,
    FunctionTool,
    Grammar,
    Image,
    JsonObject,
    Limits,
    Message,
    Opaque,
    Origin,
    OutputFormat,
    Part,
    PartEnded,
    PartWhole,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    ServerPart,
    ServerTool,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolChoice,
    ToolResult,
    Usage,
)
from proxy.translation.fit import fit
from proxy.translation.needs import obstacles
from proxy.translation.restore import Restorer
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF
from proxy.wire.codec import Target
from proxy.wire.dialect import (
    VENDOR_DIALECTS,
    FormatWord,
    ReasoningWord,
    Schemas,
    StrictTools,
)

_ELSEWHERE = {
    30: "test_items.py",
    31: "test_items.py",
    34: "test_server.py",
    35: "test_conversion.py",
    36: "test_conversion.py",
    39: "test_delivery.py",
    40: "test_pipeline.py",
    41: "wire/test_unpack.py",
    42: "wire/test_incoming.py",
    43: "wire/test_counting.py",
}
_ALL = tuple(Protocol)
_USER = Message(Role.USER, (Text("do it"),))
_RUN = FunctionTool("run", "Runs.", {"type": "object", "properties": {}})


def _turn(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def _says(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def _request(
    *messages: Message, source: Protocol = Protocol.RESPONSES, **more: Any
) -> Request:
    return Request(source, "model", messages or (_USER,), **more)


def _target(protocol: Protocol, *, most: int | None = None, **flags: Any) -> Target:
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    return Target(protocol, "there", "model-x", dialect, max_output=most)


def _send(request: Request, protocol: Protocol, **flags: Any) -> tuple[Any, set[str]]:
    """What goes out, which the vendor's types take, and the names of what was lost."""
    target = _target(protocol, **flags)
    fitted = fit(request, target)
    written = PROVIDER_CODEC_OF[protocol].write_request(fitted.request, target)
    assert request_problems(protocol, written.body) == []
    names = {each.name for each in (*fitted.losses, *written.losses)}
    return json.loads(written.body), names


def _blocked(request: Request, protocol: Protocol, **flags: Any) -> list[str]:
    dialect = replace(VENDOR_DIALECTS[protocol], **flags)
    return [each.name for each in obstacles(request, protocol, dialect)]


def _hear(
    client: Protocol,
    *events: Event,
    maker: Protocol = Protocol.CHAT,
    stop: StopReason = StopReason.END_TURN,
    **more: Any,
) -> tuple[dict[str, Any], list[str]]:
    """What the client's own package makes of an answer, and what was lost of it."""
    request = _request(source=client)
    names = fit(request, _target(maker)).names
    restorer = Restorer(names, Origin(maker, "there", "model-x"), client)
    usage = Usage(input_tokens=3, output_tokens=5)
    line = [AnswerStarted("a1", "m"), *events, AnswerEnded(stop, usage=usage, **more)]
    writer = CLIENT_CODEC_OF[client].stream_writer(
        replace(request, stream=True, stream_usage=True), created=1
    )
    stream = b"".join(writer.write(e) for each in line for e in restorer.feed(each))
    check_stream(client, stream)
    return accumulated(client, stream), [each.name for each in writer.losses]


def _texts(body: Any) -> str:
    return json.dumps(body)


def _calls(heard: dict[str, Any], client: Protocol) -> list[tuple[str, Any]]:
    match client:
        case Protocol.MESSAGES:
            blocks = [b for b in heard["content"] if b["type"] == "tool_use"]
            return [(each["name"], each["input"]) for each in blocks]
        case Protocol.RESPONSES:
            items = [i for i in heard["output"] if i["type"] == "function_call"]
            return [(i["name"], json.loads(i["arguments"])) for i in items]
        case Protocol.CHAT:
            made = heard["choices"][0]["message"]["tool_calls"] or []
            inner = [each["function"] for each in made]
            return [(f["name"], json.loads(f["arguments"])) for f in inner]
        case _:
            parts = heard["candidates"][0]["content"]["parts"]
            made = [p.get("functionCall") or p.get("function_call") for p in parts]
            return [(each["name"], each["args"]) for each in made if each]


def _call_line(at: int, name: str, *pieces: str) -> list[Event]:
    begun = ToolCallStarted(at, f"call_{at}", name)
    return [begun, *(ToolCallArguments(at, each) for each in pieces), PartEnded(at)]


def test_every_case_is_here_or_the_lane_s() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    numbers = {int(each) for each in re.findall(r"\ndef test_(\d\d)_", source)}
    assert numbers | _ELSEWHERE.keys() == set(range(1, 46))
    assert not numbers & _ELSEWHERE.keys()
    tests = Path(__file__).parents[1]
    assert [name for name in _ELSEWHERE.values() if not (tests / name).exists()] == []


# --- reasoning ------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", _ALL)
def test_01_signatures_go_to_their_maker_only(protocol: Protocol) -> None:
    here = Origin(protocol, "there", "model-x")
    for origin, kept in ((here, True), (replace(here, provider="else"), False)):
        thought = Thinking("hm", signature="c2lnbg==", origin=origin)
        request = _request(_USER, _turn(thought, ToolCall("c", "run", "{}")))
        body, names = _send(request, protocol)
        signed = protocol in {Protocol.MESSAGES, Protocol.GEMINI} and kept
        assert ("c2lnbg==" in _texts(body)) is signed
        # What can be read of it is shown to Ollama's models.
        told = protocol is Protocol.OLLAMA
        assert signed or told or names & {"thinking_replay", "signature"}


@pytest.mark.parametrize("protocol", _ALL)
def test_02_no_signature_is_made_up(protocol: Protocol) -> None:
    thought = Thinking("hm so", origin=Origin(Protocol.CHAT))
    call = ToolCall("c", "run", "{}")
    request = _request(_USER, _turn(thought, call), _says(ToolResult("c", ())))
    body, names = _send(request, protocol)
    assert "signature" not in _texts(body).lower()
    # Ollama's templates show a turn of tools what was thought in it.
    shown = protocol is Protocol.OLLAMA
    assert ("hm so" in _texts(body)) is shown
    assert ("thinking_replay" in names) is not shown


def test_03_redacted_thinking_is_its_maker_s() -> None:
    thought = Thinking(sealed="xyz", origin=Origin(Protocol.MESSAGES, "there"))
    request = _request(_USER, _turn(thought, Text("so")), _USER)
    home, names = _send(request, Protocol.MESSAGES)
    assert home["messages"][1]["content"][0] == {
        "type": "redacted_thinking",
        "data": "xyz",
    }
    assert names == set()
    for protocol in set(_ALL) - {Protocol.MESSAGES}:
        abroad, names = _send(request, protocol)
        assert "xyz" not in _texts(abroad)
        assert "thinking_replay" in names


def test_04_encrypted_reasoning_goes_with_its_id_or_not_at_all() -> None:
    maker = Origin(Protocol.RESPONSES, "there", "model-x")
    thought = Thinking(summary=("s",), sealed="enc", origin=maker, id="rs_1")
    request = _request(_USER, _turn(thought), _turn(Text("so")), _USER)
    home, names = _send(request, Protocol.RESPONSES)
    assert home["input"][1]["encrypted_content"] == "enc"
    assert home["input"][1]["id"] == "rs_1"
    assert names == set()
    for other in (Protocol.CHAT, Protocol.MESSAGES):
        abroad, names = _send(request, other)
        assert "enc" not in _texts(abroad)
        assert "rs_1" not in _texts(abroad)
        assert "thinking_replay" in names


# --- calls ----------------------------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
def test_05_interleaved_calls_come_apart(client: Protocol) -> None:
    heard, names = _hear(
        client,
        ToolCallStarted(0, "call_0", "read"),
        ToolCallStarted(1, "call_1", "write"),
        ToolCallArguments(1, '{"b"'),
        ToolCallArguments(0, '{"a": '),
        ToolCallArguments(1, ": 2}"),
        ToolCallArguments(0, "1}"),
        PartEnded(0),
        PartEnded(1),
        stop=StopReason.TOOL_USE,
    )
    assert _calls(heard, client) == [("read", {"a": 1}), ("write", {"b": 2})]
    assert names == []


@pytest.mark.parametrize("client", CLIENTS)
def test_06_arguments_that_come_whole_are_heard(client: Protocol) -> None:
    line = _call_line(0, "run", '{"a": [1, 2]}')
    heard, _ = _hear(client, *line, maker=Protocol.OLLAMA, stop=StopReason.TOOL_USE)
    assert _calls(heard, client) == [("run", {"a": [1, 2]})]


@pytest.mark.parametrize("client", CLIENTS)
def test_07_no_arguments_are_an_empty_object(client: Protocol) -> None:
    heard, _ = _hear(client, *_call_line(0, "run"), stop=StopReason.TOOL_USE)
    assert _calls(heard, client) == [("run", {})]
    call = ToolCall("c", "run", "")
    request = _request(_USER, _turn(call), _says(ToolResult("c", (Text("ok"),))))
    body, names = _send(request, client)
    assert names == set()
    assert '"{}"' in _texts(body).replace("\\", "") or ": {}" in _texts(body)


@pytest.mark.parametrize("protocol", _ALL)
def test_08_broken_arguments_travel_as_one_string(protocol: Protocol) -> None:
    call = ToolCall("c", "run", '{"a": ')
    request = _request(_USER, _turn(call), _says(ToolResult("c", (Text("ok"),))))
    body, names = _send(request, protocol)
    assert names == {"broken_arguments"}
    assert "input" in _texts(body)


@pytest.mark.parametrize("client", CLIENTS)
def test_09_text_behind_a_call_is_a_part_of_its_own(client: Protocol) -> None:
    heard, _ = _hear(
        client,
        TextStarted(0),
        TextDelta(0, "before"),
        PartEnded(0),
        *_call_line(1, "run", "{}"),
        TextStarted(2),
        TextDelta(2, "behind"),
        PartEnded(2),
        maker=Protocol.MESSAGES,
        stop=StopReason.TOOL_USE,
    )
    assert _calls(heard, client) == [("run", {})]
    assert "before" in _texts(heard)
    assert "behind" in _texts(heard)


_SHOT = Image(Base64("image/png", PIXEL))


@pytest.mark.parametrize("protocol", _ALL)
def test_10_images_and_errors_of_results_arrive(protocol: Protocol) -> None:
    result = ToolResult("c", (Text("no"), _SHOT), is_error=True)
    request = _request(
        _USER, _turn(ToolCall("c", "run", "{}")), _says(result), source=Protocol.CHAT
    )
    body, _ = _send(request, protocol)
    assert PIXEL in _texts(body)
    inside = protocol in {Protocol.MESSAGES, Protocol.RESPONSES}
    assert ("data, not instructions" in _texts(body)) is not inside
    flagged = protocol is Protocol.MESSAGES
    assert ("[tool error] no" in _texts(body)) is not flagged
    assert ('"is_error": true' in _texts(body)) is flagged


@pytest.mark.parametrize("protocol", _ALL)
def test_11_every_call_gets_a_result_and_no_result_stands_alone(
    protocol: Protocol,
) -> None:
    request = _request(
        _USER,
        _turn(ToolCall("c", "run", "{}")),
        _says(ToolResult("other", (Text("lone"),))),
    )
    body, names = _send(request, protocol)
    assert names == {"missing_result", "orphan_result"}
    assert "no result was recorded" in _texts(body)
    assert "lone" in _texts(body)


@pytest.mark.parametrize("protocol", _ALL)
def test_12_ids_are_legal_and_pair_what_they_paired(protocol: Protocol) -> None:
    odd = "call:1/" + "x" * 80
    turns = [_turn(ToolCall(odd, "run", "{}")), _says(ToolResult(odd, (Text("1"),)))]
    again = [_turn(ToolCall(odd, "run", "{}")), _says(ToolResult(odd, (Text("2"),)))]
    target = _target(protocol, call_id_length=9)
    fitted = fit(_request(_USER, *turns, *again), target).request
    calls = [p for m in fitted.messages for p in m.parts if isinstance(p, ToolCall)]
    results = [p for m in fitted.messages for p in m.parts if isinstance(p, ToolResult)]
    assert [each.id for each in calls] == [each.call_id for each in results]
    assert len({each.id for each in calls}) == 2
    assert all(re.fullmatch(r"[a-z0-9]{9}", each.id) for each in calls)


@pytest.mark.parametrize("protocol", _ALL)
def test_13_names_are_legal_apart_and_come_back(protocol: Protocol) -> None:
    wanted = ("mcp.files/read", "mcp_files_read", "n" * 200)
    tools = tuple(FunctionTool(name) for name in wanted)
    fitted = fit(_request(tools=tools), _target(protocol))
    sent = [
        tool.name for tool in fitted.request.tools if isinstance(tool, FunctionTool)
    ]
    assert len(set(sent)) == 3
    limit = VENDOR_DIALECTS[protocol].name_length
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", n) and len(n) <= limit for n in sent)
    back = [fitted.names.restored(name) for name in sent]
    assert [each.name for each in back if each is not None] == list(wanted)


@pytest.mark.parametrize("protocol", _ALL)
def test_14_schemas_of_all_sorts_are_taken(protocol: Protocol) -> None:
    odd: JsonObject = {
        "$defs": {"p": {"type": "string"}},
        "properties": {
            "a": {"$ref": "#/$defs/p"},
            "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "additionalProperties": False,
    }
    tools = (FunctionTool("bare"), FunctionTool("typeless", schema=odd))
    body, _ = _send(_request(tools=tools, source=Protocol.CHAT), protocol)
    assert "typeless" in _texts(body)
    plain, names = _send(
        _request(tools=tools, source=Protocol.MESSAGES),
        protocol,
        schemas=Schemas.PLAIN,
    )
    assert "$ref" not in _texts(plain)
    assert names == {"tool_schema"}


def test_15_strictness_is_kept_where_its_rules_are() -> None:
    loose: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}}}
    closed: JsonObject = {
        **loose,
        "required": ["a"],
        "additionalProperties": False,
    }
    for schema, kept in ((loose, False), (closed, True)):
        tool = FunctionTool("t", schema=schema, strict=True)
        request = _request(tools=(tool,), source=Protocol.MESSAGES)
        body, names = _send(request, Protocol.RESPONSES)
        assert body["tools"][0]["strict"] is kept
        assert names == (set() if kept else {"strict_tools"})
    tool = FunctionTool("t", schema=closed, strict=True)
    request = _request(tools=(tool,), source=Protocol.MESSAGES)
    never, names = _send(request, Protocol.CHAT, strict_tools=StrictTools.NEVER)
    assert "strict" not in never["tools"][0]["function"]
    assert names == {"strict_tools"}


def test_16_wishes_about_calls_hold_or_the_route_is_none() -> None:
    tools = (_RUN, FunctionTool("other"))
    off = _request(tools=tools, tool_choice=ToolChoice(Choice.NONE))
    body, names = _send(off, Protocol.OLLAMA)
    assert "tools" not in body
    assert names == set()
    for choice in (ToolChoice(Choice.ANY), ToolChoice(Choice.TOOL, "run")):
        forced = _request(tools=tools, tool_choice=choice)
        assert _blocked(forced, Protocol.OLLAMA) == ["forced_tool"]
        for protocol in set(_ALL) - {Protocol.OLLAMA}:
            assert _blocked(forced, protocol) == []
            assert _send(forced, protocol)[1] == set()
    some = _request(
        tools=tools, tool_choice=ToolChoice(Choice.AUTO, allowed=("other",))
    )
    body, _ = _send(some, Protocol.MESSAGES)
    assert [tool["name"] for tool in body["tools"]] == ["other"]


_SEARCH = ServerTool(Protocol.RESPONSES, "web_search", None, {"type": "web_search"})


@pytest.mark.parametrize("protocol", set(_ALL) - {Protocol.RESPONSES})
def test_17_server_tools_are_dropped_told_or_an_obstacle(protocol: Protocol) -> None:
    done: JsonObject = {
        "type": "web_search_call",
        "id": "ws_1",
        "action": {"type": "search", "query": "the weather"},
    }
    past = _turn(ServerPart(Protocol.RESPONSES, "web_search_call", done), Text("Rain."))
    request = _request(_USER, past, _USER, tools=(_SEARCH, _RUN))
    body, names = _send(request, protocol)
    assert names == {"server_tool_offered", "server_part_as_text"}
    assert "web_search" not in _texts(body.get("tools"))
    assert "the weather" in _texts(body)
    forced = replace(request, tool_choice=ToolChoice(Choice.TOOL, hosted="web_search"))
    assert _blocked(forced, protocol) == ["forced_server_tool"]


@pytest.mark.parametrize("client", CLIENTS)
def test_18_sources_are_shown_or_named(client: Protocol) -> None:
    source = Citation(
        Protocol.RESPONSES,
        {
            "type": "url_citation",
            "url": "https://example.com/a",
            "title": "A",
            "start_index": 0,
            "end_index": 4,
        },
        "https://example.com/a",
        "A",
        start=0,
        end=4,
    )
    heard, names = _hear(
        client,
        TextStarted(0),
        TextDelta(0, "Rain"),
        CitationAdded(0, source),
        PartEnded(0),
        maker=Protocol.RESPONSES,
    )
    assert ("https://example.com/a" in _texts(heard)) is (names == [])
    assert set(names) <= {"citation"}


_REFUSED = {
    Protocol.MESSAGES: '"refusal"',
    Protocol.RESPONSES: '"content_filter"',
    Protocol.CHAT: '"content_filter"',
    Protocol.GEMINI: '"SAFETY"',
}


@pytest.mark.parametrize("client", CLIENTS)
def test_19_a_refusal_is_one_everywhere(client: Protocol) -> None:
    heard, names = _hear(
        client,
        maker=Protocol.MESSAGES,
        stop=StopReason.REFUSAL,
        category="cyber",
        explanation="Not this.",
    )
    assert _REFUSED[client] in _texts(heard)
    told = "Not this." in _texts(heard)
    assert told or "stop_detail" in names or client is Protocol.RESPONSES


def test_20_a_pause_is_one_at_home_and_an_end_elsewhere() -> None:
    used = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search"}
    part = ServerPart(Protocol.MESSAGES, "server_tool_use", {**used, "input": {}})
    line = (PartWhole(0, part),)
    maker, stop = Protocol.MESSAGES, StopReason.PAUSE_TURN
    heard, names = _hear(Protocol.MESSAGES, *line, maker=maker, stop=stop)
    assert heard["stop_reason"] == "pause_turn"
    assert heard["content"][0]["type"] == "server_tool_use"
    assert names == []
    heard, names = _hear(Protocol.RESPONSES, *line, maker=maker, stop=stop)
    assert heard["status"] == "completed"
    assert names == ["provider_part"]


# --- the prompt -----------------------------------------------------------------------


def test_21_marks_are_few_and_the_beginning_stays_byte_for_byte() -> None:
    marked = [_says(Text(f"t{at}", cache=CacheMark())) for at in range(6)]
    turns = [each for m in marked for each in (m, _turn(Text("ok")))]
    request = _request(*turns, _USER, source=Protocol.MESSAGES)
    body, names = _send(request, Protocol.MESSAGES)
    assert _texts(body).count("cache_control") <= 4
    assert names == {"cache_marks"}
    for protocol in _ALL:
        target = _target(protocol)
        write = PROVIDER_CODEC_OF[protocol].write_request
        first, second = (
            write(fit(_request(*many), target).request, target).body
            for many in (turns[:5], (*turns[:5], _turn(Text("ok")), _USER))
        )
        cut = next(n for n in range(len(first)) if first[n] != second[n])
        assert b"t2" in first[:cut]
        assert write(fit(_request(*turns[:5]), target).request, target).body == first


@pytest.mark.parametrize("protocol", _ALL)
def test_22_the_first_instruction_stays_the_first(protocol: Protocol) -> None:
    system = (Text("x-anthropic-billing-header: a"), Text("You are it."))
    request = _request(system=system, source=Protocol.MESSAGES)
    body, names = _send(request, protocol)
    text = _texts(body)
    assert text.index("billing-header") < text.index("You are it.") < len(text)
    assert names == set()
    if protocol is Protocol.MESSAGES:
        assert [each["text"] for each in body["system"]] == [t.text for t in system]


@pytest.mark.parametrize("protocol", _ALL)
def test_23_instructions_in_the_middle_stay_there(protocol: Protocol) -> None:
    late = Message(Role.SYSTEM, (Text("now be brief"),))
    request = _request(_USER, _turn(Text("ok")), late, _USER)
    body, names = _send(request, protocol)
    text = _texts(body)
    assert text.index("ok") < text.index("now be brief")
    marked = protocol is Protocol.GEMINI
    assert names == ({"system_as_user"} if marked else set())


@pytest.mark.parametrize("protocol", _ALL)
def test_24_a_begun_answer_is_continued(protocol: Protocol) -> None:
    request = _request(_USER, _turn(Text("So it")), source=Protocol.CHAT)
    body, names = _send(request, protocol, prefill=False)
    if protocol is Protocol.CHAT:
        assert names == {"prefill"}
    assert "So it" in _texts(body)
    assert ("Continue your last answer" in _texts(body)) is ("prefill" in names)


_FORM = OutputFormat(
    "json_schema", "a", {"type": "object", "properties": {"a": {"type": "string"}}}
)


@pytest.mark.parametrize("protocol", _ALL)
def test_25_a_form_goes_with_tools_and_thinking(protocol: Protocol) -> None:
    request = _request(
        tools=(_RUN,), reasoning=Reasoning(effort="high"), output_format=_FORM
    )
    body, names = _send(request, protocol)
    assert "properties" in _texts(body)
    assert "run" in _texts(body)
    assert "output_format" not in names or protocol is Protocol.OLLAMA
    _, told = _send(request, protocol, output_format=FormatWord.NONE)
    assert "output_format" in told


def test_26_effort_budget_and_adaptive_thinking_are_one_wish() -> None:
    wish = _request(reasoning=Reasoning(effort="xhigh"), source=Protocol.RESPONSES)
    body, _ = _send(wish, Protocol.MESSAGES)
    assert body["thinking"]["type"] == "adaptive"
    assert body["output_config"] == {"effort": "xhigh"}
    body, names = _send(wish, Protocol.MESSAGES, reasoning=ReasoningWord.THINKING)
    assert body["thinking"]["type"] == "enabled"
    assert 1024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]
    assert "effort_mapped" in names
    budget = _request(
        reasoning=Reasoning("enabled", budget_tokens=9_000), source=Protocol.MESSAGES
    )
    body, names = _send(budget, Protocol.CHAT)
    assert body["reasoning_effort"] == "high"
    assert names == {"effort_mapped"}
    off = _request(reasoning=Reasoning("disabled"), source=Protocol.MESSAGES)
    assert _send(off, Protocol.OLLAMA)[0]["think"] is False


@pytest.mark.parametrize("protocol", _ALL)
def test_27_limits_are_clamped_and_said(protocol: Protocol) -> None:
    request = _request(limits=Limits(500_000))
    body, names = _send(request, protocol, most=8_192)
    assert names == {"max_tokens_clamped"}
    assert "8192" in _texts(body)
    assert "500000" not in _texts(body)


@pytest.mark.parametrize("protocol", _ALL)
def test_28_dice_go_only_where_they_are_taken(protocol: Protocol) -> None:
    request = _request(sampling=Sampling(temperature=0.4, top_p=0.9))
    body, names = _send(request, protocol, sampling=False)
    assert "0.4" not in _texts(body)
    assert names == {"sampling"}
    body, names = _send(request, protocol)
    assert "0.4" in _texts(body)
    assert names <= {"sampling"}


_PATCH = CustomTool("apply_patch", "Patches.", Grammar("lark", "start: LINE"))


@pytest.mark.parametrize(
    "protocol", [Protocol.MESSAGES, Protocol.GEMINI, Protocol.OLLAMA]
)
def test_29_free_text_tools_are_wrapped_and_unwrapped(protocol: Protocol) -> None:
    call = ToolCall("c", "apply_patch", "*** Begin", CallKind.CUSTOM)
    result = ToolResult("c", (Text("Done"),), kind=CallKind.CUSTOM)
    request = _request(_USER, _turn(call), _says(result), tools=(_PATCH,))
    body, names = _send(request, protocol)
    assert names == {"custom_tool", "tool_grammar"}
    assert "start: LINE" in _texts(body)
    assert '"input": "*** Begin"' in _texts(body)
    maker = Origin(protocol, "there", "model-x")
    restorer = Restorer(
        fit(request, _target(protocol)).names, maker, Protocol.RESPONSES
    )
    line = _call_line(0, "apply_patch", '{"inp', 'ut": "a\\n', 'b"}')
    out = [each for event in line for each in restorer.feed(event)]
    assert isinstance(out[0], ToolCallStarted)
    assert out[0].kind is CallKind.CUSTOM
    pieces = [each.text for each in out if isinstance(each, ToolCallArguments)]
    assert "".join(pieces) == "a\nb"


def test_32_compacted_conversations_stay_with_their_maker() -> None:
    item: JsonObject = {"type": "compaction", "encrypted_content": "enc"}
    request = _request(_turn(Opaque(Protocol.RESPONSES, "compaction", item)), _USER)
    assert _blocked(request, Protocol.RESPONSES) == []
    body, names = _send(request, Protocol.RESPONSES)
    assert body["input"][0] == item
    assert names == set()
    for protocol in set(_ALL) - {Protocol.RESPONSES}:
        assert _blocked(request, protocol) == ["part_compaction"]


def _left_out(field: str, value: Any, name: str) -> None:
    request = _request(extras={field: value}, source=Protocol.MESSAGES)
    for protocol in set(_ALL) - {Protocol.MESSAGES}:
        assert _blocked(request, protocol) == []
        body, names = _send(request, protocol)
        assert field not in body
        assert names == {name}
    target = _target(Protocol.MESSAGES)
    assert fit(request, target).request.extras == {field: value}


def test_33_edits_of_the_context_are_forwarded_or_named() -> None:
    edits = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    _left_out("context_management", edits, "context_management")


@pytest.mark.parametrize("protocol", _ALL)
def test_37_a_stream_without_its_end_is_a_failure(protocol: Protocol) -> None:
    reader = PROVIDER_CODEC_OF[protocol].stream_reader(answer_id="a", model="m")
    (*_, last) = reader.finish()
    assert isinstance(last, AnswerFailed)
    assert last.kind is FailureKind.CUT
    assert not reader.feed(b"data: [DONE]\n\n")


def test_38_a_second_beginning_is_none() -> None:
    start = (
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"m1",'
        b'"type":"message","role":"assistant","model":"m","content":[],'
        b'"usage":{"input_tokens":3,"output_tokens":0}}}\n\n'
    )
    block = (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"thinking_delta","thinking":"hm"}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"hi"}}\n\n'
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":'
        b'"end_turn"},"usage":{"output_tokens":2}}\n\n'
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    )
    reader = PROVIDER_CODEC_OF[Protocol.MESSAGES].stream_reader(
        answer_id="a", model="m"
    )
    events = reader.feed(start + start + block)
    assert sum(isinstance(each, AnswerStarted) for each in events) == 1
    assert isinstance(events[-1], AnswerEnded)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "hi"


def test_44_the_provider_s_own_fallbacks_are_not_doubled() -> None:
    _left_out("fallbacks", [{"model": "other"}], "fallbacks")


def test_45_a_call_bears_the_signature_it_was_made_with() -> None:
    maker = Origin(Protocol.GEMINI, "there", "model-x")
    proof = Thinking(signature="c2lnbg==", origin=maker)
    request = _request(
        _USER,
        _turn(proof, ToolCall("c", "run", "{}")),
        _says(ToolResult("c", (Text("ok"),))),
    )
    body, names = _send(request, Protocol.GEMINI)
    part = body["contents"][1]["parts"][0]
    assert part["functionCall"]["name"] == "run"
    assert part["thoughtSignature"] == "c2lnbg=="
    assert names == set()


# --- cases that another gateway's regression tests are named after --------------------


@pytest.mark.parametrize("protocol", _ALL)
@pytest.mark.parametrize("parts", [(), (Text(""),)])
def test_an_empty_tool_result_is_one(protocol: Protocol, parts: Sequence[Text]) -> None:
    request = _request(
        _USER,
        _turn(ToolCall("c", "run", "{}")),
        _says(ToolResult("c", tuple(parts))),
        source=Protocol.GEMINI,
    )
    _, names = _send(request, protocol)
    assert names == set()


_TOOL_STOPS = {
    Protocol.MESSAGES: '"tool_use"',
    Protocol.RESPONSES: '"completed"',
    Protocol.CHAT: '"tool_calls"',
    Protocol.GEMINI: '"STOP"',
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stop_for_tools_is_told_and_counted(client: Protocol) -> None:
    heard, _ = _hear(client, *_call_line(0, "run", "{}"), stop=StopReason.TOOL_USE)
    assert _TOOL_STOPS[client] in _texts(heard)
    assert re.search(r"tokens\w*\": 5|TokenCount\": 5|token_count\": 5", _texts(heard))
