"""Makes the record of one file that is about to be wired: its way back; pure.

It must not keep a secret: a value that looks like one is refused, and a gateway key,
ours or another gateway's, is never a user's own value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from wizard.clients.addresses import local_address, ours
from wizard.clients.secrets_seen import looks_secret
from wizard.formats import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Json,
    KeyPath,
    Splice,
    decoded,
    encoded,
    splices,
    value_at,
    with_edits,
)
from wizard.naming import key_name
from wizard.plan import FileEdit, KeyChange
from wizard.records import (
    OwnedKey,
    WiredFile,
    digest_of,
    digest_of_bytes,
)
from wizard.undone import KeyFate, Way, undone

_WORD: Final = re.compile(r"[\w.~+/=-]")


class SecretThere(Exception):
    """A value that would have to be kept looks like a secret; the name is the key's."""


def wired_file(
    edit: FileEdit, earlier: WiredFile | None, made_folders: tuple[Path, ...] = ()
) -> WiredFile:
    """Return the record of a file whose edit is about to be written.

    `earlier` is the record of what we did to it before, where that stands still: the
    way back then leads to what was there before that.

    Raises:
        Broken: the file cannot be understood.
        SecretThere: the way back would have to hold a secret.
    """
    origin, dropped = _origin(edit, earlier)
    text = "" if origin is None else decoded(origin).text
    keys = tuple(_owned(edit, change, text) for change in edit.changes)
    inverse = _inverse(edit, origin)
    return WiredFile(
        path=edit.path,
        real=edit.real,
        format=edit.format,
        existed=origin is not None,
        mode=edit.mode,
        before="" if inverse is None else digest_of_bytes(origin),
        after=digest_of_bytes(edit.after),
        inverse=inverse or (),
        keys=(*keys, *_still_ours(edit, earlier)),
        whole=edit.whole,
        made_folders=made_folders or (() if earlier is None else earlier.made_folders),
        found=edit.digest,
        left_out=_left_out(keys, earlier, dropped),
    )


def _still_ours(edit: FileEdit, earlier: WiredFile | None) -> Iterator[OwnedKey]:
    """Yield the keys of before that the plan says nothing of.

    One that goes with an object the plan takes away is ours no more.
    """
    here = {change.path for change in edit.changes}
    taken = [change.path for change in edit.changes if change.after is ABSENT]
    for key in () if earlier is None else earlier.keys:
        goes = any(key.path[: len(path)] == path for path in taken)
        if key.path not in here and not (goes and key.saved is ABSENT):
            yield key


def given_back(edit: FileEdit, earlier: WiredFile | None) -> FileEdit:
    """Return the edit as one that gives a file back, where it takes all of ours away.

    What stood there before us is the user's and has to work again at once. Such an
    edit has no changes: nothing in the file is ours afterwards.
    """
    taken = {each.path for each in edit.changes if each.after is ABSENT}
    if earlier is None or not taken or len(taken) != len(edit.changes):
        return edit
    if taken != {key.path for key in earlier.keys}:
        return edit
    made = undone(earlier, edit.before)
    left = any(each.fate is KeyFate.LEFT for each in made.keys)
    if made.data is None or left or made.way not in {Way.EXACT, Way.PER_KEY}:
        return edit
    return replace(edit, after=made.data, changes=())


def free_file(edit: FileEdit, earlier: WiredFile) -> WiredFile:
    """Return the record of a file that is given back: nothing in it is ours."""
    digest = digest_of_bytes(edit.after)
    return replace(
        earlier,
        real=edit.real,
        existed=True,
        before=digest,
        after=digest,
        inverse=(),
        keys=(),
        made_folders=(),
        found=edit.digest,
        left_out=(),
    )


