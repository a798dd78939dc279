"""The command that gives the lines which point a client at the gateway.

It shows them and makes the key that goes in; it writes no client's file.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from app.commands.keys import new
from app.services import Services
from proxy.model import Protocol

PLACEHOLDER = "YOUR_TURNOUT_KEY"
CODEX_MODEL = "turnout-code"
"""A name Codex does not know: it keeps its tools in the plain form."""

_NO_MODEL = "echo"


class Client(StrEnum):
    """The clients whose lines are known."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    OPENCODE = "opencode"


class Login(StrEnum):
    """What the client signs in with upstream: providers' keys here, or its own."""

    KEY = "key"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class SettingsPart:
    """One piece to put somewhere: `where` is a file or a terminal, in words."""

    where: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The lines for one client, with its key in them; `note` is a sentence or ''."""

    client: Client
    base_url: str
    key: str = field(repr=False)
    parts: tuple[SettingsPart, ...]
    note: str
    text: str = field(repr=False)
    """All parts as one text, ready for the clipboard."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the lines are made from."""

    url: str
    key: str = field(repr=False)
    own_login: bool
    responses_model: str
    chat_model: str


async def settings(
    services: Services,
    client: Annotated[Client, Meta(description="The client to point at Turnout.")],
    *,
    login: Annotated[
        Login,
        Meta(
            description="own: the client stays signed in as it is and Turnout passes "
            'that on to a provider with key = "client".'
        ),
    ] = Login.KEY,
    fresh: Annotated[
        bool, Meta(description="Make a key; without, a place is left for one you have.")
    ] = True,
) -> ClientSettings:
    """Show the lines that point a client at Turnout, with a new key of its own."""
    key = (await new(services, client)).key if fresh else PLACEHOLDER
    port = services.config.current.settings.port
    if services.state is not None:
        port = services.state.snapshot().port
    url = f"http://127.0.0.1:{port}"
    wish = _Wish(
        url=url,
        key=key,
        own_login=login is Login.OWN,
        responses_model=_first_model(services, Protocol.RESPONSES, CODEX_MODEL),
        chat_model=_first_model(services, Protocol.CHAT, _NO_MODEL),
    )
    parts = _PARTS[client](wish)
    text = "\n\n".join(f"# {part.where}\n{part.text}" for part in parts)
    return ClientSettings(
        client=client,
        base_url=url,
        key=key,
        parts=parts,
        note=_OWN_LOGIN[client] if wish.own_login else "",
        text=text + "\n",
    )


def _first_model(services: Services, protocol: Protocol, otherwise: str) -> str:
    for provider in services.config.current.catalogue.providers:
        if protocol in provider.protocols and provider.models:
            first: str = provider.models[0].id
            return first
    return otherwise


def _claude_code(wish: _Wish) -> tuple[SettingsPart, ...]:
    """Lines as in Claude Code's settings reference, key `env`.

    With a login of its own the key travels in a header of its own, so that the
    client's `Authorization` stays what it is.
    """
    env = {"ANTHROPIC_BASE_URL": wish.url}
    if wish.own_login:
        env["ANTHROPIC_CUSTOM_HEADERS"] = f"x-turnout-key: {wish.key}"
    else:
        env["ANTHROPIC_AUTH_TOKEN"] = wish.key
    return (
        SettingsPart("In the terminal you start claude in", _exports(env)),
        SettingsPart(
            "Or for good: merge into ~/.claude/settings.json",
            json.dumps({"env": env}, indent=2),
        ),
    )


def _codex(wish: _Wish) -> tuple[SettingsPart, ...]:
    """A profile file of its own: a root `model_provider` would hide the history."""
    lines = [
        f"model = {json.dumps(wish.responses_model)}",
        'model_provider = "turnout"',
        "",
        "[model_providers.turnout]",
        'name = "Turnout"',
        f'base_url = "{wish.url}/v1"',
        'wire_api = "responses"',
    ]
    start = "codex --profile turnout"
    if wish.own_login:
        lines.append("requires_openai_auth = true")
        lines.append(f'http_headers = {{ "x-turnout-key" = "{wish.key}" }}')
        how = SettingsPart("Then start it like this", start)
    else:
        lines.append('env_key = "TURNOUT_KEY"')
        how = SettingsPart(
            "Then start it like this",
            _exports({"TURNOUT_KEY": wish.key}) + f"\n{start}",
        )
    profile = SettingsPart(
        "The whole file ~/.codex/turnout.config.toml", "\n".join(lines)
    )
    return (profile, how)


def _opencode(wish: _Wish) -> tuple[SettingsPart, ...]:
    """Lines for ~/.config/opencode/opencode.json, in the shape of its version 1."""
    if wish.own_login:
        options = {"baseURL": f"{wish.url}/v1", "headers": {"x-turnout-key": wish.key}}
        content: dict[str, object] = {"provider": {"anthropic": {"options": options}}}
        return (SettingsPart(_OPENCODE_FILE, json.dumps(content, indent=2)),)
    model = wish.chat_model
    content = {
        "provider": {
            "turnout": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "Turnout",
                "options": {"baseURL": f"{wish.url}/v1", "apiKey": "{env:TURNOUT_KEY}"},
                "models": {model: {"name": model}},
            }
        },
        "model": f"turnout/{model}",
        "small_model": f"turnout/{model}",
    }
    return (
        SettingsPart(_OPENCODE_FILE, json.dumps(content, indent=2)),
        SettingsPart(
            "Then start it like this",
            _exports({"TURNOUT_KEY": wish.key}) + "\nopencode",
        ),
    )


def _exports(env: Mapping[str, str]) -> str:
    return "\n".join(
        f"export {name}='{value}'" if " " in value else f"export {name}={value}"
        for name, value in env.items()
    )


_OPENCODE_FILE = "Merge into ~/.config/opencode/opencode.json"
_PARTS: Mapping[Client, Callable[[_Wish], tuple[SettingsPart, ...]]] = {
    Client.CLAUDE_CODE: _claude_code,
    Client.CODEX: _codex,
    Client.OPENCODE: _opencode,
}
_OWN_LOGIN: Mapping[Client, str] = {
    Client.CLAUDE_CODE: 'This needs a provider with id = "anthropic" and '
    'key = "client" in config.toml, and Claude Code signed in.',
    Client.CODEX: 'This needs a provider with id = "openai" and key = "client" in '
    "config.toml, and Codex signed in with an API key.",
    Client.OPENCODE: 'This needs a provider with id = "anthropic" and key = "client" '
    "in config.toml, and opencode signed in to Anthropic.",
}
