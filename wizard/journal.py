"""The one history of what was done to other programs' files; one writer at a time.

It must not touch any file outside its own folder and needs neither ledger nor gateway.
A begun deed without its end is what a killed process leaves; `wizard.recovery` settles
it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from discovery.files import look_at
from wizard.disk import Disk
from wizard.records import WiredFile, Wiring, WiringState
from wizard.stored import (
    Begun,
    Carried,
    Deed,
    Done,
    Entry,
    Waiting,
    entry_of,
    line_of,
    record_of,
    wiring_of,
)

KEPT: Final = 5
"""Backup records for one file; the first of them stays for ever."""

LONGEST_WAIT: Final = 10.0
"""Seconds another process is waited for."""

LONGEST: Final = 256 * 1024
"""Bytes of the journal beyond which what is over is told in one short line each."""

_LOOK_AGAIN: Final = 0.05
_STANDING: Final = frozenset({WiringState.APPLIED, WiringState.SUSPENDED})


class JournalBusy(Exception):
    """Another process is changing files and did not end in time."""


class Journal:
    """The history in one private folder; methods block for the disk.

    Every method that writes raises `OSError` where that is not possible, and is to be
    called within `alone`.
    """

    def __init__(
        self,
        folder: Path,
        disk: Disk | None = None,
        wait: float = LONGEST_WAIT,
        longest: int = LONGEST,
    ) -> None:
        """Remember the folder; it is made by the first who writes."""
        self._longest = longest
        self._folder = folder
        self._file = folder / "journal.jsonl"
        self._disk = disk or Disk()
        self._wait = wait

    @property
    def folder(self) -> Path:
        """The folder that the way back is kept in."""
        return self._folder

    # --- reading ---

    def history(self) -> tuple[Wiring, ...]:
        """Return every wiring there was, the oldest first, each as it is now."""
        known: dict[int, Wiring] = {}
        for entry in self._entries():
            match entry:
                case Begun(Deed.APPLY, wiring):
                    known[wiring.number] = replace(wiring, state=WiringState.FAILED)
                case Done(wiring):
                    known[wiring.number] = wiring
                case _:
                    pass
        for wiring in self._lost():
            known.setdefault(wiring.number, wiring)
        return tuple(known[number] for number in sorted(known))

    def latest(self) -> tuple[Wiring, ...]:
        """Return each client's last wiring that came about, however it is now."""
        last: dict[str, Wiring] = {}
        for wiring in self.history():
            if wiring.state is not WiringState.FAILED:
                last[wiring.client] = wiring
        return tuple(last.values())

    def current(self) -> tuple[Wiring, ...]:
        """Return each client's last wiring where it is applied or suspended."""
        return tuple(each for each in self.latest() if each.state in _STANDING)

    def current_of(self, client: str) -> Wiring | None:
        """Return that client's current wiring, None where there is none."""
        return next((each for each in self.current() if each.client == client), None)

    def open_deeds(self) -> tuple[Begun, ...]:
        """Return what was begun and has no end: a process was killed meanwhile."""
        begun: dict[int, Begun] = {}
        for entry in self._entries():
            match entry:
                case Begun():
                    begun[entry.wiring.number] = entry
                case Done(wiring):
                    begun.pop(wiring.number, None)
                case _:
                    pass
        return tuple(begun.values())

    def waiting_consents(self) -> tuple[Waiting, ...]:
        """Return the consents that the ledger has not taken yet, the oldest first."""
        waiting: dict[str, Waiting] = {}
        for entry in self._entries():
            match entry:
                case Waiting():
                    waiting[entry.id] = entry
                case Carried(id_):
                    waiting.pop(id_, None)
                case _:
                    pass
        return tuple(waiting.values())

    def next_number(self) -> int:
        """Return the number of the next wiring."""
        begun = [each.wiring.number for each in self.open_deeds()]
        return max((*begun, *(each.number for each in self.history())), default=0) + 1

    # --- writing ---

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that changes other programs' files while it runs.

        Raises:
            JournalBusy: another one is at it and did not end in time.
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = self._disk.append_to(self._folder / "lock")
        try:
            _until(lambda: _lock(descriptor), self._wait)
            yield
        finally:
            os.close(descriptor)

    def begin(self, deed: Deed, wiring: Wiring) -> None:
        """Write down what is about to be done; it is on the disk when this returns."""
        self._append(Begun(deed, wiring))

    def end(self, wiring: Wiring, now: datetime) -> None:
        """Write down how a wiring is from now on; it is on disk when this returns."""
        if wiring.state is not WiringState.APPLIED:
            wiring = replace(wiring, ended=now)
        self._append(Done(wiring, now))
        if self._file.stat().st_size > self._longest and not self.open_deeds():
            # A long journal is no fault; one that is half written would be.
            with contextlib.suppress(OSError):
                self._shorten()

    def note_consent(self, consent: Waiting) -> None:
        """Keep a consent until the ledger can take it."""
        self._append(consent)

    def consent_carried(self, consent: Waiting) -> None:
        """Write down that the ledger has a consent now."""
        self._append(Carried(consent.id))

    def back_up(self, wiring: Wiring) -> None:
        """Keep the way back of each of its files, each in a file of its own."""
        for file in wiring.files:
            record = record_of(replace(wiring, files=(file,)))
            path = self._folder / f"{_name(file)}-{wiring.number:06}.json"
            # A process that was killed right here may have left it.
            with contextlib.suppress(FileNotFoundError):
                self._disk.remove(path)
            descriptor = self._disk.create(path)
            try:
                self._fill(descriptor, record)
            finally:
                self._disk.close(descriptor)
        self._disk.sync_folder(self._folder)

    def thin_out(self, wiring: Wiring) -> None:
        """Remove the backup records of its files that are neither first nor late."""
        for file in wiring.files:
            kept = sorted(self._folder.glob(f"{_name(file)}-*.json"))
            for path in kept[1 : max(1, len(kept) - KEPT + 1)]:
                self._disk.remove(path)

    # --- inside ---

    def _entries(self) -> tuple[Entry, ...]:
        read = (entry_of(line) for line in self._lines())
        return tuple(each for each in read if each is not None)

    def _lines(self) -> list[bytes]:
        try:
            return self._file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []

    def _lost(self) -> Iterator[Wiring]:
        """Yield what only the backup records tell, where lines of the journal are bad.

        A record alone proves nothing: it is written first. The file must have changed.
        """
        *lines, _cut = self._lines() or [b""]
        if lines and all(not line or entry_of(line) for line in lines):
            return
        for wiring in self._backed_up():
            if any(look_at(each.path).digest != each.found for each in wiring.files):
                yield wiring

    def _backed_up(self) -> Iterator[Wiring]:
        """Yield the wirings of the backup records, put together again."""
        whole: dict[int, Wiring] = {}
        for path in sorted(self._folder.glob("*-*.json")):
            wiring = wiring_of(path.read_bytes())
            if wiring is None:
                continue
            before = whole.get(wiring.number)
            files = (*before.files, *wiring.files) if before else wiring.files
            whole[wiring.number] = replace(wiring, files=files)
        yield from whole.values()

    def _append(self, entry: Entry) -> None:
        is_new = not self._file.exists()
        descriptor = self._disk.append_to(self._file)
        try:
            # A line that was cut short must not swallow this one.
            cut = not is_new and not self._file.read_bytes().endswith(b"\n")
            self._fill(descriptor, (b"\n" if cut else b"") + line_of(entry))
        finally:
            self._disk.close(descriptor)
        if is_new:
            self._disk.sync_folder(self._folder)

    def _shorten(self) -> None:
        """Write the journal anew: how each wiring is now, and what still waits.

        Every quit and start may add to it, and it is read often.
        """
        late = {wiring.number for wiring in self.latest()}
        entries: list[Entry] = [
            Done(each if each.number in late else _told(each), each.ended or each.time)
            for each in self.history()
        ]
        fresh = self._folder / "journal.new"
        with contextlib.suppress(FileNotFoundError):
            self._disk.remove(fresh)
        descriptor = self._disk.create(fresh)
        try:
            lines = map(line_of, (*entries, *self.waiting_consents()))
            self._fill(descriptor, b"".join(lines))
        finally:
            self._disk.close(descriptor)
        self._disk.replace(fresh, self._file)
        self._disk.sync_folder(self._folder)

    def _fill(self, descriptor: int, data: bytes) -> None:
        while data:
            data = data[self._disk.write(descriptor, data) :]
        self._disk.sync(descriptor)


def _told(wiring: Wiring) -> Wiring:
    """Return a wiring that is over with what the history shows of it."""
    files = (replace(file, keys=(), inverse=()) for file in wiring.files)
    return replace(wiring, files=tuple(files), commands=())


def _name(file: WiredFile) -> str:
    return hashlib.sha256(str(file.real).encode(errors="replace")).hexdigest()[:16]


def _until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise JournalBusy
        time.sleep(_LOOK_AGAIN)


def _lock(descriptor: int) -> bool:
    """Take the lock if it is free; the system drops it when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - there only

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
