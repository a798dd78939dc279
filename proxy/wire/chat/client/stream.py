"""Writes an answer as a Chat Completions stream; no I/O.

Order: a chunk with the role, chunks with content and calls, one with
the finish reason, one with the usage where the client asked for it, then `[DONE]`.
Calls could interleave, as each piece names its call by index; they are written one
after the other all the same, because not every client can take it.
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
from proxy.wire.chat.client.answer import end_losses, finish_reason, head, usage_shape
from proxy.wire.envelope import error_event
from proxy.wire.losses import named
from proxy.wire.sequence import OnePartAtATime

# A comment is all the protocol has for a sign of life.
_PING: Final = b": ping\n\n"
_DONE: Final = b"data: [DONE]\n\n"
_AFTER: Final = b'},"finish_reason":null,"logprobs":null}]}\n\n'
_ENCODER: Final = msgspec.json.Encoder()


class StreamWriter:
    """Turns the events of one answer into the bytes of its stream.

    `request` tells whether the client wants the usage, `created` is in Unix seconds.
    `losses` names what the protocol had no place for.
    """

    def __init__(
        self, request: Request, *, created: int, request_id: str | None = None
    ) -> None:
        self.losses: list[Loss] = []
        # The open part of plain text, and what stands around each of its pieces.
        self._text: int | None = None
        self._before = b""
        self._wants_usage = request.stream_usage
        self._created = created
        self._request_id = request_id
        self._head: dict[str, Json] = {}
        self._usage = Usage()
        self._calls: dict[int, _Call] = {}
        self._refusals: set[int] = set()
        # Where the reasoning is: part and piece of its summary.
        self._thought: tuple[int, int | None] | None = None
        self._order = OnePartAtATime()

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said."""
        if isinstance(event, TextDelta) and event.index == self._text:
            # Nearly all events are such: the part is open, so nothing is to be ordered.
            return self._before + _ENCODER.encode(event.text) + _AFTER
        return b"".join([self._write(each) for each in self._order.feed(event)])

    def _write(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                key = "refusal" if event.index in self._refusals else "content"
                return self._delta({key: event.text})
            case ToolCallArguments():
                return self._arguments(event)
            case ThinkingDelta():
                return self._thinking(event)
            case AnswerStarted() | UsageReported() | Ping():
                return self._count(event)
            case AnswerEnded() | AnswerFailed():
                return self._last(event)
            case _:
                return self._part(event)

    def _count(self, event: AnswerStarted | UsageReported | Ping) -> bytes:
        if isinstance(event, Ping):
            return _PING
        self._usage = self._usage.merged(event.usage or Usage())
        if isinstance(event, UsageReported):
            return b""
        kind = "chat.completion.chunk"
        self._head = head(kind, event.id, event.model, self._created)
        if self._wants_usage:
            # A client that asks for the usage finds it null until the last chunk.
            self._head["usage"] = None
        self._before = _before_text(self._head)
        return self._delta({"role": "assistant", "content": ""})

    def _part(
        self,
        event: TextStarted
        | ThinkingStarted
        | ToolCallStarted
        | CitationAdded
        | SignatureDelta
        | ThinkingSealed
        | PartEnded
        | PartWhole,
    ) -> bytes:
        match event:
            case ToolCallStarted():
                return self._start_call(event)
            case PartEnded(index=index):
                return self._end_part(index)
            case TextStarted(index=index, refusal=True):
                self._refusals.add(index)
            case CitationAdded():
                self._lose("citation")
            case SignatureDelta():
                self._lose("signature")
            case ThinkingSealed() | ThinkingStarted(sealed=str()):
                self._lose("sealed_thinking")
            case PartWhole():
                self._lose("provider_part")
            case TextStarted(index=index):
                self._text = index
                if self._calls:
                    # Clients show what was said and then what was called.
                    self._lose("part_order")
            case ThinkingStarted():
                pass
        return b""

    def _thinking(self, event: ThinkingDelta) -> bytes:
        if not event.text:
            return b""
        place = (event.index, event.summary)
        follows = self._thought is not None and self._thought != place
        self._thought = place
        text = f"\n\n{event.text}" if follows else event.text
        return self._delta({"reasoning_content": text})

    def _start_call(self, event: ToolCallStarted) -> bytes:
        call = _Call(len(self._calls), event.kind)
        self._calls[event.index] = call
        if event.namespace is not None:
            self._lose("namespace")
        begun: dict[str, Json] = {"index": call.at, "id": event.id}
        return self._call({**begun, **call.shape("", event.name)})

    def _arguments(self, event: ToolCallArguments) -> bytes:
        call = self._calls.get(event.index)
        if call is None or not event.text:
            return b""
        call.empty = False
        piece = call.shape(event.text)
        piece.pop("type")
        return self._call({"index": call.at, **piece})

    def _end_part(self, index: int) -> bytes:
        self._text = None
        call = self._calls.get(index)
        if call is None or not call.empty or call.kind is CallKind.CUSTOM:
            return b""
        # An empty call is one with an empty object.
        return self._arguments(ToolCallArguments(index, "{}"))

    def _call(self, call: Json) -> bytes:
        return self._delta({"tool_calls": [call]})

    def _last(self, event: AnswerEnded | AnswerFailed) -> bytes:
        self._text = None
        if isinstance(event, AnswerFailed):
            own = self._request_id
            return error_event(Protocol.CHAT, event.kind, event.message, own)
        for name in end_losses(event):
            self._lose(name)
        reason = finish_reason(event.stop, refused=bool(self._refusals))
        finish = self._delta({}, reason)
        usage = usage_shape(self._usage.merged(event.usage))
        if not self._wants_usage or usage is None:
            return finish + _DONE
        told = _sse({**self._head, "choices": [], "usage": usage})
        return finish + told + _DONE

    def _delta(self, delta: Json, reason: str | None = None) -> bytes:
        choice: Json = {
            "index": 0,
            "delta": delta,
            "finish_reason": reason,
            "logprobs": None,
        }
        return _sse({**self._head, "choices": [choice]})

    def _lose(self, name: str) -> None:
        loss = named(name)
        if loss not in self.losses:
            self.losses.append(loss)


class _Call:
    """A call of this answer: its place among the calls, and whether it is empty."""

    __slots__ = ("at", "empty", "kind")

    def __init__(self, at: int, kind: CallKind) -> None:
        self.at = at
        self.kind = kind
        self.empty = True

    def shape(self, text: str, name: str | None = None) -> dict[str, Json]:
        """Write a piece of the call; the first one names the tool."""
        named: dict[str, Json] = {} if name is None else {"name": name}
        if self.kind is CallKind.CUSTOM:
            return {"type": "custom", "custom": {**named, "input": text}}
        return {"type": "function", "function": {**named, "arguments": text}}


def _before_text(head: dict[str, Json]) -> bytes:
    """Write all of a chunk that stands before the piece of text in it."""
    shape: Json = {**head, "choices": [{"index": 0, "delta": {"content": ""}}]}
    return b"data: " + msgspec.json.encode(shape).removesuffix(b'""}}]}')


def _sse(fields: dict[str, Json]) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(fields)
