"""How a gateway is told to end: by whom, how patiently, and when to hurry."""

from __future__ import annotations

import asyncio

PLANNED_SECONDS = 600.0
"""How long they may go on in a planned restart, where a new gateway serves already."""


class Stop:
    """One request to end, which a second one makes urgent; one event loop only.

    `asked` is set by either word. `stopped` says that Turnout ends as a whole, and
    `hurry` that it was told so twice.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = asyncio.Event()
        self.stopped = asyncio.Event()
        self.hurry = asyncio.Event()

    def stop(self) -> None:
        """End within the drain time of the settings; asked a second time, at once.

        A gateway that drains for a planned restart has that time from now on.
        """
        if self.stopped.is_set():
            self.hurry.set()
        self.stopped.set()
        self.asked.set()

    def supersede(self) -> None:
        """End once the open streams have ended: a newer gateway serves."""
        self.asked.set()
