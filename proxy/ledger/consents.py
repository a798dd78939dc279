"""The chain that ties consents together: each entry's hash covers the one before; pure.

It shows an entry that was changed, taken out or put in between. That the newest entries
were cut off, or the chain computed anew, shows only against a head that was kept
elsewhere; it keeps none itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from proxy.ledger.rows import Consent
from proxy.ledger.stamps import stamp

FUNCTION: Final = "turnout_chain"
"""What `chained` is called in SQL, by the statement that writes an entry."""

PARTS: Final = 10


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at some time: its number and its hash."""

    number: int
    hash: str


def head_of(consents: Sequence[Consent]) -> Head | None:
    """Return the head of these entries, the oldest first; None where there is none."""
    return Head(consents[-1].number, consents[-1].hash) if consents else None


def leads_to(consents: Sequence[Consent], head: Head) -> bool:
    """Tell whether these entries, the oldest first, hold the one that `head` names."""
    if not 0 < head.number <= len(consents):
        return False
    return consents[head.number - 1].hash == head.hash


def chained(previous: str, number: int, *content: str | int | None) -> str:
    """Return the hash of an entry in hex.

    `previous` is the hash before, '' for the first. `content` is id, time as it is
    stored, kind, subject, scope, detail, given as 0 or 1, and the number it revokes or
    None.
    """
    told = msgspec.json.encode([previous, number, *content])
    return hashlib.sha256(told).hexdigest()


def verify_chain(consents: Sequence[Consent]) -> int | None:
    """Return the number at which the chain is broken first, None where it holds.

    `consents` are all entries, the oldest first. A missing entry is told by the number
    that should be there.
    """
    previous = ""
    for number, entry in enumerate(consents, start=1):
        if entry.number != number or entry.hash != _hash_of(entry, previous):
            return number
        previous = entry.hash
    return None


def _hash_of(entry: Consent, previous: str) -> str:
    return chained(
        previous,
        entry.number,
        entry.id,
        stamp(entry.time),
        entry.kind,
        entry.subject,
        entry.scope,
        entry.detail,
        int(entry.given),
        entry.revokes,
    )
