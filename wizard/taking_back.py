"""Takes one wiring's files back on the disk; it knows no journal.

It must not change a key that somebody else has changed, unless that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from discovery.files import Trouble, look_at
from wizard.commanding import CommandRefused, Run
from wizard.disk import Disk
from wizard.formats import Broken, Format, decoded, parsed
from wizard.plan import ClientCommand
from wizard.records import WiredFile, Wiring
from wizard.troubles import TROUBLES
from wizard.undone import KeyUndone, Undone, Way, undone
from wizard.writing import Changed, Looked, look, put, remove_folders, take_away

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class FileUndone:
    """What became of one file, or would; `todo` is for one that is stuck.

    `gone` says that the file is not there afterwards, `recorded` that it has the very
    bytes that were kept in mind for it.
    """

    path: Path
    way: Way
    keys: tuple[KeyUndone, ...] = ()
    sentence: str = ""
    todo: str = ""
    line: int = 0
    gone: bool = False
    recorded: bool = False


def places(wired: WiredFile) -> tuple[WiredFile, ...]:
    """Return the file, and the one that was written where its path leads elsewhere.

    A link that was replaced by a copy, or by another link, leaves our keys in what it
    led to.
    """
    if look_at(wired.path).real == wired.real:
        return (wired,)
    written = replace(wired, path=wired.real, made_folders=())
    state = look_at(written.path)
    untroubled = state.trouble is Trouble.NONE
    if untroubled and undone(written, state.data).way is Way.ALREADY:
        return (wired,)
    return wired, written


def look_back(wired: WiredFile, *, force: bool = False) -> FileUndone:
    """Return what taking a file back would do now; it only reads."""
    return _told(wired, *_seen(wired, force=force))


def take_back(
    wiring: Wiring, disk: Disk, run: Run, *, force: bool = False
) -> tuple[FileUndone, ...]:
    """Take every file of a wiring back as far as it can be; nothing is raised.

    A file that its client's own command wrote and that has changed since is taken back
    by that client's command.
    """
    commands = {command.writes: command for command in wiring.commands}
    files = []
    for wired in reversed(wiring.files):
        command = commands.pop(wired.path, None)
        files += [
            take_back_file(more, wiring.number, disk, force=force)
            for more in places(wired)[1:]
        ]
        files.append(take_back_file(wired, wiring.number, disk, force=force))
        if command is not None and not files[-1].recorded:
            files[-1] = _by_command(command, files[-1], run)
    files += [
        _by_command(command, FileUndone(command.writes, Way.PER_KEY), run)
        for command in commands.values()
    ]
    return tuple(reversed(files))


def take_back_file(
    wired: WiredFile, number: int, disk: Disk, *, force: bool = False
) -> FileUndone:
    """Take one file back; a client that writes it meanwhile is waited out."""
    for _ in range(_TRIES):
        seen, made = _seen(wired, force=force)
        try:
            _write(wired, seen, made, number, disk)
        except Changed:
            continue
        except OSError as error:
            return _stuck(wired, f"it cannot be written ({error.strerror})")
        except Broken as broken:
            return _stuck(wired, f"its new text could not be read again ({broken.why})")
        if made.data is None:
            remove_folders(disk, wired.made_folders)
        return _told(wired, seen, made)
    return _stuck(wired, "another program keeps changing it")


def _seen(wired: WiredFile, *, force: bool) -> tuple[Looked, Undone]:
    seen = look(wired.path)
    if seen.state.trouble is not Trouble.NONE:
        why, _ = TROUBLES[seen.state.trouble]
        said = f"{wired.path} was left, because {why}."
        return seen, Undone(Way.STUCK, seen.state.data, (), said)
    return seen, undone(wired, seen.state.data, force=force)


def _write(
    wired: WiredFile, seen: Looked, made: Undone, number: int, disk: Disk
) -> None:
    if made.data == seen.state.data:
        return
    if made.data is None:
        take_away(disk, seen)
        return
    now = seen.state.mode
    mode = wired.mode if made.way is Way.EXACT or now is None else now
    # What was there before us need not be sound; what we made of it is.
    format_ = Format.TEXT if made.way is Way.EXACT else wired.format
    put(disk, seen, made.data, mode, number, partial(_read_again, format_))


def _read_again(format_: Format, data: bytes) -> None:
    if format_ is not Format.TEXT:
        parsed(format_, decoded(data).text)


def _told(wired: WiredFile, seen: Looked, made: Undone) -> FileUndone:
    todo = ""
    if made.way is Way.STUCK and seen.state.trouble is Trouble.NONE:
        todo = "Mend that place, then run the undo again."
    elif made.way is Way.STUCK:
        todo = TROUBLES[seen.state.trouble][1]
    return FileUndone(
        path=wired.path,
        way=made.way,
        keys=made.keys,
        sentence=made.sentence,
        todo=todo,
        line=made.line,
        gone=made.data is None,
        recorded=made.recorded,
    )


def _stuck(wired: WiredFile, why: str) -> FileUndone:
    said = f"{wired.path} was left, because {why}."
    todo = "Mend that, then run the undo again."
    return FileUndone(wired.path, Way.STUCK, (), said, todo)


def _by_command(command: ClientCommand, file: FileUndone, run: Run) -> FileUndone:
    try:
        run(command.undo)
    except CommandRefused as refused:
        said = f"{command.writes} was left: {refused.why}"
        return FileUndone(command.writes, Way.STUCK, file.keys, said, refused.todo)
    said = f"{command.writes} was taken back by its own program."
    return FileUndone(command.writes, Way.PER_KEY, file.keys, said)
