"""Lines and columns for a terminal; it knows no command and does not print."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, the cells it stands over to the right, a least width.

    The least width, in character cells, keeps lines that arrive one by one aligned.
    """

    title: str
    right: bool = False
    least: int = 0


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[str]], *, head: bool = True
) -> tuple[str, ...]:
    """Return the rows as aligned lines, under a line of titles if `head`."""
    clean = [[harmless(cell) for cell in row] for row in rows]
    titles = [column.title for column in columns]
    every = [titles, *clean]
    widths = [
        max(column.least, *(width(row[place]) for row in every))
        for place, column in enumerate(columns)
    ]
    shown = every if head else clean
    return tuple(_line(columns, widths, row) for row in shown)


def facts(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return name and value pairs as lines with the values aligned."""
    known = [(name, harmless(value)) for name, value in pairs]
    wide = max((width(name) for name, _ in known), default=0)
    return tuple(f"{_pad(name, wide)}{GAP}{value}".rstrip() for name, value in known)


def width(text: str) -> int:
    """Return how many cells a terminal gives `text`; wide characters take two."""
    return sum(_cells(character) for character in text)


def harmless(text: str) -> str:
    """Return `text` without the control characters that steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(text: str, wide: int) -> str:
    return text + " " * (wide - width(text))


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    cells = []
    for column, wide, text in zip_longest(columns, widths, row, fillvalue=""):
        if isinstance(column, Column) and column.right:
            cells.append(" " * (int(wide) - width(text)) + text)
        else:
            cells.append(_pad(text, int(wide)))
    return GAP.join(cells).rstrip()
