"""Finds which routes are looked at for a request, before anything is said about them.

It must not reject or compare; what it leaves out never was a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from proxy.catalogue import Catalogue, Provider, Route
from proxy.practice import PRACTICE_MODEL
from proxy.routing.builtin import PRACTICE
from proxy.routing.facts import Facts
from proxy.routing.wishes import Pin

_VENDOR_NAMES: Final = ("claude", "gpt-", "codex", "gemini")


def practice(facts: Facts) -> Route:
    """Return the route that answers where no provider is configured."""
    spoken = PRACTICE.spoken(facts.protocol)
    return Route(PRACTICE, PRACTICE.models[0], PRACTICE_MODEL, spoken)


def pinned(pin: Pin, facts: Facts, catalogue: Catalogue) -> Iterator[Route]:
    """Yield the routes to a pinned model: one at each provider that is meant."""
    if pin.provider is PRACTICE:
        # It has one model, and that answers whatever name is practised with.
        yield practice(facts)
        return
    if pin.provider is not None:
        yield _route(pin.provider, pin.model_id, facts)
        return
    for provider in catalogue.providers:
        if provider.find_model(pin.model_id) is not None:
            yield _route(provider, pin.model_id, facts)


def by_name(facts: Facts, catalogue: Catalogue) -> list[Route]:
    """Return who lists the asked name, then who takes any; in the file's order."""
    listing = [
        _route(provider, facts.wanted, facts)
        for provider in catalogue.providers
        if provider.find_model(facts.wanted) is not None
    ]
    return [*listing, *unlisted(facts, catalogue)]


def unlisted(facts: Facts, catalogue: Catalogue) -> list[Route]:
    """Return the asked name at those that take any and do not list it."""
    return [
        _route(provider, facts.wanted, facts)
        for provider in catalogue.providers
        if provider.any_model
        and provider.find_model(facts.wanted) is None
        and _may_be_known(facts, provider)
    ]


def first_models(
    facts: Facts, catalogue: Catalogue, tried: Sequence[Route]
) -> list[Route]:
    """Return the first model of each provider that was not asked yet."""
    seen = {route.provider.id for route in tried}
    return [
        _route(provider, provider.models[0].id, facts)
        for provider in catalogue.providers
        if provider.models and provider.id not in seen
    ]


def _route(provider: Provider, name: str, facts: Facts) -> Route:
    model = provider.find_model(name)
    goes = provider.upstream_name(name)
    return Route(provider, model, goes, provider.spoken(facts.protocol))


def _may_be_known(facts: Facts, provider: Provider) -> bool:
    """Tell whether a provider that takes any name may be asked for this one.

    A vendor's own name is meant for those who speak that vendor's protocol: to a local
    server `claude-opus-5-5` says nothing.
    """
    name = facts.wanted
    if provider.spoken(facts.protocol) is facts.protocol:
        return bool(name)
    return bool(name) and not name.startswith(_VENDOR_NAMES)
