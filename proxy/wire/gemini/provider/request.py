"""Writes a fitted request as the body of `generateContent`; no I/O.

Shapes: `GenerateContentConfig` of the `google-genai` SDK 3.3.0, as that SDK sends it.
Model and stream stand in the path of the call.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from proxy.model import (
    Choice,
    FunctionTool,
    Json,
    OutputFormat,
    Protocol,
    Reasoning,
    Request,
    ServerTool,
    ToolChoice,
)
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import ReasoningWord, Schemas
from proxy.wire.effort import budget_of, level_of, nearest
from proxy.wire.gemini.pieces import Shape
from proxy.wire.gemini.provider.contents import ContentWriter
from proxy.wire.gemini.schemas import write_schema
from proxy.wire.gemini.spelling import merged

LEVELS = ("minimal", "low", "medium", "high", "xhigh")
"""The levels of thinking (`ThinkingLevel`), weakest first."""


def write_request(request: Request, target: Target) -> Written:
    """Return the body for `target`; equal requests give equal bytes.

    Neighbours of one role are one content, all functions stand in one entry of the
    tools. `losses` names what has no place.
    """
    writer = ContentWriter(request, target)
    body: Shape = {}
    system = writer.parts(request.system)
    if system:
        body["systemInstruction"] = {"parts": system}
    body["contents"] = writer.contents(request.messages)
    tools = _tools(request, target, writer)
    if tools:
        body["tools"] = tools
    calls = _calling(request.tool_choice)
    if calls and any(isinstance(each, FunctionTool) for each in request.tools):
        body["toolConfig"] = {"functionCallingConfig": calls}
    config = _config(request, target, writer)
    if config:
        body["generationConfig"] = config
    if request.metadata.labels:
        body["labels"] = dict(request.metadata.labels)
    if request.kept.store is not None and request.protocol is Protocol.GEMINI:
        body["store"] = request.kept.store
    _name_losses(request, writer)
    body = merged({**body, **target.dialect.always}, request.extras)
    for name in target.dialect.never:
        body.pop(name, None)
    return Written(msgspec.json.encode(body), tuple(writer.losses))


def _tools(request: Request, target: Target, writer: ContentWriter) -> list[Json]:
    plain = target.dialect.schemas is Schemas.PLAIN
    functions: list[Json] = []
    found: list[Json] = []
    for tool in request.tools:
        if isinstance(tool, FunctionTool):
            if not functions:
                found.append({"functionDeclarations": functions})
            functions.append(_function(tool, plain=plain))
        elif isinstance(tool, ServerTool) and tool.protocol is Protocol.GEMINI:
            found.append(dict(tool.raw))
        elif isinstance(tool, ServerTool):
            writer.lose("server_tool_offered", [tool.type])
        else:
            writer.lose("custom_tool")
    return found


def _function(tool: FunctionTool, *, plain: bool) -> Shape:
    shape: Shape = {"name": tool.name}
    if tool.description is not None:
        shape["description"] = tool.description
    schema = tool.schema
    if schema and not plain:
        shape["parametersJsonSchema"] = dict(schema)
    elif schema:
        written = write_schema(schema)
        # An object without properties is refused where `Schema` is all that is taken.
        if written.get("properties") or written.get("type") != "OBJECT":
            shape["parameters"] = written
    return merged(shape, tool.extras)


def _calling(choice: ToolChoice | None) -> Shape:
    if choice is None:
        return {}
    kept = {name: value for name, value in choice.extras.items() if name != "mode"}
    # Our reader takes calls whole.
    kept.pop("streamFunctionCallArguments", None)
    match choice.choice:
        case Choice.TOOL if choice.name is not None:
            told: Shape = {"mode": "ANY", "allowedFunctionNames": [choice.name]}
        case Choice.ANY | Choice.TOOL:
            told = {"mode": "ANY"}
        case Choice.NONE:
            told = {"mode": "NONE"}
        case _:
            # Names may be listed beside these two modes only: ANY and VALIDATED.
            bound = choice.allowed is not None or choice.extras.get("mode")
            told = {"mode": "VALIDATED" if bound else "AUTO"}
    if choice.allowed is not None and choice.choice in {Choice.AUTO, Choice.ANY}:
        told["allowedFunctionNames"] = list(choice.allowed)
    return merged(told, kept)


def _config(request: Request, target: Target, writer: ContentWriter) -> Shape:
    limits, sampling = request.limits, request.sampling
    told: dict[str, Json] = {
        target.dialect.limit_field: limits.max_output_tokens,
        "stopSequences": list(limits.stop_sequences) or None,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        target.dialect.seed_field: sampling.seed,
        "thinkingConfig": _thinking(request, target, writer) or None,
    }
    told |= _format(request.output_format, plain=_is_plain(target))
    return {name: each for name, each in told.items() if name and each is not None}


def _is_plain(target: Target) -> bool:
    return target.dialect.schemas is Schemas.PLAIN


def _format(form: OutputFormat | None, *, plain: bool) -> Shape:
    if form is None:
        return {}
    if form.kind == "text":
        return {"responseMimeType": "text/plain"}
    shape: Shape = {"responseMimeType": "application/json"}
    if form.schema is not None and plain:
        shape["responseSchema"] = write_schema(form.schema)
    elif form.schema is not None:
        shape["responseJsonSchema"] = dict(form.schema)
    return shape


def _thinking(request: Request, target: Target, writer: ContentWriter) -> Shape:
    wish = request.reasoning
    if wish is None:
        return {}
    if request.protocol is Protocol.GEMINI:
        return merged(_own_thinking(wish), wish.extras)
    match target.dialect.reasoning:
        case ReasoningWord.EFFORT:
            return _shown(wish, _level(wish, writer))
        case ReasoningWord.NONE:
            writer.lose("reasoning_wish")
            return {}
        case _:
            return _shown(wish, _budget(wish, request, target))


def _own_thinking(wish: Reasoning) -> Shape:
    """Write the client's own words back."""
    told: Shape = {}
    if wish.display is not None:
        told["includeThoughts"] = wish.display != "omitted"
    if wish.mode == "disabled":
        told["thinkingBudget"] = 0
    elif wish.budget_tokens is not None:
        told["thinkingBudget"] = wish.budget_tokens
    elif wish.mode == "adaptive":
        told["thinkingBudget"] = -1
    elif wish.effort is not None:
        # The vendor refuses a request that sets both.
        told["thinkingLevel"] = wish.effort.upper()
    return told


