"""Estimates how many tokens a request is; a rule of thumb, no I/O.

A token is taken for four characters, the vendors' own rule of thumb for English.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, assert_never

import msgspec

from proxy.model import (
    Base64,
    CustomTool,
    Document,
    FunctionTool,
    Image,
    JsonObject,
    Namespace,
    Opaque,
    Part,
    Request,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    ToolsAdded,
)

CHARACTERS_PER_TOKEN: Final = 4
"""What one token is taken for."""

_IMAGE: Final = 1600 * CHARACTERS_PER_TOKEN
"""What a picture of unknown size is taken for, in characters: the most that Messages
charges for one before it is scaled down (about 1,600 tokens)."""


def tokens_of(text: str) -> int:
    """Return the estimated tokens of a text, rounded up."""
    return _tokens(len(text))


def count_tokens(request: Request) -> int:
    """Return the estimated input tokens: system, messages, tools, images, results."""
    size = _of_parts(request.system) + _of_tools(request.tools)
    for message in request.messages:
        size += len(message.name or "") + _of_parts(message.parts)
    return _tokens(size)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _of_parts(parts: Iterable[Part]) -> int:
    return sum(_of_part(each) for each in parts)


def _of_part(part: Part) -> int:
    match part:
        case Text():
            return len(part.text)
        case Image():
            return _IMAGE
        case Document():
            return len(part.name or "") + _of_document(part)
        case Thinking():
            return len(part.text or part.sealed or "") + sum(map(len, part.summary))
        case ToolCall():
            return len(part.name) + len(part.arguments)
        case ToolResult():
            return _of_parts(part.parts)
        case ToolsAdded():
            return _of_tools(part.tools)
        case ServerPart() | Opaque():
            return _of_json(part.raw)
        case _:
            assert_never(part)


def _of_document(document: Document) -> int:
    source = document.source
    if isinstance(source, Base64):
        return len(source.data)
    if isinstance(source, Text):
        return len(source.text)
    return _of_parts(source) if isinstance(source, tuple) else 0


def _of_tools(tools: Iterable[Tool]) -> int:
    return sum(_of_tool(each) for each in tools)


def _of_tool(tool: Tool) -> int:
    match tool:
        case FunctionTool():
            words = len(tool.name) + len(tool.description or "")
            return words + _of_json(tool.schema or {})
        case CustomTool():
            grammar = "" if tool.grammar is None else tool.grammar.definition
            return len(tool.name) + len(tool.description or "") + len(grammar)
        case Namespace():
            words = len(tool.name) + len(tool.description or "")
            return words + _of_tools(tool.tools)
        case ServerTool():
            return _of_json(tool.raw)
        case _:
            assert_never(tool)


def _of_json(value: JsonObject) -> int:
    return len(msgspec.json.encode(value))
