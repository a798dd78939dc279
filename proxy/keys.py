"""Gateway keys: making, checking, hashing and finding them; it stores nothing.

A key is `tnt_`, 43 letters and digits that are 32 random bytes, and 6 that are a
checksum, so that a mistyped key is told from a wrong one and a secret scanner knows
the shape. Only the SHA-256 hash is ever kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PREFIX = "tnt_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALPHABET = frozenset(_DIGITS)
_RANDOM_BYTES = 32
_BODY = 43  # 62**43 is the first power above 2**256
_CHECK = 6  # 62**6 is the first power above 2**32
_LENGTH = len(PREFIX) + _BODY + _CHECK


class Scope(StrEnum):
    """What a gateway key opens: model calls, or metrics and events."""

    CALL = "call"
    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIdentity:
    """Whose key it is; free of anything secret."""

    id: str
    name: str
    scope: Scope
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as the ledger knows it: identity, hash and, once revoked, when."""

    id: str
    name: str
    scope: Scope
    hash: str = field(repr=False)
    created: datetime
    revoked: datetime | None = None

    @property
    def identity(self) -> KeyIdentity:
        """Return the row without its hash."""
        return KeyIdentity(
            id=self.id, name=self.name, scope=self.scope, created=self.created
        )


def new_key(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a new key in clear text; `random` gives that many random bytes."""
    number = int.from_bytes(random(_RANDOM_BYTES), "big")
    start = PREFIX + _base62(number, _BODY)
    return start + _checksum(start)


def looks_valid(text: str) -> bool:
    """Tell whether `text` has a key's form and its checksum is right."""
    if len(text) != _LENGTH or not text.startswith(PREFIX):
        return False
    if not _ALPHABET.issuperset(text[len(PREFIX) :]):
        return False
    return text[-_CHECK:] == _checksum(text[:-_CHECK])


def hash(text: str) -> str:  # noqa: A001 - read as `keys.hash`
    """Return the SHA-256 of a key in lower-case hex: what the ledger stores.

    A plain hash suffices because a key is 256 random bits, not a pass phrase.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class KeyRing:
    """The active keys; finding one takes the same time whichever it is."""

    def __init__(self, rows: Iterable[KeyRow]) -> None:
        """Keep those of `rows` that are not revoked."""
        self._active = tuple(
            (row.hash.encode(), row.identity) for row in rows if row.revoked is None
        )

    def __len__(self) -> int:
        """Return how many keys are active."""
        return len(self._active)

    def find(self, text: str) -> KeyIdentity | None:
        """Return whose key `text` is, or None.

        Every active hash is compared, each in constant time, so that the time taken
        tells nothing about which one was near.
        """
        if not looks_valid(text):
            return None
        wanted = hash(text).encode()
        found = None
        for known, identity in self._active:
            if hmac.compare_digest(known, wanted):
                found = identity
        return found


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _checksum(start: str) -> str:
    return _base62(zlib.crc32(start.encode()), _CHECK)
