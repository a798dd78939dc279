"""The life of one request: facts, decision, attempts, answer, record.

It knows no aiohttp and no Qt: bytes come in as a `Call` and leave through an `Outlet`.
Nothing is repeated once a byte has left, and no request costs more than three provider
calls.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from proxy.advice import in_full
from proxy.aliases import alias_mode, real_name
from proxy.counted import Counter
from proxy.errors import Failure, FailureKind, Refused
from proxy.exchange import Call, Exchange, Outlet
from proxy.guard import COUNTS, NO_RETRY, Endpoint
from proxy.journey import Journey
from proxy.keys import PREFIX
from proxy.ledger.rows import Status
from proxy.model import Protocol
from proxy.native import NativeLane
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.reading import Unreadable, read_whole
from proxy.routing import (
    MAX_ATTEMPTS,
    Facts,
    Mode,
    ReasonCode,
    decide,
    effective_mode,
    no_route_sentence,
)
from proxy.simulated import simulate
from proxy.translated import TranslatedLane
from proxy.translation.needs import obstacles
from proxy.translation.proofs import may_bear_proofs
from proxy.translation.strays import untaken
from proxy.wire.body import BodyProblem, bool_field, text_field, top_level
from proxy.wire.sealing import SEAL_START

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proxy.catalogue import Catalogue, Route
    from proxy.health import LastFailures
    from proxy.model import Request
    from proxy.preparation import Memory
    from proxy.recorder import Clock, Recorder
    from proxy.routing import Decision
    from proxy.secrets import Secrets
    from proxy.translation.needs import Obstacle
    from proxy.upstream import Upstream


TRUST_LEVELS = ("public", "internal", "confidential", "secret")
KEPT_HERE = frozenset({"confidential", "secret"})
"""The trust levels whose requests never leave the machine."""

MODEL_LENGTH = 512
"""Characters of a model's name; the longest in use are resource names of clouds."""

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

_BETWEEN = re.compile(r"[/\\]")
_PREVIOUS = b'"previous_response_id"'
_KEY = re.compile(rf"{PREFIX}[A-Za-z0-9]{{16}}")


@dataclass(frozen=True, slots=True)
class Config:
    """What may change while the gateway runs; a new value replaces the whole.

    `not_ready` maps a provider's id to the sentence that says why it can't be called.
    """

    catalogue: Catalogue
    mode: Mode
    not_ready: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """The resources a pipeline works with, all outliving it."""

    upstream: Upstream
    recorder: Recorder
    secrets: Secrets
    clock: Clock
    failures: LastFailures
    memory: Memory


