"""What undo makes of one file: the bytes before, or our keys taken back one by one.

Pure: bytes in, bytes and sentences out. It must not touch a key that holds what
somebody else put there, unless that is asked for, and quotes no secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec

from wizard.clients.secrets_seen import looks_secret
from wizard.formats import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Json,
    applied,
    decoded,
    encoded,
    value_at,
    with_edits,
)
from wizard.masking import masked_line, shown_secret
from wizard.naming import key_name
from wizard.records import (
    OwnedKey,
    WiredFile,
    digest_of,
    digest_of_bytes,
    lines_of,
)

_LONGEST_SHOWN = 60


class Way(StrEnum):
    """How a file goes back.

    `exact` gives the bytes that were there, `per-key` only our keys. `already` needs
    nothing. `left` has nothing of ours to take back. `stuck` cannot be taken back now:
    the file does not parse or may not be written.
    """

    EXACT = "exact"
    PER_KEY = "per-key"
    ALREADY = "already"
    LEFT = "left"
    STUCK = "stuck"


class KeyFate(StrEnum):
    """What becomes of one key: its value before, gone, as it is, or another's."""

    RESTORED = "restored"
    REMOVED = "removed"
    ALREADY = "already"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class KeyUndone:
    """One key; `sentence` says of a key that is left what is there instead."""

    key: str
    fate: KeyFate
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Undone:
    """What a file becomes; `data` None is no file.

    `sentence` says why it is not exact, `line` where it does not parse (from 1).
    `recorded` says that the bytes are those of the record: nothing of ours is in them.
    """

    way: Way
    data: bytes | None = field(repr=False)
    keys: tuple[KeyUndone, ...] = ()
    sentence: str = ""
    line: int = 0
    recorded: bool = False


def undone(wired: WiredFile, data: bytes | None, *, force: bool = False) -> Undone:
    """Return what undo makes of the file's bytes; None says that there is no file.

    With `force` our keys go back to their saved values whoever changed them.
    """
    digest = digest_of_bytes(data)
    if data is None:
        said = (
            f"{wired.path} is not there any more, so nothing was to be taken back."
            if wired.existed
            else ""
        )
        return Undone(Way.ALREADY, None, _all(wired, KeyFate.ALREADY), said)
    if digest == wired.before:
        return Undone(Way.ALREADY, data, _all(wired, KeyFate.ALREADY))
    if digest == wired.after:
        exact = _exactly(wired, data)
        if exact is not None:
            return exact
    if wired.whole:
        return _whole(wired, data, force=force)
    try:
        return _by_keys(wired, data, force=force)
    except Broken as broken:
        place = f", line {broken.line}" if broken.line else ""
        said = f"{wired.path}{place} cannot be understood: {broken.why}. It was left."
        return Undone(Way.STUCK, data, (), said, broken.line)


def _exactly(wired: WiredFile, data: bytes) -> Undone | None:
    """Return the very bytes that were there; None where they cannot be had."""
    fates = tuple(
        KeyUndone(
            key_name(key.path),
            KeyFate.REMOVED if key.saved is ABSENT else KeyFate.RESTORED,
        )
        for key in wired.keys
    )
    if not wired.existed:
        return Undone(Way.EXACT, None, fates, recorded=True)
    try:
        before = applied(data.decode(), wired.inverse).encode()
    except (Broken, UnicodeError):
        return None
    if digest_of_bytes(before) != wired.before:
        return None
    if wired.left_out:
        said = f"It is as it was before but for {_left_out(wired)}"
        return Undone(Way.PER_KEY, before, fates, said, recorded=True)
    return Undone(Way.EXACT, before, fates, recorded=True)


def _left_out(wired: WiredFile) -> str:
    names = ", ".join(wired.left_out)
    return f"{names}. What stood there was a local gateway's and was not kept."


def _whole(wired: WiredFile, data: bytes, *, force: bool) -> Undone:
    """Return what becomes of a file that was wholly ours and has been changed."""
    if force and not wired.existed:
        return Undone(Way.EXACT, None, _all(wired, KeyFate.REMOVED))
    said = (
        f"{wired.path} was Turnout's and has been changed since. It was left; remove it"
        " if you do not need it."
    )
    return Undone(Way.LEFT, data, _all(wired, KeyFate.LEFT), said)


