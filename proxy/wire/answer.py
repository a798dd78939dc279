"""Reads what a provider says about its own answer; keeps none of the answer.

`read_answer` reads a whole JSON answer, `read_event` one event of a stream. Both take
the native protocols' own words and never raise: what is missing or odd stays
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from proxy.model import Protocol, Usage, Variant
from proxy.wire.counts import (
    Counts,
    Members,
    chat_counts,
    entries,
    filled,
    gemini_counts,
    gemini_searches,
    inside,
    listed,
    members,
    messages_counts,
    responses_spent,
    settled,
    told,
    unanswered,
    word,
)
from proxy.wire.served import gemini_served, messages_served, openai_served

_RESPONSES_ENDS: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed"}
)


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What a whole answer says of itself, each in the provider's own words.

    `answers` says that it has what the protocol's answers are made of, `complains` that
    it holds an error or a message instead.
    """

    usage: Usage = Usage()
    stop_reason: str | None = None
    error_type: str | None = None
    answers: bool = field(default=False, compare=False)
    complains: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """What one event of a stream says.

    `ends`: it is the protocol's last event. `finishes`: a client may take it for the
    end although more follows. `failed`: it reports the provider's own error.
    """

    counts: Counts = field(default_factory=dict)
    served: Variant | None = None
    stop_reason: str | None = None
    ends: bool = False
    finishes: bool = False
    failed: bool = False


_EMPTY: Final = re.compile(rb'\s*\{\s*"text"\s*:\s*""\s*\}\s*')
_ERROR: Final = Said(ends=True, failed=True)
_MADE_OF: Final[Mapping[Protocol, tuple[str, ...]]] = MappingProxyType(
    {
        Protocol.MESSAGES: ("content",),
        Protocol.RESPONSES: ("output",),
        Protocol.CHAT: ("choices",),
        Protocol.GEMINI: ("candidates", "promptFeedback"),
    }
)
_COMPLAINTS: Final = ("error", "errors", "detail", "message")


def read_answer(protocol: Protocol, body: bytes) -> AnswerFacts:
    """Read a whole JSON answer, also an error's."""
    answer = members(body)
    if answer is None and protocol is Protocol.GEMINI:
        # An error of a stream that is no stream comes as the only one of a list.
        answer = next((members(each) for each in listed(body)), None)
    reader = _ANSWERS.get(protocol)
    if answer is None or reader is None:
        return AnswerFacts()
    counts, stop = reader
    return AnswerFacts(
        usage=Usage(**settled(counts(answer)), served=_served(protocol, answer)),
        stop_reason=stop(answer),
        error_type=_error_type(answer),
        answers=_any_of(answer, _MADE_OF.get(protocol, ())),
        complains=_any_of(answer, _COMPLAINTS),
    )


def _any_of(answer: Members, names: tuple[str, ...]) -> bool:
    return any(told(answer.get(name)) for name in names)


def _served(protocol: Protocol, answer: Members) -> Variant | None:
    match protocol:
        case Protocol.MESSAGES:
            return messages_served(inside(answer, "usage"))
        case Protocol.GEMINI:
            return gemini_served(inside(answer, "usageMetadata"))
        case Protocol.RESPONSES | Protocol.CHAT:
            return openai_served(answer)
        case Protocol.OLLAMA:
            return None


def read_event(protocol: Protocol, data: bytes) -> Said | None:
    """Read the data of one event; None where it is no JSON object."""
    event = members(data)
    if event is None and protocol is Protocol.GEMINI:
        event = next((members(each) for each in listed(data)), None)
    reader = _EVENTS.get(protocol)
    if event is None or reader is None:
        return None
    return reader(event)


def _messages_event(event: Members) -> Said:
    kind = word(event.get("type"))
    if kind == "error" or told(event.get("error")):
        return _ERROR
    if kind == "message_start":
        usage = inside(event, "message", "usage")
        return Said(messages_counts(usage), messages_served(usage))
    if kind == "message_delta":
        stop = inside(event, "delta").get("stop_reason")
        usage = inside(event, "usage")
        return Said(
            counts=messages_counts(usage),
            served=messages_served(usage),
            stop_reason=word(stop),
            finishes=filled(stop),
        )
    return Said(ends=kind == "message_stop")


def _responses_event(event: Members) -> Said:
    kind = word(event.get("type"))
    if kind == "error" or told(event.get("error")):
        return _ERROR
    if kind not in _RESPONSES_ENDS:
        return Said()
    response = inside(event, "response")
    return Said(
        counts=responses_spent(response),
        served=openai_served(response),
        stop_reason=_responses_stop(response),
        ends=True,
        failed=kind == "response.failed",
    )


