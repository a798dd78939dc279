"""Writes an answer as a Messages event stream; no I/O.

Order: message_start, then per block start, deltas, stop, with exactly
one block open, then message_delta and message_stop. `ping` may stand anywhere.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CallKind,
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
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.anthropic.blocks import citation_raw
from proxy.wire.anthropic.client.answer import ending, message, usage_shape
from proxy.wire.anthropic.client.call_arguments import CallArguments
from proxy.wire.envelope import error_event
from proxy.wire.losses import named
from proxy.wire.sequence import OnePartAtATime

_encode: Final = msgspec.json.Encoder().encode
_NONE: Final = -1
"""The index of no part."""

_HEAD: Final = (
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":%%d,'
    '"delta":{"type":"%s","%s":'
)
_TEXT_HEAD: Final = (_HEAD % ("text_delta", "text")).encode()
_CALL_HEAD: Final = (_HEAD % ("input_json_delta", "partial_json")).encode()
_THOUGHT_HEAD: Final = (_HEAD % ("thinking_delta", "thinking")).encode()
_PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'


class StreamWriter:
    """Turns the events of one answer into the bytes of its stream.

    `created` (Unix seconds) and `request` are other protocols' needs. `losses` names
    what the protocol had no place for.
    """

    def __init__(
        self, request: Request, *, created: int, request_id: str | None = None
    ) -> None:
        del request, created
        self.losses: list[Loss] = []
        self._request_id = request_id
        self._order = OnePartAtATime()
        self._usage = Usage()
        self._block = -1
        # How the open block is written; None while a part without a block is open.
        self._open: _Open | None = None
        # The part whose pieces go out as they come, and what stands before each.
        self._text = self._call = self._thought = _NONE
        self._head = b""

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said yet."""
        # Most of a stream are pieces of the open part: they cannot be out of order.
        if isinstance(event, TextDelta):
            if event.index == self._text:
                return b"%b%b}}\n\n" % (self._head, _encode(event.text))
        elif isinstance(event, ToolCallArguments):
            if event.index == self._call:
                return self._arguments(event)
        elif isinstance(event, ThinkingDelta) and event.index == self._thought:
            return self._thinking(event)
        return b"".join([self._write(each) for each in self._order.feed(event)])

    def _write(self, event: Event) -> bytes:
        match event:
            case AnswerStarted() | UsageReported():
                return self._count(event)
            case Ping():
                return _PING
            case AnswerEnded():
                return self._end(event)
            case AnswerFailed():
                return self._fail(event)
            case TextStarted() | ToolCallStarted() | ThinkingStarted() | PartWhole():
                return self._begin(event)
            case PartEnded():
                return self._end_block()
            case _:
                return self._piece(event)

    def _piece(
        self,
        event: TextDelta
        | CitationAdded
        | ThinkingDelta
        | SignatureDelta
        | ThinkingSealed
        | ToolCallArguments,
    ) -> bytes:
        match event:
            case TextDelta():
                return self._delta({"type": "text_delta", "text": event.text})
            case ToolCallArguments():
                return self._arguments(event)
            case ThinkingDelta():
                return self._thinking(event)
            case SignatureDelta():
                return self._sign(event.signature)
            case CitationAdded():
                return self._citation(event)
            case ThinkingSealed():
                return self._lose(named("sealed_thinking"))

    def _count(self, event: AnswerStarted | UsageReported) -> bytes:
        self._usage = self._usage.merged(event.usage or Usage())
        if isinstance(event, UsageReported):
            return b""
        shape = message(event.id, event.model, self._usage)
        return _sse("message_start", {"message": shape})

    def _begin(
        self, event: TextStarted | ToolCallStarted | ThinkingStarted | PartWhole
    ) -> bytes:
        match event:
            case TextStarted():
                return self._start_text(event)
            case ToolCallStarted():
                return self._start_call(event)
            case ThinkingStarted():
                return self._start_thinking(event)
            case PartWhole(part=part) if part.protocol is Protocol.MESSAGES:
                return self._start(dict(part.raw)) + self._end_block()
            case PartWhole(part=part):
                return self._lose(named("provider_part", [part.kind]))

    def _start(self, block: Json, kind: CallKind | None = None) -> bytes:
        self._block += 1
        self._open = _Open(kind)
        index = self._block
        return _sse("content_block_start", {"index": index, "content_block": block})

    def _start_text(self, event: TextStarted) -> bytes:
        started = self._start({"type": "text", "text": ""})
        self._text, self._head = event.index, _TEXT_HEAD % self._block
        return started

    def _start_call(self, event: ToolCallStarted) -> bytes:
        block: Json = {
            "type": "tool_use",
            "id": event.id,
            "name": event.name,
            "input": {},
        }
        custom = event.kind is CallKind.CUSTOM
        started = self._start(block, event.kind)
        self._call, self._head = event.index, _CALL_HEAD % self._block
        # Free text goes in as a JSON string, so that the pieces add up to an object.
        return started + (self._json('{"input":"') if custom else b"")

    def _start_thinking(self, event: ThinkingStarted) -> bytes:
        if event.sealed is None:
            block: Json = {"type": "thinking", "thinking": "", "signature": ""}
            started = self._start(block)
            self._thought, self._head = event.index, _THOUGHT_HEAD % self._block
            return started
        if event.origin is not None and event.origin.protocol is Protocol.MESSAGES:
            return self._start({"type": "redacted_thinking", "data": event.sealed})
        return self._lose(named("sealed_thinking"))

    def _arguments(self, event: ToolCallArguments) -> bytes:
        if self._open is None or event.index != self._call:
            return b""
        if self._open.arguments is None:
            return self._json(_encode(event.text)[1:-1].decode())
        said = self._open.arguments.feed(event.text)
        return self._json(said) if said else b""

    def _sign(self, piece: str) -> bytes:
        # Clients take each delta for all of the signature: it goes out in one.
        if self._open is not None:
            self._open.signature.append(piece)
        return b""

    def _json(self, text: str) -> bytes:
        return b"%b%b}}\n\n" % (self._head, _encode(text))

    def _thinking(self, event: ThinkingDelta) -> bytes:
        if self._open is None or event.index != self._thought or not event.text:
            return b""
        paragraph = self._open.paragraph(event.summary)
        text = f"\n\n{event.text}" if paragraph else event.text
        return b"%b%b}}\n\n" % (self._head, _encode(text))

    def _citation(self, event: CitationAdded) -> bytes:
        raw = citation_raw(event.citation)
        if raw is None:
            return self._lose(named("citation"))
        return self._delta({"type": "citations_delta", "citation": dict(raw)})

    def _delta(self, delta: Json) -> bytes:
        if self._open is None:
            return b""
        return _sse("content_block_delta", {"index": self._block, "delta": delta})

    def _end_block(self) -> bytes:
        if self._open is None:
            return b""
        tail = self._tail(self._open)
        self._open = None
        self._text = self._call = self._thought = _NONE
        return tail + _sse("content_block_stop", {"index": self._block})

    def _tail(self, block: _Open) -> bytes:
        """Return what the block still has to say before it ends."""
        if block.kind is CallKind.CUSTOM:
            return self._json('"}')
        if block.arguments is not None:
            missing, broken = block.arguments.finish()
            if broken:
                self._lose(named("broken_arguments"))
            return self._json(missing) if missing else b""
        signature = "".join(block.signature)
        if not signature:
            return b""
        return self._delta({"type": "signature_delta", "signature": signature})

    def _end(self, event: AnswerEnded) -> bytes:
        self._usage = self._usage.merged(event.usage)
        shape: dict[str, Json] = {"delta": ending(event)}
        shape["usage"] = usage_shape(self._usage)
        return _sse("message_delta", shape) + _sse("message_stop", {})

    def _fail(self, event: AnswerFailed) -> bytes:
        self._text = self._call = self._thought = _NONE
        return error_event(
            Protocol.MESSAGES, event.kind, event.message, self._request_id
        )

    def _lose(self, loss: Loss) -> bytes:
        if loss not in self.losses:
            self.losses.append(loss)
        return b""


class _Open:
    """The open block: the call it is, what is kept for its end, its summary so far."""

    __slots__ = ("_summary", "_written", "arguments", "kind", "signature")

    def __init__(self, kind: CallKind | None) -> None:
        self.kind = kind
        function = kind is CallKind.FUNCTION
        self.arguments: CallArguments | None = CallArguments() if function else None
        self.signature: list[str] = []
        self._summary: int | None = None
        self._written = False

    def paragraph(self, summary: int | None) -> bool:
        """Note the summary part being written; tell whether a new one begins."""
        begins = self._written and summary != self._summary
        self._summary, self._written = summary, True
        return begins


def _sse(name: str, fields: dict[str, Json]) -> bytes:
    data = msgspec.json.encode({"type": name, **fields})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
