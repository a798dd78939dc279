from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from desktop_scenes import ANTHROPIC, BROKEN, NOON, OLLAMA, PRESSED, READY, RESTING

from app.desktop import board
from app.state import ProviderHealth, QuotaNow, RestNow


def local(moment: datetime, form: str) -> str:
    return f"{moment.astimezone():{form}}"


def detail(provider: ProviderHealth) -> list[str]:
    (fact,) = board.provider_facts((provider,), NOON)
    return fact.detail.split("\n")


def test_providers_with_trouble_come_first() -> None:
    facts = board.provider_facts(READY.providers, NOON)
    names = [fact.name for fact in facts]
    assert names == ["openai", "openrouter", "anthropic", "ollama"]
    assert facts[0].trouble
    assert facts[0].detail.startswith("The environment variable")
    assert "503" in facts[1].detail
    assert facts[3].detail == "On this machine, local."


def test_what_rests_comes_before_what_failed_once() -> None:
    facts = board.provider_facts(PRESSED.providers, NOON)
    assert [(fact.name, fact.value, fact.trouble) for fact in facts] == [
        ("mistral", "not ready", True),
        ("anthropic", "resting", True),
        ("openrouter", "ready", False),
        ("ollama", "ready", False),
    ]
    again = local(NOON + timedelta(hours=1), "%H:%M")
    told = f"It refused the key with 401. It is tried again at {again}."
    assert facts[0].detail == told


def test_a_quota_is_told_with_its_share_and_its_reset() -> None:
    resets = local(NOON + timedelta(hours=4, minutes=40), "%H:%M")
    later = local(NOON + timedelta(days=3), "%a %H:%M")
    assert detail(ANTHROPIC) == [
        "At the provider, subscription.",
        f"5-hour window: 61 % used, resets {resets}.",
        f"7-day window: 18 % used, resets {later}.",
    ]


def test_of_many_windows_the_fullest_are_told_and_an_unused_one_is_not() -> None:
    windows = tuple(QuotaNow(f"window {share}", share / 10) for share in (9, 7, 3))
    told = detail(replace(OLLAMA, quota=windows))
    assert told[1:] == ["Window 9: 90 % used.", "Window 7: 70 % used."]
    unused = replace(OLLAMA, quota=(QuotaNow("tokens per minute", 0.0),))
    assert detail(unused) == ["On this machine, local."]


def test_a_window_of_one_model_names_it() -> None:
    window = QuotaNow("7-day window of opus", 0.5, None, "anthropic/claude-opus-5")
    (_, told) = detail(replace(OLLAMA, quota=(window,)))
    assert told == "7-day window of opus of claude-opus-5: 50 % used."


def test_a_provider_that_rests_says_until_when_and_why() -> None:
    until = local(NOON + timedelta(minutes=42), "%H:%M")
    told = detail(RESTING)
    assert told[-1] == (
        f"Rests until {until}: it answered 429, its 5-hour window used up, and asked "
        "to be left alone for 42 min."
    )
    assert not any("Last failure" in line for line in told)


def test_the_longest_rest_of_models_is_told_and_the_others_are_counted() -> None:
    until = local(NOON + timedelta(seconds=20), "%H:%M:%S")
    told = detail(BROKEN)
    assert told[1].startswith(f"gpt-5.5-terra rests until {until}: it answered 503")
    assert told[2:] == ["1 more model rests."]
    three = replace(BROKEN, rests=(*BROKEN.rests, BROKEN.rests[0]))
    assert detail(three)[2:] == ["2 more models rest."]


def test_an_open_end_of_a_key_is_not_made_up() -> None:
    refused = replace(OLLAMA, ready=False, sentence="Not ready: no key.")
    assert detail(refused) == ["No key."]


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.001, "1 %"), (0.61, "61 %"), (0.999, "99 %"), (1.0, "100 %"), (1.2, "100 %")],
)
def test_a_share_is_never_full_before_it_is(share: float, told: str) -> None:
    assert board.percent(share) == told


@pytest.mark.parametrize(
    ("away", "form"),
    [
        (timedelta(seconds=30), "%H:%M:%S"),
        (timedelta(minutes=3), "%H:%M"),
        (timedelta(days=2), "%a %H:%M"),
    ],
)
def test_a_time_is_as_precise_as_it_is_near(away: timedelta, form: str) -> None:
    assert board.clock(NOON + away, NOON) == local(NOON + away, form)


@pytest.mark.parametrize("now", [None, NOON])
def test_a_far_day_is_told_with_its_date(now: datetime | None) -> None:
    far = NOON + timedelta(days=20)
    day = far.astimezone().day
    assert board.clock(far, now) == f"{day} {local(far, '%b, %H:%M')}"


def test_a_rest_needs_no_route() -> None:
    one = RestNow("unslashed", NOON + timedelta(hours=1), "it failed")
    told = detail(replace(OLLAMA, rests=(one,)))
    assert told[1].startswith("unslashed rests until")
