"""Undo and consents as lines for people; it asks nothing and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.columns import Column, table
from app.commands.consents import ConsentInfo, ConsentList, ConsentRevoked
from app.commands.undo import UndoneClient, UndoneFile, UndoResult
from wizard.records import WiringState
from wizard.undone import KeyFate, Way

Lines = tuple[str, ...]

_STATES: Final = {
    WiringState.APPLIED: "connected",
    WiringState.UNDONE: "taken back",
    WiringState.SUSPENDED: "taken back until the next start",
    WiringState.RELEASED: "left as others changed it",
    WiringState.FAILED: "failed, nothing changed",
}
_WAYS: Final = {
    Way.EXACT: ("is byte for byte as it was before", "gets its bytes back"),
    Way.PER_KEY: ("has Turnout's keys taken back", "has Turnout's keys taken back"),
    Way.ALREADY: ("has nothing of Turnout's in it", "has nothing of Turnout's in it"),
    Way.LEFT: ("was left", "would be left"),
    Way.STUCK: ("could not be taken back", "could not be taken back"),
}
_REMOVED: Final = ("was made by Turnout and is gone", "was made by Turnout and goes")
_FATES: Final = {
    KeyFate.RESTORED: "back to its value before",
    KeyFate.REMOVED: "taken away, as before",
    KeyFate.ALREADY: "already as before",
    KeyFate.LEFT: "left",
}


def undo(result: UndoResult, command_path: str) -> Lines:
    """Return what an undo did or would do, or the history of wirings."""
    if result.listed:
        return _history(result, command_path)
    lines: list[str] = []
    tried = result.done or result.failed
    for client in result.clients:
        lines += [*_client(client, done=tried, command_path=command_path), ""]
    if result.failed:
        lines += ["Not all of it could be taken back; what is left is named above.", ""]
    elif not tried and result.clients:
        lines += ["Nothing was changed: this is what an undo would do.", ""]
    if not result.clients and not result.notes:
        lines.append("No client is connected to Turnout: nothing to take back.")
    lines += result.notes
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _client(client: UndoneClient, *, done: bool, command_path: str) -> Iterator[str]:
    yield f"{client.client}, connected on {_time(client.wired)}"
    for file in client.files:
        yield from _file(file, done=done)
    for command in client.commands:
        yield f"  may run: {command}"
    left = any(key.fate is KeyFate.LEFT for file in client.files for key in file.keys)
    if left:
        yield f"  `{command_path} undo {client.client} --force-owned` puts those keys"
        yield "  back to their values before, whoever changed them."


def _file(file: UndoneFile, *, done: bool) -> Iterator[str]:
    told = _WAYS[file.way]
    if file.gone and file.way in {Way.EXACT, Way.PER_KEY}:
        told = _REMOVED
    if file.way is Way.ALREADY and file.sentence:
        yield f"  {file.sentence}"
    else:
        yield f"  {file.path} {told[0] if done else told[1]}"
    if file.sentence and file.way is not Way.ALREADY:
        yield f"    {file.sentence}"
    if file.todo:
        yield f"    {file.todo}"
    if file.way is Way.PER_KEY or any(k.fate is KeyFate.LEFT for k in file.keys):
        for key in file.keys:
            yield f"    {key.key}: {_FATES[key.fate]}"
            if key.sentence:
                yield f"      {key.sentence}"


def _history(result: UndoResult, command_path: str) -> Lines:
    if not result.history:
        return ("Turnout has not changed any client's file.",)
    columns = tuple(map(Column, ("NO.", "CLIENT", "CHANGED", "STATE", "FILES")))
    rows = [
        (
            str(entry.number),
            entry.client,
            _time(entry.time),
            _STATES[entry.state],
            ", ".join(entry.files),
        )
        for entry in result.history
    ]
    return (
        *table(columns, rows),
        "",
        f"`{command_path} undo CLIENT` takes one back, --all takes all back.",
    )


def consents(result: ConsentList, command_path: str) -> Lines:
    """Return the consents, and whether the record of them is whole."""
    lines: Lines = ("Nothing has been agreed to yet.",)
    if result.consents:
        titles = ("NO.", "WHEN", "WHAT", "FOR", "SCOPE", "STATE")
        rows = [_consent(each) for each in result.consents]
        lines = (
            *table(tuple(map(Column, titles)), rows),
            "",
            f"`{command_path} consents revoke NO.` takes one back.",
        )
    if result.waiting:
        many = "1 entry waits" if result.waiting == 1 else f"{result.waiting} wait"
        lines = (*lines, f"{many} for the record to be writable.")
    if result.broken_at is not None:
        lines = (*lines, "", _broken(result.broken_at))
    if result.missing:
        lines = (*lines, "", _cut(result.missing))
    return lines


def _broken(number: int) -> str:
    return (
        f"The chain is broken at number {number}: from there on the entries are not"
        " what was recorded. Something changed the file of the record; a copy from"
        " before may be in the folder `backups` beside it."
    )


def _cut(missing: int) -> str:
    many = "1 entry is" if missing == 1 else f"{missing} entries are"
    return (
        f"{many} missing at the end: more was recorded than is there. Something cut the"
        " file of the record, or put an older one in its place. If that was you, remove"
        " the file `consents.head` in the folder `backups/wiring`."
    )


def _consent(entry: ConsentInfo) -> tuple[str, ...]:
    if entry.stands:
        state = "yes"
    elif entry.revokes is not None:
        state = f"takes back {entry.revokes}"
    else:
        state = "yes, taken back" if entry.given else "no"
    number, when = str(entry.number), _time(entry.time)
    return (number, when, entry.kind, entry.subject, entry.scope, state)


def revoked(result: ConsentRevoked, command_path: str) -> Lines:
    """Return what taking a consent back did."""
    lines: Lines = (
        f"Consent {result.number} is taken back (entry {result.by}).",
        result.sentence,
    )
    if result.todo:
        lines = (*lines, result.todo)
    if result.undone is not None and result.undone.clients:
        lines = (*lines, "", *undo(result.undone, command_path))
    return lines


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
