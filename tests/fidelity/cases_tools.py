"""Tools: what is offered, what is called, and how a client may choose."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fidelity.case import Case
from fidelity.changes import all_replaced, replaced
from fidelity.heard import heard
from fidelity.lane import Lane, Told
from fidelity.terms import (
    CITY,
    LOOP,
    WEATHER,
    Ask,
    Call,
    Echo,
    Got,
    Json,
    Result,
    Thought,
    Tool,
    Words,
    assistant,
    user,
)
from upstream import Answer, Reply, Seen, Step, Text, ToolCall, Ways, say

from proxy.model import Protocol

OSLO = ToolCall.of("weather", city="Oslo")
ROME = ToolCall.of("weather", city="Rom „ewig“ \U0001f3db")
OFFER = Ask(LOOP[:1], tools=(WEATHER,))


def called(got: Got) -> list[tuple[str, Json]]:
    """Names and arguments of an answer's calls."""
    return [(each.name, dict(each.arguments)) for each in got.calls]


async def _loop(lane: Lane) -> None:
    told = await lane.ask(OFFER, say("Let me look.", OSLO))
    got = lane.got(told)
    assert told.heard.tools[0].name == "weather"
    assert told.heard.tools[0].description == WEATHER.description
    assert told.heard.tools[0].schema == CITY
    assert (got.text, got.stop) == ("Let me look.", "tools")
    assert called(got) == [("weather", {"city": "Oslo"})]
    turns = (*LOOP[:1], assistant(Echo(got.answer)), user(Result(got.calls[0].id)))
    again = await lane.ask(Ask(turns, tools=(WEATHER,)), say("Sunny."))
    assert lane.got(again).text == "Sunny."
    assert called_before(again) == [("weather", {"city": "Oslo"})]
    assert [each.text for each in again.heard.results] == ["sunny"]
    assert "Let me look." in again.heard.text


def called_before(told: Told) -> list[tuple[str, Json]]:
    """Names and arguments of the calls in the history a provider got."""
    return [(each.name, dict(each.arguments)) for each in told.heard.calls]


async def _parallel(lane: Lane) -> None:
    ways = Ways(interleaved=True, call_ids=lane.native)
    answer = Answer((Text("Both."), OSLO, ROME), ways=ways)
    if lane.provider is Protocol.RESPONSES and lane.stream:
        answer = Answer(answer.parts, change=_interleaved)
    told = await lane.ask(OFFER, answer)
    got = lane.got(told)
    wanted = [("weather", dict(OSLO.arguments)), ("weather", dict(ROME.arguments))]
    assert called(got) == wanted
    first, second = (each.id for each in got.calls)
    assert first != second
    # The results come back in the other order.
    results = (
        Result(second, (Words("rain"),)),
        Result(first, (Words("sun"),)),
    )
    turns = (*LOOP[:1], assistant(Echo(got.answer)), user(*results))
    again = await lane.ask(Ask(turns, tools=(WEATHER,)))
    assert called_before(again) == wanted
    by_call = {each.of: each.text for each in again.heard.results}
    calls = again.heard.calls
    if calls[0].id:
        assert [by_call[each.id] for each in calls] == ["sun", "rain"]
    else:
        assert [each.text for each in again.heard.results] == ["sun", "rain"]


def _interleaved(reply: Reply) -> Reply:
    """The pieces of the two calls in turn, numbered anew."""
    chunks = [each for each in reply.chunks if isinstance(each, bytes)]
    items: dict[int, list[bytes]] = {}
    head, tail = [], []
    for chunk in chunks:
        data = json.loads(chunk.partition(b"data: ")[2])
        at = data.get("output_index")
        if at in {1, 2}:
            items.setdefault(at, []).append(chunk)
        elif items:
            tail.append(chunk)
        else:
            head.append(chunk)
    mixed = []
    first, second = items[1], items[2]
    while first or second:
        mixed += [queue.pop(0) for queue in (first, second) if queue]
    return replace(reply, chunks=(*head, *_numbered([*mixed, *tail], len(head))))


def _numbered(chunks: Iterable[bytes], start: int) -> Iterator[bytes]:
    for at, chunk in enumerate(chunks, start):
        name, _, text = chunk.partition(b"data: ")
        data = json.loads(text) | {"sequence_number": at}
        yield name + b"data: " + json.dumps(data).encode() + b"\n\n"


async def _at_once(lane: Lane) -> None:
    answer = Answer((OSLO,), ways=Ways(whole_arguments=True))
    if lane.provider is Protocol.RESPONSES and lane.stream:
        answer = Answer((OSLO,), change=_without_deltas)
    got = lane.got(await lane.ask(OFFER, answer))
    assert called(got) == [("weather", {"city": "Oslo"})]
    assert got.stop == "tools"


