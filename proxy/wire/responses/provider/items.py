"""Follows the output items of a provider's Responses answer; no I/O.

An item's text may come in pieces, whole at its end, or both: each of these says what
has not been said before, and nothing twice. Nothing here raises, whatever comes.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from proxy.model import (
    CallKind,
    Citation,
    CitationAdded,
    Event,
    Json,
    JsonObject,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.wire.fields import Fields, WireError
from proxy.wire.responses.citations import read_citation
from proxy.wire.responses.items import kept_item

Item: TypeAlias = "MessageItem | ThinkingItem | CallItem | WholeItem"
"""One output item while it comes in."""

_CALLS: Final = {
    "function_call": (CallKind.FUNCTION, "arguments"),
    "custom_tool_call": (CallKind.CUSTOM, "input"),
}
_TEXTS: Final = frozenset({"output_text", "text"})
_ID_TAIL: Final = 16


class Output:
    """What all items of one answer share: the count of its parts, and what they were.

    `called`, `refused` and `written` tell whether there was a call, a refusal, a text.
    """

    __slots__ = ("_begun", "_calls", "_tail", "called", "refused", "written")

    def __init__(self, answer_id: str) -> None:
        """Start with no part; `answer_id` makes the ids of calls that have none."""
        letters = "".join(each for each in answer_id if each.isalnum())
        self._tail = letters[-_ID_TAIL:]
        self._begun = 0
        self._calls = 0
        self.called: set[str] = set()
        self.refused = False
        self.written = False

    def next(self) -> int:
        """Return the index of the part that begins now."""
        self._begun += 1
        return self._begun - 1

    def call_id(self, given: str) -> str:
        """Return the id of the call that begins now.

        A new one where none is given, or one that another call has already.
        """
        self._calls += 1
        made = f"call_{self._tail}_{self._calls}"
        call_id = made if not given or given in self.called else given
        self.called.add(call_id)
        return call_id


def open_item(output: Output, shape: JsonObject) -> Item:
    """Begin an item as its first event, or its only one, shows it."""
    kind = text_of(shape, "type")
    if kind == "message":
        return MessageItem(output, shape)
    if kind == "reasoning":
        return ThinkingItem(output, shape)
    if kind in _CALLS:
        return CallItem(output, shape)
    return WholeItem(output, shape)


def text_of(shape: JsonObject, key: str) -> str:
    """Return a string member, '' for anything else."""
    value = shape.get(key)
    return value if isinstance(value, str) else ""


def objects_of(shape: JsonObject, key: str) -> list[dict[str, Json]]:
    """Return a list member's objects, none for anything else."""
    value = shape.get(key)
    entries = value if isinstance(value, list) else []
    return [each for each in entries if isinstance(each, dict)]


def decoded(raw: msgspec.Raw | bytes | None) -> Json:
    """Decode a value; None for anything that is no JSON."""
    if raw is None:
        return None
    try:
        value: Json = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value


def shape_of(raw: msgspec.Raw | bytes | None) -> dict[str, Json]:
    """Decode an object; an empty one for anything else."""
    value = decoded(raw)
    return value if isinstance(value, dict) else {}


