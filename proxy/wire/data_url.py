"""Reads `data:` addresses (RFC 2397), as OpenAI's protocols carry files; pure."""

from __future__ import annotations

from typing import Final

from proxy.model import Base64, Document, Image, Url

_PDF: Final = "application/pdf"
# Clients write what vendors refuse; the registered name is the other.
_MEANT: Final = {"image/jpg": "image/jpeg"}


def source_of(url: str) -> Base64 | Url:
    """Return what an address holds; the address itself where it holds no base64.

    The media type comes in small letters and without parameters, '' where it is not
    told.
    """
    head, comma, data = url.partition(",")
    if not comma or head[:5].lower() != "data:":
        return Url(url)
    media_type, *parameters = (word.strip().lower() for word in head[5:].split(";"))
    if "base64" not in parameters[-1:]:
        return Url(url)
    return Base64(_MEANT.get(media_type, media_type), data)


def shown(image: Image) -> Image | Document:
    """Return a picture, or the PDF that was sent in its place."""
    source = image.source
    if isinstance(source, Base64) and source.media_type == _PDF:
        return Document(source, cache=image.cache, extras=image.extras)
    return image
