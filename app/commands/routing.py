"""Commands about where requests go: why one went where it did, and trying one."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from app.commands.gateway import running
from app.commands.spend import from_ledger
from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.ledger.rows import Attempt, Event
from proxy.model import Protocol, Usage
from proxy.money import Price, show, why_unknown
from proxy.prices.rates import AS_USUAL

NEWEST = "last"
MOST_LINES = 12
"""Lines that a request which went well is told in at most."""

_LEAST_LINES = 8
_MARKS = {
    "same_lane": "same lane",
    "downgrade": "a downgrade",
    "escalation": "an escalation",
}
_ENDED = {
    "downgrade": " That was a downgrade: a weaker model than the request needs.",
    "escalation": " That was an escalation: a stronger model than was asked for.",
}
_TRIED = (Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request went where it did, one sentence a layer; `event` when finished."""

    id: str
    layers: tuple[str, ...]
    event: Event | None


@dataclass(frozen=True, slots=True)
class TryResult:
    """What one tried prompt came to.

    `request` is the id for `explain`, `route` is `provider/model` ('' where none was
    reached), `text` the answer. `cost_nano` is nano-dollars, None where unknown; times
    are milliseconds. `status` and `error` are the ledger's words and a sentence.
    """

    request: str
    route: str
    text: str
    usage: Usage
    cost_nano: int | None
    first_byte_ms: int | None
    duration_ms: int
    status: str
    error: str = ""


async def try_prompt(
    services: Services,
    prompt: Annotated[str, Meta(min_length=1, description="What to ask.")],
    *,
    model: Annotated[
        str | None, Meta(description="A model, or provider/model to pin the route.")
    ] = None,
) -> TryResult:
    """Send one prompt the way a client's request goes; it may cost money."""
    gateway = running(services)
    tried = await gateway.try_prompt(prompt, model, _protocol(services, model))
    if tried.error:
        raise CommandFailed(
            "The prompt was not answered",
            tried.error,
            f"{services.command_path} explain {tried.request} says what was tried.",
        )
    return tried


def _protocol(services: Services, model: str | None) -> Protocol:
    """Return the protocol that the first provider in question speaks."""
    pinned, slash, _ = (model or "").partition("/")
    for provider in services.config.current.catalogue.providers:
        if slash and provider.id != pinned:
            continue
        spoken = [each for each in _TRIED if each in provider.protocols]
        if spoken:
            return spoken[0]
    return _TRIED[0]


async def explain(
    services: Services,
    id: Annotated[  # noqa: A002
        str | None, Meta(description="A request's id, or `last`.")
    ] = None,
    *,
    last: Annotated[
        bool, Meta(description="The request that was finished last.")
    ] = False,
) -> Explanation:
    """Say why a request went where it did, from what was stored at the time."""
    if (id is None) is not last:
        raise CommandFailed(
            "Which request is meant",
            "Either a request's id or --last is needed, and not both.",
            f"{services.command_path} events lists the recent ones.",
            Exit.USAGE,
        )
    async with from_ledger():
        if id is None or id == NEWEST:
            newest = await services.ledger.recent(1)
            id = newest[0].id if newest else NEWEST  # noqa: A001
        event = await services.ledger.event(id)
        stored = await services.ledger.decision(id)
    if event is None and stored is None:
        raise CommandFailed(
            "There is no such request",
            "The record holds no request with this id. A request that was refused "
            "before it was routed leaves no record, only a line in the log.",
            f"{services.command_path} events lists the recent ones, "
            f"{services.command_path} logs shows the log.",
        )
    happened = ["It is not finished yet."]
    if event is not None:
        happened = [*_happened(event, _price_source(services, event))]
    room = max(MOST_LINES - len(happened), _LEAST_LINES)
    return Explanation(id, (*_decided(stored, room), *happened), event)


def _decided(stored: str | None, room: int) -> tuple[str, ...]:
    from msgspec import DecodeError

    from proxy.routing import explain as explain_decision
    from proxy.routing import read_decision

    if stored is None:
        return ("The decision was not recorded.",)
    try:
        return explain_decision(read_decision(stored), room)
    except DecodeError:
        return ("The decision was recorded by another version and cannot be read.",)


def _price_source(services: Services, event: Event) -> str:
    """Return where the prices came from, as far as that is still known."""
    catalogue = services.config.current.catalogue
    snapshot, _, _ = (event.price_snapshot or "").partition(AS_USUAL)
    if snapshot != catalogue.snapshot:
        return ""
    for provider in catalogue.providers:
        if provider.id == event.provider:
            model = provider.find_model(event.model or "")
            if model is None and (rates := provider.rates(event.model or "")):
                return str(rates.source)
            return (model.price_source if model else "") or provider.price_source
    return ""


def _happened(event: Event, source: str) -> Iterator[str]:
    spent = dict(event.spent)
    for number, attempt in enumerate(event.attempts, start=1):
        said = _attempt(number, attempt, event.protocol)
        yield f"{said}{_spent(attempt)}" if number in spent else said
    yield _ending(event)
    yield from _used(event, source)
    yield from _lost(event)


