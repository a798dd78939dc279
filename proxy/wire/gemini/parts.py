"""Reads the parts of Gemini contents into the neutral language; no I/O.

Shapes: `Part` of the `google-genai` SDK 3.3.0. Parts nobody here reads are kept whole
as `ServerPart` or `Opaque`. A signature that proves reasoning stands on the part that
came of it; neutral it is a `Thinking` without text directly before that part.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from proxy.model import (
    Base64,
    Document,
    FileId,
    Image,
    Json,
    Opaque,
    Origin,
    Part,
    Protocol,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from proxy.wire.fields import Fields, WireError, json_text
from proxy.wire.gemini.spelling import inner, inners
from proxy.wire.sealing import SEAL_START

ORIGIN: Final = Origin(Protocol.GEMINI)
SERVER_KINDS: Final = frozenset(
    {"executableCode", "codeExecutionResult", "toolCall", "toolResponse"}
)
"""Parts of tools that the provider runs itself."""

SELF_SIGNED: Final = "thought"
"""Kept of a thought that bears its own signature, so that it stays where it was."""

UNSIGNED: Final = "skip_thought_signature_validator"
"""What the vendor's page on thought signatures names for calls that another model, or
nobody, signed. Gemini CLI 0.61 puts it on every call that came without a signature."""

_UNSIGNED: Final = frozenset({UNSIGNED, b64encode(UNSIGNED.encode()).decode()})

# Some clients write base64 in its alphabet for addresses; our wraps are read in the
# other one.
_PLAIN_BASE64: Final = str.maketrans("-_", "+/")


class CallIds:
    """Gives calls without an id one, and finds the call that a result belongs to.

    The API leaves ids out where calls and results can be matched by name and order.
    """

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []
        self._made = 0
        self._known: set[str] = set()

    def of_call(self, name: str, told: str | None) -> str:
        """Return the id of a call of the tool `name`."""
        call_id = told or self._new()
        self._known.add(call_id)
        self._open.append((name, call_id))
        return call_id

    def of_result(self, name: str, told: str | None) -> str:
        """Return the id of the call that a result answers."""
        for at, (of, call_id) in enumerate(self._open):
            if call_id == told or (told is None and of == name):
                del self._open[at]
                return call_id
        return told or self._new()

    def _new(self) -> str:
        self._made += 1
        while f"call_{self._made}" in self._known:
            self._made += 1
        return f"call_{self._made}"


def read_parts(parts: Sequence[Fields], ids: CallIds) -> list[Part]:
    """Read the parts of one content, signatures before what they belong to."""
    found: list[Part] = []
    for part in parts:
        found.extend(_part(part, ids))
    return found


def _part(part: Fields, ids: CallIds) -> list[Part]:
    for kind in SERVER_KINDS:
        if part.raw.get(kind) is not None:
            held = part.raw[kind]
            told = held.get("id") if isinstance(held, dict) else None
            server_id = told if isinstance(told, str) else None
            return [ServerPart(Protocol.GEMINI, kind, part.raw, server_id)]
    signature = _signature(part)
    if part.flag("thought") is True:
        return _thought(part, signature)
    read = _content(part, ids)
    if signature is None:
        return read
    return [Thinking(signature=signature, origin=ORIGIN), *read]


def _signature(part: Fields) -> str | None:
    signature = part.text("thoughtSignature") or None
    if signature is None or signature in _UNSIGNED:
        return None
    if signature.startswith(SEAL_START):
        return signature.translate(_PLAIN_BASE64)
    return signature


def _thought(part: Fields, signature: str | None) -> list[Part]:
    text = part.text("text") or ""
    if not text and signature is None:
        return []
    kept: dict[str, Json] = dict(part.rest)
    if signature is not None:
        kept[SELF_SIGNED] = True
    return [Thinking(text, signature=signature, origin=ORIGIN, extras=kept)]


def _content(part: Fields, ids: CallIds) -> list[Part]:
    raw = part.raw
    if raw.get("functionCall") is not None:
        return [_call(part, ids)]
    if raw.get("functionResponse") is not None:
        return [_result(part, ids)]
    if raw.get("inlineData") is not None or raw.get("fileData") is not None:
        return [_data(part)]
    text = part.text("text")
    rest = part.rest
    if text is not None:
        # An empty text says nothing: it only bears a signature.
        return [Text(text, extras=rest)] if text or rest else []
    if not rest:
        return []
    return [Opaque(Protocol.GEMINI, next(iter(rest)), raw)]


def _call(part: Fields, ids: CallIds) -> ToolCall:
    call = inner(part, "functionCall")
    if call is None:
        raise part.missing("functionCall")
    name = call.need_text("name")
    call_id = ids.of_call(name, call.text("id") or None)
    arguments = json_text(call.map("args") or {})
    kept = part.rest_with("functionCall", call)
    return ToolCall(call_id, name, arguments, extras=kept)


def _result(part: Fields, ids: CallIds) -> ToolResult:
    result = inner(part, "functionResponse")
    if result is None:
        raise part.missing("functionResponse")
    name = result.need_text("name")
    call_id = ids.of_result(name, result.text("id") or None)
    response = result.map("response") or {}
    parts, is_error, usual = _response(response)
    data = [_data(each) for each in inners(result, "parts")]
    kept = part.rest_with("functionResponse", result)
    if not usual:
        kept["response"] = response
    return ToolResult(call_id, (*parts, *data), is_error, extras=kept)


def _response(response: dict[str, Json]) -> tuple[list[Part], bool | None, bool]:
    """Return a result's parts, whether it is an error, and whether that says all."""
    if not response:
        return [], None, True
    if len(response) > 1:
        return [Text(json_text(response))], None, False
    (key, value), *_ = response.items()
    if key not in {"output", "error", "result"}:
        return [Text(json_text(response))], None, False
    text = value if isinstance(value, str) else json_text(value)
    usual = isinstance(value, str) and key == "output"
    parts: list[Part] = [Text(text)] if text else []
    return parts, True if key == "error" else None, usual


