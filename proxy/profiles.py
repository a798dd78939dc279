"""Client profiles: which coding client sent a request, and what is known of it.

The profiles are data, one file each in `resources/clients`. A client's own gateway key
is believed first, because user agents lie. It reads no request body.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

import msgspec

import resources
from proxy.model import Protocol
from proxy.routing.modes import Mode

UNKNOWN: Final = "unknown"
"""The id of the profile of every client that is none of the others."""


class ToolSafety(StrEnum):
    """Which mark of a model says that a client's tools are safe with it."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    NONE = "none"
    """The client makes no demand beyond that the model takes tools."""


class Housekeeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of a client's own requests is told.

    `system` are phrases, one of which stands in the start of the system text; `human`
    are phrases, one of which stands at the start of the newest text. Either is enough.
    Phrases are in lower case with single blanks. `tools` says that the request may
    offer tools. `most_output` (tokens) and `most_messages` are limits it must keep;
    where there are no phrases, they alone tell it.
    """

    kind: str
    system: tuple[str, ...] = ()
    human: tuple[str, ...] = ()
    tools: bool = False
    most_output: int | None = None
    most_messages: int | None = None


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One client.

    `protocols` are those it speaks, none where any. `default_mode` is the mode its
    requests have where the user chose none for it. `agents` are parts of its user
    agent in lower case, `headers` names of headers that no other client sends.
    """

    id: str
    name: str
    protocols: tuple[Protocol, ...] = ()
    tool_safety: ToolSafety = ToolSafety.NONE
    default_mode: Mode | None = None
    agents: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    housekeeping: tuple[Housekeeping, ...] = ()


class _File(Profile, frozen=True):
    """A file holds the envelopes as well, which `proxy.glance` reads."""

    envelopes: Mapping[str, object] = {}


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """Return the profiles of `resources/clients` by id.

    Raises `ValueError` where a shipped file is not sound.
    """
    return read_profiles(map(resources.text, resources.names("clients")))


def read_profiles(texts: Iterable[str]) -> Mapping[str, Profile]:
    """Read client files, each one profile in TOML.

    The housekeeping of the profile `unknown` is every client's; the profile itself has
    that of all others too. Raises `ValueError` where a file is not sound.
    """
    files = [msgspec.convert(tomllib.loads(text), _File) for text in texts]
    everyone = tuple(
        rule for file in files if file.id == UNKNOWN for rule in file.housekeeping
    )
    others = tuple(
        rule for file in files if file.id != UNKNOWN for rule in file.housekeeping
    )
    return MappingProxyType(
        {
            file.id: _profile(file, others if file.id == UNKNOWN else everyone)
            for file in files
        }
    )


def profile_of(
    client: str,
    header: Callable[[str], str | None],
    protocol: Protocol,
    profiles: Mapping[str, Profile],
) -> Profile:
    """Return the profile of the client that sent a request.

    `client` is the name of its gateway key, `header` returns a request header by its
    name in lower case, `protocol` is the one the path stands for. A key that is named
    like a profile (`codex`, `codex-laptop`) decides; then headers that only one client
    sends; then the user agent, where the client speaks the protocol. Of several that
    fit the longest is taken.
    """
    found = _named(client, profiles)
    if found is None:
        found = _by_headers(header, profiles)
    if found is None:
        found = _by_agent((header("user-agent") or "").lower(), protocol, profiles)
    return profiles[UNKNOWN] if found is None else found


def _profile(file: _File, more: tuple[Housekeeping, ...]) -> Profile:
    return Profile(
        id=file.id,
        name=file.name,
        protocols=file.protocols,
        tool_safety=file.tool_safety,
        default_mode=file.default_mode,
        agents=file.agents,
        headers=file.headers,
        housekeeping=(*file.housekeeping, *more),
    )


def _named(client: str, profiles: Mapping[str, Profile]) -> Profile | None:
    name = "-".join(client.lower().replace("_", " ").split())
    fits = [each for each in profiles if f"{name}-".startswith(f"{each}-")]
    found = max(fits, key=len, default=UNKNOWN)
    # A key that is called `unknown` says nothing.
    return None if found == UNKNOWN else profiles[found]


def _by_headers(
    header: Callable[[str], str | None], profiles: Mapping[str, Profile]
) -> Profile | None:
    for profile in profiles.values():
        if any(header(name) is not None for name in profile.headers):
            return profile
    return None


def _by_agent(
    agent: str, protocol: Protocol, profiles: Mapping[str, Profile]
) -> Profile | None:
    fits = [
        (len(part), profile)
        for profile in profiles.values()
        if not profile.protocols or protocol in profile.protocols
        for part in profile.agents
        if part in agent
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None
