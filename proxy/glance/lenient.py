"""Decodes JSON into shapes, and saves what it can of a body that does not fit them.

A glance decides nothing about whether a body is sound, so nothing here raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final, TypeVar, get_args, get_origin

import msgspec

_T = TypeVar("_T")
_NULL: Final = msgspec.Raw(b"null")
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENTRIES: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_MOST_OUTPUT: Final = 10**9
_FAULTS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Shape(msgspec.Struct, frozen=True):
    """The base of what bodies are decoded into; every field has a default."""


_S = TypeVar("_S", bound=Shape)


def absent() -> msgspec.Raw:
    """Return the raw value that stands for a field that is not there."""
    return _NULL


def given(raw: msgspec.Raw) -> bool:
    """Tell whether the value is there and not null."""
    return raw is not _NULL and _head(raw, 4) != b"null"


def either(first: msgspec.Raw, second: msgspec.Raw) -> msgspec.Raw:
    """Return the one of two spellings of a field that is there."""
    return first if given(first) else second


def is_list(raw: msgspec.Raw) -> bool:
    """Tell whether the value is a list."""
    return _head(raw, 1) == b"["


def text(raw: msgspec.Raw) -> str:
    """Return a string, '' for anything else."""
    return read(_TEXT, raw, "") if _head(raw, 1) == b'"' else ""


def positive(value: float | None) -> int | None:
    """Return a positive whole number of a sensible size, None for anything else."""
    return int(value) if value is not None and 1 <= value <= _MOST_OUTPUT else None


def size(raw: msgspec.Raw) -> int:
    """Return how many bytes a value takes."""
    return len(memoryview(raw))


def read(
    decoder: msgspec.json.Decoder[_T], raw: bytes | msgspec.Raw, default: _T
) -> _T:
    """Decode `raw`; `default` where it is not what the decoder wants."""
    try:
        return decoder.decode(raw)
    except _FAULTS:
        return default


def read_body(decoder: msgspec.json.Decoder[_S], shape: type[_S], body: bytes) -> _S:
    """Decode a whole body; what does not fit the shape is left out, field by field.

    Of a list, the entries that fit are kept.
    """
    try:
        return decoder.decode(body)
    except _FAULTS:
        return _salvaged(shape, body)


def digest(*values: bytes | msgspec.Raw | str) -> str:
    """Return a short hexadecimal digest of values, in their order."""
    found = hashlib.blake2b(digest_size=10)
    for value in values:
        raw = value.encode("utf-8", "replace") if isinstance(value, str) else value
        found.update(len(memoryview(raw)).to_bytes(8, "big"))
        found.update(raw)
    return found.hexdigest()


def _head(raw: msgspec.Raw, length: int) -> bytes:
    return bytes(memoryview(raw)[:length])


def _salvaged(shape: type[_S], body: bytes) -> _S:
    raw = read(_FIELDS, body, {})
    fields = msgspec.structs.fields(shape)
    found = {
        each.name: value
        for each in fields
        if each.encode_name in raw
        for value in _fitting(each.type, raw[each.encode_name])
    }
    return shape(**found)


def _fitting(wanted: Any, raw: msgspec.Raw) -> Iterator[Any]:  # noqa: ANN401
    """Return the value, where it fits: once or not at all."""
    try:
        yield msgspec.json.decode(raw, type=wanted)
    except _FAULTS:
        if is_list(raw):
            yield from _fitting_list(wanted, raw)


def _fitting_list(wanted: Any, raw: msgspec.Raw) -> Iterator[list[Any]]:  # noqa: ANN401
    lists = (one for one in (wanted, *get_args(wanted)) if get_origin(one) is list)
    for one in lists:
        (entry,) = get_args(one)
        decoder = msgspec.json.Decoder(entry)
        tried = (read(decoder, each, None) for each in read(_ENTRIES, raw, []))
        yield [each for each in tried if each is not None]
        return
