"""Makes a plan of what a client's module wants and what its files say now; pure.

It must not read or write files: the states of all files are handed in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from discovery.files import FileState, Trouble
from wizard.clients.addresses import local_address, ours
from wizard.clients.secrets_seen import looks_secret
from wizard.clients.terms import ClientSetup, Situation, Wanted
from wizard.formats import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Json,
    decoded,
    encoded,
    value_at,
    with_edits,
)
from wizard.naming import key_name
from wizard.plan import (
    ClientPlan,
    FileEdit,
    FileWish,
    KeyChange,
    KeyWish,
    Plan,
    Question,
    Refusal,
)
from wizard.troubles import TROUBLES

PLACEHOLDER: Final = "tnt_" + "0" * 8 + "-made-when-you-agree-" + "0" * 8
"""Stands for the gateway key in a plan that is only looked at."""

NEW_FILE: Final = 0o600
NEW_PROGRAM: Final = 0o700


def plan_client(setup: ClientSetup, situation: Situation) -> ClientPlan:
    """Return what would be done for one client; nothing is decided by it."""
    wanted = setup.wanted(situation)
    refusals, questions, edits = list(wanted.refusals), list(wanted.questions), []
    for wish in wanted.files:
        state = situation.files.get(wish.path) or _nothing_there(wish)
        made = _planned(wish, state, situation)
        if isinstance(made, Refusal):
            refusals.append(made)
            continue
        edit, asked = made
        edits.append(edit)
        questions += [each for each in asked if each not in questions]
    return _plan(setup, situation, wanted, tuple(edits), refusals, questions)


def _plan(
    setup: ClientSetup,
    situation: Situation,
    wanted: Wanted,
    edits: tuple[FileEdit, ...],
    refusals: Iterable[Refusal],
    questions: Iterable[Question],
) -> ClientPlan:
    return ClientPlan(
        client=setup.id,
        name=setup.name,
        choice=replace(situation.choice, login=situation.login),
        edits=edits,
        commands=wanted.commands,
        steps=wanted.steps,
        refusals=tuple(refusals),
        questions=tuple(questions),
        means=wanted.means,
        without=wanted.without,
        notes=(*wanted.notes, *_open_to_others(edits)),
        undo=f"turnout undo {setup.id}",
    )


def plan_of(clients: Iterable[ClientPlan], own: bytes = b"") -> Plan:
    """Return one plan of several; `own` is what Turnout's own file would become.

    The id names a digest for each part, so that one part can be applied and checked
    without the others: `turnout:1f0c...,claude-code:77ab...`.
    """
    plans = tuple(clients)
    parts = [("turnout", _short(own)), *((p.client, _digest(p)) for p in plans)]
    return Plan(",".join(f"{name}:{digest}" for name, digest in parts), plans)


def part_of(plan_id: str, name: str) -> str:
    """Return the digest that a plan's id has for one client, '' where it has none."""
    for part in plan_id.split(","):
        client, _, digest = part.partition(":")
        if client == name:
            return digest
    return ""


def _digest(plan: ClientPlan) -> str:
    # A gateway key is another one each time: what it stands in is told without it.
    told = [
        [str(edit.path), edit.digest, _short(edit.after), edit.mode]
        for edit in plan.edits
    ]
    words = [list(command.words) for command in plan.commands]
    stands = [len(plan.refusals), len(plan.questions)]
    return _short(json.dumps([plan.client, told, words, stands]).encode())


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


# --- one file -------------------------------------------------------------------------


def _nothing_there(wish: FileWish) -> FileState:
    return FileState(wish.path, wish.path, None)


def _planned(
    wish: FileWish, state: FileState, situation: Situation
) -> tuple[FileEdit, tuple[Question, ...]] | Refusal:
    file = str(wish.path)
    if state.trouble is not Trouble.NONE:
        why, todo = TROUBLES[state.trouble]
        return Refusal(file, why, todo)
    if state.linked and not wish.follow_links:
        why = "it is a link, and its program replaces the file, not what it leads to"
        return Refusal(file, why, "Put the file itself in the link's place.")
    try:
        return _edited(wish, state, situation)
    except _SecretThere as found:
        return Refusal(
            file,
            f"{found.name} holds a key of yours, and Turnout keeps no copy of one",
            "Move that key to where you keep keys, remove it there, then try again.",
        )
    except Broken as broken:
        todo = "Mend that place, then try again."
        return Refusal(file, broken.why, todo, broken.line)


