"""Writes the tool list and the tool choice for a Chat provider; no I/O.

Shapes: `chat_completion_tool_union_param.py` and
`chat_completion_tool_choice_option_param.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy.model import (
    CallKind,
    Choice,
    CustomTool,
    FunctionTool,
    Json,
    Namespace,
    Protocol,
    Request,
    ServerTool,
    Tool,
    ToolChoice,
    ToolsAdded,
)
from proxy.wire.chat.provider.request_parts import cache_shape, with_extras
from proxy.wire.dialect import Dialect, StrictTools
from proxy.wire.losses import Noted


def write_tools(request: Request, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    """Write `tools`, `tool_choice` and `parallel_tool_calls`; {} without tools."""
    tools = _listed(request, lost)
    choice = request.tool_choice
    if choice is not None and choice.allowed is not None and not dialect.allowed_tools:
        # The same for the model: what is not allowed is not there.
        tools = [each for each in tools if _name(each) in choice.allowed]
    shapes = [shape for each in tools for shape in _tool(each, dialect, lost)]
    if not shapes:
        return {}
    if not dialect.tools:
        lost.add("tool_options")
        return {}
    fields: dict[str, Json] = {"tools": list(shapes)}
    if choice is not None:
        fields.update(_choice(choice, tools, dialect, lost))
    if request.parallel_tools is not None and dialect.parallel_switch:
        fields["parallel_tool_calls"] = request.parallel_tools
    return fields


def _listed(request: Request, lost: Noted) -> list[Tool]:
    tools = list(request.tools)
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolsAdded):
                tools.extend(part.tools)
    if any(isinstance(each, Namespace) for each in tools):
        lost.add("namespace")
    opened: list[Tool] = []
    for each in tools:
        opened.extend(each.tools if isinstance(each, Namespace) else (each,))
    return opened


def _name(tool: Tool) -> str | None:
    return tool.name or (tool.type if isinstance(tool, ServerTool) else None)


def _tool(tool: Tool, dialect: Dialect, lost: Noted) -> list[dict[str, Json]]:
    match tool:
        case FunctionTool():
            return [_function(tool, dialect, lost)]
        case CustomTool():
            return [_custom(tool)]
        case ServerTool(protocol=Protocol.CHAT):
            return [dict(tool.raw)]
        case _:
            lost.add("server_tool_offered")
            return []


def _function(tool: FunctionTool, dialect: Dialect, lost: Noted) -> dict[str, Json]:
    function: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    # Some servers want the parameters of a tool that has none, too.
    empty: Json = {"type": "object", "properties": {}}
    function["parameters"] = empty if tool.schema is None else dict(tool.schema)
    match dialect.strict_tools:
        case StrictTools.ALWAYS:
            function["strict"] = True
        case StrictTools.AS_ASKED if tool.strict is not None:
            function["strict"] = tool.strict
        case _:
            pass
    shape: dict[str, Json] = {"type": "function", "function": function}
    if tool.cache is not None and dialect.cache_marks:
        shape.update(cache_shape(tool.cache, dialect))
    elif tool.cache is not None:
        lost.add("cache_marks")
    return with_extras(shape, tool.extras)


def _custom(tool: CustomTool) -> dict[str, Json]:
    custom: dict[str, Json] = {"name": tool.name}
    if tool.description is not None:
        custom["description"] = tool.description
    if tool.grammar is not None:
        grammar: Json = {
            "syntax": tool.grammar.syntax,
            "definition": tool.grammar.definition,
        }
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return with_extras({"type": "custom", "custom": custom}, tool.extras)


def _choice(
    choice: ToolChoice, tools: Sequence[Tool], dialect: Dialect, lost: Noted
) -> dict[str, Json]:
    shape = _choice_shape(choice, tools, dialect)
    if shape is None:
        lost.add("tool_choice")
        return {}
    return {"tool_choice": shape}


def _choice_shape(choice: ToolChoice, tools: Sequence[Tool], dialect: Dialect) -> Json:
    if choice.choice is Choice.TOOL:
        return _named(choice, dialect)
    if choice.choice is Choice.NONE:
        return "none" if dialect.tools_off else None
    word = "auto" if choice.choice is Choice.AUTO else dialect.required_word
    if choice.allowed is None or not dialect.allowed_tools:
        return word or None
    listed = choice.extras.get("tools")
    if listed is None:
        listed = [_reference(name, tools) for name in choice.allowed]
    mode = "auto" if choice.choice is Choice.AUTO else "required"
    allowed: Json = {"mode": mode, "tools": listed}
    return {"type": "allowed_tools", "allowed_tools": allowed}


def _named(choice: ToolChoice, dialect: Dialect) -> Json:
    if choice.name is None:
        return with_extras({"type": choice.hosted}, choice.extras)
    if not dialect.forced_tool:
        return None
    named: Json = {"name": choice.name}
    kind = choice.kind.value
    return with_extras({"type": kind, kind: named}, choice.extras)


def _reference(name: str, tools: Sequence[Tool]) -> Json:
    custom = any(isinstance(each, CustomTool) and each.name == name for each in tools)
    kind = CallKind.CUSTOM if custom else CallKind.FUNCTION
    named: Json = {"name": name}
    return {"type": kind.value, kind.value: named}
