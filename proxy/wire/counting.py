"""Measures how much of what a request holds; it knows no model and counts no tokens.

`measure` gives numbers, never text. `rough` weighs them for a model nobody has met yet;
`proxy.counting` learns better weights. All passes over a text run inside the
interpreter's own C code: a megabyte takes a few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

import msgspec

from proxy.model import (
    Base64,
    CustomTool,
    Document,
    FunctionTool,
    Image,
    JsonObject,
    Namespace,
    Opaque,
    Part,
    Request,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    ToolsAdded,
)
from proxy.wire.pixels import UNKNOWN, image_tokens


class Features(msgspec.Struct, frozen=True, array_like=True):
    """What a request holds, by kind.

    `prose` and `code` are ASCII letters and blanks: in what people and models say, and
    in names of tools, arguments and results. A run of four blanks is one of them, as
    indentation costs little. `marks` and `code_marks` are ASCII punctuation and line
    ends in either, `digits` digits anywhere. `letters` are characters of two bytes in
    UTF-8 (accents, Greek, Cyrillic, Arabic), `wide` those of three or four (CJK,
    Indic scripts, emoji). `schemas` are the bytes of tools' schemas and of other JSON
    that a provider puts in words of its own. `images` are tokens by the rule of
    `proxy.wire.pixels`, `document_bytes` the bytes of files. `messages` and `tools`
    count themselves.
    """

    prose: int = 0
    marks: int = 0
    code: int = 0
    code_marks: int = 0
    digits: int = 0
    letters: int = 0
    wide: int = 0
    schemas: int = 0
    images: int = 0
    document_bytes: int = 0
    messages: int = 0
    tools: int = 0

    @property
    def vector(self) -> tuple[int, ...]:
        """The numbers in the order of the fields, as of `PRIOR`."""
        return msgspec.structs.astuple(self)


PRIOR: Final = (0.19, 0.85, 0.2, 0.55, 0.45, 0.4, 0.8, 0.24, 1.0, 0.04, 4.0, 10.0)
"""Tokens that each unit of `Features` is taken for before anything is learned."""

_DIGITS: Final = b"0123456789"
_MARKS: Final = bytes(
    each for each in range(128) if not chr(each).isalnum() and each != 0x20
)
_PAIRS: Final = bytes(range(0xC2, 0xE0))
_WIDER: Final = bytes(range(0xE0, 0xF5))
_TAILS: Final = bytes(range(0x80, 0xC0))
_INDENT: Final = b"    "
_FAR_FILE: Final = 50_000


def measure(request: Request) -> Features:
    """Return what a request holds: system, messages, tools, images and results."""
    found = _Measure()
    found.parts(request.system)
    found.offer(request.tools)
    for message in request.messages:
        found.messages += 1
        found.prose.append(message.name or "")
        found.parts(message.parts)
    form = request.output_format
    if form is not None and form.schema is not None:
        found.json(form.schema)
    return found.features()


def measure_text(text: str) -> Features:
    """Return what a piece of plain text holds."""
    found = _Measure()
    found.prose.append(text)
    return found.features()


def rough(features: Features) -> int:
    """Return the tokens that an unknown model is likely to count, rounded up."""
    return math.ceil(weigh(PRIOR, features))


def weigh(weights: Sequence[float], features: Features) -> float:
    """Return the tokens by these weights, one a feature in the order of `PRIOR`."""
    return sum(w * n for w, n in zip(weights, features.vector, strict=True))


class _Measure:
    """Gathers texts by kind first, so that each kind is looked through once."""

    __slots__ = (
        "code",
        "document_bytes",
        "images",
        "messages",
        "prose",
        "schemas",
        "tools",
    )

    def __init__(self) -> None:
        self.prose: list[str] = []
        self.code: list[str] = []
        self.schemas = 0
        self.images = 0
        self.document_bytes = 0
        self.messages = 0
        self.tools = 0

    def features(self) -> Features:
        prose, code = _kinds(self.prose), _kinds(self.code)
        return Features(
            prose=prose[0],
            marks=prose[1],
            code=code[0],
            code_marks=code[1],
            digits=prose[2] + code[2],
            letters=prose[3] + code[3],
            wide=prose[4] + code[4],
            schemas=self.schemas,
            images=self.images,
            document_bytes=self.document_bytes,
            messages=self.messages,
            tools=self.tools,
        )

    def json(self, value: JsonObject) -> None:
        self.schemas += len(msgspec.json.encode(value))

    def parts(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._part(part)

    def _part(self, part: Part) -> None:
        match part:
            case Text():
                self.prose.append(part.text)
            case Image():
                self._image(part)
            case Document():
                self._document(part)
            case Thinking():
                self.prose += (part.text, *part.summary)
                if not part.text and part.sealed:
                    # Sealed reasoning is billed by what it says: base64 of a third
                    # more bytes than that, which are its characters.
                    self.document_bytes += len(part.sealed)
            case ToolCall():
                self.code += (part.name, part.arguments)
            case ToolResult():
                self._result(part)
            case ToolsAdded():
                self.offer(part.tools)
            case ServerPart() | Opaque():
                self.json(part.raw)
            case _:
                assert_never(part)

    def _result(self, result: ToolResult) -> None:
        for each in result.parts:
            if isinstance(each, Text):
                self.code.append(each.text)
            else:
                self._part(each)

    def _image(self, image: Image) -> None:
        source = image.source
        if isinstance(source, Base64):
            self.images += image_tokens(source.data)
        else:
            self.images += UNKNOWN

    def _document(self, document: Document) -> None:
        self.prose.append(document.name or "")
        self.prose.append(document.context or "")
        match document.source:
            case Base64(media_type, data):
                size = len(data) * 3 // 4
                if media_type.startswith("text/"):
                    # Not decoded: its length tells enough.
                    self.prose.append("a" * size)
                else:
                    self.document_bytes += size
            case Text(text):
                self.prose.append(text)
            case tuple(parts):
                self.parts(parts)
            case _:
                self.document_bytes += _FAR_FILE

    def offer(self, tools: Iterable[Tool]) -> None:
        for tool in tools:
            self.tools += 1
            self._tool(tool)

    def _tool(self, tool: Tool) -> None:
        match tool:
            case FunctionTool():
                self.prose.append(tool.description or "")
                self.code.append(tool.name)
                self.json(tool.schema or {})
            case CustomTool():
                self.prose.append(tool.description or "")
                self.code.append(tool.name)
                if tool.grammar is not None:
                    self.code.append(tool.grammar.definition)
            case Namespace():
                self.prose.append(tool.description or "")
                self.code.append(tool.name)
                self.offer(tool.tools)
            case ServerTool():
                self.json(tool.raw)
            case _:
                assert_never(tool)


def _kinds(texts: list[str]) -> tuple[int, int, int, int, int]:
    """Return letters and blanks, marks, digits, and characters of two and more bytes.

    Counted by what is left when the others are taken out: five passes in C.
    """
    raw = "".join(texts).encode("utf-8", "replace")
    size = len(raw)
    digits = size - len(raw.translate(None, _DIGITS))
    marks = size - len(raw.translate(None, _MARKS))
    letters = wide = tails = 0
    if not raw.isascii():
        letters = size - len(raw.translate(None, _PAIRS))
        wide = size - len(raw.translate(None, _WIDER))
        tails = size - len(raw.translate(None, _TAILS))
    plain = size - digits - marks - letters - wide - tails
    return plain - 3 * raw.count(_INDENT), marks, digits, letters, wide
