"""An answer in the neutral language: frozen events, streamed or not; no I/O.

The order is `AnswerStarted`, then parts, then `AnswerEnded` or `AnswerFailed`, and
nothing after it. A part is one of the `*Started` events, pieces with the same `index`
and `PartEnded`; or a single `PartWhole`. Indexes begin at 0 and grow by one with each
part begun. Parts may overlap (Chat interleaves calls): the writers keep the later ones
back until the one before has ended. `UsageReported` and `Ping` may stand
anywhere between start and end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from proxy.errors import FailureKind
from proxy.model.parts import Citation, Opaque, ServerPart
from proxy.model.terms import Origin, StopReason, Usage
from proxy.model.tools import CallKind


@dataclass(frozen=True, slots=True)
class AnswerStarted:
    """The first event; `usage` is what is known before the first word, if anything."""

    id: str
    model: str
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class TextStarted:
    """A part of text begins; `refusal` marks the words of a model that declines."""

    index: int
    refusal: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of a text part."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class CitationAdded:
    """A source for the text so far of a text part."""

    index: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class ThinkingStarted:
    """A part of reasoning begins; `sealed` is all of it where none may be read.

    `id` is what its maker calls it, where sealed reasoning is bound to that name.
    """

    index: int
    sealed: str | None = None
    origin: Origin | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """The next piece of reasoning; `summary` counts the summary's parts from 0.

    `summary` is None for the reasoning itself.
    """

    index: int
    text: str
    summary: int | None = None


@dataclass(frozen=True, slots=True)
class SignatureDelta:
    """A piece of the maker's proof of the reasoning; never made up."""

    index: int
    signature: str


@dataclass(frozen=True, slots=True)
class ThinkingSealed:
    """The sealed form of the reasoning just shown, for its maker to read again."""

    index: int
    data: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """A call begins; its arguments follow in pieces."""

    index: int
    id: str
    name: str
    kind: CallKind = CallKind.FUNCTION
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallArguments:
    """The next piece of a call's arguments: JSON text, or free text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class PartEnded:
    """The part is complete."""

    index: int


@dataclass(frozen=True, slots=True)
class PartWhole:
    """A part only its own protocol can show, whole."""

    index: int
    part: ServerPart | Opaque


@dataclass(frozen=True, slots=True)
class UsageReported:
    """Counts as known so far; later ones replace earlier ones (`Usage.merged`)."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life while nothing else is to be said."""


@dataclass(frozen=True, slots=True)
class AnswerEnded:
    """The answer is complete, or as complete as its `stop` says.

    `stop_sequence` is the word that stopped it, `explanation` and `category` are what
    the provider says about a refusal.
    """

    stop: StopReason
    stop_sequence: str | None = None
    usage: Usage = field(default_factory=Usage)
    explanation: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerFailed:
    """The answer broke off; `message` is for people, free of content and secrets."""

    kind: FailureKind
    message: str


Event: TypeAlias = (
    AnswerStarted
    | TextStarted
    | TextDelta
    | CitationAdded
    | ThinkingStarted
    | ThinkingDelta
    | SignatureDelta
    | ThinkingSealed
    | ToolCallStarted
    | ToolCallArguments
    | PartEnded
    | PartWhole
    | UsageReported
    | Ping
    | AnswerEnded
    | AnswerFailed
)
"""One step of an answer."""
