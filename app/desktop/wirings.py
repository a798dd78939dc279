"""What is to be told of connected clients: who needs somebody, and what has changed.

Values in, words out: no Qt widget, no door. The sentences are the gateway's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.desktop.bridge import Notice
from app.state import WiringHealth, WiringNow

if TYPE_CHECKING:
    from app.state import Snapshot

MENDABLE = frozenset(
    {WiringHealth.DRIFTED, WiringHealth.OLD_PORT, WiringHealth.NOT_REWIRED}
)
"""States that a repair can end."""

POINTING = frozenset({WiringHealth.WIRED, WiringHealth.DRIFTED, WiringHealth.OLD_PORT})
"""States in which something of ours stands in a client's settings."""


def told_of(snapshot: Snapshot | None) -> tuple[WiringNow, ...]:
    """Return the clients of which something is to be said; mostly none."""
    wirings = snapshot.wirings if snapshot else ()
    return tuple(each for each in wirings if each.state is not WiringHealth.WIRED)


def pointing(snapshot: Snapshot | None) -> tuple[str, ...]:
    """Return the names of the clients that get no answer without the gateway."""
    wirings = snapshot.wirings if snapshot else ()
    return tuple(each.name for each in wirings if each.state in POINTING)


def news(before: Iterable[WiringNow], now: Iterable[WiringNow]) -> tuple[Notice, ...]:
    """Return what has become otherwise since, a notice for each client."""
    was = {each.client: each for each in before}
    told = (_news(was.get(each.client), each) for each in now)
    return tuple(each for each in told if each is not None)


def _news(before: WiringNow | None, now: WiringNow) -> Notice | None:
    if now.state in MENDABLE:
        if before is not None and (before.state, before.sentence) == (
            now.state,
            now.sentence,
        ):
            return None
        todo = "Repair it from Turnout's menu or its window."
        if now.state is WiringHealth.DRIFTED:
            todo = "Repair it, or accept it, from Turnout's menu or its window."
        return Notice(f"{now.name} needs a look", now.sentence, todo)
    came = before is not None and before.state in {
        WiringHealth.SUSPENDED,
        WiringHealth.NOT_REWIRED,
    }
    if came and now.state is WiringHealth.WIRED:
        return Notice(f"{now.name} is connected again", now.sentence, bad=False)
    return None
