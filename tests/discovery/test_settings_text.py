"""Files of other programs are read as far as they go, and never fail a look."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_home import around, put

from discovery.files import MOST_BYTES
from discovery.settings_text import (
    dotenv_of,
    json_list,
    json_of,
    line_of,
    parsed_json,
    paths_shown,
    place_shown,
    settings_named,
    table_of,
    text_of,
    toml_of,
    unquoted,
    word_of,
)


def test_a_text_is_read_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbf{}")
    assert text_of(path) == "{}"


@pytest.mark.parametrize("data", [b"\xff\xfe{\x00", b"\x80", b"x" * (MOST_BYTES + 1)])
def test_what_is_no_text_says_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert text_of(path) is None
    assert json_of(path) == {}
    assert toml_of(path) == {}
    assert dotenv_of(path) == {}


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert text_of(tmp_path / "none") is None
    assert json_list(tmp_path / "none") == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b // no comment"}',
        '{"a": "b // no comment", // one\n}',
        '/* two\nlines */ {"a": /* in */ "b // no comment",\n /* x */ }',
        '\ufeff{"a": "b // no comment"}'.removeprefix("\ufeff"),
    ],
)
def test_json_may_have_comments(text: str) -> None:
    assert parsed_json(text) == {"a": "b // no comment"}


@pytest.mark.parametrize("text", ["", "[1]", "{", "nonsense", '"word"', "[" * 100_000])
def test_other_json_is_no_object(text: str) -> None:
    assert parsed_json(text) == {}


def test_a_list_may_have_comments(tmp_path: Path) -> None:
    assert json_list(put(tmp_path / "f", "[1, // one\n 2,]")) == (1, 2)


def test_toml_is_read(tmp_path: Path) -> None:
    assert toml_of(put(tmp_path / "f", "a = 1")) == {"a": 1}
    assert toml_of(put(tmp_path / "f", "a = ")) == {}


def test_dotenv_lines_are_read(tmp_path: Path) -> None:
    text = "# A=no\nexport A='x y' # why\nB = plain # why\n\nC=\"q\"\nnot a line\n"
    found = dotenv_of(put(tmp_path / ".env", text))
    assert found == {"A": (2, "x y"), "B": (3, "plain"), "C": (5, "q")}


def test_quotes_are_taken_off() -> None:
    assert unquoted("'a'") == "a"
    assert unquoted('"a" # b') == "a"
    assert unquoted("a # b") == "a"
    assert unquoted("'open") == "'open"


def test_only_objects_and_texts_are_taken() -> None:
    assert table_of([1]) == {}
    assert table_of({"a": 1}) == {"a": 1}
    assert word_of(3) == ""
    assert word_of("w") == "w"


def test_a_setting_is_found_by_line_outside_of_comments(tmp_path: Path) -> None:
    path = put(tmp_path / "f", '{\n// "model": 1\n  "model_x": 1,\n  "model": 2\n}\n')
    assert line_of(path, "model") == 4
    assert line_of(path, "none") == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"env": {"url": "http://a:1"}}',
        "url = 'http://a:1' # why",
        "models:\n  - {name: x, url: http://a:1, y: z}",
        "{url: 'http://a:1',}",
        "url=http://a:1",
        "# url: http://no:1\nurl: http://a:1",
    ],
)
def test_a_setting_is_found_in_any_format(tmp_path: Path, text: str) -> None:
    path = put(tmp_path / "f", text)
    assert list(settings_named(path, re.compile("url"))) == ["http://a:1"]


@given(st.text())
def test_no_text_fails_a_look(text: str) -> None:
    parsed_json(text)
    unquoted(text)


def test_paths_in_a_sentence_are_written_as_people_do(tmp_path: Path) -> None:
    here = around(tmp_path)
    said = f"{tmp_path}/a/b is gone; {tmp_path}x/a and /y{tmp_path}/a are not."
    assert paths_shown(said, here) == said.replace(f"{tmp_path}/a/b", "~/a/b")
    assert paths_shown("/a is there.", around(Path("/"))) == "/a is there."


def test_places_are_written_as_people_do(tmp_path: Path) -> None:
    here = around(tmp_path)
    assert place_shown(tmp_path / ".zshrc", here, 3) == "~/.zshrc, line 3"
    assert place_shown(tmp_path / ".zshrc", here) == "~/.zshrc"
    assert place_shown(Path("/etc/x"), here) == "/etc/x"
