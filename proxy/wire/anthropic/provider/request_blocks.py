"""Writes the content blocks of a Messages request; no I/O.

Shapes: the `*BlockParam` types of the `anthropic` SDK 2.8.0. What another protocol
brought and this one has no block for is named, never dropped in silence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Document,
    FileId,
    Image,
    JsonObject,
    Opaque,
    Part,
    Protocol,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.anthropic.blocks import citation_raw
from proxy.wire.anthropic.inputs import arguments_object, call_input
from proxy.wire.losses import Noted

Block: TypeAlias = dict[str, object]
"""A JSON object about to be encoded; may hold raw JSON."""

_PDF: Final = "application/pdf"


def mark(cache: CacheMark | None) -> Block:
    """Write `cache_control` where there is a mark, nothing where there is none."""
    if cache is None:
        return {}
    shape: Block = {"type": "ephemeral"}
    if cache.ttl is not None:
        shape["ttl"] = cache.ttl
    return {"cache_control": {**shape, **cache.extras}}


class Blocks:
    """Writes parts as blocks.

    `own` tells that the request came in this very protocol: then it is given back as
    it came. Else empty texts are left out, which the API refuses. `unsigned` lets
    readable reasoning without a signature through.
    """

    __slots__ = ("_lost", "_own", "_unsigned")

    def __init__(self, lost: Noted, *, own: bool, unsigned: bool) -> None:
        self._lost = lost
        self._own = own
        self._unsigned = unsigned

    def write(self, parts: Iterable[Part]) -> list[Block]:
        """Return the blocks of these parts, in their order."""
        written = (self._part(each) for each in parts)
        return [each for each in written if each is not None]

    def _part(self, part: Part) -> Block | None:
        match part:
            case Text():
                return self._text(part)
            case Image():
                return self._image(part)
            case Document():
                return self._document(part)
            case Thinking():
                return self._thinking(part)
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case ServerPart() | Opaque():
                return self._kept(part)
            case ToolsAdded():
                self._lost.add("unknown_part")
                return None

    def _extras(self, extras: JsonObject) -> JsonObject:
        return extras if self._own else {}

    def _text(self, part: Text) -> Block | None:
        if not self._own and not part.text.strip():
            return None
        shape: Block = {"type": "text", "text": part.text}
        raws = [citation_raw(each) for each in part.citations]
        told = [dict(raw) for raw in raws if raw is not None]
        if told:
            shape["citations"] = told
        if len(told) < len(raws):
            self._lost.add("citation")
        return {**shape, **mark(part.cache), **self._extras(part.extras)}

    def _image(self, part: Image) -> Block:
        if part.detail not in {None, "auto"}:
            self._lost.add("image_detail")
        shape: Block = {"type": "image", "source": _source(part.source)}
        return {**shape, **mark(part.cache), **self._extras(part.extras)}

    def _document(self, part: Document) -> Block:
        shape: Block = {"type": "document", "source": self._document_source(part)}
        if part.name is not None:
            shape["title"] = part.name
        if part.context is not None:
            shape["context"] = part.context
        if part.citations:
            shape["citations"] = {"enabled": True}
        return {**shape, **mark(part.cache), **self._extras(part.extras)}

    def _document_source(self, part: Document) -> Block:
        match part.source:
            case Text(text=text):
                return _plain(text)
            case tuple() as parts:
                return {"type": "content", "content": self.write(parts)}
            case Base64() as file if not self._own:
                words = _readable(file)
                return _source(file) if words is None else _plain(words)
            case source:
                return _source(source)

    def _thinking(self, part: Thinking) -> Block | None:
        extras = self._extras(part.extras)
        own = part.origin is not None and part.origin.protocol is Protocol.MESSAGES
        if part.sealed is not None and not part.signature:
            if own:
                return {"type": "redacted_thinking", "data": part.sealed, **extras}
            self._lost.add("thinking_replay")
            if not part.text and not part.summary:
                return None
        shape: Block = {"type": "thinking", "thinking": readable(part)}
        if part.signature is not None:
            shape["signature"] = part.signature
        elif not (self._own and own):
            if not self._unsigned:
                self._lost.add("thinking_replay")
                return None
            shape["signature"] = ""
        return {**shape, **extras}

    def _call(self, part: ToolCall) -> Block:
        shape: Block = {
            "type": "tool_use",
            "id": part.id,
            "name": part.name,
            "input": self._input(part),
        }
        return {**shape, **mark(part.cache), **self._extras(part.extras)}

    def _input(self, part: ToolCall) -> object:
        if part.kind is CallKind.FUNCTION and arguments_object(part.arguments):
            # As the model wrote it: the same bytes find the same cache.
            return msgspec.Raw(part.arguments.encode())
        shape = call_input(part.arguments, part.kind)
        if part.kind is CallKind.FUNCTION and shape:
            self._lost.add("broken_arguments")
        return shape

    def _result(self, part: ToolResult) -> Block:
        shape: Block = {"type": "tool_result", "tool_use_id": part.call_id}
        content = self.write(part.parts)
        if content:
            shape["content"] = content
        if part.is_error is not None:
            shape["is_error"] = part.is_error
        return {**shape, **mark(part.cache), **self._extras(part.extras)}

    def _kept(self, part: ServerPart | Opaque) -> Block | None:
        if part.protocol is Protocol.MESSAGES:
            return dict(part.raw)
        name = "server_part" if isinstance(part, ServerPart) else "unknown_part"
        self._lost.add(name, [part.kind])
        return None


def readable(part: Thinking) -> str:
    """Return what can be read of reasoning: its summary, then the reasoning itself."""
    return "\n\n".join([*part.summary, *([part.text] if part.text else [])])


def _source(source: Base64 | Url | FileId) -> Block:
    match source:
        case Base64(media_type=media_type, data=data):
            return {"type": "base64", "media_type": media_type, "data": data}
        case Url(url=url):
            return {"type": "url", "url": url}
        case FileId(id=file_id):
            return {"type": "file", "file_id": file_id}


def _plain(text: str) -> Block:
    return {"type": "text", "media_type": "text/plain", "data": text}


def _readable(source: Base64) -> str | None:
    """Return the text of a file that is one: base64 documents must be PDF here."""
    kind = source.media_type.partition(";")[0].strip().lower()
    if kind == _PDF or not (kind.startswith("text/") or kind == "application/json"):
        return None
    try:
        return base64.b64decode(source.data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
