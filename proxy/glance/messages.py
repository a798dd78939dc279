"""Outlines a Messages body; it checks nothing and never raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.glance import lenient
from proxy.glance.lenient import Shape, absent
from proxy.glance.long import Reader
from proxy.glance.media import Piece, sum_up
from proxy.glance.turn import NOTHING, Outline, Speaker, Turn


class _Block(Shape, frozen=True):
    type: str | None = None
    text: str | None = None
    name: str | None = None
    is_error: bool | None = None
    tool_use_id: str | None = None
    input: msgspec.Raw = absent()
    content: msgspec.Raw = absent()
    source: msgspec.Raw = absent()
    signature: msgspec.Raw = absent()
    data: msgspec.Raw = absent()


class _Message(Shape, frozen=True):
    role: str | None = None
    content: str | list[_Block] | None = None


class _Named(Shape, frozen=True):
    name: str | None = None
    type: str | None = None


class _Config(Shape, frozen=True):
    format: msgspec.Raw = absent()


class _Body(Shape, frozen=True):
    messages: list[_Message] | None = None
    system: str | list[_Block] | None = None
    tools: list[_Named] | None = None
    tool_choice: _Named | None = None
    thinking: _Named | None = None
    output_config: _Config | None = None
    output_format: msgspec.Raw = absent()
    max_tokens: float | None = None
    stream: bool | None = None


_BODY: Final = Reader(
    _Body,
    "messages",
    _Message,
    (b'"image"', b'"document"', b'"signature"', b'"redacted_thinking"'),
)
_BLOCKS: Final = msgspec.json.Decoder(list[_Block])
_SPEAKERS: Final = {
    "user": Speaker.HUMAN,
    "assistant": Speaker.MODEL,
    "system": Speaker.SYSTEM,
}
_FORCED: Final = frozenset({"any", "tool"})
_THINKS: Final = frozenset({"enabled", "adaptive"})


def outline(body: bytes) -> Outline:
    """Return what the body of `POST /v1/messages` holds, as far as it can be read."""
    top = _BODY.read(body)
    messages = top.messages or []
    choice, thinking = top.tool_choice or _Named(), top.thinking or _Named()
    form = lenient.either((top.output_config or _Config()).format, top.output_format)
    return Outline(
        count=len(messages),
        turn=lambda at: _turn(messages[at]),
        said=lambda at: _said(messages[at]),
        system=_texts(top.system),
        last=msgspec.json.encode(messages[-1]) if messages else b"",
        tools=tuple(tool.name or tool.type or "" for tool in top.tools or ()),
        forced_tool=choice.type in _FORCED,
        thinking=thinking.type in _THINKS,
        structured=lenient.given(form),
        stream=top.stream is True,
        output=lenient.positive(top.max_tokens),
        media=sum_up(_pieces(messages)),
    )


def _turn(message: _Message) -> Turn:
    speaker = _SPEAKERS.get(message.role or "")
    if speaker is None:
        return NOTHING
    blocks = message.content
    if not isinstance(blocks, list):
        return Turn(speaker)
    results = [block for block in blocks if block.type == "tool_result"]
    calls = [block for block in blocks if block.type == "tool_use"]
    return Turn(
        speaker,
        tuple((call.name or "", lenient.digest(call.input)) for call in calls),
        bool(results),
        tuple(lenient.digest(each.content) for each in results if each.is_error),
    )


def _said(message: _Message) -> tuple[str, ...]:
    return tuple(_texts(message.content)) if message.role == "user" else ()


def _texts(content: str | list[_Block] | None) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    for block in content or ():
        if block.type == "text" and block.text:
            yield block.text


def _pieces(messages: list[_Message]) -> Iterator[Piece]:
    for message in messages:
        if isinstance(message.content, list):
            for block in message.content:
                yield from _piece(block)


def _piece(block: _Block) -> Iterator[Piece]:
    match block.type:
        case "image":
            yield Piece(lenient.size(block.source), image=True)
        case "document":
            yield Piece(lenient.size(block.source), document=True)
        case "thinking" | "redacted_thinking":
            sealed = lenient.either(block.signature, block.data)
            yield Piece(lenient.size(sealed))
        case "tool_result" if lenient.is_list(block.content):
            for inner in lenient.read(_BLOCKS, block.content, []):
                if inner.type != "tool_result":
                    yield from _piece(inner)
