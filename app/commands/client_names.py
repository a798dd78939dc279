"""Finds the client that a user names on the command line; it guesses none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.failure import CommandFailed, Exit
from proxy.model import Protocol
from proxy.profiles import UNKNOWN, profile_of, shipped_profiles

if TYPE_CHECKING:
    from app.services import Services
    from proxy.profiles import Profile


def profile_named(services: Services, name: str) -> Profile:
    """Return the profile of a client, by its own name or that of one of its keys.

    Raises `CommandFailed` where Turnout knows no such client.
    """
    profiles = shipped_profiles()
    found = profile_of(name, lambda _: None, Protocol.CHAT, profiles)
    if found.id == UNKNOWN and name != UNKNOWN:
        raise CommandFailed(
            "There is no such client",
            f"Turnout knows these: {', '.join(sorted(profiles))}. Nothing was done.",
            f"Any other is taken as `{UNKNOWN}`; {services.command_path} keys list "
            "shows the names of your keys.",
            Exit.USAGE,
        )
    return found
