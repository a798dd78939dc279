"""The append-only record of requests, keys and consents; the only room that knows SQL.

The record's rows are for everyone, so the command line and the tray import this without
a database: what opens one is loaded by the first who asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.keys import KeyRow
from proxy.ledger.refusing import LedgerError
from proxy.ledger.rows import (
    Attempt,
    Consent,
    ConsentKind,
    Event,
    Finished,
    NewConsent,
    Routed,
    Run,
    Status,
)

if TYPE_CHECKING:
    from proxy.ledger.store import LONGEST_WAIT, Ledger
else:

    def __getattr__(name: str) -> object:
        """Load the store when it is first asked for."""
        if name not in {"LONGEST_WAIT", "Ledger"}:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from proxy.ledger import store  # noqa: PLC0415 - see above

        return getattr(store, name)


__all__ = [
    "LONGEST_WAIT",
    "Attempt",
    "Consent",
    "ConsentKind",
    "Event",
    "Finished",
    "KeyRow",
    "Ledger",
    "LedgerError",
    "NewConsent",
    "Routed",
    "Run",
    "Status",
]
