"""Commands about gateway keys: what a client shows to be let in."""

import asyncio
import contextlib
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from app.commands.spend import from_ledger
from app.failure import CommandFailed
from app.paths import Paths
from app.services import Services
from proxy import keys as gateway_keys
from proxy.catalogue import KeyRef
from proxy.keys import Scope

KeyName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="The client's name, such as claude-code.",
        extra={
            "wish": "1 to 64 lower-case letters, digits, dots, dashes or underscores "
            "are needed, a letter or digit first"
        },
    ),
]


_TOLD_FROM = 12  # characters a key needs for its last four to be told


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; the only time it is shown unless it is kept."""

    name: str
    key: str = field(repr=False)
    scope: Scope = Scope.CALL


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that the system keyring kept, or a private file where there is none.

    `note` is what else happened, or ''.
    """

    name: str
    key: str = field(repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A provider's key that is in the system keyring now, by its reference.

    `reference` is what `config.toml` names it by; of the key only `last4` is told.
    """

    reference: str
    last4: str


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known of a key; times are UTC, `revoked` is None while it is valid."""

    id: str
    name: str
    scope: Scope
    created: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class KeyList:
    """Every key that was made, the oldest first."""

    keys: tuple[KeyInfo, ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """How many keys of a name were ended."""

    name: str
    count: int


async def new(
    services: Services,
    name: KeyName,
    *,
    scope: Annotated[
        Scope, Meta(description="call: model requests; read: metrics and events.")
    ] = Scope.CALL,
    keep: Annotated[
        bool,
        Meta(
            description="Also keep it for `keys show`: in the system keyring, or where "
            "there is none in a file that only you can read."
        ),
    ] = False,
) -> NewKey:
    """Make a gateway key for a client and show it once."""
    made = NewKey(name, gateway_keys.new_key(), scope)
    if keep:
        await _keep(services, made)
    row = gateway_keys.KeyRow(
        id=uuid.uuid4().hex,
        name=name,
        scope=scope,
        hash=gateway_keys.hash(made.key),
        created=services.clock.now(),
    )
    async with from_ledger():
        await services.ledger.add_key(row)
    await _tell(services)
    return made


async def show(
    services: Services,
    name: KeyName,
    *,
    start: Annotated[
        bool, Meta(description="Start Turnout where it does not run.")
    ] = True,
) -> KeptKey:
    """Print the key that was made with `keys new NAME --keep`.

    Clients that fetch their key by a command call this: so it starts Turnout where it
    does not run, and the client finds somebody there.
    """
    key = await kept_key(services, name)
    if key is None:
        raise CommandFailed(
            f"There is no kept key for {name}",
            "Keys are shown once. Only a key made with --keep can be shown again, as "
            "long as it is valid.",
            f"{services.command_path} keys new {name} --keep makes one.",
        )
    begin = start and services.gateway is None
    note = await asyncio.to_thread(_started, services) if begin else ""
    return KeptKey(name, key, note)


async def kept_key(services: Services, name: str) -> str | None:
    """Return the valid key that is kept for a client, None where there is none."""
    ref = KeyRef("keyring", _entry(services, name))
    kept = await asyncio.to_thread(services.secrets.resolve, ref)
    file = key_file(services.paths, name)
    for text in (kept or "", await asyncio.to_thread(_read, file)):
        owner, _, key = text.strip().partition("=")
        if owner == name and await _valid(services, name, key):
            return key
    return None


async def store(
    services: Services,
    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
            description="The provider's id, such as openai.",
            extra={"wish": "The id of a provider is needed, such as openai"},
        ),
    ],
    *,
    value: Annotated[
        str | None, Meta(description="The key itself.", extra={"secret": True})
    ] = None,
    variable: Annotated[
        str | None,
        Meta(description="Take it from this variable of Turnout's environment."),
    ] = None,
) -> StoredKey:
    """Put a provider's key into the system keyring.

    `config.toml` then names it `keyring:NAME`. It stands nowhere else of Turnout's.
    """
    key = value
    if key is None and variable is not None:
        held = KeyRef("env", variable)
        key = await asyncio.to_thread(services.secrets.resolve, held)
    if not key:
        raise CommandFailed(
            "No key was stored",
            f"{variable} is not set where Turnout runs." if variable else "None given.",
            f"{services.command_path} keys store {name} --value asks for it.",
        )
    why = await services.secrets.store(name, key)
    services.secrets.forget()
    if why:
        raise CommandFailed(
            "The key cannot be stored",
            f"{_sentence(why)}. It was put nowhere.",
            "Set it as an environment variable where Turnout starts, and name it "
            f"env:VARIABLE in {services.paths.config_file}.",
        )
    last4 = key[-4:] if len(key) >= _TOLD_FROM else ""
    return StoredKey(f"keyring:{name}", last4)


