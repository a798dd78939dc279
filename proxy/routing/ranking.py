"""Puts options in order: which is taken first, which stand by, and how they are marked.

It must not filter: every option it gets may be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from proxy.routing.decision import DecidedBy, Mark, Rejected
from proxy.routing.filters import Option
from proxy.routing.ground import NO_RANK
from proxy.routing.policy import Choosing
from proxy.routing.wishes import Wishes

Sort: TypeAlias = tuple[int | bool | str, ...]
_NO_FLOOR: Final = 1 << 10
# Where they stand in an option: a name is looked up more slowly than a place.
_WORSE: Final = 3
_COST: Final = 6
_QUALITY: Final = 7
_ENTRY: Final = 8
_PRESSED: Final = 9

Key: TypeAlias = Callable[[Option], Sort]


def good_enough(options: Iterable[Option], floor: int | None) -> list[Option]:
    """Return the options whose quality is at least `floor`."""
    if floor is None:
        return list(options)
    return [each for each in options if each[_WORSE] <= -floor]


def split(
    options: list[Option], floor: int | None
) -> tuple[list[Option], list[Option]]:
    """Return the options whose quality is at least `floor`, and the others."""
    if floor is None:
        return options, []
    enough = [each for each in options if each[_WORSE] <= -floor]
    return enough, [each for each in options if each[_WORSE] > -floor]


def best_first(wanted: str) -> Key:
    """Return the order of quality, in which what was asked for wins a tie."""

    def key(option: Option) -> Sort:
        return (option.worse, option.entry.route.model_id != wanted, *option[:6])

    return key


def best_of_the_weak(option: Option) -> Sort:
    """Return the order of what is below the floor: none is good, so the best first."""
    return (option.worse, *option[:6])


def first_of(options: Sequence[Option], wishes: Wishes, wanted: str) -> Option:
    """Return the option that wins, quotas left aside: the cheapest good enough one.

    Without one that is good enough, and where the mode says so, the best.
    """
    if wishes.rule.choosing is not Choosing.BEST and (
        enough := good_enough(options, wishes.floor)
    ):
        return min(enough)
    return min(options, key=best_first(wanted))


def relieved(
    first: Option, options: Iterable[Option], wishes: Wishes, wanted: str
) -> Option:
    """Return who stands in while the quota of `first` is nearly used up.

    Whoever of the same lane wins among those whose quota is well, else whoever wins
    among all of them; never at an unknown price for a known one. `first` where there is
    none that is good enough.
    """
    if not first.pressed:
        return first
    free = _at_ease(first, good_enough(options, wishes.floor))
    near = _of_its_lane(first, free)
    return first_of(near or free, wishes, wanted) if free else first


def relieved_in_turn(options: list[Option], *, alike: bool) -> list[Option]:
    """Return options in their order, with those that stand in for the first before it.

    They do while its quota is nearly used up and theirs is not: those of its lane, or
    any where all of them are `alike`.
    """
    if not options or not options[0].pressed:
        return options
    first = options[0]
    free = _at_ease(first, options)
    before = free if alike else _of_its_lane(first, free)
    return [*before, *(each for each in options if each not in before)]


def _at_ease(first: Option, options: Iterable[Option]) -> list[Option]:
    return [
        each
        for each in options
        if not each.pressed and (each.cost is not None or first.cost is None)
    ]


def _of_its_lane(first: Option, options: Iterable[Option]) -> list[Option]:
    lane = first.entry.lane
    if lane is None:
        return []
    return [each for each in options if each.entry.lane == lane]


def steps_after(first: Option, floor: int | None) -> Callable[[Option], int]:
    """Return how far others stand behind `first` when it fails.

    The same lane, then the nearest stronger tier, then the nearest weaker one; what is
    below `floor` counts as weaker. Whose quota is nearly used up goes after the
    others that stand as far.
    """
    lane, rank = first.entry.lane, first.entry.rank
    least = _NO_FLOOR if floor is None else -floor
    # A lane's name that no lane has stands for none.
    same = "" if lane is None else lane

    def steps(option: Option) -> int:
        entry = option[_ENTRY]
        if entry.lane == same:
            return -1 if option.pressed else -2
        if entry.rank >= rank and option[_WORSE] <= least:
            return 2 * (entry.rank - rank) + option.pressed
        return 20 + 2 * max(rank - entry.rank, 0) + option.pressed

    return steps


def kin(first: Option, others: list[Option]) -> tuple[list[Option], list[Option]]:
    """Return those of the lane of `first` whose quota is well, and the rest."""
    lane = first.entry.lane
    if lane is None:
        return [], others
    near = [each for each in others if each[_ENTRY].lane == lane and not each[_PRESSED]]
    if not near:
        return near, others
    return near, [
        each for each in others if each[_ENTRY].lane != lane or each[_PRESSED]
    ]


def losses_beside(
    first: Option, options: list[Option], floor: int | None
) -> list[Rejected]:
    """Return why options lost that might have been taken.

    Only what is known of both is compared.
    """
    least = _NO_FLOOR if floor is None else -floor
    cost, quality = first.cost, first.quality
    return [
        each[_ENTRY].below
        if each[_WORSE] > least
        else each[_ENTRY].beaten
        if cost is not None
        and quality is not None
        and (theirs := each[_COST]) is not None
        and (good := each[_QUALITY]) is not None
        and cost <= theirs
        and quality >= good
        else each[_ENTRY].surplus
        for each in options
    ]


def first_mark(first: Option, wishes: Wishes, premium: int) -> Mark:
    """Return what taking the first route means beside what was asked for."""
    if wishes.floor is None or wishes.asked is None:
        return Mark.NONE
    if first.quality is None or first.quality < wishes.floor:
        return Mark.DOWNGRADE
    if first.quality >= premium > wishes.asked:
        return Mark.ESCALATION
    return Mark.NONE


def mark_after(first: Option, other: Option, floor: int | None) -> Mark:
    """Return what going from `first` to `other` means."""
    lane, rank = first.entry.lane, first.entry.rank
    if lane is not None and other.entry.lane == lane:
        return Mark.SAME_LANE
    below = floor is not None and (other.quality is None or other.quality < floor)
    if other.entry.rank < rank or below:
        return Mark.DOWNGRADE
    if other.entry.rank > rank and rank != NO_RANK:
        return Mark.ESCALATION
    return Mark.NONE


def decided_by(
    first: Option, second: Option, floor: int | None, best_of: str | None = None
) -> DecidedBy:
    """Return what `first` has over `second`, in the order in which they are compared.

    `best_of` is the name that was asked for where quality goes before price.
    """
    if floor is not None and second.worse > -floor >= first.worse:
        return DecidedBy.QUALITY
    if best_of is not None:
        if first.worse != second.worse:
            return DecidedBy.QUALITY
        models = {each.entry.route.model_id == best_of for each in (first, second)}
        if len(models) > 1:
            return DecidedBy.ORDER
    if first.weighed != second.weighed:
        return _by_weight(first.cost, second.cost)
    if first.drawn != second.drawn:
        return DecidedBy.QUOTA
    if first.foreign != second.foreign:
        return DecidedBy.ORDER
    if first.worse != second.worse:
        return DecidedBy.QUALITY
    return DecidedBy.SPEED if first.latency != second.latency else DecidedBy.ORDER


def _by_weight(first: int | None, second: int | None) -> DecidedBy:
    """Return what made one weigh less: its cost, or else that waiting counts too."""
    waited = first is not None and second is not None and first >= second
    return DecidedBy.SPEED if waited else DecidedBy.PRICE
