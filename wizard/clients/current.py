"""What the files of a situation say now, for the modules that decide by it; pure.

A file that cannot be read or is broken says nothing here: the planner refuses it.
"""

from __future__ import annotations

from pathlib import Path

from wizard.clients import seen
from wizard.clients.addresses import ours
from wizard.clients.secrets_seen import looks_secret
from wizard.clients.terms import Situation
from wizard.formats import ABSENT, Absent, Format, Json, KeyPath


def is_there(situation: Situation, path: Path) -> bool:
    """Return whether there is a file at `path`, or a link in its place."""
    state = situation.files.get(path)
    return state is not None and (state.data is not None or state.linked)


def value_now(
    situation: Situation, path: Path, fmt: Format, keys: KeyPath
) -> Json | Absent:
    """Return the value at `keys` in a file, `ABSENT` where it says nothing."""
    return seen.value_in(situation.files, path, fmt, keys)


def text_now(situation: Situation, path: Path, fmt: Format, keys: KeyPath) -> str:
    """Return the text at `keys` in a file, '' where there is none or no text."""
    found = value_now(situation, path, fmt, keys)
    # What is not there is a text of its own kind.
    return found if isinstance(found, str) and found is not ABSENT else ""


def line_now(situation: Situation, path: Path, word: str) -> int:
    """Return the first line of a file that has `word`, from 1; 0 where none has."""
    return seen.line_of(seen.text_of(situation.files, path), word)


def users_own(name: str, value: Json | Absent) -> bool:
    """Return whether a value is a credential of the user's, which stays as it is.

    A reference to one (`$NAME`) is one too; a usual placeholder (`dummy`) is none.
    """
    if not isinstance(value, str) or isinstance(value, Absent) or ours(value):
        return False
    # A reference begins like no placeholder does.
    return looks_secret(name, value) or value.strip()[:1] in {"$", "{", "!"}
