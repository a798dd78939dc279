"""Puts the tool calls of a Chat answer together, whatever way they are cut; no I/O.

Servers agree on little here. A piece belongs to the call at its index, else to the one
with its id, else to the last. A call begins with the first piece of its arguments, as
its name may come in pieces before that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from proxy.model import (
    CallKind,
    Event,
    Json,
    Origin,
    PartEnded,
    Protocol,
    SignatureDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.wire.chat.provider.chunks import inside, text_of

_OBJECT: Final = msgspec.json.Decoder(dict[str, object])
_NAMELESS: Final = "unnamed"


class _Call:
    """A call while its pieces come in; `index` is its part, None before it began."""

    __slots__ = ("custom", "ended", "id", "index", "name", "signature", "texts")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.signature = ""
        self.texts: list[str] = []
        self.index: int | None = None
        self.custom = False
        self.ended = False

    @property
    def whole(self) -> bool:
        """Whether the arguments so far are an object with something in it."""
        text = "".join(self.texts)
        if not text.endswith("}") or self.custom:
            return False
        try:
            return bool(_OBJECT.decode(text))
        except (msgspec.DecodeError, RecursionError):
            return False


class Calls:
    """The calls of one answer; `place` gives the index of the next part.

    `tail` is what made-up ids end in: some servers give none.
    """

    __slots__ = ("_at", "_calls", "_ids", "_place", "_tail")

    def __init__(self, tail: str, place: Callable[[], int]) -> None:
        self._tail = tail
        self._place = place
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}
        self._ids: set[str] = set()

    @property
    def any(self) -> bool:
        """Whether there was a call at all."""
        return bool(self._calls)

    def take(self, piece: dict[str, Json]) -> list[Event]:
        """Take a piece of a call and return the events it completes."""
        custom = piece.get("custom")
        inner = custom if isinstance(custom, dict) else piece.get("function")
        fields = inner if isinstance(inner, dict) else piece
        name = text_of(fields.get("name"))
        call_id = text_of(piece.get("id"))
        arguments = _text(fields.get("input" if inner is custom else "arguments"))
        events: list[Event] = []
        call = self._find(piece.get("index"), (call_id, name, arguments), events)
        call.custom = call.custom or isinstance(custom, dict)
        if call.index is None:
            call.id = call.id or call_id
            if name != call.name:
                call.name += name
            call.signature = call.signature or _signature(piece)
        if arguments and not call.ended:
            if call.index is None:
                self._begin(call, events)
            call.texts.append(arguments)
            events.append(ToolCallArguments(call.index or 0, arguments))
        return events

    def end(self) -> list[Event]:
        """End every call that is still open, and begin those without arguments."""
        events: list[Event] = []
        for call in self._calls:
            if call.index is None:
                self._begin(call, events)
            if not call.ended:
                self._end(call, events)
        return events

    def _find(self, at: Json, told: tuple[str, str, str], events: list[Event]) -> _Call:
        call_id, name, arguments = told
        known: _Call | None = None
        if isinstance(at, int):
            known = self._at.get(at)
        elif call_id:
            known = next((each for each in self._calls if each.id == call_id), None)
        elif self._calls:
            known = self._calls[-1]
        if known is None or _another(known, call_id, name, arguments):
            self._settle(events)
            known = _Call()
            self._calls.append(known)
            if isinstance(at, int):
                self._at[at] = known
        return known

    def _settle(self, events: list[Event]) -> None:
        # A call whose arguments are whole gets no more: its client may have it now.
        for call in self._calls:
            if call.index is not None and not call.ended and call.whole:
                self._end(call, events)

    def _begin(self, call: _Call, events: list[Event]) -> None:
        if call.signature:
            # The maker's proof of the thought behind this call stands before it.
            at = self._place()
            events.append(ThinkingStarted(at, origin=Origin(Protocol.CHAT)))
            events.append(SignatureDelta(at, call.signature))
            events.append(PartEnded(at))
        call.index = self._place()
        call_id = call.id
        if not call_id or call_id in self._ids:
            call_id = f"call_{self._tail}_{len(self._ids)}"
        self._ids.add(call_id)
        kind = CallKind.CUSTOM if call.custom else CallKind.FUNCTION
        name = call.name or _NAMELESS
        events.append(ToolCallStarted(call.index, call_id, name, kind))

    def _end(self, call: _Call, events: list[Event]) -> None:
        call.ended = True
        call.texts.clear()
        if call.index is not None:
            events.append(PartEnded(call.index))


def _another(known: _Call, call_id: str, name: str, arguments: str) -> bool:
    """Whether a piece at a known call's place begins a call of its own.

    A name must come with it: some servers give every piece a new id. Without an id
    only a second whole call tells.
    """
    if not name:
        return False
    if call_id and known.id:
        return call_id != known.id
    return bool(arguments) and (known.ended or known.whole)


def _text(arguments: Json) -> str:
    if isinstance(arguments, dict):
        return msgspec.json.encode(arguments).decode()
    return text_of(arguments)


def _signature(piece: dict[str, Json]) -> str:
    # Gemini's layer: docs "OpenAI compatibility", thought signatures.
    return text_of(inside(piece, "extra_content", "google", "thought_signature"))
