"""Outlines a Gemini body in both spellings of its names; never raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import field

from proxy.glance import lenient
from proxy.glance.failed import tells_of_error
from proxy.glance.lenient import Shape, absent, either
from proxy.glance.long import Reader
from proxy.glance.media import Piece, sum_up
from proxy.glance.turn import NOTHING, Outline, Speaker, Turn

Raw = msgspec.Raw


class _Function(Shape, frozen=True):
    name: str | None = None
    args: Raw = absent()
    response: Raw = absent()


class _Result(Shape, frozen=True):
    error: Raw = absent()
    output: Raw = absent()


class _Data(Shape, frozen=True):
    mime: str | None = field(default=None, name="mimeType")
    snake_mime: str | None = field(default=None, name="mime_type")
    data: Raw = absent()


class _Part(Shape, frozen=True):
    text: str | None = None
    thought: bool | None = None
    call: _Function | None = field(default=None, name="functionCall")
    snake_call: _Function | None = field(default=None, name="function_call")
    result: _Function | None = field(default=None, name="functionResponse")
    snake_result: _Function | None = field(default=None, name="function_response")
    inline: _Data | None = field(default=None, name="inlineData")
    snake_inline: _Data | None = field(default=None, name="inline_data")
    file: _Data | None = field(default=None, name="fileData")
    snake_file: _Data | None = field(default=None, name="file_data")
    sealed: Raw = field(default=absent(), name="thoughtSignature")
    snake_sealed: Raw = field(default=absent(), name="thought_signature")


class _Content(Shape, frozen=True):
    role: str | None = None
    parts: list[_Part] | _Part | None = None

    @property
    def each(self) -> list[_Part]:
        """The parts; a single one counts as a list."""
        return [self.parts] if isinstance(self.parts, _Part) else self.parts or []


class _Thinking(Shape, frozen=True):
    budget: float | None = field(default=None, name="thinkingBudget")
    snake_budget: float | None = field(default=None, name="thinking_budget")
    level: str | None = field(default=None, name="thinkingLevel")
    snake_level: str | None = field(default=None, name="thinking_level")


class _Settings(Shape, frozen=True):
    output: float | None = field(default=None, name="maxOutputTokens")
    snake_output: float | None = field(default=None, name="max_output_tokens")
    kind: str | None = field(default=None, name="responseMimeType")
    snake_kind: str | None = field(default=None, name="response_mime_type")
    form: Raw = field(default=absent(), name="responseSchema")
    snake_form: Raw = field(default=absent(), name="response_schema")
    json_form: Raw = field(default=absent(), name="responseJsonSchema")
    snake_json_form: Raw = field(default=absent(), name="response_json_schema")
    thinking: _Thinking | None = field(default=None, name="thinkingConfig")
    snake_thinking: _Thinking | None = field(default=None, name="thinking_config")


class _Mode(Shape, frozen=True):
    mode: str | None = None


class _Calling(Shape, frozen=True):
    calling: _Mode | None = field(default=None, name="functionCallingConfig")
    snake_calling: _Mode | None = field(default=None, name="function_calling_config")


class _Body(Shape, frozen=True):
    contents: list[_Content] | None = None
    system: str | _Content | None = field(default=None, name="systemInstruction")
    snake_system: str | _Content | None = field(default=None, name="system_instruction")
    tools: list[dict[str, Raw]] | None = None
    calling: _Calling | None = field(default=None, name="toolConfig")
    snake_calling: _Calling | None = field(default=None, name="tool_config")
    settings: _Settings | None = field(default=None, name="generationConfig")
    snake_settings: _Settings | None = field(default=None, name="generation_config")


_BODY: Final = Reader(_Body, "contents", _Content, (b'Data"', b'_data"', b'ignature"'))
_RESULT: Final = msgspec.json.Decoder(_Result)
_FUNCTIONS: Final = msgspec.json.Decoder(list[_Function])
_DECLARED: Final = frozenset({"functionDeclarations", "function_declarations"})
_NO_LEVEL: Final = frozenset({"", "minimal", "thinking_level_unspecified"})
# `function` is an older word for the turn that brings results.
_SPEAKERS: Final = {
    "": Speaker.HUMAN,
    "user": Speaker.HUMAN,
    "function": Speaker.HUMAN,
    "model": Speaker.MODEL,
}


def outline(body: bytes) -> Outline:
    """Return what the body of `generateContent` holds; `stream` is in the path."""
    top = _BODY.read(body)
    contents = top.contents or []
    settings = top.settings or top.snake_settings or _Settings()
    calling = top.calling or top.snake_calling or _Calling()
    mode = (calling.calling or calling.snake_calling or _Mode()).mode or ""
    return Outline(
        count=len(contents),
        turn=lambda at: _turn(contents[at]),
        said=lambda at: _said(contents[at]),
        system=_system(top.system or top.snake_system),
        last=msgspec.json.encode(contents[-1]) if contents else b"",
        tools=tuple(_tool_names(top.tools or [])),
        forced_tool=mode.upper() == "ANY",
        thinking=_thinks(settings.thinking or settings.snake_thinking or _Thinking()),
        structured=_structured(settings),
        output=lenient.positive(settings.output or settings.snake_output),
        media=sum_up(_pieces(contents)),
    )


def _turn(content: _Content) -> Turn:
    speaker = _SPEAKERS.get(content.role or "")
    if speaker is None:
        return NOTHING
    parts = content.each
    calls = [call for part in parts if (call := part.call or part.snake_call)]
    results = [one for part in parts if (one := part.result or part.snake_result)]
    return Turn(
        speaker,
        tuple((call.name or "", lenient.digest(call.args)) for call in calls),
        bool(results),
        tuple(lenient.digest(each.response) for each in results if _failed(each)),
    )


def _said(content: _Content) -> tuple[str, ...]:
    return () if content.role == "model" else _texts(content)


def _texts(content: _Content) -> tuple[str, ...]:
    return tuple(part.text for part in content.each if part.text and not part.thought)


def _failed(function: _Function) -> bool:
    result = lenient.read(_RESULT, function.response, _Result())
    return lenient.given(result.error) or tells_of_error(lenient.text(result.output))


def _system(told: str | _Content | None) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif told is not None:
        yield from (part.text for part in told.each if part.text)


def _tool_names(tools: list[dict[str, Raw]]) -> Iterator[str]:
    for tool in tools:
        for kind, raw in tool.items():
            if kind in _DECLARED:
                declared = lenient.read(_FUNCTIONS, raw, [])
                yield from (function.name or "" for function in declared)
            else:
                yield kind


def _thinks(thinking: _Thinking) -> bool:
    budget = thinking.budget or thinking.snake_budget or 0
    level = (thinking.level or thinking.snake_level or "").lower()
    # A budget of -1 leaves it to the model how long it reasons.
    return budget != 0 or level not in _NO_LEVEL


def _structured(settings: _Settings) -> bool:
    kind = settings.kind or settings.snake_kind
    form = either(settings.form, settings.snake_form)
    json_form = either(settings.json_form, settings.snake_json_form)
    return kind == "application/json" or lenient.given(either(form, json_form))


def _pieces(contents: list[_Content]) -> Iterator[Piece]:
    for content in contents:
        for part in content.each:
            data = part.inline or part.snake_inline or part.file or part.snake_file
            if data is not None:
                kind = data.mime or data.snake_mime or ""
                image = kind.startswith("image/")
                yield Piece(lenient.size(data.data), image=image, document=not image)
            sealed = either(part.sealed, part.snake_sealed)
            if lenient.given(sealed):
                yield Piece(lenient.size(sealed))
