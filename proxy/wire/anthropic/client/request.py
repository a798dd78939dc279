"""Reads a Messages request into the neutral language; no I/O.

Shapes: the request types of the `anthropic` SDK 2.8.0 (GA and beta).
"""

from __future__ import annotations

from typing import Final

from proxy.model import (
    Choice,
    FunctionTool,
    Limits,
    Message,
    Metadata,
    OutputFormat,
    Part,
    Protocol,
    Reasoning,
    Request,
    Role,
    Sampling,
    ServerTool,
    Text,
    Tool,
    ToolChoice,
)
from proxy.wire.anthropic.blocks import cache_mark, read_parts
from proxy.wire.fields import Fields, WireError, read_body

_ROLES: Final = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
}
_CHOICES: Final = {
    "auto": Choice.AUTO,
    "any": Choice.ANY,
    "none": Choice.NONE,
    "tool": Choice.TOOL,
}


def read_request(body: bytes) -> Request:
    """Decode the body of `POST /v1/messages` (or of `count_tokens`).

    Raises WireError with a sentence that names the field and quotes no content.
    """
    return read_body(body, _request)


def _request(top: Fields) -> Request:
    config = top.object("output_config")
    choice = top.object("tool_choice")
    return Request(
        protocol=Protocol.MESSAGES,
        model=top.need_text("model"),
        messages=tuple(_message(each) for each in top.need_objects("messages")),
        system=_system(top),
        tools=tuple(_tool(each) for each in top.objects("tools") or ()),
        parallel_tools=None if choice is None else _parallel(choice),
        tool_choice=None if choice is None else _tool_choice(choice),
        stream=top.flag("stream") or False,
        limits=Limits(
            max_output_tokens=top.whole("max_tokens"),
            stop_sequences=top.texts("stop_sequences") or (),
        ),
        sampling=Sampling(
            temperature=top.number("temperature"),
            top_p=top.number("top_p"),
            top_k=top.whole("top_k"),
        ),
        reasoning=_reasoning(top.object("thinking"), config),
        output_format=_format(config),
        cache=cache_mark(top),
        metadata=_metadata(top.object("metadata")),
        extras=top.rest_with("output_config", config),
    )


def _system(top: Fields) -> tuple[Part, ...]:
    value = top.text_or_objects("system")
    if value is None:
        return ()
    return (Text(value),) if isinstance(value, str) else read_parts(value)


def _message(fields: Fields) -> Message:
    role = _ROLES.get(fields.need_text("role"))
    if role is None:
        raise WireError(f"{fields.path('role')} must be user, assistant or system.")
    content = fields.text_or_objects("content")
    if content is None and role is not Role.SYSTEM:
        raise fields.missing("content")
    if isinstance(content, str):
        return Message(role, (Text(content),), extras=fields.rest)
    # Beta: a system message may carry wishes for its turn and no words.
    return Message(role, read_parts(content or ()), extras=fields.rest)


def _tool(fields: Fields) -> Tool:
    kind = fields.text("type") or "custom"
    if kind != "custom":
        return ServerTool(Protocol.MESSAGES, kind, fields.text("name"), fields.raw)
    return FunctionTool(
        name=fields.need_text("name"),
        description=fields.text("description"),
        schema=fields.map("input_schema"),
        strict=fields.flag("strict"),
        cache=cache_mark(fields),
        extras=fields.rest,
    )


def _parallel(choice: Fields) -> bool | None:
    forbidden = choice.flag("disable_parallel_tool_use")
    return None if forbidden is None else not forbidden


def _tool_choice(fields: Fields) -> ToolChoice:
    choice = _CHOICES.get(fields.need_text("type"))
    if choice is None:
        raise WireError(f"{fields.path('type')} must be auto, any, none or tool.")
    name = fields.need_text("name") if choice is Choice.TOOL else None
    return ToolChoice(choice, name, extras=fields.rest)


def _reasoning(thinking: Fields | None, config: Fields | None) -> Reasoning | None:
    effort = None if config is None else config.text("effort")
    if thinking is None:
        return None if effort is None else Reasoning(effort=effort)
    return Reasoning(
        mode=thinking.need_text("type"),
        effort=effort,
        budget_tokens=thinking.whole("budget_tokens"),
        display=thinking.text("display"),
        extras=thinking.rest,
    )


def _format(config: Fields | None) -> OutputFormat | None:
    form = None if config is None else config.object("format")
    if form is None:
        return None
    return OutputFormat(
        kind=form.need_text("type"), schema=form.map("schema"), extras=form.rest
    )


def _metadata(fields: Fields | None) -> Metadata:
    if fields is None:
        return Metadata()
    return Metadata(user=fields.text("user_id"), labels=fields.rest)
