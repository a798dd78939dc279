"""Watches connected clients' files for changes by others; it changes none.

While nothing changes their times and sizes are looked at and no file is read. Only our
own keys matter: a client that rewrites the rest of its file is no change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.settings.files import Stamp, stamp_of
from app.state import WiringHealth, WiringNow
from discovery.files import FileState, look_at
from wizard.clients import CLIENTS
from wizard.clients.addresses import local_address
from wizard.drift import Drift, drift
from wizard.formats import Broken, decoded, value_at
from wizard.journal import Journal
from wizard.records import WiredFile, Wiring, WiringState

LOOK_SECONDS: Final = 2.0
"""The time between two looks; a change is to be known within 5 s."""

_HISTORY: Final = "journal.jsonl"
_NAMES: Final[Mapping[str, str]] = {setup.id: setup.name for setup in CLIENTS}

_UNKNOWN: Final = Stamp(-1, -1, -1, -1)

_log = logging.getLogger(__name__)


def client_name(client: str) -> str:
    """Return the name that people know a client by."""
    return _NAMES.get(client, client)


def drifts_of(
    wiring: Wiring, look: Callable[[Path], FileState] = look_at
) -> tuple[Drift, ...]:
    """Return what is not as we left it in a client's files now; reads them."""
    return drift(wiring, {each.path: look(each.path) for each in wiring.files})


def leads_here(wiring: Wiring, look: Callable[[Path], FileState] = look_at) -> bool:
    """Tell whether what is ours in a client's files still names our gateway.

    Where it does not, the client goes elsewhere, and what is left of ours is of no use.
    """
    return any(_names_us(each, wiring.port, look(each.path)) for each in wiring.files)


def _names_us(file: WiredFile, port: int, state: FileState) -> bool:
    if state.data is None:
        return False
    try:
        text = decoded(state.data).text
        if file.whole:
            return f":{port}" in text
        values = [value_at(file.format, text, key.path) for key in file.keys]
    except Broken:
        return False
    return any(local_address(value).endswith(f":{port}") for value in values)


def judged(
    wiring: Wiring,
    drifts: Sequence[Drift],
    port: int,
    command: str,
    not_rewired: str = "",
) -> WiringNow:
    """Return how one client's settings are; pure.

    `port` is where the gateway serves, `command` how Turnout is typed. `not_rewired`
    says why a suspended one could not be written again, '' where that was not tried.
    """
    name = client_name(wiring.client)
    now = WiringNow(
        client=wiring.client,
        name=name,
        state=WiringHealth.WIRED,
        sentence=f"{name} goes through Turnout.",
        files=tuple(str(each.path) for each in wiring.files),
        port=wiring.port,
    )
    repair = f"{command} repair {wiring.client}"
    if wiring.state is WiringState.SUSPENDED:
        if not_rewired:
            return replace(
                now,
                state=WiringHealth.NOT_REWIRED,
                sentence=f"{name} was not connected again: {not_rewired}",
                todo=repair,
            )
        said = f"{name} is disconnected until Turnout's next start."
        return replace(now, state=WiringHealth.SUSPENDED, sentence=said)
    if drifts:
        more = f" (and {len(drifts) - 1} more)" if len(drifts) > 1 else ""
        return replace(
            now,
            state=WiringHealth.DRIFTED,
            sentence=f"{drifts[0].sentence}{more}",
            todo=repair,
            culprit=next((each.by for each in drifts if each.by), ""),
        )
    if wiring.port != port:
        return replace(
            now,
            state=WiringHealth.OLD_PORT,
            sentence=f"{name} points at the old port {wiring.port}; Turnout serves on"
            f" port {port} now, so {name} gets no answer.",
            todo=repair,
        )
    return now


