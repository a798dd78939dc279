"""What an end of the gateway means for connected clients; it ends nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.commands.undo import UndoResult, unwire
from app.consenting import journal_of
from app.drift_watch import client_name
from wizard.records import WiringState

if TYPE_CHECKING:
    from app.services import Services


async def pointing_here(services: Services) -> tuple[str, ...]:
    """Return the clients whose settings lead to this gateway; () where not known."""
    try:
        current = await asyncio.to_thread(journal_of(services).current)
    except OSError:
        return ()
    return tuple(e.client for e in current if e.state is WiringState.APPLIED)


async def suspend(services: Services, clients: Iterable[str]) -> UndoResult:
    """Take those clients' settings back until the next start.

    Their consents stand. Raises `CommandFailed` where nothing could be done.
    """
    return await unwire(services, tuple(clients), suspend=True)


def still_here(undone: UndoResult) -> tuple[str, ...]:
    """Return a sentence for each client that could not be taken back as a whole."""
    return tuple(
        f"{client_name(each.client)} could not be disconnected: "
        + " ".join(file.sentence for file in each.files if file.todo)
        for each in undone.clients
        if not each.complete
    )


def names_of(clients: Iterable[str]) -> str:
    """Return clients as people read them: "Claude Code, Codex and opencode"."""
    *most, last = [client_name(each) for each in clients] or [""]
    return f"{', '.join(most)} and {last}" if most else last
