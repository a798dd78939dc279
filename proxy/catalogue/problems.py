"""Reads the tables of a TOML file key by key and lists every problem it meets.

It must never repeat a value that could be a secret: a key in the wrong place would
end up in a log. So only numbers and short plain words are quoted.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_Word = TypeVar("_Word", bound=StrEnum)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTABLE = re.compile(r"[a-z0-9][a-z0-9 .-]{0,23}")
_PLAIN = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_LONGEST_KEY = 40  # characters of a key that a message shows


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong with a configuration file.

    `line` counts from 1, None where it is not known. `where` is the place in the
    data (`providers[1].price.input`), '' for the whole file. `message` says what is
    wrong, `hint` what to write instead.
    """

    line: int | None
    where: str
    message: str
    hint: str

    def __str__(self) -> str:
        """Return one line for a log or a terminal."""
        place = f"line {self.line}" if self.line else self.where
        start = f"{place}: " if place else ""
        return f"{start}{self.message} {self.hint}".rstrip()


def closest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None."""
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return near[0] if near else None


def join(where: str, key: str) -> str:
    """Return the place of `key` inside the table at `where`."""
    short = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}..."
    step = short if _BARE.fullmatch(short) else json.dumps(short)
    return f"{where}.{step}" if where else step


def kind_of(value: object) -> str:
    """Return what a TOML value is, in plain words."""
    match value:
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number with a point"
        case str():
            return "text"
        case list():
            return "a list"
        case Mapping():
            return "a table"
        case _:
            return "a date or time"


class TableReader:
    """Reads one table; problems go to a list that all readers of a file share.

    Every reading method returns None where the key is absent or its value is wrong.
    `sound` is False once something was wrong that the table's meaning depends on.
    """

    def __init__(
        self, table: Mapping[str, object], where: str, problems: list[ConfigProblem]
    ) -> None:
        """Read `table`, which stands at `where` in the file."""
        self._table = table
        self._problems = problems
        self._asked: dict[str, None] = {}
        self.where = where
        self.sound = True

    def problem(
        self, key: str, message: str, hint: str = "", *, harmless: bool = False
    ) -> None:
        """List a problem at `key`, or at the table itself where `key` is ''."""
        where = join(self.where, key) if key else self.where
        self._problems.append(ConfigProblem(None, where, message, hint))
        self.sound = self.sound and harmless

    def has(self, key: str) -> bool:
        """Say whether the file names `key`, rightly or wrongly."""
        self._asked[key] = None
        return key in self._table

    def raw(self, key: str) -> object:
        """Return the value as it stands in the file, None where it is absent."""
        self._asked[key] = None
        return self._table.get(key)

    def text(self, key: str, hint: str = "") -> str | None:
        """Read a text that is not empty."""
        value = self.raw(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, str):
            self.problem(key, f"`{key}` is empty.", hint)
        elif value is not None:
            self._wrong_kind(key, "text", value, hint or "Put it in quotes.")
        return None

    def flag(self, key: str) -> bool | None:
        """Read true or false."""
        value = self.raw(key)
        if isinstance(value, bool):
            return value
        if value is not None:
            hint = f"Write {key} = true or {key} = false, without quotes."
            self._wrong_kind(key, "true or false", value, hint)
        return None

    def number(self, key: str, low: int, high: int) -> int | None:
        """Read a whole number from `low` to `high`."""
        value = self.raw(key)
        hint = f"Write a whole number from {low} to {high}, without quotes."
        if isinstance(value, int) and not isinstance(value, bool):
            if low <= value <= high:
                return value
            self.problem(key, f"`{key}` is out of range.", hint)
        elif value is not None:
            self._wrong_kind(key, "a whole number", value, hint)
        return None

    def word(self, key: str, words: type[_Word]) -> _Word | None:
        """Read one of a closed set of words."""
        value = self.raw(key)
        if isinstance(value, str):
            return self._one_of(key, value, words)
        if value is not None:
            self._wrong_kind(key, "text", value, f"Write one of: {', '.join(words)}.")
        return None

    def word_list(self, key: str, words: type[_Word]) -> tuple[_Word, ...] | None:
        """Read a list of at least one of a closed set of words, without repeats."""
        value = self.raw(key)
        hint = f'Write a list such as ["{next(iter(words))}"].'
        if not isinstance(value, list):
            if value is not None:
                self._wrong_kind(key, "a list", value, hint)
            return None
        if not value:
            self.problem(key, f"`{key}` is an empty list.", hint)
        found: dict[_Word, None] = {}
        for item in value:
            if not isinstance(item, str):
                self._wrong_kind(key, "a list of texts", item, hint)
            elif (word := self._one_of(key, item, words)) is not None:
                found[word] = None
        return tuple(found) or None

    def plain_list(self, key: str) -> tuple[str, ...] | None:
        """Read a list, perhaps empty, of words that have no blanks; no repeats."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, list) and all(
            isinstance(item, str) and _PLAIN.fullmatch(item) for item in value
        ):
            return tuple(dict.fromkeys(value))
        hint = f'Write {key} = ["one", "another"], or [] for none.'
        self.problem(key, f"`{key}` must be a list of plain words.", hint)
        return None

    def table(self, key: str) -> TableReader | None:
        """Read a table inside this one."""
        value = self.raw(key)
        if isinstance(value, Mapping):
            return TableReader(value, join(self.where, key), self._problems)
        if value is not None:
            path = join(self.where, key)
            self._wrong_kind(key, "a table", value, f"Write [{path}] or braces.")
        return None

    def tables(self, key: str) -> tuple[TableReader, ...]:
        """Read an array of tables, each written under its own double brackets."""
        value = self.raw(key)
        if value is None:
            return ()
        hint = f"Begin each one with a line [[{join(self.where, key)}]]."
        hint = re.sub(r"\[\d+\]", "", hint)
        if not isinstance(value, list):
            self._wrong_kind(key, "a list of tables", value, hint)
            return ()
        path = join(self.where, key)
        readers = []
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                place = f"{path}[{index}]"
                readers.append(TableReader(item, place, self._problems))
            else:
                self._wrong_kind(key, "a list of tables", item, hint)
        return tuple(readers)

    def finish(self) -> None:
        """List the keys that nobody asked for.

        One that looks like a slip of the pen makes the table unsound, because what
        was meant is then missing from it.
        """
        known = tuple(self._asked)
        for key in self._table:
            if key in self._asked:
                continue
            meant = closest(key, known)
            hint = (
                f"Did you mean `{meant}`?" if meant else f"Known: {', '.join(known)}."
            )
            message = f"Turnout does not know the key `{join('', key)}`."
            self.problem(key, message, hint, harmless=meant is None)

    def _one_of(self, key: str, value: str, words: type[_Word]) -> _Word | None:
        if value in set(words):
            return words(value)
        meant = closest(value, tuple(words))
        # What resembles one of our words is no secret.
        shown = f' "{value}"' if meant and _QUOTABLE.fullmatch(value) else ""
        hint = f'Did you mean "{meant}"? ' if meant else ""
        self.problem(
            key,
            f"`{key}` has a value{shown} that Turnout does not know.",
            f"{hint}Known: {', '.join(words)}.",
        )
        return None

    def _wrong_kind(self, key: str, wanted: str, value: object, hint: str) -> None:
        self.problem(key, f"`{key}` must be {wanted}, not {kind_of(value)}.", hint)
