"""Reads the sources that a provider names for its answer; never raises, no I/O.

Shapes: `GroundingMetadata` of the `google-genai` SDK 3.3.0. A source without an
address is none: nobody could look it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.model import Citation, Json, Protocol

_KINDS: Final = ("web", "maps", "image", "retrievedContext")


class _Segment(msgspec.Struct):
    text: str | None = None


class _Support(msgspec.Struct, rename="camel"):
    grounding_chunk_indices: list[int] | None = None
    segment: _Segment | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    grounding_chunks: list[msgspec.Raw] | None = None
    grounding_supports: list[_Support] | None = None


_METADATA: Final = msgspec.json.Decoder(_Metadata)


class Sources:
    """Keeps what is named until a text is there to bear it, each source once."""

    __slots__ = ("_seen", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[Citation] = []
        self._seen: set[tuple[str | None, str | None]] = set()

    def take(self, metadata: msgspec.Raw) -> None:
        """Read `groundingMetadata`; what cannot be read names no source."""
        try:
            found = list(_citations(_METADATA.decode(metadata)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        for citation in found:
            known = (citation.url, citation.quote)
            if known not in self._seen:
                self._seen.add(known)
                self._waiting.append(citation)

    def given(self) -> list[Citation]:
        """Return what waits, once."""
        if not self._waiting:
            return []
        given, self._waiting = self._waiting, []
        return given


def _citations(told: _Metadata) -> Iterator[Citation]:
    chunks = told.grounding_chunks or []
    used: set[int] = set()
    for support in told.grounding_supports or ():
        quote = None if support.segment is None else support.segment.text
        for at in support.grounding_chunk_indices or ():
            if 0 <= at < len(chunks):
                used.add(at)
                yield from _citation(chunks[at], quote)
    for at, chunk in enumerate(chunks):
        if at not in used:
            yield from _citation(chunk, None)


def _citation(raw: msgspec.Raw, quote: str | None) -> Iterator[Citation]:
    chunk: Json = msgspec.json.decode(raw)
    if not isinstance(chunk, dict):
        return
    for kind in _KINDS:
        source = chunk.get(kind)
        if not isinstance(source, dict):
            continue
        url, title = source.get("uri") or source.get("sourceUri"), source.get("title")
        if isinstance(url, str) and url:
            named = title if isinstance(title, str) else None
            yield Citation(Protocol.GEMINI, chunk, url, named, quote)