class _SecretThere(Exception):
    """A value that would be replaced is a secret of the user's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _edited(
    wish: FileWish, state: FileState, situation: Situation
) -> tuple[FileEdit, tuple[Question, ...]]:
    held = decoded(state.data or b"")
    before = "" if wish.whole else held.text
    if wish.whole and state.data is not None and not _is_ours(wish, held.text):
        raise Broken("it is there already and is not Turnout's")
    changes, questions = [], []
    for key in wish.keys:
        change, question = _changed(wish, key, before, situation)
        changes.append(change)
        if question is not None and question not in questions:
            questions.append(question)
    after = _text_after(wish, before)
    same = state.data is not None and after == held.text
    data = state.data if same else encoded(replace(held, text=after))
    usual = NEW_PROGRAM if wish.program else NEW_FILE
    edit = FileEdit(
        path=wish.path,
        real=state.real,
        format=wish.format,
        before=state.data,
        after=data or b"",
        digest=state.digest,
        mode=usual if state.mode is None else state.mode,
        changes=tuple(changes),
        whole=wish.whole,
    )
    return edit, tuple(questions)


def _text_after(wish: FileWish, before: str) -> str:
    if wish.format is Format.TEXT:
        return "".join(str(key.value) for key in wish.keys)
    edits = [Edit(key.path, key.value, key.line, key.prefix) for key in wish.keys]
    return with_edits(wish.format, before, edits)


def _is_ours(wish: FileWish, text: str) -> bool:
    """Say whether a file that shall be wholly ours holds nothing of anybody else's."""
    if not text.strip() or text == _text_after(wish, ""):
        return True
    return ours(text) or "turnout" in text.lower().splitlines()[0]


def _changed(
    wish: FileWish, key: KeyWish, text: str, situation: Situation
) -> tuple[KeyChange, Question | None]:
    found = _value(wish, key, text)
    same = _same(key, found)
    kept, question = found, None
    if not same and not key.line and found is not ABSENT:
        kept, question = _kept(wish, key, found, text, situation)
    change = KeyChange(
        path=key.path,
        before=kept,
        after=key.value,
        reason=key.reason,
        secret=key.secret,
        line=key.line,
        prefix=key.prefix,
        same=same,
    )
    return change, question


def _value(wish: FileWish, key: KeyWish, text: str) -> Json | Absent:
    if wish.format is Format.TEXT or not text.strip():
        return ABSENT
    return value_at(wish.format, text, key.path)


def _same(key: KeyWish, found: Json | Absent) -> bool:
    if key.line and isinstance(found, str):
        return str(key.value) in found.splitlines()
    return type(found) is type(key.value) and found == key.value


def _kept(
    wish: FileWish,
    key: KeyWish,
    found: Json | Absent,
    text: str,
    situation: Situation,
) -> tuple[Json | Absent, Question | None]:
    """Return what is kept as the user's own, and what has to be asked first."""
    told = found if isinstance(found, str) else json.dumps(found)
    address = local_address(told)
    here = situation.older_is_ours or address == situation.url
    if here and (ours(told) or (address and _wired_before(wish, text))):
        return ABSENT, None
    if address:
        # Kept as the user's own it would be a way back to a port that may be dead.
        agreed = situation.choice.over_local
        question = None if agreed else _poisoned(wish, key, address)
        return ABSENT, question
    if ours(told) or (key.secret and _points_here(wish, text)):
        # What stands beside such an address is that gateway's, not the user's.
        return ABSENT, None
    if looks_secret(key_name(key.path), told):
        raise _SecretThere(key_name(key.path))
    return found, None


def _wired_before(wish: FileWish, text: str) -> bool:
    """Say whether one of our own keys stands where this file is to have them."""
    for key in wish.keys:
        found = _value(wish, key, text)
        if found is not ABSENT and ours(json.dumps(found)):
            return True
    return False


def _points_here(wish: FileWish, text: str) -> bool:
    return any(
        local_address(found)
        for key in wish.keys
        if not isinstance(found := _value(wish, key, text), Absent)
    )


def _poisoned(wish: FileWish, key: KeyWish, address: str) -> Question:
    return Question(
        "over_local",
        f"{key_name(key.path)} in {wish.path} points at {address}, a gateway on this "
        "machine that is not this Turnout. It is not kept as your own value: an undo "
        "would take the key away. Replace it?",
    )


def _open_to_others(edits: Iterable[FileEdit]) -> tuple[str, ...]:
    return tuple(
        f"{edit.path} can be read by other users of this machine, and stays so. The "
        "key in it opens this gateway only."
        for edit in edits
        if edit.before is not None
        and edit.mode & 0o044
        and any(change.secret for change in edit.changes)
    )
