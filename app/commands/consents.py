"""Commands about consents: what was agreed to, and taking one back.

An entry is never changed: a revocation is an entry of its own.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from app.commands.spend import from_ledger
from app.commands.undo import UndoResult, end_by_hand, from_journal, unwire
from app.consent_head import proved, recorded
from app.consenting import BY_HAND, carry_over, journal_of, standing
from app.failure import CommandFailed, Exit
from app.services import Services
from app.settings.entries import has_fields, without_entry, without_field
from proxy.ledger.rows import Consent, ConsentKind, NewConsent
from wizard.records import WiringState


@dataclass(frozen=True, slots=True)
class ConsentInfo:
    """One entry: what was agreed to, or refused, by the user; `time` is UTC.

    `revokes` is the entry it takes back; `stands` says that it is a yes which no later
    entry has taken back.
    """

    number: int
    time: datetime
    kind: str
    subject: str
    scope: str
    detail: str
    given: bool
    revokes: int | None
    stands: bool


@dataclass(frozen=True, slots=True)
class ConsentList:
    """Every consent, the oldest first.

    `broken_at` is the number from which on the entries are not what was recorded, None
    where the chain holds. `waiting` counts those that the record could not take yet,
    `missing` those that were cut off at its end. `failed` says that it is not whole.
    """

    consents: tuple[ConsentInfo, ...]
    broken_at: int | None = None
    waiting: int = 0
    missing: int = 0
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ConsentRevoked:
    """A consent that ended, by the entry `by`.

    `sentence` says what that did, `todo` what is left to do. `undone` is what became of
    a client's files.
    """

    number: int
    by: int
    sentence: str
    todo: str = ""
    undone: UndoResult | None = None


async def consents(services: Services) -> ConsentList:
    """List what was agreed to and taken back, and whether the record is whole."""
    async with from_ledger():
        proof = await proved(services)
    waiting = await from_journal(services, journal_of(services).waiting_consents)
    stands = {entry.number for entry in standing(proof.entries)}
    return ConsentList(
        tuple(_info(entry, stands=entry.number in stands) for entry in proof.entries),
        proof.broken_at,
        len(waiting),
        proof.missing,
        failed=proof.broken_at is not None or proof.missing > 0,
    )


async def revoke(
    services: Services,
    number: Annotated[
        int, Meta(ge=1, description="The consent's number, as `consents` shows it.")
    ],
) -> ConsentRevoked:
    """Take a consent back; a client that was connected by it is disconnected."""
    async with from_ledger():
        await carry_over(services)
        entry = _standing_one(services, await services.ledger.consents(), number)
    match entry.kind:
        case ConsentKind.WIRE_CLIENT:
            return await _unwired(services, entry)
        case ConsentKind.USE_KEY:
            sentence, todo = await _key_unused(services, entry)
        case ConsentKind.USE_SERVER:
            sentence, todo = await _server_unused(services, entry)
        case ConsentKind.USE_LOGIN:
            sentence, todo = await _login_unused(services, entry)
        case ConsentKind.START_AT_LOGIN:
            return await _not_started(services, entry)
        case _:
            sentence, todo = "It is not done any more from now on.", ""
    by = await _revoked(services, entry)
    return ConsentRevoked(entry.number, by, sentence, todo)


def _standing_one(
    services: Services, entries: tuple[Consent, ...], number: int
) -> Consent:
    found = next((each for each in standing(entries) if each.number == number), None)
    if found is None:
        raise CommandFailed(
            f"There is no consent {number} to take back",
            "It is not there, is a no itself, or was taken back already. Nothing was"
            " changed.",
            f"{services.command_path} consents shows those that stand.",
            Exit.USAGE,
        )
    return found


async def _unwired(services: Services, entry: Consent) -> ConsentRevoked:
    if entry.scope == BY_HAND:
        said = await end_by_hand(services, entry.subject)
        by = await _ended_by(services, entry)
        return ConsentRevoked(entry.number, by, " ".join(said))
    undone = await unwire(services, (entry.subject,))
    # Nothing may be wired by it any more, or a file of it be stuck.
    by = await _ended_by(services, entry)
    left = [each for each in undone.clients if each.state is WiringState.APPLIED]
    todo = f"{services.command_path} undo {entry.subject} tries again." if left else ""
    sentence = f"{entry.subject} is not connected to Turnout any more."
    if left:
        sentence = f"{entry.subject} could not be taken back as a whole."
    return ConsentRevoked(entry.number, by, sentence, todo, undone)


async def _key_unused(services: Services, entry: Consent) -> tuple[str, str]:
    """Take the reference to a key out of `config.toml`, where it is still that one."""
    named = [
        str(provider.key)
        for provider in services.config.current.providers
        if provider.id == entry.subject
    ]
    if entry.scope not in named:
        return (
            f"The key of {entry.subject} ({entry.scope}) is not used any more.",
            "",
        )
    await _saved(services, lambda data: _without_key(data, entry.subject))
    file = services.paths.config_file
    return (f"{file} does not name {entry.scope} for {entry.subject} any more.", "")


def _without_key(data: bytes, provider: str) -> bytes:
    """Take an entry away that is there for its key alone, else only the key."""
    less = without_field(data, provider, "key")
    return less if has_fields(less, provider) else without_entry(data, provider)


async def _server_unused(services: Services, entry: Consent) -> tuple[str, str]:
    """Take a server's entry out of `config.toml`, where nobody wrote more into it."""
    there = {provider.id: provider for provider in services.config.current.providers}
    provider = there.get(entry.subject)
    sentence = f"Turnout is no longer allowed to use the server {entry.scope}."
    if provider is None:
        return sentence, ""
    if provider.base_url.removesuffix("/v1") != entry.scope:
        return sentence, _by_hand(services, entry)
    try:
        await _saved(services, lambda data: without_entry(data, entry.subject))
    except CommandFailed:
        return sentence, _by_hand(services, entry)
    return f"{services.paths.config_file} does not name {entry.scope} any more.", ""


