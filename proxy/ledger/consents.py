"""The chain that ties consents together: each entry's hash covers the one before; pure.

It shows an entry that was changed, taken out or put in between. It cannot show that the
newest entries were cut off, nor stop somebody who computes the chain anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.ledger.rows import Consent
from proxy.ledger.stamps import stamp

FUNCTION: Final = "turnout_chain"
"""What `chained` is called in SQL, by the statement that writes an entry."""

PARTS: Final = 10


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
