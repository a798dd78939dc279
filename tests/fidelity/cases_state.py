"""What a protocol keeps between requests, and routes that stand in for each other."""

from __future__ import annotations

import json

from fidelity.case import Case
from fidelity.lane import SAID, Lane, Refusal, sentence
from fidelity.terms import LOOP, WEATHER, WORDS, Ask, Json, Raw, assistant, user
from upstream import refuse, say

from proxy.model import Protocol


async def _previous(lane: Lane) -> None:
    lane.only("stateless", clients="responses")
    lane.foreign("kept_by_provider")
    first = await lane.ask(Ask(LOOP[:1], more={"store": True}), say("Which city?"))
    got = lane.got(first)
    more = {"store": True, "previous_response_id": got.answer["id"]}
    again = await lane.ask(Ask((user("Oslo."),), more=more), say("Sunny."))
    assert [turn.role for turn in again.heard.turns] == ["user", "assistant", "user"]
    assert again.heard.turns[1].text == "Which city?"
    assert lane.got(again).answer["previous_response_id"] == got.answer["id"]


async def _reference(lane: Lane) -> None:
    lane.only("stateless", clients="responses")
    lane.foreign("kept_by_provider")
    first = await lane.ask(Ask(LOOP[:1], more={"store": True}), say("Which city?"))
    item = lane.got(first).answer["output"][0]["id"]
    reference = Raw({"type": "item_reference", "id": item})
    told = await lane.ask(Ask((*LOOP[:1], assistant(reference), user("Oslo."))))
    assert told.heard.turns[1].text == "Which city?"


async def _not_kept(lane: Lane) -> None:
    lane.only("stateless", clients="responses")
    lane.foreign("kept_by_provider")
    first = await lane.ask(Ask(LOOP[:1]), say("Which city?"))
    more = {"previous_response_id": lane.got(first).answer["id"]}
    path, body = SAID[lane.client].request(
        Ask((user("Oslo."),), more=more), lane.model, stream=lane.stream
    )
    status, _, answer, _ = await lane.site.send(
        path, json.dumps(body).encode(), lane._headers()
    )
    assert status == 400
    assert b"previous_response" in answer.lower() or b"keep" in answer.lower()


async def _compact(lane: Lane) -> None:
    lane.only("no_compaction", clients="responses")
    path, body = "/v1/responses/compact", {"model": lane.model, "input": "Hello."}
    status, _, answer, _ = await lane.site.send(
        path, json.dumps(body).encode(), lane._headers()
    )
    if lane.native:
        assert status == 404, "the scripted provider has no such path"
        return
    assert status == 400
    raise Refusal(sentence(answer))


async def _compaction(lane: Lane) -> None:
    lane.only("no_compaction", clients="messages responses")
    if lane.client is Protocol.MESSAGES:
        part: Json = {"type": "compaction", "content": "They talked of Oslo."}
    else:
        part = {"type": "compaction", "id": "cmp_1", "encrypted_content": "eA=="}
    turns = (user("Hi."), assistant(Raw(part)), user("Go on."))
    told = await lane.ask(Ask(turns))
    if lane.client is Protocol.MESSAGES and not lane.native:
        assert "They talked of Oslo." in told.heard.text
        lane.arrives(found=False, told=told, or_loses="server_part_as_text")


async def _edits(lane: Lane) -> None:
    lane.only("no_context_edits", clients="messages responses")
    edit: Json = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    more: Json = {"context_management": edit}
    if lane.client is Protocol.RESPONSES:
        more = {"context_management": [{"type": "compaction"}]}
    told = await lane.ask(Ask(more=more))
    found = "context_management" in told.heard.body
    lane.arrives(found, told, or_loses="context_management")


async def _fallbacks(lane: Lane) -> None:
    lane.only("no_fallbacks", clients="messages")
    told = await lane.ask(Ask(more={"fallbacks": [{"model": "model-messages"}]}))
    found = "fallbacks" in told.heard.body
    lane.arrives(found, told, or_loses="fallbacks")


async def _stands_in(lane: Lane) -> None:
    lane.roams = True
    told = await lane.ask(
        Ask(tools=(WEATHER,)),
        *[refuse(529, "overloaded")] * 2,
        say("Here."),
        model=f"shared-{WORDS[lane.provider]}",
    )
    assert lane.got(told).text == "Here."
    assert told.event is not None
    assert told.event.status == "fallback_success"
    assert len(told.event.fallback_chain) == 3
    assert len(set(told.event.fallback_chain)) == 2
    assert told.headers["x-turnout-attempts"] == "3"


CASES = (
    Case("30_previous_response", "An answer kept here can be continued.", _previous),
    Case(
        "30_item_reference",
        "An item kept here can be named.",
        _reference,
        streams=False,
    ),
    Case(
        "31_not_stored", "What shall not be kept is not kept.", _not_kept, streams=False
    ),
    Case("32_compact", "Compacting is its own provider's.", _compact, streams=False),
    Case(
        "32_compaction", "A compaction is told, or refused.", _compaction, streams=False
    ),
    Case(
        "33_context_edits",
        "Wishes to edit the context are named.",
        _edits,
        streams=False,
    ),
    Case(
        "44_fallbacks", "The provider's fallbacks are named.", _fallbacks, streams=False
    ),
    Case("server_side_fallback", "Another protocol's provider stands in.", _stands_in),
)
