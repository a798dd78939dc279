"""What a provider takes in a protocol: flags from its data file; values only.

The defaults per protocol are those of the vendor that made it. A provider's file names
only where its server deviates, below `[dialect.<protocol>]`. Nothing here acts; the
translation reads the flags before a request is written, the encoder while it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from proxy.model import JsonObject, Protocol


class StrictTools(StrEnum):
    """What becomes of `strict` in tool definitions."""

    AS_ASKED = "as-asked"
    NEVER = "never"
    ALWAYS = "always"


class Schemas(StrEnum):
    """How much of JSON Schema a tool's parameters may use.

    `plain` has no `$ref`, no `additionalProperties` and string enums only.
    """

    FULL = "full"
    PLAIN = "plain"


class FormatWord(StrEnum):
    """The strongest form of answer that can be asked for."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    NONE = "none"


class ReasoningWord(StrEnum):
    """How the wish to think is spelt.

    `effort` is the protocol's own word of levels; `thinking` an object that turns it
    on and off, with a budget where the protocol has one; `adaptive` such an object
    without a budget; `reasoning` OpenRouter's object of Chat.
    """

    EFFORT = "effort"
    THINKING = "thinking"
    ADAPTIVE = "adaptive"
    REASONING = "reasoning"
    NONE = "none"


class ReasoningBack(StrEnum):
    """Whether readable reasoning of earlier answers is sent back."""

    NEVER = "never"
    TOOL_TURN = "tool-turn"
    ALWAYS = "always"


