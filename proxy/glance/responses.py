"""Outlines a Responses body, Codex's two shapes among them; never raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.glance import lenient, parts
from proxy.glance.lenient import Shape, absent
from proxy.glance.long import Reader
from proxy.glance.media import Piece, sum_up
from proxy.glance.turn import NOTHING, Outline, Speaker, Turn


class _Tool(Shape, frozen=True):
    type: str | None = None
    name: str | None = None
    tools: msgspec.Raw = absent()


class _Item(Shape, frozen=True):
    type: str | None = None
    role: str | None = None
    name: str | None = None
    call_id: str | None = None
    content: msgspec.Raw = absent()
    arguments: msgspec.Raw = absent()
    input: msgspec.Raw = absent()
    action: msgspec.Raw = absent()
    output: msgspec.Raw = absent()
    encrypted_content: msgspec.Raw = absent()
    tools: list[_Tool] | None = None


class _Reasoning(Shape, frozen=True):
    effort: str | None = None


class _Form(Shape, frozen=True):
    type: str | None = None


class _Text(Shape, frozen=True):
    format: _Form | None = None


class _Body(Shape, frozen=True):
    input: str | list[_Item] | None = None
    instructions: str | None = None
    tools: list[_Tool] | None = None
    tool_choice: msgspec.Raw = absent()
    reasoning: _Reasoning | None = None
    text: _Text | None = None
    max_output_tokens: float | None = None
    stream: bool | None = None


_BODY: Final = Reader(
    _Body, "input", _Item, (b'"input_image"', b'"input_file"', b'"encrypted_content"')
)
_TOOLS: Final = msgspec.json.Decoder(list[_Tool])
# Codex nests its tools one deep; deeper ones are nobody's.
_DEEPEST: Final = 3


def outline(body: bytes) -> Outline:
    """Return what the body of `POST /v1/responses` holds, as far as it can be read."""
    top = _BODY.read(body)
    items = top.input if isinstance(top.input, list) else [_plain(top.input)]
    form = (top.text or _Text()).format or _Form()
    return Outline(
        count=0 if top.input is None else len(items),
        turn=lambda at: _turn(items[at]),
        said=lambda at: _said(items[at]),
        system=_system(top.instructions, items),
        last=msgspec.json.encode(items[-1]) if items else b"",
        tools=(*_names(top.tools or []), *_added(items)),
        forced_tool=parts.is_forced(top.tool_choice),
        thinking=(top.reasoning or _Reasoning()).effort not in parts.NO_EFFORT,
        structured=form.type in parts.FORMS,
        stream=top.stream is True,
        output=lenient.positive(top.max_output_tokens),
        media=sum_up(_pieces(items)),
    )


def _plain(text: str | None) -> _Item:
    return _Item(role="user", content=msgspec.Raw(msgspec.json.encode(text or "")))


def _turn(item: _Item) -> Turn:
    kind = item.type or "message"
    if kind == "message":
        speaker = parts.SPEAKERS.get(item.role or "")
        return NOTHING if speaker is None else Turn(speaker)
    if kind.endswith("_call_output"):
        return parts.result(item.output)
    if kind.endswith("_call"):
        return Turn(Speaker.MODEL, calls=(_call(kind, item),))
    return Turn(Speaker.MODEL) if kind == "reasoning" else NOTHING


def _said(item: _Item) -> tuple[str, ...]:
    return tuple(parts.texts(item.content)) if item.role == "user" else ()


def _call(kind: str, item: _Item) -> tuple[str, str]:
    asked = lenient.either(item.arguments, lenient.either(item.input, item.action))
    return item.name or kind, lenient.digest(asked)


def _system(instructions: str | None, items: list[_Item]) -> Iterator[str]:
    if instructions:
        yield instructions
    for item in items:
        if _turn(item).speaker is not Speaker.SYSTEM:
            return
        yield from parts.texts(item.content)


def _added(items: list[_Item]) -> Iterator[str]:
    """Names of tools that stand in the input, where Codex puts them for some models."""
    for item in items[:1]:
        if item.type == "additional_tools":
            yield from _names(item.tools or [])


def _names(tools: list[_Tool], deep: int = 0) -> Iterator[str]:
    for tool in tools:
        if tool.type == "namespace" and deep < _DEEPEST:
            yield from _names(lenient.read(_TOOLS, tool.tools, []), deep + 1)
        else:
            yield tool.name or tool.type or ""


def _pieces(items: list[_Item]) -> Iterator[Piece]:
    for item in items:
        yield from parts.pieces(item.content)
        yield from parts.pieces(item.output)
        if lenient.given(item.encrypted_content):
            yield Piece(lenient.size(item.encrypted_content))
