"""Writes the messages of a Gemini request; no I/O.

Shapes: `Content` and `Part` of the `google-genai` SDK 3.3.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from proxy.model import (
    Base64,
    Document,
    FileId,
    Image,
    Json,
    Loss,
    Message,
    Opaque,
    Part,
    Protocol,
    Request,
    Role,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.codec import Target
from proxy.wire.dialect import ResultImages
from proxy.wire.gemini.parts import SELF_SIGNED, UNSIGNED
from proxy.wire.gemini.pieces import Shape, object_of
from proxy.wire.gemini.spelling import merged
from proxy.wire.losses import named

NO_SIGNATURE: Final = UNSIGNED
"""Stands on calls that bring no signature: Gemini 3 refuses a step whose first call has
none."""

_GENERATION: Final = re.compile(r"(?:^|/)gemini-(?:(\d+)|[a-z-]+-latest$)")
_ENDINGS: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "txt": "text/plain",
}


def wants_signatures(model: str) -> bool:
    """Say whether a model refuses calls without a signature: Gemini 3 and later do."""
    found = _GENERATION.search(model)
    return found is not None and (found[1] is None or int(found[1][:3]) >= 3)


class ContentWriter:
    """Writes contents for one target; `losses` names what had no place."""

    def __init__(self, request: Request, target: Target) -> None:
        self.losses: list[Loss] = []
        self._same = request.protocol is Protocol.GEMINI
        self._inside = target.dialect.result_images is ResultImages.INSIDE
        self._errors = target.dialect.result_errors
        self._signs = wants_signatures(target.model)
        self._names = {
            part.id: part.name
            for message in request.messages
            for part in message.parts
            if isinstance(part, ToolCall)
        }
        self._lost: set[str] = set()

    def contents(self, messages: Sequence[Message]) -> list[Json]:
        """Write the turns; neighbours of one role become one content."""
        found: list[Json] = []
        last: Shape = {}
        for message in messages:
            role = "model" if message.role is Role.ASSISTANT else "user"
            parts = self.parts(message.parts)
            before = last.get("parts")
            if not parts:
                continue
            if last.get("role") == role and isinstance(before, list):
                before.extend(parts)
            else:
                last = merged({"role": role, "parts": parts}, message.extras)
                found.append(last)
        return found

    def parts(self, parts: Sequence[Part]) -> list[Json]:
        """Write the parts of a message, signatures on what they belong to."""
        found: list[Json] = []
        signature: str | None = None
        called = False
        for at, part in enumerate(parts):
            follows = parts[at + 1] if at + 1 < len(parts) else None
            if isinstance(part, Thinking):
                shapes, signature = self._thinking(part, follows)
                found.extend(shapes)
                continue
            shapes = self._part(part)
            if isinstance(part, ToolCall):
                signature = signature or self._bypass(called=called)
                called = True
            if signature is not None and shapes:
                shapes[0]["thoughtSignature"] = signature
            signature = None
            found.extend(shapes)
        return found

    def _bypass(self, *, called: bool) -> str | None:
        # Only the first call of a step is looked at. Every step gets it, not only the
        # current turn's: a prefix that changes later misses the provider's cache.
        if called or not self._signs:
            return None
        self.lose("thinking_replay")
        return NO_SIGNATURE

    def _thinking(
        self, part: Thinking, follows: Part | None
    ) -> tuple[list[Shape], str | None]:
        """Write a thought; return the signature that the next part shall bear."""
        text = "\n\n".join([*part.summary, *([part.text] if part.text else [])])
        shape: Shape = merged({"text": text, "thought": True}, part.extras)
        signature = part.signature
        if part.sealed is not None:
            self.lose("thinking_replay")
        if signature is None:
            return ([shape] if text else []), None
        if part.extras.get(SELF_SIGNED) is True:
            return [{**shape, "thoughtSignature": signature}], None
        if isinstance(follows, ToolCall) or (
            not text and isinstance(follows, Text) and follows.text
        ):
            return ([shape] if text else []), signature
        if text:
            return [{**shape, "thoughtSignature": signature}], None
        return [{"text": "", "thoughtSignature": signature}], None

    def _part(self, part: Part) -> list[Shape]:
        match part:
            case Text():
                return self._text(part)
            case Image():
                return [merged(self._data(part.source), part.extras)]
            case Document():
                return self._document(part)
            case ToolCall():
                return [self._call(part)]
            case ToolResult():
                return [self._result(part)]
            case ServerPart() | Opaque():
                return self._whole(part)
            case _:
                return self._no_place(part)

    def _no_place(self, part: Thinking | ToolsAdded) -> list[Shape]:
        if isinstance(part, ToolsAdded):
            self.lose("tool_options")
        return []

    def _text(self, part: Text) -> list[Shape]:
        if part.citations:
            self.lose("citation")
        if not part.text and not part.extras:
            return []
        return [merged({"text": part.text}, part.extras)]

    def _whole(self, part: ServerPart | Opaque) -> list[Shape]:
        if part.protocol is Protocol.GEMINI:
            return [dict(part.raw)]
        self.lose("server_part", [part.kind])
        return []

    def _data(self, source: Base64 | Url | FileId, usual: str = "image/png") -> Shape:
        if isinstance(source, Base64):
            kind = source.media_type or usual
            return {"inlineData": {"mimeType": kind, "data": source.data}}
        uri = source.url if isinstance(source, Url) else source.id
        file: dict[str, Json] = {"fileUri": uri}
        ending = uri.partition("?")[0].rpartition(".")[2].lower()
        if not self._same and ending in _ENDINGS:
            file["mimeType"] = _ENDINGS[ending]
        return {"fileData": file}

    def _document(self, part: Document) -> list[Shape]:
        if part.citations:
            self.lose("document_options")
        if part.name is not None and not self._same:
            self.lose("document_options")
        before: list[Shape] = [{"text": part.context}] if part.context else []
        source = part.source
        if isinstance(source, Text):
            return [*before, *self._text(source)]
        if isinstance(source, tuple):
            return [*before, *(each for one in source for each in self._part(one))]
        data = self._data(source, "application/pdf")
        return [*before, merged(data, part.extras)]

    def _call(self, part: ToolCall) -> Shape:
        arguments = object_of(part.arguments)
        if arguments is None:
            self.lose("broken_arguments")
            arguments = {"input": part.arguments}
        call: Json = {"id": part.id, "name": part.name, "args": arguments}
        return merged({"functionCall": call}, part.extras)

    def _result(self, part: ToolResult) -> Shape:
        kept = dict(part.extras)
        said = kept.pop("response", None)
        texts = [each.text for each in part.parts if isinstance(each, Text)]
        failed = part.is_error is True and self._errors
        told: Json = {"error" if failed else "output": "\n".join(texts)}
        response: Shape = {
            "id": part.call_id,
            "name": self._names.get(part.call_id, "unknown"),
            "response": said if isinstance(said, dict) else told,
        }
        data = self._inner(part.parts)
        if data:
            response["parts"] = data
        return merged({"functionResponse": response}, kept)

    def _inner(self, parts: Sequence[Part]) -> list[Json]:
        others = [each for each in parts if not isinstance(each, Text)]
        if others and not (self._inside or self._same):
            self.lose("image_left_out")
            return []
        return [shape for each in others for shape in self._part(each)]

    def lose(self, name: str, which: Iterable[str] = ()) -> None:
        """Name something that had no place, each thing once."""
        if name not in self._lost:
            self._lost.add(name)
            self.losses.append(named(name, which))
