"""Outlines a Chat Completions body, or Ollama's own; never raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.glance import lenient, parts
from proxy.glance.lenient import Shape, absent
from proxy.glance.long import Reader
from proxy.glance.media import Piece, sum_up
from proxy.glance.turn import NOTHING, Outline, Speaker, Turn


class _Function(Shape, frozen=True):
    name: str | None = None
    arguments: msgspec.Raw = absent()
    input: msgspec.Raw = absent()


class _Call(Shape, frozen=True):
    function: _Function | None = None
    custom: _Function | None = None

    @property
    def named(self) -> _Function:
        """What is called, or offered, whatever its kind."""
        return self.function or self.custom or _Function()


class _Message(Shape, frozen=True):
    role: str | None = None
    tool_call_id: str | None = None
    content: msgspec.Raw = absent()
    tool_calls: list[_Call] | None = None
    images: list[msgspec.Raw] | None = None


class _Form(Shape, frozen=True):
    type: str | None = None


class _Body(Shape, frozen=True):
    messages: list[_Message] | None = None
    tools: list[_Call] | None = None
    tool_choice: msgspec.Raw = absent()
    functions: list[_Function] | None = None
    function_call: msgspec.Raw = absent()
    reasoning_effort: str | None = None
    response_format: _Form | None = None
    max_completion_tokens: float | None = None
    max_tokens: float | None = None
    stream: bool | None = None


_BODY: Final = Reader(_Body, "messages", _Message, (b'"image', b'"file"'))
_RESULTS: Final = frozenset({"tool", "function"})


def outline(body: bytes) -> Outline:
    """Return what the body of `POST /v1/chat/completions` holds, where readable."""
    top = _BODY.read(body)
    messages = top.messages or []
    form = top.response_format or _Form()
    output = lenient.positive(top.max_completion_tokens)
    return Outline(
        count=len(messages),
        turn=lambda at: _turn(messages[at]),
        said=lambda at: _said(messages[at]),
        system=_system(messages),
        last=msgspec.json.encode(messages[-1]) if messages else b"",
        tools=(
            *(tool.named.name or "" for tool in top.tools or ()),
            # The form before tools; whoever sends it offers tools all the same.
            *(function.name or "" for function in top.functions or ()),
        ),
        forced_tool=parts.is_forced(top.tool_choice)
        or bytes(top.function_call).startswith(b"{"),
        thinking=top.reasoning_effort not in parts.NO_EFFORT,
        structured=form.type in parts.FORMS,
        stream=top.stream is True,
        output=lenient.positive(top.max_tokens) if output is None else output,
        media=sum_up(_pieces(messages)),
    )


def _turn(message: _Message) -> Turn:
    if message.role in _RESULTS:
        return parts.result(message.content)
    speaker = parts.SPEAKERS.get(message.role or "")
    if speaker is None:
        return NOTHING
    calls = tuple(map(_call, message.tool_calls or ()))
    return Turn(speaker, calls)


def _said(message: _Message) -> tuple[str, ...]:
    return tuple(parts.texts(message.content)) if message.role == "user" else ()


def _call(call: _Call) -> tuple[str, str]:
    arguments = lenient.either(call.named.arguments, call.named.input)
    return call.named.name or "", lenient.digest(arguments)


def _system(messages: list[_Message]) -> Iterator[str]:
    for message in messages:
        if parts.SPEAKERS.get(message.role or "") is not Speaker.SYSTEM:
            return
        yield from parts.texts(message.content)


def _pieces(messages: list[_Message]) -> Iterator[Piece]:
    for message in messages:
        yield from parts.pieces(message.content)
        for image in message.images or ():
            yield Piece(lenient.size(image), image=True)
