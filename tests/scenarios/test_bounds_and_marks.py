"""What holds for every failure: three calls, one deadline, marks, money, one probe."""

import asyncio
import time
from functools import partial
from pathlib import Path

import pytest
from foreign import is_whole
from scenarios.stage import (
    CHAT,
    CLIENTS,
    GEMINI,
    MESSAGES,
    NOBODY,
    RESPONSES,
    Actor,
    Role,
    stage,
)
from upstream import RESET, Answer, Script, refuse, say
from upstream.reply import cut_after, held_after, held_before_headers

from proxy.errors import FailureKind
from proxy.health.breaker import Breaker
from proxy.model import Protocol
from proxy.upstream import Limits

HELLO = say("one two three four five six seven eight nine ten")
GONE = refuse(504)
STANDARD, PREMIUM, SMALL = "claude/standard", "claude/premium", "claude/small"
PROMPT_NANO = 1200 * 3000 + 300 * 300


def only(name: str, lane: str, price: str = "3") -> Actor:
    """A provider of one model."""
    return Actor(name, roles=(Role(f"model-{name}", lane, price),))


# --- three calls, one deadline --------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
async def test_nobody_is_called_a_fourth_time(tmp_path: Path, client: Protocol) -> None:
    actors = [Actor(f"p{n}") for n in range(5)]
    async with stage(tmp_path, *actors) as play:
        play["p0"].push(GONE)
        play["p1"].push(refuse(429, retry_after="30"))
        play["p2"].push(GONE)
        told = await play.ask(client)
        assert told.calls == ("p0", "p1", "p2")
        assert (told.status, told.body) == (504, play["p2"].sent[-1])
        assert (told.row.status, told.row.mark) == ("error", "same_lane")
        # A repetition is a call like any other.
        play.well_again()
        play["p0"].push(refuse(503), refuse(529))
        play["p1"].push(refuse(502, "the last word"))
        told = await play.ask(client)
        assert told.calls == ("p0", "p0", "p1")
        assert (told.status, told.body) == (502, play["p1"].sent[-1])
        assert told.headers["x-turnout-attempts"] == "3"


async def test_who_cannot_be_reached_is_a_call_too(tmp_path: Path) -> None:
    dead = [Actor(f"p{n}", url=NOBODY) for n in range(3)]
    async with stage(tmp_path, *dead, Actor("well")) as play:
        told = await play.ask()
        assert (told.calls, told.chain) == ((), ("p0", "p1", "p2"))
        assert told.status == 502
        assert [play.faults(f"p{n}") for n in range(3)] == [1, 1, 1]


async def test_the_time_for_a_first_byte_is_that_of_the_whole_request(
    tmp_path: Path,
) -> None:
    actors = [Actor(f"p{n}") for n in range(3)]
    async with stage(tmp_path, *actors, limits=Limits(2.0, 2.0)) as play:
        silent = Answer(HELLO.parts, change=held_before_headers)
        play["p0"].push(silent)
        play["p1"].push(silent)
        began = time.monotonic()
        told = await play.ask()
        assert time.monotonic() - began < 4
        assert told.calls == ("p0", "p1")
        assert told.outcomes == ("first_byte_timeout",) * 2
        assert told.status == 504
        assert told.row.error_kind == "first_byte_timeout"


# --- marks ----------------------------------------------------------------------------


async def test_the_same_lane_first_then_a_stronger_one_then_a_weaker(
    tmp_path: Path,
) -> None:
    actors = (
        only("weak", SMALL, "0.1"),
        only("strong", PREMIUM, "9"),
        only("near", STANDARD, "2"),
        only("cheap", STANDARD, "1"),
    )
    async with stage(tmp_path, *actors, mode="coding-auto") as play:
        ask = partial(play.ask, model="claude-sonnet-5")
        told = await ask(text="Explain what a monad is.")
        assert (told.calls, told.marks) == (("cheap",), ("",))
        play.well_again()
        play["cheap"].push(GONE)
        told = await ask(text="Explain what a functor is.")
        assert (told.calls, told.marks) == (("cheap", "near"), ("", "same_lane"))
        assert (told.row.mark, told.row.escalated) == ("same_lane", False)
        play.well_again()
        play["cheap"].push(GONE)
        play["near"].push(GONE)
        told = await ask(text="Explain what a comonad is.")
        assert told.calls == ("cheap", "near", "strong")
        assert told.marks == ("", "same_lane", "escalation")
        assert (told.row.mark, told.row.lane) == ("escalation", PREMIUM)
        assert told.row.fallback_chain == (
            "cheap/model-cheap",
            "near/model-near",
            "strong/model-strong",
        )


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_weaker_lane_is_a_marked_downgrade(
    tmp_path: Path, client: Protocol
) -> None:
    actors = (only("good", STANDARD, "3"), only("weak", SMALL, "0.1"))
    async with stage(tmp_path, *actors, mode="coding-auto") as play:
        play["good"].push(refuse(529), refuse(529))
        told = await play.ask(client, model="claude-sonnet-5")
        assert told.calls == ("good", "good", "weak")
        assert told.marks == ("", "", "downgrade")
        assert told.row.mark == "downgrade"
        assert is_whole(client, told.body)
        assert "downgrade" in told.explained.lower()


@pytest.mark.parametrize(
    "step",
    [refuse(401), refuse(402), refuse(429, retry_after="60")],
    ids=["401", "402", "429"],
)
async def test_what_a_failure_tells_of_an_account_spares_its_other_routes(
    tmp_path: Path, step: Script
) -> None:
    both = (Role("plain", STANDARD, "1"), Role("fine", PREMIUM, "4"))
    actors = (Actor("account", roles=both), only("other", PREMIUM, "9"))
    async with stage(tmp_path, *actors, mode="coding-auto") as play:
        play["account"].push(step)
        told = await play.ask(model="claude-sonnet-5")
        assert told.calls == ("account", "other")
        assert told.marks == ("", "escalation")
        # And the next request does not begin there.
        told = await play.ask(model="claude-sonnet-5", text="What is a ring?")
        assert told.calls == ("other",)
        assert "account" in told.explained