def _chat_event(event: Members) -> Said:
    if told(event.get("error")):
        return _ERROR
    return Said(
        counts=chat_counts(_chat_usage(event)),
        served=openai_served(event),
        stop_reason=_finish_reason(event),
        finishes=any(filled(reason) for reason in _finish_reasons(event)),
    )


def _chat_usage(event: Members) -> Members:
    # Groq tells the usage of a stream in a member of its own, Moonshot inside the
    # choice, both in the last chunk.
    found = inside(event, "usage") or inside(event, "x_groq", "usage")
    if found or "choices" not in event:
        return found
    choices = (members(choice) or {} for choice in entries(event["choices"]))
    told_in = (inside(choice, "usage") for choice in choices)
    return next((usage for usage in told_in if usage), found)


def _gemini_event(event: Members) -> Said:
    if told(event.get("error")):
        return _ERROR
    reasons = _gemini_reasons(event)
    return Said(
        counts=_gemini_usage(event),
        served=gemini_served(inside(event, "usageMetadata")),
        stop_reason=_gemini_stop(event),
        finishes=any(filled(reason) for reason in reasons),
    )


def _gemini_usage(response: Members) -> Counts:
    usage = inside(response, "usageMetadata")
    counts = gemini_counts(usage)
    ended = any(filled(reason) for reason in _gemini_reasons(response))
    if ended and not _speaks(response):
        counts = unanswered(counts, usage)
    return counts | _gemini_searches(response)


def _gemini_searches(response: Members) -> Counts:
    first = next(iter(entries(response.get("candidates"))), None)
    return gemini_searches(inside(members(first) or {}, "groundingMetadata"))


def _speaks(response: Members) -> bool:
    # A last event may hold an empty text and nothing else.
    candidates = (members(each) or {} for each in entries(response.get("candidates")))
    parts = (entries(inside(each, "content").get("parts")) for each in candidates)
    return any(not _EMPTY.fullmatch(part) for each in parts for part in each)


_Reader: TypeAlias = Callable[[Members], Said]
_EVENTS: Final[Mapping[Protocol, _Reader]] = MappingProxyType(
    {
        Protocol.MESSAGES: _messages_event,
        Protocol.RESPONSES: _responses_event,
        Protocol.CHAT: _chat_event,
        Protocol.GEMINI: _gemini_event,
    }
)


def _messages_stop(message: Members) -> str | None:
    return word(message.get("stop_reason"))


def _responses_stop(response: Members) -> str | None:
    status = word(response.get("status"))
    if status != "incomplete":
        return status
    return word(inside(response, "incomplete_details").get("reason")) or status


def _finish_reason(chunk: Members) -> str | None:
    words = (word(reason) for reason in _finish_reasons(chunk))
    return next((each for each in words if each is not None), None)


def _finish_reasons(chunk: Members) -> list[msgspec.Raw | None]:
    choices = (members(choice) or {} for choice in entries(chunk.get("choices")))
    return [choice.get("finish_reason") for choice in choices]


def _gemini_stop(response: Members) -> str | None:
    words = (word(reason) for reason in _gemini_reasons(response))
    return next((each for each in words if each is not None), None)


def _gemini_reasons(response: Members) -> list[msgspec.Raw | None]:
    # A prompt that was blocked gets no candidate.
    candidates = (members(each) or {} for each in entries(response.get("candidates")))
    blocked = inside(response, "promptFeedback").get("blockReason")
    return [*(each.get("finishReason") for each in candidates), blocked]


def _error_type(of: Members) -> str | None:
    # A Responses `error` event carries its code at the top (`ResponseErrorEvent` in
    # OpenAI's Python SDK 3), some Chat providers a number as the code; Gemini's word
    # is the status.
    error = inside(of, "error")
    places = ((error, "type"), (error, "status"), (error, "code"), (of, "code"))
    for holder, key in places:
        raw = holder.get(key)
        name = word(raw)
        if name is None and raw is not None and bytes(raw).isdigit():
            name = bytes(raw).decode()[:9]
        if name is not None:
            return name
    return None


_ANSWERS: Final[
    Mapping[
        Protocol,
        tuple[Callable[[Members], Counts], Callable[[Members], str | None]],
    ]
] = MappingProxyType(
    {
        Protocol.MESSAGES: (
            lambda answer: messages_counts(inside(answer, "usage")),
            _messages_stop,
        ),
        Protocol.RESPONSES: (responses_spent, _responses_stop),
        Protocol.CHAT: (
            lambda answer: chat_counts(_chat_usage(answer)),
            _finish_reason,
        ),
        Protocol.GEMINI: (_gemini_usage, _gemini_stop),
    }
)
