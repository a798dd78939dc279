"""Reads and writes the tool list and tool choice of Responses; no I/O.

Shapes: `types/responses/tool_param.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from proxy.model import (
    CallKind,
    Choice,
    CustomTool,
    FunctionTool,
    Grammar,
    Json,
    Namespace,
    Protocol,
    ServerTool,
    Tool,
    ToolChoice,
)
from proxy.wire.fields import Fields, WireError

_MODES: Final = {
    "auto": Choice.AUTO,
    "required": Choice.ANY,
    "none": Choice.NONE,
}
_WORDS: Final = {choice: word for word, choice in _MODES.items()}


def read_tools(tools: Iterable[Fields]) -> tuple[Tool, ...]:
    """Read a tool list; hosted tools are kept whole."""
    return tuple(_tool(each) for each in tools)


def write_tools(tools: Iterable[Tool]) -> list[Json]:
    """Write a tool list as an answer repeats it.

    Tools only another protocol knows are left out: no client of this one sent them.
    """
    return [shape for each in tools if (shape := _shape(each)) is not None]


def read_choice(value: str | Fields) -> ToolChoice:
    """Read `tool_choice`, a word or an object."""
    if isinstance(value, str):
        return ToolChoice(_mode(value, "tool_choice"))
    kind = value.need_text("type")
    if kind in {"function", "custom"}:
        name = value.need_text("name")
        return ToolChoice(Choice.TOOL, name, CallKind(kind), extras=value.rest)
    if kind == "allowed_tools":
        mode = _mode(value.need_text("mode"), value.path("mode"))
        allowed = tuple(_allowed(each) for each in value.need_objects("tools"))
        return ToolChoice(mode, allowed=allowed, extras={"tools": value.raw["tools"]})
    return ToolChoice(Choice.TOOL, hosted=kind, extras=value.rest)


def write_choice(choice: ToolChoice | None) -> Json:
    """Write `tool_choice` as an answer repeats it."""
    if choice is None:
        return "auto"
    if choice.allowed is not None:
        word = _WORDS.get(choice.choice, "auto")
        named: Json = [{"type": "function", "name": each} for each in choice.allowed]
        return {
            "type": "allowed_tools",
            "mode": word,
            "tools": named,
            **choice.extras,
        }
    if choice.hosted is not None:
        return {"type": choice.hosted, **choice.extras}
    if choice.choice is Choice.TOOL:
        return {"type": choice.kind.value, "name": choice.name, **choice.extras}
    return _WORDS[choice.choice]


def write_offer(tools: Iterable[Tool], *, own: bool) -> list[Json]:
    """Write a tool list for a provider.

    `own` tells that a client of this protocol wrote it: then what it left open stays
    open. Else `strict` is said, which this protocol would take for granted, and a
    schema has the members that the vendor demands.
    """
    shapes: list[Json] = []
    for tool in tools:
        match tool:
            case FunctionTool() if not own:
                shapes.append(_foreign_function(tool))
            case Namespace() if not own:
                inner = write_offer(tool.tools, own=False)
                shapes.append({**(_shape(tool) or {}), "tools": inner})
            case FunctionTool(description=None):
                shape = _function_shape(tool)
                del shape["description"]
                shapes.append(shape)
            case _:
                shape_or_none = _shape(tool)
                if shape_or_none is not None:
                    shapes.append(shape_or_none)
    return shapes


def _foreign_function(tool: FunctionTool) -> Json:
    shape = _function_shape(tool)
    given = {} if tool.schema is None else dict(tool.schema)
    # "object schema missing properties" is what the vendor says else.
    shape["parameters"] = {"type": "object", "properties": {}, **given}
    shape["strict"] = bool(tool.strict)
    if tool.description is None:
        del shape["description"]
    return shape


def _mode(word: str, where: str) -> Choice:
    choice = _MODES.get(word)
    if choice is None:
        raise WireError(f"{where} must be auto, required or none.")
    return choice


def _allowed(tool: Fields) -> str:
    for key in ("name", "server_label", "type"):
        name = tool.text(key)
        if name is not None:
            return name
    raise tool.missing("name")


def _tool(fields: Fields) -> Tool:
    if fields.need_text("type") == "namespace":
        inner = tuple(_single(each) for each in fields.need_objects("tools"))
        return Namespace(
            fields.need_text("name"),
            fields.text("description"),
            inner,
            extras=fields.rest,
        )
    return _single(fields)


def _single(fields: Fields) -> FunctionTool | CustomTool | ServerTool:
    kind = fields.need_text("type")
    if kind == "function":
        return FunctionTool(
            name=fields.need_text("name"),
            description=fields.text("description"),
            schema=fields.map("parameters"),
            strict=fields.flag("strict"),
            extras=fields.rest,
        )
    if kind == "custom":
        return _custom(fields)
    return ServerTool(Protocol.RESPONSES, kind, fields.text("name"), fields.raw)


def _custom(fields: Fields) -> CustomTool:
    name, description = fields.need_text("name"), fields.text("description")
    form = fields.object("format")
    if form is None:
        return CustomTool(name, description, extras=fields.rest)
    if form.need_text("type") != "grammar":
        unbound = {**fields.rest, "format": form.raw}
        return CustomTool(name, description, extras=unbound)
    grammar = Grammar(form.need_text("syntax"), form.need_text("definition"))
    return CustomTool(name, description, grammar, fields.rest)


def _shape(tool: Tool) -> dict[str, Json] | None:
    match tool:
        case FunctionTool():
            return _function_shape(tool)
        case CustomTool():
            return _custom_shape(tool)
        case Namespace():
            return {
                "type": "namespace",
                "name": tool.name,
                "description": tool.description or "",
                "tools": write_tools(tool.tools),
                **tool.extras,
            }
        case ServerTool(protocol=Protocol.RESPONSES):
            return dict(tool.raw)
        case ServerTool():
            return None


def _function_shape(tool: FunctionTool) -> dict[str, Json]:
    schema = None if tool.schema is None else dict(tool.schema)
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": schema,
        "strict": tool.strict,
        **tool.extras,
    }


def _custom_shape(tool: CustomTool) -> dict[str, Json]:
    shape: dict[str, Json] = {"type": "custom", "name": tool.name, **tool.extras}
    if tool.description is not None:
        shape["description"] = tool.description
    if tool.grammar is not None:
        shape["format"] = {
            "type": "grammar",
            "syntax": tool.grammar.syntax,
            "definition": tool.grammar.definition,
        }
    return shape
