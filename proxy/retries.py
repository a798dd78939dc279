"""Says what follows a failed attempt: wait, repeat, go on, or give up; pure.

The table of what is done when a provider fails stands here and nowhere else. It makes
no call and knows no clock; chance is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from proxy.errors import FailureKind
from proxy.routing.decision import Choice, Mark
from proxy.routing.facts import RANKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.catalogue import Route
    from proxy.errors import Failure
    from proxy.routing.condition import Condition

SHORT_WAIT: Final = 2.0
"""Seconds that a provider may ask to be left alone and is still waited for."""

FIRST_BYTE_WITH_STANDBY: Final = 300.0
"""Seconds a first byte is waited for where another route stands ready."""

_LEAST_PAUSE, _MOST_PAUSE = 0.15, 0.45  # seconds before the one repetition
_REPEATED: Final = frozenset({500, 502, 503, 529})
"""Statuses of a passing fault: the same route is asked once more."""


_UNREACHABLE: Final = frozenset(
    {
        FailureKind.CONNECT,
        FailureKind.DNS,
        FailureKind.TLS,
        FailureKind.FIRST_BYTE_TIMEOUT,
    }
)
"""Failures that say more of a provider than of its model."""


class Next(StrEnum):
    """What follows a failed attempt."""

    STOP = "stop"
    """The client is told."""
    SAME = "same"
    """The same route once more, after the wait."""
    OTHER = "other"
    """The next route in order."""
    LARGER = "larger"
    """A route that can read a longer conversation."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and how many seconds to wait before it."""

    next: Next
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One failed attempt, as far as it says what follows.

    `own_credential` says that the client's own login was sent, `translated` that the
    request was written anew, `too_long` that it was refused for its length, `stale`
    that a kept connection had been closed unheard, `repeated` that the route has had
    its repetition, `relieved` that one call is left and another route stands by.
    """

    failure: Failure
    own_credential: bool = False
    translated: bool = False
    too_long: bool = False
    stale: bool = False
    repeated: bool = False
    relieved: bool = False


_STOP: Final = Step(Next.STOP)
_OTHER: Final = Step(Next.OTHER)


def after(tried: Tried, chance: float) -> Step:
    """Return what follows a failed attempt of which no byte has left.

    `chance` is a random number from 0 to 1, which spreads repetitions in time. The
    caller keeps to the limit of provider calls and has the routes.
    """
    failure = tried.failure
    if tried.stale:
        # It says nothing about the provider: a fresh connection is tried at once.
        return _OTHER if tried.relieved else Step(Next.SAME)
    match failure.kind:
        case FailureKind.REJECTED:
            longer = tried.too_long and tried.translated
            return Step(Next.LARGER) if longer else _STOP
        case FailureKind.AUTH:
            # The client's own credential: that is between client and vendor.
            return _STOP if tried.own_credential else _OTHER
        case FailureKind.RATE_LIMITED:
            wait = failure.retry_after
            if wait is None or wait > SHORT_WAIT or tried.repeated:
                return _OTHER
            return Step(Next.SAME, max(wait, 0.0))
        case FailureKind.UPSTREAM_ERROR:
            return _after_error(tried, chance)
        case _:
            return _OTHER


def _after_error(tried: Tried, chance: float) -> Step:
    wait = tried.failure.retry_after
    if tried.repeated or tried.failure.status not in _REPEATED:
        return _OTHER
    if wait is not None and wait > SHORT_WAIT:
        return _OTHER
    pause = _LEAST_PAUSE + chance * (_MOST_PAUSE - _LEAST_PAUSE)
    return Step(Next.SAME, max(pause, wait or 0.0))


def in_turn(
    choices: Sequence[Choice],
    failed: Route,
    failure: Failure,
    known: Condition,
    *,
    last: bool,
) -> list[Choice]:
    """Return what is left to try after a route has failed, in order.

    What the failure has shown to be no use is left out: a refused key stands for all
    routes of its provider, a used-up quota for those that draw on it. What rests for
    another reason is left out if anything else is left.

    A provider that cannot be reached comes last. One that fails comes last among those
    of its lane, and where one call is left (`last`) also behind every other provider
    that would not be a downgrade: its other models may be ill as well.
    """
    own = failed.provider.id
    left = [each for each in choices if _is_well(each.route, known)]
    left = left or [
        each for each in choices if not _shares(each.route, failed, failure)
    ]

    def steps(choice: Choice) -> int:
        elsewhere = choice.route.provider.id != own
        if failure.kind in _UNREACHABLE:
            return 0 if elsewhere else 1
        if choice.mark is Mark.SAME_LANE:
            return 0 if elsewhere else 1
        near = last and elsewhere and choice.mark is not Mark.DOWNGRADE
        return 0 if near else 2

    # What is of one step keeps the order of the decision.
    return sorted(left, key=steps)


def _shares(route: Route, failed: Route, failure: Failure) -> bool:
    """Tell whether a refusal of `failed` was one of `route` as well."""
    match failure.kind:
        case FailureKind.AUTH:
            return route.provider.id == failed.provider.id
        case FailureKind.RATE_LIMITED:
            return route.quota_group == failed.quota_group
        case _:
            return False


def _is_well(route: Route, known: Condition) -> bool:
    return (
        not known.not_ready.get(route.provider.id)
        and route.quota_group not in known.groups
        and route.name not in known.routes
    )


def mark_beside(first: Route, other: Route) -> Mark:
    """Return what going from the first choice to a route found later means.

    It is told by their lanes; `NONE` where one of them is in no lane.
    """
    if first.lane is None or other.lane is None:
        return Mark.NONE
    if first.lane == other.lane:
        return Mark.SAME_LANE
    before, now = RANKS.get(first.tier), RANKS.get(other.tier)
    if before is None or now is None or before == now:
        return Mark.NONE
    return Mark.DOWNGRADE if now < before else Mark.ESCALATION


def first_byte_limit(whole: float, spent: float, *, standby: bool) -> float:
    """Return how many seconds an attempt may take until its first byte.

    `whole` is the limit for all attempts of a request together, of which `spent` are
    gone. Where another route stands by it gets its share of them: half, if that is
    less than what is usual.
    """
    left = max(whole - spent, 1.0)
    share = min(FIRST_BYTE_WITH_STANDBY, max(whole / 2, 1.0))
    return min(left, share) if standby else left
