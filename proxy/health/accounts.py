"""Tells the accounts of clients apart that bring their own credential.

What it returns is for this process's memory; a credential is never kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def account_of(client: str, own: Iterable[tuple[str, str]]) -> str:
    """Return a digest of a client and its own credential, '' where it brought none.

    `own` are the headers that carry the credential.
    """
    parts = [part for header in own for part in header]
    if not parts:
        return ""
    found = hashlib.blake2b(digest_size=16)
    for part in (client, *parts):
        data = part.encode("utf-8", "surrogateescape")
        found.update(len(data).to_bytes(8, "big"))
        found.update(data)
    return found.hexdigest()
