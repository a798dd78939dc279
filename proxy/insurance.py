"""Holds the head of a native stream until its first content; pure bytes in and out.

An attempt that dies before content must cost the client nothing but time: as long as
only the wrapping of an answer has come, nothing has left, and another route may answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from proxy.model import Protocol

HEAD_BYTES: Final = 128 * 1024
"""Bytes held at most; a head is far smaller, but for Responses that repeat tools."""

HEAD_SECONDS: Final = 10.0
"""How long a head is held at most: clients take long silence for a fault."""

# What shows that content has begun, or that the answer is over. Every pattern begins
# with plain bytes and ends within a few of them, so that a search is one pass.
_CONTENT: Final[Mapping[Protocol, re.Pattern[bytes]]] = {
    Protocol.MESSAGES: re.compile(
        rb'"(?:content_block_delta|content_block_stop|message_delta|message_stop)"'
    ),
    Protocol.RESPONSES: re.compile(
        rb'"response\.(?:completed|incomplete|[a-z_.]{1,60}\.(?:delta|done))"'
    ),
    Protocol.CHAT: re.compile(
        rb'"(?:content|reasoning_content|reasoning|refusal|name|arguments|'
        rb'finish_reason)"\s{0,4}:\s{0,4}"[^"]|\[DONE\]'
    ),
}


class Head:
    """The head of one stream; `open` once its content has begun, or it held enough.

    Gemini has no head: its first event is content.
    """

    __slots__ = ("_content", "_held", "_searched", "open")

    def __init__(self, protocol: Protocol) -> None:
        """Hold everything until content of `protocol` has come."""
        self._content = _CONTENT.get(protocol)
        self._held = bytearray()
        self._searched = 0
        self.open = self._content is None

    def feed(self, data: bytes) -> bytes:
        """Take bytes on their way; return those that may leave now."""
        if self.open or self._content is None:
            return data
        self._held += data
        if len(self._held) > HEAD_BYTES or self._content.search(
            self._held, self._searched
        ):
            return self.release()
        # A word may be cut at the end of what has come.
        self._searched = max(0, len(self._held) - 100)
        return b""

    def release(self) -> bytes:
        """Return what is held; nothing is held from here on."""
        held = bytes(self._held)
        self._held.clear()
        self.open = True
        return held
