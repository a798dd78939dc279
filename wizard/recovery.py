"""Settles what a killed process left: a begun deed is finished or rolled back.

It must not begin anything of its own, and changes only what the open deed was about.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime

from discovery.files import FileState, Trouble, look_at
from wizard.commanding import CommandRefused, Run, run_words
from wizard.disk import Disk
from wizard.formats import Broken, decoded, value_at
from wizard.journal import Journal
from wizard.records import WiredFile, Wiring, WiringState
from wizard.stored import Deed
from wizard.taking_back import FileUndone, take_back, take_back_file
from wizard.undone import Way
from wizard.writing import remove_folders, temporary


def recover(
    journal: Journal,
    *,
    now: datetime,
    disk: Disk | None = None,
    run: Run = run_words,
) -> tuple[str, ...]:
    """Finish or roll back what was begun and has no end; return sentences about it.

    To be called when a gateway or a command starts; blocks for the disk. Where there
    is nothing to settle, nothing is written.

    Raises:
        JournalBusy: another process is changing files right now.
        OSError: the journal's folder cannot be written.
    """
    if not journal.open_deeds():
        return ()
    with journal.alone():
        return settle(journal, now=now, disk=disk or Disk(), run=run)


def settle(journal: Journal, *, now: datetime, disk: Disk, run: Run) -> tuple[str, ...]:
    """Do what `recover` does, for a caller that is alone already."""
    said = []
    for deed in journal.open_deeds():
        wiring = deed.wiring
        _sweep(wiring, disk)
        if deed.deed is Deed.APPLY:
            settled = _applied(wiring, journal, disk, run)
        else:
            settled = settled_undo(wiring, deed.deed, take_back(wiring, disk, run))
        journal.end(settled, now)
        said.append(_sentence(deed.deed, settled))
    return tuple(said)


def settled_undo(wiring: Wiring, deed: Deed, files: tuple[FileUndone, ...]) -> Wiring:
    """Return the record after its files were taken back as far as they can be.

    Files that are stuck stay in it, so that another undo can take them back.
    """
    stuck = {file.path for file in files if file.way is Way.STUCK}
    if stuck:
        left = tuple(file for file in wiring.files if {file.path, file.real} & stuck)
        commands = tuple(each for each in wiring.commands if each.writes in stuck)
        return replace(wiring, files=left, commands=commands)
    ended = WiringState.SUSPENDED if deed is Deed.SUSPEND else WiringState.UNDONE
    return replace(wiring, state=ended)


def _sweep(wiring: Wiring, disk: Disk) -> None:
    """Remove new bytes that never took their file's place: a key is in them."""
    for file in wiring.files:
        with contextlib.suppress(FileNotFoundError):
            disk.remove(temporary(file.real, wiring.number))


def _applied(wiring: Wiring, journal: Journal, disk: Disk, run: Run) -> Wiring:
    """Return how an apply that was cut short stands, finished or rolled back."""
    ours = {file.path for file in wiring.files if _is_wired(file)}
    if len(ours) == len(wiring.files) and not wiring.commands:
        return wiring
    earlier = journal.current_of(wiring.client)
    if earlier is not None and earlier.state is WiringState.APPLIED:
        # Each file is whole, as it was or as it became: so is the record of each.
        known = {file.path: file for file in earlier.files}
        for file in wiring.files:
            if look_at(file.path).data is None:
                remove_folders(disk, file.made_folders)
        files = tuple(
            file if file.path in ours else known[file.path]
            for file in wiring.files
            if file.path in ours or file.path in known
        )
        return replace(wiring, files=files, commands=earlier.commands)
    for file in wiring.files:
        if look_at(file.path).digest == file.found:
            remove_folders(disk, file.made_folders)
        else:
            take_back_file(file, wiring.number, disk)
    for command in wiring.commands:
        with contextlib.suppress(CommandRefused):
            run(command.undo)
    return replace(wiring, state=WiringState.FAILED)


def _is_wired(file: WiredFile) -> bool:
    state = look_at(file.path)
    if state.digest == file.after:
        return True
    return state.trouble is Trouble.NONE and _holds_all(file, state)


def _holds_all(file: WiredFile, state: FileState) -> bool:
    if state.data is None or file.whole or not file.keys:
        return False
    try:
        text = decoded(state.data).text
        return all(
            key.holds(value_at(file.format, text, key.path)) for key in file.keys
        )
    except Broken:
        return False


def _sentence(deed: Deed, wiring: Wiring) -> str:
    begun = "wiring" if deed is Deed.APPLY else "taking back"
    end = {
        WiringState.APPLIED: "it is wired",
        WiringState.FAILED: "its files are as they were",
    }.get(wiring.state, "it is taken back")
    return f"Turnout was stopped while {begun} {wiring.client}; now {end}."
