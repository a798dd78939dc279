"""Writes the messages of a request as input items of Responses; no I/O.

A message becomes as many items as it holds kinds of things, in their order. Ids of
items are optional but for reasoning and for messages in the vendor's own output form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final

from proxy.model import (
    CallKind,
    Json,
    Message,
    Opaque,
    Part,
    Protocol,
    Role,
    ServerPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
)
from proxy.wire.responses.provider.request_content import Content

# What an unread part is: a piece of a message's content, by the vendor's way to name
# those, or an item of its own.
_CONTENT: Final = ("input_", "output_", "refusal", "text", "summary_text")


class Items:
    """Writes the items of one request; made ids count the items before them."""

    __slots__ = ("_content", "_items", "_tools")

    def __init__(
        self, content: Content, tools: Callable[[ToolsAdded], list[Json]]
    ) -> None:
        """Write content with `content` and lists of tools with `tools`."""
        self._content = content
        self._tools = tools
        self._items: list[Json] = []

    def write(self, messages: Iterable[Message]) -> list[Json]:
        """Return the items of all messages."""
        for message in messages:
            self._content.name_lost(message)
            for item in self._message(message):
                # One by one: made ids count them.
                self._items.append(item)
        return self._items

    def _message(self, message: Message) -> Iterator[Json]:
        # The id belongs to the one item that the message was.
        own_id = message.id
        if not message.parts:
            yield self._said(message, (), own_id)
        for spoken, run in groupby(message.parts, _is_content):
            parts = tuple(run)
            if not spoken:
                for part in parts:
                    yield from self._single(part, own_id)
                    own_id = None
            elif message.role is Role.ASSISTANT:
                yield from self._answered(message, parts, own_id)
                own_id = None
            else:
                yield self._said(message, parts, own_id)
                own_id = None

    def _said(
        self, message: Message, parts: tuple[Part, ...], own_id: str | None
    ) -> Json:
        shape: dict[str, Json] = {"type": "message", "role": message.role.value}
        if own_id is not None:
            shape["id"] = own_id
        shape["content"] = self._content.inputs(parts)
        return {**shape, **message.extras}

    def _answered(
        self, message: Message, parts: tuple[Part, ...], own_id: str | None
    ) -> Iterator[Json]:
        texts = [each for each in parts if isinstance(each, Text | Opaque)]
        for each in parts:
            if not isinstance(each, Text | Opaque):
                self._content.lost(each)
        plain = [each for each in texts if isinstance(each, Text) and _is_plain(each)]
        if own_id is None and len(plain) == len(texts) and _is_short(message):
            # The short form needs no id.
            for each in plain:
                self._content.uncached(each.cache)
                yield {
                    "type": "message",
                    "role": "assistant",
                    "content": each.text,
                    **message.extras,
                }
        else:
            yield {
                "type": "message",
                "role": "assistant",
                "id": own_id or f"msg_made_{len(self._items)}",
                "status": "completed",
                "content": self._content.output(texts),
                **message.extras,
            }

    def _single(self, part: Part, own_id: str | None) -> Iterator[Json]:
        match part:
            case ToolCall():
                yield self._call(part, own_id)
            case ToolResult():
                yield self._result(part, own_id)
            case Thinking():
                yield from self._thinking(part)
            case ToolsAdded():
                named: dict[str, Json] = {} if own_id is None else {"id": own_id}
                yield {
                    "type": "additional_tools",
                    "role": "developer",
                    "tools": self._tools(part),
                    **named,
                    **part.extras,
                }
            case ServerPart(protocol=Protocol.RESPONSES):
                yield dict(part.raw)
            case Opaque(protocol=Protocol.RESPONSES):
                yield dict(part.raw)
            case _:
                self._content.lost(part)

    def _call(self, part: ToolCall, own_id: str | None) -> Json:
        self._content.uncached(part.cache)
        shape: dict[str, Json]
        if part.kind is CallKind.CUSTOM:
            shape = {"type": "custom_tool_call", "input": part.arguments}
        else:
            # An empty call is one with an empty object.
            shape = {"type": "function_call", "arguments": part.arguments or "{}"}
        shape.update(call_id=part.id, name=part.name)
        if part.namespace is not None:
            shape["namespace"] = part.namespace
        if own_id is not None:
            shape["id"] = own_id
        return {**shape, **part.extras}

    def _result(self, part: ToolResult, own_id: str | None) -> Json:
        self._content.uncached(part.cache)
        custom = part.kind is CallKind.CUSTOM
        shape: dict[str, Json] = {
            "type": "custom_tool_call_output" if custom else "function_call_output",
            "call_id": part.call_id,
            "output": self._output(part.parts),
        }
        if own_id is not None:
            shape["id"] = own_id
        return {**shape, **part.extras}

    def _output(self, parts: tuple[Part, ...]) -> Json:
        match parts:
            case ():
                return ""
            case (Text(cache=None, extras=extras, citations=()) as only,) if not extras:
                return only.text
            case _:
                # Where nothing of it could be written, it is an empty text.
                return self._content.inputs(parts) or ""

    def _thinking(self, part: Thinking) -> Iterator[Json]:
        if part.signature is not None:
            self._content.unsigned()
        sealed = part.sealed
        if part.origin is not None and part.origin.protocol is not Protocol.RESPONSES:
            # What another maker sealed is none of this provider's business.
            self._content.unread(sealed)
            sealed = None
        empty = sealed is None and not part.text and not part.summary
        if empty and not (self._content.own and part.id):
            return
        shape: dict[str, Json] = {
            "type": "reasoning",
            "summary": [
                {"type": "summary_text", "text": each} for each in part.summary
            ],
        }
        # Sealed reasoning is bound to the id it was made with: a made one would be
        # taken for a forgery, none is not.
        if part.id or sealed is None:
            shape["id"] = part.id or f"rs_made_{len(self._items)}"
        if part.text:
            shape["content"] = [{"type": "reasoning_text", "text": part.text}]
        if sealed is not None:
            shape["encrypted_content"] = sealed
        yield {**shape, **part.extras}


def _is_content(part: Part) -> bool:
    if isinstance(part, Opaque):
        own = part.protocol is Protocol.RESPONSES
        return own and part.kind.startswith(_CONTENT)
    return not isinstance(
        part, ToolCall | ToolResult | Thinking | ToolsAdded | ServerPart
    )


def _is_plain(text: Text) -> bool:
    return not (text.refusal or text.citations or text.extras)


def _is_short(message: Message) -> bool:
    return "status" not in message.extras