def _data(part: Fields) -> Part:
    if part.raw.get("inlineData") is not None:
        return _inline(part)
    if part.raw.get("fileData") is not None:
        return _file(part)
    if not part.raw:
        raise WireError(f"{part.where} must hold data.")
    return Opaque(Protocol.GEMINI, next(iter(part.raw)), part.raw)


def _inline(part: Fields) -> Part:
    blob = inner(part, "inlineData")
    if blob is None:
        raise part.missing("inlineData")
    source = Base64(blob.need_text("mimeType"), blob.need_text("data"))
    if source.media_type.startswith(("audio/", "video/")):
        return Opaque(Protocol.GEMINI, "inlineData", part.raw)
    kept = part.rest_with("inlineData", blob)
    if source.media_type.startswith("image/"):
        return Image(source, extras=kept)
    return Document(source, _shown_name(blob), extras=kept)


def _file(part: Fields) -> Part:
    file = inner(part, "fileData")
    if file is None:
        raise part.missing("fileData")
    uri = file.need_text("fileUri")
    kind = str(file.raw.get("mimeType") or "")
    if kind.startswith(("audio/", "video/")):
        return Opaque(Protocol.GEMINI, "fileData", part.raw)
    source = Url(uri) if _is_public(uri) else FileId(uri)
    kept = part.rest_with("fileData", file)
    if kind.startswith("image/"):
        return Image(source, extras=kept)
    return Document(source, _shown_name(file), extras=kept)


def _shown_name(data: Fields) -> str | None:
    name = data.raw.get("displayName")
    return name if isinstance(name, str) else None


def _is_public(uri: str) -> bool:
    """Say whether anyone could fetch it; the vendor's own store wants its key."""
    own_store = uri.startswith("https://generativelanguage.googleapis.com/")
    return uri.startswith(("https://", "http://")) and not own_store
