"""A whole answer, gathered from its events; frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from proxy.model.events import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    PartEnded,
    PartWhole,
    Ping,
    SignatureDelta,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    UsageReported,
)
from proxy.model.parts import (
    Citation,
    Opaque,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
)
from proxy.model.terms import Usage


class BrokenOff(ValueError):
    """An answer that cannot be given whole; `failed` says why, where that is known."""

    def __init__(self, failed: AnswerFailed | None) -> None:
        super().__init__("The answer broke off.")
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; `parts` in the order they began, `usage` the last known."""

    id: str
    model: str
    parts: tuple[Text | Thinking | ToolCall | ServerPart | Opaque, ...]
    ended: AnswerEnded
    usage: Usage = field(default_factory=Usage)


_Begun = TextStarted | ThinkingStarted | ToolCallStarted | PartWhole


def gather(events: Iterable[Event]) -> Answer:
    """Fold a line of events into the answer they tell.

    Raises BrokenOff where the line ends in a failure, or does not end.
    """
    parts: dict[int, Pieces] = {}
    started: AnswerStarted | None = None
    usage = Usage()
    for event in events:
        match event:
            case AnswerStarted():
                started = event
                usage = usage.merged(event.usage or Usage())
            case UsageReported():
                usage = usage.merged(event.usage)
            case AnswerFailed():
                raise BrokenOff(event)
            case AnswerEnded() if started is not None:
                done = tuple(each.part() for _, each in sorted(parts.items()))
                usage = usage.merged(event.usage)
                return Answer(started.id, started.model, done, event, usage)
            case TextStarted() | ThinkingStarted() | ToolCallStarted() | PartWhole():
                parts[event.index] = Pieces(event)
            case AnswerEnded() | PartEnded() | Ping():
                continue
            case _:
                parts[event.index].add(event)
    raise BrokenOff(None)


class Pieces:
    """One part while its pieces come in; `begun` is the event that began it."""

    def __init__(self, begun: _Begun) -> None:
        self._begun: Final = begun
        self._texts: list[str] = []
        self._summary: dict[int, list[str]] = {}
        self._signature: list[str] = []
        self._citations: list[Citation] = []
        self._sealed: str | None = None

    def add(
        self,
        event: TextDelta
        | CitationAdded
        | ThinkingDelta
        | SignatureDelta
        | ThinkingSealed
        | ToolCallArguments,
    ) -> None:
        """Take the next piece."""
        match event:
            case ThinkingDelta(text=""):
                # Says nothing, not even that there is such a part of the summary.
                return
            case TextDelta() | ToolCallArguments() | ThinkingDelta(summary=None):
                self._texts.append(event.text)
            case ThinkingDelta(summary=int(at)):
                self._summary.setdefault(at, []).append(event.text)
            case CitationAdded():
                self._citations.append(event.citation)
            case SignatureDelta():
                self._signature.append(event.signature)
            case ThinkingSealed():
                self._sealed = event.data
            case _:  # pragma: no cover - the cases above are all there are
                return

    def part(self) -> Text | Thinking | ToolCall | ServerPart | Opaque:
        """Return the part as far as it has come."""
        text, begun = "".join(self._texts), self._begun
        match begun:
            case TextStarted():
                return Text(text, begun.refusal, tuple(self._citations))
            case ToolCallStarted():
                return ToolCall(begun.id, begun.name, text, begun.kind, begun.namespace)
            case ThinkingStarted():
                return self._thinking(begun, text)
            case PartWhole():
                return begun.part

    def _thinking(self, begun: ThinkingStarted, text: str) -> Thinking:
        return Thinking(
            text=text,
            summary=tuple("".join(each) for _, each in sorted(self._summary.items())),
            signature="".join(self._signature) or None,
            sealed=begun.sealed if self._sealed is None else self._sealed,
            origin=begun.origin,
            id=begun.id,
        )
