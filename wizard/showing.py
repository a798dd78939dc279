"""Turns a plan into what a person is shown of it, with secrets masked; pure.

It must not show a value of a key, whoever's it is, beyond its last characters.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wizard.formats import ABSENT, Absent, Json
from wizard.masking import masked_line, shown_secret
from wizard.naming import key_name
from wizard.plan import ClientPlan, FileEdit, KeyChange, Login, Plan
from wizard.planning import PLACEHOLDER
from wizard.view import (
    ClientView,
    DiffLine,
    FileView,
    KeyView,
    LineKind,
    PlanView,
    QuestionView,
    RefusalView,
    StepView,
)

AROUND: Final = 3
"""Lines of the user's own that are shown before and after a change."""

MADE_LATER: Final = "tnt_... (made when you agree)"

_LONGEST_LINE: Final = 400
_TAB: Final = 4
_GATEWAY_KEY: Final = re.compile(r"tnt_[A-Za-z0-9_-]{8,}")


def shown(
    plan: Plan,
    home: Path,
    *,
    own: tuple[str, ...] = (),
    backups: str = "",
    undo_all: str = "",
    notes: tuple[str, ...] = (),
) -> PlanView:
    """Return a plan as people see it; `home` is written `~`."""
    return PlanView(
        id=plan.id,
        clients=tuple(client_view(each, home) for each in plan.clients),
        own=own,
        backups=backups,
        undo_all=undo_all,
        notes=notes,
    )


def client_view(plan: ClientPlan, home: Path) -> ClientView:
    """Return one client's plan as people see it."""
    return ClientView(
        client=plan.client,
        name=plan.name,
        login=plan.choice.login or Login.KEY,
        ready=plan.can_be_applied,
        changes=plan.changes_anything,
        files=tuple(file_view(edit, home) for edit in plan.edits),
        commands=tuple(masked(" ".join(each.words)) for each in plan.commands),
        steps=tuple(
            StepView(each.where, _without_key(each.text)) for each in plan.steps
        ),
        refusals=tuple(
            RefusalView(short(each.file, home), each.why, each.todo, each.line)
            for each in plan.refusals
        ),
        questions=tuple(
            QuestionView(each.key, short(each.sentence, home))
            for each in plan.questions
        ),
        # Nothing would come of these where it stays as it is.
        means=() if plan.refusals else plan.means,
        without="" if plan.refusals else plan.without,
        notes=() if plan.refusals else tuple(short(each, home) for each in plan.notes),
        undo=plan.undo,
    )


def file_view(edit: FileEdit, home: Path) -> FileView:
    """Return one file's keys and the difference around them."""
    return FileView(
        path=short(str(edit.path), home),
        new=edit.before is None,
        keys=tuple(_key_view(change) for change in edit.changes),
        lines=tuple(difference(_text(edit.before or b""), _text(edit.after))),
    )


def short(text: str, home: Path) -> str:
    """Return text with the user's home folder written as `~`."""
    return text.replace(f"{home}/", "~/").replace(f"{home}\\", "~\\")


def masked(line: str) -> str:
    """Return a line in which no key can be read."""
    return masked_line(_without_key(line.expandtabs(_TAB)))[:_LONGEST_LINE]


def _without_key(text: str) -> str:
    text = text.replace(PLACEHOLDER, MADE_LATER)
    return _GATEWAY_KEY.sub(lambda found: f"tnt_...{found[0][-4:]}", text)


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


def _key_view(change: KeyChange) -> KeyView:
    return KeyView(
        name=key_name(change.path),
        before=_shown_value(change.before, secret=change.secret),
        after=_shown_value(change.after, secret=change.secret),
        reason=change.reason,
        same=change.same,
    )


def _shown_value(value: Json | Absent, *, secret: bool) -> str:
    if value is ABSENT:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if secret and PLACEHOLDER not in text and not _GATEWAY_KEY.search(text):
        return shown_secret(text)
    return masked(text)


# --- differences ----------------------------------------------------------------------


def difference(before: str, after: str) -> Iterator[DiffLine]:
    """Yield the changed lines with `AROUND` lines on each side; others are cut."""
    old, new = before.splitlines(), after.splitlines()
    # What is the same at both ends is most of a file, and costs a differ the most.
    head = _same_ends(old, new)
    tail = _same_ends(old[head:][::-1], new[head:][::-1])
    middle_old = old[head : len(old) - tail]
    middle_new = new[head : len(new) - tail]
    if not middle_old and not middle_new:
        return
    yield from _context(old, max(0, head - AROUND), head, 0, cut_first=True)
    yield from _middle(middle_old, middle_new, head)
    rest = len(old) - tail
    last = min(len(old), rest + AROUND)
    yield from _context(old, rest, last, len(new) - len(old))
    if last < len(old):
        yield DiffLine(LineKind.CUT, f"{len(old) - last} lines stay as they are")


def _same_ends(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _context(
    lines: list[str], start: int, stop: int, shift: int, *, cut_first: bool = False
) -> Iterator[DiffLine]:
    if cut_first and start:
        yield DiffLine(LineKind.CUT, f"{start} lines stay as they are")
    for index in range(start, stop):
        yield DiffLine(
            LineKind.SAME, masked(lines[index]), False, index + 1, index + 1 + shift
        )


def _middle(old: list[str], new: list[str], shift: int) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, stop, new_start, new_stop in matcher.get_opcodes():
        if kind == "equal":
            yield from _equal(old, start, stop, new_start, shift)
            continue
        for index in range(start, stop):
            line = masked(old[index])
            yield DiffLine(LineKind.GONE, line, True, index + 1 + shift, 0)
        for index in range(new_start, new_stop):
            line = masked(new[index])
            yield DiffLine(LineKind.NEW, line, True, 0, index + 1 + shift)


def _equal(
    old: list[str], start: int, stop: int, new_start: int, shift: int
) -> Iterator[DiffLine]:
    for index in range(start, stop):
        near = index - start < AROUND or stop - index <= AROUND
        if near:
            after = index - start + new_start + 1 + shift
            line = masked(old[index])
            yield DiffLine(LineKind.SAME, line, False, index + 1 + shift, after)
        elif index - start == AROUND:
            left = stop - start - 2 * AROUND
            yield DiffLine(LineKind.CUT, f"{left} lines stay as they are")
