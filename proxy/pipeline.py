"""The life of one request: facts, decision, attempts, answer, record.

It knows no aiohttp and no Qt: bytes come in as a `Call` and leave through an `Outlet`.
Nothing is repeated once a byte has left, and no request costs more than three provider
calls.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from proxy.errors import Failure, FailureKind, Refused
from proxy.exchange import Call, Exchange, HeldAnswer, Outlet
from proxy.guard import NO_RETRY, Endpoint
from proxy.headers import answer_headers, request_headers, retry_after
from proxy.journey import Journey
from proxy.ledger.rows import Status
from proxy.keys import PREFIX
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.relay import Relay
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
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire.body import BodyProblem, bool_field, splice, text_field, top_level
from proxy.wire.mask import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proxy.catalogue import Catalogue, Route
    from proxy.health import LastFailures
    from proxy.recorder import Clock, Recorder
    from proxy.routing import Decision
    from proxy.secrets import Secrets
    from proxy.upstream import Answer, Upstream

ERROR_BODY_LIMIT = 1024 * 1024
"""Bytes of a provider's error answer that are kept to be passed back."""

MODEL_LENGTH = 512
"""Characters of a model's name; the longest in use are resource names of clouds."""

_KEY = re.compile(rf"{PREFIX}[A-Za-z0-9]{{16}}")
_AUTH_STATUSES = frozenset({401, 402, 403})
_FIRST_ERROR = 400
_FIRST_REDIRECT = 300
_FIRST_SUCCESS = 200
_FIRST_SERVER_ERROR = 500
_TOO_MANY = 429


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
            counting=call.endpoint is Endpoint.COUNT_TOKENS,
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
        try:
            spans = top_level(call.body)
            model = text_field(call.body, spans, "model") or ""
            stream = bool_field(call.body, spans, "stream")
        except BodyProblem as problem:
            raise Refused(FailureKind.BAD_REQUEST, 400, str(problem)) from problem
        _check_model(model)
        _check_query(call.query)
        config = self.config
        mode = _mode_for(call, config.mode)
        facts = Facts(call.protocol, model, own_credential=bool(call.credentials.own))
        return Exchange(
            call=call,
            outlet=outlet,
            decision=decide(facts, config.catalogue, config.not_ready, mode),
            model=model,
            model_span=spans["model"],
            stream=bool(stream),
            offline=effective_mode(mode) is Mode.OFFLINE,
        )

    async def _answer(self, x: Exchange, journey: Journey) -> Failure | None:
        """Try the routes in order. Returns the failure to tell the client, if any."""
        failure = _no_route(x.decision)
        routes = list(x.decision.attempts)
        stale = False
        while routes and len(x.attempts) < MAX_ATTEMPTS:
            route = routes.pop(0)
            x.route, x.held = route, None
            journey.attempt_started = self._parts.clock.monotonic()
            if route.provider.id == PRACTICE_PROVIDER_ID:
                return await simulate(journey, int(self._parts.clock.now().timestamp()))
            met, stale = await self._call(journey, route, fresh=stale)
            if met is None:
                return None
            failure = met
            self._parts.failures.met(route.provider.id, met)
            if x.outlet.started or not _next_may_help(met, route):
                break
            if stale:
                # A kept connection that the provider closed while it lay idle says
                # nothing about the provider: the same route gets a fresh one.
                routes.insert(0, route)
        return failure

    async def _call(
        self, journey: Journey, route: Route, *, fresh: bool
    ) -> tuple[Failure | None, bool]:
        """Make one provider call. Returns how it failed and whether it was stale.

        `fresh` keeps it off the connections that are kept.
        """
        x, upstream = journey.x, self._parts.upstream
        outgoing, secret = self._outgoing(x, route)
        status: int | None = None
        stale = False
        try:
            async with upstream.send(
                outgoing, offline=x.offline, fresh=fresh
            ) as answer:
                status = answer.status
                failure: Failure | None = None
                if status < _FIRST_SUCCESS:
                    failure = Failure(
                        FailureKind.MALFORMED,
                        f"{route.provider.id} did not answer in proper HTTP.",
                    )
                elif status >= _FIRST_REDIRECT:
                    failure = await _hold(
                        x, answer, secret, self._parts.clock.now().timestamp()
                    )
                else:
                    failure = await _relay(journey, answer, secret)
        except UpstreamError as error:
            failure, stale = error.failure, error.stale
        if failure is not None:
            now = self._parts.clock.monotonic()
            x.note(route, journey.attempt_started, now, failure, status)
        return failure, stale

    def _outgoing(self, x: Exchange, route: Route) -> tuple[Outgoing, bytes | None]:
        provider, call = route.provider, x.call
        counting = call.endpoint is Endpoint.COUNT_TOKENS
        url = provider.count_url() if counting else provider.url(call.protocol)
        own = provider.key.kind == "client"
        secret = None if own else self._parts.secrets.held(provider.key)
        body = call.body
        if x.model_span is not None and route.model_id != x.model:
            body = splice(call.body, x.model_span, route.model_id)
        outgoing = Outgoing(
            method="POST",
            url=f"{url}?{call.query}" if call.query else url,
            headers=request_headers(
                call.headers,
                style=provider.auth_style(call.protocol),
                secret=secret,
                keep_own=own,
            ),
            body=body,
            provider=provider.id,
        )
        return outgoing, secret.encode() if secret else None


