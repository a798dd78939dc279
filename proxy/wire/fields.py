"""Reads typed values out of decoded JSON, naming what is wrong; quotes no content.

Unknown fields are no fault: what nobody asked for is in `rest`, whatever its type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from proxy.model import Json, Request

_NAMES: Final = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


class WireError(ValueError):
    """A body that is not what its protocol says; the message quotes none of it."""


def read_body(body: bytes, build: Callable[[Fields], Request]) -> Request:
    """Decode a body and build a request of it.

    Raises WireError, and nothing else, whatever the bytes are.
    """
    try:
        value: Json = msgspec.json.decode(body)
        if not isinstance(value, dict):
            raise WireError(f"The body must be a JSON object, not {_kind(value)}.")
        return build(Fields(value))
    except RecursionError:
        raise WireError("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise WireError("The body is not valid UTF-8.") from None
    except msgspec.DecodeError:
        raise WireError("The body is not valid JSON.") from None


def json_text(value: Json) -> str:
    """Return the compact JSON text of a value."""
    return msgspec.json.encode(value).decode()


class Fields:
    """One JSON object being read; `where` is its path for messages.

    Every reader returns None where the field is absent or null and raises WireError
    where it has the wrong type. `need_*` raise also where it is absent or null.
    """

    __slots__ = ("_read", "_value", "where")

    def __init__(self, value: dict[str, Json], where: str = "") -> None:
        self._value = value
        self._read: set[str] = set()
        self.where = where

    def path(self, key: str) -> str:
        """Return the name of a field for messages."""
        return f"{self.where}.{key}" if self.where else key

    @property
    def raw(self) -> dict[str, Json]:
        """The whole object as it came."""
        return self._value

    @property
    def rest(self) -> dict[str, Json]:
        """The fields nobody has read so far."""
        if self._read.issuperset(self._value):
            return {}
        return {k: v for k, v in self._value.items() if k not in self._read}

    def rest_with(self, key: str, inner: Fields | None) -> dict[str, Json]:
        """Return `rest`, and below `key` what nobody asked for of that inner object.

        To be asked last, when all else has been read.
        """
        if inner is None or not inner.rest:
            return self.rest
        return {**self.rest, key: inner.rest}

    def any(self, key: str) -> Json:
        """Return a field of any type; None where it is absent."""
        self._read.add(key)
        return self._value.get(key)

    def text(self, key: str) -> str | None:
        """Return a string field."""
        value = self.any(key)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(key, "a string", value)

    def flag(self, key: str) -> bool | None:
        """Return a boolean field."""
        value = self.any(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(key, "a boolean", value)

    def whole(self, key: str) -> int | None:
        """Return a field that holds a whole number."""
        value = self.any(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._wrong(key, "a whole number", value)

    def number(self, key: str) -> float | None:
        """Return a field that holds a number."""
        value = self.any(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise self._wrong(key, "a number", value)

    def map(self, key: str) -> dict[str, Json] | None:
        """Return an object field whose members are not looked at."""
        value = self.any(key)
        if value is None or isinstance(value, dict):
            return value
        raise self._wrong(key, "an object", value)

    def object(self, key: str) -> Fields | None:
        """Return an object field to be read further."""
        value = self.map(key)
        return None if value is None else Fields(value, self.path(key))

    def list(self, key: str) -> list[Json] | None:
        """Return a list field whose entries are not looked at."""
        value = self.any(key)
        if value is None or isinstance(value, list):
            return value
        raise self._wrong(key, "a list", value)

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a field that is a list of strings."""
        value = self.list(key)
        if value is None:
            return None
        texts = tuple(each for each in value if isinstance(each, str))
        if len(texts) != len(value):
            raise WireError(f"{self.path(key)} must hold strings only.")
        return texts

    def objects(self, key: str) -> tuple[Fields, ...] | None:
        """Return a field that is a list of objects, each to be read further."""
        value = self.list(key)
        if value is None:
            return None
        path = self.path(key)
        return tuple([_entry(f"{path}[{at}]", each) for at, each in enumerate(value)])

    def text_or_objects(self, key: str) -> str | tuple[Fields, ...] | None:
        """Return a field that is either a string or a list of objects."""
        value = self.any(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, list):
            return self.objects(key)
        raise self._wrong(key, "a string or a list of objects", value)

    def text_or_object(self, key: str) -> str | Fields | None:
        """Return a field that is either a string or an object."""
        value = self.any(key)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, dict):
            return self.object(key)
        raise self._wrong(key, "a string or an object", value)

    def need_text(self, key: str) -> str:
        """Return a string field that must be there."""
        value = self.text(key)
        if value is None:
            raise self.missing(key)
        return value

    def need_object(self, key: str) -> Fields:
        """Return an object field that must be there."""
        value = self.object(key)
        if value is None:
            raise self.missing(key)
        return value

    def need_objects(self, key: str) -> tuple[Fields, ...]:
        """Return a list of objects that must be there."""
        value = self.objects(key)
        if value is None:
            raise self.missing(key)
        return value

    def missing(self, key: str) -> WireError:
        """Return the error that says a field is missing."""
        return WireError(f"{self.path(key)} is missing.")

    def _wrong(self, key: str, wanted: str, value: Json) -> WireError:
        return WireError(f"{self.path(key)} must be {wanted}, not {_kind(value)}.")


def _entry(where: str, value: Json) -> Fields:
    if not isinstance(value, dict):
        raise WireError(f"{where} must be an object, not {_kind(value)}.")
    return Fields(value, where)


def _kind(value: Json) -> str:
    return _NAMES[type(value)]
