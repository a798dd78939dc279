"""The life of one request: facts, decision, attempts, answer, record.

It knows no aiohttp and no Qt: bytes come in as a `Call` and leave through an `Outlet`.
Nothing is repeated once a byte has left, and no request costs more than three provider
calls.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from proxy.advice import in_full
from proxy.asked import asked_of
from proxy.counted import Counter
from proxy.errors import Failure, FailureKind, Refused
from proxy.exchange import Call, Exchange, Outlet
from proxy.guard import COUNTS, Endpoint
from proxy.journey import Journey
from proxy.ledger.rows import Status
from proxy.model import Protocol
from proxy.native import NativeLane
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.reading import Unreadable, read_whole
from proxy.retries import (
    Next,
    Step,
    Tried,
    after,
    first_byte_limit,
    in_turn,
    mark_beside,
)
from proxy.routing import (
    MAX_ATTEMPTS,
    Mode,
    ReasonCode,
    Tier,
    decide,
    no_route_sentence,
)
from proxy.sessions import warm_after
from proxy.simulated import simulate
from proxy.survey import Surveyor
from proxy.translated import TranslatedLane
from proxy.translation.needs import obstacles
from proxy.translation.proofs import may_bear_proofs
from proxy.translation.strays import untaken
from proxy.wire.body import text_field, top_level
from proxy.wire.sealing import SEAL_START

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from proxy.attempt import Outcome
    from proxy.catalogue import Catalogue, Route
    from proxy.exchange import HeldAnswer
    from proxy.health import Health
    from proxy.model import Request
    from proxy.preparation import Memory
    from proxy.projects import Projects
    from proxy.recorder import Clock, Recorder
    from proxy.routing import Choice, Condition, Decision, Facts, Policy
    from proxy.secrets import Secrets
    from proxy.translation.needs import Obstacle
    from proxy.upstream import Upstream


PROJECT_SECONDS = 0.25
"""How long a request waits for its project where a rule names one."""

_SEAL = SEAL_START.encode()
_ASKS = frozenset(
    {
        Endpoint.MESSAGES,
        Endpoint.RESPONSES,
        Endpoint.CHAT,
        Endpoint.GENERATE,
        Endpoint.GENERATE_STREAM,
    }
)
"""The endpoints that ask a model for an answer."""

_PREVIOUS = b'"previous_response_id"'


@dataclass(frozen=True, slots=True)
class Config:
    """What may change while the gateway runs; a new value replaces the whole.

    `not_ready` maps a provider's id to the sentence that says why it can't be called.
    """

    catalogue: Catalogue
    policy: Policy
    not_ready: Mapping[str, str]

    @property
    def mode(self) -> Mode:
        """The user's mode."""
        return self.policy.mode


@dataclass(frozen=True, slots=True)
class Parts:
    """The resources a pipeline works with, all outliving it.

    `chance` gives random numbers from 0 to 1, which spread repetitions in time.
    """

    upstream: Upstream
    recorder: Recorder
    secrets: Secrets
    clock: Clock
    health: Health
    memory: Memory
    surveyor: Surveyor
    projects: Projects
    chance: Callable[[], float]


@dataclass(slots=True)
class _Course:
    """What is left to try of a request, in order.

    `again` is the choice that is asked once more, `fresh` says that it needs a new
    connection; `refused` is how a route refused the request's length, once larger ones
    are looked for.
    """

    choices: list[Choice]
    again: Choice | None = None
    fresh: bool = False
    refused: tuple[Failure, HeldAnswer | None] | None = None


