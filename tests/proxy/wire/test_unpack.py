"""Packed bodies come out whole or not at all, and never larger than allowed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.wire.body import BodyProblem
from proxy.wire.unpack import (
    SideDecoder,
    TooLarge,
    UnknownEncoding,
    side_decoder,
    unpack,
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd_streamed(data: bytes) -> bytes:
    """A frame that does not say how large its content is."""
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": (" X-GZip ", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "zstd": ("zstd", zstandard.compress),
    "zstd streamed": ("zstd", zstd_streamed),
    "identity": ("identity", bytes),
    "none": ("", bytes),
}
PACKED = {k: v for k, v in PACKERS.items() if k not in {"identity", "none"}}
BODY = b'{"model": "m", "text": "' + bytes(range(32, 127)) * 40 + b'"}'


@pytest.mark.parametrize("name", PACKERS)
@settings(deadline=None, max_examples=30)
@given(data=st.binary(max_size=400))
def test_what_was_packed_comes_out(name: str, data: bytes) -> None:
    encoding, pack = PACKERS[name]
    assert unpack(pack(data), encoding, len(data)) == data


@pytest.mark.parametrize("name", PACKERS)
def test_one_byte_over_the_limit_is_too_large(name: str) -> None:
    encoding, pack = PACKERS[name]
    assert unpack(pack(BODY), encoding, len(BODY)) == BODY
    with pytest.raises(TooLarge):
        unpack(pack(BODY), encoding, len(BODY) - 1)


@pytest.mark.parametrize("name", PACKED)
def test_a_bomb_is_stopped(name: str) -> None:
    encoding, pack = PACKED[name]
    bomb = pack(bytes(40_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge):
        unpack(bomb, encoding, 1_000_000)


@pytest.mark.parametrize("name", PACKED)
def test_broken_cut_and_trailing_data_is_refused(name: str) -> None:
    encoding, pack = PACKED[name]
    packed = pack(BODY)
    cases = [b"", b"x", packed[:-1], packed[: len(packed) // 2], packed + b"more"]
    cases += [b"not packed at all", packed + packed, packed + b"\0" * 2_000]
    for case in cases:
        with pytest.raises(BodyProblem) as caught:
            unpack(case, encoding, 10_000_000)
        assert not isinstance(caught.value, UnknownEncoding | TooLarge)


@pytest.mark.parametrize(
    "encoding", ["br", "gzip, gzip", "gzip,zstd", "identity, gzip", "compress", "*"]
)
def test_unknown_and_stacked_encodings_are_named(encoding: str) -> None:
    with pytest.raises(UnknownEncoding, match="only one"):
        unpack(gzip.compress(b"{}"), encoding, 100)
    assert side_decoder(encoding) is None


def test_a_huge_zstd_window_is_refused() -> None:
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27)
    ).compressobj()
    packed = packer.compress(BODY) + packer.flush()
    with pytest.raises(BodyProblem, match="cannot be unpacked"):
        unpack(packed, "zstd", 10_000_000)


@pytest.mark.parametrize("name", PACKERS)
@settings(deadline=None, max_examples=30)
@given(sizes=st.lists(st.integers(1, 50), max_size=60))
def test_the_side_reads_any_cutting(name: str, sizes: list[int]) -> None:
    encoding, pack = PACKERS[name]
    packed = pack(BODY)
    read = side_decoder(encoding)
    assert read is not None
    plain = b""
    for size in sizes:
        plain += read(packed[:size])
        packed = packed[size:]
    assert plain + read(packed) == BODY
    assert not read.gave_up


@pytest.mark.parametrize("name", PACKED)
def test_the_side_gives_up_quietly(name: str) -> None:
    encoding, pack = PACKED[name]
    broken = side_decoder(encoding)
    assert broken is not None
    assert broken(b"\xff\xff not packed") + broken(pack(BODY)) == b""
    assert broken.gave_up
    bomb = SideDecoder(encoding.strip().lower(), limit=1_000)
    assert bomb(pack(bytes(1_000_000))) == b""
    assert bomb.gave_up
    assert bomb(b"x") == b""


@pytest.mark.parametrize("name", PACKED)
def test_the_side_ignores_what_follows_the_end(name: str) -> None:
    encoding, pack = PACKED[name]
    read = side_decoder(encoding)
    assert read is not None
    assert read(pack(BODY)) == BODY
    assert read(b"more") + read(b"and more") == b""
    assert not read.gave_up
