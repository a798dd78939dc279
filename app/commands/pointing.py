"""What each client has to be told so that its requests come to the gateway; pure.

It knows the clients' settings as text. It must not make keys or write any file.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from proxy.catalogue import KeyRef, Model, Provider, known_providers
from proxy.model import Protocol

CODEX_MODEL = "turnout-code"
"""A name Codex does not know: it keeps its tools in the plain form."""

UNNAMED_MODEL = "YOUR_MODEL"
"""Stands where a provider takes any name and lists none."""

_PRACTICE_MODEL = "echo"
_USUAL_OUTPUT = 32_000  # tokens; what opencode asks for at most by itself
_OPENCODE_FILE = "~/.config/opencode/opencode.json"
_CODEX_FILE = "~/.codex/turnout.config.toml"


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
class Wish:
    """What the lines are made from: the gateway's address and key, the providers."""

    url: str
    key: str = field(repr=False)
    login: Login
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a client needs of `config.toml`: a way it speaks, and whom it can log in to.

    `own` are the ids of the known providers that take the client's own login, the
    usual one first; `keyed` is the one to suggest with a key, `variable` where its
    key usually stands.
    """

    protocols: tuple[Protocol, ...]
    own: tuple[str, ...]
    keyed: str
    variable: str


NEEDS: Mapping[Client, Needs] = {
    Client.CLAUDE_CODE: Needs(
        (Protocol.MESSAGES,), ("anthropic",), "anthropic", "ANTHROPIC_API_KEY"
    ),
    Client.CODEX: Needs(
        (Protocol.RESPONSES,), ("chatgpt", "openai"), "openai", "OPENAI_API_KEY"
    ),
    Client.OPENCODE: Needs(
        (Protocol.CHAT, Protocol.MESSAGES, Protocol.RESPONSES),
        ("anthropic", "openai"),
        "anthropic",
        "ANTHROPIC_API_KEY",
    ),
}


def usual_login(client: Client, providers: Iterable[Provider]) -> Login:
    """Return the client's own login where a provider is set up for just that."""
    return Login.OWN if _own(client, providers) else Login.KEY


def missing(
    client: Client, login: Login, providers: Iterable[Provider]
) -> Provider | None:
    """Return the known provider `config.toml` lacks for this client, if any."""
    needs = NEEDS[client]
    if login is Login.OWN:
        lacks, name, key = not _own(client, providers), needs.own[0], KeyRef("client")
    else:
        lacks, name = not _keyed(client, providers), needs.keyed
        key = KeyRef("env", needs.variable)
    return replace(known_providers()[name], key=key) if lacks else None


def parts(client: Client, wish: Wish) -> tuple[SettingsPart, ...]:
    """Return what to put where so that the client calls the gateway."""
    return _PARTS[client](wish)


def _own(client: Client, providers: Iterable[Provider]) -> tuple[Provider, ...]:
    wanted = NEEDS[client].own
    return tuple(p for p in providers if p.id in wanted and p.key.kind == "client")


def _keyed(client: Client, providers: Iterable[Provider]) -> tuple[Provider, ...]:
    wanted = set(NEEDS[client].protocols)
    return tuple(
        p for p in providers if p.key.kind != "client" and wanted & set(p.protocols)
    )


# --- Claude Code ----------------------------------------------------------------------


def _claude_code(wish: Wish) -> tuple[SettingsPart, ...]:
    """Lines as in Claude Code's settings reference, key `env`.

    With a login of its own the key travels in a header of its own, so that the
    client's `Authorization` stays what it is.
    """
    env = {"ANTHROPIC_BASE_URL": wish.url}
    if wish.login is Login.OWN:
        env["ANTHROPIC_CUSTOM_HEADERS"] = f"x-turnout-key: {wish.key}"
    else:
        env["ANTHROPIC_AUTH_TOKEN"] = wish.key
    return (
        SettingsPart(
            "To try it: type this into a new terminal", f"{_exports(env)}\nclaude"
        ),
        SettingsPart(
            "Or for good: the file ~/.claude/settings.json "
            '(where it exists already, add the lines to its "env")',
            json.dumps({"env": env}, indent=2),
        ),
    )


def _exports(env: Mapping[str, str]) -> str:
    return "\n".join(
        f"export {name}='{value}'" if " " in value else f"export {name}={value}"
        for name, value in env.items()
    )


# --- Codex ----------------------------------------------------------------------------


