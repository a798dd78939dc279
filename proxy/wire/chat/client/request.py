"""Reads a Chat Completions request into the neutral language; no I/O.

Shapes: `types/chat/completion_create_params.py` of the `openai` SDK 3.51.0.
"""

from __future__ import annotations

from proxy.model import (
    Kept,
    Limits,
    Metadata,
    OutputFormat,
    Protocol,
    Reasoning,
    Request,
    Sampling,
)
from proxy.wire.chat.client.messages import read_message
from proxy.wire.chat.client.tools import read_choice, read_tools
from proxy.wire.fields import Fields, WireError, read_body


def read_request(body: bytes) -> Request:
    """Decode the body of `POST /v1/chat/completions`.

    Raises WireError with a sentence that names the field and quotes no content.
    """
    return read_body(body, _request)


def _request(top: Fields) -> Request:
    choice = top.text_or_object("tool_choice")
    options = top.object("stream_options")
    effort = top.text("reasoning_effort")
    include_usage = options is not None and options.flag("include_usage") is True
    return Request(
        protocol=Protocol.CHAT,
        model=top.need_text("model"),
        messages=tuple(read_message(each) for each in top.need_objects("messages")),
        tools=read_tools(top.objects("tools") or ()),
        tool_choice=None if choice is None else read_choice(choice),
        parallel_tools=top.flag("parallel_tool_calls"),
        stream=top.flag("stream") or False,
        stream_usage=include_usage,
        limits=Limits(_max_tokens(top), stop_sequences=_stop(top)),
        sampling=Sampling(
            temperature=top.number("temperature"),
            top_p=top.number("top_p"),
            top_k=top.whole("top_k"),
            seed=top.whole("seed"),
        ),
        reasoning=None if effort is None else Reasoning(effort=effort),
        output_format=_format(top.object("response_format")),
        verbosity=top.text("verbosity"),
        cache_key=top.text("prompt_cache_key"),
        metadata=_metadata(top),
        kept=Kept(store=top.flag("store")),
        extras=top.rest_with("stream_options", options),
    )


def _max_tokens(top: Fields) -> int | None:
    now, before = top.whole("max_completion_tokens"), top.whole("max_tokens")
    return before if now is None else now


def _stop(top: Fields) -> tuple[str, ...]:
    value = top.any("stop")
    if isinstance(value, str):
        return (value,)
    if value is None or isinstance(value, list):
        return top.texts("stop") or ()
    raise WireError("stop must be a string or a list of strings.")


def _format(fields: Fields | None) -> OutputFormat | None:
    if fields is None:
        return None
    kind = fields.need_text("type")
    form = fields.object("json_schema")
    if form is None:
        return OutputFormat(kind, extras=fields.rest)
    return OutputFormat(
        kind=kind,
        name=form.text("name"),
        schema=form.map("schema"),
        description=form.text("description"),
        strict=form.flag("strict"),
        extras=fields.rest_with("json_schema", form),
    )


def _metadata(top: Fields) -> Metadata:
    # The newer word stays among the extras, so that it goes on under its own name.
    user, newer = top.text("user"), top.raw.get("safety_identifier")
    if not user and isinstance(newer, str):
        user = newer or None
    return Metadata(user=user, labels=top.map("metadata") or {})
