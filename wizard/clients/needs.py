"""What each client speaks, which providers it can use and which it lacks; pure.

It must not decide for the user: it names what is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from discovery.findings import SignIn
from proxy.catalogue import KeyRef, Provider, known_providers
from proxy.model import Protocol
from wizard.plan import Login

UNNAMED_MODEL: Final = "turnout-auto"
"""Where a provider takes any name and lists none: Turnout chooses for that one."""

PRACTICE_MODEL: Final = "echo"
"""The model of the provider that answers while none is set up."""


class Client(StrEnum):
    """The clients whose lines are known."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    OPENCODE = "opencode"
    GEMINI_CLI = "gemini-cli"
    QWEN_CODE = "qwen-code"
    CONTINUE = "continue"
    AIDER = "aider"
    CLAUDE_DESKTOP = "claude-desktop"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a client speaks, and whom it can log in to.

    `own` are the ids of the known providers that take the client's own login, the
    usual one first, none where it has no login that could be passed on; `keyed` is
    the one to suggest with a key, `variable` where its key usually stands.
    """

    protocols: tuple[Protocol, ...]
    own: tuple[str, ...]
    keyed: str
    variable: str


_ANTHROPIC = ("anthropic", "ANTHROPIC_API_KEY")

NEEDS: Final[Mapping[Client, Needs]] = {
    Client.CLAUDE_CODE: Needs((Protocol.MESSAGES,), ("anthropic",), *_ANTHROPIC),
    Client.CODEX: Needs(
        (Protocol.RESPONSES,), ("chatgpt", "openai"), "openai", "OPENAI_API_KEY"
    ),
    Client.OPENCODE: Needs(
        (Protocol.CHAT, Protocol.MESSAGES, Protocol.RESPONSES),
        ("anthropic", "openai"),
        *_ANTHROPIC,
    ),
    Client.GEMINI_CLI: Needs(
        (Protocol.GEMINI,), ("gemini",), "gemini", "GEMINI_API_KEY"
    ),
    Client.QWEN_CODE: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.CONTINUE: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.AIDER: Needs((Protocol.CHAT,), (), *_ANTHROPIC),
    Client.CLAUDE_DESKTOP: Needs((Protocol.MESSAGES,), (), *_ANTHROPIC),
}


def logins(client: Client) -> tuple[Login, ...]:
    """Return the ways a client can be let in upstream."""
    return tuple(Login) if NEEDS[client].own else (Login.KEY,)


def usual_login(client: Client, providers: Iterable[Provider]) -> Login:
    """Return the client's own login where a provider is set up for just that."""
    return Login.OWN if own(client, providers) else Login.KEY


def own_sign_in(client: str, sign_in: SignIn) -> bool:
    """Tell whether a client's own way to sign in can be passed on as it is.

    A plan can where the vendor's own host takes it from the client; Gemini CLI signed
    in with a Google account goes past any gateway.
    """
    if client not in set(Client) or not NEEDS[Client(client)].own:
        return False
    return sign_in is SignIn.SUBSCRIPTION and client != Client.GEMINI_CLI


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
