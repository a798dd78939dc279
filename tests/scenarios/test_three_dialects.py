"""Three servers of three protocols and dialects behind one gateway, in one sitting."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from foreign import ask, read, with_result
from scenarios.scenes import RENAME, THINK, WRITE, Json, key_of
from scenarios.stage import CHAT, MESSAGES, OLLAMA, RESPONSES, Actor, Role, Stage, stage
from scenarios.stage import Told as Outcome
from upstream import Answer, Text, Thinking, ToolCall, Ways, refuse, say

from proxy.model import Answer as Whole
from proxy.model import Protocol
from proxy.model import Text as Said
from proxy.model import Thinking as Thought
from proxy.model import ToolCall as Called

ANTHROPIC = Actor("anthropic", (MESSAGES,), (), strict=True)
GROQ = Actor("groq", (CHAT,), (), strict=True)
LOCAL = Actor(
    "ollama",
    (OLLAMA,),
    (Role("qwen3:8b", "local/small", None, 32_000),),
    place="this-machine",
    key="none",
    strict=True,
)
ROUTES = (
    "anthropic/claude-sonnet-5-5",
    "groq/openai/gpt-oss-120b",
    "ollama/qwen3:8b",
)
VERSION = {"anthropic-version": "2023-06-01"}


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Stage]:
    cast = (ANTHROPIC, GROQ, LOCAL)
    async with stage(tmp_path, *cast, mode="coding-auto") as on:
        # What it says goes back to it the same way.
        on["groq"].ways = Ways(reasoning="reasoning")
        on["groq"].also = frozenset({"reasoning"})
        yield on
        assert not [each for up in on.actors.values() for each in up.refusals]


async def test_mixed_requests_of_three_clients_all_find_their_way(play: Stage) -> None:
    """Whoever offers tools and needs them safe is answered by the safe one alone."""
    codex, n8n = await key_of(play.gateway, "codex"), await key_of(play.gateway, "n8n")
    clients: tuple[tuple[Protocol, Json], ...] = (
        (MESSAGES, VERSION),
        (RESPONSES, codex),
        (CHAT, n8n),
    )
    kinds = list(
        itertools.product(clients, (RENAME, WRITE, THINK), (True, False), (True, False))
    )
    told = await asyncio.gather(
        *(
            play.ask(
                client,
                stream=stream,
                model="any-model",
                text=f"{said} Number {number}.",
                tools=tools,
                headers=headers,
            )
            for number, ((client, headers), said, tools, stream) in enumerate(kinds)
        )
    )
    for ((client, _), said, tools, stream), each in zip(kinds, told, strict=True):
        assert each.status == 200
        assert words(read(client, each.body, stream=stream))
        assert_true(each)
        if tools and client is not CHAT:
            assert each.row.provider == "anthropic"
            assert "tool use with this client is experimental" in each.explained
        elif said is RENAME:
            assert each.row.provider == "ollama"
        if said is THINK:
            assert each.row.lane == "claude/premium"
    answered = {each.row.provider for each in told}
    assert answered == {"anthropic", "ollama"}
    # What came with tools to the unsafe ones is of a client that asks for no safety.
    offered = [
        each.row.provider
        for (_, _, tools, _), each in zip(kinds, told, strict=True)
        if tools
    ]
    for name in ("groq", "ollama"):
        seen = [one for one in play[name].asked if "tools" in one.json]
        assert len(seen) == offered.count(name)


async def test_each_of_them_calls_tools_in_its_own_dialect(play: Stage) -> None:
    n8n = await key_of(play.gateway, "n8n")
    for route in ROUTES:
        name = route.partition("/")[0]
        thought = (Thinking("It is about the weather."),)
        call = ToolCall.of("weather", city="Oslo")
        play[name].push(Answer((*thought, Text("I look."), call)), say("It is mild."))
        _, asked = ask(CHAT, model=route, tools=True)
        first = await again(play, asked, n8n)
        answer = read(CHAT, first.body)
        (made,) = [part for part in answer.parts if isinstance(part, Called)]
        assert (made.name, json.loads(made.arguments)) == ("weather", {"city": "Oslo"})
        further = with_result(CHAT, asked, first.body, "mild")
        second = await again(play, further, n8n)
        assert words(read(CHAT, second.body)) == "It is mild."
        assert first.calls == second.calls == (name,)
        for each in (first, second):
            assert_true(each)


async def again(play: Stage, body: Json, headers: Json) -> Outcome:
    """Ask with this very body."""
    return await play.ask(CHAT, body=json.dumps(body).encode(), headers=headers)


def words(answer: Whole) -> str:
    """The text of an answer."""
    return "".join(each.text for each in answer.parts if isinstance(each, Said))


async def test_reasoning_of_a_dialect_reaches_a_client_of_another_protocol(
    play: Stage,
) -> None:
    play["groq"].push(Answer((Thinking("Let me see."), Text("Done."))))
    told = await play.ask(
        model="groq/openai/gpt-oss-120b", text=WRITE, stream=False, headers=VERSION
    )
    answer = read(MESSAGES, told.body)
    thoughts = [each.text for each in answer.parts if isinstance(each, Thought)]
    assert thoughts == ["Let me see."]
    (seen,) = play["groq"].asked
    assert seen.path == "/v1/chat/completions"
    assert "reasoning" not in seen.json


async def test_without_the_safe_one_a_request_with_tools_is_told_and_not_sent(
    play: Stage,
) -> None:
    play["anthropic"].push(*[refuse(529)] * 3)
    tools = await play.ask(text=WRITE, tools=True, headers=VERSION)
    assert (tools.status, set(tools.calls)) == (529, {"anthropic"})
    play["anthropic"].push(*[refuse(529)] * 2)
    plain = await play.ask(text=WRITE, headers=VERSION)
    assert plain.status == 200
    assert_true(plain)


def assert_true(told: Outcome) -> None:
    """What the explanation says is what was called, and what is on record."""
    row = told.row
    first = f"{row.attempts[0].provider}/{row.attempts[0].model}"
    assert f"Turnout chose {first}" in told.explained
    last = f"{row.provider}/{row.model}"
    assert f"Attempt {len(row.attempts)}: {last}" in told.explained
    assert told.headers["x-turnout-route"] == last
    assert f"The request is {row.route_class}" in told.explained
