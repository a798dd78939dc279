"""Looks at the record's file and at what the ledger says of itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.doctor.ground import RecordGround

if TYPE_CHECKING:
    from app.services import Services


async def look_at_record(services: Services) -> RecordGround:
    """Return how the record is; reads the file beside whoever writes it."""
    from proxy.ledger.checkup import (
        examine,
        oldest_sqlite,
        sqlite_old,
        sqlite_version,
    )

    seen = await asyncio.to_thread(examine, services.paths.database)
    trouble, notes = _of_ledger(services)
    live = services.state.snapshot() if services.state else None
    return RecordGround(
        checkup=seen,
        sqlite=sqlite_version(),
        sqlite_old=sqlite_old(),
        sqlite_least=oldest_sqlite(),
        trouble=trouble,
        notes=notes,
        unsaved=live.unsaved if live else 0,
    )


def _of_ledger(services: Services) -> tuple[str, tuple[str, ...]]:
    """Return why the ledger cannot be used, and its notes."""
    from proxy.ledger import LedgerError

    try:
        return "", services.ledger.notes
    except LedgerError as error:
        return str(error), ()
