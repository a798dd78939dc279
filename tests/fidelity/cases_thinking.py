"""Reasoning: shown, asked for, and proven to nobody but its maker."""

from __future__ import annotations

import json

from fidelity.case import Case
from fidelity.changes import shaped
from fidelity.lane import Lane, Told
from fidelity.terms import (
    LOOP,
    WEATHER,
    Ask,
    Echo,
    Got,
    Json,
    NotApplicable,
    Raw,
    Result,
    Thought,
    assistant,
    user,
)
from upstream import Answer, Seen, Step, Text, Thinking, ToolCall, refuse, say
from upstream.turns import SIGNATURE, Tokens

from proxy.model import Protocol

THOUGHT = "Which city is it?"
STEP = Answer((Thinking(THOUGHT), Text("Looking."), ToolCall.of("weather", city="x")))
_PROVES = "messages responses gemini"


def behind(got: Got) -> Ask:
    """The next request of the loop: all that was got, and the result."""
    calls = [Result(each.id, name=each.name) for each in got.calls]
    return Ask((LOOP[0], assistant(Echo(got.answer)), user(*calls)), tools=(WEATHER,))


async def _shown(lane: Lane) -> None:
    told = await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), STEP)
    got = lane.got(told)
    thoughts = "".join(each.text for each in got.thoughts)
    assert THOUGHT in thoughts
    assert got.text == "Looking."


async def _comes_back(lane: Lane) -> None:
    lane.only("no_proofs", providers=_PROVES)
    got = lane.got(await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), STEP))
    again = await lane.ask(behind(got))
    assert SIGNATURE in [each.proof for each in again.heard.thoughts]
    if lane.provider is Protocol.MESSAGES:
        assert Thought(THOUGHT, SIGNATURE) in again.heard.thoughts


async def _moves(lane: Lane) -> None:
    await _moved(lane, Protocol.MESSAGES)


async def _moves_sealed(lane: Lane) -> None:
    await _moved(lane, Protocol.RESPONSES)


async def _moved(lane: Lane, maker: Protocol) -> None:
    if lane.provider is maker:
        raise_home(lane)
    lane.roams = True
    first = Lane(lane.world, lane.client, maker, lane.stream, roams=True)
    got = first.got(await first.ask(Ask(LOOP[:1], tools=(WEATHER,)), STEP))
    again = await lane.ask(behind(got))
    assert lane.got(again).stop == "end"
    assert SIGNATURE not in json.dumps(again.heard.body)
    assert [each.text for each in again.heard.results] == ["sunny"]


def raise_home(lane: Lane) -> None:
    raise NotApplicable("at_home")


async def _repaired(lane: Lane) -> None:
    lane.foreign()
    lane.only("no_proofs", providers="messages responses")
    got = lane.got(await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), STEP))
    words = "messages.1.content.0: Invalid `signature` in `thinking` block"
    if lane.provider is Protocol.RESPONSES:
        words = "The encrypted content for item rs_1 could not be verified."
    again = await lane.ask(behind(got), refuse(400, words), say("Sunny."))
    assert lane.got(again).text == "Sunny."
    assert again.heard.thoughts == []
    assert again.headers["x-turnout-attempts"] == "2"


async def _unsigned(lane: Lane) -> None:
    lane.foreign()
    turns = (
        user("Hm?"),
        assistant(Thought(THOUGHT), "So."),
        user("And?"),
    )
    if lane.client is Protocol.GEMINI:
        thought = Raw({"text": THOUGHT, "thought": True})
        turns = (turns[0], assistant(thought, "So."), turns[2])
    told = await lane.ask(Ask(turns))
    assert [each.proof for each in told.heard.thoughts if each.proof] == []
    assert "So." in told.heard.text


_REDACTED: Json = {"type": "redacted_thinking", "data": SIGNATURE}


def redacted(seen: Seen) -> Step:
    """An answer of Messages whose reasoning nobody may read."""
    call: Json = {"type": "tool_use", "id": "toolu_r1", "name": "weather", "input": {}}
    head: Json = {"id": "msg_r", "type": "message", "role": "assistant"}
    usage: Json = {"input_tokens": 7, "output_tokens": 3}
    head |= {"model": seen.model, "usage": usage, "stop_sequence": None}
    empty = head | {"content": [], "stop_reason": None}
    whole = head | {"content": [_REDACTED, call], "stop_reason": "tool_use"}
    ended: Json = {"stop_reason": "tool_use", "stop_sequence": None}
    events: list[tuple[str, Json]] = [
        ("message_start", {"message": empty}),
        ("content_block_start", {"index": 0, "content_block": _REDACTED}),
        ("content_block_stop", {"index": 0}),
        ("content_block_start", {"index": 1, "content_block": call}),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": ended, "usage": usage}),
        ("message_stop", {}),
    ]
    typed = [(name, {"type": name} | data) for name, data in events]
    return shaped(Protocol.MESSAGES, typed, whole)(seen)


async def _redacted(lane: Lane) -> None:
    lane.only("no_redaction", providers="messages")
    told = await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), redacted)
    got = lane.got(told)
    again = await lane.ask(behind(got))
    assert Thought("", SIGNATURE, sealed=True) in again.heard.thoughts


