"""The real tray: on a real X server with a tray host, and as processes that are killed.

The first half looks at the screen and clicks; the second needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.gateway import TURNOUT
from e2e.house import House, ended, house, kill, until
from e2e.load import Outcome, ask, kept
from e2e.screen import NEEDED, Screen, Window, screen
from upstream import ScriptedUpstream, say
from upstream.reply import held_after
from upstream.turns import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

MENU = "com.canonical.dbusmenu"
on_screen = pytest.mark.real


class Trays:
    """Trays of one home; each has a log of its own."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.started: list[tuple[subprocess.Popen[bytes], Path]] = []

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        log = self.home.base / f"tray-{len(self.started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(TURNOUT), "tray", *words],
                env=self.home.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.started.append((process, log))
        return process

    def ready(self, *words: str) -> subprocess.Popen[bytes]:
        process = self.start("--port", str(self.home.port), *words)
        self.home.until_ready(process)
        until(self.listens)
        return process

    def listens(self) -> bool:
        """Whether a tray can be woken; a dead one leaves its socket behind."""
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self.home.home / "run" / "tray.sock"))
            return True
        return False

    def said(self, number: int = -1) -> str:
        return self.started[number][1].read_text()

    def end(self) -> None:
        """Every tray has ended by itself or is killed."""
        for process, _ in self.started:
            if process.poll() is None:
                process.kill()
            process.wait(10)


@pytest.fixture
def home(base: Path, upstream: ScriptedUpstream) -> Iterator[House]:
    with house(base, upstream.url) as made:
        # Its window would open by itself and take the keys that are meant for others.
        state = made.home / "state"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / "first-run.json").write_text('{"ended": "cancelled"}')
        yield made


@pytest.fixture
def trays(home: House) -> Iterator[Trays]:
    made = Trays(home)
    yield made
    made.end()


@pytest.fixture
def seen(home: House, tmp_path: Path) -> Iterator[Screen]:
    with shown(home, screen(tmp_path)) as made:
        yield made


@pytest.fixture
def bare(home: House, tmp_path: Path) -> Iterator[Screen]:
    """A screen without any tray."""
    with shown(home, screen(tmp_path, tray=False)) as made:
        yield made


@contextlib.contextmanager
def shown(
    home: House, desktop: contextlib.AbstractContextManager[Screen]
) -> Iterator[Screen]:
    """What is started for this home shows itself on a desktop."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    assert not missing, f"make setup installs {missing}"
    with desktop as made:
        del home.env["QT_QPA_PLATFORM"]
        home.env.update(made.env)
        yield made


def mode(home: House) -> str:
    return str(json.loads(home.ask("/health").body)["mode"])


def gone(home: House) -> None:
    """The gateway and its keeper are asked to end, and do."""
    home.say("stop")
    until(lambda: home.processes() == [])
    home.clean()


def shot(seen: Screen, icon: Window, name: str) -> list[int]:
    """The pixels of the icon as they are on the screen."""
    picture = seen.picture(name).copy(icon.x, icon.y, icon.width, icon.height)
    return [
        picture.pixelColor(x, y).lightness()
        for y in range(picture.height())
        for x in range(picture.width())
    ]


@on_screen
def test_the_mode_is_switched_through_the_icon(
    seen: Screen, home: House, trays: Trays
) -> None:
    process = trays.ready()
    icon = seen.icon()
    until(lambda: len(set(shot(seen, icon, "direct"))) > 2)
    direct = until(lambda: steady(seen, icon))
    assert mode(home) == "direct"
    seen.click(icon.centre, 3)
    menu = seen.popup()
    assert menu.width > 200
    seen.picture("menu")
    seen.press("o")
    until(lambda: mode(home) == "offline")
    assert 'mode = "offline"' in (home.home / "config.toml").read_text()
    # The icon tells it by another shape.
    until(lambda: different(shot(seen, icon, "offline"), direct))
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    assert trays.said() == ""
    assert mode(home) == "offline"
    gone(home)


def steady(seen: Screen, icon: Window) -> list[int]:
    """The icon's pixels, once two looks at them agree; [] before."""
    first = shot(seen, icon, "first")
    time.sleep(0.3)
    return first if shot(seen, icon, "second") == first else []


def different(one: list[int], other: list[int]) -> bool:
    changed = sum(abs(a - b) > 40 for a, b in zip(one, other, strict=True))
    return changed > 0.1 * len(one)


@on_screen
def test_a_click_opens_the_window_and_so_does_a_second_start(
    seen: Screen, home: House, trays: Trays
) -> None:
    first = trays.ready()
    icon = seen.icon()
    assert seen.titled("Overview") == []
    seen.click(icon.centre, 1)
    until(lambda: seen.titled("Overview"))
    until(lambda: active(seen))
    seen.picture("overview")
    seen.press("ctrl+w")
    until(lambda: not active(seen))
    assert ended(trays.start()) == 0
    until(lambda: active(seen))
    assert first.poll() is None
    seen.press("ctrl+q")
    assert ended(first) == 0
    assert [trays.said(0), trays.said(1)] == ["", ""]
    gone(home)


def active(seen: Screen) -> bool:
    """Whether the Overview window is on the screen and has the focus.

    A window manager may go on naming a hidden one as the active one.
    """
    words = ("xdotool", "search", "--onlyvisible", "--name", "^Overview")
    env = {**os.environ, **seen.env}
    found = subprocess.run(words, env=env, capture_output=True, check=False)
    on_screen = bool(found.stdout.strip())
    return on_screen and seen.active_title().startswith("Overview")


