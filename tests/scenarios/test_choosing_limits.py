"""What no wish lifts: the price ceiling, the rule of tools, what a model cannot do."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from scenarios.scenes import RENAME, THINK, WRITE, key_of, works
from scenarios.stage import CHAT, MESSAGES, RESPONSES, Actor, Role, stage
from upstream import refuse

NO_ROUTE = 400
"""What a client is told where nobody may take its request: asking again is vain."""

PICTURE = {
    "type": "image",
    "source": {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(b"\x89PNG not a picture").decode(),
    },
}
SEEN = [{"role": "user", "content": [PICTURE, {"type": "text", "text": WRITE}]}]


# --- the price ceiling ----------------------------------------------------------------

CEILING = 'price_ceiling = "0.02"'


async def test_no_header_lifts_the_price_ceiling(tmp_path: Path) -> None:
    cast = works()
    async with stage(tmp_path, cast, mode="coding-auto", settings=CEILING) as play:
        for mode in ("coding-premium", "direct", "coding-fast"):
            told = await play.ask(
                model="grand",
                text=THINK,
                max_tokens=4000,
                headers={"x-turnout-mode": mode},
            )
            assert (told.status, told.calls) == (NO_ROUTE, ())
            assert "expected to cost more than the price ceiling" in told.explained
            assert b"price ceiling" in told.body


async def test_under_a_ceiling_the_best_that_is_affordable_is_a_marked_downgrade(
    tmp_path: Path,
) -> None:
    cast = works()
    async with stage(tmp_path, cast, mode="coding-auto", settings=CEILING) as play:
        told = await play.ask(model="claude-opus-4-8", text=THINK, max_tokens=3000)
    assert told.row.model == "plain"
    assert (told.row.mark, told.marks) == ("downgrade", ("downgrade",))
    assert "That is a downgrade" in told.explained


async def test_a_ceiling_leaves_out_what_has_no_price(tmp_path: Path) -> None:
    unknown = Actor("odd", (MESSAGES,), (Role("secret-cost", "odd/premium", None),))
    cast = (unknown, works())
    async with stage(tmp_path, *cast, mode="coding-auto", settings=CEILING) as play:
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
        pinned = await play.ask(model="odd/secret-cost", text=WRITE)
    assert told.calls == ("work",)
    assert "its price is unknown and there is a price ceiling" in told.explained
    assert (pinned.status, pinned.calls) == (NO_ROUTE, ())


async def test_an_unknown_price_is_never_the_cheapest(tmp_path: Path) -> None:
    unknown = Actor("odd", (MESSAGES,), (Role("secret-cost", "odd/premium", None),))
    async with stage(tmp_path, unknown, works(), mode="coding-auto") as play:
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
        play["work"].push(*[refuse(503)] * 2)
        moved = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert told.row.model == "plain"
    assert moved.status == 200
    assert moved.row.cost_nano is None or moved.row.provider == "work"


# --- tools ----------------------------------------------------------------------------

NO = 'claude_code_safe = "no"\ncodex_safe = "no"'
MAYBE = 'claude_code_safe = "experimental"\ncodex_safe = "experimental"'
ALL_MODES = ["coding-auto", "coding-fast", "coding-premium", "direct"]


def risky(name: str, more: str) -> Actor:
    """A provider that is best and cheapest, and not to be trusted with tools."""
    roles = tuple(
        Role(f"open-{tier}", f"open/{tier}", "0.01", more=more)
        for tier in ("premium", "standard", "small")
    )
    return Actor(name, (CHAT,), roles)


@pytest.mark.parametrize("mode", ALL_MODES)
async def test_tools_never_go_to_an_unsafe_model_whatever_is_asked_for(
    tmp_path: Path, mode: str
) -> None:
    unsafe = risky("no", NO), risky("maybe", MAYBE)
    async with stage(tmp_path, *unsafe, works(), mode=mode) as play:
        codex = await key_of(play.gateway, "codex")
        for client, who in ((MESSAGES, {}), (RESPONSES, codex)):
            told = await play.ask(client, text=WRITE, tools=True, headers=who)
            assert (told.status, told.calls) == (200, ("work",))
            for route in ("no/open-premium", "maybe/open-premium"):
                pinned = await play.ask(client, model=route, tools=True, headers=who)
                assert (pinned.status, pinned.calls) == (NO_ROUTE, ())
        # When nobody safe is left the client is told, and nobody else is asked.
        play["work"].push(*[refuse(500)] * 3)
        failed = await play.ask(text=WRITE, tools=True)
        assert (failed.status, set(failed.calls)) == (500, {"work"})
        assert not play["no"].asked
        assert not play["maybe"].asked
        # Without tools they may.
        plain = await play.ask(model="no/open-small", text=WRITE)
        assert plain.calls == ("no",)


async def test_experimental_tools_take_the_users_own_word(tmp_path: Path) -> None:
    switch = "experimental_tools = true"
    cast = (risky("open", MAYBE), works())
    async with stage(tmp_path, *cast, mode="coding-auto", settings=switch) as play:
        told = await play.ask(text=WRITE, tools=True)
    assert told.calls == ("open",)
    cast = (risky("open", NO), works())
    async with stage(tmp_path, *cast, mode="coding-auto", settings=switch) as play:
        told = await play.ask(text=WRITE, tools=True)
    assert told.calls == ("work",)
    assert "known not to work with this client" in told.explained


async def test_a_model_without_tools_gets_no_request_with_tools_of_any_client(
    tmp_path: Path,
) -> None:
    async with stage(
        tmp_path, risky("open", "tools = false"), works(), mode="direct"
    ) as play:
        n8n = await key_of(play.gateway, "n8n")
        told = await play.ask(CHAT, model="open-small", tools=True, headers=n8n)
    assert told.calls == ("work",)
    assert "offers tools and the model takes none" in told.explained


# --- what a model cannot do -----------------------------------------------------------


async def test_pictures_go_to_a_model_that_sees(tmp_path: Path) -> None:
    blind = Actor(
        "blind", (CHAT,), (Role("b", "b/standard", "0.1", more="vision = false"),)
    )
    async with stage(tmp_path, blind, works(), mode="coding-auto") as play:
        plain = await play.ask(model="claude-sonnet-5", text=WRITE)
        told = await play.ask(model="claude-sonnet-5", messages=SEEN)
    assert plain.calls == ("blind",)
    assert told.calls == ("work",)
    assert "holds images and the model sees none" in told.explained


async def test_a_long_conversation_goes_where_it_has_room(tmp_path: Path) -> None:
    short = Actor("short", (MESSAGES,), (Role("s", "s/standard", "0.1", 8_000),))
    long = " ".join(f"word{number}" for number in range(12_000))
    async with stage(tmp_path, short, works(), mode="coding-auto") as play:
        told = await play.ask(model="claude-sonnet-5", text=f"{WRITE}\n{long}")
    assert told.calls == ("work",)
    assert "longer than the model can read" in told.explained


async def test_a_very_long_one_is_a_class_of_its_own(tmp_path: Path) -> None:
    long = " ".join(f"word{number}" for number in range(60_000))
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        told = await play.ask(model="claude-sonnet-5", text=f"{RENAME}\n{long}")
    assert (told.row.route_class, told.row.model) == ("long_context", "grand")


async def test_nobody_able_is_told_in_a_sentence_that_names_why(tmp_path: Path) -> None:
    blind = Actor(
        "blind", (CHAT,), (Role("b", "b/standard", "0.1", more="vision = false"),)
    )
    async with stage(tmp_path, blind, mode="coding-auto") as play:
        told = await play.ask(model="claude-sonnet-5", messages=SEEN)
    assert (told.status, told.calls) == (NO_ROUTE, ())
    assert b"holds images and the model sees none" in told.body
