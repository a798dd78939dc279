"""Turns the bytes of a settings file into text and back, byte for byte; pure.

It must not guess: what is not UTF-8 is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from wizard.formats.terms import Broken

MAX_BYTES: Final = 5 * 1024 * 1024
# What is read line by line, in Python, takes a second or two for that.
_MOST_READ: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text without its byte order mark; `bom` says that it has one."""

    text: str = field(repr=False)
    bom: bool = False


def decoded(data: bytes) -> Text:
    """Return the text of a file, line ends as they are.

    Raises `Broken` for a file over 5 MB, UTF-16, NUL bytes and invalid UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise Broken("the file is larger than 5 MB")
    if data.startswith(_UTF_16):
        raise Broken("the file is UTF-16, not UTF-8", 1)
    if (nul := data.find(b"\0")) >= 0:
        raise Broken("there is a NUL byte in the file", _line(data, nul))
    bom = data.startswith(_BOM)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Broken("the file is not UTF-8", _line(data, error.start)) from None
    return Text(text[1:] if bom else text, bom)


def encoded(text: Text) -> bytes:
    """Return the bytes of a file; the opposite of `decoded`.

    Raises `Broken` for text that UTF-8 cannot hold.
    """
    try:
        data = text.text.encode()
    except UnicodeEncodeError as error:
        line = text.text.count("\n", 0, error.start) + 1
        raise Broken("the text cannot be written as UTF-8", line) from None
    return _BOM + data if text.bom else data


def refuse_long(text: str) -> None:
    """Raise `Broken` for a text longer than any settings of its format are."""
    if len(text) > _MOST_READ:
        raise Broken("the file is too large for settings")


def line_at(text: str, at: int) -> int:
    """Return the line, counted from 1, in which the character `at` stands."""
    return text.count("\n", 0, at) + 1


def line_end(text: str) -> str:
    r"""Return how the text ends its lines: CRLF if it has any, else LF."""
    return "\r\n" if "\r\n" in text else "\n"


def indent_at(text: str, at: int) -> str:
    """Return the blanks with which the line of the character `at` begins."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
