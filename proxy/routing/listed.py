"""Lists every route as one kind of request sees it: may it be taken, and if not, why.

It compares nothing and chooses nothing; the rules are those of `decide`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.catalogue import Route
from proxy.routing.filters import look, needs_of, objection
from proxy.routing.ground import Entry, entry_of
from proxy.routing.stored import sentence_of
from proxy.routing.wishes import wishes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from proxy.catalogue import Catalogue
    from proxy.model import Protocol
    from proxy.routing.condition import Condition
    from proxy.routing.facts import Facts
    from proxy.routing.policy import Policy
    from proxy.routing.reasons import ReasonCode

ANY_NAME = "*"
"""Stands for all names that a provider takes and does not list."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One route. `code` and `why` say why it cannot be taken; None and '' where it can.

    `quality` is 0 to 100, its tier's where the model names none, None where nothing is
    known. `translated` says that the request would be written anew for it.
    """

    route: Route
    quality: int | None
    translated: bool
    code: ReasonCode | None = None
    why: str = ""


def routes_for(catalogue: Catalogue, protocol: Protocol | None) -> Iterator[Route]:
    """Yield the ways to all models, with one for the names a provider does not list.

    For clients of `protocol`; None is a client that speaks every provider's own.
    """
    for provider in catalogue.providers:
        spoken = provider.spoken(protocol) if protocol else provider.protocols[0]
        for model in provider.models:
            yield Route(provider, model, model.id, spoken)
        if provider.any_model:
            yield Route(provider, None, ANY_NAME, spoken)


def listed(
    routes: Iterable[Route],
    facts: Facts,
    catalogue: Catalogue,
    condition: Condition,
    policy: Policy,
    *,
    translates: bool,
) -> tuple[Listed, ...]:
    """Return how `routes` look to a request with these facts.

    `translates` is False for a client that speaks every provider's own protocol.
    """
    wishes = wishes_of(facts, catalogue, policy)
    needs = needs_of(facts, wishes, policy)
    entries = [
        entry_of(
            route,
            facts.protocol if translates else route.protocol,
            policy.tier_quality,
        )
        for route in routes
    ]
    lost = {}
    kept: list[Entry] = []
    for entry in entries:
        loss = objection(entry, needs)
        if loss is None:
            kept.append(entry)
        else:
            lost[entry.name] = loss
    pairs = [(entry, entry.prices(0, facts.moment)) for entry in kept]
    looked = look(pairs, facts, condition, policy, wishes)
    lost |= {each.route: (each.code, each.detail) for each in looked.rejected}
    return tuple(_listed(entry, lost.get(entry.name)) for entry in entries)


def _listed(entry: Entry, loss: tuple[ReasonCode, str] | None) -> Listed:
    if loss is None:
        return Listed(entry.route, entry.quality, entry.foreign)
    return Listed(
        entry.route, entry.quality, entry.foreign, loss[0], sentence_of(*loss)
    )
