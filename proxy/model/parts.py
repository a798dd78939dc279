"""What messages are made of; frozen values that know no protocol's spelling."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from proxy.model.terms import CacheMark, JsonObject, Origin, Protocol
from proxy.model.tools import CallKind, Tool


class Role(StrEnum):
    """Who speaks in a message; results of tools stand in messages of the user."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes carried inside the request; `data` is base64 and is never decoded."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Url:
    """Something the provider fetches itself."""

    url: str


@dataclass(frozen=True, slots=True)
class FileId:
    """A file the client gave to the provider before."""

    id: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A source the answer names for a piece of its text.

    `raw` is the citation as its protocol spells it. `start` and `end` count
    characters in the text of the part.
    """

    protocol: Protocol
    raw: JsonObject
    url: str | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; `refusal` marks the words of a model that declines."""

    text: str
    refusal: bool = False
    citations: tuple[Citation, ...] = ()
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `detail` is the client's wish for its resolution."""

    source: Base64 | Url | FileId
    detail: str | None = None
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A file to read: PDF, plain text or parts; `name` is its title or file name."""

    source: Base64 | Url | FileId | Text | tuple[Part, ...]
    name: str | None = None
    context: str | None = None
    citations: bool = False
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning of an earlier answer, open, summarised or sealed.

    `signature` proves `text` to its maker; `sealed` is content only the maker can
    open (redacted thinking, encrypted reasoning). Neither may ever be made up, and
    both go back to `origin` only.
    """

    text: str = ""
    summary: tuple[str, ...] = ()
    signature: str | None = None
    sealed: str | None = None
    origin: Origin | None = None
    id: str | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made.

    `arguments` is the JSON text of an object for a function and free text for a
    custom tool, in both cases as the model wrote it (so it may be broken JSON).
    """

    id: str
    name: str
    arguments: str
    kind: CallKind = CallKind.FUNCTION
    namespace: str | None = None
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of the call with the id `call_id`.

    `is_error` is None where the protocol has no word for it.
    """

    call_id: str
    parts: tuple[Part, ...]
    is_error: bool | None = None
    kind: CallKind = CallKind.FUNCTION
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolsAdded:
    """Tools offered in the middle of a conversation instead of at its head."""

    tools: tuple[Tool, ...]
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerPart:
    """A call of a tool the provider runs itself, or such a tool's result.

    `kind` is the protocol's word for the block or item, `raw` all of it;
    `id` joins call and result where the protocol gives one.
    """

    protocol: Protocol
    kind: str
    raw: JsonObject
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block or item nobody here reads, kept whole so that it is not lost silently."""

    protocol: Protocol
    kind: str
    raw: JsonObject


Part: TypeAlias = (
    Text
    | Image
    | Document
    | Thinking
    | ToolCall
    | ToolResult
    | ToolsAdded
    | ServerPart
    | Opaque
)
"""One piece of a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn, or one piece of it: neighbours may have the same role."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    id: str | None = None
    extras: JsonObject = field(default_factory=dict)
