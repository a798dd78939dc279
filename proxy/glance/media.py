"""Sums up what a body holds beside text; it looks at sizes, never at what is inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Shorter than this, a source is an address or an id and not the thing itself.
_SHORTEST: Final = 512


@dataclass(frozen=True, slots=True)
class Media:
    """What a body holds beside text.

    `pictures` counts the images, `picture_bytes` are the encoded bytes of those that
    stand in the body, `other_bytes` the ones of files and of sealed reasoning.
    """

    images: bool = False
    documents: bool = False
    pictures: int = 0
    picture_bytes: int = 0
    other_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is no text: its size in bytes, and which of the two kinds.

    What is neither an image nor a document is sealed reasoning.
    """

    size: int
    image: bool = False
    document: bool = False


def sum_up(pieces: Iterable[Piece]) -> Media:
    """Return what all the pieces of a body come to."""
    documents = False
    pictures = picture_bytes = other_bytes = 0
    for piece in pieces:
        inside = piece.size if piece.size >= _SHORTEST else 0
        documents = documents or piece.document
        if piece.image:
            pictures += 1
            picture_bytes += inside
        else:
            other_bytes += inside
    return Media(pictures > 0, documents, pictures, picture_bytes, other_bytes)
