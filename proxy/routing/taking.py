"""Takes options one by one into a decision, refusing what cannot be carried there.

What a request depends on is costly to look for, so only the routes that would be taken
are looked at. It must not choose the order.
"""

from __future__ import annotations

from proxy.routing.builtin import MAX_CHOICES, MAX_OF_ONE
from proxy.routing.decision import Choice, Mark, Rejected
from proxy.routing.facts import Facts
from proxy.routing.filters import Option
from proxy.routing.ground import Entry
from proxy.routing.ranking import (
    Key,
    best_of_the_weak,
    kin,
    losses_beside,
    mark_after,
    split,
    steps_after,
)
from proxy.routing.reasons import ReasonCode
from proxy.translation.needs import obstacles


class Taking:
    """The choices of a decision in the making, and who fell on the way."""

    __slots__ = ("_client_of", "_facts", "_fallen", "_taken", "choices", "rejected")

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing taken."""
        self._facts = facts
        self._client_of: str | None = None
        self._fallen: set[str] = set()
        self._taken: dict[str, int] = {}
        self.choices: list[Choice] = []
        self.rejected: list[Rejected] = []

    def take(self, option: Option, mark: Mark) -> bool:
        """Add an option to the choices; False where it fell, which is noted."""
        if self.refuses(option):
            return False
        entry = option.entry
        if entry.route.provider.key.kind == "client":
            self._client_of = entry.provider
        self.choices.append(Choice(entry.route, mark, option.cost, option.quality))
        self._taken[entry.provider] = self._taken.get(entry.provider, 0) + 1
        return True

    def refuses(self, option: Option) -> bool:
        """Tell whether an option falls; if it does, that is noted."""
        lost = self._objection(option.entry)
        if lost is None:
            return False
        self._fallen.add(option.name)
        self.rejected.append(lost)
        return True

    def could_take(self, option: Option) -> bool:
        """Tell whether an option was taken, or would not have fallen."""
        if option.name in self._fallen:
            return False
        if any(choice.route is option.entry.route for choice in self.choices):
            return True
        return self._objection(option.entry) is None

    def follow(self, first: Option, rest: list[Option], floor: int | None) -> None:
        """Let the others follow `first` while there is room; the rest have lost."""
        enough, below = split(rest, floor)
        self._follow(first, enough, floor)
        if len(self.choices) < MAX_CHOICES:
            self._follow(first, below, floor, best_of_the_weak)
        else:
            self.rejected += [option.entry.below for option in below]

    def _follow(
        self,
        first: Option,
        rest: list[Option],
        floor: int | None,
        order: Key | None = None,
    ) -> None:
        near, rest = kin(first, rest)
        self._fill(first, sorted(near, key=order), floor)
        if len(self.choices) == MAX_CHOICES:
            self.rejected += losses_beside(first, rest, floor)
            return
        steps = steps_after(first, floor)
        waiting: dict[int, list[Option]] = {}
        for option in rest:
            far = steps(option)
            if far in waiting:
                waiting[far].append(option)
            else:
                waiting[far] = [option]
        for far in sorted(waiting):
            self._fill(first, sorted(waiting[far], key=order), floor)

    def _fill(self, first: Option, options: list[Option], floor: int | None) -> None:
        spare: list[Option] = []
        for at, option in enumerate(options):
            if len(self.choices) == MAX_CHOICES:
                spare += options[at:]
                break
            if self._taken.get(option.entry.provider, 0) >= MAX_OF_ONE:
                spare.append(option)
            else:
                self.take(option, mark_after(first, option, floor))
        self.rejected += losses_beside(first, spare, floor)

    def _objection(self, entry: Entry) -> Rejected | None:
        route = entry.route
        if route.provider.key.kind == "client" and (
            self._client_of not in {None, entry.provider}
        ):
            return entry.lost(ReasonCode.CREDENTIAL_ELSEWHERE)
        if not entry.foreign or self._facts.request is None:
            return None
        found = obstacles(self._facts.request, route.protocol, route.dialect)
        if not found:
            return None
        said = " ".join(each.sentence for each in found)
        return entry.lost(ReasonCode.NOT_CARRIED, said.rstrip("."))
