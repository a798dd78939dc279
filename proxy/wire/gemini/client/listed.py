"""Writes a Gemini stream as one JSON list, which it is without `alt=sse`; no I/O.

The same responses as in the stream of events, one element each; the list closes at a
whole answer's end and at no other.
"""

from __future__ import annotations

from typing import Final

from proxy.model import AnswerEnded, Event, Loss
from proxy.wire.gemini.client.stream import StreamWriter

_FRAME: Final = b"data: "
_BLOCK_END: Final = b"\n\n"


class ListWriter:
    """Turns the events of one answer into the bytes of a list of responses."""

    def __init__(self, events: StreamWriter) -> None:
        """Take the writer of the stream with events, which says the same."""
        self._events = events
        self._begun = False

    @property
    def losses(self) -> list[Loss]:
        """What the protocol had no place for."""
        return self._events.losses

    @losses.setter
    def losses(self, value: list[Loss]) -> None:
        self._events.losses = value

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said."""
        said = b"".join(map(self._element, self._blocks(event)))
        return said + b"]" if isinstance(event, AnswerEnded) else said

    def _blocks(self, event: Event) -> list[bytes]:
        # The JSON in a block holds no line end, so the frames are all there is of them.
        return self._events.write(event).split(_BLOCK_END)[:-1]

    def _element(self, block: bytes) -> bytes:
        start = b",\r\n" if self._begun else b"["
        self._begun = True
        return start + block.removeprefix(_FRAME)
