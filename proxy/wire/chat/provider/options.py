"""Writes the wishes about an answer for a Chat provider; no I/O.

Limits, dice, reasoning, form of the answer, caches and labels, each only as far as the
server's dialect has a word for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from proxy.model import Json, OutputFormat, Protocol, Reasoning, Request
from proxy.wire.chat.provider.request_parts import with_extras
from proxy.wire.codec import Target
from proxy.wire.dialect import Dialect, FormatWord, ReasoningWord
from proxy.wire.effort import level_of, nearest
from proxy.wire.losses import Noted

_NAME: Final = "answer"
_WANTS_JSON: Final = "Answer with a single JSON object and nothing else."
_WANTS_SCHEMA: Final = (
    "Answer with a single JSON value and nothing else. It must match this JSON Schema:"
)


def write_options(request: Request, target: Target, lost: Noted) -> dict[str, Json]:
    """Write all top-level fields but model, messages and tools."""
    dialect = target.dialect
    fields: dict[str, Json] = {}
    fields.update(_limits(request, dialect, lost))
    fields.update(_sampling(request, dialect))
    if request.reasoning is not None:
        fields.update(_reasoning(request.reasoning, dialect, lost))
    if request.output_format is not None:
        fields.update(_format(request.output_format, dialect))
    if request.verbosity is not None and dialect.verbosity:
        fields["verbosity"] = request.verbosity
    if request.cache_key is not None and dialect.cache_key:
        fields["prompt_cache_key"] = request.cache_key
    if request.cache is not None:
        lost.add("cache_marks")
    fields.update(_who(request, dialect, lost))
    fields.update(_kept(request, lost))
    return fields


def instruction(form: OutputFormat | None, dialect: Dialect, lost: Noted) -> str | None:
    """Return the words that ask for a form of answer the server has no field for."""
    if form is None or form.kind == "text":
        return None
    if form.kind == "json_schema" and dialect.output_format is not FormatWord.SCHEMA:
        lost.add("output_format")
        schema = msgspec.json.encode(dict(form.schema or {})).decode()
        return f"{_WANTS_SCHEMA}\n{schema}"
    if form.kind == "json_object" and dialect.output_format is FormatWord.NONE:
        lost.add("output_format")
        return _WANTS_JSON
    return None


def _limits(request: Request, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    limits, fields = request.limits, dict[str, Json]()
    if limits.max_output_tokens is not None and dialect.limit_field:
        fields[dialect.limit_field] = limits.max_output_tokens
    if limits.stop_sequences:
        fields["stop"] = list(limits.stop_sequences)
    if limits.max_tool_calls is not None:
        lost.add("max_tool_calls")
    return fields


def _sampling(request: Request, dialect: Dialect) -> dict[str, Json]:
    dice, fields = request.sampling, dict[str, Json]()
    if dice.temperature is not None and dialect.sampling:
        fields["temperature"] = max(dice.temperature, dialect.least_temperature)
    if dice.top_p is not None and dialect.sampling:
        fields["top_p"] = dice.top_p
    if dice.top_k is not None and dialect.top_k:
        fields["top_k"] = dice.top_k
    if dice.seed is not None and dialect.seed_field:
        fields[dialect.seed_field] = dice.seed
    return fields


def _reasoning(wish: Reasoning, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    level = level_of(wish)
    if level is None and wish.mode != "enabled":
        return {}
    match dialect.reasoning:
        case ReasoningWord.EFFORT:
            return _effort(level, dialect, lost)
        case ReasoningWord.REASONING:
            return {"reasoning": _openrouter(wish, level, dialect)}
        case ReasoningWord.THINKING | ReasoningWord.ADAPTIVE:
            kind = "disabled" if level == "none" else "enabled"
            fields: dict[str, Json] = {"thinking": {"type": kind}}
            # DeepSeek takes a level beside the switch.
            if dialect.efforts and level not in {None, "none"}:
                fields.update(_effort(level, dialect, lost))
            return fields
        case ReasoningWord.NONE:
            lost.add("reasoning_wish")
            return {}


def _effort(level: str | None, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    taken = None if level is None else nearest(level, dialect.efforts)
    if taken is None:
        lost.add("reasoning_wish")
        return {}
    return {"reasoning_effort": taken}


def _openrouter(wish: Reasoning, level: str | None, dialect: Dialect) -> Json:
    if level == "none":
        return {"enabled": False}
    if wish.budget_tokens is not None:
        return {"max_tokens": wish.budget_tokens}
    taken = None if level is None else nearest(level, dialect.efforts)
    return {"enabled": True} if taken is None else {"effort": taken}


def _format(form: OutputFormat, dialect: Dialect) -> dict[str, Json]:
    plain = dialect.output_format is FormatWord.NONE or form.kind == "text"
    if plain and dialect.output_format is not FormatWord.SCHEMA:
        return {}
    kind = form.kind
    if kind == "json_schema" and dialect.output_format is FormatWord.OBJECT:
        return {"response_format": {"type": "json_object"}}
    shape: dict[str, Json] = {"type": kind}
    if kind == "json_schema":
        inner: dict[str, Json] = {"name": form.name or _NAME}
        if form.description is not None:
            inner["description"] = form.description
        if form.schema is not None:
            inner["schema"] = dict(form.schema)
        if form.strict is not None:
            inner["strict"] = form.strict
        shape["json_schema"] = inner
    return {"response_format": with_extras(shape, form.extras)}


def _who(request: Request, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    user, labels = request.metadata.user, request.metadata.labels
    fields: dict[str, Json] = {}
    known = request.extras.get("safety_identifier")
    if user is not None and dialect.user and user != known:
        fields["user"] = user
    if labels and dialect.labels:
        words = {k: v for k, v in labels.items() if isinstance(v, str)}
        if len(words) < len(labels):
            lost.add("metadata")
        fields["metadata"] = dict[str, Json](words)
    return fields


def _kept(request: Request, lost: Noted) -> dict[str, Json]:
    kept = request.kept
    if kept.previous is not None or kept.conversation is not None:
        lost.add("stored_answer")
    if request.include:
        lost.add("extra_output")
    if kept.store is None:
        return {}
    if request.protocol is Protocol.CHAT:
        return {"store": kept.store}
    if kept.store:
        lost.add("stored_answer")
    return {}


def stream_options(request: Request, target: Target) -> dict[str, Json]:
    """Write `stream` and what belongs to it."""
    fields: dict[str, Json] = {"stream": target.stream}
    if not target.stream:
        return fields
    told = request.extras.get("stream_options")
    options: dict[str, Json] = dict(told) if isinstance(told, Mapping) else {}
    if target.dialect.stream_usage:
        options["include_usage"] = True
    if options:
        fields["stream_options"] = options
    return fields
