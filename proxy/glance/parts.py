"""Reads the contents that OpenAI's two protocols share; never raises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from proxy.glance import lenient
from proxy.glance.failed import tells_of_error
from proxy.glance.lenient import Shape, absent
from proxy.glance.media import Piece
from proxy.glance.turn import Speaker, Turn

SPEAKERS: Final = {
    "user": Speaker.HUMAN,
    "assistant": Speaker.MODEL,
    "system": Speaker.SYSTEM,
    "developer": Speaker.SYSTEM,
}
"""Whose turn a role stands for."""

FORMS: Final = frozenset({"json_schema", "json_object"})
"""The words for output of a form."""

NO_EFFORT: Final = frozenset({None, "", "none"})
"""The words for no reasoning at all."""


class _Part(Shape, frozen=True):
    type: str | None = None
    text: str | None = None
    image_url: msgspec.Raw = absent()
    file: msgspec.Raw = absent()
    file_data: msgspec.Raw = absent()


_PARTS: Final = msgspec.json.Decoder(list[_Part])
_CHOICE: Final = msgspec.json.Decoder(_Part)
_TEXTS: Final = frozenset({"text", "input_text", "output_text"})
_IMAGES: Final = frozenset({"image_url", "input_image"})
_FILES: Final = frozenset({"file", "input_file"})


def texts(content: msgspec.Raw) -> Iterator[str]:
    """Return the texts of a content that is a string or a list of parts."""
    if not lenient.is_list(content):
        yield lenient.text(content)
        return
    for part in lenient.read(_PARTS, content, []):
        if part.type in _TEXTS and part.text:
            yield part.text


def pieces(content: msgspec.Raw) -> Iterator[Piece]:
    """Return what a content holds beside text."""
    if not lenient.is_list(content):
        return
    for part in lenient.read(_PARTS, content, []):
        if part.type in _IMAGES:
            yield Piece(lenient.size(part.image_url), image=True)
        elif part.type in _FILES:
            data = lenient.either(part.file, part.file_data)
            yield Piece(lenient.size(data), document=True)


def result(content: msgspec.Raw) -> Turn:
    """Return the turn that a tool's result is; it has no mark for errors."""
    said = "".join(texts(content))
    errors = (lenient.digest(said),) if tells_of_error(said) else ()
    return Turn(Speaker.HUMAN, results=True, errors=errors)


def is_forced(choice: msgspec.Raw) -> bool:
    """Tell whether a `tool_choice` makes a call a must."""
    if not lenient.given(choice):
        return False
    word = lenient.text(choice)
    kind = lenient.read(_CHOICE, choice, _Part()).type
    return word == "required" or kind not in {None, "", "allowed_tools"}