async def _redacted_moves(lane: Lane) -> None:
    if lane.provider is Protocol.MESSAGES:
        raise_home(lane)
    lane.roams = True
    first = Lane(lane.world, lane.client, Protocol.MESSAGES, lane.stream, roams=True)
    got = first.got(await first.ask(Ask(LOOP[:1], tools=(WEATHER,)), redacted))
    again = await lane.ask(behind(got))
    assert SIGNATURE not in json.dumps(again.heard.body)
    assert "redacted" not in json.dumps(again.heard.body)


async def _both_signed(lane: Lane) -> None:
    """Parallel calls of Gemini: the first alone bears the signature."""
    lane.only("no_call_proofs", providers="gemini")
    calls = (ToolCall.of("weather", city="Oslo"), ToolCall.of("weather", city="Rome"))
    told = await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), Answer(calls))
    again = await lane.ask(behind(lane.got(told)))
    parts = again.heard.body["contents"][1]["parts"]
    proofs = [part.get("thoughtSignature") for part in parts if "functionCall" in part]
    assert proofs == [SIGNATURE, None]


async def _effort(lane: Lane) -> None:
    told = await lane.ask(Ask(effort="high"))
    found = json.dumps(told.heard.thinks).lower()
    lane.arrives('"high"' in found, told, or_loses="effort_mapped")
    assert found != "null"


async def _highest(lane: Lane) -> None:
    lane.only("no_such_level", clients="messages responses chat")
    told = await lane.ask(Ask(effort="xhigh"))
    found = json.dumps(told.heard.thinks).lower()
    lane.arrives('"xhigh"' in found, told, or_loses="effort_mapped")
    assert found != "null"


async def _budget(lane: Lane) -> None:
    told = await lane.ask(Ask(budget=5000, limit=20_000))
    found = json.dumps(told.heard.thinks)
    lane.arrives("5000" in found, told, or_loses="effort_mapped")
    assert found != "null"


async def _no_thinking(lane: Lane) -> None:
    match lane.client:
        case Protocol.MESSAGES:
            ask = Ask(more={"thinking": {"type": "disabled"}})
        case Protocol.GEMINI:
            ask = Ask(budget=0)
        case _:
            ask = Ask(effort="none")
    told = await lane.ask(ask)
    found = told.heard.thinks
    off = json.dumps(found).lower()
    lane.arrives(
        found is False or "none" in off or "disabled" in off or ": 0" in off,
        told,
        or_loses="effort_mapped",
    )


async def _adaptive(lane: Lane) -> None:
    lane.only("no_adaptive", clients="messages gemini")
    ask = Ask(budget=-1)
    if lane.client is Protocol.MESSAGES:
        ask = Ask(more={"thinking": {"type": "adaptive"}})
    told = await lane.ask(ask)
    assert lane.got(told).text


async def _all_at_once(lane: Lane) -> None:
    """Reasoning, tools and a form of the answer in one request."""
    schema: Json = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    ask = Ask(LOOP[:1], tools=(WEATHER,), effort="high", schema=schema)
    told = await lane.ask(ask)
    assert told.heard.tools
    assert told.heard.thinks
    lane.arrives(fits(told, schema), told, or_loses="output_format")


def fits(told: Told, schema: Json) -> bool:
    """Whether the form arrived; its name may stand in the schema."""
    found = dict(told.heard.schema or {})
    return {k: v for k, v in found.items() if k != "title"} == schema


async def _counted(lane: Lane) -> None:
    lane.only("thoughts_uncounted", providers="messages responses chat gemini")
    answer = Answer(STEP.parts, Tokens(output=42, reasoning=17))
    told = await lane.ask(Ask(LOOP[:1], tools=(WEATHER,)), answer)
    assert lane.got(told).output == 42
    assert told.event is not None
    assert told.event.reasoning_tokens == 17
    text = told.body.decode()
    assert '"thinking_tokens": 17' in text or ":17" in text.replace(" ", "")


CASES = (
    Case("thinking_shown", "Reasoning is shown to the client.", _shown),
    Case("01_proof_comes_back", "Its proof comes back to its maker.", _comes_back),
    Case("01_proof_moves_not", "Nobody else gets the proof.", _moves),
    Case(
        "01_refused_proof",
        "A refused proof is left out once.",
        _repaired,
        streams=False,
    ),
    Case("02_no_made_up_proof", "No proof is ever made up.", _unsigned, streams=False),
    Case("03_redacted_thinking", "Hidden reasoning comes back.", _redacted),
    Case(
        "redacted_envelope", "Hidden reasoning stays with its maker.", _redacted_moves
    ),
    Case("04_sealed_items", "Sealed items stay with their maker.", _moves_sealed),
    Case("45_call_signatures", "Signatures of calls come back.", _both_signed),
    Case("26_effort", "The wish to think arrives.", _effort, streams=False),
    Case(
        "26_effort_highest",
        "The strongest wish that is taken.",
        _highest,
        streams=False,
    ),
    Case("26_budget", "A budget of thinking arrives.", _budget, streams=False),
    Case(
        "26_thinking_off", "Thinking can be switched off.", _no_thinking, streams=False
    ),
    Case(
        "26_thinking_adaptive",
        "The model may find its measure.",
        _adaptive,
        streams=False,
    ),
    Case(
        "25_form_and_tools",
        "Form, tools and thinking go together.",
        _all_at_once,
        streams=False,
    ),
    Case("thinking_counted", "Tokens of reasoning are counted.", _counted),
)
