"""Which models a client is told of, and in which protocol it should ask; pure.

It must not choose a route: a name only has to be one that some provider takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from proxy.catalogue import Model, Provider
from proxy.model import Protocol
from wizard.clients.needs import (
    PRACTICE_MODEL,
    UNNAMED_MODEL,
    Client,
    first_model,
    keyed,
)


def first_listing(providers: Iterable[Provider]) -> Provider | None:
    """Return the provider whose models a client of several tongues is told of."""
    there = keyed(Client.OPENCODE, providers)
    return next((each for each in there if each.models), there[0] if there else None)


def listed(provider: Provider | None) -> Mapping[str, Model | None]:
    """Return a provider's first model of each lane by its name, the first one first.

    It is a list that a person can look through. Where nothing is known of a model
    there is a name alone.
    """
    found: dict[str | None, Model] = {}
    for model in provider.models if provider is not None else ():
        found.setdefault(model.lane, model)
    if found:
        return {model.id: model for model in found.values()}
    return {UNNAMED_MODEL if provider is not None else PRACTICE_MODEL: None}


def small_of(models: Mapping[str, Model | None]) -> str:
    """Return the name of the first small model, else the first one's."""
    for name, model in models.items():
        if model is not None and (model.lane or "").endswith("/small"):
            return name
    return next(iter(models))


def tongue(provider: Provider | None) -> Protocol:
    """Return what a client that speaks all three should speak to be understood best.

    OpenAI's newer models call tools over Responses only. What speaks none of the three
    is reached by translation from Chat Completions.
    """
    protocols = provider.protocols if provider is not None else ()
    if provider is not None and provider.id == "openai":
        return Protocol.RESPONSES
    if Protocol.MESSAGES in protocols and Protocol.CHAT not in protocols:
        return Protocol.MESSAGES
    if Protocol.RESPONSES in protocols and Protocol.CHAT not in protocols:
        return Protocol.RESPONSES
    return Protocol.CHAT


def first_chat_model(providers: Iterable[Provider]) -> str:
    """Return a name for a client that speaks Chat Completions to any address."""
    return first_model(Client.CONTINUE, providers)
