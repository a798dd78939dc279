"""How everything is at one moment, for windows and commands; values only."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.health.breaker import State
from proxy.health.latency import Quantiles


@dataclass(frozen=True, slots=True)
class RouteOutlook:
    """How a route is. `seconds` is how long it still rests, 0 where it does not.

    `sentence` is a clause that says why, '' where all is well. `latency` is None
    while too few calls were measured.
    """

    route: str
    state: State = State.CLOSED
    seconds: float = 0.0
    sentence: str = ""
    latency: Quantiles | None = None


@dataclass(frozen=True, slots=True)
class WindowOutlook:
    """One window of a quota group: the share that is used, from 0 to 1.

    `route` is the one route that it is of, '' for all of the group. `resets_in` is in
    seconds, None where the provider does not say.
    """

    window: str
    share: float
    route: str = ""
    resets_in: float | None = None


@dataclass(frozen=True, slots=True)
class GroupOutlook:
    """How a quota group is; `seconds` and `sentence` as of a route.

    What its windows say was reported by the provider.
    """

    group: str
    seconds: float = 0.0
    sentence: str = ""
    windows: tuple[WindowOutlook, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyOutlook:
    """A provider that is left alone for its key or its credit, and for how long."""

    provider: str
    seconds: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that is known at one moment, each part in the order of its names."""

    routes: tuple[RouteOutlook, ...] = ()
    groups: tuple[GroupOutlook, ...] = ()
    keys: tuple[KeyOutlook, ...] = ()
