from __future__ import annotations

import pytest

from wizard.formats import (
    ABSENT,
    Broken,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Refused,
    parsed,
    with_edits,
)

_URL = "http://127.0.0.1:8787/k/canary?a=b&c"


def _set(text: str, value: Json = _URL, path: KeyPath = ("KEY",)) -> str:
    new = with_edits(Format.DOTENV, text, [Edit(path, value)])
    assert with_edits(Format.DOTENV, new, [Edit(path, value)]) == new
    return new


def _gone(text: str) -> str:
    return with_edits(Format.DOTENV, text, [Edit(("KEY",), ABSENT)])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", f"KEY={_URL}\n"),
        ("A=1\n", f"A=1\nKEY={_URL}\n"),
        ("A=1", f"A=1\nKEY={_URL}"),
        ("A=1\r\nB=2", f"A=1\r\nB=2\r\nKEY={_URL}"),
        ('A="x\nKEY=1\n"\n', f'A="x\nKEY=1\n"\nKEY={_URL}\n'),
        ("# KEY=1\n", f"# KEY=1\nKEY={_URL}\n"),
        ("some words\n", f"some words\nKEY={_URL}\n"),
    ],
)
def test_a_new_name_comes_last_and_goes_without_a_trace(text: str, wanted: str) -> None:
    assert _set(text) == wanted
    assert _gone(wanted) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("KEY=x\n", "KEY=v\n"),
        ("KEY=\n", "KEY=v\n"),
        ("  export KEY = x # n\r\nB=1", "  export KEY = v # n\r\nB=1"),
        ("KEY='x # y'\n", "KEY=v\n"),
        ('KEY="x\ny\\"" # n\n', "KEY=v # n\n"),
        ("KEY=`x`", "KEY=v"),
        ("KEY=a#b # n\n", "KEY=v # n\n"),
        ("KEY= # n\n", "KEY=v # n\n"),
        ("KEY='x' y\n", "KEY=v\n"),
        ('KEY="v"\n', 'KEY="v"\n'),
    ],
)
def test_an_existing_value_is_replaced_alone(text: str, wanted: str) -> None:
    assert _set(text, "v") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A=1\nKEY=x # n\nB=2\n", "A=1\n# n\nB=2\n"),
        ("A=1\r\nKEY=x", "A=1"),
        ("KEY=x", ""),
        ('KEY="x\ny"\nB=2\n', "B=2\n"),
        ("B=2\n", "B=2\n"),
    ],
)
def test_a_name_is_taken_away(text: str, wanted: str) -> None:
    assert _gone(text) == wanted


@pytest.mark.parametrize("value", ["", "a b", 'q"\\$`', "a\nb", "it's", "#", "é"])
def test_what_is_written_is_read_again(value: str) -> None:
    text = _set("A=1\n", value)
    assert parsed(Format.DOTENV, text) == {"A": "1", "KEY": value}


def test_forms_of_values() -> None:
    text = "A=\"a\\nb\\t\\x\"\nB='a\\nb'\nC= a b \nD: x\nE='open\nF=1\n"
    with pytest.raises(Broken) as broken:
        parsed(Format.DOTENV, text)
    assert broken.value.line == 5
    assert parsed(Format.DOTENV, text.replace("'open", "it's")) == {
        "A": "a\nb\tx",
        "B": "a\\nb",
        "C": "a b",
        "D": "x",
        "E": "it's",
        "F": "1",
    }


@pytest.mark.parametrize(
    ("text", "line"), [("KEY=1\nA=1\nexport KEY=2\n", 3), ("\nKEY: 1\n", 2)]
)
def test_names_that_readers_take_differently_are_refused(text: str, line: int) -> None:
    with pytest.raises(Refused) as refused:
        _set(text)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("KEY",), 5),
        (("KEY",), None),
        (("A", "B"), "v"),
        (("A B",), "v"),
        ((Item("name", "x"),), {}),
    ],
)
def test_only_names_and_texts_can_be_set(path: KeyPath, value: Json) -> None:
    with pytest.raises(Refused):
        _set("", value, path)


def test_the_value_is_in_no_repr() -> None:
    from wizard.formats.dotenv import lines

    assert "canary" not in repr(lines("KEY=canary"))
