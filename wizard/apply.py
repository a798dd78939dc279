"""Carries out the yes for one client: the only writer of other programs' files.

Every file is looked at again, its way back is kept, and only then its new bytes take
its place. Where one file fails, all of that client's go back. It must not decide what
is written, and asks neither ledger nor gateway.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from discovery.files import Trouble
from wizard.clients.addresses import ours
from wizard.commanding import CommandRefused, Run, run_words
from wizard.disk import Disk
from wizard.formats import Broken, Format, decoded, parsed, value_at
from wizard.journal import Journal, JournalBusy
from wizard.plan import ClientCommand, ClientPlan, FileEdit
from wizard.records import (
    WiredFile,
    Wiring,
    WiringState,
    digest_of_bytes,
)
from wizard.recovery import settle
from wizard.stored import Deed
from wizard.taking_back import places
from wizard.troubles import TROUBLES
from wizard.wired import SecretThere, free_file, given_back, wired_file
from wizard.writing import (
    Changed,
    Looked,
    look,
    make_folders,
    missing_folders,
    put,
    remove_folders,
    take_away,
)


@dataclass(frozen=True, slots=True)
class AppliedClient:
    """A client is wired; `already` says that nothing had to be written.

    `wiring` is None where there was nothing to be written at all. `earlier` is
    the wiring that stood until now, None for a first one; `wizard.undo.back_to` leads
    there.
    """

    wiring: Wiring | None
    already: bool = False
    earlier: Wiring | None = None


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A client is as it was: why, and what to do now.

    `changed` says that a file is not as it was when it was shown.
    """

    why: str
    todo: str
    changed: bool = False


class _Stopped(Exception):
    """It cannot go on; everything has to be as it was."""

    def __init__(self, why: str, todo: str = "", *, changed: bool = False) -> None:
        super().__init__(why)
        self.told = NotApplied(why, todo, changed)


AGAIN = "Look at the plan again, then apply it."
BUSY = NotApplied(
    "Another Turnout is changing settings files right now, so nothing was changed.",
    "Try again in a moment.",
)


def apply_client(
    plan: ClientPlan,
    journal: Journal,
    *,
    now: datetime,
    plan_id: str,
    port: int,
    disk: Disk | None = None,
    run: Run = run_words,
) -> AppliedClient | NotApplied:
    """Write what a client's plan says, all of it or nothing; blocks for the disk.

    `now` is UTC; `plan_id` and `port` are kept in the record. `run` runs a client's
    own command. What a killed process left of an earlier deed is settled first.
    """
    if not plan.can_be_applied:
        return _refused(plan)
    disk = disk or Disk()
    try:
        with journal.alone():
            settle(journal, now=now, disk=disk, run=run)
            work = _Work(plan, journal, disk, run)
            return work.apply(now, plan_id, port)
    except JournalBusy:
        return BUSY
    except _Stopped as stopped:
        return stopped.told
    except OSError as error:
        return NotApplied(
            "Turnout cannot keep the way back in its own folder"
            f" ({error.strerror}), so nothing was changed.",
            f"Make sure that {journal.folder} can be written, then try again.",
        )


def _refused(plan: ClientPlan) -> NotApplied:
    for refusal in plan.refusals:
        place = f"{refusal.file}, line {refusal.line}" if refusal.line else refusal.file
        return NotApplied(f"{place} stays as it is: {refusal.why}.", refusal.todo)
    asked = " ".join(question.sentence for question in plan.questions)
    return NotApplied(f"There is an open question. {asked}", "Answer it first.")