async def _login_unused(services: Services, entry: Consent) -> tuple[str, str]:
    """Take the entry that passes a login on out, where it is still that one."""
    sentence = f"A client's own login is no longer passed on to {entry.subject}."
    there = {provider.id: provider for provider in services.config.current.providers}
    provider = there.get(entry.subject)
    if provider is None or provider.key.kind != "client":
        return sentence, ""
    try:
        await _saved(services, lambda data: without_entry(data, entry.subject))
    except CommandFailed:
        return sentence, _by_hand(services, entry)
    return f"{sentence} {services.paths.config_file} has no such entry any more.", ""


async def _saved(services: Services, change: Callable[[bytes], bytes]) -> None:
    await asyncio.to_thread(services.config.save, change)
    if services.gateway is not None:
        await services.gateway.config_changed()


async def _not_started(services: Services, entry: Consent) -> ConsentRevoked:
    from app.login_start import set_login

    await set_login(services, on=False)
    by = await _ended_by(services, entry)
    sentence = "Turnout does not start at login any more."
    return ConsentRevoked(entry.number, by, sentence, "")


def _by_hand(services: Services, entry: Consent) -> str:
    return (
        f'Remove the entry with id = "{entry.subject}" from'
        f" {services.paths.config_file}; until then it goes on being used."
    )


async def _ended_by(services: Services, entry: Consent) -> int:
    """Return the number of the entry that ends this one; it is made where none is."""
    async with from_ledger():
        entries = await services.ledger.consents()
    by = next((each.number for each in entries if each.revokes == entry.number), None)
    return await _revoked(services, entry) if by is None else by


async def _revoked(services: Services, entry: Consent) -> int:
    row = NewConsent(
        id=uuid.uuid4().hex,
        time=services.clock.now(),
        kind=entry.kind,
        subject=entry.subject,
        scope=entry.scope,
        detail=f"Consent {entry.number} was taken back.",
        given=False,
        revokes=entry.number,
    )
    async with from_ledger():
        return await recorded(services, row)


def _info(entry: Consent, *, stands: bool) -> ConsentInfo:
    return ConsentInfo(
        number=entry.number,
        time=entry.time,
        kind=entry.kind,
        subject=entry.subject,
        scope=entry.scope,
        detail=entry.detail,
        given=entry.given,
        revokes=entry.revokes,
        stands=stands,
    )
