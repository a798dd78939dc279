"""Reads the messages of Chat Completions requests; no I/O.

Parts nobody here reads (audio) are kept whole as `Opaque`.
"""

from __future__ import annotations

from typing import Final

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Document,
    FileId,
    Image,
    Message,
    Opaque,
    Origin,
    Part,
    Protocol,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from proxy.wire.data_url import shown, source_of
from proxy.wire.fields import Fields, WireError

_ROLES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.DEVELOPER,
    "user": Role.USER,
}
# What servers that show reasoning call it: DeepSeek, vLLM and llama.cpp the first,
# OpenRouter the second.
_REASONING: Final = ("reasoning_content", "reasoning")


def read_message(fields: Fields) -> Message:
    """Read one entry of `messages`."""
    role = fields.need_text("role")
    if role == "assistant":
        return _assistant(fields)
    if role in {"tool", "function"}:
        return _result(fields, role)
    if role not in _ROLES:
        raise WireError(f"{fields.path('role')} is not a role this protocol knows.")
    parts = _content(fields)
    if parts is None:
        raise fields.missing("content")
    name = fields.text("name")
    return Message(_ROLES[role], parts, name, extras=fields.rest)


def _content(fields: Fields) -> tuple[Part, ...] | None:
    content = fields.text_or_objects("content")
    if content is None:
        return None
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_part(each) for each in content)


def _part(part: Fields) -> Part:
    kind = part.need_text("type")
    if kind == "text":
        text, mark = part.need_text("text"), _cache_mark(part)
        return Text(text, cache=mark, extras=part.rest)
    if kind == "refusal":
        return Text(part.need_text("refusal"), refusal=True, extras=part.rest)
    if kind == "image_url":
        return _image(part)
    if kind == "file":
        return _file(part)
    return Opaque(Protocol.CHAT, kind, part.raw)


def _cache_mark(part: Fields) -> CacheMark | None:
    for key in ("prompt_cache_breakpoint", "cache_control"):
        mark = part.object(key)
        if mark is not None:
            return CacheMark(mark.text("ttl"))
    return None


def _image(part: Fields) -> Image | Document:
    # Some clients send the bare address in place of the object.
    value = part.text_or_object("image_url")
    if value is None:
        raise part.missing("image_url")
    if isinstance(value, str):
        mark = _cache_mark(part)
        return shown(Image(source_of(value), cache=mark, extras=part.rest))
    url, detail = value.need_text("url"), value.text("detail")
    mark, rest = _cache_mark(part), part.rest_with("image_url", value)
    return shown(Image(source_of(url), detail, mark, rest))


def _file(part: Fields) -> Document:
    file = part.need_object("file")
    data, file_id = file.text("file_data"), file.text("file_id")
    source: Base64 | Url | FileId
    if data is not None:
        # With or without the data: prefix; without one the type is not told.
        plain = data[:5].lower() != "data:"
        source = Base64("", data) if plain else source_of(data)
    elif file_id is not None:
        source = FileId(file_id)
    else:
        raise file.missing("file_data")
    mark, name = _cache_mark(part), file.text("filename")
    return Document(source, name, cache=mark, extras=part.rest_with("file", file))


def _assistant(fields: Fields) -> Message:
    parts: list[Part] = [*_thinking(fields), *(_content(fields) or ())]
    refusal = fields.text("refusal")
    if refusal is not None:
        parts.append(Text(refusal, refusal=True))
    parts.extend(_call(each) for each in fields.objects("tool_calls") or ())
    old = fields.object("function_call")
    if old is not None:
        # The form before tool calls: no id, the name stands for it.
        name = old.need_text("name")
        parts.append(ToolCall(name, name, old.need_text("arguments")))
    name_of = fields.text("name")
    return Message(Role.ASSISTANT, tuple(parts), name_of, extras=fields.rest)


def _thinking(fields: Fields) -> list[Part]:
    for key in _REASONING:
        if isinstance(fields.raw.get(key), str):
            text = fields.need_text(key)
            return [Thinking(text, origin=Origin(Protocol.CHAT))] if text else []
    return []


def _call(fields: Fields) -> ToolCall:
    kind = fields.text("type") or "function"
    if kind == "function":
        inner = fields.need_object("function")
        arguments = inner.need_text("arguments")
    elif kind == "custom":
        inner = fields.need_object("custom")
        arguments = inner.need_text("input")
    else:
        raise WireError(f"{fields.path('type')} must be function or custom.")
    call_id, name = fields.need_text("id"), inner.need_text("name")
    extras = fields.rest_with(kind, inner)
    return ToolCall(call_id, name, arguments, CallKind(kind), extras=extras)


def _result(fields: Fields, role: str) -> Message:
    call_id = fields.need_text("tool_call_id" if role == "tool" else "name")
    result = ToolResult(call_id, _content(fields) or (), extras=fields.rest)
    return Message(Role.USER, (result,))
