"""Takes clients' wirings back, and says beforehand what that would do.

It needs neither gateway nor ledger nor configuration: the journal alone. It must not
change a key that somebody else has changed, unless that is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from discovery.files import Trouble
from wizard.apply import AppliedClient
from wizard.commanding import Run, run_words
from wizard.disk import Disk
from wizard.journal import Journal
from wizard.plan import ClientPlan, FileEdit
from wizard.records import Wiring, WiringState
from wizard.recovery import settle, settled_undo
from wizard.stored import Deed
from wizard.taking_back import FileUndone, look_back, places, take_back
from wizard.undone import KeyFate, Way
from wizard.writing import Changed, Looked, look, put, remove_folders, take_away


@dataclass(frozen=True, slots=True)
class ClientUndo:
    """What became of one client's wiring, or would; `number` is its place in history.

    `state` is how the wiring stands afterwards: still `applied` where a file is stuck.
    `commands` are the client's own commands that an undo may run.
    """

    client: str
    number: int
    time: datetime
    files: tuple[FileUndone, ...]
    state: WiringState
    commands: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing of ours is left in a file that could not be written."""
        return all(file.way is not Way.STUCK for file in self.files)

    @property
    def left(self) -> tuple[str, ...]:
        """Sentences about what was left as it is, and why."""
        keys = [
            key.sentence
            for file in self.files
            for key in file.keys
            if key.fate is KeyFate.LEFT and key.sentence
        ]
        stuck = {Way.STUCK, Way.LEFT}
        files = [f.sentence for f in self.files if f.way in stuck and f.sentence]
        return (*files, *keys)


def plan_undo(
    journal: Journal, clients: Sequence[str], *, force_owned: bool = False
) -> tuple[ClientUndo, ...]:
    """Return what undoing those clients would do now; changes nothing.

    A client that is not wired has no part in the answer. Where a killed process left
    something, this is what is there now.
    """
    return tuple(
        ClientUndo(
            client=wiring.client,
            number=wiring.number,
            time=wiring.time,
            files=_looked_back(wiring, force=force_owned),
            state=wiring.state,
            commands=tuple(" ".join(each.undo) for each in wiring.commands),
        )
        for wiring in _chosen(journal, clients, force=force_owned)
    )


def _chosen(
    journal: Journal, clients: Sequence[str], *, force: bool
) -> tuple[Wiring, ...]:
    """Return the wirings to take back.

    By force that is also one that was taken back but for what others had changed.
    """
    wirings = journal.current()
    if force:
        wirings = tuple(
            each for each in journal.latest() if each.state is not WiringState.RELEASED
        )
    return tuple(each for each in wirings if each.client in clients)


def _looked_back(wiring: Wiring, *, force: bool) -> tuple[FileUndone, ...]:
    if wiring.state is WiringState.SUSPENDED:
        return ()
    return tuple(
        look_back(each, force=force) for file in wiring.files for each in places(file)
    )


def apply_undo(
    journal: Journal,
    clients: Sequence[str],
    *,
    now: datetime,
    suspend: bool = False,
    force_owned: bool = False,
    disk: Disk | None = None,
    run: Run = run_words,
) -> tuple[ClientUndo, ...]:
    """Take those clients' wirings back; return what became of each that was wired.

    With `suspend` they are wired again at the next start. With `force_owned` our keys
    go back to their saved values even where somebody else has changed them, also after
    an undo that left them. A file
    that cannot be written stays wired in the record; the others go back all the same.
    Blocks for the disk.

    Raises:
        JournalBusy: another process is changing files right now.
        OSError: the journal cannot be written; nothing was changed for that client.
    """
    disk = disk or Disk()
    deed = Deed.SUSPEND if suspend else Deed.UNDO
    with journal.alone():
        settle(journal, now=now, disk=disk, run=run)
        undone = []
        for wiring in _chosen(journal, clients, force=force_owned):
            files: tuple[FileUndone, ...] = ()
            if wiring.state is not WiringState.SUSPENDED:
                journal.begin(deed, wiring)
                files = take_back(wiring, disk, run, force=force_owned)
            ended = settled_undo(wiring, deed, files)
            journal.end(ended, now)
            undone.append(
                ClientUndo(
                    client=wiring.client,
                    number=wiring.number,
                    time=wiring.time,
                    files=files,
                    state=ended.state,
                )
            )
    return tuple(undone)


# --- one step back --------------------------------------------------------------------


def back_to(
    journal: Journal,
    plan: ClientPlan,
    done: AppliedClient,
    *,
    now: datetime,
    disk: Disk | None = None,
    run: Run = run_words,
) -> bool:
    """Bring the wiring back that stood before `done`; return whether it stands again.

    `plan` is what was applied: the bytes before are known from it alone, as no record
    keeps a gateway key. It is not possible for a first wiring, where a file has changed
    meanwhile, or where the client's own command wrote; then `apply_undo` takes the
    client back as a whole. Blocks for the disk.

    Raises:
        JournalBusy: another process is changing files right now.
        OSError: the journal cannot be written.
    """
    earlier, wiring = done.earlier, done.wiring
    if earlier is None or wiring is None or done.already or plan.commands:
        return False
    disk = disk or Disk()
    with journal.alone():
        settle(journal, now=now, disk=disk, run=run)
        current = journal.current_of(wiring.client)
        steps = _steps(plan, wiring)
        if current is None or current.number != wiring.number or steps is None:
            return False
        again = replace(earlier, number=journal.next_number())
        known = {file.path for file in earlier.files}
        try:
            # Files the earlier wiring knows nothing of go back while this one's record
            # still tells of them.
            for step in steps:
                if step.edit.path not in known:
                    step.back(disk, wiring.number)
            journal.back_up(again)
            journal.begin(Deed.APPLY, again)
            for step in steps:
                if step.edit.path in known:
                    step.back(disk, again.number)
        except (Changed, OSError):
            # What cannot be settled now is by whoever comes next.
            with contextlib.suppress(OSError):
                settle(journal, now=now, disk=disk, run=run)
            return False
        journal.end(again, now)
        journal.end(replace(wiring, state=WiringState.FAILED), now)
    return True


@dataclass(frozen=True, slots=True)
class _Step:
    """One file that a wiring wrote, on its way back to the bytes before it."""

    edit: FileEdit
    seen: Looked
    folders: tuple[Path, ...]

    def back(self, disk: Disk, number: int) -> None:
        edit = self.edit
        if edit.before is None:
            take_away(disk, self.seen)
            remove_folders(disk, self.folders)
        else:
            put(disk, self.seen, edit.before, edit.mode, number, lambda _: None)


def _steps(plan: ClientPlan, wiring: Wiring) -> tuple[_Step, ...] | None:
    """Return what has to go back; None where a file is not as the wiring left it."""
    files = {file.path: file for file in wiring.files}
    steps = []
    for edit in plan.edits:
        seen, file = look(edit.path), files.get(edit.path)
        if seen.state.trouble is not Trouble.NONE or file is None:
            return None
        if seen.state.digest == edit.digest:
            continue
        if (seen.state.digest, seen.state.real) != (file.after, file.real):
            return None
        steps.append(_Step(edit, seen, file.made_folders))
    return tuple(steps)
