"""Draws up what a person's answers would change: looks, then plans; it writes nothing.

The same answers on the same files give the same plan. It must not make a key: until
the yes a placeholder stands for each.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from app.commands.discover import kept_keys
from app.commands.keys import kept_key
from app.commands.spend import from_ledger
from app.consenting import journal_of
from app.failure import CommandFailed, Exit
from app.identity import program
from app.login_start import login_start
from app.own_config import OwnChanges, OwnLogin, Signed, own_changes
from app.services import Services
from app.settings.config import read_config
from discovery.clients import find_clients
from discovery.files import FileState, look_at
from discovery.findings import (
    ClientFound,
    Confidence,
    KeyFound,
    Reach,
    ServerFound,
    ServerModel,
    SignIn,
)
from discovery.keys import (
    keyring_names,
    keys_in_environment,
    keys_in_keyring,
    keys_in_shell_files,
)
from discovery.servers import find_servers
from discovery.surroundings import Surroundings
from proxy import keys as gateway_keys
from proxy.catalogue import Catalogue, FoundModel, Model, Provider, with_found
from proxy.keys import KeyRing, KeyRow
from proxy.routing import Mode
from wizard.answers import Answers
from wizard.clients import CLIENTS
from wizard.clients.claude_code.present import present_in, user_file
from wizard.clients.needs import NEEDS, Client, keyed, own, own_sign_in
from wizard.clients.terms import ClientSetup, Situation
from wizard.plan import Choice, ClientPlan, Login, Plan
from wizard.planning import PLACEHOLDER, plan_client, plan_of
from wizard.showing import short, shown
from wizard.view import PlanView

UNDO_ALL: Final = "turnout undo --all"

_KEY: Final = re.compile(rb"tnt_[A-Za-z0-9]{40,}")
_SETUPS: Final[Mapping[str, ClientSetup]] = {setup.id: setup for setup in CLIENTS}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn up: for machines, for `config.toml`, and for people.

    `fresh` are the clients whose plan has a placeholder in the place of a key.
    """

    plan: Plan
    own: OwnChanges
    view: PlanView
    fresh: frozenset[str]

    def client(self, name: str) -> ClientPlan | None:
        """Return the plan of one client, None where it is not among them."""
        return next((p for p in self.plan.clients if p.client == name), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at to draw by; each a part of one look."""

    clients: tuple[ClientFound, ...] = ()
    keys: tuple[KeyFound, ...] = ()
    servers: tuple[ServerFound, ...] = ()

    def client(self, name: str) -> ClientFound | None:
        """Return the finding of one client, None where it is not here."""
        return next((found for found in self.clients if found.id == name), None)


@dataclass(frozen=True, slots=True)
class _One:
    """One client on its way to a plan."""

    setup: ClientSetup
    choice: Choice
    login: Login
    found: ClientFound | None
    files: Mapping[Path, FileState] = field(repr=False)


async def draw(
    services: Services,
    answers: Answers,
    *,
    project: Path | None = None,
    keys: Mapping[str, str] | None = None,
) -> Drawn:
    """Return the plan for these answers; blocks in threads only.

    `project` is the one folder that is written for, `keys` the gateway keys that were
    made for clients, by client. Raises `CommandFailed` for a client that is not known
    and for a `config.toml` that cannot be changed.
    """
    seen = await looked(services, answers)
    around = replace(services.surroundings, folder=project)
    ones = await asyncio.to_thread(_ones, services, answers, seen, around, project)
    drawn = await _drawn(services, answers, seen, around, ones, keys or {}, ones)
    refused = {plan.client for plan in drawn.plan.clients if plan.refusals}
    left = [one for one in ones if one.setup.id not in refused]
    if any(one.login is Login.OWN for one in ones if one not in left):
        # The login of a client that stays as it is is not passed on anywhere.
        drawn = await _drawn(services, answers, seen, around, ones, keys or {}, left)
    return drawn


async def _drawn(
    services: Services,
    answers: Answers,
    seen: Seen,
    around: Surroundings,
    ones: Sequence[_One],
    keys: Mapping[str, str],
    signed: Iterable[_One],
) -> Drawn:
    config = services.config
    changes = own_changes(
        answers,
        seen.keys,
        seen.servers,
        [_signed(one) for one in signed],
        config.current.providers,
        services.surroundings.environ,
        config.current.settings.mode,
        await asyncio.to_thread(_login_change, services, answers.start_at_login),
    )
    data = await asyncio.to_thread(config.text)
    after = changes.made(data)
    then = read_config(after)
    providers = _with_models(services, then.catalogue, seen.servers).providers
    async with from_ledger():
        rows = await services.ledger.keys()
    plans, fresh = [], set()
    for one in ones:
        key, made = await _key(services, one, keys, rows)
        if made:
            fresh.add(one.setup.id)
        ours = _made_here(one, rows)
        situation = _situation(services, one, key, providers, around, ours=ours)
        plan = _with_finding(plan_client(one.setup, situation), one, providers)
        plans.append(_as_typed_here(services, plan, then.settings.mode))
    whole = plan_of(plans, (after if after != data else b"") + changes.mark)
    view = shown(
        whole,
        services.surroundings.home,
        own=changes.sentences,
        backups=short(
            str(services.paths.backups / "wiring"), services.surroundings.home
        ),
        undo_all=f"{services.command_path} undo --all",
        notes=changes.notes,
    )
    return Drawn(whole, changes, view, frozenset(fresh))


def _as_typed_here(services: Services, plan: ClientPlan, mode: Mode) -> ClientPlan:
    """Return the plan with commands as they are typed here, and the mode said."""
    notes = plan.notes
    if mode is Mode.DIRECT and plan.choice.login is Login.KEY:
        told = f"`{services.command_path} mode coding-auto` lets Turnout choose."
        notes = (*notes, f"The mode is direct: what is asked for is sent. {told}")
    undo = f"{services.command_path} undo {plan.client}"
    return replace(plan, notes=notes, undo=undo)


async def looked(services: Services, answers: Answers) -> Seen:
    """Look for what the answers speak of, and for nothing else."""
    port = port_of(services)
    around = services.surroundings
    clients = await asyncio.to_thread(find_clients, around, port)
    keys: tuple[KeyFound, ...] = ()
    if answers.keys or answers.all_keys or answers.keyring:
        keys = keys_in_environment(around)
        here = {key.variable for key in keys}
        if set(answers.keyring) - here:
            there = await asyncio.to_thread(keys_in_shell_files, around)
            keys += tuple(key for key in there if key.variable not in here)
        keys = _with_use(services, keys)
        named = set(answers.keys) & set(keyring_names())
        if named:
            held = await asyncio.to_thread(_in_keyring, services, named)
            keys = (*keys, *held)
    servers: tuple[ServerFound, ...] = ()
    if answers.servers or answers.all_servers:
        used = services.config.current.catalogue
        found = find_servers(around, port, used=used)
        servers = tuple([server async for server in found])
    return Seen(clients, keys, servers)


def _in_keyring(services: Services, names: Iterable[str]) -> tuple[KeyFound, ...]:
    found: list[KeyFound] = []
    # A keyring that cannot be asked holds nothing that could be used.
    with contextlib.suppress(LookupError):
        found.extend(keys_in_keyring(names, kept_keys(services)))
    return _with_use(services, found)


def _with_use(services: Services, keys: Iterable[KeyFound]) -> tuple[KeyFound, ...]:
    used = {
        f"{provider.key.kind}:{provider.key.name}"
        for provider in services.config.current.providers
    }
    return tuple(
        replace(key, used=bool(key.reference) and key.reference in used) for key in keys
    )


def _with_models(
    services: Services, catalogue: Catalogue, servers: Iterable[ServerFound]
) -> Catalogue:
    """Return the catalogue with the models that local servers told of just now.

    A client that has to name a model is told one that is there.
    """
    live: dict[str, Provider] = {}
    if services.gateway is not None:
        now = services.gateway.routing_now().catalogue
        live = {provider.id: provider for provider in now.providers}
    told: dict[tuple[str, str], FoundModel] = {}
    for provider in catalogue.providers:
        known = live.get(provider.id)
        if known is not None and known.base_url == provider.base_url:
            told |= _told(provider, known.models)
        for server in servers:
            if server.address == provider.base_url.removesuffix("/v1"):
                told |= _told(provider, server.models)
    return with_found(catalogue, told)


def _told(
    provider: Provider, models: Iterable[Model | ServerModel]
) -> dict[tuple[str, str], FoundModel]:
    return {
        (provider.id, model.id): FoundModel(
            context=model.context,
            place=model.place,
            tools=model.tools,
            vision=model.vision,
        )
        for model in models
    }


def port_of(services: Services) -> int:
    """Return the port that clients are pointed at."""
    if services.state is not None:
        return services.state.snapshot().port
    return services.config.current.settings.port


def _login_change(services: Services, wanted: bool | None) -> OwnLogin | None:  # noqa: FBT001 - an answer, which may be none
    """Return what an answer changes about the start at login, None for nothing."""
    if wanted is None:
        return None
    now = login_start(services).now()
    return None if now.on == wanted else OwnLogin(wanted, now.where)


# --- the clients ----------------------------------------------------------------------


def _ones(
    services: Services,
    answers: Answers,
    seen: Seen,
    around: Surroundings,
    project: Path | None,
) -> tuple[_One, ...]:
    ones = []
    for name in _chosen(answers, seen.clients):
        setup = _SETUPS.get(name)
        if setup is None:
            raise unknown_client(services, name)
        choice = answers.choice(name, project)
        found = seen.client(name)
        files = {path: look_at(path) for path in setup.places(around, choice)}
        if choice.login is None:
            choice = replace(choice, login=_earlier_login(services, name))
        login = _login(services, answers, choice, found, seen.keys)
        if choice.login is None and _has_credential(name, around, files):
            login = Login.OWN
        ones.append(_One(setup, choice, login, found, files))
    return tuple(ones)


def _earlier_login(services: Services, client: str) -> Login | None:
    """Return how a client that is wired signs in; None where it is not wired."""
    # A history that cannot be read is said where something is to be written.
    with contextlib.suppress(OSError):
        earlier = journal_of(services).current_of(client)
        return earlier.choice.login if earlier is not None else None
    return None


def _chosen(answers: Answers, found: Sequence[ClientFound]) -> tuple[str, ...]:
    if not answers.all_clients:
        return answers.clients
    return tuple(
        client.id
        for client in found
        if client.reach is Reach.WIRED_BY_FILE and client.id in _SETUPS
    )


def unknown_client(services: Services, name: str) -> CommandFailed:
    """Return the refusal of a client that Turnout has never heard of."""
    return CommandFailed(
        f"There is no client {name[:40]!r}",
        f"Turnout knows these: {', '.join(_SETUPS)}. Nothing was done.",
        f"{services.command_path} discover shows those that are here.",
        Exit.USAGE,
    )


def _login(
    services: Services,
    answers: Answers,
    choice: Choice,
    found: ClientFound | None,
    keys: Iterable[KeyFound],
) -> Login:
    """Return how the client signs in upstream where the user did not say."""
    if choice.login is not None:
        return choice.login
    name = choice.client
    if name not in set(Client) or not NEEDS[Client(name)].own:
        return Login.KEY
    providers = services.config.current.providers
    if own(Client(name), providers) and not _keys_agreed(answers, keys):
        return Login.OWN
    sign_in = found.sign_in if found is not None else SignIn.UNKNOWN
    if own_sign_in(name, sign_in):
        return Login.OWN
    nothing = not keyed(Client(name), providers) and not _keys_agreed(answers, keys)
    return Login.OWN if sign_in is SignIn.KEY and nothing else Login.KEY


def _has_credential(
    client: str, around: Surroundings, files: Mapping[Path, FileState]
) -> bool:
    """Tell whether a client's file signs it in: that stays, and is what it uses."""
    if client != Client.CLAUDE_CODE:
        return False
    return bool(present_in(files, user_file(around)).credentials)


def _keys_agreed(answers: Answers, keys: Iterable[KeyFound]) -> bool:
    return any(answers.all_keys or key.variable in answers.keys for key in keys)


def _signed(one: _One) -> Signed:
    sign_in = one.found.sign_in if one.found is not None else SignIn.UNKNOWN
    return Signed(one.setup.id, one.login, sign_in)


async def _key(
    services: Services, one: _One, keys: Mapping[str, str], rows: Iterable[KeyRow]
) -> tuple[str, bool]:
    """Return the client's gateway key, and whether it has yet to be made."""
    name = one.setup.id
    if name in keys:
        return keys[name], False
    ring = KeyRing(rows)
    for state in one.files.values():
        for found in _KEY.findall(state.data or b""):
            known = ring.find(found.decode())
            if known is not None and known.name == name:
                return found.decode(), False
    if one.choice.helper or one.choice.project is not None:
        kept = await kept_key(services, name)
        if kept is not None:
            return kept, False
    return PLACEHOLDER, True


def _made_here(one: _One, rows: Iterable[KeyRow]) -> bool:
    """Tell whether this Turnout made every gateway key in a client's files."""
    made = {row.hash for row in rows}
    return all(
        gateway_keys.hash(found.decode()) in made
        for state in one.files.values()
        for found in _KEY.findall(state.data or b"")
    )


def _situation(
    services: Services,
    one: _One,
    key: str,
    providers: tuple[Provider, ...],
    around: Surroundings,
    *,
    ours: bool,
) -> Situation:
    return Situation(
        surroundings=around,
        choice=one.choice,
        login=one.login,
        url=f"http://127.0.0.1:{port_of(services)}",
        key=key,
        command=program(),
        key_file=services.paths.state / "keys" / one.setup.id,
        providers=providers,
        files=one.files,
        home=services.paths.home,
        older_is_ours=ours,
    )


_NO_PROVIDER: Final = (
    "No provider is set up, so the practice provider answers: simulated, for nothing. "
    "Agree to a key or a local server to have a real one."
)


def _with_finding(
    plan: ClientPlan, one: _One, providers: tuple[Provider, ...]
) -> ClientPlan:
    notes = list(plan.notes)
    if one.found is None:
        notes.append(f"{plan.name} was not found on this machine.")
    else:
        if one.found.confidence is Confidence.HINT:
            notes.append(f"That {plan.name} is here is a hint only: {one.found.where}.")
        blocking = [each for each in one.found.overrides if each.blocks]
        notes += [
            f"{each.where}: {each.sentence} Remove this line: {each.line}"
            for each in blocking
            if not any(each.name in told for told in plan.notes)
        ]
        if one.found.running:
            notes.append(f"{plan.name} runs now: start it again afterwards.")
    if not providers:
        notes.append(_NO_PROVIDER)
    return replace(plan, notes=tuple(notes))
