"""Tells in a window why Turnout did not start, where no terminal can tell it.

The sentence goes to the standard error as well, and the exit status says the same.
"""

from __future__ import annotations

import asyncio
import sys

from PySide6.QtWidgets import QApplication, QMessageBox

_UNSEEN_PLATFORMS = frozenset({"offscreen", "minimal"})


async def show(app: QApplication, sentence: str, quitting: asyncio.Event) -> None:
    """Show the sentence until it is read, unless a terminal shows it already."""
    if app.platformName() in _UNSEEN_PLATFORMS or _terminal():
        return
    box = QMessageBox(QMessageBox.Icon.Warning, "Turnout did not start", sentence)
    box.finished.connect(lambda _: quitting.set())
    # Never exec in a coroutine: it would starve every other task of the loop.
    box.open()
    await quitting.wait()
    box.hide()


def _terminal() -> bool:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return any(stream is not None and stream.isatty() for stream in streams)
