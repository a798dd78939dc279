"""Opens the desktop's terminal, where one can really be found; runs nothing in it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QDir, QProcess, QStandardPaths

KNOWN = (
    "x-terminal-emulator",
    "gnome-terminal",
    "konsole",
    "xfce4-terminal",
    "kgx",
    "kitty",
    "alacritty",
    "foot",
    "xterm",
)
"""Terminals of Linux desktops; the first is Debian's word for the chosen one."""


class Terminal:
    """One program that opens a terminal, with its words."""

    def __init__(self, program: str, words: Sequence[str]) -> None:
        """Open nothing yet."""
        self._program = program
        self._words = list(words)

    def __call__(self) -> bool:
        """Open it in the home folder; False where that did not work."""
        started: object = QProcess.startDetached(
            self._program, self._words, QDir.homePath()
        )
        # With a folder it answers success and process id.
        return bool(started[0] if isinstance(started, tuple) else started)


def terminal(
    platform: str = sys.platform, places: Sequence[str] = ()
) -> Terminal | None:
    """Return how a terminal is opened here, None where that is not known.

    `places` are folders to look into in the place of PATH.
    """
    if platform == "darwin":
        return Terminal("/usr/bin/open", ("-a", "Terminal"))
    if platform == "win32":
        return None
    for name in KNOWN:
        found = QStandardPaths.findExecutable(name, list(places))
        if found:
            return Terminal(found, ())
    return None
