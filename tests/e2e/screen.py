"""A desktop without a desk: X server, window manager, tray and session bus for tests.

What is on it is found by `xwininfo`, clicked by `xdotool` and seen by `scrot`.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from e2e.house import until
from PySide6.QtGui import QImage

NEEDED = (
    "Xvfb",
    "dbus-daemon",
    "gdbus",
    "openbox",
    "scrot",
    "trayer",
    "xdotool",
    "xwininfo",
)

_WINDOW = re.compile(
    r'^\s*0x[0-9a-f]+ (?:"(?P<name>.*)"|\(has no name\)): \((?P<kind>.*)\)\s+'
    r"(?P<width>\d+)x(?P<height>\d+)\S+\s+\+?(?P<x>-?\d+)\+?(?P<y>-?\d+)$"
)

_WALKS = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A window as the X server knows it, in pixels of the screen."""

    name: str
    kind: str
    width: int
    height: int
    x: int
    y: int

    @property
    def centre(self) -> tuple[int, int]:
        """The point in its middle."""
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Screen:
    """A running desktop; `env` is what a program needs to show itself on it."""

    display: str
    bus: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The variables of its session."""
        return {"DISPLAY": self.display, "DBUS_SESSION_BUS_ADDRESS": self.bus}

    def windows(self) -> list[Window]:
        """Every window there is, hidden ones too."""
        told = self._listed()
        found = (_WINDOW.match(line) for line in told.splitlines())
        return [
            Window(
                match["name"] or "",
                match["kind"],
                *(int(match[part]) for part in ("width", "height", "x", "y")),
            )
            for match in found
            if match
        ]

    def icon(self) -> Window:
        """The tray's icon, once it is there."""

        def icons() -> list[Window]:
            return [
                one
                for one in self.windows()
                if "turnout" in one.kind and 16 <= one.width <= 64 and one.y > 700
            ]

        return until(icons)[0]

    def popup(self) -> Window:
        """The menu, once it is open."""

        def popups() -> list[Window]:
            return [
                one
                for one in self.windows()
                if "turnout" in one.kind and one.height > 100 and one.name == "Turnout"
            ]

        return until(popups)[0]

    def titled(self, start: str) -> list[Window]:
        """The windows whose title begins so."""
        return [one for one in self.windows() if one.name.startswith(start)]

    def click(self, at: tuple[int, int], button: int) -> None:
        """Click with a mouse button."""
        x, y = (str(part) for part in at)
        self._run("xdotool", "mousemove", x, y, "click", str(button))

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self._run("xdotool", "key", key)

    def picture(self, name: str) -> QImage:
        """A picture of the whole screen, kept in the test's folder."""
        file = self.folder / f"{name}.png"
        self._run("scrot", "-o", str(file))
        return QImage(str(file))

    def ask_bus(self, service: str, path: str, method: str, *given: str) -> str:
        """Call a method on the session bus and return its answer as text."""
        whom = ("--session", "-d", service, "-o", path, "-m", method)
        return self._run("gdbus", "call", *whom, "--", *given)

    def active_title(self) -> str:
        """The title of the window that has the focus, '' where none has."""
        with contextlib.suppress(subprocess.CalledProcessError):
            return self._run("xdotool", "getactivewindow", "getwindowname")
        return ""

    @contextlib.contextmanager
    def watcher(self) -> Iterator[IO[bytes]]:
        """A tray of the newer kind, until the block ends; a line for each item."""
        with contextlib.ExitStack() as stack:
            script = str(Path(__file__).with_name("sni_watcher.py"))
            env = {**os.environ, **self.env}
            process = _started(stack, (sys.executable, script), env)
            told = process.stdout
            assert told is not None
            assert told.readline() == b"ready\n"
            yield told

    def _listed(self) -> str:
        # A window that goes away while the tree is walked breaks the walk.
        for _ in range(_WALKS):
            with contextlib.suppress(subprocess.CalledProcessError):
                return self._run("xwininfo", "-root", "-tree")
        return self._run("xwininfo", "-root", "-tree")

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            words,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def screen(folder: Path, *, tray: bool = True) -> Iterator[Screen]:
    """A desktop of 1280 x 800 pixels until the block ends; with a tray host or not."""
    with contextlib.ExitStack() as stack:
        display = f":{_first_line(stack, 'Xvfb', *_XVFB)}"
        bus = _first_line(stack, "dbus-daemon", *_BUS)
        made = Screen(display, bus, folder)
        _started(stack, ("openbox",), {**os.environ, **made.env})
        if tray:
            _started(stack, ("trayer", *_TRAYER), {**os.environ, **made.env})
            until(lambda: [one for one in made.windows() if one.name == "panel"])
        yield made


_XVFB = ("-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
_BUS = ("--session", "--nofork", "--nopidfile", "--print-address=1")
_TRAYER = ("--edge", "bottom", "--align", "right", "--widthtype", "request")


def _first_line(stack: contextlib.ExitStack, *command: str) -> str:
    """Start a program and return the first line it says."""
    process = _started(stack, command, dict(os.environ))
    told = process.stdout
    assert told is not None
    return told.readline().decode().strip()


def _started(
    stack: contextlib.ExitStack, command: tuple[str, ...], env: dict[str, str]
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)
    if process.stdout is not None:
        process.stdout.close()
