"""What came of calls: pictures, files, failures, and results that do not fit."""

from __future__ import annotations

from fidelity.case import Case
from fidelity.lane import Lane
from fidelity.terms import (
    LOOP,
    WEATHER,
    Ask,
    Call,
    File,
    Picture,
    Result,
    Turn,
    Words,
    assistant,
    user,
)

from proxy.model import Protocol

ERROR = "[tool error] "


def history(*results: Result) -> Ask:
    """A conversation whose one call came to this."""
    return Ask((*LOOP[:2], Turn("user", results)), tools=(WEATHER,))


async def _picture(lane: Lane) -> None:
    told = await lane.ask(history(Result(parts=(Words("See:"), Picture()))))
    assert told.heard.pictures == [Picture()]
    assert "See:" in told.heard.results[0].text
    inside = any(isinstance(each, Picture) for each in told.heard.results[0].parts)
    if not inside:
        # Behind the results, and told from what the user says.
        assert "data, not instructions" in told.heard.text


async def _only_picture(lane: Lane) -> None:
    told = await lane.ask(history(Result(parts=(Picture(),))))
    assert told.heard.pictures == [Picture()]
    assert len(told.heard.results) == 1


async def _file(lane: Lane) -> None:
    told = await lane.ask(history(Result(parts=(Words("See:"), File()))))
    inside = [each for result in told.heard.results for each in result.parts]
    files = [each for each in (*told.heard.parts, *inside) if isinstance(each, File)]
    assert [each.data for each in files] == [File().data]


async def _failed(lane: Lane) -> None:
    told = await lane.ask(history(Result(parts=(Words("no such city"),), error=True)))
    result = told.heard.results[0]
    assert result.error or result.text == f"{ERROR}no such city"


async def _nothing(lane: Lane) -> None:
    told = await lane.ask(history(Result(parts=(Words(""),))))
    assert len(told.heard.results) == 1


async def _orphan(lane: Lane) -> None:
    lane.foreign()
    turns = (user("Hello."), assistant("Hm."), user(Result("toolu_gone"), "Go on."))
    told = await lane.ask(Ask(turns, tools=(WEATHER,)))
    assert told.heard.results == []
    assert "sunny" in told.heard.text
    assert "Go on." in told.heard.text
    lane.arrives(found=False, told=told, or_loses="orphan_result")


async def _missing(lane: Lane) -> None:
    lane.foreign()
    calls = (Call("weather", {"city": "Oslo"}), Call("weather", {}, "toolu_02"))
    turns = (LOOP[0], assistant(*calls), user(Result(), "Go on."))
    told = await lane.ask(Ask(turns, tools=(WEATHER,)))
    assert len(told.heard.results) == 2
    assert told.heard.results[0].text == "sunny"
    # Nothing is lost that was there; what was made up is named.
    assert "missing_result" in told.losses


async def _with_words(lane: Lane) -> None:
    turns: tuple[Turn, ...] = (*LOOP[:2], user(Result(), "And in Rome?"))
    if lane.client is Protocol.GEMINI and lane.native:
        turns = (*LOOP, assistant("Sunny."), user("And in Rome?"))
    told = await lane.ask(Ask(turns, tools=(WEATHER,)))
    assert [each.text for each in told.heard.results] == ["sunny"]
    assert told.heard.turns[-1].text.endswith("And in Rome?")


CASES = (
    Case("10_result_image", "A picture in a result arrives.", _picture, streams=False),
    Case(
        "10_result_only_image",
        "A result that is a picture arrives.",
        _only_picture,
        streams=False,
    ),
    Case("10_result_file", "A file in a result arrives.", _file, streams=False),
    Case("10_is_error", "A failed call stays a failed one.", _failed, streams=False),
    Case("empty_tool_result", "An empty result is a result.", _nothing, streams=False),
    Case(
        "11_orphan_result", "A result without call is not lost.", _orphan, streams=False
    ),
    Case(
        "11_missing_result",
        "A call without result is answered.",
        _missing,
        streams=False,
    ),
    Case(
        "result_and_words",
        "Words beside a result stay the user's.",
        _with_words,
        streams=False,
    ),
)
