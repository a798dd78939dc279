"""Wraps proofs of reasoning, so that a client of another protocol carries them back.

A signature or sealed reasoning is worth something only to its maker. A client keeps it
as an opaque string of its own protocol; the wrap says whose it is. Nothing is
encrypted and nothing is made up: what is inside came from the maker.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

import msgspec

from proxy.model import Origin, Protocol

_MARK: Final = b"turnout1:"

SEAL_START: Final = base64.b64encode(_MARK).decode()
"""How every wrap begins: base64 of nine bytes has no remainder."""


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a wrap holds: the maker, and its own strings as they came.

    `text` is the reasoning itself, where the client's protocol may not bring back
    every character of it.
    """

    protocol: Protocol
    provider: str = ""
    model: str = ""
    signature: str | None = None
    sealed: str | None = None
    id: str | None = None
    text: str | None = None

    @property
    def origin(self) -> Origin:
        """Who alone can read it."""
        return Origin(self.protocol, self.provider, self.model)


def seal(inside: Sealed) -> str:
    """Return the wrap: base64 text that begins with `SEAL_START`."""
    return base64.b64encode(_MARK + msgspec.json.encode(inside)).decode()


def unseal(text: str) -> Sealed | None:
    """Return what a wrap holds; None for anything that is none of ours."""
    if not text.startswith(SEAL_START):
        return None
    try:
        inside = base64.b64decode(text, validate=True)[len(_MARK) :]
        return msgspec.json.decode(inside, type=Sealed)
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
        return None
