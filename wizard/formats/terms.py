"""The words in which a change to a settings file is asked for and refused; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Absent(StrEnum):
    """The value of a key that is not there; it is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class Format(StrEnum):
    """How a file is written. `jsonc` takes comments and trailing commas.

    `text` is for a file that is wholly ours, such as a launcher: its one key has the
    path `()` and the whole text as its value.
    """

    JSON = "json"
    JSONC = "jsonc"
    JSON5 = "json5"
    TOML = "toml"
    YAML = "yaml"
    DOTENV = "dotenv"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Item:
    """The one element of a list that is ours: an object whose `key` has `value`."""

    key: str
    value: str


KeyPath: TypeAlias = tuple["str | Item", ...]
"""From the root to one value: keys of objects, and `Item` for an element of a list."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One key to set, or with `ABSENT` to take away.

    With `line`, the value is a text of several lines of which one is ours: `value` is
    that line, `prefix` what an older one of ours begins with; other lines stay.
    """

    path: KeyPath
    value: Json | Absent = field(repr=False)
    line: bool = False
    prefix: str = ""


class Broken(Exception):
    """The text is not of its format; `line` counts from 1, 0 where it is not known.

    `why` is a clause for people and quotes nothing of the text.
    """

    def __init__(self, why: str, line: int = 0) -> None:
        """Keep both."""
        super().__init__(why)
        self.why = why
        self.line = line


class Refused(Broken):
    """The text is sound, but it is built so that our key cannot be set alone."""
