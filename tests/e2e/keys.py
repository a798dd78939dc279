"""Turnout's windows on a real screen, as somebody has them who uses keys alone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.gateway import TURNOUT
from e2e.house import until
from e2e.screen import NEEDED, Screen, Window, screen
from e2e.wired import Person

SIGNAL = (0x96, 0x58, 0x0A)
"""The colour of the ring around what has the focus, on light paper."""


@dataclass
class Keys:
    """The wizard's window as somebody has it who uses the keyboard alone."""

    seen: Screen
    person: Person
    trays: list[subprocess.Popen[bytes]]
    activations: int = 0

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the tray, as a menu of the desktop does."""
        log = self.person.house.base / f"tray-{len(self.trays)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(TURNOUT), "tray", *words],
                env={**self.person.house.env, **self.seen.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.trays.append(process)
        return process

    def active(self, title: str) -> None:
        """Wait until the window whose title begins so has the keys."""
        until(lambda: self.seen.active_title().startswith(title))

    def window(self) -> Window:
        """The wizard's window, once it is there and has the keys."""
        until(self._open)
        return until(self._windows)[0]

    def _open(self) -> bool:
        return self.seen.active_title().startswith("Set up clients")

    def is_open(self) -> bool:
        """Whether it is on the screen: a hidden one keeps its name and its place."""
        words = ("xdotool", "search", "--onlyvisible", "--name", "^Set up clients")
        env = {**os.environ, **self.seen.env}
        found = subprocess.run(words, env=env, capture_output=True, check=False)
        return bool(found.stdout.strip())

    def _windows(self) -> list[Window]:
        # A window that goes away while they are counted breaks the counting.
        with contextlib.suppress(subprocess.CalledProcessError):
            return self.seen.titled("Set up clients")
        return []

    def ready(self, name: str) -> None:
        """Wait until the button that leads on has the focus; a picture is kept."""
        until(lambda: self._button_has_the_focus(name), within=40)

    def activate(self) -> None:
        """Do what the button that leads on says."""
        self.activations += 1
        self.seen.press("Return")

    def step(self, name: str) -> None:
        """Activate the button, and wait for the next page under that name."""
        before = self._title()
        self.activate()
        until(lambda: self._title() != before)
        self.ready(name)

    def gone(self) -> None:
        """Wait until the window has closed."""
        until(lambda: not self.is_open())

    def remembered(self) -> dict[str, object]:
        """What of the choices outlives a crash."""
        kept = json.loads(self.person.house.say("setup", "resume", "--json"))
        text = json.loads(kept["text"]) if kept["text"] else {}
        return dict(text)

    def _button_has_the_focus(self, name: str) -> bool:
        at = self.window()
        picture = self.seen.picture(name)
        right, bottom = at.x + at.width, at.y + at.height
        hits = 0
        for x in range(right - 400, right - 10):
            for y in range(bottom - 60, bottom - 10):
                colour = picture.pixelColor(x, y)
                hits += (colour.red(), colour.green(), colour.blue()) == SIGNAL
        return hits > 100

    def _title(self) -> bytes:
        """The pixels of the large line at the top."""
        at = self.window()
        picture = self.seen.picture("title").copy(at.x, at.y, at.width, 120)
        return bytes(picture.constBits())


@contextlib.contextmanager
def by_keys(somebody: Person, pictures: Path) -> Iterator[Keys]:
    """A screen and a keyboard for somebody; their trays end with the block."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    assert not missing, f"make setup installs {missing}"
    with screen(pictures) as seen:
        made = Keys(seen, somebody, [])
        try:
            yield made
        finally:
            for tray in made.trays:
                tray.kill()
                tray.wait(10)
