"""Fifty streams while the window does not answer for a second, in both arrangements."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from e2e.gateway import TURNOUT
from e2e.house import House, ended, house
from e2e.load import PATHS, TERMINAL, body_of, kept
from upstream import ScriptedUpstream, in_thread, say
from upstream.reply import paced
from upstream.turns import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

STREAMS = 50
PACE = 0.1
FROZEN = 1.0
WORDS = 30

# Freezes the thread of the window, where `turnout tray` would run as it is.
FREEZING = """
import os, signal, sys, time
from app.desktop import bridge
from PySide6.QtCore import QTimer

class Freezing(bridge.Bridge):
    def watch(self):
        super().watch()
        self._loop.add_signal_handler(
            signal.SIGUSR2, lambda: QTimer.singleShot(0, lambda: time.sleep({frozen}))
        )

from app.desktop import program
program.Bridge = Freezing
from app.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def paced_answer(seen: object) -> Answer:
    """An answer of so many words, one each `PACE` seconds."""
    text = " ".join(f"word{number}" for number in range(WORDS))
    return Answer(say(text).parts, change=lambda reply: paced(reply, PACE))


@pytest.fixture
def provider() -> Iterator[ScriptedUpstream]:
    served = ScriptedUpstream(paced_answer)
    with in_thread(served):
        yield served


@pytest.fixture
def home(base: Path, provider: ScriptedUpstream) -> Iterator[House]:
    with house(base, provider.url) as made:
        yield made


class Stream:
    """One stream: all it said, and when each piece of it came."""

    def __init__(self) -> None:
        self.body = b""
        self.came: list[float] = []

    @property
    def complete(self) -> bool:
        return TERMINAL["messages"] in self.body

    @property
    def gaps(self) -> list[float]:
        """Seconds from piece to piece beyond the pace of the provider."""
        pairs = zip(self.came, self.came[1:], strict=False)
        return [max(0.0, later - earlier - PACE) for earlier, later in pairs]

    async def read(self, session: aiohttp.ClientSession, home: House) -> None:
        body = body_of("messages", stream=True)
        url = home.url + PATHS["messages"]
        async with session.post(url, data=body, headers=home.headers) as answer:
            assert answer.status == 200
            async for piece in answer.content.iter_any():
                self.body += piece
                self.came.append(time.monotonic())


async def during(home: House, freeze: Callable[[], None]) -> list[Stream]:
    """Fifty whole streams, in the middle of which `freeze` is called."""
    streams = [Stream() for _ in range(STREAMS)]
    _ = home.headers
    async with kept() as session, asyncio.TaskGroup() as group:
        for stream in streams:
            group.create_task(stream.read(session, home))
        while not all(len(stream.came) > 3 for stream in streams):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.to_thread(freeze)
    return streams


def started(home: House, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*words, "--port", str(home.port)], env=home.env)


def percentile(streams: list[Stream], share: float) -> float:
    gaps = sorted(gap for stream in streams for gap in stream.gaps)
    return gaps[int(len(gaps) * share)]


async def test_of_three_processes_a_frozen_tray_holds_nothing_up(home: House) -> None:
    tray = started(home, str(TURNOUT), "tray")
    try:
        home.until_ready(tray)

        def freeze() -> None:
            os.kill(tray.pid, signal.SIGSTOP)
            time.sleep(FROZEN)
            os.kill(tray.pid, signal.SIGCONT)

        streams = await during(home, freeze)
    finally:
        tray.send_signal(signal.SIGCONT)
        tray.send_signal(signal.SIGTERM)
        assert ended(tray) == 0
    assert all(stream.complete for stream in streams)
    assert percentile(streams, 0.99) < 0.1
    assert max(gap for stream in streams for gap in stream.gaps) < FROZEN / 2
    home.say("stop")


async def test_in_one_process_every_stream_catches_up(home: House) -> None:
    script = FREEZING.format(frozen=FROZEN)
    tray = started(home, sys.executable, "-c", script, "tray", "--inline")
    try:
        home.until_ready(tray)
        streams = await during(home, lambda: os.kill(tray.pid, signal.SIGUSR2))
    finally:
        tray.send_signal(signal.SIGTERM)
        assert ended(tray) == 0
    assert all(stream.complete for stream in streams)
    longest = [max(stream.gaps) for stream in streams]
    # It really stood still, and nothing waited longer than that and a little.
    assert min(longest) > FROZEN / 2
    assert max(longest) < 1.5
    home.clean()
