"""Reads JSON, JSON with comments and JSON5 strictly, into plain values; pure.

What is legal depends on the dialect. The text is written over as plain JSON, which the
standard library then reads: so the grammar has one judge. It must not look for places;
that is `json_places`' part, and the two check each other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from wizard.formats.terms import Broken, Format, Json
from wizard.formats.text import line_at
from wizard.formats.values import MOST_DEEP

# ECMAScript's white space and line ends; JSON5 takes all of them.
BLANKS: Final = (
    " \t\n\r\v\f\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
COMMENT: Final = r"//[^\r\n\u2028\u2029]*+|/\*.*?\*/"
STRING: Final = (
    r'"(?:[^"\\\r\n]++|\\(?:\r\n|.))*+"' + "|" + r"'(?:[^'\\\r\n]++|\\(?:\r\n|.))*+'"
)

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
_ESCAPED: Final = {
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "0": "\0",
    **dict.fromkeys(("\r\n", "\n", "\r", "\u2028", "\u2029"), ""),
}
_BAD_ESCAPE = re.compile(r"\\(?:[1-9]|0[0-9]|x(?![0-9a-fA-F]{2})|u(?![0-9a-fA-F]{4}))")
_NAME = re.compile(
    r"(?:[^\W\d]|[$_]|\\u[0-9a-fA-F]{4})(?:[\w$\u200c\u200d]|\\u[0-9a-fA-F]{4})*"
)
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<word>Infinity|NaN)|0[xX](?P<hex>[0-9a-fA-F]+)"
    r"|(?P<whole>(?:0|[1-9][0-9]*)?)(?P<part>(?:\.[0-9]*)?)(?P<power>(?:[eE][+-]?[0-9]+)?))"
)
_BRACKETS = re.compile(r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a dialect takes beyond JSON."""

    comments: bool = False
    five: bool = False


DIALECTS: Final = {
    Format.JSON: Dialect(),
    Format.JSONC: Dialect(comments=True),
    Format.JSON5: Dialect(comments=True, five=True),
}


def read(text: str, dialect: Dialect) -> Json:
    """Return what the text holds; nothing but blanks and comments is an empty object.

    Raises `Broken` with the line.
    """
    plain = _plain(text, dialect) if dialect.comments else text
    if not plain.strip(" \t\r\n"):
        return {}
    if not dialect.comments:
        _check_depth(text)
    try:
        value: Json = json.loads(
            plain, parse_constant=None if dialect.five else _no_constant
        )
    except json.JSONDecodeError as error:
        raise Broken(_why(plain, error), error.lineno) from None
    except ValueError:
        raise Broken("a number is too long, or is none in this format") from None
    return value


def unquoted(raw: str) -> str:
    """Return what a string or a bare key means; its escapes are known to be good."""
    inner = raw[1:-1] if raw[:1] in {'"', "'"} else raw
    if "\\" not in inner:
        return inner
    text = _ESCAPE.sub(_escaped, inner)
    # Two halves of a character become one; a half alone stays as it is.
    return text.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "surrogatepass"
    )


def _escaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 2 or (len(escape) == 2 and escape != "\r\n"):
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)


def _no_constant(_word: str) -> Json:
    raise ValueError


