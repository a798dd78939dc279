"""Conversations over several turns: warm caches, loops of tools, and being stuck."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scenarios.scenes import (
    RENAME,
    SESSION,
    THINK,
    WORK,
    WRITE,
    Clock,
    Json,
    loop,
    the_clock,
    works,
)
from scenarios.stage import MESSAGES, Actor, Role, stage
from upstream import Answer, Text, Tokens, refuse
from upstream.reply import Reply

# --- warm caches ----------------------------------------------------------------------


def rival(price: str) -> Actor:
    """A provider whose one model is as good as the plain one."""
    return Actor("rival", (MESSAGES,), (Role("equal", "eq/standard", price),))


LONG = " ".join(f"word{number}" for number in range(9_000))


async def test_a_warm_route_is_kept_until_leaving_saves_more_than_its_cache(
    tmp_path: Path,
) -> None:
    """The rival's list is cheaper; reading the other's cache is cheaper still."""
    asked: Json = {"model": "claude-sonnet-5", "max_tokens": 200, "headers": SESSION}
    turns: list[Json] = [{"role": "user", "content": f"{WRITE}\n{LONG}"}]
    cached = Answer((Text("Okay."),), Tokens(fresh=100, cache_write=30_000))
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), rival("0.6"), mode="coding-auto") as play:
            # The rival is away for a moment, and the other's cache is filled.
            play["rival"].push(refuse(429, retry_after="30"))
            play["work"].push(cached)
            moved = await play.ask(messages=turns, **asked)
            assert moved.calls == ("rival", "work")
            clock.put_forward(60)
            kept = await play.ask(messages=further(turns), **asked)
            assert kept.calls == ("work",)
            assert "its cache holds the prompt" in kept.explained
            # Nobody keeps a cache for ever.
            clock.put_forward(400)
            turns = further(further(turns))
            left = await play.ask(messages=turns, **asked)
            assert left.calls == ("rival",)


async def test_a_warm_route_is_left_where_that_saves_more(tmp_path: Path) -> None:
    asked: Json = {"model": "claude-sonnet-5", "max_tokens": 200, "headers": SESSION}
    turns: list[Json] = [{"role": "user", "content": f"{WRITE}\n{LONG}"}]
    cached = Answer((Text("Okay."),), Tokens(fresh=100, cache_write=30_000))
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), rival("0.05"), mode="coding-auto") as play:
            play["rival"].push(refuse(429, retry_after="30"))
            play["work"].push(cached)
            await play.ask(messages=turns, **asked)
            clock.put_forward(60)
            left = await play.ask(messages=further(turns), **asked)
    assert left.calls == ("rival",)


def further(turns: list[Json]) -> list[Json]:
    """The conversation with an answer and a person's next words."""
    words: list[Json] = [
        {"role": "assistant", "content": "Okay."},
        {"role": "user", "content": f"{WRITE} This is wish number {len(turns)}."},
    ]
    return [*turns, *words]


# --- loops of tools -------------------------------------------------------------------


async def test_a_loop_of_tools_stays_where_the_calls_were_made(tmp_path: Path) -> None:
    asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), rival("0.5"), mode="coding-auto") as play:
            play["rival"].push(refuse(429, retry_after="30"))
            first = await play.ask(text=WORK, **asked)
            assert first.calls == ("rival", "work")
            clock.put_forward(60)
            second = await play.ask(messages=loop([{"city": "a"}]), **asked)
            assert second.calls == ("work",)
            assert "it stays on the route that called them" in second.explained
            # A person's next words begin anew.
            turns = further(loop([{"city": "a"}]))
            third = await play.ask(messages=turns, **asked)
            assert third.calls == ("rival",)


async def test_a_loop_moves_when_its_route_fails_and_then_stays_there(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), rival("0.9"), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
        await play.ask(text=WORK, **asked)
        play["rival"].push(refuse(500), refuse(500))
        moved = await play.ask(messages=loop([{"city": "a"}]), **asked)
        assert moved.calls == ("rival", "rival", "work")
        cities = [{"city": "a"}, {"city": "b"}]
        stays = await play.ask(messages=loop(cities), **asked)
        assert stays.calls == ("work",)


async def test_a_loop_goes_on_where_it_was_after_the_client_has_shortened_it(
    tmp_path: Path,
) -> None:
    """A summary in place of the beginning makes it look like another conversation."""
    asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), rival("0.5"), mode="coding-auto") as play:
            play["rival"].push(refuse(429, retry_after="30"))
            await play.ask(text=WORK, **asked)
            clock.put_forward(60)
            shortened = loop([{"city": "b"}], f"So far: tests were written. {WORK}")
            told = await play.ask(messages=shortened, **asked)
            assert told.calls == ("work",)
            # Another session that looks the same was never there.
            other = asked | {"headers": {"x-claude-code-session-id": "two"}}
            assert (await play.ask(messages=shortened, **other)).calls == ("rival",)


