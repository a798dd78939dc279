"""Reads a provider's Responses stream into neutral events; no I/O, never raises.

Events after `ResponseStreamEvent` of the `openai` SDK 3.51.0. Servers deviate: pieces
may be missing where a `done` event has the whole, items may be told only at their end
or only in the last event, and ids of items may change on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from proxy.errors import FailureKind
from proxy.model import AnswerFailed, Event, Ping, TextDelta
from proxy.wire.counts import members, told
from proxy.wire.incoming import ServerEvents, TooBig
from proxy.wire.responses.provider.answer import (
    ended,
    failure,
    listed,
    spent,
    start,
)
from proxy.wire.responses.provider.items import (
    TextPart,
    decoded,
    shape_of,
    text_of,
)
from proxy.wire.responses.provider.output import Items

_TEXT: Final = "response.output_text.delta"
_CUT: Final = AnswerFailed(FailureKind.CUT, "The provider's answer broke off.")
_TOO_BIG: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent an event larger than Turnout takes."
)
_NOT_JSON: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent an event that is not JSON."
)
_NO_STREAM: Final = AnswerFailed(
    FailureKind.MALFORMED, "The provider sent no event of this protocol."
)


class _Said(msgspec.Struct, gc=False):
    """One event; what else it holds is not looked at."""

    type: str = ""
    output_index: int | None = None
    content_index: int = 0
    summary_index: int = 0
    item_id: str = ""
    delta: str = ""
    text: str = ""
    refusal: str = ""
    arguments: str = ""
    input: str = ""
    item: msgspec.Raw | None = None
    part: msgspec.Raw | None = None
    annotation: msgspec.Raw | None = None
    response: msgspec.Raw | None = None
    error: msgspec.Raw | None = None


_SAID: Final = msgspec.json.Decoder(_Said)
_NUMBERS: Final = ("output_index", "content_index", "summary_index")
_RAW: Final = ("item", "part", "annotation", "response", "error")
_TEXTS: Final = frozenset(_Said.__struct_fields__) - {*_NUMBERS, *_RAW}


def _loose(data: bytes) -> _Said | None:
    """Read an event that holds a value of a wrong type; None for what is no JSON.

    What is wrong counts as not told.
    """
    found = members(data)
    if found is None:
        return None if decoded(data) is None else _Said()
    known: dict[str, Any] = {}
    for name, raw in found.items():
        if name in _RAW:
            known[name] = raw
            continue
        wanted = str if name in _TEXTS else int if name in _NUMBERS else None
        value = None if wanted is None else decoded(raw)
        if wanted is not None and isinstance(value, wanted):
            known[name] = value
    return _Said(**known)


class StreamReader:
    """Reads one streamed answer.

    `answer_id` and `model` stand in where the provider names none.
    """

    __slots__ = (
        "_answer_id",
        "_at",
        "_comments",
        "_content",
        "_events",
        "_fed",
        "_hot",
        "_items",
        "_model",
        "_over",
        "_started",
    )

    def __init__(self, *, answer_id: str, model: str) -> None:
        """Start before the first byte."""
        self._answer_id = answer_id
        self._model = model
        self._events = ServerEvents()
        self._comments = 0
        self._fed = False
        self._items = Items(answer_id)
        self._started = False
        self._over = False
        # The text part that is being said, and its place: most events go there.
        self._hot: TextPart | None = None
        self._at: int | None = None
        self._content = 0

    def feed(self, data: bytes) -> Sequence[Event]:
        """Return the events that these bytes complete."""
        if self._over:
            return ()
        self._fed = self._fed or bool(data)
        events: list[Event] = []
        try:
            found = self._events.feed(data)
        except TooBig:
            self._fail(events, _TOO_BIG)
            return events
        if self._events.comments != self._comments:
            self._comments = self._events.comments
            if self._started:
                events.append(Ping())
        for _, each in found:
            self._read(each, events)
        return events

    def finish(self) -> Sequence[Event]:
        """Return the last events at a clean end of the connection."""
        events: list[Event] = []
        if self._over:
            return events
        try:
            found = self._events.finish()
        except TooBig:
            self._fail(events, _TOO_BIG)
            return events
        for _, each in found:
            self._read(each, events)
        if not self._over:
            strange = self._fed and not self._started and not self._events.comments
            self._fail(events, _NO_STREAM if strange else _CUT)
        return events

    def _read(self, data: bytes, events: list[Event]) -> None:
        if self._over:
            return
        try:
            said = _SAID.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            loose = _loose(data)
            if loose is None:
                self._not_json(data, events)
                return
            said = loose
        hot = self._hot
        if (
            hot is not None
            and said.type == _TEXT
            and said.output_index == self._at
            and said.content_index == self._content
            and said.delta
        ):
            hot.said.pieces.append(said.delta)
            events.append(TextDelta(hot.index, said.delta))
        else:
            self._hot = None
            self._take(said, data, events)

    def _not_json(self, data: bytes, events: list[Event]) -> None:
        # Chat's sign of an end: some servers send it here too.
        if data.strip() != b"[DONE]":
            self._fail(events, _NOT_JSON)

    def _take(self, said: _Said, data: bytes, events: list[Event]) -> None:
        if said.type == "error" or (not said.type and told(said.error)):
            shape = shape_of(data)
            self._fail(events, failure(shape.get("error") or shape))
            return
        handler = self._handlers.get(said.type)
        if handler is None:
            return
        if not self._started:
            self._started = True
            response = members(said.response) or {}
            events.append(start(response, self._answer_id, self._model))
        events += handler(self, said)

    def _fail(self, events: list[Event], failed: AnswerFailed) -> None:
        self._over = True
        events.append(failed)

    def _began(self, said: _Said) -> list[Event]:
        del said
        return []

    def _alive(self, said: _Said) -> list[Event]:
        del said
        return [Ping()]

    def _item_added(self, said: _Said) -> list[Event]:
        return self._items.added(said.output_index, shape_of(said.item))

    def _item_done(self, said: _Said) -> list[Event]:
        shape = shape_of(said.item)
        item_id = said.item_id or text_of(shape, "id")
        return self._items.done(said.output_index, item_id, shape)

    def _text_delta(self, said: _Said) -> list[Event]:
        item = self._items.message(said.output_index, said.item_id)
        if item is None:
            return []
        part = item.part(said.content_index)
        events = part.delta(said.delta)
        if part.index >= 0 and not part.ended and said.output_index is not None:
            self._hot, self._at = part, said.output_index
            self._content = said.content_index
        return events

    def _text_done(self, said: _Said) -> list[Event]:
        item = self._items.message(said.output_index, said.item_id)
        if item is None:
            return []
        return item.part(said.content_index).whole({"text": said.text})

    def _refusal_delta(self, said: _Said) -> list[Event]:
        item = self._items.message(said.output_index, said.item_id)
        if item is None:
            return []
        return item.part(said.content_index, refusal=True).delta(said.delta)

    def _refusal_done(self, said: _Said) -> list[Event]:
        item = self._items.message(said.output_index, said.item_id)
        if item is None:
            return []
        part = item.part(said.content_index, refusal=True)
        return part.whole({"refusal": said.refusal})

    def _annotation(self, said: _Said) -> list[Event]:
        item = self._items.message(said.output_index, said.item_id)
        shape = shape_of(said.annotation)
        if item is None or not shape:
            return []
        return item.part(said.content_index).cite(shape)

    def _content_done(self, said: _Said) -> list[Event]:
        shape = shape_of(said.part)
        if text_of(shape, "type") == "reasoning_text":
            return self._thought(said, text_of(shape, "text"), summary=False)
        item = self._items.message(said.output_index, said.item_id)
        return [] if item is None else item.content(said.content_index, shape)

    def _summary_delta(self, said: _Said) -> list[Event]:
        item = self._items.thinking(said.output_index, said.item_id)
        return item.delta(said.delta, said.summary_index, summary=True)

    def _summary_done(self, said: _Said) -> list[Event]:
        whole = said.text or text_of(shape_of(said.part), "text")
        return self._thought(said, whole, summary=True)

    def _thought_delta(self, said: _Said) -> list[Event]:
        item = self._items.thinking(said.output_index, said.item_id)
        return item.delta(said.delta, said.content_index, summary=False)

    def _thought_done(self, said: _Said) -> list[Event]:
        return self._thought(said, said.text, summary=False)

    def _thought(self, said: _Said, text: str, *, summary: bool) -> list[Event]:
        at = said.summary_index if summary else said.content_index
        item = self._items.thinking(said.output_index, said.item_id)
        return item.whole(text, at, summary=summary)

    def _call_delta(self, said: _Said) -> list[Event]:
        item = self._items.call(said.output_index, said.item_id)
        return [] if item is None else item.delta(said.delta)

    def _call_done(self, said: _Said) -> list[Event]:
        item = self._items.call(said.output_index, said.item_id)
        return [] if item is None else item.whole(said.arguments or said.input)

    def _ended(self, said: _Said) -> list[Event]:
        self._over = True
        response = members(said.response) or {}
        events = self._items.end(listed(response))
        cut = said.type == "response.incomplete"
        return [*events, ended(response, self._items.output, cut=cut)]

    def _failed(self, said: _Said) -> list[Event]:
        self._over = True
        response = members(said.response) or {}
        error = response.get("error")
        failed = failure(decoded(error if told(error) else said.error))
        return [*spent(response), failed]

    _handlers: ClassVar[dict[str, Callable[[StreamReader, _Said], list[Event]]]] = {
        "response.created": _began,
        "response.queued": _began,
        "response.in_progress": _began,
        "keepalive": _alive,
        "response.output_item.added": _item_added,
        "response.output_item.done": _item_done,
        _TEXT: _text_delta,
        "response.output_text.done": _text_done,
        "response.output_text.annotation.added": _annotation,
        "response.refusal.delta": _refusal_delta,
        "response.refusal.done": _refusal_done,
        "response.content_part.done": _content_done,
        "response.reasoning_summary_text.delta": _summary_delta,
        "response.reasoning_summary_text.done": _summary_done,
        "response.reasoning_summary_part.done": _summary_done,
        "response.reasoning_text.delta": _thought_delta,
        "response.reasoning_text.done": _thought_done,
        "response.function_call_arguments.delta": _call_delta,
        "response.function_call_arguments.done": _call_done,
        "response.custom_tool_call_input.delta": _call_delta,
        "response.custom_tool_call_input.done": _call_done,
        "response.completed": _ended,
        "response.incomplete": _ended,
        "response.failed": _failed,
        "response.cancelled": _failed,
    }