def _why(plain: str, error: json.JSONDecodeError) -> str:
    if plain[error.pos : error.pos + 1] in {"/", "#"}:
        return "it has a comment where its format takes none"
    if plain[error.pos : error.pos + 1] in {"}", "]"} or "trailing" in error.msg:
        return "a comma or a value is missing or too much"
    if "Extra data" in error.msg:
        return "there is something behind the end of the document"
    return "it is not valid JSON"


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the reader sees it; strings are skipped whole."""
    depth, at = 0, 0
    while (at := _ends(text, at)) < len(text):
        depth += 1 if text[at] in "[{" else -1 if text[at] in "]}" else 0
        if depth > MOST_DEEP:
            raise Broken("objects and lists are nested too deep", line_at(text, at))
        at += 1


def _ends(text: str, at: int) -> int:
    match = _BRACKETS.match(text, at)
    return match.end() if match else len(text)


def _tokens(blanks: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<blank>[{blanks}]++)|(?P<comment>{COMMENT})"
        rf"|(?P<string>{STRING})|(?P<mark>[{{}}\[\]:,])"
        rf"|(?P<bare>[^{BLANKS}{{}}\[\]:,\"'/]++)|(?P<none>.)",
        re.DOTALL,
    )


_TOKENS: Final = {False: _tokens(" \t\r\n"), True: _tokens(BLANKS)}


def _plain(text: str, dialect: Dialect) -> str:
    """The text as plain JSON: every value in its place, line ends as many as before."""
    out: list[str] = []
    open_marks: list[str] = []
    # Where a comma waits in `out`, and the mark or value before the current piece.
    last = ""
    comma = 0
    for match in _TOKENS[dialect.five].finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind in {"blank", "comment"}:
            out.append(" " + "\n" * piece.count("\n"))
            continue
        if kind == "none":
            raise Broken(_misfit(piece), line_at(text, match.start()))
        if kind != "mark":
            name = last in {"{", "{,"}
            out.append(_value(piece, dialect, name=name, at=(text, match.start())))
            last = "value"
            continue
        if piece in "]}" and last in {"[,", "{,"}:
            out[comma] = " "
        out.append(piece)
        last = _after(piece, last, open_marks)
        comma = len(out) - 1
        if len(open_marks) > MOST_DEEP:
            line = line_at(text, match.start())
            raise Broken("objects and lists are nested too deep", line)
    return "".join(out)


def _after(mark: str, last: str, open_marks: list[str]) -> str:
    """The state behind a mark: the mark, or `[,` and `{,` behind a value's comma."""
    if mark in "[{":
        open_marks.append(mark)
    elif mark in "]}":
        if open_marks:
            open_marks.pop()
        return "value"
    elif mark == "," and last == "value" and open_marks:
        return open_marks[-1] + ","
    return mark


def _misfit(piece: str) -> str:
    if piece in {'"', "'"}:
        return "a string is not closed"
    return "a comment is not closed" if piece == "/" else "a character has no place"


def _value(piece: str, dialect: Dialect, *, name: bool, at: tuple[str, int]) -> str:
    """A string, number, word or key as plain JSON writes it."""
    if not dialect.five:
        if piece[0] == "'":
            raise Broken("a string has single quotes", line_at(*at))
        return piece
    if piece[0] in {'"', "'"}:
        if _BAD_ESCAPE.search(re.sub(r"\\\\", "", piece)):
            raise Broken("a string has a wrong escape", line_at(*at))
        return json.dumps(unquoted(piece)) + "\n" * piece.count("\n")
    if name:
        if not _NAME.fullmatch(piece):
            raise Broken("a key is no name and not quoted", line_at(*at))
        return json.dumps(unquoted(piece))
    return piece if piece in {"true", "false", "null"} else _number(piece, at)


def _number(piece: str, at: tuple[str, int]) -> str:
    match = _NUMBER.fullmatch(piece)
    if not match or not (
        match["word"] or match["hex"] or match["whole"] or match["part"][1:]
    ):
        raise Broken("a value is none that its format knows", line_at(*at))
    sign = "-" if match["sign"] == "-" else ""
    if match["word"]:
        return "NaN" if match["word"] == "NaN" else sign + "Infinity"
    if match["hex"]:
        return sign + _whole(match["hex"], at)
    part = match["part"] + "0" if match["part"] == "." else match["part"]
    return f"{sign}{match['whole'] or '0'}{part}{match['power']}"


def _whole(digits: str, at: tuple[str, int]) -> str:
    if len(digits) > 1000:
        raise Broken("a number is too long", line_at(*at))
    return str(int(digits, 16))