# --- money ----------------------------------------------------------------------------


async def test_every_attempt_that_cost_money_is_a_row(tmp_path: Path) -> None:
    def head(events: int) -> Answer:
        return Answer(HELLO.parts, change=partial(cut_after, events=events))

    async with stage(tmp_path, Actor("a"), Actor("b"), Actor("c")) as play:
        play["a"].push(head(1))
        play["b"].push(head(3))
        told = await play.ask()
        assert told.calls == ("a", "b", "c")
        whole = PROMPT_NANO + 42 * 15_000
        begun = PROMPT_NANO + 15_000
        costs = [each.cost_nano for each in told.row.attempts]
        assert costs == [begun, begun, whole]
        assert (told.row.cost_nano, told.row.answer_cost_nano) == (
            2 * begun + whole,
            whole,
        )
        assert all(each.price_snapshot for each in told.row.attempts)
        # The same where the last one breaks after some words.
        play.well_again()
        play["a"].push(refuse(503, retry_after="9"))
        play["b"].push(head(3))
        play["c"].push(head(6))
        told = await play.ask()
        assert told.row.status == "error"
        costs = [each.cost_nano for each in told.row.attempts]
        assert costs == [None, begun, begun]
        assert told.row.cost_nano == 2 * begun


# --- one probe, and the last resort ---------------------------------------------------


def half_open(now: float) -> Breaker:
    """A breaker whose rest is just over."""
    return Breaker(
        level=1,
        since=now - 10,
        until=now - 1,
        kind=FailureKind.UPSTREAM_ERROR,
        status=503,
    )


async def test_one_request_probes_a_route_and_others_go_elsewhere(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        now = time.time()
        route = "first/scripted-large"
        play.health._breakers.restore({route: half_open(now)}, now)
        held = Answer(HELLO.parts, change=held_before_headers)
        play["first"].push(held)
        probe = asyncio.ensure_future(play.ask(text="the probe"))
        await play["first"].until(lambda up: bool(up.asked))
        others = [await play.ask(each) for each in CLIENTS]
        assert [told.chain for told in others] == [("second",)] * len(CLIENTS)
        assert "first/scripted-large" in others[0].explained
        play["first"].release()
        told = await probe
        assert (told.chain, told.outcomes) == (("first",), ("ok",))
        assert not play.condition.routes
        told = await play.ask()
        assert told.calls == ("first",)


async def test_a_probe_that_answers_at_length_holds_nobody_up(tmp_path: Path) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        now = time.time()
        play.health._breakers.restore({"first/scripted-large": half_open(now)}, now)
        play["first"].push(Answer(HELLO.parts, change=partial(held_after, events=6)))
        async with play.asking() as answer:
            await answer.content.readany()
            told = await play.ask(CHAT)
            assert told.calls == ("first",)


async def test_a_client_that_leaves_lets_another_probe(tmp_path: Path) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        now = time.time()
        play.health._breakers.restore({"first/scripted-large": half_open(now)}, now)
        play["first"].push(Answer(HELLO.parts, change=held_before_headers))

        async def wait() -> None:
            async with play.asking():
                pytest.fail("nobody answers")

        leaving = asyncio.ensure_future(wait())
        await play["first"].until(lambda up: bool(up.asked))
        leaving.cancel()
        await play["first"].until(lambda up: up.asked[0].gone is not None)
        _ = await play.newest()
        told = await play.ask(RESPONSES)
        assert (told.chain, told.outcomes) == (("first",), ("ok",))


async def test_a_sole_route_is_tried_though_it_rests(tmp_path: Path) -> None:
    async with stage(tmp_path, Actor("first")) as play:
        for _ in range(3):
            play["first"].push(GONE)
            assert (await play.ask()).status == 504
        assert list(play.condition.routes) == ["first/scripted-large"]
        told = await play.ask(GEMINI)
        assert (told.calls, told.status) == (("first",), 200)
        assert "Every route that is allowed rests" in told.explained


async def test_a_refused_key_of_a_sole_provider_is_told_to_the_client(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, Actor("first")) as play:
        play["first"].push(refuse(401, "invalid x-api-key"))
        told = await play.ask(MESSAGES)
        assert (told.status, told.body) == (401, play["first"].sent[-1])
        # Whoever asks again gets no further before the key is another.
        assert told.headers["x-should-retry"] == "false"
        assert "first" in play.condition.not_ready


# --- a kept connection that was closed unheard ----------------------------------------


async def test_a_closed_connection_says_nothing_of_its_provider(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        _ = await play.ask()
        play["first"].push(RESET)
        told = await play.ask()
        assert told.calls == ("first", "first")
        assert told.outcomes == ("reset", "ok")
        assert told.body == play["first"].sent[-1]
        assert play.faults("first") == 0


async def test_a_probe_on_a_closed_connection_is_made_on_a_fresh_one(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, Actor("first"), Actor("second")) as play:
        _ = await play.ask()
        now = time.time()
        play.health._breakers.restore({"first/scripted-large": half_open(now)}, now)
        play["first"].push(RESET)
        told = await play.ask()
        assert told.calls == ("first", "first")
        assert told.outcomes == ("reset", "ok")
        # The probe is over: whoever comes next goes there as before.
        assert not play.condition.routes
        assert not play.condition.probes
