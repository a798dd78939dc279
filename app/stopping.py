"""How a gateway is told to end: by whom, how patiently, and when to hurry."""

from __future__ import annotations

import asyncio

PLANNED_SECONDS = 600.0
"""How long they may go on in a planned restart, where a new gateway serves already."""


class Stop:
    """One request to end, which a second one makes urgent; one event loop only."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self.superseded = False
        self._stopped = False

    def stop(self) -> None:
        """End within the drain time of the settings; asked a second time, at once."""
        if self._stopped:
            self.hurry.set()
        if self.asked.is_set():
            # It was draining patiently for a planned restart: now it may not.
            self.hurry.set()
        self._stopped = True
        self.asked.set()

    def supersede(self) -> None:
        """End once the open streams have ended: a newer gateway serves."""
        if not self.asked.is_set():
            self.superseded = True
            self.asked.set()
