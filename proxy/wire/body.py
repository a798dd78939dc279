"""Finds and replaces single values in a JSON request body; never re-serialises it.

A native route sends the client's bytes on as they came, with one value exchanged.
So the place of each top-level value must be known exactly, and what was checked here
must be what the provider reads: a key that appears twice is refused, because readers
differ in which of the two they take.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

import msgspec

_SLICES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY: Final = re.compile(
    rb'[ \t\r\n]*[{,][ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*:[ \t\r\n]*',
    re.DOTALL,
)
_END: Final = re.compile(rb"[ \t\r\n]*\}[ \t\r\n]*\Z")
_NULL: Final = b"null"
# Large values are compared and checked piece by piece: copies of this size stay in
# the processor's cache, copies of a 32 MB body do not.
_PIECE: Final = 65_536


class BodyProblem(ValueError):
    """A body that cannot be used; the message is for people and quotes none of it."""


def top_level(body: bytes) -> dict[str, tuple[int, int]]:
    """Find the top-level values of a JSON object.

    Returns the byte span (start, end) of every value, by its decoded key, in the
    order of the body; no blanks belong to a span.

    Raises BodyProblem where the body is not UTF-8, not JSON, not an object, nested
    too deeply, or names one top-level key twice (however either is escaped).
    """
    _check_utf8(body)
    slices = _slices(body)
    spans: dict[str, tuple[int, int]] = {}
    at = 0
    while found := _KEY.match(body, at):
        key: str = msgspec.json.decode(found[1], type=str)
        value = slices.get(key)
        if value is None or key in spans:
            raise _twice()
        start = found.end()
        at = start + len(memoryview(value))
        # An earlier twin that differs from the last one, which is what we were given.
        if not _same(body, start, memoryview(value)):
            raise _twice()
        spans[key] = (start, at)
    if slices and not _END.match(body, at):
        raise _twice()
    return spans


def text_field(body: bytes, spans: dict[str, tuple[int, int]], key: str) -> str | None:
    """Read a top-level string; None where the key is missing or null.

    Raises BodyProblem naming the key where the value is something else.
    """
    raw = _raw(body, spans, key)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BodyProblem(f"The field `{key}` must be a string.") from None


def bool_field(body: bytes, spans: dict[str, tuple[int, int]], key: str) -> bool | None:
    """Read a top-level true or false; None where the key is missing or null.

    Raises BodyProblem naming the key where the value is something else.
    """
    raw = _raw(body, spans, key)
    if raw is None:
        return None
    if raw not in {b"true", b"false"}:
        raise BodyProblem(f"The field `{key}` must be true or false.")
    return raw == b"true"


def splice(body: bytes, span: tuple[int, int], value: str) -> bytes:
    """Replace the raw value at `span` by the JSON string of `value`.

    Every byte outside the span stays. Where the value there already means `value`,
    the same object comes back, so that nothing is copied.
    """
    start, end = span
    try:
        if msgspec.json.decode(body[start:end]) == value:
            return body
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return b"".join((body[:start], msgspec.json.encode(value), body[end:]))


def _slices(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _SLICES.decode(body)
    except msgspec.ValidationError:
        raise BodyProblem("The request body is not a JSON object.") from None
    except RecursionError:
        raise BodyProblem("The request body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BodyProblem("The request body is not valid JSON.") from None


def _check_utf8(body: bytes) -> None:
    if body.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(body)
    try:
        for at in range(0, len(view), _PIECE):
            decoder.decode(view[at : at + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BodyProblem("The request body is not valid UTF-8.") from None


def _same(body: bytes, start: int, value: memoryview) -> bool:
    size = len(value)
    if size <= _PIECE:
        return body[start : start + size] == value.tobytes()
    return all(
        body[start + at : start + min(at + _PIECE, size)]
        == value[at : at + _PIECE].tobytes()
        for at in range(0, size, _PIECE)
    )


def _raw(body: bytes, spans: dict[str, tuple[int, int]], key: str) -> bytes | None:
    span = spans.get(key)
    if span is None:
        return None
    raw = body[span[0] : span[1]]
    return None if raw == _NULL else raw


def _twice() -> BodyProblem:
    return BodyProblem("The request body names one of its top-level keys twice.")
