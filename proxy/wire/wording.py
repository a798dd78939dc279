"""Reads what a provider says in an error body, in whatever form; no I/O.

Forms seen: `{error: {message}}` (OpenAI, Anthropic, Google), the same inside a list
(Google's streams), `{error: "..."}` (Ollama), `{message}` and `{detail}` (servers built
on common frameworks). Whatever it says is for people; nothing is decided by it but
whether the conversation was too long.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from proxy.model import Json

LONGEST: Final = 2_000
"""Characters of a provider's message that are passed on."""

_TOO_LONG: Final = re.compile(
    r"context_length_exceeded|context[ _]window|maximum context|prompt is too long|"
    r"input token count .* exceeds|exceeds? the (?:available )?context|"
    r"too many tokens|reduce the length",
    re.IGNORECASE,
)


def wording(body: bytes) -> str:
    """Return the provider's own message, '' where the body holds none."""
    try:
        value: Json = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(value, list):
        value = value[0] if value else None
    return " ".join(_message(value).split())[:LONGEST]


def says_too_long(body: bytes) -> bool:
    """Tell whether an error says that the conversation does not fit the model."""
    return _TOO_LONG.search(body[:20_000].decode("utf-8", "replace")) is not None


def _message(value: Json) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    for key in ("error", "message", "detail"):
        found = _message(value.get(key))
        if found:
            return found + (_raw(value) if key == "message" else "")
    return ""


def _raw(error: dict[str, Json]) -> str:
    """Return what an aggregator repeats of the provider behind it (OpenRouter)."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f" ({raw})" if isinstance(raw, str) and raw else ""
