"""What is ticked, chosen and offered before a person has said anything; pure.

Rules over findings only. It must not remember what a person chose: `wizard.flow` does.
"""

from __future__ import annotations

from enum import StrEnum

from discovery.findings import (
    ClientFound,
    Findings,
    KeyFound,
    KeySource,
    Reach,
    ServerFound,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place
from proxy.routing import Mode
from wizard.clients.needs import own_sign_in
from wizard.plan import Login

FIRST_CLIENTS = frozenset({"claude-code", "codex"})
"""Clients that are ticked where they are found; every other one waits for its tick."""

_HERE = frozenset({KeySource.ENVIRONMENT, KeySource.KEYRING})


class Group(StrEnum):
    """The three things that are looked for, each in a look of its own."""

    CLIENTS = "clients"
    KEYS = "keys"
    SERVERS = "servers"


class Offer(StrEnum):
    """What can be done where nothing was found that could answer a request."""

    PRACTICE = "practice"
    SERVER = "server"
    KEY = "key"


def can_be_ticked(found: ClientFound | KeyFound | ServerFound) -> bool:
    """Tell whether a finding can be chosen at all.

    What the configuration names already needs no tick, and a key can be used where
    `config.toml` can name it or where it can be moved to the keyring.
    """
    if isinstance(found, ClientFound):
        return found.reach is not Reach.UNREACHABLE
    if isinstance(found, KeyFound):
        usable = bool(found.reference) or found.source is KeySource.SHELL_FILE
    else:
        usable = found.state is ServerState.READY
    return usable and bool(found.provider) and not found.used


def is_ticked(found: ClientFound | KeyFound | ServerFound) -> bool:
    """Tell whether a finding is chosen unless the person says otherwise."""
    if not can_be_ticked(found):
        return False
    if isinstance(found, ClientFound):
        return found.id in FIRST_CLIENTS and not is_blocked(found)
    return isinstance(found, ServerFound) or found.source in _HERE


def is_blocked(client: ClientFound) -> bool:
    """Tell whether another place wins over whatever is written for this client."""
    return any(each.blocks for each in client.overrides)


def has_to_move(key: KeyFound) -> bool:
    """Tell whether a key can only be used once it is in the keyring."""
    return can_be_ticked(key) and not key.reference


def usual_login(client: ClientFound) -> Login | None:
    """Return how a client signs in upstream unless the person says otherwise.

    A subscription stays the client's own, so that nothing gets worse on day one; None
    leaves it to what is usual for that client.
    """
    return Login.OWN if own_sign_in(client.id, client.sign_in) else None


def preset_mode(findings: Findings) -> Mode:
    """Return the mode that fits what was found.

    With no cloud login and no key, but a model server on this machine, nothing has to
    leave it.
    """
    if not _reaches_out(findings) and _answers_here(findings):
        return Mode.OFFLINE
    return Mode.CODING_AUTO


def offers(findings: Findings) -> tuple[Offer, ...]:
    """Return what to offer where nothing found could answer a request, else nothing."""
    servers = any(each.used or is_ticked(each) for each in findings.servers)
    return () if servers or _reaches_out(findings) else tuple(Offer)


def _reaches_out(findings: Findings) -> bool:
    logins = (SignIn.SUBSCRIPTION, SignIn.KEY)
    signed_in = any(each.sign_in in logins for each in findings.clients)
    return signed_in or any(each.used or can_be_ticked(each) for each in findings.keys)


def _answers_here(findings: Findings) -> bool:
    return any(
        (each.used or is_ticked(each)) and each.place is Place.THIS_MACHINE
        for each in findings.servers
    )
