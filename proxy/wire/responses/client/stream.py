"""Writes an answer as a Responses event stream; no I/O.

Order: response.created, in_progress, then per item output_item.added,
its pieces, output_item.done, then response.completed or incomplete. Every event has
the next `sequence_number`; items follow one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    TextDelta,
    TextStarted,
    ThinkingStarted,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.envelope import error_event
from proxy.wire.responses.client.answer import (
    LOST_PART,
    LOST_SEALED,
    end_losses,
    ending,
    head,
    response_id,
)
from proxy.wire.responses.client.output import OpenItem, TextItem, begin
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
        self._request_id = request_id
        self._order = OnePartAtATime()
        self._sequence = 0
        self._usage = Usage()
        self._id = ""
        # What the answer repeats of the request, and no more of it: the conversation
        # must not stay in memory for as long as its answer takes.
        self._head: dict[str, object] = dict(head(request, "", "", created))
        for large in ("instructions", "tools"):
            self._head[large] = msgspec.Raw(msgspec.json.encode(self._head[large]))
        self._output: list[Json] = []
        self._ids: set[str] = set()
        self._open: OpenItem | None = None
        self._refused = False
        # The text being said and its index: most events are pieces of it.
        self._text: TextItem | None = None
        self._text_index = -1

    def write(self, event: Event) -> bytes:
        """Return the bytes that say `event`; b'' where nothing is to be said yet."""
        if (
            type(event) is TextDelta
            and event.index == self._text_index
            and self._text is not None
        ):
            self._sequence += 1
            return self._text.delta(event.text, self._sequence - 1)
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
            case _:
                return self._piece(event)

    def _start(self, event: AnswerStarted) -> bytes:
        self._usage = self._usage.merged(event.usage or Usage())
        self._id = event.id
        self._head.update(id=response_id(event.id), model=event.model)
        return self._response("response.created") + self._response(
            "response.in_progress"
        )

    def _begin(
        self, event: TextStarted | ToolCallStarted | ThinkingStarted | PartWhole
    ) -> bytes:
        self._open = begin(event, self._id, len(self._output), self._ids)
        if self._open is None:
            whole = isinstance(event, PartWhole)
            self.losses.append(LOST_PART if whole else LOST_SEALED)
            return b""
        self._ids.add(self._open.id)
        self._refused |= isinstance(event, TextStarted) and event.refusal
        if isinstance(self._open, TextItem):
            self._text, self._text_index = self._open, event.index
        said = self._say(self._open.added())
        return said + (self._end_item() if isinstance(event, PartWhole) else b"")

    def _piece(self, event: Event) -> bytes:
        if isinstance(event, TextDelta) and self._text is not None:
            # One that was held back.
            self._sequence += 1
            return self._text.delta(event.text, self._sequence - 1)
        return b"" if self._open is None else self._say(self._open.piece(event))

    def _end_item(self) -> bytes:
        self._text, self._text_index = None, -1
        if self._open is None:
            return b""
        item, self._open = self._open, None
        said = self._say(item.done())
        self._output.append(item.finished)
        self.losses.extend(item.losses)
        return said

    def _end(self, event: AnswerEnded) -> bytes:
        usage = self._usage.merged(event.usage)
        self.losses.extend(end_losses(event))
        self._head["output"] = self._output
        self._head.update(ending(event, usage, refused=self._refused))
        return self._response(f"response.{self._head['status']}")

    def _fail(self, event: AnswerFailed) -> bytes:
        self._text, self._text_index = None, -1
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

    def _say(self, said: Iterable[tuple[str, Mapping[str, object]]]) -> bytes:
        events = []
        for name, fields in said:
            numbered = {"type": name, "sequence_number": self._sequence, **fields}
            self._sequence += 1
            data = msgspec.json.encode(numbered)
            events.append(b"event: %b\ndata: %b\n\n" % (name.encode(), data))
        return b"".join(events)