def _check_model(model: str) -> None:
    """Refuse a name that no header, log line or window can show as it is."""
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


def _mode_for(call: Call, mode: Mode) -> Mode:
    asked = call.header("x-turnout-mode")
    if asked is None or effective_mode(mode) is Mode.OFFLINE:
        return mode
    try:
        return Mode(asked.strip())
    except ValueError:
        raise Refused(
            FailureKind.BAD_REQUEST,
            400,
            "The header x-turnout-mode names no mode of Turnout. It may be one of "
            f"{', '.join(Mode)}.",
        ) from None


async def _relay(
    journey: Journey, answer: Answer, secret: bytes | None
) -> Failure | None:
    """Carry a successful answer to the client by the way that fits its form."""
    x = journey.x
    events = answer.header("content-type").lower().startswith("text/event-stream")
    packed = answer.header("content-encoding").lower() not in {"", "identity"}
    x.stream = events
    relay = Relay(
        x=x,
        answer=answer,
        secret=secret,
        begin=partial(
            journey.start,
            answer.status,
            answer_headers(answer.headers, secret, keep_length=not events),
        ),
        settle=partial(journey.settle, answer.status),
    )
    if answer.header("content-type").lower().startswith("text/html"):
        name = x.route.provider.id if x.route else "The provider"
        return Failure(
            FailureKind.MALFORMED,
            f"{name} answered with a web page instead of a model's answer. Check its "
            "base_url, and that no sign-in page stands between.",
            answer.status,
        )
    if not events:
        failure = await relay.body()
    else:
        failure = await (relay.packed() if packed else relay.stream())
    if failure is None:
        await x.outlet.end()
    return failure


async def _hold(
    x: Exchange, answer: Answer, secret: bytes | None, now: float
) -> Failure:
    """Read an error answer whole, so that it can be passed back if nothing is left."""
    status = answer.status
    wait = retry_after(answer.headers, now)
    route = x.route.provider.id if x.route else "The provider"
    if status < _FIRST_ERROR:
        return Failure(
            FailureKind.UPSTREAM_ERROR,
            f"{route} answered with a redirect, and Turnout follows none. Check its "
            "base_url.",
            status,
        )
    body = await answer.read(ERROR_BODY_LIMIT)
    refused_key = status in _AUTH_STATUSES and secret is not None
    x.held = HeldAnswer(
        status=status,
        headers=tuple(answer_headers(answer.headers, secret, keep_length=False)),
        body=mask(body, secret) if secret else body,
        final=refused_key,
    )
    said = f"{route} answered {status}."
    if status == _TOO_MANY:
        return Failure(FailureKind.RATE_LIMITED, said, status, wait)
    if status in _AUTH_STATUSES:
        return Failure(FailureKind.AUTH, f"{said} It refused the key.", status)
    if status >= _FIRST_SERVER_ERROR:
        return Failure(FailureKind.UPSTREAM_ERROR, said, status, wait)
    return Failure(FailureKind.REJECTED, said, status)


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
    if ReasonCode.OFFLINE in codes:
        return Failure(
            FailureKind.OFFLINE,
            f"Turnout is offline, so nothing left this machine. {sentence} Switch the "
            "mode in the tray, or add a provider that runs on this machine.",
        )
    return Failure(
        FailureKind.NO_ROUTE,
        f"{sentence} Nothing was sent. The provider list in Turnout says what to do.",
    )
