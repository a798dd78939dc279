"""Records what a person agreed to, or took back, in the ledger; it asks nobody.

Where the ledger cannot be written the entry waits in the journal of wirings and is
carried over later: an undo must work without a database. It must not hold a key.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.consent_head import recorded
from app.services import Services
from proxy.ledger import LedgerError
from proxy.ledger.rows import Consent, ConsentKind, NewConsent
from wizard.journal import Journal, JournalBusy
from wizard.recovery import recover
from wizard.stored import Waiting

_log = logging.getLogger(__name__)

LONGEST_WAIT: Final = 3.0
"""Seconds the ledger is waited for before an entry waits in the journal."""


BY_HAND: Final = "by hand"
"""The scope of a yes to a client that its user sets up: no file of it is changed."""


def journal_of(services: Services) -> Journal:
    """Return the history of what was done to other programs' files."""
    return Journal(services.paths.backups / "wiring")


async def agreed(
    services: Services,
    kind: ConsentKind,
    subject: str,
    scope: str = "",
    detail: str = "",
) -> bool:
    """Record a yes; False where it waits in the journal for a ledger that can be read.

    `subject` is what it is about, `scope` how far it reaches, `detail` a sentence of
    what was shown. A yes that stands already, with the same scope, is not repeated.
    """
    row = NewConsent(
        id=uuid.uuid4().hex,
        time=services.clock.now(),
        kind=kind,
        subject=subject,
        scope=scope,
        detail=detail,
    )
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            await carry_over(services)
            entries = standing(await services.ledger.consents(), kind, subject)
    except (LedgerError, TimeoutError):
        return await _wait_with(services, row)
    if any(entry.scope == scope for entry in entries):
        return True
    return await _record(services, row)


async def taken_back(
    services: Services,
    kind: ConsentKind,
    subject: str,
    detail: str = "",
    *,
    ask_ledger: bool = True,
) -> bool:
    """Record that every standing yes of that kind and subject ends.

    Nothing is recorded where none stands. False where it waits in the journal: at once
    without `ask_ledger`, which is for when the ledger was just found to be no use.
    """
    if not ask_ledger:
        return await _wait_with(services, _no(services, kind, subject, detail))
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            await carry_over(services)
            entries = standing(await services.ledger.consents(), kind, subject)
    except (LedgerError, TimeoutError):
        return await _wait_with(services, _no(services, kind, subject, detail))
    rows = [
        _no(services, kind, subject, detail, entry.number, entry.scope)
        for entry in entries
    ]
    return all([await _record(services, row) for row in rows])


async def carry_over(services: Services) -> int:
    """Put what waits in the journal into the ledger; return how many entries.

    A no of a time when the ledger could not be read ends what stands now.

    Raises:
        LedgerError: the ledger cannot be written; the entries go on waiting.
    """
    journal = journal_of(services)
    try:
        waiting = await asyncio.to_thread(journal.waiting_consents)
    except OSError:
        return 0  # what cannot be read now waits on
    for each in waiting:
        for row in _rows(each, await services.ledger.consents()):
            await recorded(services, row)
        await asyncio.to_thread(_carried, journal, each)
    return len(waiting)


async def settle_at_start(services: Services) -> None:
    """Finish or roll back what a killed process left, and carry consents over.

    Nothing is begun by it: where nothing was left, nothing is written. What went wrong
    is logged, and tried again by the next undo or start.
    """
    journal, now = journal_of(services), services.clock.now()
    try:
        for said in await asyncio.to_thread(lambda: recover(journal, now=now)):
            _log.info("%s", said, extra={"event": "wiring_settled"})
        await carry_over(services)
    except (JournalBusy, LedgerError, OSError) as error:
        _log.info("What was left open is still open: %s", type(error).__name__)


def standing(
    entries: Sequence[Consent], kind: str | None = None, subject: str | None = None
) -> tuple[Consent, ...]:
    """Return each yes that no later entry has taken back, the oldest first."""
    ended = {entry.revokes for entry in entries}
    return tuple(
        entry
        for entry in entries
        if entry.given
        and entry.number not in ended
        and kind in {None, entry.kind}
        and subject in {None, entry.subject}
    )


def _no(
    services: Services,
    kind: ConsentKind,
    subject: str,
    detail: str,
    revokes: int | None = None,
    scope: str = "",
) -> NewConsent:
    return NewConsent(
        id=uuid.uuid4().hex,
        time=services.clock.now(),
        kind=kind,
        subject=subject,
        scope=scope,
        detail=detail,
        given=False,
        revokes=revokes,
    )


async def _record(services: Services, row: NewConsent) -> bool:
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            await recorded(services, row)
    except (LedgerError, TimeoutError):
        # It may be written yet: its id makes sure that it is one entry.
        return await _wait_with(services, row)
    return True


async def _wait_with(services: Services, row: NewConsent) -> bool:
    await asyncio.to_thread(_keep, journal_of(services), row)
    return False


def _keep(journal: Journal, row: NewConsent) -> None:
    try:
        with journal.alone():
            journal.note_consent(
                Waiting(
                    id=row.id,
                    time=row.time,
                    kind=str(row.kind),
                    subject=row.subject,
                    scope=row.scope,
                    detail=row.detail,
                    given=row.given,
                    revokes=row.revokes,
                )
            )
    except (JournalBusy, OSError) as error:
        _log.warning("A consent could not be recorded: %s", type(error).__name__)


def _carried(journal: Journal, consent: Waiting) -> None:
    try:
        with journal.alone():
            journal.consent_carried(consent)
    except (JournalBusy, OSError):
        _log.info("A consent is in the ledger and still waits in the journal.")


def _rows(waiting: Waiting, entries: Sequence[Consent]) -> tuple[NewConsent, ...]:
    """Return the entries to be written for one that waited."""
    row = NewConsent(
        id=waiting.id,
        time=waiting.time,
        kind=waiting.kind,
        subject=waiting.subject,
        scope=waiting.scope,
        detail=waiting.detail,
        given=waiting.given,
        revokes=waiting.revokes,
    )
    if any(entry.id == row.id for entry in entries):
        return ()
    ended = {entry.revokes for entry in entries}
    if row.revokes is not None and row.revokes in ended:
        return ()
    if row.given or row.revokes is not None:
        return (row,)
    open_ = [
        entry
        for entry in standing(entries, row.kind, row.subject)
        if entry.time <= row.time
    ]
    if not open_:
        return (row,)
    return tuple(
        replace(
            row,
            id=row.id if place == 0 else f"{row.id}-{place}",
            scope=entry.scope,
            revokes=entry.number,
        )
        for place, entry in enumerate(open_)
    )
