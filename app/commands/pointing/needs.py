"""Which providers a client can use as they are set up, and which it lacks; pure."""

from collections.abc import Iterable
from dataclasses import replace

from app.commands.pointing.terms import NEEDS, Client, Login
from proxy.catalogue import KeyRef, Provider, known_providers

UNNAMED_MODEL = "YOUR_MODEL"
"""Stands where a provider takes any name and lists none."""

PRACTICE_MODEL = "echo"


def logins(client: Client) -> tuple[Login, ...]:
    """Return the ways a client can be let in upstream."""
    return tuple(Login) if NEEDS[client].own else (Login.KEY,)


def usual_login(client: Client, providers: Iterable[Provider]) -> Login:
    """Return the client's own login where a provider is set up for just that."""
    return Login.OWN if own(client, providers) else Login.KEY


def missing(
    client: Client, login: Login, providers: Iterable[Provider]
) -> Provider | None:
    """Return the known provider `config.toml` lacks for this client, if any.

    A provider that speaks another protocol is enough: Turnout translates.
    """
    needs = NEEDS[client]
    if login is Login.OWN:
        lacks, name, key = not own(client, providers), needs.own[0], KeyRef("client")
    else:
        lacks, name = not keyed(client, providers), needs.keyed
        key = KeyRef("env", needs.variable)
    return replace(known_providers()[name], key=key) if lacks else None


def own(client: Client, providers: Iterable[Provider]) -> tuple[Provider, ...]:
    """Return the providers that take the client's own login."""
    wanted = NEEDS[client].own
    return tuple(p for p in providers if p.id in wanted and p.key.kind == "client")


def keyed(client: Client, providers: Iterable[Provider]) -> tuple[Provider, ...]:
    """Return the providers that need no login, those of the client's tongue first."""
    wanted = set(NEEDS[client].protocols)
    usable = [p for p in providers if p.key.kind != "client"]
    return tuple(sorted(usable, key=lambda p: not wanted & set(p.protocols)))


def first_model(client: Client, providers: Iterable[Provider]) -> str:
    """Return a model's name that a provider takes, or a place for one."""
    there = keyed(client, providers)
    for provider in there:
        if provider.models:
            first: str = provider.models[0].id
            return first
    return UNNAMED_MODEL if there else PRACTICE_MODEL
