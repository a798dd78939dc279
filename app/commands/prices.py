"""Commands about prices: what models cost, who says so, and a newer list of them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from app.commands.spend import from_ledger
from app.failure import CommandFailed
from app.prices import (
    ActivePrices,
    NothingToUndo,
    PricesBusy,
    active_snapshot,
    save_prices,
    undo_prices,
)
from app.services import Services
from proxy.catalogue import Catalogue, Model, Provider
from proxy.ledger.rows import Event
from proxy.model import Usage
from proxy.money import Price, cost_nano
from proxy.prices.conditions import conditions as conditions_of
from proxy.prices.conflicts import (
    AGGREGATOR,
    Conflict,
    Observed,
    aggregator_names,
    observed_conflict,
)
from proxy.prices.conflicts import conflicts as conflicts_of
from proxy.prices.difference import (
    Change,
    Difference,
    difference,
    objections,
    shrinks,
)
from proxy.prices.document import DocumentError
from proxy.prices.freshness import (
    Freshness,
    age_days,
    freshness,
    is_own,
    source_now,
)
from proxy.prices.rates import Rates
from proxy.prices.snapshot import Snapshot, price_snapshot, rates_of, snapshot_of

_LOOKED_AT = 1000  # requests whose told costs are compared with the table
_NAMED = 3  # objections that are repeated


@dataclass(frozen=True, slots=True)
class PriceRow:
    """What one route costs now; `price` None is untracked, never free.

    `conditions` say when it costs something else. `checked` is when the source was
    looked at, `age_days` how long ago; both None for the user's own word. `priced_as`
    is the id the source lists, '' where it is the model's own.
    """

    route: str
    price: Price | None
    conditions: tuple[str, ...]
    status: Freshness
    source: str
    checked: datetime | None
    age_days: int | None
    priced_as: str
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of the configured providers' models, at `time` (UTC).

    Names that were used lately and that their provider does not list are among them.
    `snapshot` names the document in force, `note` is what is to be known of it, or ''.
    """

    prices: tuple[PriceRow, ...]
    snapshot: str
    note: str
    time: datetime
    configured: bool = True


@dataclass(frozen=True, slots=True)
class PriceChanges:
    """What another price document changes, and whether it was taken.

    `asks` is True where nothing was changed because the user has to agree first.
    `before` and `after` name the two documents; `warning` is what to look at, or ''.
    """

    applied: bool
    asks: bool
    before: str
    after: str
    changes: tuple[Change, ...]
    same: int
    warning: str = ""


async def prices(
    services: Services,
    *,
    stale: Annotated[
        bool, Meta(description="Only prices whose source was not looked at lately.")
    ] = False,
    untracked: Annotated[bool, Meta(description="Only models without prices.")] = False,
    conflicts: Annotated[
        bool, Meta(description="Only prices that another source contradicts.")
    ] = False,
) -> PriceList:
    """Show what each model costs, how fresh that is and who contradicts it.

    Several of the options together show the rows of each.
    """
    active = await asyncio.to_thread(active_snapshot, services.paths)
    now = services.clock.now()
    events = await _recent(services)
    catalogue = services.config.current.catalogue
    # Off the loop that answers requests: there may be hundreds of models.
    rows = await asyncio.to_thread(_rows, catalogue, active.snapshot, now, events)
    if stale or untracked or conflicts:
        old = {Freshness.STALE, Freshness.UNVERIFIED} if stale else set()
        wanted = old | ({Freshness.UNTRACKED} if untracked else set())
        rows = [r for r in rows if r.status in wanted or (conflicts and r.conflicts)]
    note = active.problem or _overtaken(active, services.command_path)
    configured = bool(catalogue.providers)
    return PriceList(tuple(rows), active.snapshot.id, note, now, configured)


def _overtaken(active: ActivePrices, command_path: str) -> str:
    """Return the sentence that Turnout itself came with newer prices, or ''."""
    own, shipped = active.snapshot.document.built, price_snapshot().document.built
    if not active.refreshed or own >= shipped:
        return ""
    return (
        f"They were made on {own}; this version of Turnout came with prices of "
        f"{shipped}. `{command_path} prices undo` takes the last refresh back."
    )


