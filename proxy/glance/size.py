"""Estimates from a body's bytes how many tokens it is; it decodes nothing.

Slices of the body are looked at, the rest is taken to be like them. Encoded images and
files are no text and count by rules of their own.
"""

from __future__ import annotations

import math
from typing import Final

from proxy.glance.media import Media
from proxy.routing.facts import Size

METHOD: Final = "bytes"
"""Estimated from kinds of bytes in slices of the body."""

_SLICES: Final = 16
_SLICE: Final = 512
_BAND: Final = 0.25
# Tokens a byte of each kind stands for, in JSON as clients send it: escapes and the
# names of fields cost bytes and few tokens.
_PLAIN: Final = 0.2
_MARK: Final = 0.44
_DIGIT: Final = 0.42
_PAIR: Final = 0.4
_WIDER: Final = 0.8
_INDENT: Final = b"    "
# Bytes around what a request says: once, and for each of its turns.
_FRAME: Final = 200
_TURN: Final = 75
_LEAST_SHARE: Final = 0.75
_PICTURE: Final = 1600
_OTHER: Final = 0.03

_DIGITS: Final = b"0123456789"
_PLAINS: Final = bytes(each for each in range(128) if chr(each).isalpha()) + b" "
_PAIRS: Final = bytes(range(0xC2, 0xE0))
_WIDERS: Final = bytes(range(0xE0, 0xF5))
_BASE64: Final = _PLAINS[:-1] + _DIGITS + b"+/=_-"


def estimate(body: bytes, media: Media, turns: int) -> Size:
    """Return the tokens of a request's input, expected within a quarter of the truth.

    `media` is what was found in the same body, `turns` how many it has.
    """
    whole = max(0, len(body) - media.picture_bytes - media.other_bytes)
    # Names of fields are bytes that no model reads.
    text = max(whole * _LEAST_SHARE, whole - _FRAME - turns * _TURN)
    sample = _sample(body)
    rate = _tokens(sample) / len(sample) if sample else 0.0
    tokens = math.ceil(
        rate * text + media.pictures * _PICTURE + media.other_bytes * _OTHER
    )
    return Size(
        tokens,
        math.floor(tokens * (1 - _BAND)),
        math.ceil(tokens * (1 + _BAND)),
        METHOD,
    )


def _sample(body: bytes) -> bytes:
    if len(body) <= _SLICES * _SLICE:
        return body
    step = (len(body) - _SLICE) / (_SLICES - 1)
    starts = (round(at * step) for at in range(_SLICES))
    slices = (body[start : start + _SLICE] for start in starts)
    # A slice of nothing but base64 lies in an image or a file.
    return b"".join(each for each in slices if each.translate(None, _BASE64))


def _tokens(raw: bytes) -> float:
    size = len(raw)
    digits = size - len(raw.translate(None, _DIGITS))
    plain = size - len(raw.translate(None, _PLAINS))
    pairs = wider = beyond = 0
    if not raw.isascii():
        pairs = size - len(raw.translate(None, _PAIRS))
        wider = size - len(raw.translate(None, _WIDERS))
        beyond = sum(each > 127 for each in raw) - pairs - wider
    marks = size - digits - plain - pairs - wider - beyond
    plain -= 3 * raw.count(_INDENT)
    return (
        plain * _PLAIN
        + marks * _MARK
        + digits * _DIGIT
        + pairs * _PAIR
        + wider * _WIDER
    )
