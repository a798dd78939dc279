"""Keeps what the newest consent is beside the way back, so that a cut record shows.

A head that is missing proves nothing and alarms nobody. It must not lead to an entry
that the record never had: where the two differ the head stays as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from app.services import Services
from app.settings.files import read_whole, replace_whole, stamp_of
from proxy.ledger import LedgerError
from proxy.ledger.consents import Head, head_of, leads_to, verify_chain
from proxy.ledger.rows import Consent, NewConsent

_log = logging.getLogger(__name__)

_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Proof:
    """Every consent, the oldest first, and what is wrong with the record of them.

    `broken_at` is the number from which on it is not what was recorded, None where it
    holds; `missing` counts the entries that were cut off at its end.
    """

    entries: tuple[Consent, ...]
    broken_at: int | None = None
    missing: int = 0


def head_file(services: Services) -> Path:
    """Return where the newest consent's number and hash are kept."""
    return services.paths.backups / "wiring" / "consents.head"


async def recorded(services: Services, row: NewConsent) -> int:
    """Record a consent and remember it as the newest; return its number.

    Raises:
        LedgerError: the ledger did not take it.
    """
    number = await services.ledger.add_consent(row)
    try:
        entries = await services.ledger.consents()
        await asyncio.to_thread(_keep, head_file(services), entries)
    except (LedgerError, OSError) as error:
        # An older head is no alarm; the next entry makes up for it.
        _log.info("The newest consent was not noted: %s", type(error).__name__)
    return number


async def proved(services: Services) -> Proof:
    """Read the consents and look whether they are what was recorded.

    Raises:
        LedgerError: they cannot be read now.
    """
    # The head first: what is recorded meanwhile is then only newer than it.
    head = await asyncio.to_thread(_read, head_file(services))
    entries = await services.ledger.consents()
    broken = verify_chain(entries)
    if head is None or leads_to(entries, head):
        return Proof(entries, broken)
    if head.number > len(entries):
        return Proof(entries, broken, head.number - len(entries))
    return Proof(entries, min(broken or head.number, head.number))


def _keep(file: Path, entries: Sequence[Consent]) -> None:
    old, new = _read(file), head_of(entries)
    if new is None or (old is not None and not leads_to(entries, old)):
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_whole(file, msgspec.json.encode(new), stamp_of(file))


def _read(file: Path) -> Head | None:
    try:
        data, _ = read_whole(file, _MOST)
        return msgspec.json.decode(data, type=Head)
    except (OSError, msgspec.DecodeError):
        return None
