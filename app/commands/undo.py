"""The command that takes wired clients back; it needs no gateway and no ledger.

What is changed is decided by `wizard.undo` alone. It must not change a key that
somebody else has changed, unless that is asked for.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta

from app.consenting import (
    BY_HAND,
    LONGEST_WAIT,
    journal_of,
    standing,
    taken_back,
)
from app.failure import CommandFailed, Exit
from app.services import Services
from proxy.ledger import LedgerError
from proxy.ledger.rows import ConsentKind
from wizard.clients.needs import NEEDS, Client
from wizard.journal import JournalBusy
from wizard.records import Wiring, WiringState
from wizard.taking_back import FileUndone
from wizard.undo import ClientUndo, apply_undo, plan_undo
from wizard.undone import KeyFate, Way

_T = TypeVar("_T")

LOGIN_ENDING = "-login"
"""What a provider's id ends in that stands beside one with a key of its own."""


@dataclass(frozen=True, slots=True)
class UndoneKey:
    """One key of ours; `sentence` says of a key that is left what is there instead."""

    key: str
    fate: KeyFate
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class UndoneFile:
    """One file that went back, or would; `todo` is what to do where it is stuck.

    `gone` says that the file is not there afterwards.
    """

    path: str
    way: Way
    keys: tuple[UndoneKey, ...] = ()
    sentence: str = ""
    todo: str = ""
    line: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class UndoneClient:
    """One client that was taken back, or would be.

    `state` is how its wiring stands afterwards; `complete` that no file is stuck.
    """

    client: str
    number: int
    wired: datetime
    state: WiringState
    complete: bool
    files: tuple[UndoneFile, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WiringEntry:
    """One entry of the history over all clients; times are UTC."""

    number: int
    client: str
    time: datetime
    state: WiringState
    ended: datetime | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What an undo did, would do, or could do.

    `done` is False where it was only looked at, and where a file could not be taken
    back; `failed` says that it was the latter. `history` is there with `--list`.
    """

    done: bool
    clients: tuple[UndoneClient, ...] = ()
    history: tuple[WiringEntry, ...] = ()
    notes: tuple[str, ...] = ()
    listed: bool = False
    failed: bool = False


async def undo(
    services: Services,
    client: Annotated[
        str | None, Meta(description="The client to take back, such as claude-code.")
    ] = None,
    *,
    all_: Annotated[bool, Meta(description="Take every client back.")] = False,
    list_: Annotated[
        bool, Meta(description="Only show what was done to which files, and when.")
    ] = False,
    dry_run: Annotated[bool, Meta(description="Only show what would be done.")] = False,
    force_owned: Annotated[
        bool,
        Meta(
            description="Put Turnout's keys back to what they were before, even where "
            "somebody else has changed them since."
        ),
    ] = False,
) -> UndoResult:
    """Take a client's settings back to what they were before Turnout.

    The file gets its very bytes back where nobody has changed it since; else only the
    keys that still hold what Turnout wrote. It works without a running gateway.
    """
    journal = journal_of(services)
    history = await from_journal(services, journal.history)
    if list_ or (client is None and not all_):
        return UndoResult(False, history=tuple(map(_entry, history)), listed=True)
    current = await from_journal(services, journal.current)
    wired = tuple(each.client for each in current)
    chosen = wired if client is None else (client,)
    known = {each.client for each in history if each.state is not WiringState.FAILED}
    if client is not None and client not in (known if force_owned else wired):
        said = await end_by_hand(services, client, dry_run=dry_run)
        if said:
            return UndoResult(not dry_run, notes=said)
        return _not_wired(services, client, history)
    if dry_run:
        planned = await from_journal(
            services, lambda: plan_undo(journal, chosen, force_owned=force_owned)
        )
        said = await end_by_hand(services, dry_run=True) if all_ else ()
        return UndoResult(False, tuple(map(_client, planned)), notes=said)
    undone = await unwire(services, chosen, force_owned=force_owned)
    if not all_ or undone.notes:
        return undone
    said = await end_by_hand(services)
    return replace(undone, notes=(*undone.notes, *said))


async def unwire(
    services: Services,
    clients: Sequence[str],
    *,
    suspend: bool = False,
    force_owned: bool = False,
) -> UndoResult:
    """Take those clients back; with `suspend` until the next start only.

    Their gateway keys end. An undo that is no suspension also ends the consent to
    wire. Raises `CommandFailed` where nothing could be done.
    """
    undone = await from_journal(
        services,
        lambda: apply_undo(
            journal_of(services),
            clients,
            now=services.clock.now(),
            suspend=suspend,
            force_owned=force_owned,
        ),
    )
    notes: list[str] = []
    answers = _ledger_answers(services)
    for each in undone:
        if each.complete:
            asked = answers and not notes
            notes += await _ended(
                services, each.client, suspend=suspend, ask_ledger=asked
            )
    if not suspend:
        notes += await _unused_logins(services, [each.client for each in undone])
    taken = tuple(map(_client, undone))
    whole = all(each.complete for each in undone)
    return UndoResult(whole, taken, notes=tuple(notes), failed=not whole)


async def end_by_hand(
    services: Services, client: str | None = None, *, dry_run: bool = False
) -> tuple[str, ...]:
    """End the key and the consent of clients that their user set up; of all for None.

    Returns a sentence for each that says what is left to be done: no file is changed.
    With `dry_run` nothing ends. Where the ledger cannot be read none is known.
    """
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            entries = await services.ledger.consents()
    except (LedgerError, TimeoutError):
        return ()
    said: list[str] = []
    for each in standing(entries, ConsentKind.WIRE_CLIENT, client):
        if each.scope != BY_HAND:
            continue
        if not dry_run:
            said += await _ended(services, each.subject)
        ends = "would end" if dry_run else "has ended"
        places = each.detail or "the address of Turnout and its key"
        said.append(
            f"{each.subject} was set up by hand. Its gateway key {ends}; what was"
            f" entered stays until you take it out: {places}."
        )
    return tuple(said)


async def _ended(
    services: Services, client: str, *, suspend: bool = False, ask_ledger: bool = True
) -> tuple[str, ...]:
    """End a client's key and consent; return notes on what has to wait.

    A ledger that was waited for once is not waited for again.
    """
    notes = await _end_key(services, client, ask_ledger=ask_ledger)
    if suspend:
        return notes
    detail, kind = f"{client} was taken back.", ConsentKind.WIRE_CLIENT
    asked = ask_ledger and not notes
    if await taken_back(services, kind, client, detail, ask_ledger=asked):
        return notes
    waits = (
        f"The record cannot be written now; that the consent for {client} ended is"
        " kept and will be added to it."
    )
    return (*notes, waits)


def _ledger_answers(services: Services) -> bool:
    """Tell whether it is worth waiting for the ledger: it was waited for at the start.

    That of a gateway may have come back since.
    """
    try:
        return services.gateway is not None or services.ledger.opened
    except LedgerError:
        return False


async def _unused_logins(services: Services, undone: Sequence[str]) -> tuple[str, ...]:
    """Name what passes a login on that no connected client has any more."""
    current = await from_journal(services, journal_of(services).current)
    ended = _login_providers(undone) - _login_providers(e.client for e in current)
    return tuple(
        f'{services.paths.config_file} still has {provider.id} with key = "client",'
        " which no connected client needs now. It passes nothing on by itself;"
        f" `{services.command_path} consents` shows the yes to it, and taking that"
        " back removes it."
        for provider in services.config.current.providers
        if provider.key.kind == "client"
        and provider.id.removesuffix(LOGIN_ENDING) in ended
    )


def _login_providers(clients: Iterable[str]) -> set[str]:
    known = set(clients) & set(Client)
    return {name for client in known for name in NEEDS[Client(client)].own}


async def _end_key(
    services: Services, client: str, *, ask_ledger: bool
) -> tuple[str, ...]:
    """End the client's gateway key; return a note where that was not possible."""
    await asyncio.to_thread(_forget, services.paths.state / "keys" / client)
    if not ask_ledger:
        return (_key_stays(services, client),)
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            ended = await services.ledger.revoke_key(client, services.clock.now())
    except (LedgerError, TimeoutError):
        return (_key_stays(services, client),)
    if ended and services.gateway is not None:
        await services.gateway.reload_keys()
    return ()


def _key_stays(services: Services, client: str) -> str:
    return (
        f"The gateway key of {client} could not be ended, because the record cannot be"
        f" written now. Later, `{services.command_path} keys revoke {client}` ends it."
    )


def _forget(key_file: Path) -> None:
    """Remove the file that a client fetched its key from, where there is one."""
    try:
        key_file.unlink(missing_ok=True)
    except OSError:
        return  # the key in it ends all the same


async def from_journal(services: Services, work: Callable[[], _T]) -> _T:
    """Do what blocks for the history's disk in a thread, and return its result.

    Raises `CommandFailed` where another process is at it or the disk refuses.
    """
    try:
        return await asyncio.to_thread(work)
    except JournalBusy:
        raise CommandFailed(
            "Another Turnout is changing settings files right now",
            "Nothing was changed by this one.",
            "Try again in a moment.",
        ) from None
    except OSError as error:
        raise CommandFailed(
            "The history of what Turnout changed cannot be used",
            f"{journal_of(services).folder}: {error.strerror}. Nothing was changed.",
            "Make room on the disk or make that folder writable, then try again.",
        ) from None


def _not_wired(
    services: Services, client: str, history: Sequence[Wiring]
) -> UndoResult:
    if all(each.client != client for each in history):
        raise CommandFailed(
            f"Turnout has never changed anything for {client[:40]}",
            "Nothing was changed.",
            f"{services.command_path} undo --list shows what it has done.",
            Exit.USAGE,
        )
    said = f"{client} is not connected to Turnout: there is nothing to take back."
    return UndoResult(True, notes=(said,))


# --- results --------------------------------------------------------------------------


def _client(undone: ClientUndo) -> UndoneClient:
    return UndoneClient(
        client=undone.client,
        number=undone.number,
        wired=undone.time,
        state=undone.state,
        complete=undone.complete,
        files=tuple(map(_file, undone.files)),
        commands=undone.commands,
    )


def _file(file: FileUndone) -> UndoneFile:
    return UndoneFile(
        path=str(file.path),
        way=file.way,
        keys=tuple(UndoneKey(k.key, k.fate, k.sentence) for k in file.keys),
        sentence=file.sentence,
        todo=file.todo,
        line=file.line,
        gone=file.gone,
    )


def _entry(wiring: Wiring) -> WiringEntry:
    return WiringEntry(
        number=wiring.number,
        client=wiring.client,
        time=wiring.time,
        state=wiring.state,
        ended=wiring.ended,
        files=tuple(str(file.path) for file in wiring.files),
    )
