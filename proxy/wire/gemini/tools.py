"""Reads Gemini's tools and how free the model is to call them; no I/O.

Shapes: `Tool`, `FunctionDeclaration` and `FunctionCallingConfig` of the `google-genai`
SDK 3.3.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from proxy.model import (
    Choice,
    FunctionTool,
    Protocol,
    ServerTool,
    Tool,
    ToolChoice,
)
from proxy.wire.fields import Fields, WireError
from proxy.wire.gemini.schemas import told_schema
from proxy.wire.gemini.spelling import inners, own

_MODES: Final = {
    "MODE_UNSPECIFIED": Choice.AUTO,
    "AUTO": Choice.AUTO,
    "VALIDATED": Choice.AUTO,
    "ANY": Choice.ANY,
    "NONE": Choice.NONE,
}


def read_tools(tools: Iterable[Fields]) -> tuple[Tool, ...]:
    """Read a tool list; each entry may hold functions and tools of the provider."""
    return tuple(each for fields in tools for each in _entry(fields))


def _entry(fields: Fields) -> Iterator[Tool]:
    for declared in inners(fields, "functionDeclarations"):
        yield _function(declared)
    for kind, value in fields.rest.items():
        if value is not None:
            yield ServerTool(Protocol.GEMINI, kind, None, {kind: value})


def _function(fields: Fields) -> FunctionTool:
    schema = told_schema(fields.map("parametersJsonSchema"), fields.map("parameters"))
    return FunctionTool(
        name=fields.need_text("name"),
        description=fields.text("description"),
        schema=schema,
        extras=fields.rest,
    )


def read_choice(config: Fields) -> ToolChoice:
    """Read `functionCallingConfig`."""
    config = own(config)
    mode = (config.text("mode") or "AUTO").upper()
    choice = _MODES.get(mode)
    if choice is None:
        where = config.path("mode")
        raise WireError(f"{where} must be AUTO, ANY, VALIDATED or NONE.")
    allowed = config.texts("allowedFunctionNames") or None
    extras = config.rest
    if choice is Choice.ANY and allowed is not None and len(allowed) == 1:
        return ToolChoice(Choice.TOOL, allowed[0], extras=extras)
    if mode == "VALIDATED":
        extras = {**extras, "mode": mode}
    return ToolChoice(choice, allowed=allowed, extras=extras)
