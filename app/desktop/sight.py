"""What the desktop knows of the gateway at a moment, and the shape that shows it.

Values and rules only: no Qt, no door, no words for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from proxy.routing import Mode

if TYPE_CHECKING:
    from app.state import Snapshot

ROUTING_MODES = frozenset(mode for mode in Mode if mode.startswith("coding-"))
"""The modes that choose a route by cost and quality."""


class Link(StrEnum):
    """How the gateway is reached: not yet (again), its feed is read, or it is gone."""

    CONNECTING = "connecting"
    LIVE = "live"
    AWAY = "away"


class Shape(StrEnum):
    """The track as the icon draws it; each state has a shape of its own."""

    STRAIGHT = "straight"
    DIVERGING = "diverging"
    CLOSED = "closed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Sight:
    """The link and the newest snapshot, which is stale unless the link is live.

    `why` says in a sentence why no gateway answers, '' while one does.
    """

    link: Link = Link.CONNECTING
    snapshot: Snapshot | None = None
    why: str = ""

    @property
    def live(self) -> Snapshot | None:
        """The snapshot while it is true, else None."""
        return self.snapshot if self.link is Link.LIVE else None

    @property
    def shape(self) -> Shape:
        """The shape of this state.

        Offline comes before not ready: the line is closed because the user closed
        it. A mode that chooses by cost and quality is diverging;
        a last request that went by a fallback is diverging in any mode.
        """
        if self.link is Link.AWAY:
            return Shape.BROKEN
        if self.snapshot is None:
            return Shape.STRAIGHT
        if self.snapshot.mode == Mode.OFFLINE:
            return Shape.CLOSED
        if not self.snapshot.readiness.ready:
            return Shape.BROKEN
        return Shape.DIVERGING if _routed(self.snapshot) else Shape.STRAIGHT

    @property
    def hollow(self) -> bool:
        """Whether what is shown may be out of date."""
        return self.link is Link.CONNECTING


def _routed(snapshot: Snapshot) -> bool:
    acts = snapshot.mode in ROUTING_MODES
    last = snapshot.last
    return acts or (last is not None and last.status == "fallback_success")