class Said:
    """What of one text has been said."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        """Start with nothing said."""
        self.pieces: list[str] = []

    def rest_of(self, whole: str) -> str:
        """Return what of the whole text is still to be said, and take it as said.

        Nothing, where the pieces were none of this text.
        """
        said = "".join(self.pieces)
        rest = whole[len(said) :] if whole.startswith(said) else ""
        if rest:
            self.pieces.append(rest)
        return rest


class TextPart:
    """One content part of a message; it begins with its first character."""

    __slots__ = ("_output", "_refusal", "_told", "ended", "index", "said")

    def __init__(self, output: Output, *, refusal: bool) -> None:
        """Wait for the first piece."""
        self._output = output
        self._refusal = refusal
        self._told = 0
        self.ended = False
        self.index = -1
        self.said = Said()

    def delta(self, text: str) -> list[Event]:
        """Say the next piece."""
        if not text or self.ended:
            return []
        self.said.pieces.append(text)
        return [*self._begin(), TextDelta(self.index, text)]

    def cite(self, shape: JsonObject) -> list[Event]:
        """Say a source."""
        if self.ended or self._refusal:
            return []
        self._told += 1
        return [*self._begin(), CitationAdded(self.index, _citation(shape))]

    def whole(self, shape: JsonObject) -> list[Event]:
        """Say what is missing of the complete part."""
        events: list[Event] = []
        if not self.ended:
            text = text_of(shape, "refusal" if self._refusal else "text")
            rest = self.said.rest_of(text)
            if rest:
                events = [*self._begin(), TextDelta(self.index, rest)]
            for each in objects_of(shape, "annotations")[self._told :]:
                events += self.cite(each)
        return events

    def end(self) -> list[Event]:
        """Say that the part is complete, where it has begun."""
        if self.ended:
            return []
        self.ended = True
        return [] if self.index < 0 else [PartEnded(self.index)]

    def _begin(self) -> list[Event]:
        if self.index >= 0:
            return []
        self.index = self._output.next()
        self._output.written = True
        self._output.refused |= self._refusal
        return [TextStarted(self.index, self._refusal)]


class MessageItem:
    """A message: its parts by their place, text and refusal kept apart."""

    __slots__ = ("_output", "_parts", "_unread", "done", "id", "kind")

    def __init__(self, output: Output, shape: JsonObject) -> None:
        """Open a message without content."""
        self._output = output
        self._parts: dict[tuple[int, bool], TextPart] = {}
        self._unread: set[int] = set()
        self.done = False
        self.id = text_of(shape, "id")
        self.kind = "message"

    def part(self, at: int, *, refusal: bool = False) -> TextPart:
        """Return the part at a place, a new one where there was none."""
        key = (at, refusal)
        if key not in self._parts:
            self._parts[key] = TextPart(self._output, refusal=refusal)
        return self._parts[key]

    def content(self, at: int, shape: JsonObject) -> list[Event]:
        """Take a complete content part."""
        kind = text_of(shape, "type")
        if kind in _TEXTS or kind == "refusal":
            part = self.part(at, refusal=kind == "refusal")
            return [*part.whole(shape), *part.end()]
        if not kind or at in self._unread:
            return []
        self._unread.add(at)
        unread = Opaque(Protocol.RESPONSES, kind, shape)
        return [PartWhole(self._output.next(), unread)]

    def finish(self, shape: JsonObject) -> list[Event]:
        """End the message; `shape` is all of it, or empty where it was not told."""
        self.done = True
        events: list[Event] = []
        for at, each in enumerate(objects_of(shape, "content")):
            events += self.content(at, each)
        for part in self._parts.values():
            events += part.end()
        return events


class ThinkingItem:
    """Reasoning; it begins with its first word, or where it turns out to be sealed."""

    __slots__ = ("_index", "_output", "_said", "done", "id", "kind")

    def __init__(self, output: Output, shape: JsonObject) -> None:
        """Wait for the first piece."""
        self._output = output
        self._index = -1
        # By place; the summary and the reasoning itself count apart.
        self._said: dict[tuple[bool, int], Said] = {}
        self.done = False
        self.id = text_of(shape, "id")
        self.kind = "reasoning"

    def delta(self, text: str, at: int, *, summary: bool) -> list[Event]:
        """Say the next piece of the summary's part `at`, or of the reasoning."""
        if not text or self.done:
            return []
        self._of(at, summary=summary).pieces.append(text)
        return self._say(text, at if summary else None)

    def whole(self, text: str, at: int, *, summary: bool) -> list[Event]:
        """Say what is missing of a complete text."""
        if self.done:
            return []
        rest = self._of(at, summary=summary).rest_of(text)
        return self._say(rest, at if summary else None) if rest else []

    def finish(self, shape: JsonObject) -> list[Event]:
        """End the reasoning; its sealed form is whole only here."""
        events: list[Event] = []
        for key, summary in (("summary", True), ("content", False)):
            for at, each in enumerate(objects_of(shape, key)):
                events += self.whole(text_of(each, "text"), at, summary=summary)
        self.done = True
        sealed = text_of(shape, "encrypted_content")
        if sealed:
            self.id = self.id or text_of(shape, "id")
            events += [*self._begin(), ThinkingSealed(self._index, sealed)]
        return [*events, PartEnded(self._index)] if self._index >= 0 else events

    def _of(self, at: int, *, summary: bool) -> Said:
        return self._said.setdefault((summary, at), Said())

    def _say(self, text: str, summary: int | None) -> list[Event]:
        return [*self._begin(), ThinkingDelta(self._index, text, summary)]

    def _begin(self) -> list[Event]:
        if self._index >= 0:
            return []
        self._index = self._output.next()
        origin = Origin(Protocol.RESPONSES)
        return [ThinkingStarted(self._index, None, origin, self.id or None)]


