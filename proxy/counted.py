"""Counts the tokens of a request: by the provider where it can, else by an estimate.

A count is no model call: it costs nothing, leaves no row, and is never refused for want
of a counter. How it was come by stands in the answer's headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from proxy.attempt import ERROR_BODY_LIMIT, FIRST_ERROR, objection
from proxy.errors import FailureKind
from proxy.guard import Endpoint
from proxy.headers import translated_headers
from proxy.model import Json, Protocol
from proxy.native import native_url
from proxy.practice import PRACTICE_PROVIDER_ID
from proxy.preparation import target_of
from proxy.reading import Unreadable, read_whole
from proxy.translation.fit import fit
from proxy.translation.needs import obstacles
from proxy.upstream import Outgoing, UpstreamError
from proxy.wire import PROVIDER_CODEC_OF, WireError
from proxy.wire.counting import measure
from proxy.wire.gemini.client.count import read_count_answer, write_count

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.errors import Failure
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.model import Request
    from proxy.native import NativeLane
    from proxy.preparation import Memory
    from proxy.secrets import Secrets
    from proxy.upstream import Upstream

_OK = 200
_COUNTER: Final = {
    Protocol.MESSAGES: Endpoint.COUNT_MESSAGES,
    Protocol.RESPONSES: Endpoint.COUNT_RESPONSES,
    Protocol.GEMINI: Endpoint.COUNT_GEMINI,
}
# What the vendors' counting endpoints take of a request (`MessageCountTokensParams`
# of the `anthropic` SDK 2.8.0, `InputTokenCountParams` of the `openai` SDK 3.51.0).
_COUNTED: Final = {
    Protocol.MESSAGES: (
        "messages",
        "model",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
    ),
    Protocol.RESPONSES: (
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
    ),
}
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FINAL: Final = frozenset({FailureKind.REJECTED, FailureKind.AUTH})
_NO_SUCH_PATH: Final = frozenset({404, 405, 501})


class _Told(msgspec.Struct):
    input_tokens: int


class Counter:
    """Answers requests for a count."""

    def __init__(
        self, upstream: Upstream, secrets: Secrets, native: NativeLane, memory: Memory
    ) -> None:
        """Keep the parts; see the class."""
        self._upstream = upstream
        self._secrets = secrets
        self._native = native
        self._memory = memory
        # Providers without a counting endpoint, so that each is asked once.
        self._without: set[tuple[str, Protocol]] = set()

    async def count(self, journey: Journey, *, native: bool) -> Failure | None:
        """Answer the count of `journey`; returns what there is to tell instead.

        `native` says that the first route speaks the client's protocol.
        """
        x = journey.x
        route = next(iter(x.decision.attempts), None)
        if route is not None:
            x.begin(route)
        if route is not None and native and self._counts(route):
            x.counted = "exact"
            patience = self._upstream.limits.first_byte
            outcome = await self._native.call(
                journey, route, fresh=False, first_byte=patience
            )
            if outcome.failure is None or self._is_answer(route, outcome.failure):
                return outcome.failure
            x.held = None
        try:
            request = read_whole(x.call, x.model, self._memory.items, stream=False)
        except Unreadable as problem:
            return problem.failure
        told = None
        if route is not None and not native and self._counts(route):
            told = await self._ask(x, route, request)
        x.counted = "estimate" if told is None else "provider"
        await self._tell(journey, self._estimate(x, request) if told is None else told)
        return None

    def _counts(self, route: Route) -> bool:
        # The practice provider is nobody who could be called.
        practice = route.provider.id == PRACTICE_PROVIDER_ID
        known = route.protocol in _COUNTER and not practice
        return known and (route.provider.id, route.protocol) not in self._without

    def _is_answer(self, route: Route, failure: Failure) -> bool:
        """Tell whether a refusal is the client's business, or only says: no counter."""
        if failure.status in _NO_SUCH_PATH:
            self._without.add((route.provider.id, route.protocol))
            return False
        return failure.kind in _FINAL

    async def _ask(self, x: Exchange, route: Route, request: Request) -> int | None:
        """Ask the route's own counting endpoint; None where it gives no number."""
        if obstacles(request, route.protocol, route.dialect):
            return None
        provider = route.provider
        endpoint = _COUNTER[route.protocol]
        outgoing = Outgoing(
            method="POST",
            url=native_url(provider, endpoint, route.model_id),
            headers=translated_headers(
                x.call.header("user-agent"),
                route.protocol,
                style=provider.auth_style(route.protocol),
                secret=self._secrets.held(provider.key),
            ),
            body=_question(route, request),
            provider=provider.id,
        )
        try:
            async with self._upstream.send(outgoing, offline=x.offline) as answer:
                if answer.status in _NO_SUCH_PATH:
                    self._without.add((provider.id, route.protocol))
                if answer.status >= FIRST_ERROR or objection(provider.id, answer):
                    return None
                body = await answer.read(ERROR_BODY_LIMIT)
                return _told(route.protocol, body)
        except UpstreamError:
            return None

    def _estimate(self, x: Exchange, request: Request) -> int:
        name = x.route.name if x.route else x.model
        guess = self._memory.estimator.estimate(name, measure(request))
        x.count_band = (guess.low, guess.high)
        return guess.tokens

    async def _tell(self, journey: Journey, tokens: int) -> None:
        body = _answer(journey.x.call.protocol, tokens)
        headers = (
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
        )
        await journey.start(_OK, headers)
        await journey.x.outlet.write(body)
        await journey.x.outlet.end()


def _question(route: Route, request: Request) -> bytes:
    """Write what a counting endpoint takes of a request."""
    target = target_of(route, stream=False)
    fitted = fit(request, target)
    written = PROVIDER_CODEC_OF[route.protocol].write_request(fitted.request, target)
    fields = _OBJECT.decode(written.body)
    if route.protocol is Protocol.GEMINI:
        model = f"models/{quote(route.model_id, safe='/')}"
        whole = {"model": msgspec.Raw(msgspec.json.encode(model)), **fields}
        return msgspec.json.encode({"generateContentRequest": whole})
    kept = _COUNTED[route.protocol]
    return msgspec.json.encode({key: fields[key] for key in kept if key in fields})


def _told(protocol: Protocol, body: bytes) -> int | None:
    """Return what a counting endpoint said, None where that is no count."""
    try:
        if protocol is Protocol.GEMINI:
            return read_count_answer(body)
        return msgspec.json.decode(body, type=_Told).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, WireError):
        return None


def _answer(protocol: Protocol, tokens: int) -> bytes:
    match protocol:
        case Protocol.GEMINI:
            return write_count(tokens)
        case Protocol.RESPONSES:
            shape: Json = {"object": "response.input_tokens", "input_tokens": tokens}
            return msgspec.json.encode(shape)
        case _:
            return msgspec.json.encode({"input_tokens": tokens})
