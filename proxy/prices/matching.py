"""Finds a model's prices by its name: exactly, or by a listed alias; never loosely.

A neighbour's price is worse than none: it must not guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

_Found = TypeVar("_Found")
_DATED: Final = re.compile(
    r"(?P<id>.+)-20[0-9]{2}(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12][0-9]|3[01])"
)


def find(listed: Mapping[str, _Found], name: str) -> _Found | None:
    """Return what is listed for a model's name, None where nothing is.

    The exact name wins. Else vendors' frozen versions have the date behind the id
    (`claude-haiku-4-5-20251001`, `gpt-5.1-2025-11-13`): then the id without it.
    """
    for wanted in _names(name):
        if (found := listed.get(wanted)) is not None:
            return found
    return None


def undated(name: str) -> str:
    """Return a model's name without the date of a frozen version."""
    dated = _DATED.fullmatch(name)
    return dated["id"] if dated else name


def _names(name: str) -> Iterator[str]:
    yield name
    if (without := undated(name)) != name:
        yield without
