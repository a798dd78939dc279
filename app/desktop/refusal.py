"""Tells in a window why Turnout did not start, where no terminal can tell it.

The sentence goes to the standard error as well, and the exit status says the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from typing import TextIO

from PySide6.QtWidgets import QApplication, QMessageBox

SHOWN_SECONDS = 60.0
"""How long the window waits for somebody: a start must come to an end."""

_UNSEEN_PLATFORMS = frozenset({"offscreen", "minimal"})


async def show(app: QApplication, sentence: str, quitting: asyncio.Event) -> None:
    """Show the sentence until it is read, unless somebody reads it already."""
    if app.platformName() in _UNSEEN_PLATFORMS or read_elsewhere():
        return
    box = QMessageBox(QMessageBox.Icon.Warning, "Turnout did not start", sentence)
    box.finished.connect(lambda _: quitting.set())
    # Never exec in a coroutine: it would starve every other task of the loop.
    box.open()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHOWN_SECONDS):
            await quitting.wait()
    box.hide()


def read_elsewhere() -> bool:
    """Tell whether a terminal shows the standard error or a program reads it."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return any(_is_terminal(stream) for stream in streams) or _is_pipe(sys.stderr)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _is_pipe(stream: TextIO | None) -> bool:
    if stream is None:
        return False
    with contextlib.suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    return False
