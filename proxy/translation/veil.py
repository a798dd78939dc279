"""Hides our own key in the pieces of an answer, where a provider echoes it.

It sees events, after all escapes have been undone; bytes are masked in
`proxy.wire.mask`. It does no I/O.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    PartEnded,
    TextDelta,
    ThinkingDelta,
    ToolCallArguments,
)
from proxy.wire.mask import SHORTEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.model import Event

_PIECES: Final = (TextDelta, ThinkingDelta, ToolCallArguments)
# So much of a beginning gives nothing away (`sk-`), and holding it back would delay
# every piece that ends in an `s`.
_HARMLESS: Final = 3


class Veil:
    """Replaces a key by asterisks in text, reasoning and arguments, also over pieces.

    Lengths stay as they are. Held back is only an end of a piece that begins like the
    key, from its fourth character on.
    """

    __slots__ = ("_ends", "_first", "_off", "_secret", "_stars")

    def __init__(self, secret: str) -> None:
        """Prepare for `secret`; an empty or very short one is never replaced."""
        self._off = len(secret) < SHORTEST_SECRET
        self._secret = secret
        self._first = secret[:1]
        self._stars = "*" * len(secret)
        # By part: its last piece, how much of that end has been let go.
        self._ends: dict[int, tuple[TextDelta | ThinkingDelta | ToolCallArguments, int]]
        self._ends = {}

    def passes(self, text: str) -> bool:
        """Tell whether a piece has nothing to do with the key and may go as it is."""
        return self._off or not (self._ends or self._first in text)

    def feed(self, event: Event) -> Sequence[Event]:
        """Return what may go out now."""
        if self._off:
            return (event,)
        if isinstance(event, _PIECES):
            return self._piece(event)
        if isinstance(event, AnswerFailed):
            message = event.message.replace(self._secret, self._stars)
            return (*self._release(), replace(event, message=message))
        if isinstance(event, PartEnded):
            return (*self._release(event.index), event)
        if isinstance(event, AnswerEnded):
            return (*self._release(), event)
        return (event,)

    def _piece(
        self, event: TextDelta | ThinkingDelta | ToolCallArguments
    ) -> Sequence[Event]:
        last, sent = self._ends.pop(event.index, (None, 0))
        text = last.text + event.text if last else event.text
        text = text.replace(self._secret, self._stars)
        at = self._start(text)
        end = text[at:]
        # What was harmless alone has gone already, and may be the end's beginning.
        gone = max(sent, min(len(text), at + _HARMLESS))
        if end:
            self._ends[event.index] = (replace(event, text=end), gone - at)
        go = text[sent:gone]
        if go == event.text:
            return (event,)
        return (replace(event, text=go),) if go else ()

    def _start(self, text: str) -> int:
        at = text.find(self._first, max(0, len(text) - len(self._secret) + 1))
        while at >= 0:
            if self._secret.startswith(text[at:]):
                return at
            at = text.find(self._first, at + 1)
        return len(text)

    def _release(self, index: int | None = None) -> list[Event]:
        parts = [index] if index is not None else list(self._ends)
        ends = [self._ends.pop(part) for part in parts if part in self._ends]
        return [
            replace(event, text=event.text[sent:])
            for event, sent in ends
            if event.text[sent:]
        ]

    def __repr__(self) -> str:
        """Show nothing of the secret."""
        return "Veil()"
