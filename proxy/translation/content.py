"""Fits text, pictures and files of messages to a target; values in, values out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from proxy.model import (
    Base64,
    Document,
    Image,
    Opaque,
    Part,
    Protocol,
    ServerPart,
    Text,
)
from proxy.translation.marks import drop_marks
from proxy.translation.proofs import is_bound, is_sealed
from proxy.translation.reach import Reach
from proxy.translation.server_steps import told
from proxy.wire.losses import Noted

IMAGE_NOTE: Final = "[an image stood here; this model cannot be shown it]"
FILE_NOTE: Final = "[a file stood here; this model cannot be shown it]"
PART_NOTE: Final = "[something stood here that cannot be shown to this model]"
_TEXTS: Final = ("text/", "application/json", "application/xml")


def fit_content(part: Part, reach: Reach, noted: Noted) -> Iterator[Part]:
    """Yield what goes in place of a part that is neither reasoning nor about calls."""
    match part:
        case Text():
            if not _blank(part, reach):
                yield _plain_text(part, reach, noted)
        case Image():
            yield _image(part, reach, noted)
        case Document():
            yield from _document(part, reach, noted)
        case ServerPart() | Opaque():
            yield from _foreign(part, reach, noted)
        case _:
            yield part


def _blank(part: Text, reach: Reach) -> bool:
    """Whether a text says nothing; Messages answers 400 to one of blanks only."""
    if reach.same:
        return False
    if reach.protocol is Protocol.MESSAGES:
        return not part.text or part.text.isspace()
    return not part.text


def _plain_text(part: Text, reach: Reach, noted: Noted) -> Text:
    cache = part.cache
    if cache is not None and not reach.dialect.cache_marks:
        noted.add("cache_marks")
        cache = None
    extras = part.extras if reach.same else {}
    if part.extras and not reach.same:
        drop_marks(part.extras, noted)
    cited = part.citations
    if reach.foreign and any(is_sealed(each.raw) for each in cited):
        noted.add("citation")
        cited = tuple(each for each in cited if not is_sealed(each.raw))
    if cache is part.cache and extras is part.extras and cited is part.citations:
        return part
    return Text(part.text, part.refusal, cited, cache, extras)


def _image(part: Image, reach: Reach, noted: Noted) -> Part:
    if not reach.takes_image(part):
        noted.add("image_left_out")
        return Text(IMAGE_NOTE)
    if part.cache is not None and not reach.dialect.cache_marks:
        noted.add("cache_marks")
        part = replace(part, cache=None)
    if not part.extras or reach.same:
        return part
    drop_marks(part.extras, noted)
    return replace(part, extras={})


def _document(part: Document, reach: Reach, noted: Noted) -> Iterator[Part]:
    if part.cache is not None and not reach.dialect.cache_marks:
        noted.add("cache_marks")
        part = replace(part, cache=None)
    if reach.same and reach.takes_document(part):
        yield part
        return
    if part.citations or part.context:
        noted.add("document_options")
    drop_marks(part.extras, noted)
    if reach.takes_document(part):
        inner = part.source
        if isinstance(inner, tuple):
            inner = tuple(
                each for one in inner for each in fit_content(one, reach, noted)
            )
        yield replace(part, source=inner, extras={})
        return
    yield from _unfolded(part, reach, noted)


def _unfolded(part: Document, reach: Reach, noted: Noted) -> Iterator[Part]:
    """A file the target cannot take: its text where it is text, else a note."""
    if isinstance(part.source, tuple):
        if part.name:
            yield Text(f"[file: {part.name}]")
        for each in part.source:
            yield from fit_content(each, reach, noted)
        return
    text = text_of(part)
    if text is None:
        noted.add("document_left_out")
        yield Text(FILE_NOTE)
        return
    name = f' name="{part.name}"' if part.name else ""
    yield Text(f"<document{name}>\n{text}\n</document>", cache=part.cache)


def text_of(document: Document) -> str | None:
    """Return the text of a file that is text, None for any other."""
    source = document.source
    if isinstance(source, Text):
        return source.text
    if isinstance(source, Base64) and source.media_type.startswith(_TEXTS):
        try:
            return base64.b64decode(source.data, validate=True).decode()
        except (binascii.Error, ValueError):
            return None
    return None


def _foreign(part: ServerPart | Opaque, reach: Reach, noted: Noted) -> Iterator[Part]:
    """Steps of server tools and what nobody reads: kept at home, told abroad.

    Another provider's are told at home too: calls and results alike, as one is refused
    without the other.
    """
    home = part.protocol is reach.protocol
    if home and not reach.foreign:
        yield part
        return
    text = told(part)
    if home and text is None and not is_bound(part):
        yield part
        return
    if text is None:
        noted.add("unknown_part", [part.kind])
        yield Text(PART_NOTE)
    elif text:
        noted.add("server_part_as_text", [part.kind])
        yield Text(text)
    else:
        noted.add("server_part", [part.kind])
