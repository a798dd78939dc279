"""Sizes of pictures, read from their first bytes."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import PIXEL

from proxy.wire.pixels import MOST, UNKNOWN, image_tokens, size_of


def _png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


def _jpeg(width: int, height: int, marker: int, fill: int = 100) -> bytes:
    head = b"\xff\xd8\xff\xe0" + struct.pack(">H", fill + 2) + b"\0" * fill
    tables = b"\xff\xc4" + struct.pack(">H", 4) + b"\0\0" + b"\xff"
    frame = bytes([0xFF, marker]) + struct.pack(">HBHH", 11, 8, height, width)
    return head + tables + frame + b"\0" * 8


def _webp(kind: bytes, rest: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + rest


_LOSSY = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
_LOSSLESS = b"\x2f" + struct.pack("<I", 639 | 479 << 14)
_EXTENDED = b"\0\0\0\0" + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")


@pytest.mark.parametrize(
    "raw",
    [
        _png(640, 480),
        b"GIF89a" + struct.pack("<HH", 640, 480),
        b"GIF87a" + struct.pack("<HH", 640, 480),
        _webp(b"VP8 ", _LOSSY),
        _webp(b"VP8L", _LOSSLESS),
        _webp(b"VP8X", _EXTENDED),
        _jpeg(640, 480, 0xC0),
        _jpeg(640, 480, 0xC2, fill=20_000),
    ],
)
def test_sizes_are_read(raw: bytes) -> None:
    data = base64.b64encode(raw + b"\0" * 100).decode()
    assert size_of(data) == (640, 480)
    assert image_tokens(data) == 410


def test_the_rule_of_the_vendor() -> None:
    def tokens(width: int, height: int) -> int:
        return image_tokens(base64.b64encode(_png(width, height)).decode() + "A" * 99)

    assert image_tokens(PIXEL) == 1
    assert tokens(200, 200) == 54
    assert tokens(1_092, 1_092) == 1_590
    assert tokens(8_000, 8_000) == MOST
    # A long strip is scaled down by its longer edge.
    assert tokens(15_680, 1_000) == tokens(1_568, 100)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"%PDF-1.7",
        _png(0, 5),
        _webp(b"ABCD", b"\0" * 20),
        b"\xff\xd8\xff\xe0\0\0",
        b"\xff\xd8" + b"\xff" * 200,
        b"\xff\xd8" + b"\0" * 200,
    ],
)
def test_a_picture_nobody_can_read_has_an_unknown_size(raw: bytes) -> None:
    data = base64.b64encode(raw).decode()
    assert size_of(data) is None
    assert image_tokens(data) == UNKNOWN


def _begun_as_jpeg(rest: bytes) -> str:
    return base64.b64encode(b"\xff\xd8" + rest).decode()


@given(st.text(max_size=100) | st.binary(max_size=200).map(_begun_as_jpeg))
def test_nothing_raises(data: str) -> None:
    assert 0 < image_tokens(data) <= MOST
