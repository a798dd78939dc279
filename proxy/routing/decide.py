"""Decides where a request goes and says why; pure, no clock, no I/O, no randomness.

What is wanted (`wishes`), who may (`filters`) and in which order (`ranking`) are their
own modules; this one puts them together. Same input, same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from proxy.catalogue import Catalogue, Route
from proxy.routing.builtin import MAX_CHOICES, MAX_OF_ONE
from proxy.routing.candidates import (
    by_name,
    first_models,
    pinned,
    practice,
    unlisted,
)
from proxy.routing.comparing import against, asked_for, next_in_turn
from proxy.routing.condition import Condition
from proxy.routing.decision import DecidedBy, Decision, Mark, Rejected, RunnerUp
from proxy.routing.facts import Facts, Tier
from proxy.routing.filters import (
    Looked,
    Option,
    Pairs,
    expected_output,
    level,
    look,
    needs_of,
    objection,
    sift,
)
from proxy.routing.ground import Entry, Ground, entry_of, ground_of
from proxy.routing.policy import Choosing, Policy
from proxy.routing.ranking import (
    decided_by,
    first_mark,
    first_of,
    good_enough,
    mark_after,
    relieved,
)
from proxy.routing.reasons import ReasonCode
from proxy.routing.taking import Taking
from proxy.routing.wishes import Pin, Wishes, wishes_of

_BY_NAME: Final = (
    "It is the first ready provider that takes the model that was asked for."
)
_FIRST_MODEL: Final = (
    "No ready provider lists the model that was asked for; the first ready provider's "
    "first model takes its place."
)
_MOST_NAMES: Final = 256
"""Unlisted names that are remembered for one catalogue."""

_PRACTICE: Final = "No provider is configured, so the practice provider answers."
_LOOP: Final = (
    "This turn carries results of tools, so it stays on the route that called them."
)
_CHEAPEST: Final = "It is the cheapest route that is good enough."
_BEST: Final = "It is the best one that may be used."
_BELOW: Final = "No route is good enough for this request; it is the best one left."


def decide(
    facts: Facts, catalogue: Catalogue, condition: Condition, policy: Policy
) -> Decision:
    """Choose the routes for one request, by what the policy says.

    `condition` is how the routes are at this moment. Only `direct` looks at the order
    of the user's file; nothing else depends on it. What a request depends on is looked
    at where `facts` hold the request as read.
    """
    wishes = wishes_of(facts, catalogue, policy)
    case = _Case(facts, catalogue, condition, policy, wishes)
    if wishes.pin is not None:
        return case.pinned(wishes.pin)
    if not catalogue.providers:
        return case.practised()
    if wishes.rule.choosing is Choosing.ASKED:
        return case.direct()
    return case.chosen()


@dataclass(frozen=True, slots=True)
class _Case:
    """One request with everything that is looked at to decide it."""

    facts: Facts
    catalogue: Catalogue
    condition: Condition
    policy: Policy
    wishes: Wishes

    def pinned(self, pin: Pin) -> Decision:
        """Go where the request, or a rule, wants it and nowhere else."""
        looked = self._look_at(pinned(pin, self.facts, self.catalogue))
        # One model on several routes: what is left to choose is the cheapest of them.
        looked.options.sort()
        taking = Taking(self.facts)
        by = self._take_in_turn(taking, looked.options)
        looked.rejected.extend(self._bystanders(looked, ReasonCode.NOT_PINNED))
        if by is not DecidedBy.LOOP and pin.provider is not None:
            by = DecidedBy.PIN
        return self._in_turn(taking, looked, pin.by, by)

    def practised(self) -> Decision:
        """Let the practice provider answer."""
        looked = self._look_at([practice(self.facts)])
        taking = Taking(self.facts)
        by = self._take_in_turn(taking, looked.options)
        return self._in_turn(taking, looked, _PRACTICE, by)

    def direct(self) -> Decision:
        """Go to what was asked for, else to the first models, in the file's order."""
        named = by_name(self.facts, self.catalogue)
        looked = self._look_at(named)
        taking = Taking(self.facts)
        by = self._take_in_turn(taking, looked.options)
        reason = _BY_NAME
        if not taking.choices:
            more = self._look_at(first_models(self.facts, self.catalogue, named))
            by = self._take_in_turn(taking, more.options)
            looked.add(more)
            reason = _FIRST_MODEL
        looked.rejected.extend(self._bystanders(looked, ReasonCode.NOT_LISTED))
        return self._in_turn(taking, looked, reason, by)

    def chosen(self) -> Decision:
        """Take the cheapest route that is good enough, or the best."""
        facts, wishes = self.facts, self.wishes
        looked, taking = self._look_around(), Taking(self.facts)
        floor, pool = wishes.floor, looked.options
        while pool:
            staying = self._staying(pool)
            plain = staying or first_of(pool, wishes, facts.wanted)
            first = plain if staying else relieved(plain, pool, floor)
            mark = first_mark(first, wishes, self.policy.tier_quality[Tier.PREMIUM])
            rest = [each for each in pool if each is not first]
            if not taking.take(first, mark):
                pool = rest
                continue
            taking.follow(first, rest, floor)
            second: RunnerUp | None = None
            if rest:
                other = plain if plain is not first else None
                other = other or first_of(rest, wishes, facts.wanted)
                by = DecidedBy.LOOP if staying else decided_by(first, other, floor)
                second = against(first, other, by, facts)
            reason = _LOOP if staying else self._reason(first, plain, mark)
            return self._decision(reason, taking, looked, second)
        return self._last_resort(looked, taking)

    def _take_in_turn(self, taking: Taking, options: list[Option]) -> DecidedBy:
        """Take options in their order; the route of a loop of tools goes first."""
        staying = self._staying(options)
        if staying is not None:
            options = [staying, *(each for each in options if each is not staying)]
        for option in options:
            first = options[0]
            mark = Mark.NONE if option is first else mark_after(first, option, None)
            if len(taking.choices) == MAX_CHOICES:
                taking.rejected.append(option.entry.lost(ReasonCode.ATTEMPT_LIMIT))
            else:
                taking.take(option, mark)
        return DecidedBy.LOOP if staying else DecidedBy.ORDER

    def _in_turn(
        self, taking: Taking, looked: Looked, reason: str, by: DecidedBy
    ) -> Decision:
        if not taking.choices:
            return self._last_resort(looked, taking)
        if by is DecidedBy.LOOP and len(taking.choices) > 1:
            reason = _LOOP
        return self._decision(reason, taking, looked, next_in_turn(taking.choices, by))

    def _last_resort(self, looked: Looked, taking: Taking) -> Decision:
        """Take the route whose rest ends first, where nothing else is left."""
        resting = sorted(looked.resting, key=lambda each: (each[0], each[1].name))
        for seconds, option in resting:
            if taking.take(option, Mark.NONE):
                looked.rejected = [
                    each for each in looked.rejected if each.route != option.name
                ]
                reason = (
                    "Every route that is allowed rests; the rest of this one ends "
                    f"first, in {max(round(seconds), 1)} s."
                )
                return self._decision(reason, taking, looked, last_resort=True)
        return self._decision("", taking, looked)

    def _unlisted(self, ground: Ground) -> tuple[Entry, ...]:
        """Return the routes to the asked name where it is not listed; remembered."""
        name = self.facts.wanted
        found = ground.unlisted.get(name)
        if found is None:
            if len(ground.unlisted) >= _MOST_NAMES:
                ground.unlisted.clear()
            found = ground.unlisted[name] = self._entries(
                unlisted(self.facts, self.catalogue)
            )
        return found

    def _entries(self, routes: Iterable[Route]) -> tuple[Entry, ...]:
        protocol, tiers = self.facts.protocol, self.policy.tier_quality
        return tuple(entry_of(route, protocol, tiers) for route in routes)

    def _look_at(self, routes: Iterable[Route]) -> Looked:
        """Look at single routes; the list of all may not hold them under this name."""
        return self._look_at_entries(self._entries(routes))

    def _look_at_entries(self, entries: Iterable[Entry]) -> Looked:
        facts = self.facts
        needs = needs_of(facts, self.wishes, self.policy)
        lost: list[Rejected] = []
        pairs = []
        for entry in entries:
            loss = objection(entry, needs)
            if loss is None:
                pairs.append((entry, entry.prices(facts.size.tokens, facts.moment)))
            else:
                lost.append(entry.lost(*loss))
        looked = self._look(pairs)
        looked.rejected.extend(lost)
        return looked

    def _look_around(self) -> Looked:
        """Look at every listed route, and at the asked name where any is taken."""
        facts, ground = self.facts, self._ground()
        needs, floor = needs_of(facts, self.wishes, self.policy), self.wishes.floor
        kept, lost = sift(ground, needs)
        more = self._unlisted(ground)
        below: tuple[Entry, ...] = ()
        table = ground.prices(facts.size.tokens, facts.moment)
        if floor is not None:
            kept, below = level(ground, needs, facts.route_class, floor)
        looked = self._look([(entry, table[entry.at]) for entry in kept])
        looked.rejected.extend(lost)
        if below and self._suffices(looked, (*below, *more)):
            # There is no need to know more of the others than that they are weaker.
            looked.rejected += [entry.below for entry in (*below, *more)]
        else:
            looked.add(self._look([(entry, table[entry.at]) for entry in below]))
            looked.add(self._look_at_entries(more))
        looked.rejected.extend(self._bystanders(looked, ReasonCode.NOT_LISTED))
        return looked

    def _suffices(self, looked: Looked, weaker: Iterable[Entry]) -> bool:
        """Tell whether no weaker route could have a place in the decision."""
        facts = self.facts
        if facts.request is not None:
            # What a request depends on may yet rule any of them out.
            return False
        made = facts.made_calls if facts.continues else None
        if made is not None and any(entry.name == made for entry in weaker):
            return False
        left: dict[str, int] = {}
        found = 0
        for option in looked.options:
            room = left.get(option.entry.provider, MAX_OF_ONE)
            if option.entry.lent or not room:
                continue
            left[option.entry.provider] = room - 1
            found += 1
            if found == MAX_CHOICES:
                return True
        return False

    def _look(self, pairs: Pairs) -> Looked:
        return look(pairs, self.facts, self.condition, self.policy, self.wishes)

    def _ground(self) -> Ground:
        return ground_of(self.catalogue, self.facts.protocol, self.policy.tier_quality)

    def _staying(self, options: Sequence[Option]) -> Option | None:
        """Return the route that made this turn's calls, where it goes on with them.

        Evidence of failure lifts the floor over it: then the loop is what fails.
        """
        facts = self.facts
        if not facts.continues or facts.made_calls is None:
            return None
        found = [option for option in options if option.name == facts.made_calls]
        if self.wishes.raised:
            found = good_enough(found, self.wishes.floor)
        return next(iter(found), None)

    def _bystanders(self, looked: Looked, code: ReasonCode) -> list[Rejected]:
        """Return the providers that never had a candidate."""
        seen = {option.entry.provider for option in looked.options}
        providers = self.catalogue.providers
        if len(seen) == len(providers):
            return []
        seen.update(each.route.partition("/")[0] for each in looked.rejected)
        return [Rejected(each.id, code) for each in providers if each.id not in seen]

    def _reason(self, first: Option, plain: Option, mark: Mark) -> str:
        """Return the sentences that say why the first route won."""
        wishes = self.wishes
        if first is not plain:
            pressure = self.condition.pressure[plain.entry.group]
            said = f"It stands in for {plain.name}: {pressure.sentence}."
        elif mark is Mark.DOWNGRADE:
            said = _BELOW
        elif wishes.rule.choosing is Choosing.BEST:
            said = _BEST
        else:
            said = _CHEAPEST
        if mark is Mark.ESCALATION:
            why = wishes.raised or "Nothing weaker that is good enough costs less."
            said = f"{said} It is premium though that was not asked for. {why}"
        return said

    def _decision(
        self,
        reason: str,
        taking: Taking,
        looked: Looked,
        runner_up: RunnerUp | None = None,
        *,
        last_resort: bool = False,
    ) -> Decision:
        wishes, facts = self.wishes, self.facts
        pin = wishes.pin
        at = pin.provider.id if pin and pin.provider else None
        wanted = pin.model_id if pin else facts.wanted
        output = expected_output(facts, self.policy)
        return Decision(
            mode=wishes.mode,
            requested_model=facts.requested_model,
            reason=reason,
            choices=tuple(taking.choices),
            rejected=(*taking.rejected, *looked.rejected),
            intent=wishes.intent,
            route_class=facts.route_class,
            evidence=facts.evidence,
            floor=None if wishes.pin else wishes.floor,
            raised=wishes.raised,
            runner_up=runner_up,
            asked=asked_for(wanted, at, self._ground(), facts, output),
            last_resort=last_resort,
            mode_by=wishes.mode_by,
            # A decision outlives the request's words, which are large.
            facts=replace(facts, request=None) if facts.request else facts,
        )
