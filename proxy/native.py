"""The native lane: one call to a provider that speaks the client's protocol.

The body goes out as it came but for the spliced model and the replaced credential. It
makes one call and says how that ended; what is tried next is the pipeline's choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.errors import Failure, FailureKind
from proxy.exchange import HeldAnswer
from proxy.guard import Endpoint
from proxy.headers import answer_headers, request_headers, retry_after
from proxy.relay import Relay
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire.body import splice
from proxy.wire.mask import mask

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.recorder import Clock
    from proxy.secrets import Secrets
    from proxy.upstream import Answer, Upstream

ERROR_BODY_LIMIT = 1024 * 1024
"""Bytes of a provider's error answer that are kept to be passed back."""

_AUTH_STATUSES = frozenset({401, 402, 403})
_FIRST_SUCCESS = 200
_FIRST_REDIRECT = 300
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_TOO_MANY = 429
# How a stream of server-sent events can begin (WHATWG HTML, section 9.2.5).
_EVENT_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: `failure` is None where the client has its whole answer.

    `stale` says that a kept connection had been closed before the call was heard.
    """

    failure: Failure | None
    stale: bool = False


class NativeLane:
    """Calls providers in the client's own protocol."""

    def __init__(self, upstream: Upstream, secrets: Secrets, clock: Clock) -> None:
        """Keep the parts; see the class."""
        self._upstream = upstream
        self._secrets = secrets
        self._clock = clock

    async def call(self, journey: Journey, route: Route, *, fresh: bool) -> Outcome:
        """Make one provider call and carry its answer to the client.

        `fresh` keeps it off the connections that are kept. A failed attempt has been
        noted; a whole answer has been noted and recorded.
        """
        x = journey.x
        outgoing, secret = self._outgoing(x, route)
        status: int | None = None
        stale = False
        try:
            async with self._upstream.send(
                outgoing, offline=x.offline, fresh=fresh
            ) as answer:
                status = answer.status
                failure = await self._take(journey, route, answer, secret)
        except UpstreamError as error:
            failure, stale = error.failure, error.stale
        if failure is not None:
            now = self._clock.monotonic()
            x.note(route, journey.attempt_started, now, failure, status)
        return Outcome(failure, stale)

    def _outgoing(self, x: Exchange, route: Route) -> tuple[Outgoing, bytes | None]:
        provider, call = route.provider, x.call
        counting = call.endpoint is Endpoint.COUNT_TOKENS
        url = provider.count_url() if counting else provider.url(call.protocol)
        own = provider.key.kind == "client"
        secret = None if own else self._secrets.held(provider.key)
        body = call.body
        if route.model_id != x.model:
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

    async def _take(
        self, journey: Journey, route: Route, answer: Answer, secret: bytes | None
    ) -> Failure | None:
        name, status = route.provider.id, answer.status
        if status < _FIRST_SUCCESS:
            return Failure(
                FailureKind.MALFORMED, f"{name} did not answer in proper HTTP."
            )
        if status >= _FIRST_ERROR:
            now = self._clock.now().timestamp()
            return await _hold(journey.x, name, answer, secret, now)
        if status >= _FIRST_REDIRECT:
            return Failure(
                FailureKind.MALFORMED,
                f"{name} answered with a redirect, and Turnout follows none.",
                status,
            )
        if answer.header("content-type").lower().startswith("text/html"):
            return Failure(
                FailureKind.MALFORMED,
                f"{name} answered with a web page instead of a model's answer.",
                status,
            )
        return await _relay(journey, name, answer, secret)


async def _relay(
    journey: Journey, name: str, answer: Answer, secret: bytes | None
) -> Failure | None:
    """Carry a successful answer to the client by the way that fits its form."""
    x = journey.x
    x.events = await _is_stream(answer, asked=x.stream)
    relay = Relay(
        journey=journey,
        answer=answer,
        provider=name,
        secret=secret,
        headers=tuple(answer_headers(answer.headers, secret, keep_length=not x.events)),
    )
    packed = answer.header("content-encoding").lower() not in {"", "identity"}
    if not x.events:
        failure = await relay.body()
    else:
        failure = await (relay.packed() if packed else relay.stream())
    if failure is None:
        await x.outlet.end()
    return failure


async def _is_stream(answer: Answer, *, asked: bool) -> bool:
    """Tell a stream by its type, or where one was asked for by how it begins.

    Some local servers forget the type; taken for a JSON answer, a cut stream would
    look complete.
    """
    kind = answer.header("content-type").lower()
    if kind.startswith("text/event-stream"):
        return True
    if not asked or answer.header("content-encoding"):
        return False
    first = await answer.peek()
    return first.removeprefix(_BOM).lstrip(b"\r\n").startswith(_EVENT_STARTS)


async def _hold(
    x: Exchange, name: str, answer: Answer, secret: bytes | None, now: float
) -> Failure:
    """Read an error answer whole, so that it can be passed back if nothing is left."""
    status = answer.status
    wait = retry_after(answer.headers, now)
    body = await answer.read(ERROR_BODY_LIMIT)
    x.held = HeldAnswer(
        status=status,
        headers=tuple(answer_headers(answer.headers, secret, keep_length=False)),
        body=mask(body, secret) if secret else body,
        final=status in _AUTH_STATUSES and secret is not None,
        wait=wait,
    )
    said = f"{name} answered {status}."
    if status == _TOO_MANY:
        return Failure(FailureKind.RATE_LIMITED, said, status, wait)
    if status in _AUTH_STATUSES:
        return Failure(FailureKind.AUTH, f"{said} It refused the key.", status)
    if status >= _FIRST_SERVER_ERROR:
        return Failure(FailureKind.UPSTREAM_ERROR, said, status, wait)
    return Failure(FailureKind.REJECTED, said, status)
