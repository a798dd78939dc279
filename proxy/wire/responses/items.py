"""Reads the input items of Responses requests; no I/O.

Items nobody here reads are kept whole as `ServerPart` or `Opaque`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from proxy.model import (
    Base64,
    CacheMark,
    CallKind,
    Document,
    FileId,
    Image,
    JsonObject,
    Message,
    Opaque,
    Origin,
    Part,
    Protocol,
    Role,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.data_url import shown, source_of
from proxy.wire.fields import Fields, WireError
from proxy.wire.responses.citations import read_citation
from proxy.wire.responses.tools import read_tools

_ROLES: Final = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.DEVELOPER,
}
# Tools the provider runs itself: their calls and results come back as one item each.
_SERVER_ITEMS: Final = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_",
    "tool_search_",
    "program",
)


def read_items(items: Sequence[Fields]) -> tuple[Message, ...]:
    """Read input items, one message each."""
    return tuple(_item(each) for each in items)


def _item(item: Fields) -> Message:
    # An item without a type is a message in its short form.
    kind = item.text("type") or ("message" if "role" in item.raw else "item_reference")
    if kind == "message":
        return _message(item)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(item)
    return Message(_role_of(kind), (kept_item(kind, item.raw),))


def _role_of(kind: str) -> Role:
    return Role.USER if kind.endswith("_output") else Role.ASSISTANT


def kept_item(kind: str, raw: JsonObject) -> ServerPart | Opaque:
    """Keep an item whole: as the provider's own tool at work, or unread."""
    if not kind.startswith(_SERVER_ITEMS):
        return Opaque(Protocol.RESPONSES, kind, raw)
    ids = (raw.get("call_id"), raw.get("id"))
    known = next((each for each in ids if isinstance(each, str) and each), None)
    return ServerPart(Protocol.RESPONSES, kind, raw, known)


def _message(item: Fields) -> Message:
    role = _ROLES.get(item.need_text("role"))
    if role is None:
        raise WireError(
            f"{item.path('role')} must be user, assistant, system or developer."
        )
    parts = _content(item, "content")
    return Message(role, parts, id=item.text("id"), extras=item.rest)


def _content(item: Fields, key: str) -> tuple[Part, ...]:
    content = item.text_or_objects(key)
    if content is None:
        raise item.missing(key)
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_part(each) for each in content)


def _part(part: Fields) -> Part:
    kind = part.need_text("type")
    if kind in {"input_text", "output_text", "text"}:
        return _text(part)
    if kind == "refusal":
        return Text(part.need_text("refusal"), refusal=True, extras=part.rest)
    if kind == "input_image":
        return _image(part)
    if kind == "input_file":
        return _file(part)
    return Opaque(Protocol.RESPONSES, kind, part.raw)


def _cache_mark(part: Fields) -> CacheMark | None:
    mark = part.object("prompt_cache_breakpoint")
    return None if mark is None else CacheMark(mark.text("ttl"))


def _text(part: Fields) -> Text:
    annotations = part.objects("annotations") or ()
    return Text(
        part.need_text("text"),
        citations=tuple(read_citation(each) for each in annotations),
        cache=_cache_mark(part),
        extras=part.rest,
    )


def _image(part: Fields) -> Image | Document:
    source: Base64 | Url | FileId
    # One source is meant; what else is told stays among the extras.
    if (url := part.text("image_url")) is not None:
        source = source_of(url)
    elif (file_id := part.text("file_id")) is not None:
        source = FileId(file_id)
    else:
        raise part.missing("image_url")
    return shown(Image(source, part.text("detail"), _cache_mark(part), part.rest))


def _file(part: Fields) -> Document:
    source: Base64 | Url | FileId
    if (data := part.text("file_data")) is not None:
        # With or without the data: prefix; without one the type is not told.
        plain = data[:5].lower() != "data:"
        source = Base64("", data) if plain else source_of(data)
    elif (url := part.text("file_url")) is not None:
        source = Url(url)
    elif (file_id := part.text("file_id")) is not None:
        source = FileId(file_id)
    else:
        raise part.missing("file_data")
    name, mark = part.text("filename"), _cache_mark(part)
    return Document(source, name, cache=mark, extras=part.rest)


def _function_call(item: Fields) -> Message:
    return _call(item, CallKind.FUNCTION, "arguments")


def _custom_call(item: Fields) -> Message:
    return _call(item, CallKind.CUSTOM, "input")


def _call(item: Fields, kind: CallKind, key: str) -> Message:
    arguments = item.text(key)
    if arguments is None:
        raise item.missing(key)
    message_id = item.text("id")
    call = ToolCall(
        id=item.need_text("call_id"),
        name=item.need_text("name"),
        arguments=arguments,
        kind=kind,
        namespace=item.text("namespace"),
        extras=item.rest,
    )
    return Message(Role.ASSISTANT, (call,), id=message_id)


def _function_output(item: Fields) -> Message:
    return _output(item, CallKind.FUNCTION)


def _custom_output(item: Fields) -> Message:
    return _output(item, CallKind.CUSTOM)


def _output(item: Fields, kind: CallKind) -> Message:
    parts = _content(item, "output")
    call_id, message_id = item.need_text("call_id"), item.text("id")
    result = ToolResult(call_id, parts, kind=kind, extras=item.rest)
    return Message(Role.USER, (result,), id=message_id)


def _reasoning(item: Fields) -> Message:
    summary = item.objects("summary") or ()
    content = item.objects("content") or ()
    thinking = Thinking(
        text="".join(each.need_text("text") for each in content),
        summary=tuple(each.need_text("text") for each in summary),
        sealed=item.text("encrypted_content"),
        origin=Origin(Protocol.RESPONSES),
        id=item.text("id"),
        extras=item.rest,
    )
    return Message(Role.ASSISTANT, (thinking,))


def _additional_tools(item: Fields) -> Message:
    tools = read_tools(item.need_objects("tools"))
    role = _ROLES.get(item.text("role") or "developer", Role.DEVELOPER)
    message_id = item.text("id")
    return Message(role, (ToolsAdded(tools, item.rest),), id=message_id)


_READERS: Final[dict[str, Callable[[Fields], Message]]] = {
    "function_call": _function_call,
    "function_call_output": _function_output,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _custom_output,
    "reasoning": _reasoning,
    "additional_tools": _additional_tools,
}
