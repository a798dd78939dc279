"""Reads a Chat provider's stream into neutral events; never raises, no I/O.

The end is `[DONE]`, or the connection's after a finish reason: several servers send no
`[DONE]`. `<think>` tags inside text stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import AnswerFailed, Event, Ping, TextDelta
from proxy.wire.chat.provider.answer_parts import Assembly
from proxy.wire.chat.provider.chunks import Chunk, read_chunk
from proxy.wire.chat.provider.end import (
    CUT,
    NO_STREAM,
    NOT_JSON,
    TOO_BIG,
    failure_of,
)
from proxy.wire.chat.provider.frame import Frame, frame_of
from proxy.wire.incoming import ServerEvents, TooBig

_DONE: Final = b"[DONE]"
_PING: Final = Ping()
_MOST_FRAMES: Final = 8


class StreamReader:
    """Reads one streamed answer; id and model stand in where the provider has none."""

    __slots__ = (
        "_answer",
        "_any",
        "_events",
        "_frame",
        "_frames_left",
        "_pings",
        "_seen",
    )

    def __init__(self, *, answer_id: str, model: str) -> None:
        self._events = ServerEvents()
        self._answer = Assembly(answer_id, model)
        self._pings = 0
        # Whether there were bytes at all, and events among them.
        self._any = False
        self._seen = False
        # Where hardly a chunk is like the one before, frames are not worth making.
        self._frame: Frame | None = None
        self._frames_left = _MOST_FRAMES

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete; none after the end."""
        out: list[Event] = []
        if self._answer.over:
            return out
        self._any = self._any or bool(data)
        try:
            events = self._events.feed(data)
        except TooBig:
            self._fail(FailureKind.MALFORMED, TOO_BIG, out)
            return out
        if self._events.comments != self._pings:
            self._pings = self._events.comments
            if self._answer.started:
                out.append(_PING)
        for name, each in events:
            self._take(name, each, out)
        return out

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection."""
        out: list[Event] = []
        if self._answer.over:
            return out
        try:
            for name, each in self._events.finish():
                self._take(name, each, out)
        except TooBig:  # pragma: no cover - the last line is within the limit
            self._fail(FailureKind.MALFORMED, TOO_BIG, out)
        self._last(out)
        return out

    def _last(self, out: list[Event]) -> None:
        if self._answer.over:
            return
        if self._answer.finished:
            self._answer.complete(out)
        elif self._any and not self._seen:
            self._fail(FailureKind.MALFORMED, NO_STREAM, out)
        else:
            self._fail(FailureKind.CUT, CUT, out)

    def _take(self, name: bytes, data: bytes, out: list[Event]) -> None:
        answer = self._answer
        if answer.over:
            return
        self._seen = True
        if self._frame is not None and answer.text is not None:
            text = self._frame.text(data)
            if text:
                out.append(TextDelta(answer.text, text))
                return
        if data == _DONE or data.strip() == _DONE:
            self._done(out)
            return
        try:
            chunk = read_chunk(data) if data.strip() else None
        except ValueError:
            self._fail(FailureKind.MALFORMED, NOT_JSON, out)
            return
        if chunk is None:
            return
        text = _only_text(chunk) if answer.text is not None else None
        if text is not None and answer.text is not None:
            self._make_frame(data, text)
            out.append(TextDelta(answer.text, text))
        elif name == b"error" and not chunk.error:
            answer.fail(failure_of(_fields(data)), out)
        else:
            answer.take(chunk, out)

    def _done(self, out: list[Event]) -> None:
        if self._answer.started:
            self._answer.complete(out)
        else:
            # An end without a single chunk before it ends nothing.
            self._fail(FailureKind.CUT, CUT, out)

    def _make_frame(self, data: bytes, text: str) -> None:
        self._frame = None
        if self._frames_left:
            self._frames_left -= 1
            self._frame = frame_of(data, text)

    def _fail(self, kind: FailureKind, message: str, out: list[Event]) -> None:
        self._answer.fail(AnswerFailed(kind, message), out)


def _only_text(chunk: Chunk) -> str | None:
    """Return the text of a chunk that says nothing else: nearly all are such."""
    choices = chunk.choices
    if not choices or len(choices) > 1 or chunk.error or chunk.usage or chunk.x_groq:
        return None
    choice = choices[0]
    delta = choice.delta
    if delta is None or choice.finish_reason or choice.usage or choice.index != 0:
        return None
    text = delta.content
    if (
        not isinstance(text, str)
        or not text
        or delta.tool_calls
        or delta.reasoning_content
        or delta.reasoning
        or delta.reasoning_details
        or delta.refusal
        or delta.annotations
        or delta.function_call
        or delta.audio
    ):
        return None
    return text


def _fields(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
