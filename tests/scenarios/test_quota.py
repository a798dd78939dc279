"""Quotas and breakers: who steps in before a limit is met, after it, how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenarios.scenes import OKAY, THINK, WRITE, Clock, the_clock, under, works
from scenarios.stage import MESSAGES, Actor, Role, Stage, stage
from upstream import Answer, Text, refuse, render
from upstream.record import Seen
from upstream.reply import Reply, held_before_headers, with_header
from upstream.turns import Script

from proxy.routing import Condition
from proxy.tasks import spawn

HOUR = 3_600.0


def accounts(*more: str) -> tuple[Actor, Actor]:
    """Anthropic as Turnout knows it, and a second account there."""
    first = Actor("anthropic", (MESSAGES,), (), more="\n".join(more))
    second = Actor("zweit", (MESSAGES,), (), more='like = "anthropic"')
    return first, second


def window(clock: Clock, name: str, share: float, lasts: float) -> dict[str, str]:
    """What Anthropic says of a subscription's window in an answer's headers."""
    start = f"anthropic-ratelimit-unified-{name}"
    reset = int(clock.now().timestamp() + lasts)
    return {
        f"{start}-utilization": f"{share:.2f}",
        f"{start}-status": "allowed_warning" if share < 1 else "rejected",
        f"{start}-reset": f"{reset}",
    }


def condition(play: Stage, clock: Clock) -> Condition:
    """What the gateway knows at the moment that its clock shows."""
    return play.gateway.health.condition({}, clock.now().timestamp())


def limited(headers: dict[str, str]) -> Script:
    """A 429 under headers of its own."""

    def script(seen: Seen) -> Reply:
        reply = refuse(429, "This would exceed a limit of your account.")(seen)
        assert isinstance(reply, Reply)
        for name, value in headers.items():
            reply = with_header(reply, name, value)
        return reply

    return script


# --- before a limit is met ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title", "lasts"),
    [("5h", "5-hour window", 2 * HOUR), ("7d", "7-day window", 60 * HOUR)],
)
async def test_a_second_account_takes_over_before_anthropic_says_429(
    tmp_path: Path, name: str, title: str, lasts: float
) -> None:
    asked: Any = {"model": "claude-sonnet-5-5", "text": WRITE}
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            calm = window(clock, name, 0.5, lasts)
            play["anthropic"].push(under(OKAY, calm))
            first = await play.ask(**asked)
            play["anthropic"].push(under(OKAY, window(clock, name, 0.95, lasts)))
            second = await play.ask(**asked)
            assert first.calls == second.calls == ("anthropic",)
            third = await play.ask(**asked)
            assert third.calls == ("zweit",)
            assert third.row.model == second.row.model
            assert third.row.lane == second.row.lane == "claude/standard"
            assert third.outcomes == ("ok",)
            assert (
                f"It stands in for anthropic/{third.row.model}: 95 % of its {title} "
                "used." in third.explained
            )
            assert "the other's quota is nearly used up" in third.explained
            # The window begins anew, and with it the first account's turn.
            clock.put_forward(lasts + 60)
            fourth = await play.ask(**asked)
            assert fourth.calls == ("anthropic",)
        assert all(each.status == "success" for each in play.gateway.events())


async def test_a_minutes_tokens_nearly_gone_are_pressure_too(tmp_path: Path) -> None:
    start = "anthropic-ratelimit-tokens"
    heads = {f"{start}-limit": "100000", f"{start}-remaining": "4000"}
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            play["anthropic"].push(under(OKAY, heads))
            await play.ask(model="claude-sonnet-5-5", text=WRITE)
            moved = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert moved.calls == ("zweit",)
            assert "96 % of its tokens per minute used" in moved.explained
            clock.put_forward(70)
            back = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert back.calls == ("anthropic",)


async def test_pressure_alone_makes_nobody_weaker(tmp_path: Path) -> None:
    """Without another of its lane, or a stronger one, the pressed account goes on."""
    small = Actor("low", (MESSAGES,), (Role("weak", "acme/small", "0.1"),))
    first, _ = accounts()
    with the_clock(clock := Clock()):
        async with stage(tmp_path, first, small, mode="coding-auto") as play:
            play["anthropic"].push(under(OKAY, window(clock, "5h", 0.97, HOUR)))
            await play.ask(model="claude-opus-5-5", text=WRITE)
            told = await play.ask(model="claude-opus-5-5", text=WRITE)
    assert told.calls == ("anthropic",)
    assert told.row.mark == ""


async def test_direct_spares_a_quota_where_its_lane_has_another(tmp_path: Path) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="direct") as play:
            play["anthropic"].push(under(OKAY, window(clock, "5h", 0.97, HOUR)))
            told = [await play.ask(model="claude-sonnet-5-5") for _ in range(2)]
    assert [each.calls for each in told] == [("anthropic",), ("zweit",)]
    assert "It stands in for anthropic/claude-sonnet-5-5: " in " ".join(told[1].layers)


async def test_both_accounts_pressed_is_as_if_none_were(tmp_path: Path) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            play["anthropic"].push(under(OKAY, window(clock, "5h", 0.95, HOUR)))
            play["zweit"].push(under(OKAY, window(clock, "5h", 0.99, HOUR)))
            told = [
                await play.ask(model="claude-sonnet-5-5", text=WRITE) for _ in range(3)
            ]
    assert [each.calls for each in told] == [("anthropic",), ("zweit",), ("anthropic",)]


async def test_a_subscription_is_used_before_money_until_it_is_nearly_used_up(
    tmp_path: Path,
) -> None:
    paid = Actor("paid", (MESSAGES,), (), more='like = "anthropic"')
    covered = Actor("anthropic", (MESSAGES,), (), more='billing = "subscription"')
    with the_clock(clock := Clock()):
        async with stage(tmp_path, paid, covered, mode="coding-auto") as play:
            play["anthropic"].push(under(OKAY, window(clock, "7d", 0.92, HOUR)))
            first = await play.ask(model="claude-opus-5-5", text=THINK)
            assert first.calls == ("anthropic",)
            assert "covered by the subscription" in first.explained
            assert first.row.billing == "subscription"
            second = await play.ask(model="claude-opus-5-5", text=THINK)
            assert second.calls == ("paid",)
            assert second.row.billing == "metered"
            assert "92 % of its 7-day window used" in second.explained


# --- after it -------------------------------------------------------------------------


async def test_a_429_marks_the_whole_group_and_is_remembered_over_a_restart(
    tmp_path: Path,
) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            play["anthropic"].push(refuse(429, retry_after="1800"))
            met = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert met.calls == ("anthropic", "zweit")
            assert met.marks == ("", "same_lane")
            assert list(condition(play, clock).groups) == ["anthropic"]
            # Another model of the same account is not even tried.
            other = await play.ask(model="claude-opus-5-5", text=THINK)
            assert other.calls == ("zweit",)
            assert "asked to be left alone for 30 min" in other.explained
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            still = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert still.calls == ("zweit",)
            assert "asked to be left alone for 30 min" in still.explained
            clock.put_forward(1_900)
            over = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert over.calls == ("anthropic",)


async def test_a_week_that_is_used_up_rests_until_the_vendor_says(
    tmp_path: Path,
) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            week = window(clock, "7d", 1.0, 50 * HOUR)
            play["anthropic"].push(limited(week))
            asked: Any = {"model": "claude-sonnet-5-5", "text": WRITE}
            met = await play.ask(**asked)
            assert met.calls == ("anthropic", "zweit")
            clock.put_forward(49 * HOUR)
            still = await play.ask(**asked)
            assert still.calls == ("zweit",)
            assert "its 7-day window used up" in still.explained
            clock.put_forward(2 * HOUR)
            assert (await play.ask(**asked)).calls == ("anthropic",)


async def test_a_limit_of_one_model_leaves_the_others_of_the_account(
    tmp_path: Path,
) -> None:
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
            start = "anthropic-ratelimit-unified"
            heads = {
                f"{start}-status": "rejected",
                f"{start}-representative-claim": "seven_day_opus",
                f"{start}-reset": f"{int(clock.now().timestamp() + 9 * HOUR)}",
            }
            play["anthropic"].push(limited(heads))
            opus: Any = {"model": "anthropic/claude-opus-5-5", "text": THINK}
            assert (await play.ask(**opus)).status == 429
            assert not condition(play, clock).groups
            assert list(condition(play, clock).routes) == ["anthropic/claude-opus-5-5"]
            told = await play.ask(model="claude-sonnet-5-5", text=WRITE)
            assert told.calls == ("anthropic",)


async def test_accounts_that_share_a_quota_rest_together(tmp_path: Path) -> None:
    one, two = works("one", 'quota = "team"'), works("two", 'quota = "team"')
    async with stage(
        tmp_path, one, two, works("zero", times=2), mode="coding-auto"
    ) as play:
        play["one"].push(refuse(429, retry_after="600"))
        met = await play.ask(model="claude-sonnet-5", text=WRITE)
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert met.calls == ("one", "zero")
    assert told.calls == ("zero",)
    said = "one/plain, one/grand and 4 others were rejected: its quota is used up"
    assert said in told.explained


async def test_an_account_without_money_is_left_alone_and_named(tmp_path: Path) -> None:
    async with stage(tmp_path, *accounts(), mode="coding-auto") as play:
        play["anthropic"].push(refuse(402, "Your credit balance is too low."))
        met = await play.ask(model="claude-sonnet-5-5", text=WRITE)
        told = await play.ask(model="claude-opus-5-5", text=WRITE)
    assert met.calls == ("anthropic", "zweit")
    assert told.calls == ("zweit",)
    assert "its account has no credit left" in told.explained


async def test_with_everybody_resting_the_one_whose_rest_ends_first_is_tried(
    tmp_path: Path,
) -> None:
    cast = Actor("first", (MESSAGES,)), Actor("second", (MESSAGES,))
    async with stage(tmp_path, *cast, mode="coding-auto") as play:
        play["first"].push(refuse(429, retry_after="1800"))
        play["second"].push(refuse(429, retry_after="900"))
        met = await play.ask(model="claude-sonnet-5", text=WRITE)
        assert (met.status, met.calls) == (429, ("first", "second"))
        assert met.headers["retry-after"] == "900"
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert (told.status, told.calls) == (200, ("second",))
    assert "Every route that is allowed rests" in told.explained


# --- breakers -------------------------------------------------------------------------


def new(play: Stage) -> dict[str, Any]:
    """Ask something nobody has asked before: no provider's cache holds any of it."""
    return {"model": "claude-sonnet-5", "text": f"{WRITE} Try {len(play.calls)}."}


