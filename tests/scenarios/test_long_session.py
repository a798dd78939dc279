"""Fifty turns with tools over failing providers: nothing that must return is lost.

The client is as strict as the providers are: it sends back what it was given, and
repeats a turn whose answer broke off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from scenarios.scenes import WORK, Clock, Json, the_clock
from scenarios.stage import CHAT, MESSAGES, Actor, Role, Stage, stage
from scenarios.stage import Told as Outcome
from upstream import Answer, Script, Text, Thinking, Tokens, ToolCall, refuse
from upstream.record import Seen
from upstream.reply import Reply, cut_after

from proxy.model import Protocol
from proxy.wire.sealing import SEAL_START

TURNS = 50
SESSION = {
    "x-claude-code-session-id": "a-long-one",
    "anthropic-version": "2023-06-01",
}
TOOLS: list[Json] = [
    {
        "name": name,
        "description": f"{name} something.",
        "input_schema": {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        },
    }
    for name in ("Read", "Grep")
]
ROLE = (Role("coder", "acme/standard", "1"),)


def working(name: str) -> Script:
    """A model that thinks, says a word and calls two tools at once, over and over.

    What it thinks names it, so that a thought at the wrong provider is seen.
    """

    def script(seen: Seen) -> Answer:
        turn = sum(each["role"] == "assistant" for each in history(seen))
        calls = (
            ToolCall.of("Read", path=f"src/{name}/{turn}.py"),
            ToolCall.of("Grep", path=f"src/{name}/{turn}"),
        )
        thought = Thinking(f"{name} thinks of turn {turn}.")
        return Answer(
            (thought, Text(f"{name} works on {turn}."), *calls),
            Tokens(fresh=200, cache_read=0),
        )

    return script


def history(seen: Seen) -> list[Json]:
    """The turns that came with a request."""
    found = seen.json["messages"]
    assert isinstance(found, list)
    return found


@dataclass(slots=True)
class Client:
    """A coding client in the middle of its work."""

    play: Stage
    thinking: Json
    turns: list[Json] = field(
        default_factory=lambda: [{"role": "user", "content": WORK}]
    )
    told: list[Outcome] = field(default_factory=list)

    async def turns_to(self, number: int) -> None:
        """Work until so many turns are done."""
        while len(self.turns) < 1 + 2 * number:
            await self.turn()

    async def turn(self) -> None:
        """Ask, hear the answer to its end, run its tools; ask again where it broke."""
        for _ in range(3):
            told = await self.play.ask(MESSAGES, body=self.body(), headers=SESSION)
            self.told.append(told)
            assert told.status == 200
            content = heard(told.body)
            if content is not None:
                break
        else:
            pytest.fail("The turn was not answered.")
        calls = [block for block in content if block["type"] == "tool_use"]
        assert len(calls) == 2
        results = [
            {"type": "tool_result", "tool_use_id": each["id"], "content": "found it"}
            for each in calls
        ]
        self.turns += [
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ]

    def body(self) -> bytes:
        """The whole conversation, as it is sent each time."""
        body: Json = {
            "model": "claude-sonnet-5",
            "max_tokens": 8000,
            "stream": True,
            "thinking": self.thinking,
            "tools": TOOLS,
            "messages": self.turns,
        }
        return json.dumps(body).encode()


def heard(stream: bytes) -> list[Json] | None:
    """The content of a streamed answer, put together; None where it broke off."""
    blocks: list[Json] = []
    ended = False
    for event in _events(stream):
        match event["type"]:
            case "content_block_start":
                blocks.append({**event["content_block"], "json": ""})
            case "content_block_delta":
                _grow(blocks[event["index"]], event["delta"])
            case "message_stop":
                ended = True
            case "error":
                return None
            case _:
                pass  # pings, and ends of blocks
    for block in blocks:
        arguments = block.pop("json")
        if block["type"] == "tool_use":
            block["input"] = json.loads(arguments)
    return blocks if ended else None


def _events(stream: bytes) -> Iterator[Json]:
    for line in stream.decode().splitlines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def _grow(block: Json, delta: Json) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] += delta["signature"]
        case "input_json_delta":
            block["json"] += delta["partial_json"]
        case _:
            pytest.fail(f"No client knows {delta['type']}.")


def cut(name: str) -> Script:
    """An answer that dies in the middle of its words."""

    def script(seen: Seen) -> Answer:
        answer = working(name)(seen)
        assert isinstance(answer, Answer)
        return Answer(answer.parts, answer.tokens, change=_half)

    return script


def _half(reply: Reply) -> Reply:
    return cut_after(reply, 9)


ADAPTIVE: Json = {"type": "adaptive"}
BUDGET: Json = {"type": "enabled", "budget_tokens": 2000}


@pytest.mark.parametrize(
    ("speaks", "thinking"),
    [(MESSAGES, ADAPTIVE), (MESSAGES, BUDGET), (CHAT, ADAPTIVE)],
    ids=["adaptive", "budget", "translated"],
)
async def test_fifty_turns_survive_a_429_a_529_and_a_cut(
    tmp_path: Path, speaks: Protocol, thinking: Json
) -> None:
    cast = (
        Actor("first", (MESSAGES,), ROLE, strict=True),
        Actor("other", (speaks,), ROLE, strict=True),
    )
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *cast, mode="coding-auto") as play:
            for name in ("first", "other"):
                play[name].script = working(name)
            client = Client(play, thinking)
            await client.turns_to(12)
            play["first"].push(refuse(429, retry_after="120"))
            await client.turns_to(24)
            clock.put_forward(300)
            play["other"].push(refuse(529), refuse(529))
            await client.turns_to(38)
            play["first"].push(cut("first"))
            await client.turns_to(TURNS)
            # The first one's thoughts all come back to it after the other's spell.
            assert returned(play, "first") == 37
            assert returned(play, "other") == (12 if speaks is MESSAGES else 0)
            assert not [each for up in play.actors.values() for each in up.refusals]
            # The loop moves with a failure and no sooner; what that cost is named.
            answered = [each.row.provider for each in client.told]
            assert answered == ["first"] * 12 + ["other"] * 12 + ["first"] * 27
            named = ["thinking_replay" in each.row.losses for each in client.told]
            assert named == [False] * 12 + [True] * 39
            statuses = [each.row.status for each in client.told]
            assert statuses.count("fallback_success") == 2
            assert statuses.count("error") == 1
            assert not any(each.row.escalated for each in client.told)


def returned(play: Stage, name: str) -> int:
    """How many thoughts of its own a provider was given back in the end.

    No other's ever reach it, no wrap of Turnout's, and no call without its results.
    """
    most = 0
    for seen in play[name].asked:
        assert SEAL_START.encode() not in seen.body
        thoughts = list(proofs(seen))
        assert all(each.startswith(f"{name} thinks") for each in thoughts)
        assert len(thoughts) >= most
        most = len(thoughts)
        spoken = sum(turn["role"] == "assistant" for turn in history(seen))
        assert seen.body.count(b"found it") == 2 * spoken
    return most


def proofs(seen: Seen) -> Iterator[str]:
    """What a model has thought, as it comes back with its signature."""
    for turn in history(seen):
        if turn["role"] == "assistant" and isinstance(turn["content"], list):
            for block in turn["content"]:
                if block["type"] == "thinking":
                    yield block["thinking"]
