"""Answers requests without model and network, for first runs and demos; no I/O.

Everything it says is marked as simulated. It is deterministic: the same request gets
the same events. It thinks nothing, remembers nothing and invents no counts: what came
is estimated as for any model nobody has met, what went is a quarter of its characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    CallKind,
    Choice,
    Event,
    FunctionTool,
    Offered,
    PartEnded,
    Request,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    ToolCallArguments,
    ToolCallStarted,
    ToolResult,
    Usage,
)
from proxy.practice.arguments import arguments_for, example, free_text_for
from proxy.practice.prompt import newest_results, newest_words, quote, tool_asked_for
from proxy.wire.counting import measure, rough

PRACTICE_PROVIDER_ID: Final = "practice"
"""The id of the built-in provider."""

PRACTICE_MODEL: Final = "echo"
"""The id of its one model."""

_CHARACTERS_PER_TOKEN: Final = 4
_LABEL: Final = "This is a practice answer: simulated, no model, no network."
_ADVICE: Final = "Add a provider to config.toml to get real answers."
_WORDS: Final = re.compile(r"\s*\S+|\s+")


def answer(request: Request) -> tuple[Event, ...]:
    """Return the whole answer to a request, one `TextDelta` a word.

    It calls a tool where the request forces one, or where the newest human words ask
    for one that is offered; else it answers in text, and names the length of what
    tools returned. `max_output_tokens` and stop sequences are kept.
    """
    digest = _digest(request)
    usage = Usage(
        input_tokens=count_tokens(request),
        cache_read_tokens=0,
        cache_write_tokens=0,
        output_tokens=0,
        reasoning_tokens=0,
    )
    model = f"{PRACTICE_PROVIDER_ID}/{PRACTICE_MODEL}"
    started = AnswerStarted(f"{PRACTICE_PROVIDER_ID}_{digest}", model, usage)
    offered = _tool_to_call(request)
    if offered is not None:
        body = tuple(_call(request, offered, digest))
    else:
        body = tuple(_speak(request, _text(request)))
    return (started, *body)


def count_tokens(request: Request) -> int:
    """Return the estimated input tokens: system, messages, tools, images, results."""
    return rough(measure(request))


def _tokens_of(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _digest(request: Request) -> str:
    """Return what tells this turn from the others, also of the same conversation."""
    words = newest_words(request).encode()
    size = len(request.messages).to_bytes(8, "big")
    return hashlib.sha256(size + words).hexdigest()[:16]


def _tool_to_call(request: Request) -> Offered | None:
    choice = request.tool_choice
    offered = request.offered
    if choice is not None:
        if choice.choice is Choice.NONE:
            return None
        if choice.choice is Choice.TOOL:
            named = [each for each in offered if each.tool.name == choice.name]
            return named[0] if named else None
        if choice.allowed is not None:
            offered = tuple(e for e in offered if e.tool.name in choice.allowed)
    words = newest_words(request)
    if choice is not None and choice.choice is Choice.ANY:
        return tool_asked_for(words, offered) or next(iter(offered), None)
    if newest_results(request):
        return None
    return tool_asked_for(words, offered)


def _call(request: Request, offered: Offered, digest: str) -> Iterator[Event]:
    tool, words = offered.tool, newest_words(request)
    if isinstance(tool, FunctionTool):
        kind, arguments = CallKind.FUNCTION, arguments_for(tool.schema, words)
    else:
        kind, arguments = CallKind.CUSTOM, free_text_for(words)
    written = _tokens_of(tool.name) + _tokens_of(arguments)
    limit = request.limits.max_output_tokens
    if limit is not None and written > limit:
        # Half a call is of no use to anyone, so none is made.
        yield AnswerEnded(StopReason.MAX_TOKENS, usage=Usage(output_tokens=0))
        return
    yield ToolCallStarted(0, f"call_{digest}", tool.name, kind, offered.namespace)
    for piece in _WORDS.findall(arguments):
        yield ToolCallArguments(0, piece)
    yield PartEnded(0)
    yield AnswerEnded(StopReason.TOOL_USE, usage=Usage(output_tokens=written))


def _text(request: Request) -> str:
    form = request.output_format
    if form is not None and form.kind.startswith("json"):
        return msgspec.json.encode(example(form.schema or {})).decode()
    results = newest_results(request)
    if results:
        return f"{_LABEL} {_about(results)}"
    words = quote(newest_words(request))
    said = f"You wrote: {words}" if words else "There were no words to quote."
    return f"{_LABEL} {said}\n\n{_ADVICE}"


def _about(results: tuple[ToolResult, ...]) -> str:
    from_all = sum(map(_length, results))
    subject = "The tool" if len(results) == 1 else f"The {len(results)} tools"
    failed = sum(1 for each in results if each.is_error)
    told = f"{subject} returned {from_all} characters."
    return f"{told} Marked as an error: {failed}." if failed else told


def _length(result: ToolResult) -> int:
    return sum(len(each.text) for each in result.parts if isinstance(each, Text))


def _speak(request: Request, text: str) -> Iterator[Event]:
    text, ended = _limited(request, text)
    if text:
        yield TextStarted(0)
        for piece in _WORDS.findall(text):
            yield TextDelta(0, piece)
        yield PartEnded(0)
    yield ended


def _limited(request: Request, text: str) -> tuple[str, AnswerEnded]:
    """Cut a text where its limits say, whichever comes first."""
    found = [
        (text.index(each), each)
        for each in request.limits.stop_sequences
        if each and each in text
    ]
    at, word = min(found, default=(len(text), None))
    limit = request.limits.max_output_tokens
    most = len(text) if limit is None else max(limit, 0) * _CHARACTERS_PER_TOKEN
    if most < at + len(word or ""):
        cut, stop, word = text[:most], StopReason.MAX_TOKENS, None
        cut = cut[:at]
    elif word is not None:
        cut, stop = text[:at], StopReason.STOP_SEQUENCE
    else:
        cut, stop = text, StopReason.END_TURN
    usage = Usage(output_tokens=_tokens_of(cut))
    return cut, AnswerEnded(stop, word, usage)


__all__ = ["PRACTICE_MODEL", "PRACTICE_PROVIDER_ID", "answer", "count_tokens"]
