"""Why a client cannot be wired the way it was asked for, in words for all; pure.

It must not decide: a client's module knows what its client can do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proxy.catalogue import known_providers
from wizard.clients.addresses import local_address, ours
from wizard.clients.current import line_now
from wizard.clients.terms import Situation
from wizard.plan import Login, Refusal

ENVIRONMENT: Final = "your environment"
"""In the place of a file, where a variable stands in the way."""


def a_folder(situation: Situation, name: str, why: str = "") -> tuple[Refusal, ...]:
    """Refuse a single folder for a client that could keep its key there only as text.

    `why` is a clause of its own for a client that knows no folders.
    """
    folder = situation.choice.project
    if folder is None:
        return ()
    usual = f"{name} reads its key there as plain text, and a folder is easily shared"
    return (Refusal(str(folder), why or usual, f"Wire {name} without a folder."),)


def an_own_login(situation: Situation, name: str) -> tuple[Refusal, ...]:
    """Refuse to keep a login where the client has none that could be passed on."""
    if situation.login is not Login.OWN:
        return ()
    return (
        Refusal(
            name,
            "it has no login of its own that could be passed on",
            f"Wire {name} with the providers' keys in Turnout (login = key).",
        ),
    )


def exported(situation: Situation, variable: str) -> tuple[Refusal, ...]:
    """Refuse where the environment names another address, which wins over a file's."""
    value = situation.surroundings.environ.get(variable, "")
    if not value or value.startswith(situation.url):
        return ()
    return (
        Refusal(
            ENVIRONMENT,
            f"{variable} is set and wins over every file",
            f"Remove the line that sets {variable} (`turnout discover --shell-files` "
            "finds it), open a new terminal, start Turnout anew and try again.",
        ),
    )


def of_another(address: str, vendor: str) -> str:
    """Return the host of another service that an address leads to, '' for none.

    The vendor's own is none, and neither is any address of this machine. `vendor` is
    the id of a known provider.
    """
    if not address or ours(address) or local_address(address):
        return ""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return "another service"
    own = urlsplit(known_providers()[vendor].base_url).hostname
    return "" if host == own else host


def passed_on(
    situation: Situation, path: Path, name: str, address: str, vendor: str
) -> tuple[Refusal, ...]:
    """Refuse where a key for one service would go to a vendor that takes logins.

    `address` is where the client sends that key now, `name` the key that says so.
    """
    service = of_another(address, vendor)
    if not service or situation.choice.login is Login.OWN:
        return ()
    called = known_providers()[vendor].name
    kept = " or choose login = own" if situation.login is Login.OWN else ""
    return (
        Refusal(
            str(path),
            f"{name} leads to {service}, and the key for it would be passed on to "
            f"{called}",
            f"Set {service} up as a provider in Turnout and take the key and the "
            f"address out there. If the key is one for {called}, take out the address "
            f"alone{kept}.",
            line_now(situation, path, name.rpartition(".")[2]),
        ),
    )


def takes_logins(situation: Situation) -> bool:
    """Return whether a provider is set up that is handed a client's own credential."""
    return any(each.key.kind == "client" for each in situation.providers)


def ruled(situation: Situation, path: Path, name: str) -> Refusal:
    """Return the refusal for a file that an administrator keeps, and which wins."""
    return Refusal(
        str(path),
        f"it sets {name} for everybody on this machine, and wins over your own "
        "settings",
        "Ask who looks after this machine to take it out.",
        line_now(situation, path, name.rpartition(".")[2]),
    )
