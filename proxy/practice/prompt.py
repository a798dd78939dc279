"""Finds what a person last said and asked for in a request; no I/O."""

from __future__ import annotations

import re
from typing import Final

from proxy.model import (
    Message,
    Offered,
    Request,
    Role,
    Text,
    ToolResult,
)

LOOKED_AT: Final = 4_000
"""How many characters of the newest words are looked at for a tool and its values."""

_QUOTED: Final = 80
# What clients put between the words of a person, in marks of their own.
_MARKS: Final = (
    "system-reminder",
    "environment_context",
    "user_instructions",
    "local-command-caveat",
)
_ASK: Final = r"\b(?:call|use|run|invoke|calling|using)\b[^\n.?]{0,40}?"


def newest_words(request: Request) -> str:
    """Return the newest words of a person, reminders and tool results peeled off."""
    for message in reversed(request.messages):
        if message.role is Role.USER:
            words = _words(message)
            if words:
                return words
    return ""


def _words(message: Message) -> str:
    texts = [each.text for each in message.parts if isinstance(each, Text)]
    return "\n".join(bare for each in texts if (bare := _without_marks(each)))


def _without_marks(text: str) -> str:
    for mark in _MARKS:
        text = _without(text, f"<{mark}>", f"</{mark}>")
    return text.strip()


def _without(text: str, begin: str, end: str) -> str:
    kept: list[str] = []
    at = 0
    # By hand and not by a pattern: the time stays in proportion to the text.
    while (start := text.find(begin, at)) >= 0:
        stop = text.find(end, start)
        if stop < 0:
            break
        kept.append(text[at:start])
        at = stop + len(end)
    return "".join([*kept, text[at:]]) if kept or at else text


def newest_results(request: Request) -> tuple[ToolResult, ...]:
    """Return the tool results that came after the last words of the model."""
    results: list[ToolResult] = []
    for message in reversed(request.messages):
        if message.role is Role.ASSISTANT:
            break
        results[:0] = [each for each in message.parts if isinstance(each, ToolResult)]
    return tuple(results)


def quote(words: str) -> str:
    """Return the first 80 characters of some words, on one line, in quotation marks."""
    line = " ".join(words[: 4 * _QUOTED].split())
    if not line:
        return ""
    short = line[:_QUOTED].rstrip()
    return f"“{short}…”" if len(short) < len(line) else f"“{short}”"


def tool_asked_for(words: str, offered: tuple[Offered, ...]) -> Offered | None:
    """Return the offered tool that the words ask to call first, if they ask.

    They ask by "call", "use", "run" or "invoke" and, in the same sentence soon after
    it, the tool's name as it is spelt; the longer name wins where two begin together.
    """
    words = words[:LOOKED_AT]
    found: list[tuple[int, int, Offered]] = []
    for each in offered:
        name = each.tool.name
        if name not in words:
            continue
        ask = re.compile(rf"(?i:{_ASK})(?<![\w-])({re.escape(name)})(?![\w-])")
        match = ask.search(words)
        if match is not None:
            found.append((match.start(1), -len(name), each))
    return min(found, key=lambda each: each[:2])[2] if found else None
