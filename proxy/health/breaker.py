"""A route's breaker: a pure fold of how calls ended; it reads no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from proxy.errors import Failure, FailureKind

WINDOW: Final = 60.0
"""Seconds in which faults count together."""

FAULTS: Final = 3
"""Faults within the window that open a breaker, if they are half of the calls."""

SHORTEST: Final = 5.0
"""Seconds for which a breaker opens first; each further time is twice as long."""

LONGEST: Final = 300.0
LONGEST_UNREACHED: Final = 30.0
"""Seconds at most where nothing was reached: a try is cheap, and a network returns."""

LONGEST_ASKED: Final = 3_600.0
"""Seconds at most that a provider's own wish keeps a breaker open."""

PROBE_LASTS: Final = 660.0
"""Seconds after which a probe that never ended is given up: the first byte's limit."""

CLOCK_SLIP: Final = 300.0
"""Seconds that the clock may go back before what was noted later is not believed."""

_LEAST_ASKED: Final = 1.0
_MOST_CALLS: Final = 20
_MOST_LEVELS: Final = 8
UNREACHED: Final = frozenset({FailureKind.CONNECT, FailureKind.DNS})
"""Failures of calls that nobody answered."""

_COUNTED: Final = UNREACHED | {
    FailureKind.TLS,
    FailureKind.RESET,
    FailureKind.FIRST_BYTE_TIMEOUT,
    FailureKind.UPSTREAM_ERROR,
    FailureKind.MALFORMED,
    FailureKind.CUT,
    FailureKind.STALLED,
}
_REQUEST_TIMEOUT: Final = 408


class State(StrEnum):
    """What a breaker lets through: all, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class End(StrEnum):
    """How a call ended, as a breaker sees it: `other` says nothing of the route."""

    SUCCESS = "success"
    FAULT = "fault"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Ended:
    """One call's end. `wait` is how many seconds the provider asked to be left alone.

    `kind` is None but for a fault; `status` is the provider's where it sent one.
    """

    end: End
    kind: FailureKind | None = None
    status: int | None = None
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """All that is remembered of a route; moments are seconds since 1970.

    `calls` are the last ones that count, each with its moment and whether it was a
    fault. `level` is how often in a row it opened, 0 while it is closed; it is open
    from `since` to `until`. `probe` is when the one probe began, None without one.
    `kind` and `status` are those of the fault that opened it.
    """

    calls: tuple[tuple[float, bool], ...] = ()
    level: int = 0
    since: float = 0.0
    until: float = 0.0
    probe: float | None = None
    kind: FailureKind | None = None
    status: int | None = None

    @property
    def heard(self) -> float:
        """When it last opened or a call that counts ended, 0 where neither was."""
        return max(self.since, *(moment for moment, _ in self.calls), 0.0)

    def state(self, now: float) -> State:
        """Return what it lets through at `now`."""
        if self.level == 0:
            return State.CLOSED
        if now < self.until and now >= self.since - CLOCK_SLIP:
            return State.OPEN
        return State.HALF_OPEN

    def probing(self, now: float) -> bool:
        """Say whether its one probe is under way."""
        if self.probe is None or self.state(now) is not State.HALF_OPEN:
            return False
        return -CLOCK_SLIP <= now - self.probe < PROBE_LASTS

    def forgettable(self, now: float) -> bool:
        """Say whether a fresh breaker would do the same."""
        return self.level == 0 and not _recent(self.calls, now)


FRESH: Final = Breaker()


def ended(failure: Failure | None, wait: float | None = None) -> Ended:
    """Return what a call's `failure`, None for a success, means to a breaker.

    Only what is the route's own fault counts: never a refusal of the request (4xx
    but 408), a limit, a key, or a client that went.
    """
    if failure is None:
        return Ended(End.SUCCESS)
    timed_out = failure.status == _REQUEST_TIMEOUT
    if failure.kind in _COUNTED or (timed_out and failure.kind is FailureKind.REJECTED):
        return Ended(End.FAULT, failure.kind, failure.status, wait)
    return Ended(End.OTHER)


def reached(breaker: Breaker) -> Breaker:
    """Return the breaker after its server was seen to answer again.

    One that opened because nobody answered is closed; any other stays as it is.
    """
    return FRESH if breaker.level and breaker.kind in UNREACHED else breaker


def begin(breaker: Breaker, now: float) -> tuple[Breaker, bool]:
    """Return the breaker after a call began, and whether the call may go on.

    A half-open one lets a single call pass, its probe.
    """
    match breaker.state(now):
        case State.CLOSED:
            return breaker, True
        case State.OPEN:
            return breaker, False
        case State.HALF_OPEN:
            if breaker.probing(now):
                return breaker, False
            return replace(breaker, probe=now), True


def fold(breaker: Breaker, call: Ended, now: float) -> Breaker:
    """Return the breaker after a call ended at `now`."""
    match breaker.state(now):
        case State.CLOSED:
            return _closed(breaker, call, now)
        case State.OPEN:
            return _open(breaker, call, now)
        case State.HALF_OPEN:
            return _half_open(breaker, call, now)


def _closed(breaker: Breaker, call: Ended, now: float) -> Breaker:
    if call.end is End.OTHER:
        return breaker
    fault = call.end is End.FAULT
    calls = (*_recent(breaker.calls, now), (now, fault))[-_MOST_CALLS:]
    faults = sum(each for _, each in calls)
    if fault and faults >= FAULTS and 2 * faults >= len(calls):
        return _opened(call, 1, now)
    return replace(breaker, calls=calls)


def _open(breaker: Breaker, call: Ended, now: float) -> Breaker:
    """Fold the end of a call that began before: it neither proves nor prolongs.

    Only the provider's own wish to be left alone for longer does.
    """
    if call.end is not End.FAULT or call.wait is None:
        return breaker
    until = now + _asked(call.wait)
    if until <= breaker.until:
        return breaker
    # Open anew from here, so that no breaker is ever open for longer than may be.
    return replace(breaker, since=now, until=until)


def _half_open(breaker: Breaker, call: Ended, now: float) -> Breaker:
    match call.end:
        case End.SUCCESS:
            return FRESH
        case End.FAULT:
            return _opened(call, min(breaker.level + 1, _MOST_LEVELS), now)
        case End.OTHER:
            return replace(breaker, probe=None)


def _opened(call: Ended, level: int, now: float) -> Breaker:
    most = LONGEST_UNREACHED if call.kind in UNREACHED else LONGEST
    seconds = min(most, SHORTEST * 2 ** (level - 1))
    if call.wait is not None:
        seconds = _asked(call.wait)
    return Breaker(
        level=level,
        since=now,
        until=now + seconds,
        kind=call.kind,
        status=call.status,
    )


def _asked(wait: float) -> float:
    return min(LONGEST_ASKED, max(_LEAST_ASKED, wait))


def _recent(
    calls: tuple[tuple[float, bool], ...], now: float
) -> tuple[tuple[float, bool], ...]:
    return tuple(each for each in calls if abs(now - each[0]) < WINDOW)