def _rows(
    catalogue: Catalogue,
    snapshot: Snapshot,
    now: datetime,
    events: Sequence[Event],
) -> list[PriceRow]:
    seen = _observed(events)
    return [
        _row(provider, model, snapshot, now, seen)
        for provider in catalogue.providers
        for model in (*provider.models, *_unlisted(provider, events))
    ]


def _unlisted(provider: Provider, events: Sequence[Event]) -> Iterator[Model]:
    """Yield the names it was lately asked for and does not list, with their prices."""
    asked = {event.model or "" for event in events if event.provider == provider.id}
    for name in sorted(asked - {""}):
        if provider.any_model and provider.find_model(name) is None:
            yield Model(name, rates=provider.rates(name))


def _row(
    provider: Provider,
    model: Model,
    snapshot: Snapshot,
    now: datetime,
    seen: Mapping[str, list[Observed]],
) -> PriceRow:
    route = f"{provider.id}/{model.id}"
    status = freshness(model.rates, model.id, now)
    rates = model.rates
    if rates is None or status is Freshness.UNTRACKED:
        return PriceRow(route, None, (), status, "", None, None, "", ())
    source, own = source_now(rates, now), is_own(rates)
    found = conflicts_of(rates, _others(provider, model, rates, snapshot), now)
    told = observed_conflict(seen.get(route, ()))
    return PriceRow(
        route=route,
        price=rates.price(0, now),
        conditions=conditions_of(rates, now),
        status=status,
        source=source.reference if own else f"{source.reference} ({source.type})",
        checked=None if own else source.time,
        age_days=age_days(rates, now),
        priced_as="" if rates.priced_as == model.id else rates.priced_as,
        conflicts=(*found, *((told,) if told else ())),
    )


def _others(
    provider: Provider, model: Model, rates: Rates, snapshot: Snapshot
) -> Iterator[Rates]:
    """Yield what else is said about a model's price."""
    listed = provider.priced_as or provider.id
    if is_own(rates) and (shipped := snapshot.rates(listed, model.id)):
        yield shipped
    names = aggregator_names(listed, rates.priced_as or model.id)
    offers = (snapshot.rates(AGGREGATOR, name) for name in names)
    if offer := next(filter(None, offers), None):
        yield offer


async def _recent(services: Services) -> Sequence[Event]:
    async with from_ledger():
        return await services.ledger.recent(_LOOKED_AT)


def _observed(events: Iterable[Event]) -> dict[str, list[Observed]]:
    """Return what recent answers cost by route, newest first, beside the table."""
    found: dict[str, list[Observed]] = {}
    for event in events:
        table = _table_cost(event)
        if event.answer_cost_nano is not None and table is not None:
            route = f"{event.provider}/{event.model}"
            seen = Observed(event.answer_cost_nano, table)
            found.setdefault(route, []).append(seen)
    return found


def _table_cost(event: Event) -> int | None:
    """Return what the recorded price makes of the tokens of the answer."""
    usage = Usage(
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        cache_read_tokens=event.cache_read_tokens,
        cache_write_tokens=event.cache_write_tokens,
        cache_write_1h_tokens=event.cache_write_1h_tokens,
        reasoning_tokens=event.reasoning_tokens,
        web_searches=event.web_searches,
    )
    return cost_nano(usage, event.price)


