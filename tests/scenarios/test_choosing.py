"""Intents, modes, pins and rules: who answers what, told as conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenarios.scenes import RENAME, THINK, WORDS, WORK, WRITE, Json, key_of, works
from scenarios.stage import CHAT, MESSAGES, RESPONSES, Actor, Role, Stage, stage
from upstream import refuse

from proxy.model import Protocol

TITLE: Json = {"system": "Generate a concise, sentence-case title for this session."}


async def answers(
    play: Stage, asked: str, said: str, client: Protocol = MESSAGES, **more: Any
) -> str:
    """Which model of `work` answers, as the row and the client are told alike."""
    told = await play.ask(client, model=asked, text=said, **more)
    assert told.status == 200
    assert told.headers["x-turnout-route"] == f"{told.row.provider}/{told.row.model}"
    assert told.row.requested_model == asked
    assert f"The client asked for {asked}." in told.explained
    return f"{told.row.model}"


AUTO = [
    # What was asked for, what was said, who answers.
    ("claude-sonnet-5", RENAME, "tiny"),
    ("claude-sonnet-5", WRITE, "plain"),
    ("claude-sonnet-5", WORK, "plain"),
    ("claude-sonnet-5", WORDS, "plain"),
    ("claude-sonnet-5", THINK, "grand"),
    ("claude-opus-4-8", RENAME, "grand"),
    ("claude-fable-5", WRITE, "grand"),
    ("claude-haiku-4-5-20251001", THINK, "tiny"),
    ("gemini-3-flash-lite", WORK, "tiny"),
    ("a-name-nobody-knows", WRITE, "plain"),
    ("a-name-nobody-knows", RENAME, "tiny"),
]


async def test_the_name_and_the_words_make_the_floor_in_coding_auto(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        found = [
            (name, said, await answers(play, name, said)) for name, said, _ in AUTO
        ]
    assert found == AUTO


FAST = [
    ("claude-sonnet-5", RENAME, "tiny"),
    ("claude-sonnet-5", WRITE, "tiny"),
    ("claude-sonnet-5", WORDS, "tiny"),
    ("claude-sonnet-5", THINK, "plain"),
    ("claude-opus-4-8", WRITE, "plain"),
    ("claude-haiku-4-5", THINK, "tiny"),
]


async def test_coding_fast_is_content_with_a_tier_less(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-fast") as play:
        found = [
            (name, said, await answers(play, name, said)) for name, said, _ in FAST
        ]
    assert found == FAST


PREMIUM = [
    ("claude-sonnet-5", RENAME, "grand"),
    ("claude-opus-4-8", WRITE, "grand"),
    ("claude-haiku-4-5", WRITE, "plain"),
    ("a-name-nobody-knows", WORDS, "grand"),
]


async def test_coding_premium_gives_real_work_the_best(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-premium") as play:
        found = [
            (name, said, await answers(play, name, said)) for name, said, _ in PREMIUM
        ]
        assert await answers(play, "claude-opus-4-8", WRITE, **TITLE) == "plain"
    assert found == PREMIUM


CODEX = [
    ("gpt-6-sol", RENAME, "grand"),
    ("gpt-6-astra", RENAME, "grand"),
    ("gpt-6-terra", WRITE, "plain"),
    ("gpt-6-terra", RENAME, "tiny"),
    ("gpt-6-luna", THINK, "tiny"),
]


async def test_codex_has_its_own_words_for_the_same_wishes(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        codex = await key_of(play.gateway, "codex")
        found = [
            (name, said, await answers(play, name, said, RESPONSES, headers=codex))
            for name, said, _ in CODEX
        ]
        assert {each.client for each in play.gateway.events()} == {"codex"}
    assert found == CODEX


async def test_a_title_needs_no_premium_whoever_is_asked_for_it(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        told = await play.ask(model="claude-opus-4-8", text=WRITE, **TITLE)
    assert (told.row.model, told.row.route_class) == ("tiny", "housekeeping")
    assert "the client's own request: title" in told.explained


async def test_direct_sends_to_what_was_asked_for_and_compares_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works()) as play:
        assert await answers(play, "grand", RENAME) == "grand"
        assert await answers(play, "tiny", THINK) == "tiny"
        told = await play.ask(model="claude-opus-4-8", text=WRITE)
    assert told.row.model == "tiny"  # the first of the file, and it says so
    assert "first ready provider's first model" in told.explained


# --- pins -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["coding-auto", "coding-fast", "coding-premium"])
async def test_a_pin_in_the_request_stands_over_every_coding_mode(
    tmp_path: Path, mode: str
) -> None:
    cast = works(), works("other", times=2)
    async with stage(tmp_path, *cast, mode=mode) as play:
        told = await play.ask(model="other/tiny", text=THINK)
    assert (told.calls, told.row.model) == (("other",), "tiny")
    assert "The request pins this route." in told.explained
    # It got what it asked for, though the same model is cheaper elsewhere.
    assert "What was asked for" not in told.explained


async def test_a_listed_name_is_a_pin_to_that_model_at_the_cheapest_of_its_providers(
    tmp_path: Path,
) -> None:
    dear = Actor("dear", (MESSAGES,), (Role("open-1", "open/standard", "2"),))
    cheap = Actor("cheap", (MESSAGES,), (Role("open-1", "open/standard", "1"),))
    cast = (dear, cheap, works())
    async with stage(tmp_path, *cast, mode="coding-auto") as play:
        told = await play.ask(model="open-1", text=THINK)
        play["cheap"].push(refuse(503), refuse(503))
        moved = await play.ask(model="open-1", text=THINK)
    assert told.calls == ("cheap",)
    assert "The request names this very model." in told.explained
    assert moved.calls == ("cheap", "cheap", "dear")
    assert moved.marks == ("", "", "same_lane")


async def test_a_pin_waits_for_nobody_else(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), works("other"), mode="coding-auto") as play:
        play["other"].push(refuse(503), refuse(503))
        told = await play.ask(model="other/tiny", text=THINK)
    assert (told.status, told.calls) == (503, ("other", "other"))


# --- the mode that a request asks for -------------------------------------------------


async def test_a_header_asks_for_another_mode_for_one_request(tmp_path: Path) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        asked = await play.ask(
            model="claude-sonnet-5",
            text=WRITE,
            headers={"x-turnout-mode": "coding-premium"},
        )
        later = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert (asked.row.model, asked.row.mode) == ("grand", "coding-premium")
    assert "The mode was coding-premium, wished for by the request." in asked.explained
    assert (later.row.model, later.row.mode) == ("plain", "coding-auto")


async def test_a_header_that_names_no_mode_is_refused_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, works(), mode="coding-auto") as play:
        status, _, body = await play.gateway.post(
            "/v1/messages", {"model": "x"}, x_turnout_mode="coding-best"
        )
        assert (status, play.calls) == (400, ())
    assert b"coding-auto" in body


# --- the user's rules -----------------------------------------------------------------


async def test_premium_may_be_pinned_for_a_class(tmp_path: Path) -> None:
    rule = '[[rules]]\nclass = "cheap_edit"\ntier = "premium"\n'
    async with stage(tmp_path, works(), mode="coding-auto", rules=rule) as play:
        assert await answers(play, "claude-haiku-4-5", RENAME) == "grand"
        assert await answers(play, "claude-sonnet-5", WRITE) == "plain"


async def test_a_rule_for_a_client_holds_for_that_client_alone(tmp_path: Path) -> None:
    rule = '[[rules]]\nclient = "codex"\nmode = "coding-premium"\n'
    async with stage(tmp_path, works(), mode="coding-auto", rules=rule) as play:
        codex = await key_of(play.gateway, "codex")
        told = await play.ask(RESPONSES, model="gpt-6-terra", text=WRITE, headers=codex)
        assert (told.row.model, told.row.mode) == ("grand", "coding-premium")
        assert "wished for by a rule for codex" in told.explained
        assert await answers(play, "claude-sonnet-5", WRITE) == "plain"


async def test_a_rules_route_is_a_pin_that_the_requests_own_pin_overrides(
    tmp_path: Path,
) -> None:
    rule = '[[rules]]\nclass = "fast_code"\nroute = "other/tiny"\n'
    cast = (works(), works("other"))
    async with stage(tmp_path, *cast, mode="coding-auto", rules=rule) as play:
        pinned = await play.ask(model="claude-opus-4-8", text=WRITE)
        own = await play.ask(model="work/plain", text=WRITE)
    assert (pinned.calls, pinned.row.model) == (("other",), "tiny")
    assert "A rule for fast_code pins this route." in pinned.explained
    assert (own.calls, own.row.model) == (("work",), "plain")


async def test_a_project_goes_before_a_client_and_that_before_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.projects._Finder.label", lambda finder, peer: "shop")
    rules = (
        '[[rules]]\nclass = "fast_code"\ntier = "premium"\n'
        '[[rules]]\nclient = "claude-code"\ntier = "standard"\n'
        '[[rules]]\nproject = "shop"\nclient = "codex"\ntier = "small"\n'
    )
    async with stage(tmp_path, works(), mode="coding-auto", rules=rules) as play:
        codex = await key_of(play.gateway, "codex")
        n8n = await key_of(play.gateway, "n8n")
        told = [
            await answers(play, "any-name", WRITE, CHAT, headers=each)
            for each in (n8n, {}, codex)
        ]
        assert {each.project for each in play.gateway.events()} == {"shop"}
    assert told == ["grand", "plain", "tiny"]


# --- who stands by --------------------------------------------------------------------


async def test_of_what_is_not_good_enough_the_best_stands_by_first(
    tmp_path: Path,
) -> None:
    """A free model that can hardly write stands behind one that nearly can."""
    good = Actor("good", (MESSAGES,), (Role("g", "g/standard", "1"),))
    hardly = Role("h", "h/small", "0.01", more="quality = 12")
    nearly = Role("n", "n/small", "0.2", more="quality = 45")
    weak = Actor("weak", (MESSAGES,), (hardly, nearly))
    async with stage(tmp_path, good, weak, mode="coding-auto") as play:
        play["good"].push(refuse(500), refuse(500))
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert told.calls == ("good", "good", "weak")
    assert (told.row.model, told.row.mark) == ("n", "downgrade")
    assert "weak/n (a downgrade), weak/h (a downgrade)" in told.explained


# --- what a choice says of itself -----------------------------------------------------


async def test_the_explanation_names_the_runner_up_and_by_how_much_it_lost(
    tmp_path: Path,
) -> None:
    dear = Actor("dear", (MESSAGES,), (Role("open-1", "open/standard", "2"),))
    async with stage(tmp_path, works(), dear, mode="coding-auto") as play:
        told = await play.ask(model="claude-sonnet-5", text=WRITE)
    assert told.row.model == "plain"
    assert "beat dear/open-1 at" in told.explained
    assert "(50 %)" in told.explained
    assert len(told.layers) <= 16


async def test_what_was_asked_for_and_left_is_named_with_its_price(
    tmp_path: Path,
) -> None:
    vendor = Actor("vendor", (MESSAGES,), (Role("claude-opus-5-5", "x/premium", "9"),))
    async with stage(tmp_path, works(), vendor, mode="coding-auto") as play:
        told = await play.ask(model="claude-opus-5-5", text=WRITE)
    assert told.row.model == "grand"
    assert "What was asked for, vendor/claude-opus-5-5, would have cost" in (
        told.explained
    )
    assert told.row.asked_cost_nano is not None
    assert told.row.cost_nano is not None
    assert told.row.asked_cost_nano > told.row.cost_nano
