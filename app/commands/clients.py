"""The command that gives the lines which point a client at the gateway.

It shows them and makes the key that goes in; it writes no client's file.
"""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from app.commands.keys import new
from app.failure import CommandFailed
from app.services import Services
from proxy.catalogue import Provider
from wizard.clients.needs import Client, logins, missing, usual_login
from wizard.clients.pasting import SettingsPart, Wish, parts
from wizard.plan import Login

__all__ = [
    "PLACEHOLDER",
    "Client",
    "ClientSettings",
    "Login",
    "SettingsPart",
    "settings",
]

PLACEHOLDER = "YOUR_TURNOUT_KEY"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The lines for one client, with its key in them; `note` is what else to know."""

    client: Client
    base_url: str
    key: str = field(repr=False)
    parts: tuple[SettingsPart, ...]
    note: str
    text: str = field(repr=False)
    """All parts as one text, ready for the clipboard."""


async def settings(
    services: Services,
    client: Annotated[Client, Meta(description="The client to point at Turnout.")],
    *,
    login: Annotated[
        Login | None,
        Meta(
            description="key: Turnout's configuration names the provider's key; own: "
            "the client stays signed in as it is and Turnout passes that on. Without "
            'it: own where the provider has key = "client" in config.toml, else key.'
        ),
    ] = None,
    fresh: Annotated[
        bool, Meta(description="Make a key; without, a place is left for one you have.")
    ] = True,
) -> ClientSettings:
    """Show the lines that point a client at Turnout, with a new key of its own."""
    providers = services.config.current.catalogue.providers
    chosen = usual_login(client, providers) if login is None else login
    if chosen not in logins(client):
        raise CommandFailed(
            "There is no own login to pass on",
            f"{client} reaches any address with a key only.",
            f"{services.command_path} settings {client} shows the lines with a key.",
        )
    key = (await new(services, client)).key if fresh else PLACEHOLDER
    url = f"http://127.0.0.1:{_port(services)}"
    lacks = missing(client, chosen, providers)
    told: tuple[SettingsPart, ...] = ()
    if lacks is not None:
        told = (_config_part(services, lacks),)
        providers = (lacks, *providers)
    platform = services.surroundings.platform
    wish = Wish(url, key, chosen, providers, services.command_path, platform)
    told = (*told, *parts(client, wish))
    return ClientSettings(
        client=client,
        base_url=url,
        key=key,
        parts=told,
        note=" ".join(_notes(services, client, lacks, chosen)),
        text="\n\n".join(f"# {part.where}\n{part.text}" for part in told) + "\n",
    )


def _port(services: Services) -> int:
    if services.state is not None:
        return services.state.snapshot().port
    return services.config.current.settings.port


def _config_part(services: Services, lacks: Provider) -> SettingsPart:
    """Return what Turnout's own file needs before the client's lines are of use."""
    file = services.paths.config_file
    there = services.config.current.catalogue.providers
    entry = f'[[providers]]\nid = "{lacks.id}"\nkey = "{lacks.key}"'
    if any(provider.id == lacks.id for provider in there):
        where = f"Change the provider {lacks.id} in Turnout's own file {file} to this"
        return SettingsPart(where, entry)
    until = "" if there else "; until then the practice provider answers"
    where = f"Add to Turnout's own file {file} (it is read at once{until})"
    return SettingsPart(where, entry)


def _notes(
    services: Services, client: Client, lacks: Provider | None, login: Login
) -> tuple[str, ...]:
    seen = f"`{services.command_path} events` shows each request that came through."
    if login is Login.OWN:
        return (_OWN_LOGIN[client], seen)
    mind = (_MIND[client],) if client in _MIND else ()
    if lacks is not None:
        return (_ENVIRONMENT.format(variable=lacks.key.name), *mind, seen)
    return (*mind, seen)


_ENVIRONMENT = (
    "{variable} has to be set where Turnout is started; where it was not, set it and "
    "start Turnout again."
)
_MIND = {
    Client.CLAUDE_DESKTOP: "With a gateway Claude Desktop has no chat tab and no "
    "Claude in Chrome. Its vendor asks for an https address; plain http to this "
    "machine is reported to work.",
}
_OWN_LOGIN = {
    Client.CLAUDE_CODE: "Claude Code has to be signed in, and stays so: Turnout passes "
    "its login on to Anthropic and keeps nothing of it.",
    Client.CODEX: "Codex has to be signed in, and stays so: Turnout passes its login "
    'on and keeps nothing of it. The provider is "chatgpt" where Codex is signed in '
    'with a ChatGPT plan and "openai" where it has an API key; set up that one only.',
    Client.OPENCODE: "opencode has to be signed in with an API key of that provider: "
    "Turnout passes it on and keeps nothing of it.",
    Client.GEMINI_CLI: "Gemini CLI has to have an API key of its own (GEMINI_API_KEY), "
    "and keeps it: Turnout passes it on to Google and stores nothing of it. With a "
    "Google account it goes past Turnout.",
}
