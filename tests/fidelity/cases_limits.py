"""Limits, stop sequences and dice: what a client may set has to hold."""

from __future__ import annotations

from fidelity.case import Case
from fidelity.changes import replaced
from fidelity.lane import MAX_OUTPUT, Lane, model_of
from fidelity.terms import Ask
from upstream import Answer, Text, say

from proxy.model import Protocol


async def _limit(lane: Lane) -> None:
    told = await lane.ask(Ask(limit=1234))
    assert told.heard.limit == 1234


async def _limit_met(lane: Lane) -> None:
    told = await lane.ask(Ask(limit=64), Answer((Text("One two"),), cut_short=True))
    got = lane.got(told)
    assert (got.text, got.stop) == ("One two", "limit")


async def _clamped(lane: Lane) -> None:
    lane.foreign()
    told = await lane.ask(Ask(limit=2 * MAX_OUTPUT))
    assert told.heard.limit == MAX_OUTPUT
    lane.arrives(found=False, told=told, or_loses="max_tokens_clamped")


async def _stops(lane: Lane) -> None:
    told = await lane.ask(Ask(stops=("END",)), say("One END two"))
    got = lane.got(told)
    if lane.provider is Protocol.RESPONSES:
        # It knows no stop sequences: the gateway stops.
        assert got.text == "One "
        assert got.stop in {"stop", "end"}
    else:
        assert told.heard.stops == ("END",)


async def _many_stops(lane: Lane) -> None:
    lane.only("four_stops", clients="messages responses gemini")
    words = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
    told = await lane.ask(Ask(stops=words), say("Up to FIVE and more"))
    if told.heard.stops != words:
        assert lane.got(told).text == "Up to "


async def _which_stop(lane: Lane) -> None:
    lane.only("no_word_told", providers="messages responses")
    told = await lane.ask(Ask(stops=("END",)), _stopped(lane))
    got = lane.got(told)
    assert got.text == "One "
    lane.arrives(got.stop_word == "END", told, or_loses="stop_sequence")


def _stopped(lane: Lane) -> Answer:
    if lane.provider is Protocol.RESPONSES:
        return say("One END two")
    old = b'"stop_reason": "end_turn", "stop_sequence": null'
    new = b'"stop_reason": "stop_sequence", "stop_sequence": "END"'
    return Answer((Text("One "),), change=replaced(old, new))


async def _temperature(lane: Lane) -> None:
    told = await lane.ask(Ask(temperature=0.5))
    assert told.heard.temperature == 0.5


async def _no_dice(lane: Lane) -> None:
    lane.foreign()
    steady = model_of(lane.provider, "steady")
    told = await lane.ask(Ask(temperature=0.5), model=steady)
    assert told.heard.temperature is None
    lane.arrives(found=False, told=told, or_loses="sampling")


CASES = (
    Case("max_tokens", "The limit of the answer arrives.", _limit, streams=False),
    Case("max_tokens_met", "An answer cut by its limit says so.", _limit_met),
    Case(
        "27_max_tokens_clamped",
        "A limit above the model's is lowered.",
        _clamped,
        streams=False,
    ),
    Case("stop_sequences", "A stop sequence stops the answer.", _stops),
    Case(
        "stop_sequences_many",
        "Five stop sequences hold as one does.",
        _many_stops,
        streams=False,
    ),
    Case("stop_sequence_told", "The client learns which word stopped.", _which_stop),
    Case("temperature", "The temperature arrives.", _temperature, streams=False),
    Case(
        "28_temperature_refused",
        "A model without dice gets none.",
        _no_dice,
        streams=False,
    ),
)