@on_screen
def test_stop_and_quit_ends_everything(seen: Screen, home: House, trays: Trays) -> None:
    process = trays.ready()
    seen.click(seen.icon().centre, 3)
    seen.popup()
    seen.press("s")
    assert ended(process) == 0
    until(lambda: home.processes() == [])
    home.clean()
    assert trays.said() == ""


@on_screen
def test_a_taken_port_is_told_in_a_window_where_no_terminal_tells_it(
    seen: Screen, home: House, trays: Trays
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        refused = trays.start()
        until(lambda: seen.active_title().startswith("Turnout did not start"))
        seen.picture("refused")
        seen.press("Return")
        assert ended(refused) == 1
    assert f"Port {home.port} is taken by python" in trays.said()
    home.clean()


@on_screen
def test_without_a_tray_the_window_is_the_app_until_one_appears(
    bare: Screen, home: House, trays: Trays
) -> None:
    process = trays.ready()
    until(lambda: active(bare))
    bare.picture("no-tray")
    with bare.watcher() as told:
        item = told.readline().decode().partition("/")[0].strip()
        assert item, "no icon registered with the tray that came late"
        layout = (item, "/MenuBar", f"{MENU}.GetLayout", "0", "-1", "[]")
        # The icon may be there a moment before the gateway has been heard.
        until(lambda: "Turnout, direct: ready. Today 0 $" in bare.ask_bus(*layout))
        known = "'enabled': <true>, 'label': <'Start at _login'>"
        until(lambda: known in bare.ask_bus(*layout))
        menu = bare.ask_bus(*layout)
        labels = re.findall(r"'label': <'([^']*)'>", menu)
        assert labels[0].startswith("Turnout, direct: ready. Today 0 $")
        assert labels[-2:] == [
            "_Quit (the gateway goes on serving)",
            "_Stop the gateway and quit",
        ]
        greyed = re.findall(r"'enabled': <false>, 'label': <'([^']*)'>", menu)
        assert greyed[1:] == ["No request today"]
        offline = re.search(r"<\((\d+), \{'enabled': <true>, 'label': <'_Offline", menu)
        assert offline is not None
        event = (offline[1], "clicked", "<0>", "0")
        bare.ask_bus(item, "/MenuBar", f"{MENU}.Event", *event)
        until(lambda: mode(home) == "offline")
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    assert trays.said() == ""
    gone(home)


# --- without a screen -----------------------------------------------------------------


def held(after: int) -> Answer:
    """An answer that stops after some events until the test lets it go on."""
    words = " ".join(f"word{number}" for number in range(20))
    return Answer(say(words).parts, change=lambda reply: held_after(reply, after))


async def test_a_killed_tray_leaves_streams_alone_and_the_next_finds_the_gateway(
    home: House, trays: Trays, upstream: ScriptedUpstream
) -> None:
    first = trays.ready()
    gateway = home.gateway()
    upstream.push(held(3))
    outcome = Outcome("messages", True, time.monotonic())
    async with kept() as session:
        asking = asyncio.create_task(ask(session, home.url, home.headers, outcome))
        await outcome.begun.wait()
        kill(first.pid)
        first.wait()
        second = await asyncio.to_thread(trays.ready)
        upstream.release()
        await asking
    assert outcome.complete
    assert home.gateway() == gateway
    second.send_signal(signal.SIGTERM)
    assert ended(second) == 0
    # The gateway goes on serving after the tray.
    assert home.ask("/health").status == 200
    gone(home)


def test_a_second_start_ends_at_once_and_well(home: House, trays: Trays) -> None:
    first = trays.ready()
    before = time.monotonic()
    assert ended(trays.start()) == 0
    assert time.monotonic() - before < 5
    assert trays.said() == ""
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    assert ended(first) == 0
    gone(home)


@pytest.mark.parametrize("words", [(), ("--inline",)])
def test_a_taken_port_is_named(
    home: House, trays: Trays, words: tuple[str, ...]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        refused = trays.start(*words)
        assert ended(refused) == 1
    said = trays.said()
    assert f"Port {home.port} is taken by python" in said
    assert "Traceback" not in said
    home.clean()


async def test_inline_answers_and_stops_within_a_second(
    home: House, trays: Trays
) -> None:
    tray = trays.ready("--inline")
    assert [one.pid for one in home.processes()] == [tray.pid]
    async with kept() as session:
        for protocol in ("messages", "responses", "chat"):
            outcome = Outcome(protocol, True, time.monotonic())
            await ask(session, home.url, home.headers, outcome)
            assert outcome.complete, outcome
        before = time.monotonic()
        tray.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(ended, tray) == 0
    assert time.monotonic() - before < 1
    assert trays.said() == ""
    assert [row["status"] for row in home.rows()] == ["success"] * 3
    home.clean()


def test_inline_refuses_a_restart_in_words_and_stops_when_told(
    home: House, trays: Trays
) -> None:
    tray = trays.ready("--inline")
    refused = home.run("restart")
    assert refused.returncode == 1
    assert "inside the tray" in refused.stderr + refused.stdout
    assert home.ask("/health").status == 200
    home.say("stop")
    assert ended(tray) == 0
    home.clean()
