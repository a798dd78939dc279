"""A request in the neutral language; frozen, and what no one reads is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.model.parts import Message, Part, ToolsAdded
from proxy.model.terms import CacheMark, JsonObject, Protocol
from proxy.model.tools import (
    CustomTool,
    FunctionTool,
    Namespace,
    Offered,
    Tool,
    ToolChoice,
)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much the model shall think, and what of it shall be shown.

    `mode` (enabled, disabled, adaptive, ...), `effort` (none ... max), `display` and
    `context` are the client's own words; `budget_tokens` is in tokens.
    """

    mode: str | None = None
    effort: str | None = None
    budget_tokens: int | None = None
    display: str | None = None
    context: str | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The form the answer must have; `kind` is text, json_object or json_schema."""

    kind: str
    name: str | None = None
    schema: JsonObject | None = None
    description: str | None = None
    strict: bool | None = None
    extras: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the answer must end: tokens, server tool calls, words that stop it."""

    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    stop_sequences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """The dice, where a client still sends them."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """Who asks: the end user's id and the client's labels; never about content."""

    user: str | None = None
    labels: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the client expects the provider to keep or to remember.

    `previous` is the answer this one continues, `conversation` a stored one;
    `store` asks to keep the answer. All None where the protocol has no state.
    """

    store: bool | None = None
    previous: str | None = None
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request for an answer.

    `system` holds what the protocol gives outside the messages. `include` names
    extra output the client asks for, `cache_key` where a provider should look for a
    warm cache. `stream_usage` tells whether a Chat stream ends with its usage.
    `extras` holds every top-level field that has no place of its own.
    """

    protocol: Protocol
    model: str
    messages: tuple[Message, ...]
    system: tuple[Part, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    stream: bool = False
    stream_usage: bool = False
    limits: Limits = field(default_factory=Limits)
    sampling: Sampling = field(default_factory=Sampling)
    reasoning: Reasoning | None = None
    output_format: OutputFormat | None = None
    verbosity: str | None = None
    cache: CacheMark | None = None
    cache_key: str | None = None
    include: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    kept: Kept = field(default_factory=Kept)
    extras: JsonObject = field(default_factory=dict)

    @property
    def offered(self) -> tuple[Offered, ...]:
        """The tools a client runs itself, namespaces opened, in the order offered."""
        return tuple(self._offered())

    def _offered(self) -> Iterator[Offered]:
        yield from _callable(self.tools)
        for message in self.messages:
            for part in message.parts:
                if isinstance(part, ToolsAdded):
                    yield from _callable(part.tools)


def _callable(tools: tuple[Tool, ...]) -> Iterator[Offered]:
    for tool in tools:
        if isinstance(tool, FunctionTool | CustomTool):
            yield Offered(tool)
        elif isinstance(tool, Namespace):
            for each in tool.tools:
                if isinstance(each, FunctionTool | CustomTool):
                    yield Offered(each, tool.name)
