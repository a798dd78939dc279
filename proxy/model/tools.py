"""What a request offers and wishes about tools; frozen values without protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from proxy.model.terms import CacheMark, JsonObject, Protocol


class CallKind(StrEnum):
    """What the model writes when it calls: a JSON object, or free text."""

    FUNCTION = "function"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a custom tool's text must match; `syntax` is `lark` or `regex`."""

    syntax: str
    definition: str


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A tool called with a JSON object; `schema` is None where none was given."""

    name: str
    description: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None
    cache: CacheMark | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomTool:
    """A tool called with free text, perhaps bound by a grammar."""

    name: str
    description: str | None = None
    grammar: Grammar | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool the provider knows by `type`, run by it or defined by it; kept whole."""

    protocol: Protocol
    type: str
    name: str | None
    raw: JsonObject


@dataclass(frozen=True, slots=True)
class Namespace:
    """A named group of tools; two groups may use the same tool name."""

    name: str
    description: str | None
    tools: tuple[FunctionTool | CustomTool | ServerTool, ...]
    extras: JsonObject = field(default_factory=dict)


Tool: TypeAlias = FunctionTool | CustomTool | ServerTool | Namespace
"""One entry of a request's tool list."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool that may be called, with the namespace it stands in."""

    tool: FunctionTool | CustomTool
    namespace: str | None = None


class Choice(StrEnum):
    """How free the model is to call tools."""

    AUTO = "auto"
    ANY = "any"
    NONE = "none"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """The client's wish about calls.

    With `TOOL`, `name` is the forced tool, or `hosted` the type of a forced server
    tool. `allowed` limits `AUTO` and `ANY` to these names; None is no limit.
    """

    choice: Choice
    name: str | None = None
    kind: CallKind = CallKind.FUNCTION
    hosted: str | None = None
    allowed: tuple[str, ...] | None = None
    extras: JsonObject = field(default_factory=dict)
