"""Which tools may be called: choices, groups, free text, and the vendors' own."""

from __future__ import annotations

import json

from fidelity.case import Case
from fidelity.cases_tools import OSLO, called
from fidelity.heard import heard
from fidelity.lane import Lane
from fidelity.terms import (
    LOOP,
    WEATHER,
    Ask,
    Echo,
    Json,
    Raw,
    Result,
    Tool,
    Turn,
    Words,
    assistant,
    user,
)
from upstream import Seen, Step, ToolCall, say

from proxy.model import Protocol


async def _choice_none(lane: Lane) -> None:
    told = await lane.ask(Ask(LOOP, tools=(WEATHER,), choice="none"))
    if told.heard.choice != "none":
        assert told.heard.tools == ()


async def _choice_any(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(WEATHER,), choice="any"), say("", OSLO))
    assert told.heard.choice == "any"
    assert called(lane.got(told)) == [("weather", {"city": "Oslo"})]


async def _choice_tool(lane: Lane) -> None:
    tools = (WEATHER, Tool("now", {"type": "object", "properties": {}}))
    told = await lane.ask(Ask(tools=tools, choice="weather"), say("", OSLO))
    assert told.heard.choice == "weather"
    assert called(lane.got(told)) == [("weather", {"city": "Oslo"})]


async def _choice_some(lane: Lane) -> None:
    lane.only("no_allowed_tools", clients="responses chat gemini")
    tools = (WEATHER, Tool("now"), Tool("why"))
    some = ["now", "why"]
    more: Json = {}
    match lane.client:
        case Protocol.RESPONSES:
            named = [{"type": "function", "name": each} for each in some]
            choice: Json = {"type": "allowed_tools", "mode": "auto", "tools": named}
            more = {"tool_choice": choice}
        case Protocol.CHAT:
            functions: list[Json] = [
                {"type": "function", "function": {"name": each}} for each in some
            ]
            inner = {"mode": "auto", "tools": functions}
            more = {"tool_choice": {"type": "allowed_tools", "allowed_tools": inner}}
        case _:
            mode = {"mode": "VALIDATED", "allowedFunctionNames": some}
            more = {"toolConfig": {"functionCallingConfig": mode}}
    told = await lane.ask(Ask(tools=tools, more=more))
    text = json.dumps(told.seen.json if told.seen else {})
    limited = "allowed" in text.lower()
    names = [each.name for each in told.heard.tools]
    assert limited or names == some


async def _one_at_a_time(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(WEATHER,), parallel=False))
    lane.arrives(told.heard.parallel is False, told, or_loses="parallel_tools")


GRAMMAR = 'start: "*** Begin Patch" /.+/'
_PATCH = '*** Begin Patch\n*** "ü" \\ \t end'


async def _free_text(lane: Lane) -> None:
    tool = Tool("apply_patch", None, "Edits files.", grammar=GRAMMAR)

    def script(seen: Seen) -> Step:
        offered = heard(lane.provider, seen.json).tools[0]
        if offered.grammar is not None:
            return say("", ToolCall("apply_patch", input=_PATCH, freeform=True))
        return say("", ToolCall.of(offered.name, input=_PATCH))

    told = await lane.ask(Ask(tools=(tool,)), script)
    got = lane.got(told)
    assert [(each.name, each.free) for each in got.calls] == [("apply_patch", _PATCH)]
    offered = told.heard.tools[0]
    turns = (user("Go."), assistant(Echo(got.answer)), _done(lane, got.calls[0].id))
    again = await lane.ask(Ask(turns, tools=(tool,)))
    call = again.heard.calls[0]
    assert (call.free or call.arguments.get("input")) == _PATCH
    assert again.heard.results[0].text == "Done."
    lane.arrives(offered.grammar == GRAMMAR, told, or_loses="tool_grammar")
    if offered.grammar is None:
        assert GRAMMAR in offered.description


def _done(lane: Lane, call: str) -> Turn:
    if lane.client is Protocol.CHAT:
        return user(Result(call, (Words("Done."),), name="apply_patch"))
    shape = {"type": "custom_tool_call_output", "call_id": call, "output": "Done."}
    return user(Raw(shape))