async def test_agents_of_one_session_each_have_a_loop_of_their_own(
    tmp_path: Path,
) -> None:
    asked: Json = {"model": "claude-sonnet-5", "tools": True}
    main, helper = (SESSION | {"x-claude-code-agent-id": name} for name in "mh")
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), rival("0.5"), mode="coding-auto") as play:
            play["rival"].push(refuse(429, retry_after="30"))
            await play.ask(text=WORK, headers=main, **asked)
            clock.put_forward(60)
            await play.ask(text=WORK, headers=helper, **asked)
            turns = loop([{"city": "a"}])
            told = [
                await play.ask(messages=turns, headers=who, **asked)
                for who in (main, helper)
            ]
    assert [each.calls for each in told] == [("work",), ("rival",)]
    assert [each.row.agent for each in told] == ["m", "h"]


# --- evidence of failure --------------------------------------------------------------


async def test_the_same_call_again_and_again_raises_the_floor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
        await play.ask(text=WORK, **asked)
        same = [{"city": "a"}] * 3
        twice = await play.ask(messages=loop(same[:2]), **asked)
        assert (twice.row.model, twice.row.mark) == ("plain", "")
        stuck = await play.ask(messages=loop(same), **asked)
        assert (stuck.row.model, stuck.row.mark) == ("grand", "escalation")
        assert stuck.row.escalated
        assert "The same tool call was made 3 times lately." in stuck.explained
        assert "premium though that was not asked for" in stuck.explained
    told = [each for each in caplog.records if hasattr(each, "event")]
    raised = [each for each in told if each.event == "request_escalated"]
    assert [each.request for each in raised] == [stuck.row.id]  # type: ignore[attr-defined]


async def test_different_calls_are_no_evidence(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
        await play.ask(text=WORK, **asked)
        cities = [{"city": name} for name in "abcdefgh"]
        told = await play.ask(messages=loop(cities), **asked)
    assert (told.row.model, told.row.mark) == ("plain", "")


async def test_the_same_error_of_a_tool_again_and_again_raises_the_floor(
    tmp_path: Path,
) -> None:
    turns = loop([{"city": name} for name in "abc"])
    for turn in turns[2::2]:
        turn["content"][0] |= {"is_error": True, "content": "no such place"}
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "tools": True, "headers": SESSION}
        await play.ask(text=WORK, **asked)
        stuck = await play.ask(messages=turns, **asked)
    assert (stuck.row.model, stuck.row.mark) == ("grand", "escalation")
    assert "The same tool error came back 3 times lately." in stuck.explained


async def test_after_a_models_own_failure_a_stronger_one_goes_on(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "headers": SESSION}
        turns: list[Json] = [{"role": "user", "content": RENAME}]
        play["work"].push(Answer((Text("I would rather not."),), change=_refused))
        told = []
        for number in range(3):
            told.append(await play.ask(messages=turns, **asked))
            answer = {"role": "assistant", "content": "Well."}
            words = {"role": "user", "content": f"{RENAME} Take line {number}."}
            turns = [*turns, answer, words]
    assert [each.row.model for each in told] == ["tiny", "plain", "tiny"]
    assert told[0].row.stop_reason == "refusal"
    assert "ended in the model's own failure" in told[1].explained


def _refused(reply: Reply) -> Reply:
    chunks = tuple(
        each.replace(b"end_turn", b"refusal") if isinstance(each, bytes) else each
        for each in reply.chunks
    )
    return replace(reply, chunks=chunks)


async def test_the_same_turn_again_is_taken_for_dissatisfaction(tmp_path: Path) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, works(), mode="coding-auto") as play:
            asked: Json = {
                "model": "claude-sonnet-5",
                "text": RENAME,
                "headers": SESSION,
            }
            first = await play.ask(**asked)
            again = await play.ask(**asked)
            assert (first.row.model, again.row.model) == ("tiny", "plain")
            assert "The client asked for the same turn again." in again.explained
            third = await play.ask(**asked)
            assert (third.row.model, third.row.mark) == ("grand", "escalation")
            clock.put_forward(3_600)
            later = await play.ask(**asked)
            assert later.row.model == "tiny"


async def test_scripts_may_ask_the_same_twice(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "text": RENAME}
        rows = [await play.ask(**asked) for _ in range(3)]
    assert [each.row.model for each in rows] == ["tiny"] * 3


async def test_a_retry_after_a_failure_is_no_evidence(tmp_path: Path) -> None:
    """The client asks again since it was told of an error, not of a bad answer."""
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked: Json = {"model": "claude-sonnet-5", "text": RENAME, "headers": SESSION}
        play["work"].push(*[refuse(500)] * 3)
        failed = await play.ask(**asked)
        again = await play.ask(**asked)
    assert failed.status == 500
    assert (again.status, again.row.mark) == (200, "")


async def test_direct_escalates_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="direct") as play:
        asked: Json = {"model": "plain", "tools": True, "headers": SESSION}
        rows = [await play.ask(text=THINK, **asked) for _ in range(3)]
        stuck = await play.ask(messages=loop([{"city": "a"}] * 4), **asked)
    assert [each.row.model for each in (*rows, stuck)] == ["plain"] * 4
    assert not any(each.row.escalated for each in (*rows, stuck))
