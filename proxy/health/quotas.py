"""The quota groups: which rest, and how much of each is used; it reads no header."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from proxy.health.bounds import MOST, make_room
from proxy.health.outlook import WindowOutlook
from proxy.health.quota import Held, Resting
from proxy.health.sentences import limit_clause, share_clause
from proxy.routing.condition import Pressure, Rest, RestKind

_MOST_WINDOWS = 128


class Quotas:
    """What was heard of the limits of quota groups, and of single routes' own."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._groups: dict[str, Resting] = {}
        self._routes: dict[str, Resting] = {}
        self._windows: dict[str, dict[tuple[str, str], Held]] = {}
        # Kept ready, as every request asks for it; made anew when a window ends.
        self._pressure: Mapping[str, Pressure] = MappingProxyType({})
        self._until = math.inf

    def heard(self, windows: Iterable[Held], now: float) -> None:
        """Take in what an answer said about windows."""
        groups: set[str] = set()
        for each in windows:
            if each.group not in self._windows and len(self._windows) >= MOST:
                make_room(self._windows)
            of_group = self._windows.setdefault(each.group, {})
            key = (each.route, each.window)
            if key not in of_group and len(of_group) >= _MOST_WINDOWS:
                make_room(of_group)
            of_group[key] = each
            groups.add(each.group)
            self._until = min(self._until, each.until)
        if groups:
            self._press(groups, now)

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
        self._windows.pop(group, None)
        self._press((), 0.0)

    def groups_resting(self, now: float) -> dict[str, Rest]:
        """Return the groups that rest."""
        return _resting(self._groups, now)

    def routes_resting(self, now: float) -> dict[str, Rest]:
        """Return the routes that rest for a limit of their own."""
        return _resting(self._routes, now)

    def pressure(self, now: float) -> Mapping[str, Pressure]:
        """Return of each group its fullest window."""
        if now >= self._until:
            self._drop_old(now)
        return self._pressure

    def windows(self, now: float) -> dict[str, tuple[WindowOutlook, ...]]:
        """Return the windows of each group, the fullest first."""
        found: dict[str, list[WindowOutlook]] = {}
        for each in self._heard():
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
            tuple(self._heard()),
        )

    def restore(
        self,
        routes: Mapping[str, Resting],
        groups: Mapping[str, Resting],
        windows: Iterable[Held],
        now: float,
    ) -> None:
        """Take in what was kept, but for what is known later than that."""
        for known, found in ((self._routes, routes), (self._groups, groups)):
            for name, rest in found.items():
                old = known.get(name)
                if old is None or rest.since > old.since:
                    _put(known, name, rest)
        self.heard((each for each in windows if self._is_newer(each)), now)

    def _is_newer(self, window: Held) -> bool:
        of_group = self._windows.get(window.group, {})
        old = of_group.get((window.route, window.window))
        return old is None or window.seen > old.seen

    def _heard(self) -> Iterator[Held]:
        for of_group in self._windows.values():
            yield from of_group.values()

    def _drop_old(self, now: float) -> None:
        self._windows = {
            group: {key: each for key, each in of_group.items() if each.holds(now)}
            for group, of_group in self._windows.items()
        }
        self._windows = {group: each for group, each in self._windows.items() if each}
        self._until = min((each.until for each in self._heard()), default=math.inf)
        self._press(set(self._pressure), now)

    def _press(self, groups: Iterable[str], now: float) -> None:
        """Work out the pressure on some groups; what was handed out stays as it was."""
        pressure = {
            group: each
            for group, each in self._pressure.items()
            if group in self._windows
        }
        for group in groups:
            of_group = self._windows.get(group, {}).values()
            live = [each for each in of_group if each.holds(now)]
            if not live:
                pressure.pop(group, None)
                continue
            fullest = max(live, key=lambda each: (each.share, each.window))
            clause = share_clause(fullest.share, fullest.window)
            pressure[group] = Pressure(fullest.share, clause)
        self._pressure = MappingProxyType(pressure)


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
