"""Decides requests again as they would be under other wishes; it sends nothing.

Requests come from a file, or from the record: there no text is kept, only what was
known of them when they were decided.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msgspec import DecodeError

from app.samples import Unusable, call_of
from proxy.asked import asked_of
from proxy.catalogue import Catalogue
from proxy.classes import shipped_rules
from proxy.errors import Refused
from proxy.items import ItemStore
from proxy.profiles import shipped_profiles
from proxy.reading import Unreadable, read_whole
from proxy.routing import Condition, decide, read_decision
from proxy.routing.stored import stored
from proxy.routing.stored_facts import facts_again
from proxy.sessions import Sessions
from proxy.survey import Surveyor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from app.routing_now import RoutingNow
    from app.samples import Sample
    from app.services import Services
    from proxy.ledger.rows import Event
    from proxy.profiles import Profile
    from proxy.routing import Facts, Mode, StoredDecision

NOT_KEPT = "It was recorded by another version, which kept too little of it."


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different: another mode, or providers that are not there."""

    mode: Mode | None = None
    without: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """The change in words, '' where there is none."""
        told = [f"in the mode {self.mode}"] if self.mode else []
        if self.without:
            told.append(f"without {', '.join(sorted(self.without))}")
        return " and ".join(told)

    def applied(self, now: RoutingNow) -> RoutingNow:
        """Return what requests are decided by with this change."""
        catalogue, policy = now.catalogue, now.policy
        if self.without:
            left = (p for p in catalogue.providers if p.id not in self.without)
            catalogue = Catalogue(tuple(left), catalogue.snapshot)
        if self.mode:
            policy = replace(policy, mode=self.mode)
        return replace(now, catalogue=catalogue, policy=policy)


@dataclass(frozen=True, slots=True)
class Pair:
    """One request as it is, or was, decided, and as it would be."""

    name: str
    client: str
    before: StoredDecision
    after: StoredDecision


@dataclass(frozen=True, slots=True)
class Skipped:
    """A request that could not be decided, and the sentence why."""

    name: str
    why: str


async def from_record(
    services: Services, events: Iterable[Event], now: RoutingNow, change: Change
) -> AsyncIterator[Pair | Skipped]:
    """Decide recorded requests again, as things are now; yield each beside its record.

    How routes fared then is not known any more: none of them rests. Their prices are
    those of the time the request came.
    """
    well = Condition(not_ready=now.condition.not_ready)
    wanted = change.applied(replace(now, condition=well))
    for event in events:
        text = await services.ledger.decision(event.id)
        found = _recorded(text, event.arrived or event.time)
        if found is None:
            yield Skipped(event.id, NOT_KEPT)
            continue
        before, facts = found
        yield Pair(event.id, facts.client, before, _decided(facts, wanted))
        await asyncio.sleep(0)


async def from_samples(
    services: Services,
    samples: Iterable[Sample],
    profile: Profile | None,
    now: RoutingNow,
    change: Change,
) -> AsyncIterator[Pair | Skipped]:
    """Decide the requests of a file as things are now, and with the change."""
    surveyor = Surveyor(Sessions(), shipped_profiles(), shipped_rules())
    items = ItemStore(services.clock.monotonic)
    wanted = change.applied(now)
    for sample in samples:
        try:
            facts = _facts(sample, profile, surveyor, items, services.clock.now())
        except Refused as refused:
            yield Skipped(sample.name, refused.message)
            continue
        except (Unusable, Unreadable) as problem:
            yield Skipped(sample.name, str(problem))
            continue
        before = _decided(facts, now)
        after = _decided(facts, wanted) if change.words else before
        yield Pair(sample.name, facts.client, before, after)
        # A gateway has requests of its own to serve in between.
        await asyncio.sleep(0)


def _recorded(
    text: str | None, moment: datetime
) -> tuple[StoredDecision, Facts] | None:
    if text is None:
        return None
    try:
        before = read_decision(text)
    except DecodeError:
        return None
    facts = facts_again(before, moment)
    return None if facts is None else (before, facts)


def _facts(
    sample: Sample,
    profile: Profile | None,
    surveyor: Surveyor,
    items: ItemStore,
    moment: datetime,
) -> Facts:
    client, protocols = (profile.id, profile.protocols) if profile else ("", ())
    call = call_of(sample, client, protocols)
    asked = asked_of(call)
    facts = surveyor.survey(call, asked, moment).facts
    if not call.headers:
        # Nothing says what it brings: it is taken to be signed in by itself.
        facts = replace(facts, own_credential=True)
    return replace(
        facts, request=read_whole(call, asked.model, items, stream=asked.stream)
    )


def _decided(facts: Facts, now: RoutingNow) -> StoredDecision:
    return stored(decide(facts, now.catalogue, now.condition, now.policy))
