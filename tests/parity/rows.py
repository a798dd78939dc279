"""The rows of the parity page: what one of Claude's clients needs, and how it is tried.

A check says nothing where the row holds, or a word for the page where ways differ.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import pytest
from anthropic.types import Message
from parity.lane import BETAS, GEMINI_MODEL, MODEL, SESSION, Lane, Told
from parity.said import HELLO, PIXEL, TOOLS, block, result, turned
from upstream import Answer, Text, Thinking, Tokens, ToolCall, refuse, say

from proxy.model import Protocol

Check = Callable[[Lane], Awaitable[str | None]]

API, CODE, DESKTOP = "Anthropic API", "Claude Code", "Claude Desktop"
CLIENTS = {
    API: "the vendor's own SDK, its answers held strictly against its types",
    CODE: "requests as Claude Code sends them, with its headers and its fields",
    DESKTOP: "requests of the documented shape: `POST /v1/messages`, streamed, with "
    "tools, Bearer, no `/v1` in the base address",
}
TOKENS = Tokens(fresh=900, cache_read=0, output=42)
_CALLS = (ToolCall.of("weather", town="Oslo"), ToolCall.of("tide", town="Bergen"))


@dataclass(frozen=True, slots=True)
class Row:
    """A topic of the page, what is claimed, and its check on one lane."""

    client: str
    topic: str
    claim: str
    check: Check

    @property
    def key(self) -> str:
        """Its name in the run's notes."""
        return f"{self.client}, {self.topic}: {self.claim}"


# --- Anthropic API --------------------------------------------------------------------


async def _whole(on: Lane) -> None:
    on.upstream.push(Answer((Text("Oslo is."),), TOKENS))
    async with on.sdk() as sdk:
        got = await sdk.messages.create(
            model=MODEL,
            max_tokens=99,
            messages=HELLO,
            system="Be brief.",
            stop_sequences=["###"],
        )
    assert [block.type for block in got.content] == ["text"]
    assert got.stop_reason == "end_turn"
    assert (got.usage.input_tokens, got.usage.output_tokens) == (900, 42)
    on.arrived("Which town is windy?", "Be brief.")
    if on.protocol is not Protocol.RESPONSES:  # there the gateway stops
        on.arrived("###")


async def _limits(on: Lane) -> None:
    on.upstream.push(Answer((Text("Oslo"),), TOKENS, cut_short=True))
    async with on.sdk() as sdk:
        got = await sdk.messages.create(model=MODEL, max_tokens=77, messages=HELLO)
    assert got.stop_reason == "max_tokens"
    assert 77 in _numbers(on.seen.json)


def _numbers(value: object) -> list[object]:
    match value:
        case dict():
            return [n for each in value.values() for n in _numbers(each)]
        case int():
            return [value]
        case _:
            return []


async def _streamed(on: Lane) -> None:
    on.upstream.push(Answer((Text("Oslo is, and so is Bergen."), *_CALLS), TOKENS))
    async with (
        on.sdk() as sdk,
        sdk.messages.stream(
            model=MODEL, max_tokens=99, messages=HELLO, tools=TOOLS
        ) as stream,
    ):
        pieces = [text async for text in stream.text_stream]
        got = await stream.get_final_message()
    assert len(pieces) > 1
    assert "".join(pieces) == "Oslo is, and so is Bergen."
    _check_calls(got)
    assert (got.usage.input_tokens, got.usage.output_tokens) == (900, 42)


