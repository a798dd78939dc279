"""Reads a Gemini request into the neutral language; no I/O.

Shapes: `generateContent` as the `google-genai` SDK 3.3.0 sends it. Model and stream
stand in the path of the call and not in its body.
"""

from __future__ import annotations

from typing import Final

from proxy.model import (
    Json,
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
    ToolChoice,
)
from proxy.wire.fields import Fields, WireError, read_body
from proxy.wire.gemini.parts import CallIds, read_parts
from proxy.wire.gemini.schemas import told_schema
from proxy.wire.gemini.spelling import inner, inners, own, whole
from proxy.wire.gemini.tools import read_choice, read_tools

# `function` is an older word for the user's turn that brings results.
_ROLES: Final = {
    "": Role.USER,
    "user": Role.USER,
    "function": Role.USER,
    "model": Role.ASSISTANT,
}
_FORMATS: Final = frozenset({"text/plain", "application/json"})


def read_request(body: bytes) -> Request:
    """Decode the body of `generateContent` or `streamGenerateContent`.

    `model` is '' and `stream` False: both stand in the path. Raises WireError with a
    sentence that names the field and quotes no content.
    """
    return read_body(body, request_of)


def request_of(fields: Fields) -> Request:
    """Read a request that is decoded already; see `read_request`."""
    top = own(fields)
    config = inner(top, "generationConfig")
    settings = Fields({}) if config is None else config
    instruction, system = _system(top)
    calling, choice = _choice(top)
    ids = CallIds()
    contents = inners(top, "contents")
    if not contents and top.raw.get("contents") is None:
        raise top.missing("contents")
    # Some clients repeat it here; the path decides.
    top.any("model")
    return Request(
        protocol=Protocol.GEMINI,
        model="",
        messages=tuple(_message(each, ids) for each in contents),
        system=system,
        tools=read_tools(inners(top, "tools")),
        tool_choice=choice,
        limits=Limits(
            whole(settings, "maxOutputTokens"),
            stop_sequences=settings.texts("stopSequences") or (),
        ),
        sampling=Sampling(
            temperature=settings.number("temperature"),
            top_p=settings.number("topP"),
            top_k=whole(settings, "topK"),
            seed=whole(settings, "seed"),
        ),
        reasoning=_reasoning(inner(settings, "thinkingConfig")),
        output_format=_format(settings),
        metadata=Metadata(labels=top.map("labels") or {}),
        kept=Kept(store=top.flag("store")),
        # Asked last: it is what nobody has read.
        extras=_extras(
            top,
            {
                "generationConfig": settings,
                "systemInstruction": instruction,
                "toolConfig": calling,
            },
        ),
    )


def _extras(top: Fields, inside: dict[str, Fields | None]) -> dict[str, Json]:
    rests = {key: each.rest for key, each in inside.items() if each is not None}
    return top.rest | {key: rest for key, rest in rests.items() if rest}


def _system(top: Fields) -> tuple[Fields | None, tuple[Part, ...]]:
    told = top.text_or_object("systemInstruction")
    if told is None:
        return None, ()
    if isinstance(told, str):
        return None, (Text(told),)
    content = own(told)
    return content, tuple(read_parts(inners(content, "parts"), CallIds()))


def _message(content: Fields, ids: CallIds) -> Message:
    role = _ROLES.get(content.text("role") or "")
    if role is None:
        raise WireError(f"{content.path('role')} must be user or model.")
    parts = read_parts(inners(content, "parts"), ids)
    return Message(role, tuple(parts), extras=content.rest)


def _choice(top: Fields) -> tuple[Fields | None, ToolChoice | None]:
    config = inner(top, "toolConfig")
    calling = None if config is None else config.object("functionCallingConfig")
    return config, None if calling is None else read_choice(calling)


def _reasoning(config: Fields | None) -> Reasoning | None:
    if config is None:
        return None
    budget = whole(config, "thinkingBudget")
    level = config.text("thinkingLevel")
    shown = config.flag("includeThoughts")
    mode = None
    if budget is not None:
        # 0 switches it off, -1 leaves it to the model.
        mode = "enabled" if budget > 0 else "disabled" if budget == 0 else "adaptive"
    return Reasoning(
        mode=mode,
        effort=None if level is None else level.lower(),
        budget_tokens=budget if mode == "enabled" else None,
        display=None if shown is None else "summarized" if shown else "omitted",
        extras=config.rest,
    )


def _format(settings: Fields) -> OutputFormat | None:
    told = settings.raw.get("responseMimeType")
    if isinstance(told, str) and told not in _FORMATS:
        # A word nobody here knows stays as it is, its schema with it.
        return None
    kind = settings.text("responseMimeType")
    if kind is None:
        return None
    if kind == "text/plain":
        return OutputFormat("text")
    schema = told_schema(
        settings.map("responseJsonSchema"), settings.map("responseSchema")
    )
    return OutputFormat(
        "json_object" if schema is None else "json_schema", None, schema
    )
