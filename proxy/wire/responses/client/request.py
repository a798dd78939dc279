"""Reads a Responses request into the neutral language; no I/O.

Shapes: `types/responses/response_create_params.py` of the `openai` SDK 3.51.0, and
the "responses lite" form of Codex, whose tools stand in the first input item.
"""

from __future__ import annotations

from proxy.model import (
    Kept,
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
    Text,
)
from proxy.wire.fields import Fields, read_body
from proxy.wire.responses.items import read_items
from proxy.wire.responses.tools import read_choice, read_tools


def read_request(body: bytes) -> Request:
    """Decode the body of `POST /v1/responses`.

    Raises WireError with a sentence that names the field and quotes no content.
    """
    return read_body(body, _request)


def _request(top: Fields) -> Request:
    text = top.object("text")
    choice = top.text_or_object("tool_choice")
    return Request(
        protocol=Protocol.RESPONSES,
        model=top.need_text("model"),
        messages=_input(top),
        system=_instructions(top),
        tools=read_tools(top.objects("tools") or ()),
        tool_choice=None if choice is None else read_choice(choice),
        parallel_tools=top.flag("parallel_tool_calls"),
        stream=top.flag("stream") or False,
        limits=Limits(
            max_output_tokens=top.whole("max_output_tokens"),
            max_tool_calls=top.whole("max_tool_calls"),
        ),
        sampling=Sampling(
            temperature=top.number("temperature"), top_p=top.number("top_p")
        ),
        reasoning=_reasoning(top.object("reasoning")),
        output_format=_format(text),
        verbosity=None if text is None else text.text("verbosity"),
        cache_key=top.text("prompt_cache_key"),
        include=top.texts("include") or (),
        metadata=_metadata(top),
        kept=_kept(top),
        extras=top.rest_with("text", text),
    )


def _input(top: Fields) -> tuple[Message, ...]:
    # Absent where a stored prompt or an earlier answer is all there is.
    value = top.text_or_objects("input")
    if value is None:
        return ()
    if isinstance(value, str):
        return (Message(Role.USER, (Text(value),)),)
    return read_items(value)


def _instructions(top: Fields) -> tuple[Part, ...]:
    value = top.text("instructions")
    return () if value is None else (Text(value),)


def _reasoning(fields: Fields | None) -> Reasoning | None:
    if fields is None:
        return None
    return Reasoning(
        mode=fields.text("mode"),
        effort=fields.text("effort"),
        display=fields.text("summary"),
        context=fields.text("context"),
        extras=fields.rest,
    )


def _format(text: Fields | None) -> OutputFormat | None:
    form = None if text is None else text.object("format")
    if form is None:
        return None
    return OutputFormat(
        kind=form.need_text("type"),
        name=form.text("name"),
        schema=form.map("schema"),
        description=form.text("description"),
        strict=form.flag("strict"),
        extras=form.rest,
    )


def _metadata(top: Fields) -> Metadata:
    return Metadata(
        user=top.text("safety_identifier") or top.text("user"),
        labels=top.map("metadata") or {},
    )


def _kept(top: Fields) -> Kept:
    conversation = top.text_or_object("conversation")
    if isinstance(conversation, Fields):
        conversation = conversation.need_text("id")
    return Kept(top.flag("store"), top.text("previous_response_id"), conversation)