def _without_deltas(reply: Reply) -> Reply:
    chunks = [each for each in reply.chunks if isinstance(each, bytes)]
    kept = [each for each in chunks if b".delta" not in each]
    return replace(reply, chunks=tuple(_numbered(kept, 0)))


async def _no_arguments(lane: Lane) -> None:
    call = ToolCall("now")
    change = None
    if lane.provider in {Protocol.CHAT, Protocol.RESPONSES}:
        change = replaced(b'"arguments": "{}"', b'"arguments": ""')
        if lane.stream and lane.provider is Protocol.RESPONSES:
            change = all_replaced(
                [
                    (b'"arguments": "{}"', b'"arguments": ""'),
                    (b'"delta": "{}"', b'"delta": ""'),
                ]
            )
    tool = Tool("now", {"type": "object", "properties": {}}, "Tells the time.")
    told = await lane.ask(Ask(tools=(tool,)), Answer((call,), change=change))
    got = lane.got(told)
    if not lane.native:
        assert called(got) == [("now", {})]
        assert got.calls[0].raw is None
    turns = (user("Time?"), assistant(Call("now", raw=_nothing(lane))), user(_NOON))
    again = await lane.ask(Ask(turns, tools=(tool,)))
    if not lane.native:
        assert called_before(again) == [("now", {})]


_NOON = Result(name="now")


def _nothing(lane: Lane) -> str | None:
    textual = lane.client in {Protocol.CHAT, Protocol.RESPONSES}
    return "" if textual and not lane.native else None


async def _broken_answer(lane: Lane) -> None:
    lane.foreign()
    lane.only("objects_only", providers="messages responses chat")
    change = all_replaced(_BREAKS[lane.provider])
    told = await lane.ask(OFFER, Answer((OSLO,), change=change))
    got = lane.got(told)
    assert got.calls[0].name == "weather"
    raw = got.calls[0].raw
    lane.arrives(raw == '{"city": "Oslo', told, or_loses="broken_arguments")
    if raw is None:
        # Nothing that could be taken for what the model meant.
        assert got.calls[0].arguments == {"input": '{"city": "Oslo'} | (
            {"city": None} if "city" in got.calls[0].arguments else {}
        )


_CUT = (rb'"{\"city\": \"Oslo\"}"', rb'"{\"city\": \"Oslo"')
_PIECE = (b'"lo\\"}"', b'"lo"')
_BREAKS = {
    Protocol.MESSAGES: [_PIECE],
    Protocol.CHAT: [_PIECE],
    Protocol.RESPONSES: [_CUT, _PIECE],
}


async def _broken_history(lane: Lane) -> None:
    turns = (LOOP[0], assistant(Call("weather", raw='{"city": "Os')), LOOP[2])
    told = await lane.ask(Ask(turns, tools=(WEATHER,)))
    call = told.heard.calls[0]
    if call.raw is None:
        assert call.arguments == {"input": '{"city": "Os'}
    lane.arrives(call.raw is not None, told, or_loses="broken_arguments")


async def _text_behind(lane: Lane) -> None:
    lane.only("calls_last", providers="messages responses gemini")
    answer = Answer((Text("First."), OSLO, Text("Then this.")))
    told = await lane.ask(OFFER, answer)
    got = lane.got(told)
    assert got.text == "First.Then this."
    assert called(got) == [("weather", {"city": "Oslo"})]
    kinds = [type(each) for each in got.parts if not isinstance(each, Thought)]
    order = [each for each, _ in itertools.groupby(kinds)]
    lane.arrives(order == [Words, Call, Words], told, or_loses="part_order")


_IDS = {
    Protocol.MESSAGES: "toolu_" + "x" * 90,
    Protocol.RESPONSES: "call:7/ü " + "y" * 30,
    Protocol.CHAT: "call:7/ü " + "y" * 30,
    Protocol.GEMINI: "fn 1:ü",
}


async def _ids(lane: Lane) -> None:
    word = _IDS[lane.client]
    calls = (Call("weather", {"city": "Oslo"}, word), Call("weather", {}, word + "2"))
    results = (Result(word), Result(word + "2", (Words("rain"),)))
    turns = (LOOP[0], assistant(*calls), user(*results))
    told = await lane.ask(Ask(turns, tools=(WEATHER,)), say("", OSLO))
    ids = [each.id for each in told.heard.calls]
    assert [each.text for each in told.heard.results] == ["sunny", "rain"]
    if ids[0]:
        assert [each.of for each in told.heard.results] == ids
        assert len(set(ids)) == 2
    if lane.native:
        assert ids == [word, word + "2"]
    assert lane.got(told).calls[0].id not in {word, word + "2"}


_LONG = "mcp__a_server_with_a_long_name__" + "tell_the_weather_of_a_place_"
_NAMES = {
    Protocol.MESSAGES: (f"{_LONG}_north", f"{_LONG}_south"),
    Protocol.RESPONSES: ("1st-look", "2nd-look"),
    Protocol.CHAT: ("1st-look", "2nd-look"),
    Protocol.GEMINI: ("server.look:up", "server_look_up"),
}


