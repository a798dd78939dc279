"""Reads the content blocks of Messages requests; no I/O.

Blocks nobody here reads are kept whole as `ServerPart` or `Opaque`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from proxy.model import (
    Base64,
    CacheMark,
    Citation,
    Document,
    FileId,
    Image,
    JsonObject,
    Opaque,
    Origin,
    Part,
    Protocol,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from proxy.wire.fields import Fields, WireError, json_text

_ORIGIN: Final = Origin(Protocol.MESSAGES)


def read_parts(blocks: Sequence[Fields], *, nested: bool = False) -> tuple[Part, ...]:
    """Read content blocks.

    `nested` is set inside a tool result or a document, where results and documents
    made of blocks are not read again: depth stays bounded.
    """
    return tuple(_part(each, nested=nested) for each in blocks)


def cache_mark(fields: Fields) -> CacheMark | None:
    """Read `cache_control`."""
    mark = fields.object("cache_control")
    if mark is None:
        return None
    usual = {"type": "ephemeral", "ttl": mark.text("ttl")}
    more = {k: v for k, v in mark.raw.items() if k not in usual or v != usual[k]}
    return CacheMark(mark.text("ttl"), more)


def _part(block: Fields, *, nested: bool) -> Part:
    kind = block.need_text("type")
    if not nested and kind == "tool_result":
        return _tool_result(block)
    if kind == "document":
        return _document(block, nested=nested)
    reader = _READERS.get(kind)
    return _kept(block, kind) if reader is None else reader(block)


def is_of_server(kind: str) -> bool:
    """Tell whether a block is a call of the provider's own tools, or its result."""
    return kind.endswith(("server_tool_use", "_tool_result")) or kind.startswith("mcp_")


def _kept(block: Fields, kind: str) -> Part:
    if is_of_server(kind):
        call_id = block.text("id") or block.text("tool_use_id")
        return ServerPart(Protocol.MESSAGES, kind, block.raw, call_id)
    return Opaque(Protocol.MESSAGES, kind, block.raw)


def _text(block: Fields) -> Text:
    citations = block.objects("citations") or ()
    return Text(
        block.need_text("text"),
        citations=tuple(_citation(each) for each in citations),
        cache=cache_mark(block),
        extras=block.rest,
    )


def _citation(fields: Fields) -> Citation:
    return Citation(
        protocol=Protocol.MESSAGES,
        raw=fields.raw,
        url=fields.text("url"),
        title=fields.text("title") or fields.text("document_title"),
        quote=fields.text("cited_text"),
    )


def _image(block: Fields) -> Image:
    return Image(
        source=_source(block.need_object("source")),
        cache=cache_mark(block),
        extras=block.rest,
    )


def _source(source: Fields) -> Base64 | Url | FileId:
    kind = source.need_text("type")
    if kind == "base64":
        return Base64(source.need_text("media_type"), source.need_text("data"))
    if kind == "url":
        return Url(source.need_text("url"))
    if kind == "file":
        return FileId(source.need_text("file_id"))
    raise WireError(f"{source.path('type')} must be base64, url or file.")


def _document(block: Fields, *, nested: bool) -> Part:
    source = block.need_object("source")
    kind = source.need_text("type")
    if kind == "content" and nested:
        return _kept(block, "document")
    citations = block.object("citations")
    return Document(
        source=_document_source(source, kind),
        name=block.text("title"),
        context=block.text("context"),
        citations=citations is not None and citations.flag("enabled") is True,
        cache=cache_mark(block),
        extras=block.rest,
    )


def _document_source(
    source: Fields, kind: str
) -> Base64 | Url | FileId | Text | tuple[Part, ...]:
    if kind == "text":
        return Text(source.need_text("data"))
    if kind != "content":
        return _source(source)
    content = source.text_or_objects("content")
    if content is None:
        raise source.missing("content")
    if isinstance(content, str):
        return (Text(content),)
    return read_parts(content, nested=True)


def _thinking(block: Fields) -> Thinking:
    return Thinking(
        text=block.need_text("thinking"),
        signature=block.text("signature"),
        origin=_ORIGIN,
        extras=block.rest,
    )


def _redacted(block: Fields) -> Thinking:
    return Thinking(sealed=block.need_text("data"), origin=_ORIGIN, extras=block.rest)


def _tool_use(block: Fields) -> ToolCall:
    return ToolCall(
        id=block.need_text("id"),
        name=block.need_text("name"),
        arguments=json_text(block.need_object("input").raw),
        cache=cache_mark(block),
        extras=block.rest,
    )


def _tool_result(block: Fields) -> ToolResult:
    return ToolResult(
        call_id=block.need_text("tool_use_id"),
        parts=_result_parts(block),
        is_error=block.flag("is_error"),
        cache=cache_mark(block),
        extras=block.rest,
    )


def _result_parts(block: Fields) -> tuple[Part, ...]:
    content = block.text_or_objects("content")
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    return read_parts(content, nested=True)


_READERS: Final[dict[str, Callable[[Fields], Part]]] = {
    "text": _text,
    "image": _image,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
}


def citation_raw(citation: Citation) -> JsonObject | None:
    """Return the citation as Messages spells it, if it came from there."""
    return citation.raw if citation.protocol is Protocol.MESSAGES else None