def _codex(wish: Wish) -> tuple[SettingsPart, ...]:
    """A profile file of its own: a root `model_provider` would hide the history."""
    start = _start(_CODEX_FILE, "codex --profile turnout")
    where = f"The whole of a new file, {_CODEX_FILE}"
    if wish.login is Login.OWN:
        # The built-in provider keeps its login, its models and the history. It takes
        # no headers, so the key is in the path.
        line = f'openai_base_url = "{wish.url}/k/{wish.key}/v1"'
        always = SettingsPart(
            "Or for good, without --profile: the first line of ~/.codex/config.toml",
            line,
        )
        return (SettingsPart(where, line), start, always)
    lines = (
        f"model = {json.dumps(_responses_model(wish.providers))}",
        'model_provider = "turnout"',
        "",
        "[model_providers.turnout]",
        'name = "Turnout"',
        f'base_url = "{wish.url}/v1"',
        'wire_api = "responses"',
        f'http_headers = {{ "x-turnout-key" = "{wish.key}" }}',
    )
    return (SettingsPart(where, "\n".join(lines)), start)


def _responses_model(providers: Iterable[Provider]) -> str:
    for provider in _keyed(Client.CODEX, providers):
        if provider.models:
            first: str = provider.models[0].id
            return first
    return CODEX_MODEL


def _start(file: str, command: str) -> SettingsPart:
    """The key stands in that file, so it is made readable for its owner alone."""
    return SettingsPart(
        "Then type this into a terminal", f"chmod 600 {file}\n{command}"
    )


# --- opencode -------------------------------------------------------------------------


def _opencode(wish: Wish) -> tuple[SettingsPart, ...]:
    """Lines for opencode's own file, in the shape of its version 1."""
    if wish.login is Login.OWN:
        own = _own(Client.OPENCODE, wish.providers)
        names = [provider.id for provider in own] or [NEEDS[Client.OPENCODE].own[0]]
        options = {"baseURL": f"{wish.url}/v1", "headers": {"x-turnout-key": wish.key}}
        # The built-in providers keep their login and their models.
        text = json.dumps(
            {"provider": {name: {"options": options} for name in names}}, indent=2
        )
    else:
        text = _opencode_provider(wish)
    where = f"The file {_OPENCODE_FILE} (where it exists already, add these keys to it)"
    return (SettingsPart(where, text), _start(_OPENCODE_FILE, "opencode"))


def _opencode_provider(wish: Wish) -> str:
    keyed = _keyed(Client.OPENCODE, wish.providers)
    chosen = next((p for p in keyed if p.models), keyed[0] if keyed else None)
    models = _one_per_lane(chosen.models) if chosen else ()
    entries = {model.id: _opencode_model(model) for model in models}
    if not entries:
        name = UNNAMED_MODEL if chosen else _PRACTICE_MODEL
        entries = {name: {"name": name}}
    named = list(entries)
    small = next((m.id for m in models if (m.lane or "").endswith("/small")), named[0])
    options = {"baseURL": f"{wish.url}/v1", "apiKey": wish.key}
    lines = [
        f"        {json.dumps(name)}: {json.dumps(entry)}"
        for name, entry in entries.items()
    ]
    return "\n".join(
        (
            "{",
            '  "provider": {',
            '    "turnout": {',
            f'      "npm": "{_package(chosen)}",',
            '      "name": "Turnout",',
            f'      "options": {json.dumps(options)},',
            '      "models": {',
            ",\n".join(lines),
            "      }",
            "    }",
            "  },",
            f'  "model": {json.dumps(f"turnout/{named[0]}")},',
            f'  "small_model": {json.dumps(f"turnout/{small}")}',
            "}",
        )
    )


def _package(provider: Provider | None) -> str:
    """The library that speaks what the provider speaks; all three are in opencode.

    OpenAI's newer models call tools over Responses only.
    """
    protocols = provider.protocols if provider else (Protocol.CHAT,)
    if provider is not None and provider.id == "openai":
        return "@ai-sdk/openai"
    if Protocol.CHAT in protocols:
        return "@ai-sdk/openai-compatible"
    return "@ai-sdk/anthropic" if Protocol.MESSAGES in protocols else "@ai-sdk/openai"


def _one_per_lane(models: Iterable[Model]) -> tuple[Model, ...]:
    first: dict[str | None, Model] = {}
    for model in models:
        first.setdefault(model.lane, model)
    return tuple(first.values())


def _opencode_model(model: Model) -> dict[str, object]:
    entry: dict[str, object] = {"name": model.display_name or model.id}
    if model.vision:
        entry["attachment"] = True
        entry["modalities"] = {"input": ["text", "image"], "output": ["text"]}
    if model.context is not None:
        output = model.max_output or _USUAL_OUTPUT
        entry["limit"] = {"context": model.context, "output": output}
    return entry


_PARTS: Mapping[Client, Callable[[Wish], tuple[SettingsPart, ...]]] = {
    Client.CLAUDE_CODE: _claude_code,
    Client.CODEX: _codex,
    Client.OPENCODE: _opencode,
}
