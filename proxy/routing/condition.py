"""How routes and quota groups are at one moment, as `decide` sees it; values only.

`proxy.health` makes it; nothing here knows a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class RestKind(StrEnum):
    """Why a route or a quota group is left alone for now."""

    BREAKER = "breaker"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Rest:
    """Something that is left alone for now.

    `seconds` is how long still, `sentence` why, as a clause without a full stop: "it
    answered 429 and asked to be left alone for 30 s".
    """

    kind: RestKind
    seconds: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Pressure:
    """How much of a quota group is used: `share` from 0 to 1, and a clause about it."""

    share: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything at one moment; what is not named is well.

    `not_ready` maps a provider's id to the sentence that says why it cannot be called;
    `refused` has those of them that only refused a key lately, and for how many seconds
    they are left alone: they can be called where nobody else is left.
    `routes` maps a route's name, `groups` a quota group's, to its rest; `pressure` is
    by quota group, `latency_ms` by route (the median time to the first byte).
    `probes` are the routes whose breaker is half open: one request may try each.
    """

    not_ready: Mapping[str, str] = field(default_factory=lambda: _NONE)
    refused: Mapping[str, float] = field(default_factory=lambda: _NONE)
    routes: Mapping[str, Rest] = field(default_factory=lambda: _NONE)
    groups: Mapping[str, Rest] = field(default_factory=lambda: _NONE)
    pressure: Mapping[str, Pressure] = field(default_factory=lambda: _NONE)
    latency_ms: Mapping[str, int] = field(default_factory=lambda: _NONE)
    probes: frozenset[str] = frozenset()


ALL_WELL: Final = Condition()