def _by_keys(wired: WiredFile, data: bytes, *, force: bool) -> Undone:
    held = decoded(data)
    fates, edits = [], []
    for key in wired.keys:
        found = value_at(wired.format, held.text, key.path)
        fate = _fate(wired, key, found, force=force)
        fates.append(fate)
        if fate.fate in {KeyFate.RESTORED, KeyFate.REMOVED}:
            edits.append(Edit(key.path, key.saved, key.line, key.prefix))
    if not edits:
        left = any(each.fate is KeyFate.LEFT for each in fates)
        way = Way.LEFT if left else Way.ALREADY
        return Undone(way, data, tuple(fates))
    text = with_edits(wired.format, held.text, edits)
    text = _without_empty(wired, _without_lines(wired, text, edits), edits)
    said = "It has been changed since, so only Turnout's own keys go back."
    if wired.left_out:
        said = f"{said} Not given back: {_left_out(wired)}"
    if not wired.existed and _is_empty(wired.format, text):
        return Undone(Way.PER_KEY, None, tuple(fates), said)
    after = encoded(replace(held, text=text))
    return Undone(Way.PER_KEY, after, tuple(fates), said)


def _fate(
    wired: WiredFile, key: OwnedKey, found: Json | Absent, *, force: bool
) -> KeyUndone:
    name = key_name(key.path)
    back = KeyFate.REMOVED if key.saved is ABSENT else KeyFate.RESTORED
    if key.holds(found):
        return KeyUndone(name, back)
    if _is_back(key, found):
        return KeyUndone(name, KeyFate.ALREADY)
    if force:
        return KeyUndone(name, back)
    return KeyUndone(name, KeyFate.LEFT, left_sentence(wired, key, found))


def _is_back(key: OwnedKey, found: Json | Absent) -> bool:
    if key.line:
        return not any(line.startswith(key.prefix) for line in lines_of(found))
    return digest_of(found) == digest_of(key.saved)


def left_sentence(wired: WiredFile, key: OwnedKey, found: Json | Absent) -> str:
    """Say what a key holds that is not ours any more, and what it held before us."""
    name = key_name(key.path)
    now = "is not there any more" if found is ABSENT else f"holds {shown(key, found)}"
    before = "was not there" if key.saved is ABSENT else f"was {shown(key, key.saved)}"
    return (
        f"{name} in {wired.path} {now}, which is not what Turnout wrote; it was left."
        f" Before Turnout it {before}."
    )


def shown(key: OwnedKey, value: Json | Absent) -> str:
    """Return a value as people may see it: short, and a secret with its end only."""
    if isinstance(value, Absent):
        return "nothing"
    name = str(key.path[-1]) if key.path else ""
    if key.line:
        ours = [line for line in lines_of(value) if line.startswith(key.prefix)]
        return "another line" if ours else "other lines"
    if key.secret or looks_secret(name, value):
        return shown_secret(value) if isinstance(value, str) else "a hidden value"
    told = masked_line(msgspec.json.encode(value).decode())
    return told if len(told) <= _LONGEST_SHOWN else f"{told[:_LONGEST_SHOWN]}..."


def _without_lines(wired: WiredFile, text: str, edits: Iterable[Edit]) -> str:
    """Take away the values that were made for a line of ours and are empty now."""
    removed = {edit.path for edit in edits if edit.line}
    for key in wired.keys:
        if key.there or key.path not in removed:
            continue
        if value_at(wired.format, text, key.path) == "":
            text = with_edits(wired.format, text, [Edit(key.path, ABSENT)])
    return text


def _without_empty(wired: WiredFile, text: str, edits: Iterable[Edit]) -> str:
    """Take away the objects that were made for our keys and are empty now.

    One that stands where null was becomes null again.
    """
    removed = {edit.path for edit in edits if edit.value is ABSENT}
    for key in wired.keys:
        if key.path not in removed:
            continue
        for depth in range(len(key.path) - 1, key.parents, -1):
            parent = key.path[:depth]
            if value_at(wired.format, text, parent) not in ({}, []):
                break
            text = with_edits(wired.format, text, [Edit(parent, ABSENT)])
        above = key.path[: key.parents]
        if key.null and value_at(wired.format, text, above) in ({}, []):
            text = with_edits(wired.format, text, [Edit(above, None)])
    return text


def _is_empty(format_: Format, text: str) -> bool:
    """Tell whether a document says nothing; comments in it are somebody's words."""
    bare = "".join(text.split())
    return bare in {"", "{}"} if format_ is not Format.TEXT else not bare


def _all(wired: WiredFile, fate: KeyFate) -> tuple[KeyUndone, ...]:
    return tuple(KeyUndone(key_name(key.path), fate) for key in wired.keys)