class Pipeline:
    """Serves model calls; one for the life of a gateway.

    `config` is replaced as a whole when the user's file changes; a request works with
    the value it began with. `stopping` is set when streams are being ended.
    """

    def __init__(self, config: Config, parts: Parts) -> None:
        """Keep the parts; see the class."""
        self._config = config
        self.stopping = False
        self._parts = parts
        calls = (parts.upstream, parts.secrets, parts.clock)
        self._native = NativeLane(*calls)
        self._translated = TranslatedLane(*calls, parts.memory)
        self._counter = Counter(
            parts.upstream, parts.secrets, self._native, parts.memory
        )

    @property
    def config(self) -> Config:
        """What the next request works with."""
        return self._config

    @config.setter
    def config(self, config: Config) -> None:
        for provider in config.catalogue.providers:
            known = self._config.catalogue.provider(provider.id)
            if known is not None and known.key != provider.key:
                self._parts.health.forget(provider)
        self._config = config

    async def serve(self, call: Call, outlet: Outlet) -> None:
        """Answer one request, whatever happens to it on the way.

        Raises `Refused` for a request that never got as far as a decision: nothing
        was recorded or sent then.
        """
        parts = self._parts
        x = await self._exchange(call, outlet)
        journey = Journey(
            x=x,
            recorder=parts.recorder,
            clock=parts.clock,
            health=parts.health,
            snapshot=self.config.catalogue.snapshot,
            counting=call.endpoint in COUNTS,
        )
        if not journey.counting:
            parts.recorder.routed(x)
        try:
            failure = await self._answer(x, journey)
            if failure is not None:
                await journey.fail(failure)
        except ConnectionError:
            # The client left while something was written to it.
            await journey.interrupt(stopping=False)
        except asyncio.CancelledError:
            await journey.interrupt(stopping=self.stopping)
            raise
        finally:
            # Only a fault of our own gets here unrecorded; its row must not stay open.
            await journey.record(Status.ERROR, FailureKind.INTERNAL)

    async def _exchange(self, call: Call, outlet: Outlet) -> Exchange:
        asked = asked_of(call)
        config = self.config
        survey = self._parts.surveyor.survey(
            call,
            asked,
            self._parts.clock.now(),
            project=await self._project(call, config.policy),
            counting=call.endpoint in COUNTS,
        )
        facts = survey.facts
        decision = self._decide(facts, config, call)
        x = Exchange(
            call=call,
            outlet=outlet,
            decision=decision,
            model=asked.model,
            model_span=asked.span,
            stream=asked.stream,
            offline=asked.stays_here or decision.mode is Mode.OFFLINE,
            facts=facts,
            turn=survey.turn,
        )
        first = next(iter(decision.attempts), None)
        if first is not None and not self._is_native(x, first):
            # Only who must translate needs to know what the request depends on.
            x.request = self._read_or_refuse(x)
            x.decision = self._decide(replace(facts, request=x.request), config, call)
        return x

    def _decide(self, facts: Facts, config: Config, call: Call) -> Decision:
        known = self._condition(config, call, facts.moment)
        return decide(facts, config.catalogue, known, config.policy)

    def _condition(self, config: Config, call: Call, moment: datetime) -> Condition:
        now = moment.timestamp()
        return self._parts.health.condition(config.not_ready, now, call.account)

    async def _project(self, call: Call, policy: Policy) -> str | None:
        """Return the calling project where a rule of the user's needs to know it."""
        if all(rule.project is None for rule in policy.rules):
            return None
        self._parts.projects.look_up(call.peer)
        return await self._parts.projects.label(call.peer, PROJECT_SECONDS)

    def _read_or_refuse(self, x: Exchange) -> Request:
        try:
            return self._read(x)
        except Unreadable as problem:
            said = in_full(problem.failure)
            raise Refused(FailureKind.BAD_REQUEST, 400, said) from problem

    def _read(self, x: Exchange) -> Request:
        items = self._parts.memory.items
        return read_whole(x.call, x.model, items, stream=x.stream)

    def _is_native(self, x: Exchange, route: Route) -> bool:
        """Tell whether the body may go out as it came.

        A provider cannot read what Turnout has wrapped for another one, nor find an
        answer that only Turnout has kept, nor take what its file says it refuses.
        """
        call = x.call
        if route.protocol is not call.protocol:
            return False
        if route.provider.id == PRACTICE_PROVIDER_ID:
            return True
        if self._others_proofs(call, route) and may_bear_proofs(call.body.data):
            return False
        if _SEAL in call.body.data or self._continues_ours(call):
            return False
        return not self._is_refused(x, route)

    def _is_refused(self, x: Exchange, route: Route) -> bool:
        """Tell whether a server that deviates from its protocol's vendor refuses this.

        Only the few providers whose files name deviations have the request read here.
        """
        deviates = route.protocol in route.provider.dialects
        if not deviates or x.call.endpoint not in _ASKS:
            return False
        if x.request is None:
            try:
                x.request = self._read(x)
            except Unreadable:
                # The provider may see more in it, and says best what it does not.
                return False
        fields = top_level(x.call.body.data)
        return bool(untaken(x.request, route.provider.dialect(route.protocol), fields))

    def _others_proofs(self, call: Call, route: Route) -> bool:
        """Tell whether the session's plain proofs are another provider's."""
        owner = self._parts.memory.pins.owner(call.client, call.session)
        return owner not in {None, route.provider.id}

    def _continues_ours(self, call: Call) -> bool:
        if call.protocol is not Protocol.RESPONSES or _PREVIOUS not in call.body.data:
            return False
        spans = top_level(call.body.data)
        previous = text_field(call.body.data, spans, "previous_response_id")
        items = self._parts.memory.items
        return previous is not None and items.find(previous, call.client) is not None

    async def _answer(self, x: Exchange, journey: Journey) -> Failure | None:
        """Try the routes in order. Returns the failure to tell the client, if any."""
        if journey.counting:
            first = next(iter(x.decision.attempts), None)
            native = first is not None and self._is_native(x, first)
            return await self._counter.count(journey, native=native)
        failure = _no_route(x.decision)
        course = _Course(list(x.decision.choices))
        while course.choices and len(x.attempts) < MAX_ATTEMPTS and self._in_time(x):
            choice = course.choices.pop(0)
            native = self._is_native(x, choice.route)
            if not native and (hindrance := self._hindrance(x, choice.route)):
                # What a provider has said is worth more than why this one is no help.
                failure = failure or hindrance
                continue
            if not self._may_call(choice.route) and course.choices:
                # Another request is finding out whether this route works again.
                continue
            # The repetition may have fallen: its route's breaker opened meanwhile.
            repeated = choice is course.again
            last = len(x.attempts) + 1 >= MAX_ATTEMPTS
            insured = bool(course.choices) and not last
            x.begin(choice.route, choice.mark, retry=repeated, insured=insured)
            if choice.route.provider.id == PRACTICE_PROVIDER_ID:
                journey.attempt_started = self._parts.clock.monotonic()
                return await simulate(journey, int(self._parts.clock.now().timestamp()))
            lane = self._native if native else self._translated
            # A kept connection may be closed unheard: no use for the last call.
            fresh = course.fresh or last
            outcome = await self._call(journey, lane, choice.route, fresh=fresh)
            failure = outcome.failure
            if failure is None:
                self._answered(x, choice.route)
                return None
            if x.outlet.started:
                return failure
            tried = Tried(
                failure,
                own_credential=choice.route.provider.key.kind == "client",
                translated=not native,
                too_long=x.too_long and course.refused is None,
                stale=outcome.stale,
                repeated=repeated,
                relieved=bool(course.choices) and len(x.attempts) + 1 >= MAX_ATTEMPTS,
            )
            if not await self._go_on(x, course, choice, tried):
                break
        return _last_word(x, course, failure)

    async def _go_on(
        self, x: Exchange, course: _Course, choice: Choice, tried: Tried
    ) -> bool:
        """Set the course after a failed attempt; False where the client is told."""
        step = after(tried, self._parts.chance())
        if step.next is Next.SAME and not self._in_time(x, step.wait):
            # The request's time would be over before the wait is.
            step = Step(Next.OTHER)
        same = step.next is Next.SAME
        course.again = choice if same else None
        course.fresh = same and tried.stale
        match step.next:
            case Next.STOP:
                return False
            case Next.SAME:
                await asyncio.sleep(step.wait)
                course.choices.insert(0, choice)
            case Next.LARGER:
                course.refused = (tried.failure, x.held)
                course.choices = self._larger(x, choice.route)
            case Next.OTHER:
                left = self._in_turn(x, course.choices, choice.route, tried.failure)
                course.choices = left
        return True

    def _in_time(self, x: Exchange, wait: float = 0.0) -> bool:
        """Tell whether the request's time for a first byte lasts longer than `wait`."""
        spent = self._parts.clock.monotonic() - x.call.arrived
        return not x.attempts or spent + wait < self._parts.upstream.limits.first_byte

    def _may_call(self, route: Route) -> bool:
        now = self._parts.clock.now().timestamp()
        return self._parts.health.began(route.name, now)

    def _in_turn(
        self, x: Exchange, choices: list[Choice], failed: Route, failure: Failure
    ) -> list[Choice]:
        """Return what is left to try after a failure, in order."""
        known = self._condition(self.config, x.call, self._parts.clock.now())
        last = len(x.attempts) + 1 >= MAX_ATTEMPTS
        return in_turn(choices, failed, failure, known, last=last)

    async def _call(
        self,
        journey: Journey,
        lane: NativeLane | TranslatedLane,
        route: Route,
        *,
        fresh: bool,
    ) -> Outcome:
        """Make one attempt; its failure becomes part of what is known of the route."""
        parts, x = self._parts, journey.x
        journey.attempt_started = parts.clock.monotonic()
        limit = first_byte_limit(
            parts.upstream.limits.first_byte,
            journey.attempt_started - x.call.arrived,
            standby=x.insured,
        )
        if lane is self._native:
            x.request = None
        told = False
        try:
            outcome = await lane.call(journey, route, fresh=fresh, first_byte=limit)
            told = not outcome.stale
        finally:
            if not told:
                # If it was the route's one probe, another request may be that now.
                journey.met_nothing()
        if told and outcome.failure is not None:
            journey.met(outcome.failure)
        return outcome

    def _answered(self, x: Exchange, route: Route) -> None:
        """Remember who answered, and what its provider holds of the prompt now."""
        self._pin(x, route)
        if x.turn is None:
            return
        self._parts.surveyor.sessions.answered(
            x.turn,
            route.name,
            self._parts.clock.now().timestamp(),
            tier=Tier(route.tier) if route.tier else None,
            stop=x.stop_reason,
            warm=warm_after(x.usage, route),
        )

    def _larger(self, x: Exchange, route: Route) -> list[Choice]:
        """Return the routes that can read more than one that refused the length."""
        size = x.facts.size
        known = route.model.context if route.model else None
        least = max(size.low, (known or size.tokens) + 1)
        longer = replace(size, low=least, tokens=max(size.tokens, least))
        decision = self._decide(replace(x.facts, size=longer), self.config, x.call)
        tried = {each.route for each in x.attempts}
        first = x.decision.choices[0].route
        larger = [
            # It was chosen anew, and still is what it is beside the first choice.
            replace(choice, mark=mark_beside(first, choice.route) or choice.mark)
            for choice in decision.choices
            if choice.route.name not in tried
            and ((choice.route.model and choice.route.model.context) or 0) >= least
        ][:1]
        again = {each.route.name for each in larger}
        before = (c for c in x.decision.choices if c.route.name not in again)
        x.decision = replace(x.decision, choices=(*before, *larger))
        return larger

    def _pin(self, x: Exchange, route: Route) -> None:
        """Note whose plain proofs the client of a session now carries."""
        if route.protocol is x.call.protocol:
            pins = self._parts.memory.pins
            pins.answered(x.call.client, x.call.session, route.provider.id)

    def _hindrance(self, x: Exchange, route: Route) -> Failure | None:
        """Read the request for a translated attempt; return why it cannot be made."""
        if x.call.endpoint is Endpoint.COMPACT:
            # It continues what another provider has answered, or holds its wraps.
            return _not_compacted(route)
        if x.request is None:
            try:
                x.request = self._read(x)
            except Unreadable as problem:
                return problem.failure
        found = obstacles(
            x.request,
            route.protocol,
            route.dialect,
            foreign=self._others_proofs(x.call, route),
        )
        return _not_carried(route, found) if found else None