def _level(wish: Reasoning, writer: ContentWriter) -> Shape:
    level = level_of(wish)
    if level is None:
        return {}
    if level == "none":
        # These models cannot be told not to think.
        writer.lose("effort_mapped")
    taken = nearest("minimal" if level == "none" else level, LEVELS)
    return {"thinkingLevel": (taken or "minimal").upper()}


def _budget(wish: Reasoning, request: Request, target: Target) -> Shape:
    if wish.mode == "disabled" or wish.effort == "none":
        return {"thinkingBudget": 0}
    most = request.limits.max_output_tokens or target.max_output
    if wish.budget_tokens is not None:
        return {"thinkingBudget": wish.budget_tokens}
    if wish.effort is not None:
        return {"thinkingBudget": budget_of(wish.effort, most)}
    return {"thinkingBudget": -1} if wish.mode else {}


def _shown(wish: Reasoning, told: Shape) -> Shape:
    """Ask for the thoughts too, unless there are none or nobody wants them."""
    off = told.get("thinkingBudget") == 0 or wish.display == "omitted"
    return {**told, "includeThoughts": not off}


def _name_losses(request: Request, writer: ContentWriter) -> None:
    for name in _losses(request):
        writer.lose(name)


def _losses(request: Request) -> Iterator[str]:
    if request.parallel_tools is False:
        yield "parallel_tools"
    if request.verbosity is not None:
        yield "verbosity"
    if request.cache_key is not None:
        yield "cache_fields"
    if request.metadata.user is not None:
        yield "user"
    if request.limits.max_tool_calls is not None:
        yield "max_tool_calls"
    if request.kept.previous is not None or request.kept.conversation is not None:
        yield "stored_answer"
