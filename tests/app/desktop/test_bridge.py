"""The bridge on a plain loop with a made-up door; no Qt loop, no gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from desktop_scenes import EVENTS, READY
from PySide6.QtWidgets import QApplication

from app.commands.clients import Client, ClientSettings, SettingsPart
from app.commands.gateway import Done, ModeStatus
from app.commands.routing import Explanation
from app.commands.spend import EventList
from app.desktop import bridge as subject
from app.desktop.bridge import Bridge, Notice, Unreached
from app.desktop.sight import Link, Sight
from app.desktop.why import LATER, Reasons
from app.door import DoorClosed
from app.failure import CommandFailed
from app.state import Snapshot
from proxy.routing import Mode

STOPPING = replace(READY, stopping=True)
Played = Snapshot | Exception


class FakeDoor:
    """Feeds what it is told, one list a connection, and answers from a table."""

    def __init__(self) -> None:
        self.feeds: list[list[Played]] = []
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.open = asyncio.Event()
        self.limits: list[float] = []

    async def feed(self) -> AsyncGenerator[Snapshot, None]:
        if not self.feeds:
            self.open.set()
            await asyncio.Event().wait()
        for played in self.feeds.pop(0):
            if isinstance(played, Exception):
                raise played
            yield played

    def patient(self, limit: float) -> FakeDoor:
        self.limits.append(limit)
        return self

    async def call(self, name: str, result: type, /, **given: object) -> Any:
        self.asked.append((name, given))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Seen:
    """Everything a bridge has told."""

    def __init__(self, bridge: Bridge) -> None:
        self.sights: list[Sight] = []
        self.notices: list[Notice] = []
        self.recent: list[tuple[object, ...]] = []
        self.reasons: list[Reasons] = []
        bridge.explained.connect(self.reasons.append)
        bridge.sight_changed.connect(self.sights.append)
        bridge.told.connect(self.notices.append)
        bridge.recent_changed.connect(self.recent.append)


@pytest.fixture
def door() -> FakeDoor:
    return FakeDoor()


@pytest.fixture
async def bridge(
    qapp: QApplication, door: FakeDoor, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    monkeypatch.setattr(subject, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(subject, "LONGEST_PAUSE", 0.0)

    async def start() -> None:
        door.asked.append(("(start)", {}))

    made = Bridge(door, asyncio.get_running_loop(), start)  # type: ignore[arg-type]
    yield made
    await made.close()
    made.deleteLater()


async def until(told: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not told():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0)


async def test_the_feed_becomes_sights(bridge: Bridge, door: FakeDoor) -> None:
    seen = Seen(bridge)
    later = replace(READY, revision=8)
    door.feeds = [[READY, READY, later]]
    bridge.watch()
    await door.open.wait()
    assert seen.sights == [Sight(Link.LIVE, READY), Sight(Link.LIVE, later)]


async def test_a_stopping_gateway_leaves_a_stale_sight_until_the_next(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    door.feeds = [[READY, STOPPING], [DoorClosed("No gateway is running.")], [READY]]
    bridge.watch()
    await door.open.wait()
    assert [sight.link for sight in seen.sights] == [
        Link.LIVE,
        Link.CONNECTING,
        Link.LIVE,
    ]


async def test_a_gateway_that_stays_away_is_told_with_the_reason(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    gone: list[Played] = [DoorClosed("No gateway is running.")]
    door.feeds = [[READY], *([gone] * subject.AWAY_AFTER), [READY]]
    bridge.watch()
    await door.open.wait()
    assert [sight.link for sight in seen.sights] == [
        Link.LIVE,
        Link.CONNECTING,
        Link.AWAY,
        Link.LIVE,
    ]
    assert seen.sights[2] == Sight(Link.AWAY, READY, "No gateway is running.")
    assert seen.sights[1].snapshot == READY


@pytest.mark.logs_trouble
async def test_a_feed_that_breaks_is_told_once_and_read_again(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    broken: list[Played] = [ValueError("secret words")]
    door.feeds = [broken, list(broken), [READY]]
    bridge.watch()
    await door.open.wait()
    assert bridge.sight == Sight(Link.LIVE, READY)
    assert len(seen.notices) == 1
    assert "secret words" not in str(seen.notices)


async def test_of_many_requests_asked_about_the_last_is_told(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    door.answers["explain"] = Explanation("r", ("Because.", "Attempt 1: a/b."), None)
    for name in ("r1", "r2", "r3"):
        bridge.explain(name)
    await until(lambda: seen.reasons)
    assert seen.reasons == [Reasons("r3", ("Because.",))]
    assert door.asked == [("explain", {"id": "r3"})]
    bridge.explain("r4")
    await until(lambda: len(seen.reasons) == 2)
    assert seen.reasons[1].id == "r4"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (DoorClosed("No gateway is running."), LATER),
        (
            CommandFailed("There is no such request", "It is gone.", ""),
            "There is no such request. It is gone.",
        ),
    ],
)
async def test_reasons_that_cannot_be_fetched_say_so_in_their_place(
    bridge: Bridge, door: FakeDoor, answer: Exception, problem: str
) -> None:
    seen = Seen(bridge)
    door.answers["explain"] = answer
    bridge.explain("r1")
    await until(lambda: seen.reasons)
    assert seen.reasons == [Reasons("r1", (), problem)]
    assert seen.notices == []


async def test_many_looks_make_few_fetches(bridge: Bridge, door: FakeDoor) -> None:
    seen = Seen(bridge)
    door.answers["events"] = EventList(EVENTS, "req_0")
    for _ in range(20):
        bridge.look()
    await until(lambda: seen.recent)
    assert door.asked == [("events", {"limit": subject.RECENT})]


async def test_a_look_during_a_fetch_is_not_lost(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    door.answers["events"] = EventList(EVENTS, "req_0")
    bridge.recent_changed.connect(
        lambda _: bridge.look() if len(seen.recent) == 1 else None
    )
    bridge.look()
    await until(lambda: len(seen.recent) == 2)
    assert len(door.asked) == 2


async def test_a_lost_fetch_is_no_news(bridge: Bridge, door: FakeDoor) -> None:
    seen = Seen(bridge)
    door.answers["events"] = DoorClosed("No gateway is running.")
    bridge.look()
    await until(lambda: door.asked)
    await asyncio.sleep(0)
    door.answers["events"] = EventList(EVENTS, "req_0")
    bridge.look()
    await until(lambda: seen.recent)
    assert seen.notices == []


async def test_the_mode_is_set_through_the_door(bridge: Bridge, door: FakeDoor) -> None:
    seen = Seen(bridge)
    door.answers["mode"] = ModeStatus(Mode.OFFLINE, "It acts so.", True, ())
    bridge.set_mode(Mode.OFFLINE)
    await until(lambda: seen.notices)
    assert door.asked == [("mode", {"name": "offline"})]
    assert seen.notices == [Notice("The mode is offline now", "It acts so.", bad=False)]


async def test_a_refused_mode_is_told_and_the_menu_shows_the_truth_again(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    door.answers["mode"] = CommandFailed("No", "It was not changed.", "Do this.")
    bridge.set_mode(Mode.OFFLINE)
    await until(lambda: seen.notices)
    assert seen.notices == [Notice("No", "It was not changed.", "Do this.")]
    assert seen.sights == [bridge.sight]


LINES = ClientSettings(
    client=Client.CLAUDE_CODE,
    base_url="http://127.0.0.1:8787",
    key="tnt_secret",
    parts=(SettingsPart("In the terminal", "export KEY=tnt_secret"),),
    note="",
    text="# In the terminal\nexport KEY=tnt_secret\n",
)


async def test_the_lines_go_to_the_clipboard_and_their_key_nowhere_else(
    bridge: Bridge, door: FakeDoor
) -> None:
    seen = Seen(bridge)
    door.answers = {"settings": LINES}
    bridge.copy_settings("claude-code")
    await until(lambda: seen.notices)
    assert door.asked == [("settings", {"client": "claude-code"})]
    notice = seen.notices[0]
    assert notice.clipboard == LINES.text
    assert notice.title == "The lines for Claude Code are in the clipboard"
    assert "a new key made for Claude Code" in notice.message
    assert "tnt_secret" not in repr(notice)
    for words in (notice.title, notice.message, notice.todo):
        assert "tnt_secret" not in words


async def test_stopping_is_asked_before_it_is_left(
    bridge: Bridge, door: FakeDoor
) -> None:
    left: list[int] = []
    door.answers["stop"] = Done("It ends.")
    bridge.stop_gateway(lambda: left.append(len(door.asked)))
    await until(lambda: left)
    assert left == [1]


async def test_a_closed_door_is_told_in_words(bridge: Bridge, door: FakeDoor) -> None:
    seen = Seen(bridge)
    left: list[int] = []
    door.answers["stop"] = DoorClosed("The gateway went away.", midway=True)
    bridge.stop_gateway(lambda: left.append(1))
    await until(lambda: seen.notices)
    assert seen.notices[0].message == (
        "The gateway went away. It may have been done or not."
    )
    assert left == []


async def test_what_breaks_is_told_without_its_text(
    bridge: Bridge, door: FakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    seen = Seen(bridge)
    door.answers["stop"] = ValueError("secret words")
    bridge.stop_gateway(lambda: None)
    await until(lambda: seen.notices)
    assert "ValueError" in seen.notices[0].message
    assert "secret words" not in str(seen.notices) + caplog.text


async def test_a_gateway_is_started_when_asked(bridge: Bridge, door: FakeDoor) -> None:
    bridge.start_gateway()
    await until(lambda: door.asked)
    assert door.asked == [("(start)", {})]


async def test_any_command_can_be_asked_for(bridge: Bridge, door: FakeDoor) -> None:
    told: list[Done] = []
    refused: list[CommandFailed] = []
    door.answers["stop"] = Done("It stops.")
    bridge.ask("stop", Done, told.append, refused.append, {"now": True}, 90.0)
    await until(lambda: told)
    assert door.asked == [("stop", {"now": True})]
    assert door.limits == [90.0]
    door.answers["stop"] = CommandFailed("No", "Not now.")
    bridge.ask("stop", Done, told.append, refused.append, {})
    await until(lambda: refused)
    door.answers["stop"] = DoorClosed("No gateway is running.", midway=True)
    bridge.ask("stop", Done, told.append, refused.append, {})
    await until(lambda: len(refused) == 2)
    assert [type(each) for each in refused] == [CommandFailed, Unreached]
    assert "may have been done" in refused[1].message
    assert len(told) == 1
