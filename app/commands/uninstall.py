"""The command that makes everything on this machine be as it was without Turnout.

It removes no record and no program: it names the folders that stay.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from app.commands import keys
from app.commands.gateway import stop
from app.commands.undo import UndoneClient, end_by_hand, undo, unwire
from app.failure import CommandFailed
from app.keeping import keeper_status
from app.login_start import login_start, set_login
from app.paths import Paths
from app.quitting import still_here
from app.services import Services
from proxy.secrets import SERVICE


@dataclass(frozen=True, slots=True)
class Uninstall:
    """What an uninstall does, or has done.

    `asks` is True where nothing was done because the user has to agree first; `done`
    that all of it was. `login` is what starts Turnout at login, `keys` the clients
    whose gateway keys end, `gateway` a sentence about the running one: '' and () where
    there is none. `stays` are the folders that are not removed. `failed` says that a
    client could not be disconnected.
    """

    asks: bool
    done: bool
    clients: tuple[UndoneClient, ...] = ()
    login: str = ""
    keys: tuple[str, ...] = ()
    gateway: str = ""
    stays: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failed: bool = False


async def uninstall(
    services: Services,
    *,
    dry_run: Annotated[bool, Meta(description="Only show what would be done.")] = False,
    yes: Annotated[bool, Meta(description="Agree to what --dry-run shows.")] = False,
) -> Uninstall:
    """Disconnect every client, end start at login and the keys, and stop Turnout.

    The record, the configuration and the way back are not removed.
    """
    preview = await _preview(services)
    if dry_run or not yes:
        return Uninstall(
            asks=not dry_run,
            done=False,
            clients=preview.clients,
            login=preview.login,
            keys=preview.keys,
            gateway=preview.gateway,
            stays=preview.stays,
            notes=preview.notes,
        )
    return await _carried_out(services, preview)


async def _preview(services: Services) -> Uninstall:
    """Return what an uninstall would do now; it changes nothing."""
    planned = await undo(services, all_=True, dry_run=True)
    start = await asyncio.to_thread(login_start(services).now)
    names, notes = await _valid_keys(services)
    return Uninstall(
        asks=False,
        done=False,
        clients=planned.clients,
        login=start.where if start.on else "",
        keys=names,
        gateway=await _running(services),
        stays=_folders(services.paths),
        notes=(*planned.notes, *notes, *_keyring(services)),
    )


async def _carried_out(services: Services, preview: Uninstall) -> Uninstall:
    wired = tuple(each.client for each in preview.clients)
    undone = await unwire(services, wired)
    notes = list(undone.notes)
    stuck = still_here(undone)
    if preview.login:
        try:
            await set_login(services, on=False)
        except CommandFailed as failed:
            notes.append(f"{failed.title}. {failed.message}")
    if stuck:
        # Whoever could not be disconnected still needs an answer and a valid key.
        again = f"Mend that, then run {services.command_path} uninstall --yes again."
        return Uninstall(
            asks=False,
            done=False,
            clients=undone.clients,
            login=preview.login,
            stays=preview.stays,
            notes=(*stuck, "The gateway goes on serving meanwhile.", again, *notes),
            failed=True,
        )
    notes += await end_by_hand(services)
    for name in (await _valid_keys(services))[0]:
        try:
            await keys.revoke(services, name)
        except CommandFailed as failed:
            notes.append(f"{failed.title}. {failed.message}")
    if preview.gateway:
        try:
            await stop(services)
        except CommandFailed as failed:
            notes.append(f"{failed.title}. {failed.message}")
    return Uninstall(
        asks=False,
        done=True,
        clients=undone.clients,
        login=preview.login,
        keys=preview.keys,
        gateway=preview.gateway,
        stays=preview.stays,
        notes=(*notes, *_keyring(services)),
    )


async def _valid_keys(services: Services) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return whose keys are valid, and what to mind where that cannot be read."""
    try:
        listed = await keys.list_keys(services)
    except CommandFailed as failed:
        return (), (f"{failed.title}. {failed.message}",)
    valid = (each.name for each in listed.keys if each.revoked is None)
    return tuple(dict.fromkeys(valid)), ()


async def _running(services: Services) -> str:
    if services.gateway is not None:
        return "The gateway and its keeper end."
    kept = await asyncio.to_thread(keeper_status, services.paths)
    return "" if kept is None else "The keeper ends."


def _folders(paths: Paths) -> tuple[str, ...]:
    """Return the outermost folders that hold what is kept."""
    if paths.home is not None:
        return (str(paths.home),)
    data = paths.database.parent
    wanted = (paths.config_file.parent, data, paths.state, paths.logs)
    here = dict.fromkeys(str(each) for each in wanted if each.exists())
    return tuple(here)


def _keyring(services: Services) -> tuple[str, ...]:
    """Name the providers' keys that stay in the system keyring."""
    names = sorted(
        provider.key.name
        for provider in services.config.current.providers
        if provider.key.kind == "keyring"
    )
    if not names:
        return ()
    named = ", ".join(dict.fromkeys(names))
    return (f"These keys stay in the system keyring, service {SERVICE}: {named}.",)
