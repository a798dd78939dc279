"""Writes a request for a provider of Responses; no I/O.

Shapes: `types/responses/response_create_params.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import msgspec

from proxy.model import (
    Choice,
    CustomTool,
    FunctionTool,
    Json,
    JsonObject,
    Message,
    Protocol,
    Reasoning,
    Request,
    Role,
    ServerTool,
    Text,
    Tool,
    ToolChoice,
    ToolsAdded,
)
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import Dialect, ReasoningWord
from proxy.wire.losses import Noted
from proxy.wire.responses.provider.request_content import Content
from proxy.wire.responses.provider.request_items import Items
from proxy.wire.responses.tools import write_choice, write_offer

_SEALED: Final = "reasoning.encrypted_content"
# "Expected a value >= 16", says the vendor of a smaller limit.
_LEAST_TOKENS: Final = 16
# The longest cache key, and the longest user's id that every server takes.
_LONGEST_ID: Final = 64
# Modes of thinking that other protocols have; levels say the same here.
_FOREIGN_MODES: Final = frozenset({"enabled", "disabled", "adaptive"})
_HIDDEN: Final = frozenset({"omitted", "none", "hidden", "off"})


def write_request(request: Request, target: Target) -> Written:
    """Write the body of `POST /v1/responses`, and name what has no place in it.

    The request must have been fitted to the target. The same request gives the same
    bytes; messages and tools keep their order, so that a provider's cache is met.
    """
    lost = Noted()
    own = request.protocol is Protocol.RESPONSES
    content = Content(lost, own=own)

    def tools(part: ToolsAdded) -> list[Json]:
        return _tools(part.tools, lost, own=own)

    body: dict[str, Json] = {"model": target.model}
    instructions = _instructions(request, content)
    if instructions is not None:
        body["instructions"] = instructions
    messages = request.messages
    if not target.dialect.developer_role:
        messages = tuple(_by_system(each) for each in messages)
    body["input"] = Items(content, tools).write(messages)
    if request.tools:
        body["tools"] = _tools(request.tools, lost, own=own)
    choice = request.tool_choice
    if choice is not None:
        body["tool_choice"] = write_choice(_with_kinds(choice, request.tools))
    body |= _limits(request, lost)
    body |= _thinking(request, lost)
    body |= _text(request)
    body |= _kept(request, target.dialect)
    body |= _asker(request, lost)
    body["stream"] = target.stream
    if own:
        body |= {key: each for key, each in request.extras.items() if key not in body}
    return Written(msgspec.json.encode(_for_server(body, target.dialect)), lost.losses)


def _by_system(message: Message) -> Message:
    if message.role is not Role.DEVELOPER:
        return message
    return replace(message, role=Role.SYSTEM)


def _for_server(body: dict[str, Json], dialect: Dialect) -> dict[str, Json]:
    kept = {key: value for key, value in body.items() if key not in dialect.never}
    return {**kept, **dialect.always}


def _instructions(request: Request, content: Content) -> str | None:
    texts: list[str] = []
    for part in request.system:
        if isinstance(part, Text):
            content.uncached(part.cache)
            texts.append(part.text)
        else:
            content.lost(part)
    return "\n\n".join(texts) if texts else None


def _tools(tools: Iterable[Tool], lost: Noted, *, own: bool) -> list[Json]:
    offered: list[Tool] = []
    for tool in tools:
        if isinstance(tool, ServerTool) and tool.protocol is not Protocol.RESPONSES:
            lost.add("server_tool_offered")
            continue
        if isinstance(tool, FunctionTool) and tool.cache is not None:
            lost.add("cache_marks")
        offered.append(tool)
    return write_offer(offered, own=own)


def _with_kinds(choice: ToolChoice, tools: tuple[Tool, ...]) -> ToolChoice:
    """Return the choice with the kinds of the tools it allows, where none tells."""
    if choice.allowed is None or "tools" in choice.extras:
        return choice
    custom = {each.name for each in tools if isinstance(each, CustomTool)}
    named: list[Json] = [
        {"type": "custom" if name in custom else "function", "name": name}
        for name in choice.allowed
    ]
    mode = choice.choice if choice.choice is Choice.ANY else Choice.AUTO
    return ToolChoice(mode, allowed=choice.allowed, extras={"tools": named})


def _limits(request: Request, lost: Noted) -> dict[str, Json]:
    limits, sampling = request.limits, request.sampling
    most = limits.max_output_tokens
    if most is not None and most < _LEAST_TOKENS and not _is_own(request):
        lost.add("least_tokens")
        most = _LEAST_TOKENS
    if limits.stop_sequences:
        lost.add("stop_sequences")
    if sampling.top_k is not None:
        lost.add("sampling")
    if sampling.seed is not None:
        lost.add("seed")
    return _told(
        parallel_tool_calls=request.parallel_tools,
        max_output_tokens=most,
        max_tool_calls=limits.max_tool_calls,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
    )


def _is_own(request: Request) -> bool:
    return request.protocol is Protocol.RESPONSES


def _told(**fields: Json) -> dict[str, Json]:
    return {key: value for key, value in fields.items() if value is not None}


def _thinking(request: Request, lost: Noted) -> dict[str, Json]:
    wish = request.reasoning
    if wish is None:
        return {}
    if _is_own(request):
        shape = _told(
            mode=wish.mode,
            effort=wish.effort,
            summary=wish.display,
            context=wish.context,
        )
        return {"reasoning": {**shape, **wish.extras}}
    if wish.budget_tokens is not None and wish.effort is None:
        lost.add("reasoning_options")
    shape = _told(effort=wish.effort, summary="auto" if _is_shown(wish) else None)
    return {"reasoning": shape} if shape else {}


def _is_shown(wish: Reasoning) -> bool:
    """Whether a client of another protocol wants to see the reasoning."""
    if wish.effort == "none" or wish.mode == "disabled":
        return False
    if wish.display is not None:
        return wish.display not in _HIDDEN
    return wish.mode in _FOREIGN_MODES


def _text(request: Request) -> dict[str, Json]:
    shape = _told(format=_format(request), verbosity=request.verbosity)
    more = request.extras.get("text")
    shape |= more if isinstance(more, dict) else {}
    return {"text": shape} if shape else {}


def _format(request: Request) -> Json:
    form = request.output_format
    if form is None:
        return None
    shape: dict[str, Json] = {"type": form.kind}
    if form.kind == "json_schema":
        # The name has no meaning, but there must be one.
        schema = None if form.schema is None else dict(form.schema)
        shape |= _told(
            name=form.name or "answer",
            schema=schema,
            description=form.description,
            strict=form.strict,
        )
    return {**shape, **form.extras}


def _kept(request: Request, dialect: Dialect) -> dict[str, Json]:
    """Write what the provider shall keep: nothing, unless its own client asked."""
    kept, include = request.kept, list(request.include)
    store = bool(kept.store) and _is_own(request)
    thinks = dialect.reasoning is not ReasoningWord.NONE
    if thinks and not store and _SEALED not in include:
        # What is not stored comes back with the next turn, sealed.
        include.append(_SEALED)
    shape: dict[str, Json] = {"store": store}
    if include:
        shape["include"] = list[Json](include)
    if _is_own(request):
        shape |= _told(
            previous_response_id=kept.previous, conversation=kept.conversation
        )
    return shape


def _asker(request: Request, lost: Noted) -> dict[str, Json]:
    labels = _labels(request.metadata.labels, lost, own=_is_own(request))
    user, key = request.metadata.user, request.cache_key
    if not _is_own(request):
        user, key = _short(user, lost), _short(key, lost)
    return _told(prompt_cache_key=key, safety_identifier=user, metadata=labels or None)


def _short(text: str | None, lost: Noted) -> str | None:
    if text is None or len(text) <= _LONGEST_ID:
        return text
    lost.add("user_shortened")
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _labels(labels: JsonObject, lost: Noted, *, own: bool) -> dict[str, Json]:
    if own:
        return dict(labels)
    taken = {key: each for key, each in labels.items() if isinstance(each, str)}
    if len(taken) != len(labels):
        lost.add("metadata")
    return dict(taken)
