"""Puts the parts of an answer one behind the other; no I/O.

Messages has exactly one open block at a time, while other protocols interleave the
pieces of parallel calls. The pieces of the oldest open part go
out as they come, those of later parts wait until it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    PartEnded,
    PartWhole,
    Ping,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
    UsageReported,
)


class OnePartAtATime:
    """Reorders events so that parts never overlap, and adds a missing `PartEnded`.

    What comes after the end of the answer, or for a part that is not open, is
    dropped.
    """

    __slots__ = ("_current", "_over", "_waiting")

    def __init__(self) -> None:
        self._current: int | None = None
        self._waiting: dict[int, list[Event]] = {}
        self._over = False

    def feed(self, event: Event) -> Iterator[Event]:
        """Take one event and yield those that may go out now."""
        if self._over:
            return
        match event:
            case AnswerStarted() | UsageReported() | Ping():
                yield event
            case AnswerEnded():
                yield from self._close_all()
                self._over = True
                yield event
            case AnswerFailed():
                # A broken answer gets no ends that were never said.
                self._over = True
                yield event
            case _:
                yield from self._piece(event, event.index)

    def _piece(self, event: Event, index: int) -> Iterator[Event]:
        begins = isinstance(
            event, TextStarted | ThinkingStarted | ToolCallStarted | PartWhole
        )
        if self._current is None and begins:
            self._current = index
        if index == self._current:
            yield event
            if isinstance(event, PartEnded | PartWhole):
                self._current = None
                yield from self._next()
        elif begins:
            self._waiting[index] = [event]
        elif index in self._waiting:
            self._waiting[index].append(event)

    def _next(self) -> Iterator[Event]:
        while self._current is None and self._waiting:
            index = next(iter(self._waiting))
            events = self._waiting.pop(index)
            yield from events
            if not isinstance(events[-1], PartEnded | PartWhole):
                self._current = index

    def _close_all(self) -> Iterator[Event]:
        while self._current is not None:
            index, self._current = self._current, None
            yield PartEnded(index)
            yield from self._next()
