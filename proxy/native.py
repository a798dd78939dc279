"""The native lane: one call to a provider that speaks the client's protocol.

The body goes out as it came but for the spliced model and the replaced credential. It
makes one call and says how that ended; what is tried next is the pipeline's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from proxy.attempt import (
    AUTH_STATUSES,
    ERROR_BODY_LIMIT,
    FIRST_ERROR,
    Outcome,
    is_stream,
    objection,
    refusal,
)
from proxy.exchange import HeldAnswer
from proxy.guard import Endpoint
from proxy.headers import answer_headers, request_headers, retry_after
from proxy.model import Protocol
from proxy.relay import Relay
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire.body import splice
from proxy.wire.mask import mask

if TYPE_CHECKING:
    from proxy.catalogue import Provider, Route
    from proxy.errors import Failure
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.recorder import Clock
    from proxy.secrets import Secrets
    from proxy.upstream import Answer, Upstream


class NativeLane:
    """Calls providers in the client's own protocol."""

    def __init__(self, upstream: Upstream, secrets: Secrets, clock: Clock) -> None:
        """Keep the parts; see the class."""
        self._upstream = upstream
        self._secrets = secrets
        self._clock = clock

    async def call(
        self, journey: Journey, route: Route, *, fresh: bool, first_byte: float
    ) -> Outcome:
        """Make one provider call and carry its answer to the client.

        `fresh` keeps it off the connections that are kept, `first_byte` is how many
        seconds the answer's first byte may take. A failed attempt has been
        noted; a whole answer has been noted and recorded.
        """
        x = journey.x
        outgoing, secret = self._outgoing(x, route)
        status: int | None = None
        stale = False
        try:
            async with self._upstream.send(
                outgoing, offline=x.offline, fresh=fresh, first_byte=first_byte
            ) as answer:
                # The answer may take minutes; another attempt makes its own call.
                del outgoing
                status = x.heard_status = answer.status
                x.heard = answer.headers
                failure = await self._take(journey, route, answer, secret)
        except UpstreamError as error:
            failure, stale = error.failure, error.stale
        if failure is not None:
            now = self._clock.monotonic()
            x.note(route, journey.attempt_started, now, failure, status)
        return Outcome(failure, stale)

    def _outgoing(self, x: Exchange, route: Route) -> tuple[Outgoing, bytes | None]:
        provider, call = route.provider, x.call
        own = provider.key.kind == "client"
        secret = None if own else self._secrets.held(provider.key)
        url = native_url(provider, call.endpoint, route.model_id)
        body = call.body.data
        if route.model_id != x.model and x.model_span is not None:
            body = splice(body, x.model_span, route.model_id)
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
        name = route.provider.id
        if answer.status >= FIRST_ERROR:
            now = self._clock.now().timestamp()
            return await _hold(journey.x, name, answer, secret, now)
        failure = objection(name, answer)
        return failure or await _relay(journey, name, answer, secret)


_VERBS = {
    Endpoint.GENERATE: "generateContent",
    Endpoint.GENERATE_STREAM: "streamGenerateContent",
    Endpoint.COUNT_GEMINI: "countTokens",
}
_SPOKEN = {
    Endpoint.MESSAGES: Protocol.MESSAGES,
    Endpoint.COUNT_MESSAGES: Protocol.MESSAGES,
    Endpoint.RESPONSES: Protocol.RESPONSES,
    Endpoint.COMPACT: Protocol.RESPONSES,
    Endpoint.COUNT_RESPONSES: Protocol.RESPONSES,
    Endpoint.CHAT: Protocol.CHAT,
}
_BELOW = {
    Endpoint.COUNT_MESSAGES: "/count_tokens",
    Endpoint.COUNT_RESPONSES: "/input_tokens",
    Endpoint.COMPACT: "/compact",
}


def native_url(provider: Provider, endpoint: Endpoint, model: str) -> str:
    """Return the provider's URL of an endpoint; Gemini's holds the model's name."""
    verb = _VERBS.get(endpoint)
    if verb is not None:
        return f"{provider.url(Protocol.GEMINI)}/{quote(model, safe='/')}:{verb}"
    return f"{provider.url(_SPOKEN[endpoint])}{_BELOW.get(endpoint, '')}"


async def _relay(
    journey: Journey, name: str, answer: Answer, secret: bytes | None
) -> Failure | None:
    """Carry a successful answer to the client by the way that fits its form."""
    x = journey.x
    x.events = await is_stream(answer, asked=x.stream)
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
        await relay.close()
    return failure


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
        final=status in AUTH_STATUSES and secret is not None,
        wait=wait,
    )
    return refusal(name, status, wait)
