"""Takes clients' wirings back, and says beforehand what that would do.

It needs neither gateway nor ledger nor configuration: the journal alone. It must not
change a key that somebody else has changed, unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wizard.commanding import Run, run_words
from wizard.disk import Disk
from wizard.journal import Journal
from wizard.records import Wiring, WiringState
from wizard.recovery import settle, settled_undo
from wizard.stored import Deed
from wizard.taking_back import FileUndone, look_back, take_back
from wizard.undone import KeyFate, Way


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
    return tuple(look_back(file, force=force) for file in wiring.files)


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
