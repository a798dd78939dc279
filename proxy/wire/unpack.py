"""Unpacks compressed bodies within bounds; never lets a small body fill the memory.

Two uses: a compressed request is unpacked whole and sent on plain (`unpack`), and an
answer that comes compressed although we asked for none is read on the side while its
bytes pass as they are (`side_decoder`). One coding at a time: gzip (RFC 1952), deflate
(RFC 1950, and RFC 1951 as some send it), zstd (RFC 8878).
"""

from __future__ import annotations

import zlib
from typing import Final

import zstandard

from proxy.wire.body import BodyProblem

_IDENTITY: Final = frozenset({"", "identity"})
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_KNOWN: Final = frozenset({*_IDENTITY, *_GZIP, "deflate", "zstd"})
_SIDE_LIMIT: Final = 64 * 1024 * 1024
# The largest window we allocate for a zstd frame: the largest body we take.
_WINDOW: Final = 32 * 1024 * 1024
# A zstd block of 4 bytes can say 128 KB: pieces of this size say 16 MB at most.
_PIECE: Final = 512


class UnknownEncoding(BodyProblem):
    """The body's content encoding is none that Turnout unpacks."""


class TooLarge(BodyProblem):
    """The body is larger than allowed once it is unpacked."""


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """Unpack a request body.

    `encoding` is the value of Content-Encoding, `limit` the most bytes that may come
    out. Raises UnknownEncoding for anything but one known coding, TooLarge past
    the limit, BodyProblem for data that is broken, cut or followed by more.
    """
    coding = _coding(encoding)
    if coding is None:
        raise UnknownEncoding(
            "The request body's content encoding is not supported; "
            "use gzip, deflate, zstd or none, and only one."
        )
    if coding in _IDENTITY:
        if len(body) > limit:
            raise _too_large()
        return body
    unpacker = _unpacker(coding)
    try:
        plain = unpacker.feed(body, limit + 1)
    except (zlib.error, zstandard.ZstdError):
        raise BodyProblem("The request body cannot be unpacked.") from None
    if len(plain) > limit:
        raise _too_large()
    if not unpacker.whole:
        raise BodyProblem("The packed request body is cut short or has more after it.")
    return plain


class SideDecoder:
    """Reads a compressed answer on the side, up to 64 MB of plain bytes.

    Call it with each chunk for the plain bytes in it. After broken data or too many
    bytes it gives none any more and `gave_up` is true.
    """

    __slots__ = ("_left", "_unpacker", "gave_up")

    def __init__(self, coding: str, limit: int = _SIDE_LIMIT) -> None:
        """Start reading one answer in a known coding."""
        self._unpacker = None if coding in _IDENTITY else _unpacker(coding)
        self._left = limit
        self.gave_up = False

    def __call__(self, chunk: bytes) -> bytes:
        """Return the plain bytes that this chunk completes; never raises."""
        if self._unpacker is None:
            return chunk
        if self.gave_up:
            return b""
        try:
            plain = self._unpacker.feed(chunk, self._left + 1)
        except (zlib.error, zstandard.ZstdError):
            plain = None
        if plain is None or len(plain) > self._left:
            self.gave_up = True
            return b""
        self._left -= len(plain)
        return plain


def side_decoder(content_encoding: str) -> SideDecoder | None:
    """Return a reader for an answer in this encoding; None where it is unknown."""
    coding = _coding(content_encoding)
    return None if coding is None else SideDecoder(coding)


class _Zlib:
    """gzip and both kinds of deflate."""

    __slots__ = ("_head", "_more", "_packed")

    def __init__(self, *, gzip: bool) -> None:
        self._head = b""
        self._more = False
        self._packed = zlib.decompressobj(31) if gzip else None

    def feed(self, chunk: bytes, most: int) -> bytes:
        if self._packed is None:
            self._head += chunk
            if len(self._head) < 2:
                return b""
            chunk, self._head = self._head, b""
            self._packed = zlib.decompressobj(15 if _has_header(chunk) else -15)
        if self._packed.eof:
            self._more = True
            return b""
        return self._packed.decompress(chunk, most)

    @property
    def whole(self) -> bool:
        packed = self._packed
        if packed is None or self._more:
            return False
        return packed.eof and not packed.unused_data


class _Zstd:
    """One zstd frame."""

    __slots__ = ("_more", "_packed")

    def __init__(self) -> None:
        self._more = False
        self._packed = zstandard.ZstdDecompressor(
            max_window_size=_WINDOW
        ).decompressobj()

    def feed(self, chunk: bytes, most: int) -> bytes:
        plain: list[bytes] = []
        size = 0
        for at in range(0, len(chunk), _PIECE):
            if self._packed.eof:
                self._more = True
                break
            if size > most:
                break
            plain.append(self._packed.decompress(chunk[at : at + _PIECE]))
            size += len(plain[-1])
        return b"".join(plain)[:most]

    @property
    def whole(self) -> bool:
        return self._packed.eof and not self._packed.unused_data and not self._more


def _unpacker(coding: str) -> _Zlib | _Zstd:
    return _Zstd() if coding == "zstd" else _Zlib(gzip=coding in _GZIP)


def _coding(encoding: str) -> str | None:
    coding = encoding.strip().lower()
    return coding if coding in _KNOWN else None


def _has_header(start: bytes) -> bool:
    # RFC 1950 section 2.2: method 8, and the first two bytes divide by 31.
    return start[0] & 0x0F == 8 and (start[0] * 256 + start[1]) % 31 == 0


def _too_large() -> TooLarge:
    return TooLarge("The request body is larger than Turnout takes.")
