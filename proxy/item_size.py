"""Tells how much memory a message takes, about; it encodes nothing to find out."""

from __future__ import annotations

from typing import Final, assert_never

from proxy.model import (
    Base64,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Image,
    Json,
    JsonObject,
    Message,
    Namespace,
    Opaque,
    Part,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)

_VALUE: Final = 100
"""Bytes of a frozen value with its fields, beside the texts in them."""


def size_of_message(message: Message) -> int:
    """Return the bytes that a message takes in memory, about."""
    return (
        _VALUE
        + sum(map(size_of_part, message.parts))
        + size_of_json(message.extras)
        + _texts(message.name, message.id)
    )


def size_of_part(part: Part) -> int:
    """Return the bytes that a part takes in memory, about."""
    match part:
        case Text(text):
            cited = sum(size_of_json(each.raw) + _VALUE for each in part.citations)
            inside = _texts(text) + cited
        case Image(source):
            inside = _source(source)
        case Document(source):
            inside = _source(source) + _texts(part.name, part.context)
        case Thinking():
            words = (part.text, part.signature, part.sealed, part.id, *part.summary)
            inside = _texts(*words)
        case ToolCall():
            inside = _texts(part.id, part.name, part.arguments)
        case ToolResult():
            inside = _texts(part.call_id) + sum(map(size_of_part, part.parts))
        case ToolsAdded():
            inside = sum(map(_tool, part.tools))
        case ServerPart() | Opaque():
            return _VALUE + size_of_json(part.raw)
        case _:
            assert_never(part)
    return _VALUE + inside + size_of_json(part.extras)


def size_of_json(value: JsonObject | Json) -> int:
    """Return the bytes that decoded JSON takes in memory, about."""
    size = 0
    waiting: list[JsonObject | Json] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            size += each.__sizeof__()
        elif isinstance(each, list):
            size += _VALUE
            waiting += each
        elif isinstance(each, bool | int | float) or each is None:
            size += 32
        elif each:
            size += _VALUE
            waiting += each.values()
            size += _texts(*each)
    return size


def _tool(tool: Tool) -> int:
    match tool:
        case FunctionTool():
            inside = _texts(tool.name, tool.description) + size_of_json(tool.schema)
        case CustomTool():
            grammar = None if tool.grammar is None else tool.grammar.definition
            inside = _texts(tool.name, tool.description, grammar)
        case Namespace():
            inside = _texts(tool.name, tool.description) + sum(map(_tool, tool.tools))
        case ServerTool():
            return _VALUE + size_of_json(tool.raw)
        case _:
            assert_never(tool)
    return _VALUE + inside + size_of_json(tool.extras)


def _source(
    source: Base64 | Url | FileId | Text | tuple[Part, ...],
) -> int:
    match source:
        case Base64(media_type, data):
            return _texts(media_type, data)
        case Url(text) | FileId(text) | Text(text):
            return _texts(text)
        case _:
            return sum(map(size_of_part, source))


def _texts(*texts: str | None) -> int:
    # What Python says of a text is known at once, and true for every script.
    return sum(each.__sizeof__() for each in texts if each is not None)