class ResultImages(StrEnum):
    """Whether a tool's result may hold images and documents."""

    INSIDE = "inside"
    NEXT_MESSAGE = "next-message"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one provider's server takes in one protocol.

    Messages and roles: `developer_role` knows that role; `system_anywhere` lets
    instructions stand between turns; `message_names` takes a speaker's name;
    `user_after_tool` lets a user's turn follow a tool's result at once;
    `prefill` lets the last message be the assistant's. Of Chat: `text_parts` lets a
    text come in several parts (else one string); `null_content` takes null for no text
    beside calls (else an empty string); `refusals` has a field for a refusal (else it
    is text).

    Limits: `limit_field` is Chat's word for the most tokens; `stop_limit` how many
    stop sequences are taken (0: the gateway stops); `seed_field` names the seed, ''
    where there is none; `sampling` takes temperature and top_p; `top_k` takes that;
    `least_temperature` replaces a temperature of 0.

    Tools: `tools` at all; `custom_tools` called with free text; `namespaces` of
    tools; `strict_tools`, `schemas`; `name_length` of a tool in characters;
    `call_id_length` is exact, of letters and digits only, 0 for any id;
    `parallel_switch` can forbid parallel calls; `required_word` forces any call (''
    where nothing does); `forced_tool` forces a named one; `tools_off` forbids calls
    while tools stay listed; `allowed_tools` limits a choice to some of those listed
    (else the others are not listed); `result_images`;
    `result_errors` marks failed results.

    Content: `images` at all, `image_urls` and `file_ids` beside base64; `documents`.

    Reasoning: `reasoning` the word; `efforts` the levels taken, weakest first, all
    where empty (beside Chat's `thinking`: none where empty); `reasoning_back` and
    `reasoning_field` for the history.

    The rest: `output_format`; `stream_usage` asks for usage at a stream's end;
    `cache_marks` and Chat's word for one, `cache_field`; `cache_key`, `verbosity`,
    `labels`, `user`; `never` are top-level fields it refuses; `always` are fields sent
    with every request.
    """

    developer_role: bool = True
    system_anywhere: bool = True
    message_names: bool = True
    user_after_tool: bool = True
    prefill: bool = True
    text_parts: bool = True
    null_content: bool = True
    refusals: bool = True
    limit_field: str = "max_completion_tokens"
    stop_limit: int = 4
    seed_field: str = "seed"
    sampling: bool = True
    top_k: bool = False
    least_temperature: float = 0.0
    tools: bool = True
    custom_tools: bool = False
    namespaces: bool = False
    strict_tools: StrictTools = StrictTools.AS_ASKED
    schemas: Schemas = Schemas.FULL
    name_length: int = 64
    call_id_length: int = 0
    parallel_switch: bool = True
    required_word: str = "required"
    forced_tool: bool = True
    tools_off: bool = True
    allowed_tools: bool = False
    result_images: ResultImages = ResultImages.NEXT_MESSAGE
    result_errors: bool = False
    images: bool = True
    image_urls: bool = True
    file_ids: bool = True
    documents: bool = True
    reasoning: ReasoningWord = ReasoningWord.EFFORT
    efforts: tuple[str, ...] = ()
    reasoning_back: ReasoningBack = ReasoningBack.NEVER
    reasoning_field: str = "reasoning_content"
    output_format: FormatWord = FormatWord.SCHEMA
    stream_usage: bool = True
    cache_marks: bool = False
    cache_field: str = "cache_control"
    cache_key: bool = True
    verbosity: bool = True
    labels: bool = True
    user: bool = True
    never: tuple[str, ...] = ()
    always: JsonObject = field(default_factory=dict, hash=False)


VENDOR_DIALECTS: Final[Mapping[Protocol, Dialect]] = MappingProxyType(
    {
        Protocol.MESSAGES: Dialect(
            developer_role=False,
            message_names=False,
            limit_field="max_tokens",
            stop_limit=64,
            seed_field="",
            top_k=True,
            name_length=128,
            required_word="any",
            result_images=ResultImages.INSIDE,
            result_errors=True,
            reasoning=ReasoningWord.ADAPTIVE,
            efforts=("low", "medium", "high", "xhigh", "max"),
            cache_marks=True,
            cache_key=False,
            verbosity=False,
            labels=False,
            prefill=False,
        ),
        Protocol.RESPONSES: Dialect(
            limit_field="max_output_tokens",
            stop_limit=0,
            seed_field="",
            message_names=False,
            custom_tools=True,
            namespaces=True,
            name_length=64,
            result_images=ResultImages.INSIDE,
        ),
        Protocol.CHAT: Dialect(custom_tools=True, allowed_tools=True),
        Protocol.GEMINI: Dialect(
            developer_role=False,
            system_anywhere=False,
            message_names=False,
            limit_field="maxOutputTokens",
            stop_limit=5,
            top_k=True,
            strict_tools=StrictTools.NEVER,
            parallel_switch=False,
            required_word="ANY",
            file_ids=False,
            reasoning=ReasoningWord.THINKING,
            stream_usage=False,
            cache_key=False,
            verbosity=False,
            labels=False,
            user=False,
        ),
        Protocol.OLLAMA: Dialect(
            developer_role=False,
            message_names=False,
            limit_field="num_predict",
            stop_limit=64,
            top_k=True,
            parallel_switch=False,
            required_word="",
            forced_tool=False,
            tools_off=False,
            image_urls=False,
            file_ids=False,
            documents=False,
            efforts=("low", "medium", "high"),
            reasoning_back=ReasoningBack.TOOL_TURN,
            reasoning_field="thinking",
            stream_usage=False,
            cache_key=False,
            verbosity=False,
            labels=False,
            user=False,
        ),
    }
)
"""What each protocol's own vendor takes; a provider's file changes single flags."""

UNKNOWN_DIALECTS: Final[Mapping[Protocol, Dialect]] = MappingProxyType(
    {
        **VENDOR_DIALECTS,
        Protocol.CHAT: replace(
            VENDOR_DIALECTS[Protocol.CHAT],
            developer_role=False,
            refusals=False,
            limit_field="max_tokens",
            custom_tools=False,
            allowed_tools=False,
            file_ids=False,
            cache_key=False,
            verbosity=False,
            labels=False,
            user=False,
        ),
    }
)
"""What to write to a server nobody here knows: Chat has many, and OpenAI's own words
are read by few of them. A file that names a flag has the last word."""
