"""The quota groups: which rest, and how much of each is used; it reads no header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from proxy.health.bounds import MOST, make_room
from proxy.health.outlook import WindowOutlook
from proxy.health.quota import Held, Resting
from proxy.health.sentences import limit_clause, share_clause
from proxy.routing.condition import Pressure, Rest, RestKind


class Quotas:
    """What was heard of the limits of quota groups, and of single routes' own."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._groups: dict[str, Resting] = {}
        self._routes: dict[str, Resting] = {}
        self._windows: dict[tuple[str, str, str], Held] = {}

    def heard(self, windows: Iterable[Held]) -> None:
        """Take in what an answer said about windows."""
        for each in windows:
            key = (each.group, each.route, each.window)
            if key not in self._windows and len(self._windows) >= MOST:
                make_room(self._windows)
            self._windows[key] = each

    def group(self, name: str) -> Resting | None:
        """Return the last rest of a group, over or not."""
        return self._groups.get(name)

    def route(self, name: str) -> Resting | None:
        """Return the last rest of a route's own, over or not."""
        return self._routes.get(name)

    def rest_group(self, name: str, rest: Resting) -> None:
        """Leave a group alone."""
        _put(self._groups, name, rest)

    def rest_route(self, name: str, rest: Resting) -> None:
        """Leave one route alone: its limit is not its group's."""
        _put(self._routes, name, rest)

    def served(self, group: str, route: str, now: float) -> None:
        """Take note of a success: rests that are over are forgotten, with their count.

        One that holds stays: the call may have begun before.
        """
        for rests, name in ((self._groups, group), (self._routes, route)):
            rest = rests.get(name)
            if rest is not None and not rest.holds(now):
                del rests[name]

    def forget(self, group: str) -> None:
        """Forget what was heard of a group; its account is another now."""
        self._groups.pop(group, None)
        self._windows = {
            key: each for key, each in self._windows.items() if each.group != group
        }

    def groups_resting(self, now: float) -> dict[str, Rest]:
        """Return the groups that rest."""
        return _resting(self._groups, now)

    def routes_resting(self, now: float) -> dict[str, Rest]:
        """Return the routes that rest for a limit of their own."""
        return _resting(self._routes, now)

    def pressure(self, now: float) -> dict[str, Pressure]:
        """Return of each group its fullest window."""
        fullest: dict[str, Held] = {}
        over: list[tuple[str, str, str]] = []
        for key, each in self._windows.items():
            if not each.holds(now):
                over.append(key)
                continue
            known = fullest.get(each.group)
            if known is None or (each.share, each.window) > (known.share, known.window):
                fullest[each.group] = each
        for key in over:
            del self._windows[key]
        return {
            group: Pressure(each.share, share_clause(each.share, each.window))
            for group, each in fullest.items()
        }

    def windows(self, now: float) -> dict[str, tuple[WindowOutlook, ...]]:
        """Return the windows of each group, the fullest first."""
        found: dict[str, list[WindowOutlook]] = {}
        for each in self._windows.values():
            if each.holds(now):
                resets = each.until - now if each.told else None
                shown = WindowOutlook(each.window, each.share, each.route, resets)
                found.setdefault(each.group, []).append(shown)
        return {
            group: tuple(sorted(each, key=lambda w: (-w.share, w.window, w.route)))
            for group, each in found.items()
        }

    def kept(
        self,
    ) -> tuple[Mapping[str, Resting], Mapping[str, Resting], tuple[Held, ...]]:
        """Return the rests of routes, those of groups, and the windows."""
        return (
            MappingProxyType(self._routes),
            MappingProxyType(self._groups),
            tuple(self._windows.values()),
        )


def _put(rests: dict[str, Resting], name: str, rest: Resting) -> None:
    if name not in rests and len(rests) >= MOST:
        make_room(rests)
    rests[name] = rest


def _resting(rests: Mapping[str, Resting], now: float) -> dict[str, Rest]:
    return {
        name: Rest(RestKind.QUOTA, rest.until - now, limit_clause(rest))
        for name, rest in rests.items()
        if rest.holds(now)
    }
