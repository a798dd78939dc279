"""Writes the content of input items for a provider of Responses; no I/O.

Shapes: `ResponseInputContentParam` and `ResponseOutputMessageParam` of the `openai` SDK
3.51.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Final

from proxy.model import (
    Base64,
    CacheMark,
    Citation,
    Document,
    FileId,
    Image,
    Json,
    Message,
    Opaque,
    Part,
    Protocol,
    Text,
    Url,
)
from proxy.wire.losses import Noted
from proxy.wire.responses.citations import write_citation

_TTLS: Final = frozenset({"30m", "12h"})
_SUFFIXES: Final = MappingProxyType(
    {
        "application/pdf": ".pdf",
        "text/plain": ".txt",
        "text/markdown": ".md",
        "text/html": ".html",
        "text/csv": ".csv",
        "application/json": ".json",
    }
)
_UNTYPED: Final = "application/octet-stream"


class Content:
    """Writes content parts; `own` tells that a client of this protocol sent them."""

    __slots__ = ("_lost", "own")

    def __init__(self, lost: Noted, *, own: bool) -> None:
        """Write for one request; what has no place goes to `lost`."""
        self._lost = lost
        self.own = own

    def inputs(self, parts: Iterable[Part]) -> list[Json]:
        """Write what a user or a tool says, or what instructs."""
        shapes: list[Json] = []
        for part in parts:
            shapes += self._input(part)
        return shapes

    def output(self, parts: Sequence[Text | Opaque]) -> list[Json]:
        """Write what an assistant said."""
        shapes: list[Json] = []
        for part in parts:
            if isinstance(part, Opaque):
                shapes.append(dict(part.raw))
                continue
            self.uncached(part.cache)
            if part.refusal:
                refused = {"type": "refusal", "refusal": part.text, **part.extras}
                shapes.append(refused)
            else:
                shapes.append(self._output_text(part))
        return shapes

    def uncached(self, mark: CacheMark | None) -> None:
        """Name the loss of a cache mark that has no place where it stands."""
        if mark is not None:
            self._lost.add("cache_marks")

    def name_lost(self, message: Message) -> None:
        """Name the loss of a speaker's name."""
        if message.name is not None:
            self._lost.add("message_name")

    def lost(self, part: Part) -> None:
        """Name the loss of a part of another protocol."""
        known = "unknown_part" if isinstance(part, Opaque) else "server_part"
        self._lost.add(known)

    def unread(self, sealed: str | None) -> None:
        """Name the loss of reasoning that only another maker can open."""
        if sealed is not None:
            self._lost.add("thinking_replay")

    def unsigned(self) -> None:
        """Name the loss of a proof of reasoning."""
        self._lost.add("signature")

    def _output_text(self, part: Text) -> Json:
        annotations = [self._citation(each, part.text) for each in part.citations]
        return {
            "type": "output_text",
            "text": part.text,
            "annotations": [each for each in annotations if each is not None],
            **part.extras,
        }

    def _citation(self, citation: Citation, text: str) -> Json:
        shape = write_citation(citation, len(text))
        if shape is None:
            self._lost.add("citation")
        return shape

    def _input(self, part: Part) -> list[Json]:
        match part:
            case Text():
                if part.citations:
                    self._lost.add("citation")
                return [self._marked(_input_text(part.text), part)]
            case Image():
                return [self._marked(_image(part), part)]
            case Document():
                return self._document(part)
            case Opaque(protocol=Protocol.RESPONSES):
                return [dict(part.raw)]
            case _:
                self.lost(part)
                return []

    def _marked(self, shape: dict[str, Json], part: Text | Image | Document) -> Json:
        if part.cache is not None:
            mark: dict[str, Json] = {"mode": "explicit"}
            if part.cache.ttl in _TTLS or (self.own and part.cache.ttl):
                mark["ttl"] = part.cache.ttl
            shape["prompt_cache_breakpoint"] = mark
        return {**shape, **part.extras}

    def _document(self, part: Document) -> list[Json]:
        if part.citations:
            self._lost.add("document_options")
        about = [] if part.context is None else [_input_text(part.context)]
        match part.source:
            case Text():
                named = [] if part.name is None else [_input_text(part.name)]
                text = self._marked(_input_text(part.source.text), part)
                return [*named, *about, text]
            case tuple():
                return [*about, *self.inputs(part.source)]
            case _:
                shape = self._file(part.source)
                name = self._file_name(part)
                if name is not None:
                    shape["filename"] = name
                return [*about, self._marked(shape, part)]

    def _file(self, source: Base64 | Url | FileId) -> dict[str, Json]:
        match source:
            case FileId():
                return {"type": "input_file", "file_id": source.id}
            case Url() if not source.url.startswith("data:"):
                return {"type": "input_file", "file_url": source.url}
            case Url():
                return {"type": "input_file", "file_data": source.url}
            case Base64(media_type=""):
                if self.own:
                    return {"type": "input_file", "file_data": source.data}
                return {"type": "input_file", "file_data": _data_url(source)}
            case Base64():
                return {"type": "input_file", "file_data": _data_url(source)}

    def _file_name(self, part: Document) -> str | None:
        # File data needs a name whose end tells the type.
        if self.own or not isinstance(part.source, Base64):
            return part.name
        suffix = _SUFFIXES.get(part.source.media_type, "")
        name = part.name or "document"
        return name if "." in name else f"{name}{suffix}"


def _input_text(text: str) -> dict[str, Json]:
    return {"type": "input_text", "text": text}


def _image(part: Image) -> dict[str, Json]:
    shape: dict[str, Json] = {"type": "input_image", "detail": part.detail or "auto"}
    match part.source:
        case Base64():
            shape["image_url"] = _data_url(part.source)
        case Url():
            shape["image_url"] = part.source.url
        case FileId():
            shape["file_id"] = part.source.id
    return shape


def _data_url(source: Base64) -> str:
    return f"data:{source.media_type or _UNTYPED};base64,{source.data}"
