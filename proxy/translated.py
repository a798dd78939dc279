"""The translated lane: one call to a provider that speaks another protocol.

The request is read into the neutral language, made to fit, and written anew; the answer
comes back the same way, as events. It makes one call (and repeats it once where a proof
of earlier reasoning was refused); what is tried next is the pipeline's choice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from proxy.attempt import (
    AUTH_STATUSES,
    ERROR_BODY_LIMIT,
    FIRST_ERROR,
    Outcome,
    objection,
    refusal,
)
from proxy.delivery import Delivery
from proxy.exchange import HeldAnswer
from proxy.headers import (
    answer_headers,
    request_headers,
    retry_after,
    translated_headers,
)
from proxy.model import Protocol
from proxy.preparation import prepare, translated_url
from proxy.reading import Unreadable, read_whole
from proxy.rejection import hints, is_unproven, refuses_length, told, too_long
from proxy.routing import MAX_ATTEMPTS
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire.mask import mask
from proxy.wire.unpack import side_decoder

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.errors import Failure
    from proxy.exchange import Call, Exchange
    from proxy.journey import Journey
    from proxy.preparation import Memory, Prepared
    from proxy.recorder import Clock
    from proxy.secrets import Secrets
    from proxy.upstream import Answer, Upstream


class TranslatedLane:
    """Calls providers in their own protocol for clients of another one."""

    def __init__(
        self, upstream: Upstream, secrets: Secrets, clock: Clock, memory: Memory
    ) -> None:
        """Keep the parts; see the class."""
        self._upstream = upstream
        self._secrets = secrets
        self._clock = clock
        self._memory = memory

    async def call(
        self, journey: Journey, route: Route, *, fresh: bool, first_byte: float
    ) -> Outcome:
        """Make one provider call and carry its answer to the client.

        `fresh` keeps it off the connections that are kept, `first_byte` is how many
        seconds the answer's first byte may take. A failed attempt has been
        noted; a whole answer has been noted and recorded.
        """
        x = journey.x
        x.unproven = False
        outcome = await self._once(journey, route, fresh=fresh, first_byte=first_byte)
        if outcome.failure is None or x.outlet.started or not x.unproven:
            return outcome
        if x.without_proofs or len(x.attempts) >= MAX_ATTEMPTS:
            return outcome
        # The provider refused a proof of reasoning: it is not the one that gave it.
        x.without_proofs = True
        last = len(x.attempts) + 1 >= MAX_ATTEMPTS
        x.begin(route, x.mark, retry=True, insured=x.insured and not last)
        journey.attempt_started = self._clock.monotonic()
        return await self._once(
            journey, route, fresh=fresh or last, first_byte=first_byte
        )

    async def _once(
        self,
        journey: Journey,
        route: Route,
        *,
        fresh: bool,
        first_byte: float,
    ) -> Outcome:
        x = journey.x
        status: int | None = None
        stale = False
        try:
            outgoing, delivery = self._prepare(journey, route, first_byte)
        except Unreadable as problem:
            return Outcome(problem.failure)
        try:
            async with (
                delivery.alive(),
                self._upstream.send(
                    outgoing, offline=x.offline, fresh=fresh, first_byte=first_byte
                ) as answer,
            ):
                # The answer may take minutes; another attempt writes its own request.
                del outgoing
                status = x.heard_status = answer.status
                x.heard = answer.headers
                failure = await self._take(x, route, answer, delivery)
        except UpstreamError as error:
            failure, stale = error.failure, error.stale
        if failure is not None:
            now = self._clock.monotonic()
            x.note(route, journey.attempt_started, now, failure, status)
        else:
            self._remember(x, route, delivery.prepared)
        return Outcome(failure, stale)

    def _prepare(
        self, journey: Journey, route: Route, patience: float
    ) -> tuple[Outgoing, Delivery]:
        x, provider = journey.x, route.provider
        # The parsed form is needed no longer than it takes to write it anew.
        request, x.request = x.request, None
        if request is None:
            items = self._memory.items
            request = read_whole(x.call, x.model, items, stream=x.stream)
        created = int(self._clock.now().timestamp())
        secret = self._secrets.held(provider.key)
        body, losses, prepared = prepare(
            x.call,
            route,
            request,
            self._memory,
            created,
            thinking=not x.without_proofs,
            secret=secret,
        )
        x.lose(losses)
        outgoing = Outgoing(
            method="POST",
            url=_url(x.call, route, stream=x.stream),
            headers=_headers(x.call, route, secret),
            body=body,
            provider=provider.id,
        )
        masked = secret.encode() if secret else None
        delivery = Delivery(journey, route, prepared, masked, created, patience)
        return outgoing, delivery

    async def _take(
        self, x: Exchange, route: Route, answer: Answer, delivery: Delivery
    ) -> Failure | None:
        if answer.status >= FIRST_ERROR:
            return await self._hold(x, route, answer, delivery.secret)
        failure = objection(route.provider.id, answer)
        failure = failure or await delivery.take(answer)
        if failure is None or x.outlet.started:
            return failure
        refused = too_long(failure)
        if refused is None:
            return failure
        x.too_long = True
        said = refused.message.encode()
        x.held = told(x.call.protocol, refused, said, x.call.id)
        return refused

    async def _hold(
        self, x: Exchange, route: Route, answer: Answer, secret: bytes | None
    ) -> Failure:
        """Turn an error answer into the client's form, to be told if nothing is left.

        The provider's own words stay in it: clients and people act on them. Where both
        speak alike it comes back as it is.
        """
        status = answer.status
        now = self._clock.now().timestamp()
        wait = retry_after(answer.headers, now)
        unpack = side_decoder(answer.header("content-encoding"))
        raw = await answer.read(ERROR_BODY_LIMIT)
        body = unpack(raw) if unpack else b""
        body = mask(body, secret) if secret else body
        failure = refusal(route.provider.id, status, wait)
        final = status in AUTH_STATUSES and secret is not None
        x.unproven = is_unproven(status, body)
        x.too_long = refuses_length(status, body)
        headers = answer_headers(answer.headers, secret, keep_length=False)
        if route.protocol is x.call.protocol:
            raw = mask(raw, secret) if secret else raw
            x.held = HeldAnswer(status, tuple(headers), raw, final, wait)
        else:
            x.held = told(
                x.call.protocol,
                failure,
                body,
                x.call.id,
                headers=hints(headers),
                final=final,
            )
            if secret:
                # Reading the provider's JSON has undone escapes that hid the key.
                x.held = replace(x.held, body=mask(x.held.body, secret))
        return failure

    def _remember(self, x: Exchange, route: Route, prepared: Prepared) -> None:
        """Keep what a later request of this client may refer to, and learn."""
        items, owner = self._memory.items, x.call.client
        if x.call.protocol is Protocol.CHAT:
            # The other protocols carry reasoning in the client's own history.
            for call_id, parts in prepared.restorer.remembered.items():
                if parts:
                    items.remember_thinking(call_id, owner, parts)
        if prepared.conversation is not None:
            items.keep(
                prepared.conversion.told, owner, prepared.conversation, route.name
            )
        whole = x.usage.whole_input
        if whole is not None:
            self._memory.estimator.learn(route.name, prepared.features, whole)


def _headers(call: Call, route: Route, secret: str | None) -> list[tuple[str, str]]:
    """Return the headers of a call: the client's own where the provider speaks alike.

    They come in pairs with fields of the body (`anthropic-beta`), which are kept then.
    """
    provider = route.provider
    style = provider.auth_style(route.protocol)
    if route.protocol is call.protocol:
        own = provider.key.kind == "client"
        return request_headers(call.headers, style=style, secret=secret, keep_own=own)
    agent = call.header("user-agent")
    return translated_headers(agent, route.protocol, style=style, secret=secret)


def _url(call: Call, route: Route, *, stream: bool) -> str:
    url = translated_url(route, stream=stream)
    alike = route.protocol is call.protocol is not Protocol.GEMINI
    return f"{url}?{call.query}" if alike and call.query else url
