"""Reads Ollama's streamed answers, a JSON object a line; pure, no I/O, never raises.

Shapes: `ChatResponse` of the `ollama` package 0.6.3. The last line has `done: true` and
the counts; calls arrive whole. Lines framed as server-sent events are taken too, as
some gateways in front of the server send them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    Origin,
    PartEnded,
    Ping,
    Protocol,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
)
from proxy.wire.counts import settled
from proxy.wire.incoming import Lines, TooBig

_ORIGIN: Final = Origin(Protocol.OLLAMA)
_COUNT: Final = re.compile(rb"0|[1-9]\d{0,9}")
_BROKEN: Final = "The provider's answer could not be read."
_TOO_BIG: Final = "The provider sent a single event that is too large to read."
_CUT: Final = "The provider's answer broke off before its end."
_NAMELESS: Final = "The provider's answer calls a tool without naming it."
_LONGEST_WORDS: Final = 1_000
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


_UNTOLD: Final = msgspec.Raw()


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: msgspec.Raw = _UNTOLD


class _Call(msgspec.Struct, gc=False):
    function: _Function | None = None
    id: str | None = None


class _Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct, gc=False):
    """What every line may tell; the last one is read again as `_Last`."""

    model: str | None = None
    message: _Message | None = None
    done: bool | None = None
    error: msgspec.Raw = _UNTOLD


class _Last(msgspec.Struct, gc=False):
    done_reason: str | None = None
    status: msgspec.Raw = _UNTOLD
    prompt_eval_count: msgspec.Raw = _UNTOLD
    prompt_eval_cached_count: msgspec.Raw = _UNTOLD
    eval_count: msgspec.Raw = _UNTOLD


_LINE: Final = msgspec.json.Decoder(_Line)
_LAST: Final = msgspec.json.Decoder(_Last)
_TEXT: Final = msgspec.json.Decoder(str)
_STOPS: Final = {"length": StopReason.MAX_TOKENS}


class StreamReader:
    """Reads one streamed answer; see `proxy.wire.codec.Reader`."""

    __slots__ = ("_answer", "_lines", "_over")

    def __init__(self, *, answer_id: str, model: str) -> None:
        """Start before the first byte; id and model stand in where none is told."""
        self._answer = _Answer(answer_id, model)
        self._lines = Lines()
        self._over = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete."""
        if self._over:
            return ()
        try:
            lines = self._lines.feed(data)
        except TooBig:
            return self._fail(_TOO_BIG)
        events: list[Event] = []
        for line in lines:
            self._line(line, events)
        return events

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection."""
        events: list[Event] = []
        if not self._over:
            self._line(self._lines.rest(), events)
        if not self._over:
            self._over = True
            events.append(AnswerFailed(FailureKind.CUT, _CUT))
        return events

    def _fail(self, message: str) -> Sequence[Event]:
        self._over = True
        return (AnswerFailed(FailureKind.MALFORMED, message),)

    def _line(self, line: bytes, events: list[Event]) -> None:
        if self._over:
            return
        if line[:1] != b"{":
            line = self._unframed(line, events)
            if not line:
                return
        self._over = self._answer.take(line, events)

    def _unframed(self, line: bytes, events: list[Event]) -> bytes:
        """Return the JSON inside a line that is framed, b'' where there is none."""
        line = line.strip()
        if line[:1] == b":":
            if self._answer.begun:
                events.append(Ping())
            return b""
        if line.startswith((b"event:", b"id:", b"retry:")):
            return b""
        line = line.removeprefix(b"data:").strip()
        return b"" if line == b"[DONE]" else line


class _Answer:
    """The state of one answer: which part is open, and what was called."""

    __slots__ = ("_answer_id", "_calls", "_ids", "_index", "_model", "_open", "begun")

    def __init__(self, answer_id: str, model: str) -> None:
        self._answer_id = answer_id
        self._model = model
        self._index = -1
        self._open: type[TextStarted | ThinkingStarted] | None = None
        self._calls = 0
        self._ids: set[str] = set()
        self.begun = False

    def take(self, raw: bytes, events: list[Event], *, whole: bool = False) -> bool:
        """Read one object and say whether the answer is over.

        `whole`: it is all of an answer, with or without the word that it is done.
        """
        try:
            line = _LINE.decode(raw)
        except _NOT_JSON:
            events.append(AnswerFailed(FailureKind.MALFORMED, _BROKEN))
            return True
        if line.error is not _UNTOLD and _told(line.error):
            events.append(_failure(line.error, _last(raw)))
            return True
        if not self.begun:
            if whole and line.message is None and not line.done:
                # Some JSON, but no answer.
                events.append(AnswerFailed(FailureKind.MALFORMED, _BROKEN))
                return True
            self.begun = True
            events.append(AnswerStarted(self._answer_id, line.model or self._model))
        if line.message is not None and not self._message(line.message, events):
            events.append(AnswerFailed(FailureKind.MALFORMED, _NAMELESS))
            return True
        if line.done or (whole and line.done is None):
            self._close(events)
            last = _last(raw)
            events.append(AnswerEnded(self._stop(last.done_reason), usage=_usage(last)))
            return True
        if whole:
            events.append(AnswerFailed(FailureKind.CUT, _CUT))
        return whole

    def _message(self, message: _Message, events: list[Event]) -> bool:
        if message.thinking:
            if self._open is not ThinkingStarted:
                self._begin(ThinkingStarted, events)
            events.append(ThinkingDelta(self._index, message.thinking))
        if message.content:
            if self._open is not TextStarted:
                self._begin(TextStarted, events)
            events.append(TextDelta(self._index, message.content))
        if message.tool_calls:
            self._close(events)
            return all(self._call(each, events) for each in message.tool_calls)
        return True

    def _begin(
        self, kind: type[TextStarted | ThinkingStarted], events: list[Event]
    ) -> None:
        self._close(events)
        self._index += 1
        self._open = kind
        if kind is ThinkingStarted:
            events.append(ThinkingStarted(self._index, origin=_ORIGIN))
        else:
            events.append(TextStarted(self._index))

    def _close(self, events: list[Event]) -> None:
        if self._open is not None:
            events.append(PartEnded(self._index))
            self._open = None

    def _call(self, call: _Call, events: list[Event]) -> bool:
        if call.function is None or not call.function.name:
            return False
        self._index += 1
        call_id = self._call_id(call.id)
        events += (
            ToolCallStarted(self._index, call_id, call.function.name),
            ToolCallArguments(self._index, _arguments(call.function.arguments)),
            PartEnded(self._index),
        )
        return True

    def _call_id(self, told: str | None) -> str:
        """Return an id that no other call of this answer has."""
        tail = self._answer_id.rpartition("_")[2][-16:] or "answer"
        found = told or ""
        while not found or found in self._ids:
            found = f"call_{tail}_{self._calls}"
            self._calls += 1
        self._ids.add(found)
        return found

    def _stop(self, reason: str | None) -> StopReason:
        stop = _STOPS.get(reason or "")
        if stop is not None:
            return stop
        return StopReason.TOOL_USE if self._ids else StopReason.END_TURN


def read_whole(body: bytes, *, answer_id: str, model: str) -> Sequence[Event]:
    """Return the events of an answer that came as one JSON object."""
    events: list[Event] = []
    _Answer(answer_id, model).take(body, events, whole=True)
    return events


def _told(raw: msgspec.Raw) -> bool:
    return bytes(raw) not in {b"", b"null", b'""', b"false"}


def _last(raw: bytes) -> _Last:
    try:
        return _LAST.decode(raw)
    except _NOT_JSON:
        return _Last()


def _failure(error: msgspec.Raw, line: _Last) -> AnswerFailed:
    limited = bytes(line.status) == b"429"
    kind = FailureKind.RATE_LIMITED if limited else FailureKind.UPSTREAM_ERROR
    return AnswerFailed(kind, _words(error) or "The provider reported an error.")


class _Words(msgspec.Struct):
    message: str = ""


def _words(raw: msgspec.Raw) -> str:
    """Return the provider's own wording, as a string or inside an object."""
    try:
        found = msgspec.json.decode(raw, type=str | _Words)
    except _NOT_JSON:
        return ""
    text = found if isinstance(found, str) else found.message
    return text.strip()[:_LONGEST_WORDS]


def _arguments(raw: msgspec.Raw) -> str:
    """Return the text of the arguments; an object that is told as text is unpacked."""
    data = bytes(raw)
    if data[:1] != b'"':
        return "{}" if data in {b"", b"null"} else data.decode("utf-8", "replace")
    try:
        return _TEXT.decode(data) or "{}"
    except _NOT_JSON:
        return "{}"


def _usage(line: _Last) -> Usage:
    """Read the counts; the input is not told where all of it came from a cache."""
    counts: dict[str, int | None] = {}
    whole = _count(line.prompt_eval_count)
    cached = _count(line.prompt_eval_cached_count)
    if whole is not None:
        known = cached is not None and cached <= whole
        counts["input_tokens"] = whole - cached if cached and known else whole
        if cached is not None and known:
            counts["cache_read_tokens"] = cached
    counts["output_tokens"] = _count(line.eval_count)
    return Usage(**settled(counts), served=None)


def _count(raw: msgspec.Raw) -> int | None:
    number = bytes(raw)
    return int(number) if _COUNT.fullmatch(number) else None
