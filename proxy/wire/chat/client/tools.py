"""Reads the tool list and tool choice of Chat Completions; no I/O.

Shapes: `types/chat/chat_completion_tool_union_param.py` of the `openai` SDK 3.51.0.
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


def read_tools(tools: Iterable[Fields]) -> tuple[Tool, ...]:
    """Read a tool list; types nobody here reads are kept whole."""
    return tuple(_tool(each) for each in tools)


def read_choice(value: str | Fields) -> ToolChoice:
    """Read `tool_choice`, a word or an object."""
    if isinstance(value, str):
        return ToolChoice(_mode(value, "tool_choice"))
    kind = value.need_text("type")
    if kind in {"function", "custom"}:
        named = value.need_object(kind)
        name = named.need_text("name")
        return ToolChoice(Choice.TOOL, name, CallKind(kind), extras=value.rest)
    if kind == "allowed_tools":
        return _allowed(value.need_object("allowed_tools"))
    return ToolChoice(Choice.TOOL, hosted=kind, extras=value.rest)


def _mode(word: str, where: str) -> Choice:
    choice = _MODES.get(word)
    if choice is None:
        raise WireError(f"{where} must be auto, required or none.")
    return choice


def _allowed(fields: Fields) -> ToolChoice:
    mode = _mode(fields.need_text("mode"), fields.path("mode"))
    names = tuple(_name(each) for each in fields.need_objects("tools"))
    return ToolChoice(mode, allowed=names, extras={"tools": fields.raw["tools"]})


def _name(tool: Fields) -> str:
    kind = tool.need_text("type")
    named = tool.object(kind)
    return kind if named is None else named.need_text("name")


def _tool(fields: Fields) -> Tool:
    kind = fields.need_text("type")
    if kind == "function":
        return _function(fields.need_object("function"), fields)
    if kind == "custom":
        return _custom(fields.need_object("custom"), fields)
    return ServerTool(Protocol.CHAT, kind, fields.text("name"), fields.raw)


def _function(inner: Fields, outer: Fields) -> FunctionTool:
    return FunctionTool(
        name=inner.need_text("name"),
        description=inner.text("description"),
        schema=inner.map("parameters"),
        strict=inner.flag("strict"),
        extras=outer.rest_with("function", inner),
    )


def _custom(inner: Fields, outer: Fields) -> CustomTool:
    name, description = inner.need_text("name"), inner.text("description")
    form = inner.object("format")
    grammar = None
    if form is not None and form.need_text("type") == "grammar":
        words = form.need_object("grammar")
        grammar = Grammar(words.need_text("syntax"), words.need_text("definition"))
    extras = outer.rest_with("custom", inner)
    return CustomTool(name, description, grammar, extras)
