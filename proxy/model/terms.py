"""The words shared by requests and answers; holds values only and does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value as decoded; whoever receives one reads it and never changes it."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object kept as it came: a schema, or fields no one of ours reads."""


class Protocol(StrEnum):
    """A wire protocol, by the word used in configuration and records."""

    MESSAGES = "anthropic-messages"
    RESPONSES = "openai-responses"
    CHAT = "openai-chat"
    GEMINI = "gemini"
    OLLAMA = "ollama-chat"


class StopReason(StrEnum):
    """Why an answer ended; each protocol spells these in its own words."""

    END_TURN = "end_turn"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_USE = "tool_use"
    REFUSAL = "refusal"
    PAUSE_TURN = "pause_turn"
    CONTEXT_EXCEEDED = "context_exceeded"


@dataclass(frozen=True, slots=True)
class Variant:
    """What the *answer* said about how it was served, lower case, '' where it did not.

    `processing` is `batch` or '', `service_tier` is `flex`, `priority` and the like,
    `speed` is `fast` or ''. Never taken from the request: providers may downgrade.
    """

    processing: str = ""
    service_tier: str = ""
    speed: str = ""

    def merged(self, later: Variant) -> Variant:
        """Return these words with those that `later` has in their place."""
        return Variant(
            later.processing or self.processing,
            later.service_tier or self.service_tier,
            later.speed or self.speed,
        )

    def unusual(self) -> Iterator[tuple[str, str]]:
        """Yield the words that say more than `served as usual`, with their kinds."""
        words = (
            ("processing", self.processing),
            ("service_tier", self.service_tier),
            ("speed", self.speed),
        )
        yield from (pair for pair in words if pair[1] not in _USUAL)


_USUAL: Final = frozenset({"", "default", "standard", "auto", "unspecified"})


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of tokens, and of searches, that one answer cost.

    `None` means nobody told; 0 means 0 was told, or an input was told and no cache with
    it (`proxy.wire.counts.settled`). The two are never mixed up.
    `input_tokens` are fresh ones, without cache; the whole input is
    `input_tokens + cache_read_tokens + cache_write_tokens`. `cache_write_tokens`
    counts all lifetimes, `cache_write_1h_tokens` is a part of it. `output_tokens`
    includes reasoning, `reasoning_tokens` is a part of it.

    `told_cost_nano` is what the answer itself says it cost, in nano-dollars.
    `served` is what it says about how it was served.
    """

    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    web_searches: int | None = None
    told_cost_nano: int | None = None
    served: Variant | None = None

    def merged(self, later: Usage) -> Usage:
        """Return these counts with those that `later` knows put in their place."""
        known = {
            each.name: value
            for each in fields(later)
            if (value := getattr(later, each.name)) is not None
        }
        if self.served and later.served:
            known["served"] = self.served.merged(later.served)
        return replace(self, **known)

    @property
    def whole_input(self) -> int | None:
        """Tokens that went in, from cache or not; None where nothing is known."""
        parts = (self.input_tokens, self.cache_read_tokens, self.cache_write_tokens)
        told = [count for count in parts if count is not None]
        return sum(told) if told else None


@dataclass(frozen=True, slots=True)
class CacheMark:
    """The client's wish to cache everything up to here; `ttl` in its own words.

    `extras` is what else its protocol says about the mark.
    """

    ttl: str | None = None
    extras: JsonObject = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something a translation could not carry.

    `name` is a snake_case word for records; `detail` is a sentence for people, free
    of the request's content.
    """

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made a piece of reasoning, and so who alone can take it back.

    Decoders know the protocol; provider and model are '' until someone who knows the
    session fills them in.
    """

    protocol: Protocol
    provider: str = ""
    model: str = ""