def _check_calls(got: Message) -> dict[str, str]:
    """The two calls came whole and apart; returns their ids by name."""
    calls = [block for block in got.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == [
        ("weather", {"town": "Oslo"}),
        ("tide", {"town": "Bergen"}),
    ]
    assert got.stop_reason == "tool_use"
    assert len({call.id for call in calls}) == 2
    return {call.name: call.id for call in calls}


async def _tool_round(on: Lane) -> None:
    on.upstream.push(Answer(_CALLS, TOKENS), say("Oslo."))
    async with on.sdk() as sdk:
        first = await sdk.messages.create(
            model=MODEL, max_tokens=99, messages=HELLO, tools=TOOLS
        )
        ids = _check_calls(first)
        results = [
            result(ids["weather"], "storm ahead"),
            result(ids["tide"], "no such station", failed=True),
        ]
        said = [each.model_dump(exclude_none=True) for each in first.content]
        last = await sdk.messages.create(
            model=MODEL, max_tokens=99, messages=turned(said, results), tools=TOOLS
        )
    assert last.stop_reason == "end_turn"
    on.arrived("storm ahead", "no such station")
    if on.native:
        on.arrived('"is_error": true')


async def _forced(on: Lane) -> str | None:
    on.upstream.push(Answer(_CALLS[:1], TOKENS))
    async with on.sdk() as sdk:
        asked = sdk.messages.create(
            model=MODEL,
            max_tokens=99,
            messages=HELLO,
            tools=TOOLS,
            tool_choice={"type": "tool", "name": "weather"},
        )
        if on.protocol is Protocol.OLLAMA:
            before = len(on.upstream.asked)
            # Its standby can: the request goes there, and not to Ollama.
            got = await asked
            assert on.upstream.asked[before].path == "/v1/messages"
            assert got.stop_reason == "tool_use"
            return "refused there, sent to the standby"
        got = await asked
    assert got.stop_reason == "tool_use"
    on.arrived("weather")
    return None


async def _api_errors(on: Lane) -> None:
    on.upstream.push(refuse(400, "temperature: not taken here"))
    async with on.sdk() as sdk:
        with pytest.raises(anthropic.BadRequestError) as bad:
            await sdk.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
        assert "temperature: not taken here" in str(bad.value)
        assert json.loads(bad.value.response.content)["type"] == "error"
        busy = refuse(429, "slow down", retry_after="7")
        on.upstream.push(busy, busy, busy)
        with pytest.raises(anthropic.RateLimitError) as slow:
            await sdk.messages.create(model=MODEL, max_tokens=9, messages=HELLO)
    assert slow.value.response.headers["retry-after"] == "7"
    assert "slow down" in str(slow.value)


async def _counting(on: Lane) -> str:
    async with on.sdk() as sdk:
        raw = await sdk.messages.with_raw_response.count_tokens(
            model=MODEL, messages=HELLO, tools=TOOLS, system="Be brief."
        )
        bare = await sdk.messages.count_tokens(model=MODEL, messages=HELLO)
    with_tools = (await raw.parse()).input_tokens
    method = raw.headers["x-turnout-count"]
    assert bare.input_tokens > 0
    assert method == ("exact" if on.native else method)
    if method == "estimate":
        assert with_tools > bare.input_tokens
        low, high = map(int, raw.headers["x-turnout-count-band"].split("-"))
        assert low <= with_tools <= high
    return method


async def _api_models(on: Lane) -> None:
    async with on.sdk() as sdk:
        listed = [each async for each in sdk.models.list()]
    assert MODEL in {each.id for each in listed}


# --- Claude Code ----------------------------------------------------------------------


async def _code_task(on: Lane) -> None:
    thought = Thinking("It may storm.")
    on.upstream.push(Answer((thought, Text("Looking."), *_CALLS), TOKENS), say("Oslo."))
    first = await on.claude_code({"messages": HELLO, "tools": TOOLS})
    got = first.message
    ids = _check_calls(got)
    assert (got.usage.input_tokens, got.usage.output_tokens) == (900, 42)
    _recorded(first)
    results = [
        result(ids["weather"], "storm ahead"),
        result(ids["tide"], "no such station", failed=True),
    ]
    said = [each.model_dump(exclude_none=True) for each in got.content]
    last = await on.claude_code({"messages": turned(said, results), "tools": TOOLS})
    assert last.message.stop_reason == "end_turn"
    on.arrived("storm ahead", "no such station", "You are Claude Code.")


def _recorded(told: Told) -> None:
    row = told.event
    assert row is not None
    assert (row.session, row.status) == (SESSION, "success")
    assert (row.input_tokens, row.output_tokens) == (900, 42)


async def _code_headers(on: Lane) -> str | None:
    told = await on.claude_code({"messages": HELLO})
    seen = on.seen
    assert told.status == 200
    if on.native:
        assert seen.target == "/v1/messages?beta=true"
        assert seen.header("anthropic-beta") == BETAS
        assert seen.header("x-app") == "cli"
        return "unchanged"
    assert seen.header("anthropic-beta") is None
    assert seen.header("x-claude-code-session-id") is None
    return "read, not sent on"


async def _code_fields(on: Lane) -> str | None:
    """The fields no other protocol has are carried or named, never refused."""
    middle = {"role": "system", "content": "Today is Monday."}
    told = await on.claude_code({"messages": [*HELLO, middle], "tools": TOOLS})
    assert told.message.stop_reason == "end_turn"
    on.arrived("Today is Monday.", "x-anthropic-billing-header")
    losses = told.headers.get("x-turnout-losses", "").split(",")
    if on.native:
        assert losses == [""]
        return "unchanged"
    assert {"context_management", "cache_marks"} <= set(losses)
    assert told.event is not None
    assert list(told.event.losses)[: len(losses)] == losses
    return "carried, or named"


async def _code_image(on: Lane) -> None:
    """The Read tool's image comes back inside a tool's result."""
    calls = (ToolCall.of("weather", town="Oslo"),)
    on.upstream.push(Answer(calls, TOKENS), say("A map."))
    got = (await on.claude_code({"messages": HELLO, "tools": TOOLS})).message
    (call,) = [each for each in got.content if each.type == "tool_use"]
    shown = result(call.id, "the map")
    shown["content"].append(block("image", PIXEL, "image/png"))
    said = [each.model_dump(exclude_none=True) for each in got.content]
    last = await on.claude_code({"messages": turned(said, [shown]), "tools": TOOLS})
    assert last.message.stop_reason == "end_turn"
    on.arrived(PIXEL, "the map")


async def _code_start(on: Lane) -> None:
    session, url = on.gateway.session, on.gateway.url
    for path in ("/", "/api/hello"):
        async with session.head(url + path) as answer:
            assert answer.status == 200


async def _code_aliases(on: Lane) -> None:
    """What the picker lists can be asked for; a mode's name is one of them."""
    found = await on.get("/v1/models?limit=1000", **{"anthropic-version": "2023-06-01"})
    ids = [each["id"] for each in found["data"]]
    assert all(each.startswith(("claude", "anthropic")) for each in ids)
    assert all(each["display_name"] for each in found["data"])
    assert "claude-turnout-auto" in ids
    for name in ("claude-turnout-auto", f"claude-turnout/first/{MODEL}", MODEL):
        told = await on.claude_code({"model": name, "messages": HELLO})
        assert told.message.stop_reason == "end_turn"
        # A mode chooses by itself: of equals the one that needs no translation.
        chosen = name == "claude-turnout-auto" and on.other is Protocol.MESSAGES
        place = "second" if chosen else "first"
        assert told.headers["x-turnout-route"] == f"{place}/{MODEL}"
        assert on.seen.model == MODEL


async def _code_errors(on: Lane) -> None:
    """A 400 comes back at once and once: the client mends itself by its wording."""
    before = len(on.upstream.asked)
    on.upstream.push(refuse(400, "thinking.display: Extra inputs are not permitted"))
    told = await on.claude_code({"messages": HELLO})
    assert told.status == 400
    assert b"thinking.display: Extra inputs are not permitted" in told.body
    assert len(on.upstream.asked) == before + 1


# --- Claude Desktop -------------------------------------------------------------------


async def _desktop_task(on: Lane) -> None:
    on.upstream.push(Answer((Text("Looking."), *_CALLS), TOKENS), say("Oslo."))
    first = await on.claude_desktop({"messages": HELLO, "tools": TOOLS})
    ids = _check_calls(first.message)
    results = [result(ids["tide"], "low"), result(ids["weather"], "storm ahead")]
    said = [each.model_dump(exclude_none=True) for each in first.message.content]
    last = await on.claude_desktop({"messages": turned(said, results), "tools": TOOLS})
    assert last.message.stop_reason == "end_turn"
    on.arrived("storm ahead", "low")


async def _desktop_thinking(on: Lane) -> None:
    """Thinking is shown, and its proof is taken back by who made it."""
    thought = Thinking("It may storm.")
    wanted: dict[str, Any] = {
        "model": GEMINI_MODEL if on.protocol is Protocol.GEMINI else MODEL,
        "thinking": {"type": "adaptive", "display": "summarized"},
        "tools": TOOLS,
    }
    calls = (ToolCall.of("weather", town="Oslo"),)
    on.upstream.push(Answer((thought, *calls), TOKENS), say("Oslo."))
    first = (await on.claude_desktop({"messages": HELLO, **wanted})).message
    told = [each.thinking for each in first.content if each.type == "thinking"]
    assert "".join(told) == "It may storm."
    (call,) = [each for each in first.content if each.type == "tool_use"]
    said = [each.model_dump(exclude_none=True) for each in first.content]
    body = {"messages": turned(said, [result(call.id, "storm ahead")]), **wanted}
    last = await on.claude_desktop(body)
    assert last.message.stop_reason == "end_turn"
    on.arrived("storm ahead")


async def _desktop_files(on: Lane) -> str | None:
    shown = block("image", PIXEL, "image/png")
    paper = {
        "type": "document",
        "source": {
            "type": "text",
            "media_type": "text/plain",
            "data": "Minutes of the meeting.",
        },
    }
    words = {"type": "text", "text": "What is this?"}
    asked = [{"role": "user", "content": [shown, paper, words]}]
    told = await on.claude_desktop({"messages": asked})
    assert told.message.stop_reason == "end_turn"
    on.arrived(PIXEL, "What is this?")
    text = json.dumps(on.seen.json)
    if "Minutes of the meeting." in text:
        return None
    # As a file's data, where that is what the protocol takes.
    assert "TWludXRlcyBvZiB0aGUgbWVldGluZy4" in text
    return None


async def _desktop_models(on: Lane) -> None:
    found = await on.get("/v1/models", **{"anthropic-version": "2023-06-01"})
    assert MODEL in [each["id"] for each in found["data"]]


# --- continuity -----------------------------------------------------------------------


async def _standby(on: Lane) -> None:
    """Before the first byte another provider takes over, in another protocol."""
    # Its provider is asked once more before another is.
    faults = [refuse(503, "overloaded")] * 2
    on.upstream.push(*faults, Answer((Text("Oslo."),), TOKENS))
    told = await on.claude_code({"messages": HELLO, "tools": TOOLS})
    assert told.message.stop_reason == "end_turn"
    assert told.headers["x-turnout-route"] == f"second/{MODEL}"
    assert told.event is not None
    assert told.event.status == "fallback_success"
    tried = [each.protocol for each in told.event.attempts]
    assert tried == [on.protocol, on.protocol, on.other]


async def _moved(on: Lane) -> None:
    """A loop of tools begun at one provider goes on at the other, strictly checked."""
    wanted: dict[str, Any] = {
        "model": GEMINI_MODEL if Protocol.GEMINI in {on.protocol, on.other} else MODEL,
        "tools": TOOLS,
    }
    calls = (ToolCall.of("weather", town="Oslo"),)
    on.upstream.push(Answer((Thinking("It may storm."), *calls), TOKENS))
    first = (await on.claude_code({"messages": HELLO, **wanted})).message
    (call,) = [each for each in first.content if each.type == "tool_use"]
    said = [each.model_dump(exclude_none=True) for each in first.content]
    on.upstream.push(*[refuse(503, "overloaded")] * 2, say("Oslo."))
    history = turned(said, [result(call.id, "storm ahead")])
    told = await on.claude_code({"messages": history, **wanted})
    assert told.message.stop_reason == "end_turn"
    assert told.headers["x-turnout-route"] == f"second/{wanted['model']}"
    on.arrived("storm ahead")


async def _cut(on: Lane) -> None:
    """A cut stream ends in an error event, and never as if it were whole."""

    def half(reply: Any) -> Any:
        from dataclasses import replace

        return replace(reply, chunks=reply.chunks[: len(reply.chunks) // 2])

    text = Text("Oslo is windy, and so are Bergen and a few other towns by the sea.")
    on.upstream.push(Answer((text,), TOKENS, change=half))
    told = await on.claude_code({"messages": HELLO})
    assert b"event: error" in told.body
    assert b"message_stop" not in told.body
    assert told.event is not None
    assert told.event.status == "error"


ROWS = (
    Row(API, "messages", "an answer, its stop reason and its usage", _whole),
    Row(API, "messages", "limits and their stop reason", _limits),
    Row(API, "streaming", "events in order, text in pieces, exact usage", _streamed),
    Row(API, "tools", "parallel calls, results, a failed one", _tool_round),
    Row(API, "tools", "a forced tool", _forced),
    Row(API, "errors", "the provider's wording, `retry-after`", _api_errors),
    Row(API, "token counting", "tools and system counted; the method", _counting),
    Row(API, "models", "`GET /v1/models`", _api_models),
    Row(CODE, "messages", "a turn with thinking and tools, and the next", _code_task),
    Row(CODE, "headers and betas", "`anthropic-beta`, `?beta=true`", _code_headers),
    Row(CODE, "headers and betas", "fields of the betas", _code_fields),
    Row(CODE, "tools", "an image in a tool's result", _code_image),
    Row(CODE, "start", "`HEAD /` and `HEAD /api/hello`", _code_start),
    Row(CODE, "aliases", "the picker's names and the modes", _code_aliases),
    Row(CODE, "errors", "a 400 at once, in its own words", _code_errors),
    Row(CODE, "continuity", "another provider takes over", _standby),
    Row(CODE, "continuity", "a loop of tools goes on elsewhere", _moved),
    Row(CODE, "continuity", "a cut stream is no whole one", _cut),
    Row(DESKTOP, "streaming", "a turn with tools, and the next", _desktop_task),
    Row(DESKTOP, "messages", "thinking shown and taken back", _desktop_thinking),
    Row(DESKTOP, "messages", "an image and a document", _desktop_files),
    Row(DESKTOP, "models", "`GET /v1/models`", _desktop_models),
)
