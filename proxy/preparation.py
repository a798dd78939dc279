"""Makes a client's request ready for a provider of another protocol, and its way back.

It reads and writes values and bytes only: no call is made here and nothing is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from proxy.conversion import Conversion
from proxy.guard import Endpoint
from proxy.model import Origin, Protocol, Thinking, Usage
from proxy.reading import continued
from proxy.translation.fit import fit
from proxy.translation.restore import Restorer
from proxy.translation.stops import StopGuard
from proxy.translation.veil import Veil
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF, Target
from proxy.wire.counting import measure
from proxy.wire.gemini.client.listed import ListWriter
from proxy.wire.gemini.client.stream import StreamWriter
from proxy.wire.losses import named

if TYPE_CHECKING:
    from proxy.catalogue import Route
    from proxy.conversion import Step
    from proxy.counting import Estimator
    from proxy.exchange import Call
    from proxy.items import ItemStore
    from proxy.model import Loss, Message, Request
    from proxy.pins import Pins
    from proxy.translation.fit import Fitted
    from proxy.wire import Writer
    from proxy.wire.counting import Features

_EVENTS = "text/event-stream"
_LIST = "application/json"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the gateway remembers between requests, all of it in memory only."""

    items: ItemStore
    estimator: Estimator
    pins: Pins


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request made ready for one provider, and the way back of its answer.

    `shell` is what an answer repeats of the client's request. `kind` is the media type
    of an answer that is streamed. `conversation` is what is remembered with the answer,
    None where nothing shall be.
    `features` are what the request's size was measured by.
    """

    conversion: Conversion
    restorer: Restorer
    shell: Request
    kind: str
    features: Features
    conversation: tuple[Message, ...] | None


def target_of(route: Route, *, stream: bool) -> Target:
    """Return who a request is written for."""
    model = route.model
    return Target(
        protocol=route.protocol,
        provider=route.provider.id,
        model=route.model_id,
        dialect=route.dialect,
        stream=stream,
        max_output=model.max_output if model else None,
        context=model.context if model else None,
    )


def translated_url(route: Route, *, stream: bool) -> str:
    """Return where a written request is posted to."""
    url = route.provider.url(route.protocol)
    if route.protocol is not Protocol.GEMINI:
        return url
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"{url}/{quote(route.model_id, safe='/')}:{verb}"


def without_thinking(request: Request) -> Request:
    """Return the request without any reasoning of earlier answers."""
    return replace(
        request,
        messages=tuple(
            replace(
                message,
                parts=tuple(p for p in message.parts if not isinstance(p, Thinking)),
            )
            for message in request.messages
        ),
    )


def prepare(
    call: Call,
    route: Route,
    request: Request,
    memory: Memory,
    created: int,
    *,
    thinking: bool = True,
    secret: str | None = None,
) -> tuple[bytes, tuple[Loss, ...], Prepared]:
    """Return the provider's body, what it lost, and the way back.

    `created` is in Unix seconds. Without `thinking` all earlier reasoning is left out,
    what is remembered for the client too. `secret` is the provider's key, which the
    way back hides. Nothing of what is returned keeps the whole
    request alive, but for a conversation that is to be remembered.
    """
    target = target_of(route, stream=request.stream)
    if thinking:
        fitted = fit(
            request,
            target,
            recall=memory.items.recall(call.client),
            proofs_from=memory.pins.owner(call.client, call.session),
        )
    else:
        fitted = fit(without_thinking(request), target)
    written = PROVIDER_CODEC_OF[route.protocol].write_request(fitted.request, target)
    losses = (*fitted.losses, *written.losses)
    if not thinking:
        losses = (*losses, named("thinking_replay"))
    return (
        written.body,
        losses,
        _way_back(call, route, request, fitted, memory, created, secret),
    )


def _way_back(
    call: Call,
    route: Route,
    request: Request,
    fitted: Fitted,
    memory: Memory,
    created: int,
    secret: str | None,
) -> Prepared:
    origin = Origin(route.protocol, route.provider.id, route.model_id)
    owner = memory.pins.owner(call.client, call.session)
    restorer = Restorer(fitted.names, origin, call.protocol, proofs_from=owner)
    steps: list[Step] = [restorer]
    if fitted.stops:
        steps.append(StopGuard(fitted.stops))
    shell = _shell(call, request)
    listed = call.endpoint is Endpoint.GENERATE_STREAM and wants_list(call.query)
    features = measure(request)
    guess = memory.estimator.estimate(route.name, features)
    conversation = request.messages if _is_kept(request) else None
    conversion = Conversion(
        PROVIDER_CODEC_OF[route.protocol].stream_reader(
            answer_id=call.id, model=route.model_id
        ),
        steps,
        _writer(call, shell, created, listed=listed) if request.stream else None,
        guess=Usage(input_tokens=guess.tokens),
        keep=conversation is not None,
        text_passes=not fitted.stops,
        veil=Veil(secret) if secret else None,
    )
    kind = _LIST if listed else _EVENTS
    return Prepared(conversion, restorer, shell, kind, features, conversation)


def wants_list(query: str) -> bool:
    """Tell whether a Gemini stream is asked for as one JSON list, without `alt=sse`."""
    return parse_qs(query).get("alt", [""])[-1] != "sse"


def _writer(call: Call, shell: Request, created: int, *, listed: bool) -> Writer:
    if listed:
        return ListWriter(StreamWriter(shell, created=created, request_id=call.id))
    codec = CLIENT_CODEC_OF[call.protocol]
    return codec.stream_writer(shell, created=created, request_id=call.id)


def _shell(call: Call, request: Request) -> Request:
    """Return what an answer repeats of its request, and nothing large beside it.

    Answers of Responses repeat nearly all but the input, and which answer they
    continue; what that was has been put into the messages.
    """
    if call.protocol is not Protocol.RESPONSES:
        return replace(request, messages=(), system=(), tools=())
    kept = replace(request.kept, previous=continued(call))
    return replace(request, messages=(), kept=kept)


def _is_kept(request: Request) -> bool:
    """Tell whether the answer is to be remembered: Responses keeps unless told not."""
    return request.protocol is Protocol.RESPONSES and request.kept.store is not False