def _last_word(x: Exchange, course: _Course, failure: Failure | None) -> Failure | None:
    """Return what the client is told where nothing has answered.

    Where a larger route was no help either, it hears that its conversation is too long:
    it can do something about that.
    """
    if failure is not None and course.refused is not None and not x.too_long:
        failure, x.held = course.refused
    return failure


def _not_carried(route: Route, found: Sequence[Obstacle]) -> Failure:
    said = " ".join(each.sentence for each in found)
    return Failure(
        FailureKind.NO_ROUTE,
        f"{route.name} cannot take this request: {said} Nothing was sent to it. Ask a "
        "provider that speaks the client's own protocol, or leave that out.",
    )


def _not_compacted(route: Route) -> Failure:
    return Failure(
        FailureKind.NO_ROUTE,
        f"{route.name} cannot shorten this conversation: parts of it were answered by "
        "another provider through Turnout, and only the one that answered can read "
        "them. Nothing was sent. Let the client shorten the conversation itself, or "
        "begin a new one.",
    )


def _no_route(decision: Decision) -> Failure | None:
    if decision.attempts:
        return None
    codes = {loser.code for loser in decision.rejected}
    sentence = no_route_sentence(decision)
    if ReasonCode.TRUST in codes:
        return Failure(
            FailureKind.FORBIDDEN,
            f"The request is marked as one that stays on this machine. {sentence} "
            "Nothing was sent. Add a provider that runs on this machine, or leave "
            "x-turnout-trust out.",
        )
    if ReasonCode.OFFLINE in codes:
        return Failure(
            FailureKind.OFFLINE,
            f"Turnout is offline, so nothing left this machine. {sentence} Switch the "
            "mode in the tray, or add a provider that runs on this machine.",
        )
    return Failure(
        FailureKind.NO_ROUTE,
        f"{sentence} Nothing was sent. Mend what is named here, or add another "
        "provider to config.toml.",
    )
