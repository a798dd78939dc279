"""Says what a person's answers change in Turnout's own `config.toml`; writes nothing.

A found key or server becomes a provider only by an answer that names it. It must hold
no key: an entry names where a key is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.settings.edit import with_mode
from app.settings.entries import Entry, with_entry
from discovery.findings import KeyFound, ServerFound, ServerState, SignIn
from proxy.catalogue import Provider, known_providers
from proxy.routing import Mode
from wizard.answers import Answers
from wizard.clients.needs import NEEDS, Client
from wizard.plan import Login


@dataclass(frozen=True, slots=True)
class Signed:
    """A client that is to be wired, and how it signs in upstream."""

    client: str
    login: Login
    sign_in: SignIn = SignIn.UNKNOWN


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One entry that is to be set: `variable` or `address` is what was agreed to.

    `moves` says that the key behind `variable` is put into the system keyring first.
    """

    entry: Entry
    sentence: str
    variable: str = ""
    address: str = ""
    moves: bool = False


@dataclass(frozen=True, slots=True)
class OwnLogin:
    """Start at login is turned on or off; `where` is the file or value that does it."""

    on: bool
    where: str

    @property
    def sentence(self) -> str:
        """What changes, for people."""
        if self.on:
            return f"Turnout starts at login, by {self.where}, which is made."
        return f"Turnout does not start at login any more: {self.where} is removed."


@dataclass(frozen=True, slots=True)
class OwnChanges:
    """What changes in `config.toml`; `notes` are answers that could not be followed.

    `login` is what changes beside that file, None where nothing does.
    """

    entries: tuple[OwnEntry, ...] = ()
    mode: Mode | None = None
    notes: tuple[str, ...] = ()
    login: OwnLogin | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changes, for people."""
        told = [each.sentence for each in self.entries]
        if self.mode is not None:
            told.append(f"The mode becomes {self.mode}.")
        if self.login is not None:
            told.append(self.login.sentence)
        return tuple(told)

    @property
    def mark(self) -> bytes:
        """What tells a plan with this from one without, beside the file's new text."""
        return b"" if self.login is None else self.login.sentence.encode()

    def made(self, data: bytes) -> bytes:
        """Return the file `data` with the changes; raises `CommandFailed`."""
        for each in self.entries:
            data = with_entry(data, each.entry)
        return data if self.mode is None else with_mode(data, self.mode)


def own_changes(
    answers: Answers,
    keys: Iterable[KeyFound],
    servers: Iterable[ServerFound],
    signed: Iterable[Signed],
    providers: Iterable[Provider],
    environ: Mapping[str, str],
    mode: Mode,
    login: OwnLogin | None = None,
) -> OwnChanges:
    """Return what the answers change; `providers` and `mode` are as they are now.

    `login` is what they change about the start at login.
    """
    there = {provider.id: provider for provider in providers}
    clients = tuple(signed)
    logins = _logins(clients, there)
    taken = {_own_provider(each) for each in clients}
    key_entries, notes = _keys(answers, keys, there, taken, environ)
    server_entries = _servers(answers, servers, there)
    wanted = answers.mode if answers.mode not in {None, mode} else None
    entries = (*logins, *key_entries, *server_entries)
    return OwnChanges(entries, wanted, notes, login)


def _logins(
    signed: Iterable[Signed], there: Mapping[str, Provider]
) -> tuple[OwnEntry, ...]:
    entries: dict[str, OwnEntry] = {}
    for each in signed:
        wanted = _own_provider(each)
        if not wanted:
            continue
        now = there.get(wanted)
        if now is not None and now.key.kind == "client":
            continue
        fields: dict[str, str] = {"key": "client"}
        if each.sign_in is SignIn.SUBSCRIPTION and wanted == "anthropic":
            fields["billing"] = "subscription"
        name = wanted
        if now is not None:
            name, fields = f"{wanted}-login", {"like": wanted, **fields}
        sentence = (
            f"{known_providers()[wanted].name}: a client's own login is passed on to"
            " it, and to nobody else."
        )
        entries.setdefault(name, OwnEntry(Entry(name, fields), sentence))
    return tuple(entries.values())