class CallItem:
    """A call; it begins once its name and its id are known."""

    __slots__ = (
        "_began_with",
        "_index",
        "_key",
        "_output",
        "_said",
        "done",
        "id",
        "kind",
    )

    def __init__(self, output: Output, shape: JsonObject) -> None:
        """Take the call as its first event shows it, perhaps without arguments."""
        self._output = output
        self._began_with = shape
        self._index = -1
        self._said = Said()
        self.done = False
        self.id = text_of(shape, "id")
        self.kind = text_of(shape, "type")
        self._key = _CALLS[self.kind][1]

    def begin(self) -> list[Event]:
        """Say that the call begins, where it is known which one."""
        known = self._began_with
        if text_of(known, "name") and text_of(known, "call_id"):
            return self._begin(known)
        return []

    def delta(self, text: str) -> list[Event]:
        """Say the next piece of the arguments."""
        if not text or self.done:
            return []
        self._said.pieces.append(text)
        return [ToolCallArguments(self._index, text)] if self._index >= 0 else []

    def whole(self, text: str) -> list[Event]:
        """Say what is missing of the complete arguments."""
        rest = "" if self.done else self._said.rest_of(text)
        return [ToolCallArguments(self._index, rest)] if rest and self._begun else []

    def finish(self, shape: JsonObject) -> list[Event]:
        """End the call; arguments told nowhere else stand in its first event."""
        if self.done:
            return []
        known = {**self._began_with, **shape}
        name = text_of(known, "name")
        if not self._begun and not name:
            self.done = True
            unread = Opaque(Protocol.RESPONSES, self.kind, known)
            return [PartWhole(self._output.next(), unread)]
        events = [] if self._begun else self._begin(known)
        whole = text_of(shape, self._key) or text_of(self._began_with, self._key)
        events += self.whole(whole)
        self.done = True
        return [*events, PartEnded(self._index)]

    @property
    def _begun(self) -> bool:
        return self._index >= 0

    def _begin(self, known: JsonObject) -> list[Event]:
        self._index = self._output.next()
        started = ToolCallStarted(
            self._index,
            self._output.call_id(text_of(known, "call_id")),
            text_of(known, "name"),
            _CALLS[self.kind][0],
            text_of(known, "namespace") or None,
        )
        waiting = "".join(self._said.pieces)
        pieces = [ToolCallArguments(self._index, waiting)] if waiting else []
        return [started, *pieces]


class WholeItem:
    """An item that is only told whole: a provider's tool, or one nobody reads."""

    __slots__ = ("_began_with", "_output", "done", "id", "kind")

    def __init__(self, output: Output, shape: JsonObject) -> None:
        """Keep the item as it began, should its end not be told."""
        self._output = output
        self._began_with = shape
        self.done = False
        self.id = text_of(shape, "id")
        self.kind = text_of(shape, "type")

    def finish(self, shape: JsonObject) -> list[Event]:
        """Tell the item."""
        whole = shape or self._began_with
        kind = text_of(whole, "type")
        if self.done or not kind:
            return []
        self.done = True
        return [PartWhole(self._output.next(), kept_item(kind, whole))]


def _citation(shape: JsonObject) -> Citation:
    try:
        return read_citation(Fields(dict(shape)))
    except WireError:
        return Citation(Protocol.RESPONSES, shape)
