"""Says what in a protocol's stream is worth reading; reads nothing itself.

Most events carry a few letters of an answer. Asked here, they cost one look for a few
words, and only what may end the stream or tell a count is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.model import Protocol

DONE: Final = b"[DONE]"
"""The data of the last event of a Chat stream; no JSON."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What to look for in a protocol's stream before anything is taken apart.

    An event that holds none of `needles` and `patterns` can neither end the stream nor
    tell a count: that is all most events are asked. `ends` are the names of the last
    events, `failures` those of them that report an error. `closing` finds an ending
    in text that cannot be read as JSON, `long_end` finds the last event by the start of
    a line too long to be read. At `[DONE]` bytes are held (`holds_done`)
    where some client stops there, and the stream is over (`ends_done`) where the
    protocol says so. `ends_closed`: it has no last event, and is over where the
    connection ends after a finish reason.
    """

    needles: tuple[bytes, ...]
    patterns: tuple[re.Pattern[bytes], ...]
    ends: frozenset[bytes]
    closing: re.Pattern[bytes]
    long_end: re.Pattern[bytes]
    failures: frozenset[bytes] = frozenset({b"error"})
    holds_done: bool = False
    ends_done: bool = False
    ends_closed: bool = False

    def sees(self, text: bytes) -> bool:
        """Say whether anything worth reading may be in `text`."""
        # A plain loop: this is asked of every chunk, and a generator costs more.
        for needle in self.needles:
            if needle in text:
                return True
        for pattern in self.patterns:  # noqa: SIM110 - see above
            if pattern.search(text):
                return True
        return False

    def spots(self, text: bytes, at: int) -> list[int]:
        """Return every place from `at` on where something worth reading may be."""
        found = {
            spot.start() for each in self.patterns for spot in each.finditer(text, at)
        }
        for needle in self.needles:
            spot = text.find(needle, at)
            while spot >= 0:
                found.add(spot)
                spot = text.find(needle, spot + 1)
        return sorted(found)


_ERROR: Final = (b'"error"', b"event: error", b"event:error")
WATCHES: Final[Mapping[Protocol, Watch]] = MappingProxyType(
    {
        Protocol.MESSAGES: Watch(
            needles=(*_ERROR, b"message_stop", b'"stop_reason"', b'"usage"'),
            patterns=(),
            ends=frozenset({b"message_stop", b"error"}),
            closing=re.compile(
                rb'"stop_reason"\s*:\s*"[^"]|"type"\s*:\s*"(?:message_stop|error)"'
            ),
            long_end=re.compile(rb'\s*\{\s*"type"\s*:\s*"(?:message_stop|error)"'),
        ),
        Protocol.RESPONSES: Watch(
            needles=(
                *_ERROR,
                DONE,
                b"response.completed",
                b"response.incomplete",
                b"response.failed",
            ),
            patterns=(),
            ends=frozenset(
                {
                    b"response.completed",
                    b"response.incomplete",
                    b"response.failed",
                    b"error",
                }
            ),
            closing=re.compile(
                rb'"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"'
            ),
            long_end=re.compile(
                rb'\s*\{\s*"type"\s*:\s*'
                rb'"(?:response\.(?:completed|incomplete|failed)|error)"'
            ),
            failures=frozenset({b"response.failed", b"error"}),
            holds_done=True,
        ),
        Protocol.CHAT: Watch(
            needles=(*_ERROR, DONE),
            # Every chunk has a finish reason, and many a usage: nearly always null.
            patterns=(
                re.compile(rb'"finish_reason"\s*:\s*"[^"]'),
                re.compile(rb'"usage"\s*:\s*\{'),
            ),
            ends=frozenset({b"error"}),
            closing=re.compile(rb'"finish_reason"\s*:\s*"[^"]|"error"\s*:\s*[{"]'),
            long_end=re.compile(rb'\s*\{\s*"error"\s*:'),
            holds_done=True,
            ends_done=True,
        ),
        Protocol.GEMINI: Watch(
            # Every chunk tells the counts so far; the chunks are few and large.
            needles=(
                b'"error"',
                b'"usageMetadata"',
                b'"finishReason"',
                b'"blockReason"',
                b'"webSearchQueries"',
            ),
            patterns=(),
            ends=frozenset(),
            closing=re.compile(
                rb'"(?:finish|block)Reason"\s*:\s*"[^"]|"error"\s*:\s*[{"]'
            ),
            long_end=re.compile(rb'\s*\[?\s*\{\s*"error"\s*:'),
            failures=frozenset(),
            ends_closed=True,
        ),
    }
)
