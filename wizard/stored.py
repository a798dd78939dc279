"""The journal's lines as JSON: every record there and back; pure.

It must not read or write files. A line that is not understood is no line, never a
guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from wizard.formats import ABSENT, Absent, Format, Item, Json, KeyPath, Splice
from wizard.plan import Choice, ClientCommand, Login
from wizard.records import (
    OwnedKey,
    WiredFile,
    Wiring,
    WiringState,
)


class Deed(StrEnum):
    """What is being done to a client's files."""

    APPLY = "apply"
    UNDO = "undo"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class Begun:
    """It is about to be done; nothing has been yet."""

    deed: Deed
    wiring: Wiring


@dataclass(frozen=True, slots=True)
class Done:
    """It was done, or rolled back: the record as it is now."""

    wiring: Wiring
    time: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A consent that the ledger could not take yet; `id` is its own for ever."""

    id: str
    time: datetime
    kind: str
    subject: str
    scope: str
    detail: str
    given: bool
    revokes: int | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """A waiting consent is in the ledger now."""

    id: str


Entry: TypeAlias = Begun | Done | Waiting | Carried


class _Part(msgspec.Struct, frozen=True):
    """One part of a key's path: a name, or an element of a list."""

    name: str = ""
    item_key: str = ""
    item_value: str = ""


class _Key(msgspec.Struct, frozen=True, omit_defaults=True):
    path: tuple[_Part, ...]
    digest: str
    # A value as JSON text; None is the value of a key that is not there.
    saved: str | None = None
    line: bool = False
    prefix: str = ""
    secret: bool = False
    parents: int = 0
    there: bool = True
    null: bool = False


