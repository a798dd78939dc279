"""Turns a provider's content blocks into events; no I/O, and it never raises.

A server may number its blocks wrongly, think inside a text block or send pieces for no
block at all. Whatever comes, what goes out keeps the order of `proxy.model.events`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

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
    ServerPart,
    SignatureDelta,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
)
from proxy.wire.anthropic.blocks import is_of_server
from proxy.wire.anthropic.inputs import call_input
from proxy.wire.anthropic.provider.words import text_of
from proxy.wire.fields import json_text

_ORIGIN: Final = Origin(Protocol.MESSAGES)


class Kind(Enum):
    """What a block becomes."""

    TEXT = auto()
    THINKING = auto()
    SEALED = auto()
    CALL = auto()
    WHOLE = auto()


_READABLE: Final = {Kind.TEXT, Kind.THINKING, Kind.SEALED}


class OpenBlock:
    """A block that has begun; `at` is the index of its part, `raw` how it began."""

    __slots__ = ("at", "kind", "pieces", "raw", "said")

    def __init__(self, kind: Kind, at: int, raw: JsonObject) -> None:
        self.kind = kind
        self.at = at
        self.raw = raw
        self.pieces: list[str] = []
        self.said = False


class ProviderBlocks:
    """The blocks of one answer; `open` by the provider's index, `called` once any."""

    __slots__ = ("_answer_id", "_closed", "_ids", "_next", "called", "open")

    def __init__(self, answer_id: str) -> None:
        """Start before the first block; `answer_id` goes into ids made up here."""
        self.open: dict[int, OpenBlock] = {}
        self.called = False
        self._closed: set[int] = set()
        self._ids: set[str] = set()
        self._next = 0
        self._answer_id = answer_id

    def start(self, index: Json, block: JsonObject) -> list[Event]:
        """Begin a block.

        Another that is open ends, as the protocol has one at a time; only calls stay
        open, for a server may send their pieces in turns.
        """
        out: list[Event] = []
        place = self._place(index)
        for other in [
            each
            for each, held in self.open.items()
            if each == place or held.kind is not Kind.CALL
        ]:
            out += self.stop(other)
        self._begin(place, block, out)
        return out

    def delta(self, index: Json, delta: JsonObject) -> list[Event]:
        """Take a piece of a block."""
        out: list[Event] = []
        match delta.get("type"):
            case "text_delta":
                self._words(index, Kind.TEXT, delta.get("text"), out)
            case "thinking_delta":
                self._words(index, Kind.THINKING, delta.get("thinking"), out)
            case "input_json_delta":
                self._input(index, text_of(delta.get("partial_json")), out)
            case "signature_delta":
                block, text = self._found(index, Kind.THINKING), delta.get("signature")
                if block is not None and isinstance(text, str) and text:
                    out.append(SignatureDelta(block.at, text))
            case "citations_delta":
                block, raw = self._found(index, Kind.TEXT), delta.get("citation")
                if block is not None and isinstance(raw, dict):
                    out.append(CitationAdded(block.at, _citation(raw)))
            case _:
                block = self._found(index, Kind.WHOLE)
                if block is not None:
                    more = {k: v for k, v in delta.items() if k != "type"}
                    block.raw = {**block.raw, **more}
        return out

    def stop(self, index: Json) -> list[Event]:
        """End a block; a number never heard of means the only one that is open."""
        place = self._place(index)
        if place not in self.open and place not in self._closed:
            place = next(iter(self.open)) if len(self.open) == 1 else place
        block = self.open.pop(place, None)
        self._closed.add(place)
        if block is None:
            return []
        if block.kind is Kind.WHOLE:
            return [PartWhole(self._count(), _whole(block))]
        if block.kind is Kind.CALL and not block.said:
            return [ToolCallArguments(block.at, _given(block)), PartEnded(block.at)]
        return [PartEnded(block.at)]

    def close(self) -> list[Event]:
        """End what is still open, in the order it began."""
        return [event for each in list(self.open) for event in self.stop(each)]

    def _place(self, index: Json) -> int:
        if isinstance(index, int) and not isinstance(index, bool):
            return index
        return next(iter(self.open), len(self._closed))

    def _count(self) -> int:
        self._next += 1
        return self._next - 1

    def _begin(self, place: int, block: JsonObject, out: list[Event]) -> None:
        match block:
            case {"type": "text"}:
                at = self._held(place, Kind.TEXT, block)
                out.append(TextStarted(at))
                self._words(place, Kind.TEXT, block.get("text"), out)
                citations = block.get("citations")
                raws = citations if isinstance(citations, list) else []
                told = (_citation(raw) for raw in raws if isinstance(raw, dict))
                out += (CitationAdded(at, each) for each in told)
            case {"type": "thinking"}:
                at = self._held(place, Kind.THINKING, block)
                out.append(ThinkingStarted(at, origin=_ORIGIN))
                self._words(place, Kind.THINKING, block.get("thinking"), out)
                signature = text_of(block.get("signature"))
                if signature is not None:
                    out.append(SignatureDelta(at, signature))
            case {"type": "redacted_thinking", "data": str(data)}:
                at = self._held(place, Kind.SEALED, block)
                out.append(ThinkingStarted(at, data, _ORIGIN))
            case {"type": "tool_use", "name": str(name)} if name:
                at = self._held(place, Kind.CALL, block)
                out.append(ToolCallStarted(at, self._call_id(block.get("id")), name))
                self.called = True
            case _:
                self._closed.discard(place)
                self.open[place] = OpenBlock(Kind.WHOLE, -1, block)

    def _held(self, place: int, kind: Kind, raw: JsonObject) -> int:
        at = self._count()
        self._closed.discard(place)
        self.open[place] = OpenBlock(kind, at, raw)
        return at

    def _call_id(self, told: Json) -> str:
        """Return the call's id; one of our own where it is missing or not unique."""
        call_id = text_of(told)
        if call_id is None or call_id in self._ids:
            call_id = f"call_{self._answer_id[-24:]}_{self._next}"
        self._ids.add(call_id)
        return call_id

    def _found(self, index: Json, kind: Kind) -> OpenBlock | None:
        """Return the open block a piece of this kind belongs to, if there is any."""
        place = self._place(index)
        block = self.open.get(place)
        if block is not None:
            return block if block.kind is kind else None
        alike = [each for each in self.open.values() if each.kind is kind]
        astray = place not in self._closed or kind is Kind.CALL
        return alike[0] if len(alike) == 1 and astray else None

    def _words(self, index: Json, kind: Kind, text: Json, out: list[Event]) -> None:
        if not isinstance(text, str) or not text:
            return
        block = self._found(index, kind)
        if block is None:
            place = self._place(index)
            other = self.open.get(place)
            if other is not None and other.kind not in _READABLE:
                return
            # Words that stand in the wrong block, or in none, get one of their own.
            out += self.start(place, {"type": kind.name.lower()})
            block = self.open[place]
        piece = TextDelta if kind is Kind.TEXT else ThinkingDelta
        out.append(piece(block.at, text))

    def _input(self, index: Json, text: str | None, out: list[Event]) -> None:
        if text is None:
            return
        call = self._found(index, Kind.CALL)
        if call is not None:
            call.said = True
            out.append(ToolCallArguments(call.at, text))
            return
        whole = self._found(index, Kind.WHOLE)
        if whole is not None:
            whole.pieces.append(text)


def _given(block: OpenBlock) -> str:
    """Return the input that came with the call's start."""
    given = block.raw.get("input")
    if isinstance(given, str) and given:
        return given
    return json_text(given) if isinstance(given, dict) else "{}"


def _whole(block: OpenBlock) -> ServerPart | Opaque:
    raw = dict(block.raw)
    if block.pieces:
        raw["input"] = call_input("".join(block.pieces), CallKind.FUNCTION)
    kind = text_of(raw.get("type")) or "unknown"
    if is_of_server(kind):
        call_id = text_of(raw.get("id")) or text_of(raw.get("tool_use_id"))
        return ServerPart(Protocol.MESSAGES, kind, raw, call_id)
    return Opaque(Protocol.MESSAGES, kind, raw)


def _citation(raw: JsonObject) -> Citation:
    return Citation(
        protocol=Protocol.MESSAGES,
        raw=raw,
        url=text_of(raw.get("url")),
        title=text_of(raw.get("title")) or text_of(raw.get("document_title")),
        quote=text_of(raw.get("cited_text")),
    )
