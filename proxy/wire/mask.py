"""Hides a provider key that a provider echoes; changes no other byte.

A key that is too short to be one is left alone: local servers take words such as
`ollama`, and those occur in every answer.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SHORTEST_SECRET: Final = 8
"""Characters below which a key is taken for a word."""

_ESCAPED: Final = b"\\u00"


class Masker:
    """Replaces exact occurrences of a secret by asterisks, also across chunks.

    One per answer. Lengths stay as they are. Held back is only an end of the chunk
    that begins like the secret.
    """

    __slots__ = ("_held", "_letters", "_secret", "_stars")

    def __init__(self, secret: bytes) -> None:
        """Prepare for `secret`; an empty or very short one is never replaced."""
        self._secret = secret if len(secret) >= SHORTEST_SECRET else b""
        self._stars = b"*" * len(self._secret)
        self._letters = frozenset(self._secret)
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what may leave now."""
        if not chunk or not self._secret:
            return chunk
        text = self._held + chunk if self._held else chunk
        if self._secret in text:
            text = text.replace(self._secret, self._stars)
        # The usual chunk ends in a line end or a brace, which no key contains.
        cut = len(text) if text[-1] not in self._letters else self._start(text)
        self._held = text[cut:]
        return text[:cut] if self._held else text

    def finish(self) -> bytes:
        """Return what was held back; the answer has ended."""
        held, self._held = self._held, b""
        return held

    def _start(self, text: bytes) -> int:
        at = text.find(self._secret[:1], max(0, len(text) - len(self._secret) + 1))
        while at >= 0:
            if self._secret.startswith(text[at:]):
                return at
            at = text.find(self._secret[:1], at + 1)
        return len(text)

    def __repr__(self) -> str:
        """Show nothing of the secret."""
        return "Masker()"


def mask(text: bytes, secret: bytes) -> bytes:
    """Replace every occurrence of `secret` in one piece of text, as `Masker` does.

    JSON has further spellings of a character, such as an escape for `c`: those
    are seen too, also where JSON stands in a string of JSON.
    """
    if len(secret) < SHORTEST_SECRET:
        return text
    stars = b"*" * len(secret)
    if _ESCAPED in text or (b"/" in secret and b"\\/" in text):
        return _spellings(secret).sub(stars, text)
    return text.replace(secret, stars)


@lru_cache(maxsize=64)
def _spellings(secret: bytes) -> re.Pattern[bytes]:
    each = [
        rb"(?:%b%b|\\+u00(?i:%02x))"
        % (rb"\\*" if byte == ord("/") else b"", re.escape(bytes([byte])), byte)
        for byte in secret
    ]
    return re.compile(b"".join(each))