class _Work:
    """One client's plan on its way to the disk."""

    def __init__(
        self, plan: ClientPlan, journal: Journal, disk: Disk, run: Run
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._disk = disk
        self._run = run

    def apply(self, now: datetime, plan_id: str, port: int) -> AppliedClient:
        """Write everything and keep the record, or leave all as it was."""
        looked = {edit.path: _unchanged(edit) for edit in self._plan.edits}
        looked |= {each.writes: _sane(each.writes) for each in self._plan.commands}
        earlier = self._journal.current_of(self._plan.client)
        if earlier is not None and earlier.state is not WiringState.APPLIED:
            earlier = None
        self._give_back_the_users(earlier)
        already = not self._plan.changes_anything
        if already and (earlier is not None or not self._holds_ours()):
            return AppliedClient(earlier, already=True)
        wiring = Wiring(
            number=self._journal.next_number(),
            client=self._plan.client,
            plan=plan_id,
            time=now,
            port=port,
            choice=self._plan.choice,
            files=(*_records(self._own, earlier), *_others(self._plan, earlier)),
            commands=self._plan.commands,
        )
        self._journal.back_up(wiring)
        self._journal.begin(Deed.APPLY, wiring)
        try:
            wiring = self._carry_out(wiring, looked, earlier)
            self._journal.end(wiring, now)
        except (_Stopped, OSError) as error:
            self._take_back(looked, wiring, now)
            if isinstance(error, _Stopped):
                raise
            raise _cannot_write(error) from None
        with contextlib.suppress(OSError):
            self._journal.thin_out(wiring)
        return AppliedClient(wiring, already, earlier)

    def _give_back_the_users(self, earlier: Wiring | None) -> None:
        """Let edits that only take ours away bring back what was there before."""
        known = {} if earlier is None else {file.path: file for file in earlier.files}
        own = {edit.path for edit in self._own}
        edits = (
            given_back(edit, known.get(edit.path)) if edit.path in own else edit
            for edit in self._plan.edits
        )
        self._plan = replace(self._plan, edits=tuple(edits))

    def _holds_ours(self) -> bool:
        """Tell whether files of which nothing is known are wired to this gateway.

        Their record was lost, or somebody wrote the keys by hand: it is made anew, so
        that an undo finds them.
        """
        return any(ours(change.after) for e in self._own for change in e.changes)

    @property
    def _own(self) -> tuple[FileEdit, ...]:
        """The edits that are written here, not by the client's own command."""
        theirs = {command.writes for command in self._plan.commands}
        return tuple(edit for edit in self._plan.edits if edit.path not in theirs)

    def _carry_out(
        self, wiring: Wiring, looked: Mapping[Path, Looked], earlier: Wiring | None
    ) -> Wiring:
        for edit in self._own:
            if edit.before != edit.after:
                self._write(edit, looked[edit.path], wiring)
        for command in self._plan.commands:
            self._command(command)
        written = {command.writes for command in self._plan.commands}
        edits = [self._as_written(looked[path]) for path in sorted(written)]
        records = _records(edits, earlier)
        if not records:
            return wiring
        self._journal.back_up(replace(wiring, files=records))
        return replace(wiring, files=(*wiring.files, *records))

    def _as_written(self, before: Looked) -> FileEdit:
        """Return what a client's own command made of a file; our keys must be in it."""
        state = before.state
        now = look(state.path).state
        planned = [edit for edit in self._plan.edits if edit.path == state.path]
        if now.data is None or now.trouble is not Trouble.NONE:
            raise _Stopped(
                f"The client's own command did not write {state.path}.",
                "See whether that client works in a terminal, then try again.",
            )
        edit = FileEdit(
            path=state.path,
            real=now.real,
            format=planned[0].format if planned else Format.JSON5,
            before=state.data,
            after=now.data,
            digest=state.digest,
            mode=0o600 if state.mode is None else state.mode,
            changes=planned[0].changes if planned else (),
        )
        if not _has_keys(edit):
            raise _Stopped(
                f"The client's own command wrote something else into {state.path} than"
                " was shown.",
                "Update that client and Turnout, then try again.",
            )
        return edit

    def _write(self, edit: FileEdit, seen: Looked, wiring: Wiring) -> None:
        make_folders(self._disk, missing_folders(edit.real))
        try:
            put(
                self._disk,
                seen,
                edit.after,
                edit.mode,
                wiring.number,
                lambda data: _sound(edit, data),
            )
        except Changed:
            raise _changed(edit.path) from None
        except Broken as broken:
            raise _Stopped(
                f"The new text of {edit.path} could not be read again ({broken.why}),"
                " so it was not put in place.",
                "Please report it.",
            ) from None

    def _command(self, command: ClientCommand) -> None:
        try:
            self._run(command.words)
        except CommandRefused as refused:
            raise _Stopped(refused.why, refused.todo) from None

    def _take_back(
        self, looked: Mapping[Path, Looked], wiring: Wiring, now: datetime
    ) -> None:
        """Give every file its old bytes; what cannot be is left to `settle`.

        The deed then stays open in the journal.
        """
        folders = {file.path: file.made_folders for file in wiring.files}
        with contextlib.suppress(OSError, Changed):
            for path, before in reversed(list(looked.items())):
                self._give_back(before, wiring.number)
                remove_folders(self._disk, folders.get(path, ()))
            self._journal.end(replace(wiring, state=WiringState.FAILED), now)

    def _give_back(self, before: Looked, number: int) -> None:
        old, seen = before.state, look(before.state.path)
        ours = {edit.after for edit in self._own if edit.path == old.path}
        theirs = any(each.writes == old.path for each in self._plan.commands)
        data = seen.state.data
        if data is None or data == old.data or not (theirs or data in ours):
            return
        if old.data is None:
            take_away(self._disk, seen)
        else:
            mode = seen.state.mode if old.mode is None else old.mode
            put(self._disk, seen, old.data, mode or 0o600, number, lambda _: None)


def _unchanged(edit: FileEdit) -> Looked:
    """Look at a file again; it must be the one that was shown."""
    seen = _sane(edit.path)
    if (seen.state.digest, seen.state.real) != (edit.digest, edit.real):
        raise _changed(edit.path)
    return seen


def _sane(path: Path) -> Looked:
    """Look at a file that may be changed; it must not be in any trouble."""
    seen = look(path)
    if seen.state.trouble is not Trouble.NONE:
        why, todo = TROUBLES[seen.state.trouble]
        raise _Stopped(f"{path} was not changed, because {why}.", todo)
    return seen


def _changed(path: Path) -> _Stopped:
    return _Stopped(
        f"{path} has changed since it was shown, so nothing was changed for this"
        " client.",
        AGAIN,
        changed=True,
    )


def _cannot_write(error: OSError) -> _Stopped:
    name = "a settings file" if error.filename is None else str(error.filename)
    return _Stopped(
        f"{name} cannot be written ({error.strerror}). Everything of this client is as"
        " it was.",
        "Make room on the disk or make the folder writable, then try again.",
    )


def _records(
    edits: Iterable[FileEdit], earlier: Wiring | None
) -> tuple[WiredFile, ...]:
    known = {} if earlier is None else {file.path: file for file in earlier.files}
    records = []
    for edit in edits:
        before = known.get(edit.path)
        if before is not None and not edit.changes and edit.before != edit.after:
            records.append(free_file(edit, before))
            continue
        if edit.before == edit.after and before is not None:
            records.append(before)
            continue
        try:
            folders = missing_folders(edit.real)
            records.append(wired_file(edit, before, folders))
        except SecretThere as found:
            raise _Stopped(
                f"{found} in {edit.path} holds a key of yours, and Turnout keeps no"
                " copy of one. Nothing was changed for this client.",
                "Move that key to where you keep keys, remove it there, then try"
                " again.",
            ) from None
        except Broken as broken:
            raise _Stopped(
                f"{edit.path} cannot be understood: {broken.why}. Nothing was changed"
                " for this client.",
                "Mend the file, then try again.",
            ) from None
    return tuple(records)


def _others(plan: ClientPlan, earlier: Wiring | None) -> tuple[WiredFile, ...]:
    """Return what was wired before and this plan says nothing of: it stays ours.

    So does what a link led to then that leads elsewhere now.
    """
    if earlier is None:
        return ()
    here = {edit.path for edit in plan.edits}
    return tuple(
        each
        for file in earlier.files
        for each in (places(file)[1:] if file.path in here else (file,))
    )


def _sound(edit: FileEdit, data: bytes) -> None:
    if digest_of_bytes(data) != digest_of_bytes(edit.after):
        raise Broken("other bytes were read than were written")
    if edit.format is not Format.TEXT:
        parsed(edit.format, decoded(data).text)


def _has_keys(edit: FileEdit) -> bool:
    """Tell whether every key of ours stands in a file that another program wrote."""
    try:
        text = decoded(edit.after).text
        return all(
            value_at(edit.format, text, change.path) == change.after
            for change in edit.changes
        )
    except Broken:
        return False
