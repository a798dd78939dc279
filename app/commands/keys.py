"""Commands about gateway keys: what a client shows to be let in."""

import asyncio
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from app.commands.spend import from_ledger
from app.failure import CommandFailed
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


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; the only time it is shown unless it is kept."""

    name: str
    key: str = field(repr=False)
    scope: Scope = Scope.CALL


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that the system keyring kept."""

    name: str
    key: str = field(repr=False)


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
        bool, Meta(description="Also keep it in the system keyring, for `keys show`.")
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


async def show(services: Services, name: KeyName) -> KeptKey:
    """Print the key that was made with `keys new NAME --keep`."""
    ref = KeyRef("keyring", _entry(services, name))
    kept = await asyncio.to_thread(services.secrets.resolve, ref)
    owner, _, key = (kept or "").partition("=")
    if owner != name or not await _valid(services, name, key):
        raise CommandFailed(
            f"There is no kept key for {name}",
            "Keys are shown once. Only a key made with --keep can be shown again, as "
            "long as it is valid.",
            f"{services.command_path} keys new {name} --keep makes one.",
        )
    return KeptKey(name, key)


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


async def _keep(services: Services, made: NewKey) -> None:
    # The entry names its client, so it is never taken for a provider's key.
    entry = _entry(services, made.name)
    why = await services.secrets.store(entry, f"{made.name}={made.key}")
    # What the keyring holds now is asked for anew by `show`.
    services.secrets.forget()
    if why:
        raise CommandFailed(
            "The key cannot be kept",
            f"{why[:1].upper()}{why[1:]}. No key was made.",
            f"{services.command_path} keys new {made.name} makes one that is shown "
            "once.",
        )


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
