"""Reads single values out of files that were looked at for a client; pure.

It must not judge a file: what is broken holds nothing here, and the planner says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from discovery.files import FileState
from discovery.surroundings import Surroundings
from wizard.formats import ABSENT, Absent, Broken, Format, Json, KeyPath, decoded
from wizard.formats import value_at as _value_at

Files = Mapping[Path, FileState]


def text_of(files: Files, path: Path) -> str:
    """Return a file's text, '' where there is none or it is no text."""
    state = files.get(path)
    if state is None or state.data is None:
        return ""
    try:
        return decoded(state.data).text
    except Broken:
        return ""


def value_in(files: Files, path: Path, fmt: Format, key: KeyPath) -> Json | Absent:
    """Return the value of one key, `ABSENT` where the file or the key is not there."""
    text = text_of(files, path)
    if not text.strip():
        return ABSENT
    try:
        return _value_at(fmt, text, key)
    except Broken:
        return ABSENT


def words_in(value: Json | Absent) -> str:
    """Return a value that is a text, '' for any other and for what is absent."""
    return value if isinstance(value, str) and not isinstance(value, Absent) else ""


def line_of(text: str, *words: str) -> int:
    """Return the first line that has all words, counted from 1; 0 for none."""
    for number, line in enumerate(text.splitlines(), start=1):
        if all(word in line for word in words):
            return number
    return 0


def folder_of(surroundings: Surroundings, variable: str, usual: str) -> Path:
    """Return a client's folder: where its variable says, else `usual` in the home."""
    given = surroundings.environ.get(variable, "").strip()
    if given.startswith("~/"):
        return surroundings.home / given[2:]
    return Path(given) if given else surroundings.home / usual


def shown_path(surroundings: Surroundings, path: Path) -> str:
    """Return a path as people write it, with `~` for the home."""
    try:
        inner = path.relative_to(surroundings.home)
    except ValueError:
        return str(path)
    return f"~/{inner.as_posix()}"
