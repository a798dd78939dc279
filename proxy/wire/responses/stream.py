"""Writes an answer as a Responses event stream; no I/O.

Order: response.created, in_progress, then per item output_item.added,
its pieces, output_item.done, then response.completed or incomplete. Every event has
the next `sequence_number`; items follow one another.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    Json,
    Loss,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.envelope import error_event
from proxy.wire.responses.answer import ending, head
from proxy.wire.responses.output import OpenItem, Said, begin
from proxy.wire.sequence import OnePartAtATime

# A comment is all the protocol has for a sign of life.
_PING: Final = b": ping\n\n"


class StreamWriter:
    """Turns the events of one answer into the bytes of its stream.

    `request` is repeated in the answer's head, `created` is in Unix seconds. `losses`
    names what the protocol had no place for.
    """

    def __init__(
        self, request: Request, *, created: int, request_id: str | None = None
    ) -> None:
        self.losses: list[Loss] = []
        self._request = request
        self._created = created
        self._request_id = request_id
        self._order = OnePartAtATime()
        self._sequence = 0
        self._usage = Usage()
        self._id = ""
        self._head: dict[str, Json] = {}
        self._output: list[Json] = []
        self._open: OpenItem | None = None
        self._refused = False

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said yet."""
        return b"".join([self._write(each) for each in self._order.feed(event)])

    def _write(self, event: Event) -> bytes:
        match event:
            case AnswerStarted():
                return self._start(event)
            case TextStarted() | ToolCallStarted() | ThinkingStarted() | PartWhole():
                return self._begin(event)
            case PartEnded():
                return self._end_item()
            case UsageReported():
                self._usage = self._usage.merged(event.usage)
                return b""
            case Ping():
                return _PING
            case AnswerEnded():
                return self._end(event)
            case AnswerFailed():
                return self._fail(event)
            case _ if self._open is not None:
                return self._say(self._open.piece(event))
            case _:
                return b""

    def _start(self, event: AnswerStarted) -> bytes:
        self._usage = self._usage.merged(event.usage or Usage())
        self._id = event.id
        self._head = head(self._request, event.id, event.model, self._created)
        return self._response("response.created") + self._response(
            "response.in_progress"
        )

    def _begin(
        self, event: TextStarted | ToolCallStarted | ThinkingStarted | PartWhole
    ) -> bytes:
        self._open = begin(event, self._id, len(self._output))
        if self._open is None:
            name = (
                "provider_part" if isinstance(event, PartWhole) else "sealed_thinking"
            )
            self.losses.append(Loss(name, "A part of another protocol has no place."))
            return b""
        self._refused |= isinstance(event, TextStarted) and event.refusal
        said = self._say(self._open.added())
        return said + (self._end_item() if isinstance(event, PartWhole) else b"")

    def _end_item(self) -> bytes:
        if self._open is None:
            return b""
        item, self._open = self._open, None
        said = self._say(item.done())
        self._output.append(item.finished)
        self.losses.extend(item.losses)
        return said

    def _end(self, event: AnswerEnded) -> bytes:
        usage = self._usage.merged(event.usage)
        self._head["output"] = self._output
        self._head.update(ending(event, usage, refused=self._refused))
        return self._response(f"response.{self._head['status']}")

    def _fail(self, event: AnswerFailed) -> bytes:
        return error_event(
            Protocol.RESPONSES,
            event.kind,
            event.message,
            # Where the answer has begun, it is the one that fails.
            self._id.removeprefix("resp_") or self._request_id,
            sequence=self._sequence,
        )

    def _response(self, name: str) -> bytes:
        return self._say([(name, {"response": self._head})])

    def _say(self, said: Said) -> bytes:
        events = []
        for name, fields in said:
            numbered = {"type": name, "sequence_number": self._sequence, **fields}
            self._sequence += 1
            data = msgspec.json.encode(numbered)
            events.append(b"event: %b\ndata: %b\n\n" % (name.encode(), data))
        return b"".join(events)