def _lost(event: Event) -> Iterator[str]:
    """Tell what the translation into the provider's protocol could not carry over."""
    from app.lost import lost

    for name, sentence in zip(event.losses, lost(event.losses), strict=True):
        yield f"Lost in translation ({name}): {sentence}"


def _used(event: Event, source: str) -> Iterator[str]:
    """Tell tokens and cost, where there can be any."""
    if event.status == "interrupted" and event.cost_nano is None:
        yield "What it cost is not known."
    elif event.provider is None and not event.attempts:
        yield "No provider was called, so it cost nothing."
    else:
        yield _tokens(event)
        yield _cost(event, source)


def _attempt(number: int, attempt: Attempt, spoken: str | None) -> str:
    route = f"{attempt.provider}/{attempt.model}"
    took = f"after {seconds(attempt.duration_ms)}"
    means = (
        "the same route once more" if attempt.retry else "",
        _MARKS.get(attempt.mark, ""),
        f"translated into {attempt.protocol}" if attempt.protocol != spoken else "",
    )
    if told := ", ".join(filter(None, means)):
        route += f" ({told})"
    if attempt.outcome == "ok":
        return f"Attempt {number}: {route} answered {took}."
    status = f" (status {attempt.status})" if attempt.status else ""
    what = attempt.outcome.replace("_", " ")
    return f"Attempt {number}: {route} failed {took}: {what}{status}."


def _spent(attempt: Attempt) -> str:
    """Return what an attempt cost that did not become the answer."""
    cost = attempt.cost_nano
    return (
        f" It cost {'an unknown amount' if cost is None else show(cost)} all the same."
    )


def _ending(event: Event) -> str:
    words = {
        "success": "It was answered",
        "fallback_success": "It was answered by a fallback",
        "error": "It ended in an error",
        "cancelled": "The client left before the answer was complete",
        "interrupted": "The gateway ended before the answer did",
    }
    if event.status == "fallback_success" and len(set(event.fallback_chain)) == 1:
        words[event.status] = "It was answered when the same route was asked once more"
    ending = words.get(event.status, f"It ended as {event.status}")
    kind = f" ({event.error_kind.replace('_', ' ')})" if event.error_kind else ""
    took = f" in {seconds(event.duration_ms)}" if event.duration_ms is not None else ""
    first = ""
    if event.first_byte_ms is not None:
        first = f", the first byte after {seconds(event.first_byte_ms)}"
    mark = _ENDED.get(event.mark, "")
    return f"{ending}{kind}{took}{first}.{mark}"


def _tokens(event: Event) -> str:
    counts = (
        (event.input_tokens, "fresh input"),
        (event.cache_read_tokens, "read from cache"),
        (event.cache_write_tokens, "written to cache"),
        (event.output_tokens, "output"),
    )
    told = [f"{count:,} {what}" for count, what in counts if count is not None]
    if not told:
        return "The provider told no token counts."
    return f"Tokens: {', '.join(told)}."


def _cost(event: Event, source: str) -> str:
    if event.cost_nano is None:
        why = why_unknown(usage_of(event), event.price) or "it was not recorded"
        return f"Its cost is unknown: {why}."
    price = _prices(event.price) if event.price else ""
    origin = f", price from {source}" if source else ""
    paid = {"subscription": "covered by a subscription, at list price"}
    how = paid.get(event.billing or "", event.billing or "no billing mode")
    cost = f"It cost {show(event.cost_nano)} ({how}{price}{origin})."
    return f"{cost}{_as_usual(event)}{_compared(event)}"


def _as_usual(event: Event) -> str:
    """Return that how it was served has no price of its own, so what is told may be."""
    _, _, words = (event.price_snapshot or "").partition(AS_USUAL)
    return f" It is priced as usual: no price for {words} is known." if words else ""


def _compared(event: Event) -> str:
    """Return what the same tokens would have cost at what was asked for."""
    asked, cost = event.asked_cost_nano, event.cost_nano
    if asked is None or cost is None or asked == cost:
        return ""
    return f" The same tokens at the model asked for: about {show(asked)}."


def usage_of(event: Event) -> Usage:
    """Return what a recorded request used."""
    return Usage(
        input_tokens=event.input_tokens,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        cache_write_1h_tokens=event.cache_write_1h_tokens,
        output_tokens=event.output_tokens,
        reasoning_tokens=event.reasoning_tokens,
        web_searches=event.web_searches,
    )


def _prices(price: Price) -> str:
    parts: tuple[tuple[str, Decimal | None], ...] = (
        ("input", price.input),
        ("output", price.output),
        ("cache read", price.cache_read),
        ("cache write", price.cache_write),
    )
    told = [f"{what} {amount}" for what, amount in parts if amount is not None]
    return f"; {', '.join(told)} $ per million tokens" if told else ""


def seconds(milliseconds: int) -> str:
    """Return a duration as people read it: `320 ms`, `4.2 s`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    return f"{milliseconds / 1000:.1f} s"
