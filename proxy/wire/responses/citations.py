"""Reads and writes the annotations of Responses text; no I/O."""

from __future__ import annotations

from proxy.model import Citation, Json, Protocol
from proxy.wire.fields import Fields


def read_citation(fields: Fields) -> Citation:
    """Read one annotation; it is kept whole beside what every protocol knows."""
    return Citation(
        protocol=Protocol.RESPONSES,
        raw=fields.raw,
        url=fields.text("url"),
        title=fields.text("title"),
        start=fields.whole("start_index"),
        end=fields.whole("end_index"),
    )


def write_citation(citation: Citation, length: int) -> dict[str, Json] | None:
    """Write one annotation on a text of `length` characters so far.

    A citation of another protocol needs an address; without a place of its own it
    stands on the whole text. Returns None where it cannot be written.
    """
    if citation.protocol is Protocol.RESPONSES:
        return dict(citation.raw)
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or citation.url,
        "start_index": 0 if citation.start is None else citation.start,
        "end_index": length if citation.end is None else citation.end,
    }