async def refresh(
    services: Services,
    *,
    from_: Annotated[
        str,
        Meta(
            min_length=1,
            description="A price document: the path of a file or an https address.",
            extra={"place": True},
        ),
    ],
    yes: Annotated[bool, Meta(description="Take the prices over.")] = False,
    even_if_smaller: Annotated[
        bool, Meta(description="Take over a document with far fewer models, too.")
    ] = False,
) -> PriceChanges:
    """Compare a newer price document with the prices in force, and take it with --yes.

    Without --yes nothing is changed. Requests of the past keep their cost.
    """
    from app.price_source import fetch_document

    offline = services.config.current.mode == "offline"
    data = await fetch_document(from_, offline=offline)
    now = services.clock.now()
    active = await asyncio.to_thread(active_snapshot, services.paths)
    newer = await asyncio.to_thread(_sound, data, now)
    found, warning = await asyncio.to_thread(_compared, active.snapshot, newer, now)
    if newer.digest == active.snapshot.digest:
        return _changes(found, active.snapshot, newer, applied=False)
    if not yes:
        return _changes(found, active.snapshot, newer, asks=True, warning=warning)
    if warning and not even_if_smaller:
        raise CommandFailed(
            "The price document has too few models",
            f"{warning} It may be cut off. The prices were not changed.",
            "If it is meant, say --even-if-smaller as well.",
        )
    await _save(services, data, active)
    return _changes(found, active.snapshot, newer, applied=True, warning=warning)


def _sound(data: bytes, now: datetime) -> Snapshot:
    try:
        newer = snapshot_of(data)
    except DocumentError as wrong:
        raise CommandFailed(
            "This is no usable price document",
            f"{wrong} The prices were not changed.",
            "Look at docs/reference/price-snapshot.md for how one looks.",
        ) from None
    against = objections(_priced(newer), now)
    if against:
        more = len(against) - _NAMED
        rest = f" So do {more} more of its models." if more > 0 else ""
        raise CommandFailed(
            "The price document cannot be true",
            f"{' '.join(against[:_NAMED])}{rest} The prices were not changed.",
            "Get the document again, or from somewhere else.",
        )
    return newer


def _compared(
    before: Snapshot, after: Snapshot, now: datetime
) -> tuple[Difference, str]:
    """Return what changes, and the sentence that models are missing, or ''."""
    old, new = _priced(before), _priced(after)
    return difference(old, new, now), shrinks(old, new)


def _priced(snapshot: Snapshot) -> dict[str, Rates]:
    return {
        f"{provider.id}/{model.id}": rates_of(model, provider.source)
        for provider in snapshot.document.providers
        for model in provider.models
    }


async def _save(services: Services, data: bytes, before: ActivePrices) -> None:
    try:
        await asyncio.to_thread(save_prices, services.paths, data, before)
    except PricesBusy:
        raise CommandFailed(
            "The prices were changed meanwhile",
            "Another refresh came in between. This one was not taken.",
            "Look at the difference again, without --yes.",
        ) from None
    except OSError as error:
        raise _not_written(services, error) from None
    await _tell(services)


def _not_written(services: Services, error: OSError) -> CommandFailed:
    return CommandFailed(
        "The prices were not changed",
        f"Turnout cannot write in {services.paths.state}: {error.strerror}.",
        "Make sure that the folder belongs to you and that the disk has room.",
    )


async def undo(services: Services) -> PriceChanges:
    """Take the last `prices refresh` back: the prices before it are in force again."""
    before = await asyncio.to_thread(active_snapshot, services.paths)
    try:
        await asyncio.to_thread(undo_prices, services.paths)
    except NothingToUndo:
        raise CommandFailed(
            "There is no refresh to undo",
            "The prices before the ones in force are not kept, or there were none. "
            "Nothing was changed.",
            f"{services.command_path} prices names the document in force.",
        ) from None
    except OSError as error:
        raise _not_written(services, error) from None
    await _tell(services)
    after = await asyncio.to_thread(active_snapshot, services.paths)
    now = services.clock.now()
    found, _ = await asyncio.to_thread(_compared, before.snapshot, after.snapshot, now)
    return _changes(found, before.snapshot, after.snapshot, applied=True)


async def _tell(services: Services) -> None:
    await asyncio.to_thread(services.config.load)
    if services.gateway is not None:
        await services.gateway.config_changed()


def _changes(
    found: Difference,
    before: Snapshot,
    after: Snapshot,
    *,
    applied: bool = False,
    asks: bool = False,
    warning: str = "",
) -> PriceChanges:
    return PriceChanges(
        applied=applied,
        asks=asks,
        before=before.id,
        after=after.id,
        changes=found.changes,
        same=found.same,
        warning=warning,
    )
