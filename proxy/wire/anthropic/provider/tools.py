"""Writes the tools of a Messages request and the wish about calls; no I/O.

Shapes: `ToolUnionParam` and `ToolChoiceParam` of the `anthropic` SDK 2.8.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.model import (
    Choice,
    FunctionTool,
    JsonObject,
    Protocol,
    Request,
    ServerTool,
    Tool,
    ToolChoice,
)
from proxy.wire.anthropic.provider.request_blocks import Block, mark
from proxy.wire.losses import Noted

_ANYTHING: Final[JsonObject] = {"type": "object", "properties": {}}


def write_tools(request: Request, lost: Noted) -> list[Block]:
    """Return the tools this protocol can offer, in their order."""
    own = request.protocol is Protocol.MESSAGES
    written = (_tool(each, lost, own=own) for each in request.tools)
    return [each for each in written if each is not None]


def write_choice(request: Request, tools: Sequence[Block], lost: Noted) -> Block | None:
    """Return `tool_choice`; None where nothing is to be said.

    Without tools the API takes no choice: the wish is then left out, and named if it
    forced a call. A request in this very protocol keeps it, for its tools may be
    offered in mid-conversation.
    """
    wish, parallel = request.tool_choice, request.parallel_tools
    if not tools and request.protocol is not Protocol.MESSAGES:
        if wish is not None and wish.choice in {Choice.ANY, Choice.TOOL}:
            lost.add("tool_choice")
        return None
    if wish is None:
        return _only_one() if parallel is False else None
    shape = _choice(wish, tools, lost)
    if parallel is not None and wish.choice is not Choice.NONE:
        shape["disable_parallel_tool_use"] = not parallel
    if request.protocol is Protocol.MESSAGES:
        shape.update(wish.extras)
    return shape


def forces(choice: Block | None) -> bool:
    """Tell whether the model must call, which rules thinking out."""
    return choice is not None and choice["type"] in {"any", "tool"}


def _only_one() -> Block:
    return {"type": "auto", "disable_parallel_tool_use": True}


def _choice(wish: ToolChoice, tools: Sequence[Block], lost: Noted) -> Block:
    if wish.choice is not Choice.TOOL:
        return {"type": wish.choice.value}
    name = wish.name or _name_of(wish.hosted, tools)
    if name is not None:
        return {"type": "tool", "name": name}
    lost.add("tool_choice")
    return {"type": "any"}


def _name_of(hosted: str | None, tools: Sequence[Block]) -> object:
    names = (each.get("name") for each in tools if each.get("type") == hosted)
    return next(names, None) if hosted is not None else None


def _tool(tool: Tool, lost: Noted, *, own: bool) -> Block | None:
    match tool:
        case FunctionTool():
            return _function(tool, own=own)
        case ServerTool(protocol=Protocol.MESSAGES):
            return dict(tool.raw)
        case ServerTool():
            lost.add("server_tool_offered", [tool.type])
        case _:
            lost.add("custom_tool")
    return None


def _function(tool: FunctionTool, *, own: bool) -> Block:
    shape: Block = {"name": tool.name}
    if tool.description is not None:
        shape["description"] = tool.description
    shape["input_schema"] = _schema(tool.schema, own=own)
    if tool.strict is not None:
        shape["strict"] = tool.strict
    return {**shape, **mark(tool.cache), **(tool.extras if own else {})}


def _schema(schema: JsonObject | None, *, own: bool) -> JsonObject:
    if schema is None:
        return _ANYTHING
    # The API demands the word; a schema of parameters can mean nothing else.
    return schema if own or "type" in schema else {"type": "object", **schema}
