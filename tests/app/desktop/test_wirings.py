from __future__ import annotations

from dataclasses import replace

import pytest
from desktop_scenes import CONNECTED, DRIFTED, OLD_PORT, READY, SUSPENDED, WIRED

from app.desktop.wirings import news, pointing, told_of
from app.state import WiringHealth, WiringNow

NOT_REWIRED = replace(SUSPENDED, state=WiringHealth.NOT_REWIRED)


def test_of_a_client_that_is_as_it_should_be_nothing_is_told() -> None:
    assert told_of(None) == ()
    assert told_of(CONNECTED) == ()
    wirings = (WIRED, OLD_PORT, SUSPENDED)
    assert told_of(replace(READY, wirings=wirings)) == (OLD_PORT, SUSPENDED)


def test_only_who_leads_here_is_left_without_an_answer() -> None:
    assert pointing(None) == ()
    wirings = (DRIFTED, OLD_PORT, SUSPENDED, NOT_REWIRED)
    assert pointing(replace(READY, wirings=wirings)) == ("Claude Code", "Codex")


@pytest.mark.parametrize(
    ("before", "now", "title"),
    [
        ((), (WIRED,), ""),
        ((), (SUSPENDED,), ""),
        ((), (DRIFTED,), "Claude Code needs a look"),
        ((WIRED,), (DRIFTED,), "Claude Code needs a look"),
        ((DRIFTED,), (DRIFTED,), ""),
        (
            (DRIFTED,),
            (replace(DRIFTED, sentence="Another key."),),
            "Claude Code needs a look",
        ),
        ((DRIFTED,), (WIRED,), ""),
        ((WIRED,), (), ""),
        ((SUSPENDED,), (NOT_REWIRED,), "opencode needs a look"),
        (
            (SUSPENDED,),
            (replace(SUSPENDED, state=WiringHealth.WIRED),),
            "opencode is connected again",
        ),
        (
            (NOT_REWIRED,),
            (replace(SUSPENDED, state=WiringHealth.WIRED),),
            "opencode is connected again",
        ),
    ],
)
def test_what_is_new_is_told_once(
    before: tuple[WiringNow, ...], now: tuple[WiringNow, ...], title: str
) -> None:
    told = news(before, now)
    assert [each.title for each in told] == [title] * bool(title)
    for each in told:
        assert each.bad is ("needs" in title)
        assert each.message == now[0].sentence


def test_only_a_change_by_others_can_be_accepted() -> None:
    (drifted,) = news((), (DRIFTED,))
    (moved,) = news((), (OLD_PORT,))
    assert "accept" in drifted.todo
    assert "accept" not in moved.todo