def _own_provider(each: Signed) -> str:
    """Return the provider whose login a client has, '' where it brings none."""
    if each.login is not Login.OWN or each.client not in set(Client):
        return ""
    own = NEEDS[Client(each.client)].own
    if each.client == Client.CODEX and each.sign_in is SignIn.KEY:
        return "openai"
    return own[0] if own else ""


def _keys(
    answers: Answers,
    keys: Iterable[KeyFound],
    there: Mapping[str, Provider],
    taken: set[str],
    environ: Mapping[str, str],
) -> tuple[tuple[OwnEntry, ...], tuple[str, ...]]:
    entries: dict[str, OwnEntry] = {}
    notes = []
    for key in keys:
        wanted = answers.all_keys or key.variable in answers.keys
        if not wanted or key.used or key.provider not in known_providers():
            continue
        moves = key.variable in answers.keyring
        if not key.reference and not moves:
            notes.append(f"{key.variable} is not used: {key.where} is not read by it.")
            continue
        made = _key_entry(key, there, taken, environ, moves=moves)
        if isinstance(made, str):
            notes.append(made)
        else:
            entries.setdefault(made.entry.id, made)
    named = {each.variable for each in entries.values()}
    found = {key.variable for key in keys}
    notes += [
        f"{name} was not found, so nothing is set up with it."
        for name in answers.keys
        if name not in named | found
    ]
    return tuple(entries.values()), tuple(notes)


def _key_entry(
    key: KeyFound,
    there: Mapping[str, Provider],
    taken: set[str],
    environ: Mapping[str, str],
    *,
    moves: bool,
) -> OwnEntry | str:
    known = known_providers()[key.provider]
    if known.gone:
        return f"{known.name} is not set up: {known.gone}"
    reference = f"keyring:{key.provider}" if moves else key.reference
    fields: dict[str, str] = {"key": reference}
    name = key.provider
    now = there.get(name)
    if name in taken or (now is not None and now.key.kind in {"env", "keyring"}):
        name, fields = f"{name}-key", {"like": key.provider, **fields}
    if known.fill_in and now is None:
        filled = _filled(known, environ)
        if not filled:
            return (
                f"{known.name} is not set up: its address needs your own "
                f"{known.fill_in}. Write base_url into config.toml yourself."
            )
        fields["base_url"] = filled
    ending = f" (ends in {key.last4})" if key.last4 else ""
    place = "the environment" if key.where == "environment" else key.where
    where = "moved to the system keyring" if moves else f"read from {place}"
    sentence = f"{known.name}: your key {key.variable}{ending} may be used, {where}."
    return OwnEntry(Entry(name, fields), sentence, variable=key.variable, moves=moves)


_FILLED_BY = {
    "cloudflare": ("CLOUDFLARE_ACCOUNT_ID",),
    "azure": ("AZURE_RESOURCE_NAME",),
    "bedrock": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}


def _filled(known: Provider, environ: Mapping[str, str]) -> str:
    for name in _FILLED_BY.get(known.id, ()):
        value = environ.get(name, "")
        if value and value.replace("-", "").isalnum():
            return known.base_url.replace(known.fill_in, value)
    return ""


def _servers(
    answers: Answers, servers: Iterable[ServerFound], there: Mapping[str, Provider]
) -> tuple[OwnEntry, ...]:
    entries: dict[str, OwnEntry] = {}
    for server in servers:
        wanted = answers.all_servers and server.state is ServerState.READY
        if not (wanted or server.address in answers.servers) or server.used:
            continue
        entry = _server_entry(server, {**there, **entries})
        sentence = f"{server.name} at {server.address} may be used."
        entries[entry.id] = OwnEntry(entry, sentence, address=server.address)
    return tuple(entries.values())


def _server_entry(server: ServerFound, there: Mapping[str, object]) -> Entry:
    if not server.provider:
        port = urlsplit(server.address).port or 80
        fields = {"base_url": server.address, "key": "none", "billing": "local"}
        return Entry(
            f"local-{port}",
            {**fields, "protocols": ("openai-chat",), "any_model": True},
        )
    known = known_providers()[server.provider]
    own: dict[str, str] = {}
    if known.base_url.removesuffix("/v1") != server.address:
        own["base_url"] = server.address
    if server.provider not in there:
        return Entry(server.provider, own)
    port = urlsplit(server.address).port or 80
    like = {"like": server.provider, "base_url": server.address}
    return Entry(f"{server.provider}-{port}", like)
