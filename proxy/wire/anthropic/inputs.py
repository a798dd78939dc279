"""Turns a call's arguments into the object that Messages has for them; no I/O."""

from __future__ import annotations

import msgspec

from proxy.model import CallKind, Json


def call_input(arguments: str, kind: CallKind) -> dict[str, Json]:
    """Return a call's input as the object the protocol demands.

    Free text, and JSON that is no object, becomes the field `input`; empty
    arguments become an empty object.
    """
    if kind is CallKind.CUSTOM:
        return {"input": arguments}
    if not arguments.strip():
        return {}
    value = arguments_object(arguments)
    return {"input": arguments} if value is None else value


def arguments_object(arguments: str) -> dict[str, Json] | None:
    """Return the object that a call's arguments are; None where they are none."""
    try:
        value: Json = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
