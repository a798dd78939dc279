"""Writes requests for Ollama's `POST /api/chat`; pure, no I/O.

Shapes: `ChatRequest`, `Message` and `Options` of the `ollama` package 0.6.3. The server
also reads `id` of a call and `tool_call_id` of a result (`api/types.go`), which join
parallel calls of one tool with their results; older servers leave them unread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.model import (
    Choice,
    FunctionTool,
    Json,
    Loss,
    OutputFormat,
    Request,
)
from proxy.wire.codec import Target, Written
from proxy.wire.counting import measure, rough
from proxy.wire.dialect import Dialect, FormatWord, ReasoningWord
from proxy.wire.effort import level_of, nearest
from proxy.wire.losses import named
from proxy.wire.ollama.turns import Turns

_STEP: Final = 4_096
_ANSWER: Final = 4_096
_MARGIN: Final = 1.2


def write_request(request: Request, target: Target) -> Written:
    """Write a fitted request.

    `options.num_ctx` is always told: the server's own default cuts the beginning of a
    longer conversation off without a word.
    """
    turns = Turns(request)
    body: dict[str, Json | msgspec.Raw | list[msgspec.Raw]] = {
        "model": target.model,
        "messages": turns.written(),
    }
    tools = _tools(request)
    if tools:
        body["tools"] = tools
    form = _format(request.output_format, target.dialect)
    if form is not None:
        body["format"] = form
    think = _think(request, target.dialect)
    if think is not None:
        body["think"] = think
    body["options"] = _options(request, target)
    body["stream"] = target.stream
    always = dict(target.dialect.always)
    always.pop("options", None)
    body |= always
    losses = [*turns.losses, *_losses(request, target.dialect)]
    for name in target.dialect.never:
        body.pop(name, None)
    return Written(msgspec.json.encode(body), tuple(dict.fromkeys(losses)))


def _tools(request: Request) -> list[Json]:
    choice = request.tool_choice
    if choice is not None and choice.choice is Choice.NONE:
        return []
    allowed = None if choice is None else choice.allowed
    return [
        _tool(tool)
        for tool in _functions(request)
        if allowed is None or tool.name in allowed
    ]


def _tool(tool: FunctionTool) -> Json:
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    # The server takes no tool without an object of parameters.
    schema: dict[str, Json] = {"type": "object", "properties": {}}
    function["parameters"] = {**schema, **(tool.schema or {})}
    return {"type": "function", "function": function}


def _format(form: OutputFormat | None, dialect: Dialect) -> Json:
    if form is None or dialect.output_format is FormatWord.NONE:
        return None
    if form.kind == "json_schema" and dialect.output_format is FormatWord.SCHEMA:
        return dict(form.schema) if form.schema else "json"
    return "json" if form.kind in {"json_schema", "json_object"} else None


def _think(request: Request, dialect: Dialect) -> Json:
    wish = request.reasoning
    if wish is None or dialect.reasoning is ReasoningWord.NONE:
        return None
    level = level_of(wish)
    if level == "none":
        return False
    if level is None:
        return True if wish.mode in {"enabled", "adaptive"} else None
    return nearest(level, dialect.efforts) or True


def _options(request: Request, target: Target) -> dict[str, Json]:
    sampling, limits, dialect = request.sampling, request.limits, target.dialect
    told: dict[str, Json] = {"num_ctx": _context(request, target)}
    if limits.max_output_tokens is not None:
        told["num_predict"] = limits.max_output_tokens
    if dialect.sampling:
        told |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if dialect.top_k:
        told["top_k"] = sampling.top_k
    if dialect.seed_field:
        told[dialect.seed_field] = sampling.seed
    if limits.stop_sequences:
        told["stop"] = list(limits.stop_sequences)
    for name in [name for name, value in told.items() if value is None]:
        del told[name]
    always = target.dialect.always.get("options")
    return told | always if isinstance(always, dict) else told


def _context(request: Request, target: Target) -> int:
    """Return the room to ask for, in tokens: the whole request and its answer.

    A fifth more than estimated, as too little is cut without a word; in steps, as the
    server loads the model anew whenever the number changes.
    """
    answer = request.limits.max_output_tokens or target.max_output or _ANSWER
    wanted = rough(measure(request)) * _MARGIN + answer
    room = math.ceil(wanted / _STEP) * _STEP
    return room if target.context is None else min(room, target.context)


def _losses(request: Request, dialect: Dialect) -> Iterator[Loss]:
    """Name what is left of the request's wishes that has no place here.

    Most are taken out, and named, before: this is the net below.
    """
    choice, functions = request.tool_choice, _functions(request)
    left = {
        "cache_fields": bool(request.cache or request.cache_key),
        "field": bool(request.extras),
        "max_tool_calls": request.limits.max_tool_calls is not None,
        "metadata": bool(request.metadata.labels),
        "parallel_tools": request.parallel_tools is False,
        "reasoning_wish": request.reasoning is not None
        and dialect.reasoning is ReasoningWord.NONE,
        "server_tool_offered": len(functions) < len(request.tools),
        "strict_tools": any(tool.strict for tool in functions),
        "tool_choice": choice is not None
        and choice.choice in {Choice.ANY, Choice.TOOL},
        "user": request.metadata.user is not None,
        "verbosity": request.verbosity is not None,
    }
    for name, lost in left.items():
        if lost:
            yield named(name)


def _functions(request: Request) -> list[FunctionTool]:
    return [tool for tool in request.tools if isinstance(tool, FunctionTool)]