async def _names(lane: Lane) -> None:
    names = _NAMES[lane.client]
    tools = tuple(Tool(each, description=each[-5:]) for each in names)

    def script(seen: Seen) -> Step:
        offered = heard(lane.provider, seen.json).tools
        return say("", *(ToolCall.of(each.name, city="Oslo") for each in offered))

    told = await lane.ask(Ask(tools=tools), script)
    offered = [each.name for each in told.heard.tools]
    assert len(set(offered)) == 2
    got = lane.got(told)
    assert [each.name for each in got.calls] == list(names)
    turns = (
        user("Go."),
        assistant(Echo(got.answer)),
        user(*(Result(each.id, name=each.name) for each in got.calls)),
    )
    again = await lane.ask(Ask(turns, tools=tools))
    assert [each.name for each in again.heard.calls] == offered


_EMPTY: Json = {"type": "object", "properties": {}}


async def _no_parameters(lane: Lane) -> None:
    more = (Tool("when", {}), Tool("why", {"type": "object"}))
    if lane.client is Protocol.MESSAGES:
        more = (Tool("when", {"type": "object"}), Tool("why", _EMPTY))
    tools = (Tool("now", None), *more)
    told = await lane.ask(Ask(tools=tools), say("", ToolCall("now")))
    assert [each.name for each in told.heard.tools] == [each.name for each in tools]
    assert called(lane.got(told)) == [("now", {})]


async def _no_type(lane: Lane) -> None:
    lane.foreign()
    schema: Json = {
        "properties": {"city": {"description": "The name."}, "at": {"enum": [1, 2]}},
        "required": ["city"],
    }
    if lane.client is Protocol.MESSAGES:
        schema["type"] = "object"
    told = await lane.ask(Ask(tools=(Tool(schema=schema),)))
    found = told.heard.tools[0].schema
    assert found is not None
    assert set(found["properties"]) == {"city", "at"}
    assert found["required"] == ["city"]


_DEEP: Json = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/place"},
        "when": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1}},
    },
    "required": ["place"],
    "additionalProperties": False,
    "$defs": {
        "place": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


async def _deep(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(Tool(schema=_DEEP),)))
    found = told.heard.tools[0].schema
    lane.arrives(found == _DEEP, told, or_loses="tool_schema")


async def _strict(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(Tool(strict=True),)))
    lane.arrives(told.heard.tools[0].strict is True, told, or_loses="strict_tools")


async def _strict_loose(lane: Lane) -> None:
    lane.foreign()
    schema: Json = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "day": {"type": "string"}},
        "required": ["city"],
    }
    told = await lane.ask(Ask(tools=(Tool(schema=schema, strict=True),)))
    offered = told.heard.tools[0]
    assert offered.schema is not None
    assert set(offered.schema["properties"]) == {"city", "day"}
    lane.arrives(offered.strict is True, told, or_loses="strict_tools")


async def _sloppy_stop(lane: Lane) -> None:
    lane.foreign()
    change = None
    if lane.provider is Protocol.MESSAGES:
        change = replaced(b'"tool_use", "stop_seq', b'"end_turn", "stop_seq')
    ways = Ways(sloppy_stop=True)
    got = lane.got(await lane.ask(OFFER, Answer((OSLO,), change=change, ways=ways)))
    assert got.stop == "tools"


CASES = (
    Case("tool_loop", "Tools are offered, called and answered.", _loop),
    Case("05_parallel_calls", "Interleaved parallel calls stay apart.", _parallel),
    Case("06_arguments_at_once", "Arguments that come whole arrive.", _at_once),
    Case("07_empty_arguments", "No arguments are an empty object.", _no_arguments),
    Case(
        "08_broken_arguments", "A broken call is marked.", _broken_answer, streams=True
    ),
    Case(
        "08_broken_history",
        "An earlier broken call is kept.",
        _broken_history,
        streams=False,
    ),
    Case("09_text_behind_call", "Text behind a call stays there.", _text_behind),
    Case("12_call_ids", "Any id of a call survives the way.", _ids),
    Case("13_tool_names", "Long and odd names lead back.", _names),
    Case("14_no_parameters", "Tools without parameters are tools.", _no_parameters),
    Case("14_no_types", "Schemas without types are schemas.", _no_type, streams=False),
    Case(
        "14_deep_schemas", "References and alternatives arrive.", _deep, streams=False
    ),
    Case("15_strict", "Strict tools stay strict.", _strict, streams=False),
    Case(
        "15_strict_loose",
        "A loose schema bound strictly works.",
        _strict_loose,
        streams=False,
    ),
    Case("stop_reason_tool_use", "A sloppy stop becomes a true one.", _sloppy_stop),
)
