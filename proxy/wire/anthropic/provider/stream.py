"""Reads a provider's Messages stream into events; no I/O, and it never raises.

Order and words after `RawMessageStreamEvent` of the `anthropic` SDK 2.8.0. Unknown
events are passed over; an answer is complete with `message_stop` and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.model import (
    AnswerFailed,
    AnswerStarted,
    Event,
    Json,
    JsonObject,
    Ping,
    Protocol,
    TextDelta,
    ThinkingDelta,
    ToolCallArguments,
    Usage,
    UsageReported,
    Variant,
)
from proxy.wire.anthropic.provider.answer import NOT_JSON, read_answer
from proxy.wire.anthropic.provider.answer_blocks import Kind, ProviderBlocks
from proxy.wire.anthropic.provider.words import (
    CUT,
    TOO_BIG,
    UNREADABLE,
    ended,
    failed,
    object_of,
    text_of,
)
from proxy.wire.counts import (
    Counts,
    Members,
    inside,
    later,
    members,
    messages_counts,
    settled,
)
from proxy.wire.fields import WireError
from proxy.wire.incoming import EVENT_LIMIT, ServerEvents, TooBig
from proxy.wire.served import latest, messages_served
from proxy.wire.sse import BOM

_DELTA: Final = b"content_block_delta"


class _Delta(msgspec.Struct, gc=False):
    type: str
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class _Piece(msgspec.Struct, gc=False):
    type: str
    index: int
    delta: _Delta


_PIECE: Final = msgspec.json.Decoder(_Piece)
_ANY: Final[msgspec.json.Decoder[Json]] = msgspec.json.Decoder()


class StreamReader:
    """The reader of one streamed answer."""

    __slots__ = (
        "_begun",
        "_blocks",
        "_comments",
        "_counts",
        "_events",
        "_id",
        "_model",
        "_open",
        "_over",
        "_page",
        "_served",
        "_started",
        "_stop",
        "_whole",
    )

    def __init__(self, *, answer_id: str, model: str) -> None:
        """Start before the first byte; see `ReaderFactory` for the parameters."""
        self._id = answer_id
        self._model = model
        self._events = ServerEvents()
        self._comments = 0
        self._blocks = ProviderBlocks(answer_id)
        self._open = self._blocks.open
        self._counts: Counts = {}
        self._served: Variant | None = None
        self._stop: dict[str, Json] = {}
        self._begun = False
        self._page = False
        self._started = False
        self._over = False
        # What came of a body that is one JSON object instead of a stream.
        self._whole: bytearray | None = None

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete."""
        if self._over:
            return ()
        if not self._begun:
            self._begin(data)
        if self._whole is not None:
            return self._collect(data, self._whole)
        out: list[Event] = []
        try:
            self._read(self._events.feed(data), out)
        except TooBig:
            self._fail(TOO_BIG, out)
        except RecursionError:
            self._fail(UNREADABLE, out)
        if self._events.comments != self._comments:
            self._comments = self._events.comments
            if self._started and not self._over:
                out.append(Ping())
        return out

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection."""
        out: list[Event] = []
        if self._over:
            return out
        if self._whole is not None:
            return self._finish_whole(bytes(self._whole))
        try:
            self._read(self._events.finish(), out)
        except TooBig:
            self._fail(TOO_BIG, out)
        except RecursionError:
            self._fail(UNREADABLE, out)
        if not self._over:
            self._fail(UNREADABLE if self._page else CUT, out)
        return out

    def _read(self, events: list[tuple[bytes, bytes]], out: list[Event]) -> None:
        for name, data in events:
            if self._over:
                return
            if (name == _DELTA or not name) and self._piece(data, out):
                continue
            self._event(name, data, out)

    def _piece(self, data: bytes, out: list[Event]) -> bool:
        """Read the pieces that make up most of a stream; False for anything else."""
        try:
            piece = _PIECE.decode(data)
        except NOT_JSON:
            return False
        block = self._open.get(piece.index)
        if block is None or piece.type != "content_block_delta":
            return False
        delta, kind = piece.delta, block.kind
        if kind is Kind.TEXT and delta.type == "text_delta":
            if delta.text:
                out.append(TextDelta(block.at, delta.text))
        elif kind is Kind.CALL and delta.type == "input_json_delta":
            if delta.partial_json:
                block.said = True
                out.append(ToolCallArguments(block.at, delta.partial_json))
        elif kind is Kind.THINKING and delta.type == "thinking_delta":
            if delta.thinking:
                out.append(ThinkingDelta(block.at, delta.thinking))
        else:
            return False
        return True

    def _event(self, name: bytes, data: bytes, out: list[Event]) -> None:
        try:
            event = _ANY.decode(data)
        except NOT_JSON:
            # A leftover of another protocol's end, which says nothing here.
            if data.strip() != b"[DONE]":
                self._fail(UNREADABLE, out)
            return
        if not isinstance(event, dict):
            self._fail(UNREADABLE, out)
            return
        kind = text_of(event.get("type")) or name.decode("ascii", "replace")
        if kind == "error" or event.get("error") is not None:
            self._fail(failed(event.get("error")), out)
            return
        self._known(kind, event, data, out)

    def _known(
        self, kind: str, event: JsonObject, data: bytes, out: list[Event]
    ) -> None:
        match kind:
            case "message_start":
                self._message(object_of(event.get("message")), data, out)
            case "content_block_start":
                self._start(out)
                block = object_of(event.get("content_block"))
                out += self._blocks.start(event.get("index"), block)
            case "content_block_delta":
                self._start(out)
                delta = object_of(event.get("delta"))
                out += self._blocks.delta(event.get("index"), delta)
            case "content_block_stop":
                out += self._blocks.stop(event.get("index"))
            case "message_delta":
                self._start(out)
                self._ending(object_of(event.get("delta")), data, out)
            case "message_stop":
                self._end(out)
            case "ping" if self._started:
                out.append(Ping())
            case _:
                return

    def _message(self, message: JsonObject, data: bytes, out: list[Event]) -> None:
        self._count(inside(members(data) or {}, "message", "usage"))
        usage = self._usage(self._counts) if self._counts else None
        if not self._started:
            self._id = text_of(message.get("id")) or self._id
            self._model = text_of(message.get("model")) or self._model
            self._start(out, usage)
        elif usage is not None:
            out.append(UsageReported(usage))

    def _start(self, out: list[Event], usage: Usage | None = None) -> None:
        if not self._started:
            self._started = True
            out.append(AnswerStarted(self._id, self._model, usage))

    def _ending(self, delta: JsonObject, data: bytes, out: list[Event]) -> None:
        self._stop |= {k: v for k, v in delta.items() if v is not None}
        if self._count(inside(members(data) or {}, "usage")):
            out.append(UsageReported(self._usage(self._counts)))

    def _count(self, told: Members) -> bool:
        """Take what an event tells of the counts; say whether it told any."""
        found = messages_counts(told)
        self._counts = later(Protocol.MESSAGES, self._counts, found)
        self._served = latest(self._served, messages_served(told))
        return bool(found)

    def _usage(self, counts: Counts) -> Usage:
        return Usage(**counts, served=self._served)

    def _end(self, out: list[Event]) -> None:
        self._start(out)
        out += self._blocks.close()
        usage = self._usage(settled(self._counts))
        out.append(ended(self._stop, usage, called=self._blocks.called))
        self._over = True

    def _fail(self, failure: AnswerFailed, out: list[Event]) -> None:
        self._over = True
        if self._started and self._counts:
            # What it cost so far; where no event told of a cache, there was none.
            out.append(UsageReported(self._usage(settled(self._counts))))
        out.append(failure)

    def _begin(self, data: bytes) -> None:
        """Look at the first bytes: no line of a stream begins as JSON or HTML do."""
        first = data.removeprefix(BOM).lstrip()[:1]
        self._begun = bool(first)
        self._page = first == b"<"
        if first == b"{":
            self._whole = bytearray()

    def _collect(self, data: bytes, whole: bytearray) -> Sequence[Event]:
        whole += data
        if len(whole) <= EVENT_LIMIT:
            return ()
        self._over = True
        return [TOO_BIG]

    def _finish_whole(self, body: bytes) -> Sequence[Event]:
        self._over = True
        try:
            return read_answer(body, answer_id=self._id, model=self._model)
        except WireError:
            return [UNREADABLE]