# `list` is the word people type; the module has no other use for it.
async def list_keys(services: Services) -> KeyList:
    """List the gateway keys: name, scope, when made and when revoked."""
    async with from_ledger():
        rows = await services.ledger.keys()
    return KeyList(
        tuple(
            KeyInfo(row.id, row.name, row.scope, row.created, row.revoked)
            for row in rows
        )
    )


async def revoke(services: Services, name: KeyName) -> Revoked:
    """End every key of that name; clients that use one are refused at once."""
    async with from_ledger():
        count = await services.ledger.revoke_key(name, services.clock.now())
    if not count:
        raise CommandFailed(
            f"There is no valid key for {name}",
            "Nothing was changed.",
            f"{services.command_path} keys list shows what there is.",
        )
    await _tell(services)
    return Revoked(name, count)


async def end(services: Services, key: str) -> None:
    """End that very key; one that is not there or ended already is no error."""
    digest = gateway_keys.hash(key)
    async with from_ledger():
        ended = await services.ledger.end_key(digest, services.clock.now())
    if ended:
        await _tell(services)


def key_file(paths: Paths, name: str) -> Path:
    """Return where a client's key is kept while there is no system keyring."""
    return paths.state / "keys" / name


async def _keep(services: Services, made: NewKey) -> None:
    # The entry names its client, so it is never taken for a provider's key.
    text = f"{made.name}={made.key}"
    file = key_file(services.paths, made.name)
    entry = _entry(services, made.name)
    why = await services.secrets.store(entry, text)
    # A keyring may take an entry and keep nothing: it is asked for it anew.
    services.secrets.forget()
    ref = KeyRef("keyring", entry)
    if not why and await asyncio.to_thread(services.secrets.resolve, ref) == text:
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(file.unlink)
        return
    try:
        await asyncio.to_thread(_write, file, text)
    except OSError as error:
        raise CommandFailed(
            "The key cannot be kept",
            f"{_sentence(why or 'the system keyring keeps nothing')}, and {file} "
            f"cannot be written ({error.strerror}). No key was made.",
            f"{services.command_path} keys new {made.name} makes one that is shown "
            "once.",
        ) from None


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}"


def _write(file: Path, text: str) -> None:
    from app.settings.files import replace_whole, stamp_of

    file.parent.mkdir(mode=0o700, exist_ok=True)
    replace_whole(file, text.encode(), stamp_of(file))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _started(services: Services) -> str:
    """Start the keeper if nobody serves; return what to know where that failed."""
    from app.serve import CannotServe, runs, start_keeper

    paths = services.paths
    if runs(paths):
        return ""
    try:
        start_keeper(paths, services.config.current.settings.port)
    except (CannotServe, OSError) as refused:
        return f"Turnout does not run and was not started: {refused}"
    return ""


def _entry(services: Services, name: str) -> str:
    """Return the keyring entry's name; another home's keys are not valid here."""
    home = services.paths.home
    if home is None:
        return f"gateway-key:{name}"
    return f"gateway-key:{name}:{hashlib.sha256(bytes(home)).hexdigest()[:12]}"


async def _valid(services: Services, name: str, key: str) -> bool:
    async with from_ledger():
        rows = await services.ledger.keys()
    found = gateway_keys.KeyRing(rows).find(key)
    return found is not None and found.name == name


async def _tell(services: Services) -> None:
    if services.gateway is not None:
        await services.gateway.reload_keys()