def _left_out(
    keys: tuple[OwnedKey, ...], earlier: WiredFile | None, dropped: list[Edit]
) -> tuple[str, ...]:
    """Return the names of what is not kept, now and when it was wired before."""
    back = {key_name(key.path) for key in keys if key.saved is not ABSENT}
    older = () if earlier is None else earlier.left_out
    names = (*older, *(key_name(each.path) for each in dropped))
    return tuple(name for name in dict.fromkeys(names) if name not in back)


def _origin(
    edit: FileEdit, earlier: WiredFile | None
) -> tuple[bytes | None, list[Edit]]:
    """Return what undo shall give back: the file without anything of ours in it.

    Beside it, what was taken out of it because it was a local gateway's.
    """
    data = edit.before
    if earlier is not None:
        data = undone(earlier, data).data
    if data is None:
        return None, []
    if edit.whole:
        # What is there is ours from before, or nothing.
        return (None if data.strip() else data), []
    held = decoded(data)
    now = held.text if edit.before is None else decoded(edit.before).text
    dropped = [
        Edit(change.path, ABSENT, change.line, change.prefix)
        for change in edit.changes
        if _is_dropped(edit.format, held.text, now, change)
    ]
    if not dropped:
        return data, []
    text = with_edits(edit.format, held.text, dropped)
    return encoded(replace(held, text=text)), dropped


def _is_dropped(format_: Format, text: str, now: str, change: KeyChange) -> bool:
    """Tell whether what stands there is a gateway's and not to be kept.

    `text` is the file without what we did to it before, `now` the file as it is: the
    plan's word that a value is not kept is about that one only.
    """
    found = value_at(format_, text, change.path)
    if found is ABSENT:
        return False
    if change.line:
        return isinstance(found, str) and any(
            line.startswith(change.prefix) for line in found.splitlines()
        )
    # Even where it is the very value we would write: it is nobody's own.
    if ours(found) or local_address(found):
        return True
    return change.before is ABSENT and found == value_at(format_, now, change.path)


def _owned(edit: FileEdit, change: KeyChange, text: str) -> OwnedKey:
    before: Json | Absent = ABSENT
    if not edit.whole and text.strip():
        before = value_at(edit.format, text, change.path)
    saved = ABSENT if change.line else before
    parents = _parents(edit, change.path, text)
    above = change.path[:parents]
    if looks_secret(_last(change.path), saved):
        raise SecretThere(key_name(change.path))
    return OwnedKey(
        path=change.path,
        saved=saved,
        digest=digest_of(change.after),
        line=change.line,
        prefix=change.prefix,
        secret=change.secret,
        parents=parents,
        there=before is not ABSENT,
        null=bool(above) and value_at(edit.format, text, above) is None,
    )


def _parents(edit: FileEdit, path: KeyPath, text: str) -> int:
    if edit.whole or not text.strip():
        return 0
    depth = 0
    while depth < len(path) - 1:
        if value_at(edit.format, text, path[: depth + 1]) is ABSENT:
            break
        depth += 1
    return depth


def _inverse(edit: FileEdit, origin: bytes | None) -> tuple[Splice, ...] | None:
    """Return the way back to the very bytes; None where it would hold a secret."""
    if origin is None:
        return ()
    try:
        after, before = edit.after.decode(), origin.decode()
    except UnicodeDecodeError:
        raise Broken("it is not UTF-8 text") from None
    found = splices(after, before)
    words = _old_words(before, found)
    if any(looks_secret("", word) or ours(word) for word in words):
        return None
    return found


def _old_words(before: str, found: Iterable[Splice]) -> Iterator[str]:
    """Yield what each splice brings back, as part of the whole word it stands in.

    The least difference may be a few letters of a key only.
    """
    shift = 0
    for each in found:
        start = each.start + shift
        end = start + len(each.text)
        shift = end - each.end
        if each.text:
            while start and _WORD.match(before[start - 1]):
                start -= 1
            while end < len(before) and _WORD.match(before[end]):
                end += 1
            yield before[start:end]


def _last(path: KeyPath) -> str:
    return str(path[-1]) if path and isinstance(path[-1], str) else ""
