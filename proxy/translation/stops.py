"""Enforces stop sequences a provider does not know; sees only events, does no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    PartEnded,
    PartWhole,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
    Usage,
    UsageReported,
)

_ENDS_TEXT: Final = (
    AnswerEnded,
    AnswerFailed,
    CitationAdded,
    PartEnded,
    PartWhole,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
)


class StopGuard:
    """Ends an answer before the first stop sequence in its text.

    Each text part is searched over the borders of its pieces; reasoning and calls are
    not. Parts are searched one by one: between two of them stands a call, reasoning or
    a step of the provider, so their texts are not one run of words. No more is held
    back than could begin a stop sequence. `hit` tells that the answer was ended here:
    the provider's stream need not be read any further, and whatever comes is dropped.
    """

    __slots__ = (
        "_at",
        "_firsts",
        "_heads",
        "_held",
        "_open",
        "_stops",
        "_usage",
        "hit",
    )

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._heads = {
            stop[:size] for stop in self._stops for size in range(1, len(stop))
        }
        self._firsts = frozenset(stop[0] for stop in self._stops)
        self._held = ""
        self._at: int | None = None
        self._open: dict[int, None] = {}
        self._usage = Usage()
        self.hit = False

    def feed(self, event: Event) -> Sequence[Event]:
        """Return what may go out now."""
        if self.hit:
            return ()
        if type(event) is TextDelta:
            return self._text(event)
        self._follow(event)
        if self._held and not isinstance(event, UsageReported):
            return self._behind(event)
        return (event,)

    def _follow(self, event: Event) -> None:
        match event:
            case AnswerStarted():
                self._usage = self._usage.merged(event.usage or Usage())
            case UsageReported():
                self._usage = self._usage.merged(event.usage)
            case TextStarted() | ThinkingStarted() | ToolCallStarted():
                self._open[event.index] = None
            case PartEnded():
                self._open.pop(event.index, None)
            case _:
                return

    def _text(self, event: TextDelta) -> Sequence[Event]:
        if not self._held and self._firsts.isdisjoint(event.text):
            return (event,)
        before: list[Event] = []
        if self._held and self._at != event.index:
            before = self._release()
        text = self._held + event.text
        found = self._first(text)
        if found is not None:
            return [*before, *self._end(event.index, text, found)]
        keep = self._overhang(text)
        go = text[: len(text) - keep]
        self._held, self._at = text[len(text) - keep :], event.index
        if not before and not keep and go == event.text:
            return (event,)
        return [*before, TextDelta(event.index, go)] if go else before

    def _first(self, text: str) -> tuple[int, str] | None:
        found = [(at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        # The one that was complete first, as a provider would have seen it.
        return min(
            found, key=lambda each: (each[0] + len(each[1]), each[0]), default=None
        )

    def _overhang(self, text: str) -> int:
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if text[-size:] in self._heads:
                return size
        return 0

    def _release(self) -> list[Event]:
        held, at, self._held = self._held, self._at, ""
        return [TextDelta(at, held)] if held and at is not None else []

    def _behind(self, event: Event) -> Sequence[Event]:
        """What was held goes first, but before pieces of other parts and pings."""
        if isinstance(event, _ENDS_TEXT):
            return [*self._release(), event]
        return (event,)

    def _end(self, index: int, text: str, found: tuple[int, str]) -> list[Event]:
        self.hit = True
        at, stop = found
        events: list[Event] = [TextDelta(index, text[:at])] if at else []
        events += [PartEnded(each) for each in self._open]
        self._held = ""
        ended = AnswerEnded(StopReason.STOP_SEQUENCE, stop, self._usage)
        return [*events, ended]
