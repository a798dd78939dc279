"""Makes the pieces of a Gemini answer that stream and whole answer share; no I/O.

Shapes: `GenerateContentResponse` of the `google-genai` SDK 3.3.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from proxy.model import (
    AnswerEnded,
    CallKind,
    Citation,
    Json,
    Loss,
    Opaque,
    Protocol,
    ServerPart,
    StopReason,
    ToolCall,
    Usage,
)
from proxy.wire.losses import named

Shape = dict[str, Json]

REFUSALS: Final = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
    }
)
"""Finish reasons that say the model or its keeper declined."""

_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}=*)?")
_SEPARATORS: Final = (
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
)


class PartMaker:
    """Makes parts of what an answer says, signatures on the part that came of them.

    A signature waits for the next text or call. `losses` names what has no place.
    """

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.citations: list[Citation] = []
        self._signature: str | None = None

    def text(self, text: str) -> list[Json]:
        """Return the part that says a piece of text."""
        return [self._signed({"text": text})] if text else []

    def thought(self, text: str) -> list[Json]:
        """Return the part that shows a piece of reasoning."""
        return [{"text": text, "thought": True}] if text else []

    def sign(self, signature: str) -> list[Json]:
        """Keep a signature for the next part; return the one before it, if any."""
        if not signature:
            return []
        if len(signature) % 4 or not _BASE64.fullmatch(signature):
            self.lose("signature")
            return []
        before, self._signature = self._signature, signature
        # Two proofs in a row belong to two pieces of reasoning.
        return [] if before is None else [_thought_proof(before)]

    def seal(self) -> None:
        """Name sealed reasoning as lost."""
        self.lose("sealed_thinking")

    def call(self, call: ToolCall) -> list[Json]:
        """Return the part of a whole call; arguments must be an object here."""
        if call.namespace is not None:
            self.lose("namespace")
        function: Json = {
            "id": call.id,
            "name": call.name,
            "args": self._arguments(call),
        }
        return [self._signed({"functionCall": function})]

    def whole(self, part: ServerPart | Opaque) -> list[Json]:
        """Return a part of this protocol as it came."""
        if part.protocol is Protocol.GEMINI:
            return [dict(part.raw)]
        self.lose("provider_part", [part.kind])
        return []

    def cite(self, citation: Citation) -> None:
        """Keep a citation for the answer's grounding."""
        if _chunk(citation) is None:
            self.lose("citation")
        else:
            self.citations.append(citation)

    def rest(self) -> list[Json]:
        """Return what still waits when the answer ends."""
        if self._signature is None:
            return []
        signature, self._signature = self._signature, None
        return [{"text": "", "thoughtSignature": signature}]

    def lose(self, name: str, which: Iterable[str] = ()) -> None:
        """Name something that had no place."""
        self.losses.append(named(name, which))

    def _signed(self, part: Shape) -> Shape:
        if self._signature is not None:
            part["thoughtSignature"] = self._signature
            self._signature = None
        return part

    def _arguments(self, call: ToolCall) -> Json:
        if call.kind is CallKind.CUSTOM:
            self.lose("custom_tool")
            return {"input": call.arguments}
        arguments = object_of(call.arguments)
        if arguments is None:
            self.lose("broken_arguments")
            return {"input": call.arguments}
        return arguments


def object_of(text: str) -> dict[str, Json] | None:
    """Return the object that JSON text holds; none of it is the empty one."""
    if not text.strip():
        return {}
    try:
        value: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _thought_proof(signature: str) -> Shape:
    return {"text": "", "thought": True, "thoughtSignature": signature}


def finish(ended: AnswerEnded, maker: PartMaker) -> Shape:
    """Write why the answer ended, and its sources."""
    if ended.stop_sequence is not None:
        maker.lose("stop_sequence")
    shape: Shape = {"finishReason": _reason(ended)}
    explained = ended.explanation
    if ended.stop is StopReason.CONTEXT_EXCEEDED:
        explained = explained or "The conversation is longer than the model takes."
    if explained:
        shape["finishMessage"] = explained
    chunks = [each for one in maker.citations if (each := _chunk(one)) is not None]
    if chunks:
        shape["groundingMetadata"] = {"groundingChunks": _once(chunks)}
    return shape


def _reason(ended: AnswerEnded) -> str:
    match ended.stop:
        case StopReason.MAX_TOKENS | StopReason.CONTEXT_EXCEEDED:
            return "MAX_TOKENS"
        case StopReason.REFUSAL:
            word = (ended.category or "").upper()
            return word if word in REFUSALS else "SAFETY"
        case _:
            return "STOP"


def _chunk(citation: Citation) -> Shape | None:
    if citation.protocol is Protocol.GEMINI and citation.raw:
        return dict(citation.raw)
    if citation.url is None:
        return None
    return {"web": {"uri": citation.url, "title": citation.title or citation.url}}


def _once(chunks: Sequence[Shape]) -> list[Json]:
    found: list[Json] = []
    for each in chunks:
        if each not in found:
            found.append(each)
    return found


def usage_shape(usage: Usage) -> Shape | None:
    """Write `usageMetadata`; None where nothing is known.

    The prompt's count includes what came from the cache, the candidates' one no
    thoughts.
    """
    whole, output = usage.whole_input, usage.output_tokens
    if whole is None and output is None:
        return None
    thoughts = usage.reasoning_tokens
    shape: Shape = {
        "promptTokenCount": whole or 0,
        "candidatesTokenCount": max(0, (output or 0) - (thoughts or 0)),
        "totalTokenCount": (whole or 0) + (output or 0),
    }
    if usage.cache_read_tokens is not None:
        shape["cachedContentTokenCount"] = usage.cache_read_tokens
    if thoughts is not None:
        shape["thoughtsTokenCount"] = thoughts
    return shape


def answer_shape(
    parts: list[Json], head: Shape, ended: Shape | None, usage: Usage | None
) -> bytes:
    """Write a response of one candidate; `ended` and `usage` only for the last.

    U+2028 and U+2029 are escaped: a client's reader takes them for line ends.
    """
    content: Json = {"parts": parts, "role": "model"}
    candidate: Shape = {"content": content, **(ended or {}), "index": 0}
    shape: Shape = {"candidates": [candidate]}
    counts = None if usage is None else usage_shape(usage)
    if counts is not None:
        shape["usageMetadata"] = counts
    return escaped(msgspec.json.encode({**shape, **head}))


def escaped(data: bytes) -> bytes:
    """Return JSON with the two line separators of Unicode escaped."""
    if b"\xe2\x80" in data:
        for raw, escape in _SEPARATORS:
            data = data.replace(raw, escape)
    return data
