"""Reads settings files of other programs as far as is needed to tell what they say.

It must not change a file and never fails on one: what cannot be read says nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from discovery.files import MOST_BYTES, look_at
from discovery.surroundings import Surroundings

# A string, or a comment, or a comma before a closing bracket.
_PIECE = re.compile(
    r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])',
    re.DOTALL,
)
_DOTENV = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*\Z")


def text_of(path: Path) -> str | None:
    """Return the file's text, None where there is none that can be read as UTF-8."""
    data = look_at(path).data
    if data is None or len(data) > MOST_BYTES:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def json_of(path: Path) -> Mapping[str, object]:
    """Return the object in a JSON file, which may have comments; {} for anything else.

    Comments and commas before a closing bracket are allowed, as editors allow them.
    """
    text = text_of(path)
    return parsed_json(text) if text else {}


def parsed_json(text: str) -> Mapping[str, object]:
    """Return the object in a JSON text that may have comments; {} for anything else."""
    return table_of(_loaded(text))


def json_list(path: Path) -> tuple[object, ...]:
    """Return the list in a JSON file that may have comments; () for anything else."""
    found = _loaded(text_of(path) or "")
    return tuple(found) if isinstance(found, list) else ()


def _loaded(text: str) -> object:
    # Most files are plain JSON; large ones are read much faster so.
    strict = _decoded(text)
    if strict is not None:
        return strict
    return _decoded(_PIECE.sub(lambda m: m[0] if m[0].startswith('"') else "", text))


def _decoded(text: str) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def toml_of(path: Path) -> Mapping[str, object]:
    """Return the document in a TOML file, {} where it is none."""
    text = text_of(path)
    try:
        return tomllib.loads(text) if text else {}
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def dotenv_of(path: Path) -> Mapping[str, tuple[int, str]]:
    """Return name -> (line, value) of a `.env` file; quotes are taken off."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate((text_of(path) or "").splitlines(), 1):
        match = _DOTENV.match(line)
        if match and not line.lstrip().startswith("#"):
            found[match[1]] = (number, unquoted(match[2]))
    return found


def unquoted(value: str) -> str:
    """Return a value without the quotes around it, or without a comment after it."""
    if len(value) > 1 and value[0] in "'\"" and value[0] in value[1:]:
        return value[1 : value.index(value[0], 1)]
    return value.partition(" #")[0].rstrip()


def table_of(value: object) -> Mapping[str, object]:
    """Return `value` if it is an object with names, else {}."""
    return value if isinstance(value, dict) else {}


def word_of(value: object) -> str:
    """Return `value` if it is text, else ''."""
    return value if isinstance(value, str) else ""


def line_of(path: Path, name: str) -> int:
    """Return the number of the first line with the setting `name`, 0 if there is none.

    Comments are passed over where they take the whole line.
    """
    mark = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    lines = _live_lines(text_of(path) or "")
    return next((number for number, line in lines if mark.search(line)), 0)


def settings_named(path: Path, names: re.Pattern[str]) -> Iterator[str]:
    """Yield the values of settings whose name `names` matches, in any common format.

    It knows `name: value` and `name = value` with or without quotes, so that a file
    with syntax of its own still says where it points. For addresses only.
    """
    setting = re.compile(
        rf"""(?<![\w-])["']?(?:{names.pattern})["']?\s*[:=]\s*["']?([^\s"',}}#]+)"""
    )
    for _, line in _live_lines(text_of(path) or ""):
        yield from (match[1] for match in setting.finditer(line))


def _live_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith(("#", "//")):
            yield number, line


def paths_shown(text: str, surroundings: Surroundings) -> str:
    """Return a sentence with its paths as people write them: `~` for the home folder.

    A folder whose name only begins like the home folder's stays as it is.
    """
    home = str(surroundings.home)
    if home == "/":
        return text
    return re.sub(rf"(?<![\w/.-]){re.escape(home)}(?=/)", "~", text)


def place_shown(path: Path, surroundings: Surroundings, line: int = 0) -> str:
    """Return a path as people write it, `~` for the home folder, with its line."""
    try:
        name = f"~/{path.relative_to(surroundings.home).as_posix()}"
    except ValueError:
        name = str(path)
    return f"{name}, line {line}" if line else name
