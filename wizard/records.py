"""What Turnout did to other programs' files, as values that are kept; pure.

It must hold no provider key, no gateway key and no copy of a file: of a file's old text
only what our own keys replaced, and of our own values only a digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from wizard.formats import ABSENT, Absent, Format, Json, KeyPath, Splice
from wizard.plan import Choice, ClientCommand


class WiringState(StrEnum):
    """What became of a wiring.

    `suspended` is taken back until the next start, `released` left as it is because
    the user accepted what somebody else had made of it, `failed` never came about.
    """

    APPLIED = "applied"
    UNDONE = "undone"
    SUSPENDED = "suspended"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OwnedKey:
    """One key of ours: its value before us, and the digest of ours.

    `parents` counts the objects on its path that were there before it; those below
    are ours and go with it once they are empty; `null` says that the last of them was
    null. `there` tells whether the key itself was there: of a `line` nothing is saved.
    `line`, `prefix` and `secret` as in `wizard.plan.KeyChange`.
    """

    path: KeyPath
    saved: Json | Absent = field(repr=False)
    digest: str
    line: bool = False
    prefix: str = ""
    secret: bool = False
    parents: int = 0
    there: bool = True
    null: bool = False

    def holds(self, value: Json | Absent) -> bool:
        """Tell whether a file's value of this key is still ours."""
        if self.line:
            return any(digest_of(each) == self.digest for each in lines_of(value))
        return digest_of(value) == self.digest


@dataclass(frozen=True, slots=True)
class WiredFile:
    """One file we changed.

    `before` and `after` are SHA-256 digests of its bytes ('' for no file): what undo
    gives back, and what we left. `found` is what was there when we came; it is not
    `before` where our own older wiring or another gateway's stood there. `inverse`
    makes the one of the other. `made_folders` are those we made, outer ones first.
    `left_out` names the keys of which a local gateway's value was not kept.
    """

    path: Path
    real: Path
    format: Format
    existed: bool
    mode: int
    before: str
    after: str
    inverse: tuple[Splice, ...]
    keys: tuple[OwnedKey, ...]
    whole: bool = False
    made_folders: tuple[Path, ...] = ()
    found: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wiring:
    """All that was done for one client at one time; `number` is its place in history.

    `time` is UTC, `ended` when it was taken back or given up; `port` is the gateway's
    then.
    """

    number: int
    client: str
    plan: str
    time: datetime
    port: int
    choice: Choice
    files: tuple[WiredFile, ...]
    commands: tuple[ClientCommand, ...] = ()
    state: WiringState = WiringState.APPLIED
    ended: datetime | None = None


def digest_of(value: Json | Absent) -> str:
    """Return the SHA-256 of a value as JSON with its keys in order, '' for ABSENT."""
    if value is ABSENT:
        return ""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def digest_of_bytes(data: bytes | None) -> str:
    """Return the SHA-256 of a file's bytes in hex, '' where there is no file."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def lines_of(value: Json | Absent) -> tuple[str, ...]:
    """Return the lines of a value that is a text of several, else nothing."""
    if isinstance(value, Absent) or not isinstance(value, str):
        return ()
    return tuple(value.splitlines())
