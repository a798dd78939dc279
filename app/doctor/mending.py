"""Mends what is safe and ours: gateway not running, half-done changes, open folders.

It changes no client's file beyond what an open change was about, and takes nothing back
that a person or another program did: that needs the user's word.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.doctor.ground import Port
from app.doctor.looks.clients import journal_of
from app.doctor.looks.gateway import who_answers
from app.doctor.report import Mended
from app.keeping import ask_for_a_start, keeper_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.doctor.ground import Ground
    from app.doctor.report import Check
    from app.paths import Paths
    from app.services import Services

START_SECONDS = 10.0
"""How long a gateway that was started is waited for."""

_LOOK_AGAIN = 0.1


async def mend(
    services: Services, ground: Ground, checks: Iterable[Check]
) -> Sequence[Mended]:
    """Do what the checks say can be mended; return each with how it is now."""
    wanted = {check.code: check for check in checks if check.fixes}
    mended: list[Mended] = []
    if "folders-open" in wanted:
        mended.append(await asyncio.to_thread(_close_folders, services.paths, ground))
    if "wiring-unfinished" in wanted:
        mended += await asyncio.to_thread(_finish_changes, services, ground)
    if "gateway-down" in wanted and services.gateway is None:
        before = wanted["gateway-down"].means
        mended.append(await _start(services, before))
    drifted = tuple(dict.fromkeys(each.client for each in ground.clients.drifts))
    mended += [_left(services.command_path, each, ground) for each in drifted]
    return mended


def _close_folders(paths: Paths, ground: Ground) -> Mended:
    from app.paths import PathRefused, make_folders

    before = f"Open to others: {', '.join(ground.gateway.open_folders)}."
    try:
        make_folders(paths)
    except PathRefused as refused:
        return Mended("folders-open", before, str(refused), done=False)
    return Mended("folders-open", before, "They are for this user alone.", done=True)


def _finish_changes(services: Services, ground: Ground) -> Sequence[Mended]:
    from wizard.journal import JournalBusy
    from wizard.recovery import recover

    code = "wiring-unfinished"
    before = f"Half done: {', '.join(ground.clients.unfinished)}."
    try:
        said = recover(journal_of(services.paths), now=services.clock.now())
    except JournalBusy:
        after = "Another Turnout is changing files right now; try again in a moment."
        return (Mended(code, before, after, done=False),)
    except OSError as error:
        after = f"The journal cannot be written: {error.strerror}. Nothing was done."
        return (Mended(code, before, after, done=False),)
    return tuple(Mended(code, before, each, done=True) for each in said)


async def _start(services: Services, before: str) -> Mended:
    why = await asyncio.to_thread(_ask_for_a_gateway, services)
    if why:
        return Mended("gateway-down", before, why, done=False)
    if await _serving(services):
        after = "A gateway was started and answers."
        return Mended("gateway-down", before, after, done=True)
    after = (
        f"A gateway was started but did not answer within {START_SECONDS:g} seconds; "
        f"{services.command_path} logs says why."
    )
    return Mended("gateway-down", before, after, done=False)


def _ask_for_a_gateway(services: Services) -> str:
    """Start a keeper, or let the one there start a gateway; return why not, or ''."""
    from app.serve import CannotServe, start_keeper

    if keeper_status(services.paths) is not None:
        done = ask_for_a_start(services.paths)
        return "" if done else "Its keeper did not take the wish for a new gateway."
    try:
        port = services.config.current.settings.port
        keeper = start_keeper(services.paths, port)
    except (CannotServe, OSError) as refused:
        return str(refused)
    # It outlives this process; without this Python warns of it.
    keeper.returncode = 0
    return ""


async def _serving(services: Services) -> bool:
    port = services.config.current.settings.port
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if (await who_answers(port)).port is Port.TURNOUT:
            return True
        await asyncio.sleep(_LOOK_AGAIN)
    return False


def _left(command: str, client: str, ground: Ground) -> Mended:
    names = {each.client: each.name for each in ground.clients.drifts}
    return Mended(
        "drift",
        f"{names[client]} no longer has what Turnout wrote.",
        f"Left as it is: it is changed only after you have seen it with {command} "
        f"repair {client}.",
        done=False,
    )
