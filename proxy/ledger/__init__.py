"""The append-only record of requests, keys and consents; the only room that knows SQL.

The record's rows are for everyone, so the command line and the tray import this without
a database: what opens one is loaded by the first who asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.keys import KeyRow
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
    from proxy.ledger.schema import LedgerError
    from proxy.ledger.store import LONGEST_WAIT, Ledger
else:

    def __getattr__(name: str) -> object:
        """Load the store, or its error, when it is first asked for."""
        if name in {"LONGEST_WAIT", "Ledger"}:
            from proxy.ledger import store as place  # noqa: PLC0415 - see above
        elif name == "LedgerError":
            from proxy.ledger import schema as place  # noqa: PLC0415 - see above
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(place, name)


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
