"""Counts: true at the end, honest before it, never doubled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from fidelity.case import Case
from fidelity.lane import SAID, Lane
from fidelity.terms import WEATHER, Ask, Json, NotApplicable, Picture, Tool, user
from stream_order import events_of
from upstream import Answer, Reply, Seen, Step, Text, Tokens, say

from proxy.model import Protocol

TOKENS = Tokens(fresh=1200, cache_read=300, cache_write=0, output=42)


async def _usage(lane: Lane) -> None:
    told = await lane.ask(Ask(), Answer((Text("Sun."),), TOKENS))
    got = lane.got(told)
    assert (got.prompt, got.output) == (1500, 42)
    # Ollama counts no cache.
    cached = 0 if lane.provider is Protocol.OLLAMA else 300
    assert (got.cached or 0) == cached
    event = told.event
    assert event is not None
    assert event.output_tokens == 42
    assert event.input_tokens == 1500 - cached
    assert (event.cache_read_tokens or 0) == cached


async def _written(lane: Lane) -> None:
    lane.only("writes_uncounted", providers="messages responses chat")
    lane.only("writes_untold", clients="messages responses chat")
    tokens = Tokens(fresh=1000, cache_read=300, cache_write=200, output=42)
    told = await lane.ask(Ask(), Answer((Text("Sun."),), tokens))
    got = lane.got(told)
    assert (got.prompt, got.cached) == (1500, 300)
    assert "200" in json.dumps(got.answer["usage"])
    assert told.event is not None
    assert told.event.cache_write_tokens == 200


async def _early(lane: Lane) -> None:
    lane.only("no_early_count", clients="messages")
    told = await lane.ask(Ask((user("word " * 400),)), say("Sun."))
    events = dict(reversed(events_of(told.body)))
    early = events["message_start"]["message"]["usage"]
    late = events["message_delta"]["usage"]
    assert early["input_tokens"] > 50
    assert late["input_tokens"] + (late.get("cache_read_input_tokens") or 0) == 1500
    assert late["output_tokens"] == 42


async def _none(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(), uncounted)
    got = lane.got(told)
    assert got.text == "Sun and more words."
    assert told.event is not None
    assert told.event.input_tokens is None
    assert told.event.output_tokens is None
    assert told.event.cost_nano is None
    # Nothing is lost that was there; what was guessed is named.
    assert got.prompt
    assert got.output
    assert "usage_estimated" in told.losses


def uncounted(seen: Seen) -> Step:
    """An answer without any count."""

    def change(reply: Reply) -> Reply:
        chunks: list[bytes] = []
        for chunk in reply.chunks:
            assert isinstance(chunk, bytes)
            head, mark, text = chunk.rpartition(b"data: ")
            try:
                data = json.loads(text)
            except ValueError:
                chunks.append(chunk)
                continue
            tail = b"\n\n" if mark else b"\n"
            chunks.append(head + mark + json.dumps(_without(data)).encode() + tail)
        length = None if reply.length is None else sum(map(len, chunks))
        return replace(reply, chunks=tuple(chunks), length=length)

    return Answer((Text("Sun and more words."),), change=change)


_COUNTS = {"usage", "usageMetadata", "prompt_eval_count", "eval_count"}


def _without(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {k: _without(v) for k, v in data.items() if k not in _COUNTS}


async def _count(lane: Lane) -> None:
    tools = (WEATHER, Tool("look", description="Looks. " * 50))
    little = await _counted(lane, Ask())
    much = await _counted(
        lane, Ask((user("Hello.", Picture()),), ("You code. " * 50,), tools)
    )
    assert much > little or lane.provider in {
        Protocol.MESSAGES,
        Protocol.RESPONSES,
        Protocol.GEMINI,
    }


async def _counted(lane: Lane, ask: Ask) -> int:
    _, body = SAID[lane.client].request(ask, lane.model, stream=False)
    body = {k: v for k, v in body.items() if k not in {"stream", "max_tokens"}}
    match lane.client:
        case Protocol.MESSAGES:
            path, key = "/v1/messages/count_tokens", "input_tokens"
        case Protocol.RESPONSES:
            path, key = "/v1/responses/input_tokens", "input_tokens"
            body = {k: v for k, v in body.items() if k not in {"store", "include"}}
        case Protocol.GEMINI:
            path, key = f"/v1beta/models/{lane.model}:countTokens", "totalTokens"
            if "tools" in body or "systemInstruction" in body:
                body = {"generateContentRequest": body}
                body["generateContentRequest"]["model"] = f"models/{lane.model}"
        case _:
            raise NotApplicable("no_counting")
    before = len(lane.world.upstream.requests)
    told = await lane.send(path, body)
    assert told.status == 200, told.body
    how = told.headers["x-turnout-count"]
    asked = lane.world.upstream.requests[before:]
    if lane.provider in {Protocol.CHAT, Protocol.OLLAMA}:
        assert how == "estimate"
    else:
        assert how == ("exact" if lane.native else "provider")
        assert len(asked) == 1
        sent = asked[0].body.decode()
        for word in ("weather", "You code."):
            assert (word in sent) == (word in json.dumps(body))
    found: Json = json.loads(told.body)
    return int(found[key])


CASES = (
    Case("usage", "Tokens are told as the provider counted them.", _usage),
    Case("usage_cache_writes", "Cache writes are told and not doubled.", _written),
    Case(
        "35_early_usage", "A first guess is put right at the end.", _early, streams=True
    ),
    Case("36_no_usage", "Missing counts are guessed and said to be.", _none),
    Case("43_count_tokens", "A count takes all that is sent.", _count, streams=False),
)
