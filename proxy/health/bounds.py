"""How much is remembered at most, so that odd names cannot fill the memory."""

from __future__ import annotations

from typing import Final, TypeVar

MOST: Final = 512
"""Entries of each sort that are remembered."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def make_room(entries: dict[_Key, _Value]) -> _Key:
    """Drop the entry that came first and return its key; there must be one."""
    oldest = next(iter(entries))
    del entries[oldest]
    return oldest
