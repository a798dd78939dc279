"""Writes an answer as a Gemini stream; no I/O.

Each event is a whole response with the next parts; the last one has the finish reason
and the usage. Strict clients read nothing but `data: {...}` and an empty line: no
event names, no comments and so no sign of life. A call goes out whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    Json,
    Loss,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
    SignatureDelta,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.envelope import error_event
from proxy.wire.gemini.pieces import PartMaker, answer_shape, finish
from proxy.wire.sequence import OnePartAtATime


@dataclass(slots=True)
class _Open:
    """The part that is being said; reasoning knows the piece of its summary."""

    call: ToolCallStarted | None = None
    arguments: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)
    sealed: bool = False
    summary: int | None = None
    shown: bool = False


class StreamWriter:
    """Turns the events of one answer into the bytes of its stream.

    `request` and `created` are other protocols' needs. `losses` names what the
    protocol had no place for.
    """

    def __init__(
        self, request: Request, *, created: int, request_id: str | None = None
    ) -> None:
        del request, created
        self._request_id = request_id
        self._head: dict[str, Json] = {}
        self._usage = Usage()
        self._maker = PartMaker()
        self.losses: list[Loss] = self._maker.losses
        self._open = _Open()
        self._order = OnePartAtATime()

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said."""
        return b"".join([self._write(each) for each in self._order.feed(event)])

    def _write(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._say(self._maker.text(event.text))
            case ThinkingDelta():
                return self._say(self._thought(event))
            case AnswerStarted() | UsageReported() | Ping():
                self._note(event)
                return b""
            case AnswerEnded() | AnswerFailed():
                return self._last(event)
            case PartEnded():
                return self._say(self._close())
            case PartWhole():
                return self._say(self._maker.whole(event.part))
            case _:
                self._keep(event)
                return b""

    def _note(self, event: AnswerStarted | UsageReported | Ping) -> None:
        if isinstance(event, Ping):
            return
        self._usage = self._usage.merged(event.usage or Usage())
        if isinstance(event, AnswerStarted):
            self._head = {"modelVersion": event.model, "responseId": event.id}

    def _keep(
        self,
        event: TextStarted
        | ThinkingStarted
        | ToolCallStarted
        | ToolCallArguments
        | CitationAdded
        | SignatureDelta
        | ThinkingSealed,
    ) -> None:
        match event:
            case TextStarted():
                self._open = _Open()
            case ThinkingStarted():
                self._open = _Open(sealed=event.sealed is not None)
            case ToolCallStarted():
                self._open = _Open(call=event)
            case ToolCallArguments():
                self._open.arguments.append(event.text)
            case SignatureDelta():
                self._open.signature.append(event.signature)
            case ThinkingSealed():
                self._open.sealed = True
            case CitationAdded():
                self._maker.cite(event.citation)

    def _thought(self, event: ThinkingDelta) -> list[Json]:
        if not event.text:
            return []
        part = self._open
        follows = part.shown and part.summary != event.summary
        part.shown, part.summary = True, event.summary
        return self._maker.thought(f"\n\n{event.text}" if follows else event.text)

    def _close(self) -> list[Json]:
        part, self._open = self._open, _Open()
        if part.sealed:
            self._maker.seal()
        begun = part.call
        if begun is None:
            return self._maker.sign("".join(part.signature))
        arguments = "".join(part.arguments)
        call = ToolCall(begun.id, begun.name, arguments, begun.kind, begun.namespace)
        return self._maker.call(call)

    def _say(self, parts: list[Json]) -> bytes:
        if not parts:
            return b""
        return b"data: %b\n\n" % answer_shape(parts, self._head, None, None)

    def _last(self, event: AnswerEnded | AnswerFailed) -> bytes:
        if isinstance(event, AnswerFailed):
            own = self._request_id
            return error_event(Protocol.GEMINI, event.kind, event.message, own)
        parts: list[Json] = self._maker.rest() or [{"text": ""}]
        ended = finish(event, self._maker)
        usage = self._usage.merged(event.usage)
        return b"data: %b\n\n" % answer_shape(parts, self._head, ended, usage)
