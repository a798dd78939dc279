"""Takes options one by one into a decision, refusing what cannot be carried there.

What a request depends on is costly to look for, so only the routes that would be taken
are looked at. It must not choose the order.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop
from typing import Final

from proxy.routing.builtin import MAX_CHOICES
from proxy.routing.decision import Choice, Mark, Rejected
from proxy.routing.facts import Facts
from proxy.routing.filters import Option
from proxy.routing.ground import Entry
from proxy.routing.ranking import after, mark_after
from proxy.routing.reasons import ReasonCode
from proxy.translation.needs import obstacles

_NO_FLOOR: Final = 1 << 10


class Taking:
    """The choices of a decision in the making, and who fell on the way."""

    __slots__ = ("_client_of", "_facts", "choices", "rejected")

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing taken."""
        self._facts = facts
        self._client_of: str | None = None
        self.choices: list[Choice] = []
        self.rejected: list[Rejected] = []

    def take(self, option: Option, mark: Mark) -> bool:
        """Add an option to the choices; False where it fell, which is noted."""
        entry = option.entry
        lost = self._objection(entry)
        if lost is not None:
            self.rejected.append(lost)
            return False
        if entry.route.provider.key.kind == "client":
            self._client_of = entry.provider
        self.choices.append(Choice(entry.route, mark, option.cost, option.quality))
        return True

    def follow(self, first: Option, rest: list[Option], floor: int | None) -> None:
        """Let the others follow `first` while there is room; the rest have lost."""
        order = after(first, floor)
        waiting = [(order(each), each) for each in rest]
        heapify(waiting)
        while waiting and len(self.choices) < MAX_CHOICES:
            option = heappop(waiting)[1]
            self.take(option, mark_after(first, option, floor))
        self._lose(first, [option for _, option in waiting], floor)

    def _lose(
        self, first: Option, options: Iterable[Option], floor: int | None
    ) -> None:
        least = _NO_FLOOR if floor is None else -floor
        known = first.cost is not None and first.quality is not None
        for option in options:
            if option.worse > least:
                code = ReasonCode.BELOW_FLOOR
            elif (
                known
                and first.weighed <= option.weighed
                and (first.worse <= option.worse)
            ):
                code = ReasonCode.BEATEN
            else:
                code = ReasonCode.ATTEMPT_LIMIT
            self.rejected.append(option.entry.lost(code))

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
