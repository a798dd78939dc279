"""What a provider says about its own limits, as values; it reads no header itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from proxy.headers import RawHeader, retry_after

LONGEST: Final = 35 * 86_400.0
"""Seconds; what claims to last longer than the longest month is not believed."""

_NUMBER: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")


@dataclass(frozen=True, slots=True)
class Signal:
    """What is known of one window of a provider's limits.

    `window` names it for people, as in "tokens per minute". `share` is how much of it
    is used, 0 to 1, and `remaining` what is left in the window's own unit; both are
    None where unknown. `resets` is when it is whole again, in seconds since 1970,
    None where nobody said. `span` is how many seconds what was said holds without
    that. `exhausted` says that nothing is left; `one_model` that it is not the
    account's window but that of the model called.
    """

    window: str
    share: float | None = None
    remaining: float | None = None
    resets: float | None = None
    exhausted: bool = False
    span: float = 60.0
    one_model: bool = False

    def ends(self, now: float) -> float:
        """Return until when it is believed, in seconds since 1970."""
        if self.resets is None:
            return now + self.span
        return min(self.resets, now + LONGEST)


def folded(headers: Iterable[RawHeader]) -> Mapping[str, str]:
    """Return the headers by lower-case name, of a repeated one the first.

    What is not UTF-8 is left out.
    """
    told: dict[str, str] = {}
    for name, value in headers:
        try:
            told.setdefault(_text(name).lower(), _text(value).strip())
        except UnicodeError:
            continue
    return told


def number(text: str) -> float | None:
    """Return the number that `text` is, None for anything else."""
    return float(text) if _NUMBER.fullmatch(text) else None


def name(text: str) -> str:
    """Return a name that a provider gave something, '' where it is no plain word."""
    return text if _NAME.fullmatch(text) else ""


def clock(told: Mapping[str, str], now: float) -> float:
    """Return what the provider's clock showed, by its `date` header, else `now`."""
    date = told.get("date", "")
    if not date:
        return now
    try:
        said = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return now
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()


def moment(text: str, here: float, now: float) -> float | None:
    """Return the moment that `text` means, in seconds since 1970, None if none.

    It may be a number of seconds, a duration ("1m2.5s", "12ms"), seconds or
    milliseconds since 1970, an RFC 3339 time or an HTTP date. `here` is what the
    provider's clock shows, from which what it says is measured, and `now` ours.
    """
    wait = retry_after((("retry-after", text),), here) if text else None
    return None if wait is None else now + wait


def used(limit: float | None, remaining: float | None) -> float | None:
    """Return the used share of a window, from 0 to 1, None where it is unknown."""
    if limit is None or remaining is None or limit <= 0:
        return None
    return min(1.0, max(0.0, 1 - remaining / limit))


def _text(part: str | bytes) -> str:
    return part.decode() if isinstance(part, bytes) else part
