"""Decodes what a Chat provider sends into typed pieces; judges nothing, no I/O.

Shapes: `ChatCompletionChunk` and `ChatCompletion` of the `openai` SDK 3.51.0, with the
fields other servers add. Only the frame is typed: the values inside are whatever the
server sent, and whoever reads one looks at its type first.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.model import Json

# Named for the decoder, which needs the names at run time.
_Any = object
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Delta(msgspec.Struct, gc=False):
    """What a chunk adds, or all that a whole message says."""

    content: _Any = None
    refusal: _Any = None
    tool_calls: _Any = None
    function_call: _Any = None
    reasoning_content: _Any = None
    reasoning: _Any = None
    reasoning_details: _Any = None
    annotations: _Any = None
    audio: _Any = None


class Choice(msgspec.Struct, gc=False):
    """One of the answers; ours is the one with the index 0."""

    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: _Any = None
    stop_reason: _Any = None
    usage: _Any = None
    index: _Any = 0


class Chunk(msgspec.Struct, gc=False):
    """One event of a stream, or a whole answer."""

    id: _Any = None
    model: _Any = None
    choices: list[Choice] | None = None
    usage: _Any = None
    x_groq: _Any = None
    service_tier: _Any = None
    error: _Any = None


_CHUNK: Final = msgspec.json.Decoder(Chunk)
_FRAME: Final = Chunk.__struct_fields__


def read_chunk(data: bytes) -> Chunk | None:
    """Decode a chunk; None for JSON that is no object.

    Parts of the frame with a wrong type count as missing. Raises ValueError where the
    bytes are no JSON.
    """
    try:
        return _CHUNK.decode(data)
    except _NOT_JSON:
        return _mended(data)


def _mended(data: bytes) -> Chunk | None:
    try:
        value: Json = msgspec.json.decode(data)
    except _NOT_JSON:
        raise ValueError("No JSON.") from None
    if not isinstance(value, dict):
        return None
    choices = value.get("choices")
    frame = choices if isinstance(choices, list) else []
    mended = {key: value[key] for key in _FRAME if key in value}
    mended["choices"] = [_choice(each) for each in frame if isinstance(each, dict)]
    try:
        return _CHUNK.decode(msgspec.json.encode(mended))
    except _NOT_JSON:  # pragma: no cover - the frame has been mended
        return None


def _choice(choice: dict[str, Json]) -> Json:
    return {
        key: value
        for key, value in choice.items()
        if key not in {"delta", "message"} or isinstance(value, dict)
    }


def text_of(value: object) -> str:
    """Return a string that says something; '' for anything else."""
    return value if isinstance(value, str) else ""


def entries_of(value: object) -> list[dict[str, Json]]:
    """Return the objects in a list; none where it is no list."""
    if not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, dict)]


def inside(value: Json, *keys: str) -> Json:
    """Return a nested member, None where the way to it is odd."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
