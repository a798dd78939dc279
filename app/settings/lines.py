"""Finds the line of a value in a TOML file, which the parser does not tell.

It must only run when there is a problem to show: each look parses part of the file
again.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import TypeAlias

from proxy.catalogue import ConfigProblem

BOM = b"\xef\xbb\xbf"
"""The byte order mark that some editors begin a file with."""

_STEP = re.compile(r'\[(\d+)\]|"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+')
_Path: TypeAlias = tuple[str | int, ...]


def with_lines(
    text: str, problems: Iterable[ConfigProblem]
) -> tuple[ConfigProblem, ...]:
    """Return the problems with their lines in `text`, in the order of the lines.

    A key that is missing has the line of the table it is missing from.
    """
    finder = _Finder(text)
    found = (
        one if one.line else replace(one, line=finder.line(_path(one.where)))
        for one in problems
    )
    return tuple(sorted(found, key=lambda one: one.line or 0))


def line_end(text: str) -> str:
    """Return the line end that most lines of the file have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def line_of(text: str, *path: str | int) -> int | None:
    """Return the line, from 1, where the value at `path` begins in valid TOML."""
    return _Finder(text).line(path)


def _path(where: str) -> _Path:
    steps: list[str | int] = []
    for step in _STEP.finditer(where):
        if step[1]:
            steps.append(int(step[1]))
        else:
            steps.append(json.loads(step[0]) if step[0][0] == '"' else step[0])
    return tuple(steps)


class _Finder:
    """Bisects one file; what a start of it holds is parsed once."""

    def __init__(self, text: str) -> None:
        """Look in `text`, which is valid TOML."""
        # TOML knows no other line ends; str.splitlines does.
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._starts: dict[int, dict[str, object] | None] = {0: {}}

    def line(self, path: _Path) -> int | None:
        """Return the line, from 1, where the value at `path` begins.

        None where not even the table around it is in the file.
        """
        while path and not self._has(len(self._lines), path):
            path = path[:-1]
        return self._first(path) if path else None

    def _first(self, path: _Path) -> int:
        low, high = 0, len(self._lines)
        while high - low > 1:
            middle = self._parseable(low, high)
            if middle is None:
                break
            if self._has(middle, path):
                high = middle
            else:
                low = middle
        # A value over several lines is there at its last one and begins earlier.
        while high - 1 > low and self._start(high - 1) is None:
            high -= 1
        return high

    def _parseable(self, low: int, high: int) -> int | None:
        """Return a count between the two whose first lines are valid TOML."""
        middle = (low + high) // 2
        for count in chain(range(middle, low, -1), range(middle + 1, high)):
            if self._start(count) is not None:
                return count
        return None

    def _has(self, count: int, path: _Path) -> bool:
        value: object = self._start(count)
        for step in path:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and isinstance(step, int):
                if step >= len(value):
                    return False
                value = value[step]
            else:
                return False
        return True

    def _start(self, count: int) -> dict[str, object] | None:
        """Return what the first `count` lines hold, None where they do not parse."""
        if count not in self._starts:
            self._starts[count] = _parsed("\n".join(self._lines[:count]))
        return self._starts[count]


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
