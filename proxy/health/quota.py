"""What is known of quota groups and of keys: pure folds; it reads no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.health.signals import LONGEST, Signal

SHORTEST: Final = 5.0
"""Seconds of rest where nobody said how long; each time in a row twice as long."""

LONGEST_GUESS: Final = 300.0
OF_A_DAY: Final = 3_600.0
"""Seconds at least that a used-up quota of a day rests: its reset is not told."""

KEY_SHORTEST: Final = 120.0
KEY_LONGEST: Final = 1_800.0
"""Seconds that a refused key is left alone, first and at most."""

CLOCK_SLIP: Final = 300.0
_MOST_STRIKES: Final = 16
_LEAST_ASKED: Final = 1.0
# Seconds after which a limit is met as for the first time.
_FORGIVEN: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Resting:
    """A limit that was met; moments are seconds since 1970.

    It holds from `since` to `until`. `told` says that the provider named that moment;
    `strikes` counts the times in a row that it was met. `window` names the window
    that is used up, '' where nobody said.
    """

    since: float
    until: float
    told: bool = False
    strikes: int = 1
    window: str = ""

    def holds(self, now: float) -> bool:
        """Say whether it still holds."""
        return self.since - CLOCK_SLIP <= now < self.until


@dataclass(frozen=True, slots=True)
class Held:
    """One window of a quota group as it was last heard of.

    `route` is the route that it is of where each model has its own, '' for all of the
    group. `until` is when it is forgotten, in seconds since 1970, and `told` says that
    it is whole again then.
    """

    group: str
    route: str
    window: str
    share: float
    seen: float
    until: float
    told: bool = False

    def holds(self, now: float) -> bool:
        """Say whether it is still believed."""
        return self.seen - CLOCK_SLIP <= now < self.until


@dataclass(frozen=True, slots=True)
class KeyRefusal:
    """A provider that refused our key, or whose account has no money.

    `status` is what it answered; `money` says that the account has none left.
    `routes` are those it was refused on, `strikes` the times in a row.
    """

    status: int
    since: float
    until: float
    money: bool = False
    strikes: int = 1
    routes: tuple[str, ...] = ()

    def holds(self, now: float) -> bool:
        """Say whether it is still believed."""
        return self.since - CLOCK_SLIP <= now < self.until

    @property
    def whole(self) -> bool:
        """Whether it is the provider's, not only that of the one route refused.

        Some vendors answer 403 for a single model, others for a key that is no good;
        a second route tells them apart.
        """
        return self.money or self.status != 403 or len(self.routes) > 1


def met(
    old: Resting | None,
    wait: float | None,
    now: float,
    *,
    window: str = "",
    least: float = 0.0,
) -> Resting:
    """Return the rest after a limit was met at `now`.

    `wait` is how many seconds the provider asked for, None where it did not; then the
    rest grows each time it is met anew. `least` is how long it is at least. Calls that
    were under way together count once, and the longest rest of theirs holds.
    """
    under_way = old is not None and old.holds(now)
    strikes = _strikes(old, now)
    if wait is None:
        seconds = min(LONGEST_GUESS, SHORTEST * 2 ** (strikes - 1))
    else:
        seconds = min(LONGEST, max(_LEAST_ASKED, wait))
    fresh = Resting(
        since=now,
        until=now + max(seconds, least),
        told=wait is not None and wait >= least,
        strikes=strikes,
        window=window,
    )
    if old is not None and under_way and _weight(old) >= _weight(fresh):
        return old
    return fresh


def refused(
    old: KeyRefusal | None, status: int, route: str, now: float, *, money: bool
) -> KeyRefusal:
    """Return what is known of a key after it was refused on `route` at `now`."""
    known = old.routes if old else ()
    strikes = _strikes(old, now)
    seconds = min(KEY_LONGEST, KEY_SHORTEST * 2 ** (strikes - 1))
    return KeyRefusal(
        status,
        since=now,
        until=now + seconds,
        money=money,
        strikes=strikes,
        routes=tuple(sorted({*known[:15], route})),
    )


def held(group: str, route: str, signal: Signal, now: float) -> Held | None:
    """Return what to remember of a signal, None where it tells no share."""
    share = 1.0 if signal.exhausted else signal.share
    if share is None or signal.one_model:
        return None
    told = signal.resets is not None
    return Held(group, route, signal.window, share, now, signal.ends(now), told)


def _strikes(old: Resting | KeyRefusal | None, now: float) -> int:
    """Count the times in a row; what is met while it holds was under way."""
    if old is None or abs(now - old.until) > _FORGIVEN + old.until - old.since:
        return 1
    again = 0 if old.holds(now) else 1
    return max(1, min(_MOST_STRIKES, old.strikes + again))


def _weight(rest: Resting) -> tuple[bool, float]:
    """Rank rests met together: the provider's word, then the longer one."""
    return (rest.told, rest.until)
