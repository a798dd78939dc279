"""The append-only record of requests and gateway keys; the only room that knows SQL."""

from __future__ import annotations

from proxy.keys import KeyRow
from proxy.ledger.rows import Attempt, Event, Finished, Routed, Run, Status
from proxy.ledger.schema import LedgerError
from proxy.ledger.store import LONGEST_WAIT, Ledger

__all__ = [
    "LONGEST_WAIT",
    "Attempt",
    "Event",
    "Finished",
    "KeyRow",
    "Ledger",
    "LedgerError",
    "Routed",
    "Run",
    "Status",
]