def held(seen: Seen) -> Reply:
    """An answer of which nothing comes before it is released."""
    return held_before_headers(render(Answer((Text("Well again."),)), seen))


async def test_a_breaker_outlives_a_restart_and_then_one_request_tries(
    tmp_path: Path,
) -> None:
    cast = works("first"), works("second", times=1.5)
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *cast, mode="coding-auto") as play:
            play["first"].push(*[refuse(500)] * 3)
            one = await play.ask(**new(play))
            two = await play.ask(**new(play))
            assert one.calls == ("first", "first", "second")
            assert two.calls[0] == "first"
        async with stage(tmp_path, *cast, mode="coding-auto") as play:
            resting = await play.ask(**new(play))
            assert resting.calls == ("second",)
            assert "left alone" in resting.explained
            clock.put_forward(400)
            rows = await twenty(play)
            assert sorted(rows) == ["first", *["second"] * 19]
            assert len(play["first"].asked) == 1
            well = await play.ask(**new(play))
            assert well.calls == ("first",)


async def twenty(play: Stage) -> list[str]:
    """Twenty requests at once; the first provider begins when all others are told.

    Returns who answered each.
    """
    first, second = play["first"], play["second"]
    before = len(second.asked)
    first.push(held)
    asking = [
        spawn(play.ask(model="claude-sonnet-5", text=f"{WRITE} {n}"), f"client {n}")
        for n in range(20)
    ]
    await second.until(lambda up: len(up.asked) == before + 19)
    first.release()
    return [f"{(await each).row.provider}" for each in asking]


async def test_a_probe_that_fails_leaves_the_route_alone_for_longer(
    tmp_path: Path,
) -> None:
    cast = works("first"), works("second", times=1.5)
    with the_clock(clock := Clock()):
        async with stage(tmp_path, *cast, mode="coding-auto") as play:
            play["first"].push(*[refuse(500)] * 3)
            await play.ask(**new(play))
            await play.ask(**new(play))
            clock.put_forward(6)
            play["first"].push(refuse(500))
            probed = await play.ask(**new(play))
            assert probed.calls[0] == "first"
            assert probed.row.provider == "second"
            later = await play.ask(**new(play))
            assert later.calls == ("second",)
            clock.put_forward(6)
            assert (await play.ask(**new(play))).calls == ("second",)
            clock.put_forward(10)
            assert (await play.ask(**new(play))).calls == ("first",)


async def test_the_only_route_is_tried_though_it_rests(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="direct") as play:
        play["work"].push(*[refuse(500)] * 4)
        for _ in range(2):
            assert (await play.ask(model="plain")).status == 500
        told = await play.ask(model="plain")
    assert (told.status, told.calls) == (200, ("work",))
    assert "Every route that is allowed rests" in told.explained
