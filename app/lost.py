"""What got lost on the way of a request, told to people; it finds nothing out."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.wire.losses import LOSSES

_OTHER = "Another version of Turnout named this; what it means is not known here."


def lost(names: Iterable[str]) -> tuple[str, ...]:
    """Return the sentence of each loss a record names, in its order."""
    return tuple(LOSSES.get(name, _OTHER) for name in names)


def many_lost(names: Iterable[str]) -> str:
    """Return how many there are in words, `2 losses`; '' where there are none."""
    count = len(tuple(names))
    if not count:
        return ""
    return "1 loss" if count == 1 else f"{count} losses"
