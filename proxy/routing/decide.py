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
from proxy.routing.comparing import against, asked_for
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
    relieved_in_turn,
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
_WAITED: Final = "It is the cheapest route that is good enough, as waiting counts too."
_UNPRICED: Final = "No price is known of any that is left and good enough."
_BEST: Final = "It is the best one that may be used."
_BELOW: Final = "No route is good enough for this request; it is the best one left."
_ESCALATED: Final = "It is premium though that was not asked for."
_NONE_CHEAPER: Final = "Nothing weaker that is good enough costs less."
_NONE_AT_EASE: Final = (
    "Nothing weaker that is good enough, with more of its quota left, costs less."
)
_NONE_PRICED: Final = "Nor is one known of anything weaker."
_NONE_SOONER: Final = "No weaker one that is good enough may be used sooner."
_ITS_LANE: Final = "It is of the same lane."


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
class _Turn:
    """Who was taken first, and who came second.

    `plain` would have been taken if its quota were not nearly used up; it is `first`
    where that decided nothing. `stays` tells that a loop of tools keeps its route.
    """

    first: Option
    plain: Option
    second: Option | None
    stays: bool


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
        turn = self._take_in_turn(taking, looked.options)
        looked.rejected.extend(self._bystanders(looked, ReasonCode.NOT_PINNED))
        return self._in_turn(taking, looked, turn, pin.by)

    def practised(self) -> Decision:
        """Let the practice provider answer."""
        looked = self._look_at([practice(self.facts)])
        taking = Taking(self.facts)
        turn = self._take_in_turn(taking, looked.options)
        return self._in_turn(taking, looked, turn, _PRACTICE)

    def direct(self) -> Decision:
        """Go to what was asked for, else to the first models, in the file's order."""
        named = by_name(self.facts, self.catalogue)
        looked = self._look_at(named)
        taking = Taking(self.facts)
        turn = self._take_in_turn(taking, looked.options)
        reason = _BY_NAME
        if not taking.choices:
            more = self._look_at(first_models(self.facts, self.catalogue, named))
            turn = self._take_in_turn(taking, more.options)
            looked.add(more)
            reason = _FIRST_MODEL
        looked.rejected.extend(self._bystanders(looked, ReasonCode.NOT_LISTED))
        return self._in_turn(taking, looked, turn, reason)

    def chosen(self) -> Decision:
        """Take the cheapest route that is good enough, or the best."""
        facts, wishes = self.facts, self.wishes
        looked, taking = self._look_around(), Taking(self.facts)
        floor, pool = wishes.floor, looked.options
        while pool:
            staying = self._staying(pool)
            plain = staying or first_of(pool, wishes, facts.wanted)
            if plain.pressed and taking.refuses(plain):
                # Nobody can stand in for what could not be taken.
                pool = [each for each in pool if each is not plain]
                continue
            first = staying or relieved(plain, pool, wishes, facts.wanted)
            mark = self._mark(first)
            rest = [each for each in pool if each is not first]
            if not taking.take(first, mark):
                pool = rest
                continue
            taking.follow(first, rest, floor)
            turn = _Turn(first, plain, self._second(taking, rest), staying is not None)
            reason = _LOOP if staying else self._reason(first, plain, mark)
            return self._decision(reason, taking, looked, self._runner_up(turn))
        return self._last_resort(looked, taking)

    def _second(self, taking: Taking, rest: list[Option]) -> Option | None:
        """Return who would have won, of those that could have been taken."""
        left = rest
        while left:
            found = first_of(left, self.wishes, self.facts.wanted)
            if taking.could_take(found):
                return found
            left = [each for each in left if each is not found]
        return None

    def _take_in_turn(self, taking: Taking, options: list[Option]) -> _Turn | None:
        """Take options in their order; the route of a loop of tools goes first."""
        staying = self._staying(options)
        if staying is not None:
            options = [staying, *(each for each in options if each is not staying)]
        while options and options[0].pressed and taking.refuses(options[0]):
            options = options[1:]
        alike = self.wishes.pin is not None
        order = options if staying else relieved_in_turn(options, alike=alike)
        taken: list[Option] = []
        for option in order:
            mark = mark_after(taken[0], option, None) if taken else Mark.NONE
            if len(taking.choices) == MAX_CHOICES:
                taking.rejected.append(option.entry.lost(ReasonCode.ATTEMPT_LIMIT))
            elif taking.take(option, mark):
                taken.append(option)
        if not taken:
            return None
        first, second = taken[0], taken[1] if len(taken) > 1 else None
        pressed = options[0].pressed and staying is None
        plain = options[0] if pressed else first
        return _Turn(first, plain, second, first is staying)

    def _in_turn(
        self, taking: Taking, looked: Looked, turn: _Turn | None, reason: str
    ) -> Decision:
        if turn is None:
            return self._last_resort(looked, taking)
        pin = self.wishes.pin
        if turn.stays and len(taking.choices) > 1:
            reason = _LOOP
        elif turn.first is not turn.plain:
            stands = self._standing_in(turn.plain)
            reason = f"{pin.by} {stands}" if pin is not None else stands
        return self._decision(reason, taking, looked, self._runner_up(turn))

    def _runner_up(self, turn: _Turn) -> RunnerUp | None:
        """Return who came second, and what decided."""
        wishes, first = self.wishes, turn.first
        other = turn.second if turn.first is turn.plain else turn.plain
        if other is None:
            return None
        pin, floor = wishes.pin, None if wishes.pin else wishes.floor
        if turn.stays:
            by = DecidedBy.LOOP
        elif first is not turn.plain:
            by = DecidedBy.HEALTH
        elif pin is not None:
            by = DecidedBy.PIN if pin.provider else decided_by(first, other, None)
        elif wishes.rule.choosing is Choosing.ASKED or not self.catalogue.providers:
            by = DecidedBy.ORDER
        else:
            weak = floor is not None and first.worse > -floor
            best = weak or wishes.rule.choosing is Choosing.BEST
            by = decided_by(first, other, floor, self.facts.wanted if best else None)
        return against(first, other, by, self.facts)

    def _mark(self, first: Option) -> Mark:
        premium = self.policy.tier_quality[Tier.PREMIUM]
        return first_mark(first, self.wishes, premium)

    def _last_resort(self, looked: Looked, taking: Taking) -> Decision:
        """Take the route whose rest ends first, where nothing else is left.

        One that is good enough goes before one that is not.
        """
        floor = None if self.wishes.pin else self.wishes.floor
        waking = sorted(looked.resting, key=lambda each: (each[0], each[1].name))
        waking.sort(key=lambda each: not good_enough((each[1],), floor))
        for at, (seconds, option) in enumerate(waking):
            mark = Mark.NONE if self.wishes.pin else self._mark(option)
            if taking.take(option, mark):
                looked.rejected = [
                    each for each in looked.rejected if each.route != option.name
                ]
                passed = any(each[0] < seconds for each in waking[at + 1 :])
                reason = self._waking(seconds, mark, passed=passed)
                return self._decision(reason, taking, looked, last_resort=True)
        return self._decision("", taking, looked)

    def _waking(self, seconds: float, mark: Mark, *, passed: bool) -> str:
        """Return the sentences about a last resort.

        `passed` tells that one whose rest ends sooner is not good enough.
        """
        of = "of those that are good enough " if passed else ""
        said = (
            f"Every route that is allowed rests; {of}the rest of this one ends first, "
            f"in {max(round(seconds), 1)} s."
        )
        if mark is Mark.DOWNGRADE:
            return f"{said} None of them is good enough for this request."
        if mark is Mark.ESCALATION:
            why = self.wishes.raised or _NONE_SOONER
            return f"{said} {_ESCALATED} {why}"
        return said

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
        made = self._made_calls()
        if made is not None and any(entry.listed == made for entry in weaker):
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

    def _made_calls(self) -> str | None:
        """Return the route that made the calls this turn goes on with, as listed.

        The name that went there may have had a date behind it.
        """
        facts = self.facts
        if not facts.continues or facts.made_calls is None:
            return None
        head, _, name = facts.made_calls.partition("/")
        for provider in self.catalogue.providers:
            if provider.id == head and (model := provider.find_model(name)):
                return f"{head}/{model.id}"
        return facts.made_calls

    def _staying(self, options: Sequence[Option]) -> Option | None:
        """Return the route that made this turn's calls, where it goes on with them.

        Evidence of failure lifts the floor over it: then the loop is what fails.
        """
        made = self._made_calls()
        if made is None:
            return None
        found = [option for option in options if option.entry.listed == made]
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
        said, cheaper = _CHEAPEST, _NONE_CHEAPER
        if first is not plain:
            said = self._standing_in(plain)
            lane = first.entry.lane
            alike = lane is not None and lane == plain.entry.lane
            cheaper = _ITS_LANE if alike else _NONE_AT_EASE
        elif mark is Mark.DOWNGRADE:
            said = _BELOW
        elif wishes.rule.choosing is Choosing.BEST:
            said = _BEST
        elif first.cost is None:
            said, cheaper = _UNPRICED, _NONE_PRICED
        elif wishes.rule.speed:
            said, cheaper = _WAITED, f"{_NONE_CHEAPER[:-1]}, as waiting counts too."
        if mark is Mark.ESCALATION:
            said = f"{said} {_ESCALATED} {wishes.raised or cheaper}"
        return said

    def _standing_in(self, plain: Option) -> str:
        pressure = self.condition.pressure[plain.entry.group]
        return f"It stands in for {plain.name}: {pressure.sentence}."

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
