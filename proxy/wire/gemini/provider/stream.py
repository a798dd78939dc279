"""Reads a Gemini provider's streamed answer into events; never raises, no I/O.

Server-sent events, each a whole response with the next parts. There is no last event:
the stream is over where the connection ends after a finish reason. Without `alt=sse`
the API answers with one JSON list of the same responses, which is read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import AnswerFailed, Event, Ping
from proxy.wire.gemini.provider.answer import AnswerBuilder, decode_responses
from proxy.wire.incoming import EVENT_LIMIT, ServerEvents, TooBig
from proxy.wire.sse import BOM

_DONE: Final = b"[DONE]"
_BLANK: Final = BOM + b" \t\r\n"
_MALFORMED: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent an event that is no Gemini response."
)
_TOO_BIG: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent an event that is too big to read."
)
_HTML: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent a page in place of an answer."
)


class StreamReader:
    """Reads one streamed answer.

    `answer_id` and `model` stand in where the provider names none.
    """

    __slots__ = ("_answer", "_begun", "_comments", "_events", "_list", "_size")

    def __init__(self, *, answer_id: str, model: str) -> None:
        self._answer = AnswerBuilder(answer_id=answer_id, model=model)
        self._events = ServerEvents()
        self._comments = 0
        self._begun = False
        # The bytes of a stream that is one JSON list.
        self._list: list[bytes] | None = None
        self._size = 0

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete."""
        if self._answer.over:
            return ()
        if not self._begun and self._begin(data):
            return self._answer.fail(_HTML)
        if self._list is not None:
            return self._keep(data)
        try:
            found = self._events.feed(data)
        except TooBig:
            return self._answer.fail(_TOO_BIG)
        events = self._read(found)
        if self._events.comments != self._comments:
            self._comments = self._events.comments
            if not self._answer.over:
                events.append(Ping())
        return events

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection."""
        if self._answer.over:
            return ()
        if self._list is not None:
            events = self._read([(b"", b"".join(self._list).lstrip(_BLANK))])
        else:
            try:
                events = self._read(self._events.finish())
            except TooBig:
                return self._answer.fail(_TOO_BIG)
        return [*events, *self._answer.close()]

    def _begin(self, data: bytes) -> bool:
        """Look at the first bytes; say whether they are those of a page."""
        start = data.lstrip(_BLANK)[:1]
        self._begun = bool(start)
        if start in {b"[", b"{"}:
            self._list = []
        return start == b"<"

    def _keep(self, data: bytes) -> Sequence[Event]:
        self._size += len(data)
        if self._size > EVENT_LIMIT:
            self._list = []
            return self._answer.fail(_TOO_BIG)
        if self._list is not None:
            self._list.append(data)
        return ()

    def _read(self, found: Iterable[tuple[bytes, bytes]]) -> list[Event]:
        events: list[Event] = []
        for _, data in found:
            if self._answer.over or data == _DONE:
                continue
            try:
                responses = decode_responses(data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                events.extend(self._answer.fail(_MALFORMED))
                continue
            for response in responses:
                events.extend(self._answer.take(*response))
        return events
