"""Remembers who gave a session its proofs of reasoning; in memory, bounded, pure.

Signatures and sealed reasoning in a client's history do not say who made them. In their
plain form they belong to the provider that the session began with; what another one
gave since then is wrapped and says so itself (`proxy.wire.sealing`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_SESSIONS: Final = 4_096
"""Sessions remembered at a time; the least recently used goes first."""


class Pins:
    """Which provider a client's session has its plain proofs from."""

    __slots__ = ("_owners",)

    def __init__(self) -> None:
        """Begin with no session known."""
        self._owners: OrderedDict[tuple[str, str], str] = OrderedDict()

    def owner(self, client: str, session: str | None) -> str | None:
        """Return the id of the provider that plain proofs come from, if known."""
        if session is None:
            return None
        return self._owners.get((client, session))

    def answered(self, client: str, session: str | None, provider: str) -> None:
        """Note that a provider answered in a session, in the client's own protocol."""
        if session is None:
            return
        self._owners.setdefault((client, session), provider)
        self._owners.move_to_end((client, session))
        while len(self._owners) > MOST_SESSIONS:
            self._owners.popitem(last=False)
