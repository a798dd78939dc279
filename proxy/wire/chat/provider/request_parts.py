"""Writes the parts of messages for a Chat provider; no I/O.

Shapes: `chat_completion_content_part_*_param.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.model import (
    Base64,
    CacheMark,
    Document,
    FileId,
    Image,
    Json,
    JsonObject,
    Opaque,
    Part,
    Protocol,
    Text,
    Url,
)
from proxy.wire.dialect import Dialect
from proxy.wire.losses import Noted

# The lifetimes each word for a cache mark knows.
_LIFETIMES: Final = {
    "cache_control": ({"type": "ephemeral"}, ("5m", "1h")),
    "prompt_cache_breakpoint": ({"mode": "explicit"}, ("30m", "12h")),
}
NO_IMAGE: Final = "[An image stood here that could not be passed on.]"
NO_DOCUMENT: Final = "[A document stood here that could not be passed on.]"


def write_content(parts: Sequence[Part], dialect: Dialect, lost: Noted) -> Json:
    """Write `content`: a string where the parts are plain text, else a list."""
    shapes = [shape for part in parts for shape in _shapes(part, dialect, lost)]
    texts = [_plain(shape) for shape in shapes]
    plain = [text for text in texts if text is not None]
    if len(plain) < len(shapes):
        if dialect.text_parts or not all(_is_text(shape) for shape in shapes):
            return list(shapes)
        plain = [str(shape["text"]) for shape in shapes]
    if len(plain) == 1:
        return plain[0]
    if not plain:
        return ""
    return list(shapes) if dialect.text_parts else "\n\n".join(plain)


def cache_shape(mark: CacheMark, dialect: Dialect) -> dict[str, Json]:
    """Write a cache mark as this server spells it; a lifetime it has not is left."""
    shape, lifetimes = _LIFETIMES.get(dialect.cache_field, _LIFETIMES["cache_control"])
    inner: dict[str, Json] = {**shape}
    if mark.ttl in lifetimes:
        inner["ttl"] = mark.ttl
    return {dialect.cache_field: inner}


def with_extras(shape: dict[str, Json], extras: JsonObject) -> dict[str, Json]:
    """Return the shape with what nobody read of it put back, one level deep."""
    for key, value in extras.items():
        own = shape.get(key)
        if isinstance(own, Mapping) and isinstance(value, Mapping):
            shape[key] = {**value, **own}
        elif key not in shape:
            shape[key] = value
    return shape


def _plain(shape: Mapping[str, Json]) -> str | None:
    text = shape.get("text")
    return (
        text if _is_text(shape) and len(shape) == 2 and isinstance(text, str) else None
    )


def _is_text(shape: Mapping[str, Json]) -> bool:
    return shape.get("type") == "text"


def _shapes(part: Part, dialect: Dialect, lost: Noted) -> list[dict[str, Json]]:
    match part:
        case Text():
            if part.citations:
                lost.add("citation")
            return [_text(part, dialect, lost)]
        case Image():
            return [_image(part, dialect, lost)]
        case Document():
            return _document(part, dialect, lost)
        case Opaque(protocol=Protocol.CHAT):
            return [dict(part.raw)]
        case _:
            lost.add("unknown_part")
            return []


def _text(part: Text, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    shape: dict[str, Json] = {"type": "text", "text": part.text}
    return _finished(shape, part.cache, part.extras, dialect, lost)


def _finished(
    shape: dict[str, Json],
    mark: CacheMark | None,
    extras: JsonObject,
    dialect: Dialect,
    lost: Noted,
) -> dict[str, Json]:
    if mark is not None and dialect.cache_marks:
        shape.update(cache_shape(mark, dialect))
    elif mark is not None:
        lost.add("cache_marks")
    return with_extras(shape, extras)


def _image(part: Image, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    url = _url(part.source)
    if url is None or not dialect.images:
        lost.add("image_left_out")
        return {"type": "text", "text": NO_IMAGE}
    inner: dict[str, Json] = {"url": url}
    if part.detail is not None:
        inner["detail"] = part.detail
    shape: dict[str, Json] = {"type": "image_url", "image_url": inner}
    return _finished(shape, part.cache, part.extras, dialect, lost)


def _url(source: Base64 | Url | FileId) -> str | None:
    match source:
        case Base64():
            return f"data:{source.media_type};base64,{source.data}"
        case Url():
            return source.url
        case FileId():
            # A picture's file id has no field in this protocol.
            return None


def _document(part: Document, dialect: Dialect, lost: Noted) -> list[dict[str, Json]]:
    if part.context is not None or part.citations:
        lost.add("document_options")
    source = part.source
    if isinstance(source, tuple):
        heading = _heading(part)
        inner = [shape for each in source for shape in _shapes(each, dialect, lost)]
        return [*heading, *inner]
    if isinstance(source, Text):
        shape: dict[str, Json] = {"type": "text", "text": source.text}
        marked = _finished(shape, part.cache, part.extras, dialect, lost)
        return [*_heading(part), marked]
    file = _file(part, source)
    if file is None or not dialect.documents:
        lost.add("document_left_out")
        return [{"type": "text", "text": NO_DOCUMENT}]
    shape = {"type": "file", "file": file}
    return [_finished(shape, part.cache, part.extras, dialect, lost)]


def _heading(part: Document) -> list[dict[str, Json]]:
    if part.name is None:
        return []
    return [{"type": "text", "text": f"Document: {part.name}"}]


def _file(part: Document, source: Base64 | Url | FileId) -> dict[str, Json] | None:
    file: dict[str, Json] = {}
    if part.name is not None:
        file["filename"] = part.name
    match source:
        case Base64(media_type=""):
            return {**file, "file_data": source.data}
        case Base64():
            data = f"data:{source.media_type};base64,{source.data}"
            return {**file, "file_data": data}
        case FileId():
            return {**file, "file_id": source.id}
        case Url():
            if source.url.startswith("data:"):
                return {**file, "file_data": source.url}
            return None
