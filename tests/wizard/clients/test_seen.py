"""seen: single values of files that were looked at, and where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery.files import FileState
from discovery.surroundings import Surroundings
from wizard.clients.seen import (
    folder_of,
    line_of,
    shown_path,
    text_of,
    value_in,
    words_in,
)
from wizard.formats import ABSENT, Format, Json

PATH = Path("/home/ada/x.json")
AROUND = Surroundings(Path("/home/ada"), {"A": "/srv/a", "B": "~/b", "C": " "}, "linux")


def files(data: bytes | None) -> dict[Path, FileState]:
    return {PATH: FileState(PATH, PATH, data)}


@pytest.mark.parametrize("data", [None, b"", b" \n", b"{", b'{"a": 1}\0', b"\xff\xfe{"])
def test_what_is_not_there_or_broken_says_nothing(data: bytes | None) -> None:
    assert value_in(files(data), PATH, Format.JSON, ("b",)) is ABSENT
    assert value_in({}, PATH, Format.JSON, ("b",)) is ABSENT


def test_a_value_and_a_text_are_read() -> None:
    held = files(b'\xef\xbb\xbf{"a": {"b": null}}')
    assert value_in(held, PATH, Format.JSON, ("a", "b")) is None
    assert value_in(held, PATH, Format.JSON, ("a", "c")) is ABSENT
    assert text_of(held, PATH) == '{"a": {"b": null}}'
    assert text_of(files(b"\xff"), PATH) == ""


@pytest.mark.parametrize(
    ("value", "words"), [("x", "x"), ("", ""), (None, ""), (1, ""), (["x"], "")]
)
def test_only_a_text_has_words(value: Json, words: str) -> None:
    assert words_in(value) == words


def test_what_is_absent_has_no_words() -> None:
    assert words_in(ABSENT) == ""


def test_a_line_is_counted_from_one() -> None:
    assert line_of('{\n "a": 1,\n "b": 2\n}', '"b"') == 3
    assert line_of("x = 1\ny = 2", "y", "=") == 2
    assert line_of("x", "y") == 0


def test_a_folder_is_where_its_variable_says() -> None:
    assert folder_of(AROUND, "A", ".x") == Path("/srv/a")
    assert folder_of(AROUND, "B", ".x") == Path("/home/ada/b")
    assert folder_of(AROUND, "C", ".x") == Path("/home/ada/.x")
    assert folder_of(AROUND, "D", ".x") == Path("/home/ada/.x")


def test_a_path_is_shown_from_the_home() -> None:
    assert shown_path(AROUND, PATH) == "~/x.json"
    assert shown_path(AROUND, Path("/etc/x")) == "/etc/x"
