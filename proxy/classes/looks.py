"""Takes a person's text apart: its words, and what it looks like; it judges nothing.

What is pasted or quoted is set aside first, so that words of code are no words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proxy.classes.phrases import OTHER

_HEAD: Final = 3_000
_TAIL: Final = 1_000
_FENCE: Final = "```"
_MOST_BLOCKS: Final = 50
_QUOTED: Final = re.compile(r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”")
_WORD: Final = re.compile(r"[^\W_]+")
_EDGES: Final = ".,;:!?()[]{}<>'\"*…"
# Something within a chunk that words do not have: `foo.py`, `a_b`, `std::x`, `f(x)`.
_CODE: Final = re.compile(r"[\w)][.(=\[]\w|_|::|[\\/@#$=]|\w\(|[a-z][A-Z]")
_CALL: Final = re.compile(r"\w\(\)")
_FILE: Final = re.compile(r"(?:[\w.-]+[\\/])*[\w-]{1,80}\.[A-Za-z][A-Za-z0-9]{0,4}")
_STEP: Final = re.compile(r"^[ \t]{0,8}(?:\d{1,2}[.)]|[-*•])[ \t]", re.MULTILINE)
_TRACES: Final = (
    "Traceback (most recent call last)",
    "\n    at ",
    "panicked at",
    "Exception in thread",
    "stack backtrace:",
    "Segmentation fault",
    "goroutine ",
)
# The name of an error, as languages and libraries form them.
_ERROR: Final = re.compile(r"\b[A-Z][A-Za-z]{2,60}(?:Error|Exception)\b")
_ENDINGS: Final = frozenset({"e.g", "i.e", "etc", "vs", "node.js", "next.js", "vue.js"})


@dataclass(frozen=True, slots=True)
class Looks:
    """A text taken apart.

    `plain` is the text without what was pasted, `words` its words in lower case with
    `OTHER` where something else stood. `files` counts different names of files,
    `steps` items of lists, `traces` kinds of traces of faults, `code` pasted blocks.
    """

    plain: str
    words: tuple[str, ...]
    files: int
    steps: int
    traces: int
    code: int


def look(text: str) -> Looks:
    """Take a text apart; of a long one the start and the end are looked at."""
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    plain, blocks = _without_blocks(_unquoted(text))
    names = set(_FILE.findall(plain)) - _ENDINGS
    return Looks(
        plain=plain,
        words=tuple(_words(_QUOTED.sub(f" {OTHER} ", plain))),
        files=len(names),
        steps=len(_STEP.findall(plain)),
        traces=sum(mark in text for mark in _TRACES) + bool(_ERROR.search(plain)),
        code=blocks,
    )


def _unquoted(text: str) -> str:
    """Return a text that some clients quote as a whole without those quotes."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _without_blocks(text: str) -> tuple[str, int]:
    """Take out fenced blocks; one that stays open goes to the end."""
    pieces = text.split(_FENCE, 2 * _MOST_BLOCKS)
    return f"\n{OTHER}\n".join(pieces[::2]), len(pieces) // 2


def _words(text: str) -> Iterator[str]:
    for chunk in text.split():
        inside = chunk.strip(_EDGES)
        if not inside:
            continue
        if inside.isalpha() and inside[1:].islower() and "(" not in chunk:
            yield inside.lower()
            continue
        code = inside == OTHER or _CODE.search(inside) or _CALL.search(chunk)
        if code and inside.lower() not in _ENDINGS:
            yield from _halves(inside)
            continue
        yield from _WORD.findall(inside.lower())


def _halves(chunk: str) -> Iterator[str]:
    """Return two words that a slash joins; anything else is no word."""
    halves = chunk.lower().split("/")
    if len(halves) == 2 and all(half.isalpha() for half in halves):
        yield from halves
    else:
        yield OTHER
