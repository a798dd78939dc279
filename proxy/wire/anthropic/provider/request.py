"""Writes a request as the body of `POST /v1/messages`; no I/O.

Shapes: `MessageCreateParams` (GA and beta) of the `anthropic` SDK 2.8.0. The request
has been fitted to the target before: turns alternate, calls and results match, names
are legal. What is still without a place is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from proxy.model import Message, Part, Protocol, Request, Role
from proxy.wire.anthropic.provider.cache_marks import MOST_MARKS, limit_marks
from proxy.wire.anthropic.provider.request_blocks import Block, Blocks, mark
from proxy.wire.anthropic.provider.tools import forces, write_choice, write_tools
from proxy.wire.anthropic.provider.wishes import (
    write_format,
    write_sampling,
    write_stops,
    write_thought,
)
from proxy.wire.codec import Target, Written
from proxy.wire.dialect import ReasoningBack
from proxy.wire.fields import WireError
from proxy.wire.losses import Noted

_ROLES: Final = {
    Role.USER: "user",
    Role.ASSISTANT: "assistant",
    Role.SYSTEM: "system",
    Role.DEVELOPER: "system",
}
_LED: Final = frozenset({Role.SYSTEM, Role.DEVELOPER})
_CONFIG: Final = "output_config"


def write_request(request: Request, target: Target) -> Written:
    """Write the request for this target.

    The same request and target give the same bytes, with messages, system blocks and
    tools in their order: a provider's prompt cache goes by them. Raises WireError
    where the request is nested too deeply.
    """
    lost = Noted()
    own = request.protocol is Protocol.MESSAGES
    body: Block = {"model": target.model, "max_tokens": 0}
    _prompt(body, request, target, lost)
    _wishes(body, request, target, lost)
    if request.metadata.user is not None or (own and request.metadata.labels):
        user = request.metadata.user
        named: Block = {} if user is None else {"user_id": user}
        body["metadata"] = {**named, **(request.metadata.labels if own else {})}
    if target.stream:
        body["stream"] = True
    body |= mark(request.cache)
    if own:
        _extras(body, request)
    _name_unwritten(request, lost)
    _dialect(body, target, lost)
    try:
        return Written(msgspec.json.encode(body), lost.losses)
    except RecursionError:
        raise WireError("The request is nested too deeply.") from None


def _prompt(body: Block, request: Request, target: Target, lost: Noted) -> None:
    own = request.protocol is Protocol.MESSAGES
    unsigned = target.dialect.reasoning_back is not ReasoningBack.NEVER
    blocks = Blocks(lost, own=own, unsigned=unsigned)
    system, messages = _led(request)
    head = blocks.write(system)
    turns = [_turn(each, blocks, own=own) for each in messages]
    said = [each for each in turns if each is not None]
    tools = write_tools(request, lost)
    if head:
        body["system"] = head
    body["messages"] = said
    if tools:
        body["tools"] = tools
    contents = [each for turn in said for each in _content(turn)]
    most = MOST_MARKS if request.cache is None else MOST_MARKS - 1
    limit_marks((tools, head, contents), most, lost)


def _led(request: Request) -> tuple[tuple[Part, ...], Sequence[Message]]:
    """Take a foreign conversation's first instructions to where they belong."""
    if request.protocol is Protocol.MESSAGES:
        return request.system, request.messages
    led = 0
    while led < len(request.messages) and request.messages[led].role in _LED:
        led += 1
    first = (part for each in request.messages[:led] for part in each.parts)
    return (*request.system, *first), request.messages[led:]


def _turn(message: Message, blocks: Blocks, *, own: bool) -> Block | None:
    content = blocks.write(message.parts)
    shape: Block = {"role": _ROLES[message.role]}
    if content or (own and message.role is not Role.SYSTEM):
        shape["content"] = content
    elif not own:
        return None
    return {**shape, **(message.extras if own else {})}


def _content(turn: Block) -> list[Block]:
    content = turn.get("content")
    return content if isinstance(content, list) else []


def _wishes(body: Block, request: Request, target: Target, lost: Noted) -> None:
    tools = body.get("tools")
    choice = write_choice(request, tools if isinstance(tools, list) else [], lost)
    if choice is not None:
        body["tool_choice"] = choice
    thought = write_thought(request, target, lost, forced=forces(choice))
    body["max_tokens"] = thought.limit
    if thought.thinking is not None:
        body["thinking"] = thought.thinking
    config: Block = {}
    if thought.effort is not None:
        config["effort"] = thought.effort
    own = request.protocol is Protocol.MESSAGES
    form = write_format(request.output_format, lost, own=own)
    if form is not None:
        config["format"] = form
    if config:
        body[_CONFIG] = config
    body |= write_sampling(request, lost, thinks=thought.on)
    stops = write_stops(request, lost)
    if stops:
        body["stop_sequences"] = stops


def _extras(body: Block, request: Request) -> None:
    for name, value in request.extras.items():
        known = body.get(name)
        if name == _CONFIG and isinstance(known, dict) and isinstance(value, dict):
            body[name] = {**known, **value}
        else:
            body[name] = value


def _name_unwritten(request: Request, lost: Noted) -> None:
    kept = request.kept
    unwritten = (
        ("max_tool_calls", request.limits.max_tool_calls is not None),
        ("verbosity", request.verbosity is not None),
        ("cache_fields", request.cache_key is not None),
        ("stored_answer", bool(kept.previous or kept.conversation or kept.store)),
        (
            "metadata",
            bool(request.metadata.labels) and request.protocol is not Protocol.MESSAGES,
        ),
        ("extra_output", bool(set(request.include) - {"reasoning.encrypted_content"})),
    )
    for name, lacks in unwritten:
        if lacks:
            lost.add(name)


def _dialect(body: Block, target: Target, lost: Noted) -> None:
    for name in target.dialect.never:
        if body.pop(name, None) is not None:
            lost.add("field", [name])
    body.update(target.dialect.always)
