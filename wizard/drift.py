"""Tells where a wired client's files no longer hold our keys, and who may have done it.

Pure but for `accept`, which writes the journal. Only our own keys matter: a client that
rewrites the rest of its file as it works is no drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from discovery.files import FileState, Trouble
from discovery.routers import router_at
from wizard.clients.addresses import local_address
from wizard.formats import ABSENT, Absent, Broken, Json, decoded, value_at
from wizard.journal import Journal
from wizard.naming import key_name
from wizard.records import OwnedKey, WiredFile, Wiring, WiringState
from wizard.undone import shown


class DriftKind(StrEnum):
    """What happened to a key or its file."""

    CHANGED = "changed"
    GONE = "gone"
    FILE_GONE = "file-gone"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Drift:
    """One key, or one file (`key` '' then), that is not as we left it.

    `found` is what the key holds now, as text with anything secret left out. `by` is
    the program that may have done it, '' where that cannot be told.
    """

    client: str
    file: Path
    key: str
    kind: DriftKind
    found: str
    sentence: str
    by: str = ""


# What other programs write into values that are theirs; their addresses are known to
# `discovery.routers`.
_MARKS: Final[tuple[tuple[str, str], ...]] = (
    ("PROXY_MANAGED", "cc-switch"),
    ("cc-switch", "cc-switch"),
    ("claude-code-router", "claude-code-router"),
    ("opencodex", "opencodex"),
    ("litellm", "LiteLLM"),
)


def drift(wiring: Wiring, states: Mapping[Path, FileState]) -> tuple[Drift, ...]:
    """Return what is not as we left it in one client's files.

    `states` holds the files' states by `WiredFile.path`; one that is not in it is not
    judged. A wiring that is not applied has no drift.
    """
    if wiring.state is not WiringState.APPLIED:
        return ()
    return tuple(
        each
        for wired in wiring.files
        if wired.path in states
        for each in _of_file(wiring.client, wired, states[wired.path])
    )


def culprit(value: Json | Absent) -> str:
    """Return the program whose mark or address a value bears, '' for none known."""
    known = router_at(local_address(value))
    if known or not isinstance(value, str) or isinstance(value, Absent):
        return known
    return next((name for mark, name in _MARKS if mark in value), "")


def accept(journal: Journal, drifts: tuple[Drift, ...], now: datetime) -> None:
    """Let what drifted be as it is: those keys and files are ours no more.

    A wiring with nothing left is `released`. Blocks for the disk.

    Raises:
        JournalBusy: another process is changing files right now.
        OSError: the journal cannot be written.
    """
    given_up = {(each.client, each.file, each.key) for each in drifts}
    with journal.alone():
        for wiring in journal.current():
            files = tuple(
                left
                for file in wiring.files
                if (left := _without(wiring.client, file, given_up)) is not None
            )
            if files == wiring.files:
                continue
            state = wiring.state if files else WiringState.RELEASED
            journal.end(replace(wiring, files=files, state=state), now)


def _without(
    client: str, file: WiredFile, given_up: set[tuple[str, Path, str]]
) -> WiredFile | None:
    if (client, file.path, "") in given_up:
        return None
    keys = tuple(
        key
        for key in file.keys
        if (client, file.path, key_name(key.path)) not in given_up
    )
    if keys == file.keys:
        return file
    # Exact bytes would bring back what was given up: from now on, key by key.
    return replace(file, keys=keys, after="", before="", inverse=()) if keys else None


def _of_file(client: str, wired: WiredFile, state: FileState) -> tuple[Drift, ...]:
    if state.digest == wired.after or not (wired.keys or wired.whole):
        return ()
    if state.data is None:
        return (_file_gone(client, wired, state),)
    if wired.whole:
        said = f"{wired.path} was Turnout's and has been changed."
        return (Drift(client, wired.path, "", DriftKind.CHANGED, "", said),)
    try:
        text = decoded(state.data).text
        values = [value_at(wired.format, text, key.path) for key in wired.keys]
    except Broken as broken:
        return (_broken(client, wired, broken),)
    return tuple(
        _of_key(client, wired, key, found)
        for key, found in zip(wired.keys, values, strict=True)
        if not key.holds(found)
    )


def _of_key(
    client: str, wired: WiredFile, key: OwnedKey, found: Json | Absent
) -> Drift:
    name, now = key_name(key.path), shown(key, found)
    gone = found is ABSENT
    by = culprit(found)
    what = "was taken away" if gone else f"holds {now} now"
    who = f" That looks like {by}." if by else ""
    past = f"so {client} may go past Turnout"
    return Drift(
        client=client,
        file=wired.path,
        key=name,
        kind=DriftKind.GONE if gone else DriftKind.CHANGED,
        found="" if gone else now,
        sentence=f"{name} in {wired.path} {what}, {past}.{who}",
        by=by,
    )


def _file_gone(client: str, wired: WiredFile, state: FileState) -> Drift:
    if state.trouble is Trouble.NONE:
        kind, what = DriftKind.FILE_GONE, "is not there any more"
    else:
        kind, what = DriftKind.BROKEN, "cannot be read any more"
    said = f"{wired.path} {what}, so {client} may go past Turnout."
    return Drift(client, wired.path, "", kind, "", said)


def _broken(client: str, wired: WiredFile, broken: Broken) -> Drift:
    place = f", line {broken.line}" if broken.line else ""
    said = f"{wired.path}{place} cannot be understood: {broken.why}."
    return Drift(client, wired.path, "", DriftKind.BROKEN, "", said)
