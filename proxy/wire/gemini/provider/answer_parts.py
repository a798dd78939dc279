"""Takes single parts of a provider's answer apart; no I/O.

Text is the fast way: one typed look. Everything else is told apart after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from proxy.model import JsonObject, Opaque, PartWhole, Protocol, ServerPart
from proxy.wire.gemini.parts import SERVER_KINDS

_CONTENT: Final = frozenset({*SERVER_KINDS, "inlineData", "fileData"})
_ASIDES: Final = frozenset({"thought", "thoughtSignature", "partMetadata"})


class Part(msgspec.Struct, rename="camel", gc=False):
    """What most parts are: text, thought, a signature, a call."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: msgspec.Raw = msgspec.Raw(b"")

    def call(self) -> Call | None:
        """Return the call it holds, if any.

        Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.
        """
        if not self.function_call or bytes(self.function_call) == b"null":
            return None
        return _CALL.decode(self.function_call)


class Call(msgspec.Struct):
    """A call; it comes whole."""

    name: str
    id: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"")

    @property
    def arguments(self) -> str:
        """The compact JSON text of the arguments; none are an empty object.

        Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError.
        """
        if bytes(self.args)[:1] != b"{":
            return "{}"
        return msgspec.json.format(bytes(self.args), indent=-1).decode()


_CALL: Final = msgspec.json.Decoder(Call)


@dataclass(frozen=True, slots=True)
class Kept:
    """A part that only its own protocol can show."""

    kind: str
    raw: JsonObject

    def at(self, index: int) -> PartWhole:
        """Return it as the part of this place."""
        if self.kind not in SERVER_KINDS:
            return PartWhole(index, Opaque(Protocol.GEMINI, self.kind, self.raw))
        held = self.raw[self.kind]
        told = held.get("id") if isinstance(held, dict) else None
        own_id = told if isinstance(told, str) else None
        server = ServerPart(Protocol.GEMINI, self.kind, self.raw, own_id)
        return PartWhole(index, server)


class _Parts(msgspec.Struct):
    parts: list[msgspec.Raw]


class _Candidate(msgspec.Struct):
    index: int | None = None
    content: _Parts | None = None


class _Response(msgspec.Struct):
    candidates: list[_Candidate]


_RESPONSE: Final = msgspec.json.Decoder(_Response)


def kept_part(response: msgspec.Raw, at: int) -> Kept | None:
    """Return a part nobody here reads; None for one that says nothing.

    It is the part at place `at` of the first candidate. Raises msgspec.DecodeError,
    UnicodeDecodeError or RecursionError.
    """
    candidates = _RESPONSE.decode(response).candidates
    content = next((each.content for each in candidates if not each.index), None)
    if content is None:
        return None
    raw = content.parts[at]
    held = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    for kind in held:
        if kind in _CONTENT or kind not in _ASIDES:
            return Kept(kind, msgspec.json.decode(raw))
    return None
