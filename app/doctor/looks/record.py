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
    trouble, notes, lost = _of_ledger(services)
    live = services.state.snapshot() if services.state else None
    return RecordGround(
        checkup=seen,
        sqlite=sqlite_version(),
        sqlite_old=sqlite_old(),
        sqlite_least=oldest_sqlite(),
        trouble=trouble,
        notes=notes,
        unsaved=live.unsaved if live else 0,
        lost=lost,
        chain="" if trouble else await _chain(services),
    )


def _of_ledger(services: Services) -> tuple[str, tuple[str, ...], int]:
    """Return why the ledger cannot be used, its notes, and how many rows it lost."""
    from proxy.ledger import LedgerError

    try:
        return "", services.ledger.notes, services.ledger.lost
    except LedgerError as error:
        return str(error), (), 0


async def _chain(services: Services) -> str:
    """Say where the chain of consents is broken or cut, '' where it is whole."""
    from app.consent_head import proved
    from proxy.ledger import LedgerError

    try:
        proof = await proved(services)
    except LedgerError:  # the file's own check tells why
        return ""
    if proof.broken_at is None and proof.missing:
        return (
            "Entries are missing at the end of the list of what you agreed to: "
            f"{proof.missing} more were recorded than are there."
        )
    if proof.broken_at is None:
        return ""
    return (
        "The list of what you agreed to was changed afterwards, from entry "
        f"{proof.broken_at} "
        "on. What stands there proves nothing any more."
    )
