"""Reads the reasoning a Chat provider shows, under all its names; no I/O.

`reasoning_content` (DeepSeek, vLLM, llama.cpp), `reasoning` (OpenRouter, Groq,
Cerebras) and OpenRouter's `reasoning_details`, which go back unchanged: those with a
proof or sealed content are kept as one sealed text.
"""

from __future__ import annotations

import msgspec

from proxy.model import Json
from proxy.wire.chat.provider.chunks import Delta, entries_of, text_of

# Members that come in pieces; the others are told once.
_GROWING = ("text", "summary", "data", "signature")
_PROOFS = ("data", "signature")


def thought_of(delta: Delta) -> str:
    """Return the piece of readable reasoning in a chunk; '' where there is none."""
    said = text_of(delta.reasoning_content) or text_of(delta.reasoning)
    if said or delta.reasoning_details is None:
        return said
    return "".join(
        text_of(each.get("text")) or text_of(each.get("summary"))
        for each in entries_of(delta.reasoning_details)
    )


class Details:
    """Gathers `reasoning_details` from their pieces."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: list[dict[str, Json]] = []

    def take(self, details: object) -> bool:
        """Take the details of a chunk; say whether any of them holds a proof."""
        proof = False
        for each in entries_of(details):
            proof = proof or any(each.get(name) for name in _PROOFS)
            last = self._found[-1] if self._found else None
            if last is not None and _continues(last, each):
                _grow(last, each)
            else:
                self._found.append(dict(each))
        return proof

    def sealed(self) -> str | None:
        """Return the details as JSON if they hold a proof, and forget them."""
        found, self._found = self._found, []
        if not any(each.get(name) for each in found for name in _PROOFS):
            return None
        return msgspec.json.encode(found).decode()


def _continues(last: dict[str, Json], piece: dict[str, Json]) -> bool:
    same = all(last.get(name) == piece.get(name) for name in ("type", "index"))
    return same and (piece.get("id") is None or piece.get("id") == last.get("id"))


def _grow(last: dict[str, Json], piece: dict[str, Json]) -> None:
    for name, value in piece.items():
        before = last.get(name)
        if name in _GROWING and isinstance(before, str) and isinstance(value, str):
            last[name] = before + value
        elif value is not None:
            last[name] = value
