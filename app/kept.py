"""Keeps how providers are for the next gateway: numbers and names, no content, no keys.

Losing it costs a failing provider a few more calls and nothing else, so no fault here
stops anything. What the bytes mean is `proxy.health`'s business.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING

from app.settings.files import read_whole, replace_whole, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings.files import Stamp
    from proxy.health import Health

MOST_BYTES = 2 * 1024 * 1024
"""Bytes of a file that is read; a longer one is not ours."""

_log = logging.getLogger(__name__)


def load_health(path: Path, health: Health, now: float) -> None:
    """Take into `health` what was kept at `path`; nothing where nothing is sound.

    `now` is in seconds since 1970.
    """
    try:
        data, _ = read_whole(path, MOST_BYTES)
    except OSError:
        return
    if len(data) <= MOST_BYTES:
        health.load(data, now)


class KeptHealth:
    """Keeps one gateway's knowledge of providers in a file that another may write.

    While one gateway takes over from another both are at it. What one has written the
    other takes in before it writes, and of each thing the newest counts.
    """

    def __init__(self, path: Path, health: Health) -> None:
        """Keep `health` at `path`; what is there now is the caller's to load."""
        self._path = path
        self._health = health
        self._stamp = stamp_of(path)
        self._data = b""
        self._lock = threading.Lock()

    async def look(self, now: float) -> None:
        """Take in what another gateway wrote, or write what has changed here.

        `now` is in seconds since 1970. The file is touched in a thread.
        """
        if stamp_of(self._path) != self._stamp:
            found = await asyncio.to_thread(self._read)
            if found is not None:
                data, stamp = found
                self._health.load(data, now)
                self._data, self._stamp = data, stamp
                return
        data = self._health.export()
        if data != self._data:
            await asyncio.to_thread(self._write, data)

    async def hand_over(self, now: float) -> None:
        """Write all that is known here for a gateway that takes over."""
        # The first look may find what that gateway has written.
        await self.look(now)
        await self.look(now)

    def last(self) -> None:
        """Write what is known, unless another gateway has written since."""
        data = self._health.export()
        if data != self._data:
            self._write(data)

    def _read(self) -> tuple[bytes, Stamp] | None:
        """Return the file as it is; None where there is none that is ours."""
        with self._lock:
            try:
                data, stamp = read_whole(self._path, MOST_BYTES)
            except OSError:
                self._data, self._stamp = b"", stamp_of(self._path)
                return None
        return (data if len(data) <= MOST_BYTES else b""), stamp

    def _write(self, data: bytes) -> None:
        # A task that is cancelled leaves its thread to finish.
        with self._lock:
            try:
                if replace_whole(self._path, data, self._stamp):
                    self._data, self._stamp = data, stamp_of(self._path)
            except OSError as error:
                # The next change is tried again, and told again if need be.
                self._data = data
                _log.info("how providers are was not kept: %s", error.strerror)