async def _groups(lane: Lane) -> None:
    tools = (
        Tool("spawn", namespace="agents"),
        Tool("spawn", namespace="jobs"),
        Tool("spawn"),
    )

    def script(seen: Seen) -> Step:
        offered = heard(lane.provider, seen.json).tools
        return say(
            "",
            *(
                ToolCall(each.name, (("city", "x"),), namespace=each.namespace or None)
                for each in offered
            ),
        )

    told = await lane.ask(Ask(tools=tools), script)
    got = lane.got(told)
    wanted = sorted((each.name, each.namespace) for each in tools)
    assert sorted((each.name, each.namespace) for each in got.calls) == wanted


async def _shell(lane: Lane) -> None:
    lane.only("no_own_tools", clients="responses")
    lane.foreign()
    turns = (
        user("List."),
        assistant(
            Raw(
                {
                    "type": "local_shell_call",
                    "id": "lsh_1",
                    "call_id": "call_ls",
                    "status": "completed",
                    "action": {"type": "exec", "command": ["ls", "-a"], "env": {}},
                }
            )
        ),
        user(
            Raw(
                {
                    "type": "local_shell_call_output",
                    "id": "call_ls",
                    "output": "a.py",
                }
            )
        ),
    )
    more: Json = {"tools": [{"type": "local_shell"}]}
    told = await lane.ask(Ask(turns, more=more))
    assert "ls" in json.dumps(told.heard.body)
    lane.arrives(told.heard.calls, told, or_loses="server_tool_offered")


async def _hosted(lane: Lane) -> None:
    told = await lane.ask(Ask(tools=(WEATHER,), hosted=True), say("", OSLO))
    assert called(lane.got(told)) == [("weather", {"city": "Oslo"})]
    lost = "server_tool_offered"
    if lane.client is Protocol.CHAT:
        lost = "web_search_options"
    lane.arrives(told.heard.hosted, told, or_loses=lost)


async def _hosted_forced(lane: Lane) -> None:
    lane.only("not_forcible", clients="messages responses")
    more: Json = {"tool_choice": {"type": "tool", "name": "web_search"}}
    if lane.client is Protocol.RESPONSES:
        search = {"type": "web_search_preview"}
        more = {"tools": [search], "tool_choice": search}
    told = await lane.ask(Ask(hosted=lane.client is Protocol.MESSAGES, more=more))
    assert told.heard.hosted


_SEARCHED: dict[Protocol, tuple[Json, ...]] = {
    Protocol.MESSAGES: (
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": "weather Oslo"},
        },
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {
                    "type": "web_search_result",
                    "url": "https://example.com/oslo",
                    "title": "weather Oslo today",
                    "encrypted_content": "eA==",
                }
            ],
        },
    ),
    Protocol.RESPONSES: (
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "search", "query": "weather Oslo"},
        },
    ),
    Protocol.GEMINI: (
        {"executableCode": {"language": "PYTHON", "code": "weather Oslo"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
    ),
}


async def _hosted_used(lane: Lane) -> None:
    lane.only("no_own_steps", clients="messages responses gemini")
    steps = [Raw(each) for each in _SEARCHED[lane.client]]
    turns = (user("Search."), assistant(*steps, "Found."), user("Thanks."))
    told = await lane.ask(Ask(turns, hosted=lane.native))
    text = json.dumps(told.heard.body)
    assert "weather Oslo" in text
    lane.arrives(lane.native, told, or_loses="server_part_as_text")


CASES = (
    Case("16_choice_none", "Calls can be forbidden.", _choice_none, streams=False),
    Case("16_choice_any", "A call can be forced.", _choice_any),
    Case("16_choice_tool", "A certain call can be forced.", _choice_tool),
    Case(
        "16_choice_some", "Only some tools may be called.", _choice_some, streams=False
    ),
    Case(
        "no_parallel_calls",
        "Parallel calls can be forbidden.",
        _one_at_a_time,
        streams=False,
    ),
    Case("29_free_text_tools", "Tools called with free text work.", _free_text),
    Case("29_namespaces", "Tools in groups lead back.", _groups),
    Case("29_local_shell", "The client's own shell tool works.", _shell, streams=False),
    Case("17_server_tool_offered", "A search merely offered is dropped.", _hosted),
    Case(
        "17_server_tool_forced",
        "A search forced is refused.",
        _hosted_forced,
        streams=False,
    ),
    Case(
        "17_server_tool_used", "An earlier search is told.", _hosted_used, streams=False
    ),
)
