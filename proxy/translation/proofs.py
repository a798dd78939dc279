"""Tells whether a conversation bears what only its maker can check or open; pure.

Signatures, sealed reasoning and encrypted items are worth something to one provider
only. In their plain form they do not say to which: who keeps sessions knows.
"""

from __future__ import annotations

from typing import Final

from proxy.model import (
    Json,
    JsonObject,
    Opaque,
    Request,
    ServerPart,
    Thinking,
    ToolResult,
)

_MARKS: Final = (
    b'"signature"',
    b'"encrypted_content"',
    b'"thoughtSignature"',
    b'"thought_signature"',
    b'"redacted_thinking"',
)
_REFERENCE: Final = "item_reference"
_SEALED: Final = frozenset(
    {"encrypted_content", "encrypted_index", "encrypted_stdout", "signature"}
)


def may_bear_proofs(body: bytes) -> bool:
    """Whether a request's body may bear proofs, told without reading it.

    It looks for the words of the protocols, wherever they stand: a tool with an
    argument called `signature` is taken for one, quoted JSON in a text is not.
    """
    return any(mark in body for mark in _MARKS)


def bears_proofs(request: Request) -> bool:
    """Whether a request's conversation bears proofs."""
    return any(
        _is_proof(part) for message in request.messages for part in message.parts
    )


def is_sealed(raw: JsonObject) -> bool:
    """Whether something in a block or item can be read by its maker only."""
    waiting: list[Json] = [dict(raw)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if any(value.get(key) for key in _SEALED):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def is_bound(part: ServerPart | Opaque) -> bool:
    """Whether only the provider that made a step can make anything of it."""
    return part.kind == _REFERENCE or is_sealed(part.raw)


def _is_proof(part: object) -> bool:
    match part:
        case Thinking():
            return bool(part.signature or part.sealed)
        case ServerPart() | Opaque():
            return is_bound(part)
        case ToolResult():
            return any(_is_proof(each) for each in part.parts)
        case _:
            return False