class _File(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str
    real: str
    format: Format
    existed: bool
    mode: int
    before: str
    after: str
    inverse: tuple[Splice, ...] = ()
    keys: tuple[_Key, ...] = ()
    whole: bool = False
    made_folders: tuple[str, ...] = ()
    found: str = ""
    left_out: tuple[str, ...] = ()


class _Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    client: str
    login: Login | None = None
    always: bool = False
    free_model: bool = False
    helper: bool = False
    project: str | None = None
    over_local: bool = False


class _Command(msgspec.Struct, frozen=True, omit_defaults=True):
    undo: tuple[str, ...]
    writes: str


class _Wiring(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    client: str
    plan: str
    time: datetime
    port: int
    choice: _Choice
    state: WiringState
    files: tuple[_File, ...] = ()
    commands: tuple[_Command, ...] = ()
    ended: datetime | None = None


class _Begun(msgspec.Struct, frozen=True, tag="begun"):
    deed: Deed
    wiring: _Wiring


class _Done(msgspec.Struct, frozen=True, tag="done"):
    wiring: _Wiring
    time: datetime


class _Waiting(msgspec.Struct, frozen=True, tag="consent"):
    id: str
    time: datetime
    kind: str
    subject: str
    scope: str
    detail: str
    given: bool
    revokes: int | None = None


class _Carried(msgspec.Struct, frozen=True, tag="carried"):
    id: str


_Line: TypeAlias = _Begun | _Done | _Waiting | _Carried
_LINE: Final = msgspec.json.Decoder[_Line](_Line)
_RECORD: Final = msgspec.json.Decoder(_Wiring)


def line_of(entry: Entry) -> bytes:
    """Return an entry as one line."""
    return msgspec.json.encode(_of_entry(entry)) + b"\n"


def entry_of(line: bytes) -> Entry | None:
    """Return the entry that a line holds, None where it holds none."""
    try:
        return _entry(_LINE.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def record_of(wiring: Wiring) -> bytes:
    """Return a wiring as the text of a file of its own."""
    stored = msgspec.json.encode(_of_wiring(wiring))
    return msgspec.json.format(stored, indent=2) + b"\n"


def wiring_of(data: bytes) -> Wiring | None:
    """Return the wiring that such a file holds, None where it holds none."""
    try:
        return _wiring(_RECORD.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


# --- there ----------------------------------------------------------------------------


def _of_entry(entry: Entry) -> _Line:
    match entry:
        case Begun(deed, wiring):
            return _Begun(deed, _of_wiring(wiring))
        case Done(wiring, time):
            return _Done(_of_wiring(wiring), time)
        case Waiting():
            return _Waiting(
                id=entry.id,
                time=entry.time,
                kind=entry.kind,
                subject=entry.subject,
                scope=entry.scope,
                detail=entry.detail,
                given=entry.given,
                revokes=entry.revokes,
            )
        case Carried(id_):
            return _Carried(id_)


def _of_wiring(wiring: Wiring) -> _Wiring:
    choice = wiring.choice
    return _Wiring(
        number=wiring.number,
        client=wiring.client,
        plan=wiring.plan,
        time=wiring.time,
        port=wiring.port,
        choice=_Choice(
            client=choice.client,
            login=choice.login,
            always=choice.always,
            free_model=choice.free_model,
            helper=choice.helper,
            project=None if choice.project is None else str(choice.project),
            over_local=choice.over_local,
        ),
        state=wiring.state,
        files=tuple(map(_of_file, wiring.files)),
        # What was run had the gateway key among its words: only the way back is kept.
        commands=tuple(_Command(c.undo, str(c.writes)) for c in wiring.commands),
        ended=wiring.ended,
    )


def _of_file(file: WiredFile) -> _File:
    return _File(
        path=str(file.path),
        real=str(file.real),
        format=file.format,
        existed=file.existed,
        mode=file.mode,
        before=file.before,
        after=file.after,
        inverse=file.inverse,
        keys=tuple(map(_of_key, file.keys)),
        whole=file.whole,
        made_folders=tuple(map(str, file.made_folders)),
        found=file.found,
        left_out=file.left_out,
    )


def _of_key(key: OwnedKey) -> _Key:
    saved = key.saved
    return _Key(
        path=tuple(map(_of_part, key.path)),
        digest=key.digest,
        saved=None if saved is ABSENT else msgspec.json.encode(saved).decode(),
        line=key.line,
        prefix=key.prefix,
        secret=key.secret,
        parents=key.parents,
        there=key.there,
        null=key.null,
    )


def _of_part(part: str | Item) -> _Part:
    if isinstance(part, str):
        return _Part(part)
    return _Part("", part.key, part.value)


# --- and back -------------------------------------------------------------------------


def _entry(stored: _Line) -> Entry:
    match stored:
        case _Begun():
            return Begun(stored.deed, _wiring(stored.wiring))
        case _Done():
            return Done(_wiring(stored.wiring), stored.time)
        case _Waiting():
            return Waiting(
                id=stored.id,
                time=stored.time,
                kind=stored.kind,
                subject=stored.subject,
                scope=stored.scope,
                detail=stored.detail,
                given=stored.given,
                revokes=stored.revokes,
            )
        case _Carried():
            return Carried(stored.id)


def _wiring(stored: _Wiring) -> Wiring:
    choice = stored.choice
    return Wiring(
        number=stored.number,
        client=stored.client,
        plan=stored.plan,
        time=stored.time,
        port=stored.port,
        choice=Choice(
            client=choice.client,
            login=choice.login,
            always=choice.always,
            free_model=choice.free_model,
            helper=choice.helper,
            project=None if choice.project is None else Path(choice.project),
            over_local=choice.over_local,
        ),
        files=tuple(map(_file, stored.files)),
        commands=tuple(
            ClientCommand((), each.undo, Path(each.writes)) for each in stored.commands
        ),
        state=stored.state,
        ended=stored.ended,
    )


def _file(stored: _File) -> WiredFile:
    return WiredFile(
        path=Path(stored.path),
        real=Path(stored.real),
        format=stored.format,
        existed=stored.existed,
        mode=stored.mode,
        before=stored.before,
        after=stored.after,
        inverse=stored.inverse,
        keys=tuple(map(_key, stored.keys)),
        whole=stored.whole,
        made_folders=tuple(map(Path, stored.made_folders)),
        found=stored.found,
        left_out=stored.left_out,
    )


def _key(stored: _Key) -> OwnedKey:
    path: KeyPath = tuple(map(_part, stored.path))
    return OwnedKey(
        path=path,
        saved=_saved(stored.saved),
        digest=stored.digest,
        line=stored.line,
        prefix=stored.prefix,
        secret=stored.secret,
        parents=stored.parents,
        there=stored.there,
        null=stored.null,
    )


def _saved(text: str | None) -> Json | Absent:
    if text is None:
        return ABSENT
    value: Json = msgspec.json.decode(text)
    return value


def _part(stored: _Part) -> str | Item:
    if stored.item_key:
        return Item(stored.item_key, stored.item_value)
    return stored.name
