"""Reads a picture's size from the first bytes of its base64; never its content.

PNG, GIF, WebP and JPEG, each after its own specification. Nothing is decoded but a
bounded beginning, and a picture nobody can read has an unknown size.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import Final

UNKNOWN: Final = 1_200
"""Tokens of a picture of unknown size: about one of a screen, scaled down."""

MOST: Final = 1_600
"""The most tokens a picture costs by the rule, as larger ones are scaled down."""

_HEAD: Final = 64
_JPEG_HEAD: Final = 64 * 1024
_LONGEST: Final = 1_568
_PIXELS_PER_TOKEN: Final = 750


def image_tokens(data: str) -> int:
    """Return the tokens of a picture given as base64.

    The rule of Messages: width times height over 750, after scaling the longer edge
    down to 1,568 pixels, 1,600 at most. Other vendors count tiles; what a model really
    counts per such token is learned.
    """
    size = size_of(data)
    if size is None:
        return UNKNOWN
    width, height = size
    scale = min(1.0, _LONGEST / max(width, height))
    return min(MOST, math.ceil(width * height * scale * scale / _PIXELS_PER_TOKEN))


def size_of(data: str) -> tuple[int, int] | None:
    """Return width and height in pixels, None where they are not to be read."""
    head = _decoded(data, _HEAD)
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR":
        found = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    elif head[:6] in {b"GIF87a", b"GIF89a"}:
        found = _little(head[6:8]), _little(head[8:10])
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = _webp(head)
    elif head[:2] == b"\xff\xd8":
        found = _jpeg(_decoded(data, _JPEG_HEAD))
    else:
        found = 0, 0
    return found if min(found) > 0 else None


def _decoded(data: str, size: int) -> bytes:
    piece = data[: size * 4 // 3 // 4 * 4]
    try:
        return base64.b64decode(piece)
    except (binascii.Error, ValueError):
        return b""


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _webp(head: bytes) -> tuple[int, int]:
    match head[12:16]:
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case b"VP8L":
            bits = _little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case _:
            return 0, 0


def _jpeg(raw: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header (SOF0 to SOF15 without DHT, JPG, DAC)."""
    at = 2
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker = raw[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height = int.from_bytes(raw[at + 5 : at + 7], "big")
            return int.from_bytes(raw[at + 7 : at + 9], "big"), height
        else:
            at += 2 + max(2, int.from_bytes(raw[at + 2 : at + 4], "big"))
    return 0, 0