class Pipeline:
    """Serves model calls; one for the life of a gateway.

    `config` is replaced as a whole when the user's file changes; a request works with
    the value it began with. `stopping` is set when streams are being ended.
    """

    def __init__(self, config: Config, parts: Parts) -> None:
        """Keep the parts; see the class."""
        self.config = config
        self.stopping = False
        self._parts = parts
        calls = (parts.upstream, parts.secrets, parts.clock)
        self._native = NativeLane(*calls)
        self._translated = TranslatedLane(*calls, parts.memory)
        self._counter = Counter(
            parts.upstream, parts.secrets, self._native, parts.memory
        )

    async def serve(self, call: Call, outlet: Outlet) -> None:
        """Answer one request, whatever happens to it on the way.

        Raises `Refused` for a request that never got as far as a decision: nothing
        was recorded or sent then.
        """
        parts = self._parts
        x = self._exchange(call, outlet)
        journey = Journey(
            x=x,
            recorder=parts.recorder,
            clock=parts.clock,
            failures=parts.failures,
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

    def _exchange(self, call: Call, outlet: Outlet) -> Exchange:
        asked = _asked(call)
        _check_query(call.query)
        config = self.config
        mode = _mode_for(call, asked.model, config.mode)
        stays = _stays_here(call)
        facts = Facts(
            call.protocol,
            asked.model,
            own_credential=bool(call.credentials.own),
            stays_here=stays,
            native_only=call.endpoint is Endpoint.COMPACT,
            stands_for="" if alias_mode(asked.model) else real_name(asked.model),
        )
        x = Exchange(
            call=call,
            outlet=outlet,
            decision=decide(facts, config.catalogue, config.not_ready, mode),
            model=asked.model,
            model_span=asked.span,
            stream=asked.stream,
            offline=stays or effective_mode(mode) is Mode.OFFLINE,
        )
        first = next(iter(x.decision.attempts), None)
        if first is not None and not self._is_native(x, first):
            # Only who must translate needs to know what the request depends on.
            x.request = self._read_or_refuse(x)
            facts = replace(facts, request=x.request)
            x.decision = decide(facts, config.catalogue, config.not_ready, mode)
        return x

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
        routes = list(x.decision.attempts)
        stale = False
        while routes and len(x.attempts) < MAX_ATTEMPTS:
            route = routes.pop(0)
            native = self._is_native(x, route)
            if not native and (hindrance := self._hindrance(x, route)):
                # What a provider has said is worth more than why this one is no help.
                failure = failure or hindrance
                continue
            x.begin(route)
            journey.attempt_started = self._parts.clock.monotonic()
            if route.provider.id == PRACTICE_PROVIDER_ID:
                return await simulate(journey, int(self._parts.clock.now().timestamp()))
            if native:
                x.request = None
                outcome = await self._native.call(journey, route, fresh=stale)
            else:
                outcome = await self._translated.call(journey, route, fresh=stale)
            if outcome.failure is None:
                self._pin(x, route)
                return None
            failure, stale = outcome.failure, outcome.stale
            self._parts.failures.met(route.provider.id, failure)
            if x.outlet.started or not _next_may_help(failure, route):
                break
            if stale:
                # A kept connection that the provider closed while it lay idle says
                # nothing about the provider: the same route gets a fresh one.
                routes.insert(0, route)
        return failure

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a call says without being read: the model, where it stands, the form."""

    model: str
    span: tuple[int, int] | None
    stream: bool


def _asked(call: Call) -> _Asked:
    body = call.body.data
    try:
        spans = top_level(body)
        if call.path_model is not None:
            model = call.path_model.removeprefix("models/")
            _check_model(model)
            streams = call.endpoint is Endpoint.GENERATE_STREAM
            return _Asked(model, None, stream=streams)
        model = text_field(body, spans, "model") or ""
        stream = bool_field(body, spans, "stream")
    except BodyProblem as problem:
        said = in_full(Failure(FailureKind.BAD_REQUEST, str(problem)))
        raise Refused(FailureKind.BAD_REQUEST, 400, said) from problem
    _check_model(model)
    return _Asked(model, spans["model"], stream=bool(stream))


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


def _check_model(model: str) -> None:
    """Refuse a name that cannot be shown as it is, or that is a path's way upwards.

    Names with a slash are common (`publishers/google/models/x`), and in Gemini's
    protocol the name is a part of the path.
    """
    if not model:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The request names no model, so Turnout cannot route it. Set `model`.",
        )
    if len(model) > MODEL_LENGTH or not model.isprintable():
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            f"The field `model` must be a name of at most {MODEL_LENGTH} printable "
            "characters. Nothing was sent on.",
        )
    if any(unquote(each) in {".", ".."} for each in _BETWEEN.split(unquote(model))):
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The field `model` holds `.` or `..` as a part of its own, which would "
            "lead to another address of the provider. Nothing was sent on. Set `model` "
            "to a model's name.",
        )


def _check_query(query: str) -> None:
    """Refuse a gateway key in the query, which goes to the provider as it came."""
    if _KEY.search(unquote(query)):
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The query holds a Turnout key, where it would be logged and sent on, so "
            "Turnout refused the request. Put the key into a header.",
            (NO_RETRY,),
        )


def _mode_for(call: Call, model: str, mode: Mode) -> Mode:
    """Return the mode a request asks for by header or model name, else the user's."""
    if effective_mode(mode) is Mode.OFFLINE:
        return mode
    asked = call.header("x-turnout-mode")
    if asked is None:
        return alias_mode(model) or mode
    try:
        return Mode(asked.strip())
    except ValueError:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-mode names no mode of Turnout. It may be one of "
            f"{', '.join(Mode)}.",
        ) from None


def _stays_here(call: Call) -> bool:
    """Tell whether the request's own trust level keeps it on this machine.

    A header may only raise the level; without one the level is `public` until trust
    rules are built.
    """
    asked = call.header("x-turnout-trust")
    if asked is None:
        return False
    level = asked.strip()
    if level not in TRUST_LEVELS:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-trust names no trust level. It may be one of "
            f"{', '.join(TRUST_LEVELS)}.",
        )
    return level in KEPT_HERE


def _next_may_help(failure: Failure, route: Route) -> bool:
    if failure.kind is FailureKind.REJECTED:
        return False
    # The client's own credential was refused: that is between client and vendor.
    return failure.kind is not FailureKind.AUTH or route.provider.key.kind != "client"


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
