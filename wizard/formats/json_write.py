"""Writes JSON values and finds the look of the text around them; pure.

What it writes is good in all three dialects, but for NaN and Infinity. It must not
decide where anything goes.
"""

from __future__ import annotations

import json

from wizard.formats.json_places import gap_end, root
from wizard.formats.terms import Json
from wizard.formats.text import indent_at, line_end

_UNIT = "  "


def flat(value: Json) -> str:
    """Return the value on one line."""
    return json.dumps(value, ensure_ascii=False)


def tall(value: Json, text: str, indent: str) -> str:
    """Return the value on as many lines as it wants, the first without `indent`."""
    lines = json.dumps(value, ensure_ascii=False, indent=unit_of(text))
    return lines.replace("\n", line_end(text) + indent)


def keyed(key: str | None, value: str) -> str:
    """Return a member of an object, or the value alone for an element of a list."""
    return value if key is None else f"{flat(key)}: {value}"


def unit_of(text: str) -> str:
    """Return by what the text indents: as its first key is against its root."""
    start = root(text)
    if start is None or text[start] not in "[{":
        return _UNIT
    if not is_tall(text, start):
        return _UNIT
    outer = indent_at(text, start)
    inner = indent_at(text, gap_end(text, start + 1))
    return inner.removeprefix(outer) if inner != outer else _UNIT


def is_tall(text: str, start: int) -> bool:
    """Whether what the bracket at `start` holds stands on lines of its own."""
    return "\n" in text[start : gap_end(text, start + 1)]
