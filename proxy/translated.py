"""The translated lane: one call to a provider that speaks another protocol.

The request is read into the neutral language, made to fit, and written anew; the answer
comes back the same way, as events. It makes one call (and repeats it once where a proof
of earlier reasoning was refused); what is tried next is the pipeline's choice.
"""

from __future__ import annotations

import re
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
from proxy.headers import answer_headers, retry_after, translated_headers
from proxy.model import Protocol
from proxy.preparation import prepare, translated_url, without_thinking
from proxy.reading import Unreadable, read_whole
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire.envelope import error_body
from proxy.wire.mask import mask
from proxy.wire.unpack import side_decoder
from proxy.wire.wording import says_too_long, wording

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.errors import Failure
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.preparation import Memory, Prepared
    from proxy.recorder import Clock
    from proxy.secrets import Secrets
    from proxy.upstream import Answer, Upstream

_BAD_REQUEST = 400
_OVERLOADED = 529
_UNAVAILABLE = 503
# How Anthropic and OpenAI refuse reasoning that another model or account has made.
_UNPROVEN = re.compile(
    rb"signature.{0,60}thinking|thinking.{0,60}signature|encrypted[_ ]content",
    re.IGNORECASE | re.DOTALL,
)
_HINTS = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
_LIMITS = ("x-ratelimit-", "anthropic-ratelimit-")


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

    async def call(self, journey: Journey, route: Route, *, fresh: bool) -> Outcome:
        """Make one provider call and carry its answer to the client.

        `fresh` keeps it off the connections that are kept. A failed attempt has been
        noted; a whole answer has been noted and recorded.
        """
        x = journey.x
        x.unproven = False
        outcome = await self._once(journey, route, fresh=fresh)
        if outcome.failure is None or x.outlet.started or not x.unproven:
            return outcome
        # The provider refused a proof of reasoning: it is not the one that gave it.
        journey.attempt_started = self._clock.monotonic()
        return await self._once(journey, route, fresh=False, thinking=False)

    async def _once(
        self, journey: Journey, route: Route, *, fresh: bool, thinking: bool = True
    ) -> Outcome:
        x = journey.x
        status: int | None = None
        stale = False
        try:
            outgoing, delivery = self._prepare(journey, route, thinking=thinking)
        except Unreadable as problem:
            return Outcome(problem.failure)
        try:
            async with (
                delivery.alive(),
                self._upstream.send(outgoing, offline=x.offline, fresh=fresh) as answer,
            ):
                # The answer may take minutes; another attempt writes its own request.
                del outgoing
                status = answer.status
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
        self, journey: Journey, route: Route, *, thinking: bool
    ) -> tuple[Outgoing, Delivery]:
        x, provider = journey.x, route.provider
        # The parsed form is needed no longer than it takes to write it anew.
        request, x.request = x.request, None
        if request is None:
            items = self._memory.items
            request = read_whole(x.call, x.model, items, stream=x.stream)
        if not thinking:
            request = without_thinking(request)
        created = int(self._clock.now().timestamp())
        body, losses, prepared = prepare(x.call, route, request, self._memory, created)
        x.lose(losses)
        secret = self._secrets.held(provider.key)
        outgoing = Outgoing(
            method="POST",
            url=translated_url(route, stream=x.stream),
            headers=translated_headers(
                x.call.header("user-agent"),
                route.protocol,
                style=provider.auth_style(route.protocol),
                secret=secret,
            ),
            body=body,
            provider=provider.id,
        )
        masked = secret.encode() if secret else None
        return outgoing, Delivery(journey, route, prepared, masked, created)

    async def _take(
        self, x: Exchange, route: Route, answer: Answer, delivery: Delivery
    ) -> Failure | None:
        if answer.status >= FIRST_ERROR:
            return await self._hold(x, route, answer, delivery.secret)
        failure = objection(route.provider.id, answer)
        return failure or await delivery.take(answer)

    async def _hold(
        self, x: Exchange, route: Route, answer: Answer, secret: bytes | None
    ) -> Failure:
        """Turn an error answer into the client's form, to be told if nothing is left.

        The provider's own words stay in it: clients and people act on them.
        """
        status = answer.status
        now = self._clock.now().timestamp()
        wait = retry_after(answer.headers, now)
        unpack = side_decoder(answer.header("content-encoding"))
        raw = await answer.read(ERROR_BODY_LIMIT)
        body = unpack(raw) if unpack else b""
        body = mask(body, secret) if secret else body
        failure = refusal(route.provider.id, status, wait)
        x.unproven = status == _BAD_REQUEST and bool(_UNPROVEN.search(body))
        told = _status_for(x.call.protocol, status)
        message = _message(x.call.protocol, failure.message, body)
        x.held = HeldAnswer(
            status=told,
            headers=(("content-type", "application/json"), *_hints(answer, secret)),
            body=error_body(x.call.protocol, told, failure.kind, message, x.call.id),
            final=status in AUTH_STATUSES and secret is not None,
            wait=wait,
        )
        return failure

    def _remember(self, x: Exchange, route: Route, prepared: Prepared) -> None:
        """Keep what a later request of this client may refer to, and learn."""
        items, owner = self._memory.items, x.call.client
        for call_id, parts in prepared.restorer.remembered.items():
            items.remember_thinking(call_id, owner, parts)
        if prepared.conversation is not None:
            items.keep(
                prepared.conversion.told, owner, prepared.conversation, route.name
            )
        whole = x.usage.whole_input
        if whole is not None:
            self._memory.estimator.learn(route.name, prepared.features, whole)


def _status_for(protocol: Protocol, status: int) -> int:
    """Return the status a client's own vendor would use: 529 is Anthropic's alone."""
    foreign = protocol is not Protocol.MESSAGES
    return _UNAVAILABLE if foreign and status == _OVERLOADED else status


def _message(protocol: Protocol, said: str, body: bytes) -> str:
    words = wording(body)
    message = f"{said} It said: {words}" if words else said
    if protocol is Protocol.MESSAGES and says_too_long(body):
        # Claude Code shortens its conversation when it reads these words.
        return f"prompt is too long: {message}"
    return message


def _hints(answer: Answer, secret: bytes | None) -> tuple[tuple[str, str], ...]:
    """Return the headers that say when to try again and how much is left."""
    return tuple(
        (name, value)
        for name, value in answer_headers(answer.headers, secret, keep_length=False)
        if name.lower() in _HINTS or name.lower().startswith(_LIMITS)
    )
