"""Says how long ago something was, as people say it; it reads no clock."""

from __future__ import annotations

from datetime import timedelta

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def ago(age: timedelta) -> str:
    """Return such as `3 hours ago`; what is under a minute old was just now."""
    return f"{span(age)} ago" if age >= timedelta(minutes=1) else "just now"


def span(age: timedelta) -> str:
    """Return such as `3 hours`, whatever the sign; whole units, rounded down."""
    seconds = int(abs(age).total_seconds())
    for size, name in _UNITS:
        if seconds >= size:
            return counted(seconds // size, name)
    return counted(seconds, "second")


def counted(number: int, name: str) -> str:
    """Return a number with its word in the right form: `1 day`, `2 days`."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """Return a number of bytes in MB or GB, as file managers show it."""
    if number >= 10**9:
        return f"{number / 10**9:.1f} GB"
    return f"{number / 10**6:.0f} MB"