class DriftWatch:
    """How connected clients' settings are, kept current by `look`.

    Belongs to one loop; the disk is looked at in a thread. `wirings` is a new value
    whenever something has changed.
    """

    def __init__(
        self,
        journal: Journal,
        port: int,
        command: str,
        *,
        stamp: Callable[[Path], Stamp | None] = stamp_of,
        read: Callable[[Path], FileState] = look_at,
    ) -> None:
        """Look at nothing yet; see `judged` for `port` and `command`."""
        self.wirings: tuple[WiringNow, ...] = ()
        self._journal = journal
        self._port = port
        self._command = command
        self._stamp = stamp
        self._read = read
        self._alone = asyncio.Lock()
        self._known: tuple[Wiring, ...] = ()
        self._journal_stamp: Stamp | None = None
        self._stamps: dict[tuple[str, Path], Stamp | None] = {}
        self._drifts: dict[tuple[str, Path], tuple[Drift, ...]] = {}
        self._not_rewired: dict[str, str] = {}
        self._unreadable = False
        self._awaited: frozenset[str] = frozenset()

    def not_rewired(self, client: str, why: str) -> None:
        """Say why a suspended client could not be connected again at this start."""
        self._not_rewired[client] = why
        self.wirings = self._judged()

    async def look(self) -> bool:
        """Look again; return whether `wirings` has changed."""
        async with self._alone:
            if not await asyncio.to_thread(self._anything_new):
                return False
            before, self.wirings = self.wirings, self._judged()
            self._tell_of_new_drifts(before)
            return self.wirings != before

    def _judged(self) -> tuple[WiringNow, ...]:
        return tuple(
            judged(
                wiring,
                self._drifts_of(wiring),
                self._port,
                self._command,
                self._not_rewired.get(wiring.client, ""),
            )
            for wiring in self._known
        )

    def _drifts_of(self, wiring: Wiring) -> tuple[Drift, ...]:
        return tuple(
            each
            for file in wiring.files
            for each in self._drifts.get((wiring.client, file.path), ())
        )

    def _tell_of_new_drifts(self, before: tuple[WiringNow, ...]) -> None:
        told = {each.client: each for each in before}
        for each in self.wirings:
            old = told.get(each.client)
            if each.state is not WiringHealth.DRIFTED or (
                old is not None and old.sentence == each.sentence
            ):
                continue
            _log.info(
                "%s may go past Turnout: its settings were changed%s.",
                each.name,
                f" by {each.culprit}" if each.culprit else "",
                extra={"event": "wiring_drifted", "client": each.client},
            )

    # --- in a thread ---

    def _anything_new(self) -> bool:
        new = self._journal_read()
        changed = [
            (wiring, file.path, stamp)
            for wiring in self._known
            if wiring.state is WiringState.APPLIED
            for file in wiring.files
            for stamp in (self._stamp(file.path),)
            if self._stamps.get((wiring.client, file.path), _UNKNOWN) != stamp
        ]
        busy = self._busy() if changed else frozenset()
        for wiring, path, stamp in changed:
            place = (wiring.client, path)
            found = drift(wiring, {path: self._read(path)})
            if found and wiring.client in busy:
                # Turnout itself is at it; the next look sees how that ended.
                continue
            self._stamps[place] = stamp
            new |= self._drifts.get(place, ()) != found
            self._drifts[place] = found
        return new

    def _busy(self) -> frozenset[str]:
        """Return whose files Turnout is changing; each is waited for once."""
        try:
            deeds = self._journal.open_deeds()
        except OSError:
            return frozenset()
        here = frozenset(each.wiring.client for each in deeds)
        busy, self._awaited = here - self._awaited, here
        return busy

    def _journal_read(self) -> bool:
        """Read the history where it has changed; return whether it was."""
        stamp = self._stamp(self._journal.folder / _HISTORY)
        if stamp == self._journal_stamp:
            return False
        try:
            known = self._journal.current()
        except OSError as error:
            if not self._unreadable:
                _log.warning(
                    "The history of connected clients cannot be read (%s).",
                    error.strerror,
                )
            self._unreadable = True
            return False
        self._unreadable = False
        self._journal_stamp = stamp
        self._known = known
        self._stamps.clear()
        self._drifts.clear()
        applied = {e.client for e in known if e.state is WiringState.APPLIED}
        for client in applied & set(self._not_rewired):
            del self._not_rewired[client]
        return True
