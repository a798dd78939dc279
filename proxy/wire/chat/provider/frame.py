"""Recognises a chunk that differs from the one before in its text only; no I/O.

Most chunks of a stream repeat all but a few letters. Where the bytes around the text
are the same, what they say is the same, and the text alone needs to be decoded.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_CONTENT: Final = re.compile(rb'"content": ?(?=")')
_STRING: Final = msgspec.json.Decoder(str)


class Frame:
    """The bytes of a chunk before and behind its text."""

    __slots__ = ("_after", "_before", "_from", "_to")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after
        self._from = len(before)
        self._to = -len(after)

    def text(self, data: bytes) -> str | None:
        """Return the text of a chunk in this frame, None for any other chunk."""
        if not (data.startswith(self._before) and data.endswith(self._after)):
            return None
        try:
            # What is no JSON string of its own is more, or less, than the text.
            return _STRING.decode(data[self._from : self._to])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def frame_of(data: bytes, text: str) -> Frame | None:
    """Return the frame of a chunk that says `text` and nothing else.

    None where it cannot be told which of its bytes are the text.
    """
    places = list(_CONTENT.finditer(data))
    written = msgspec.json.encode(text)
    if len(places) != 1 or not data.startswith(written, places[0].end()):
        return None
    at = places[0].end()
    return Frame(data[:at], data[at + len(written) :])
