"""What files say now, and which of it is a credential of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from client_situations import HOME, OWN_KEY, situation

from wizard.clients.aider import SETUP
from wizard.clients.current import is_there, line_now, text_now, users_own, value_now
from wizard.formats import ABSENT, Absent, Format, Json

FILE = ".aider.conf.yml"
PATH = HOME / FILE


def test_a_file_is_read_where_it_is_sound() -> None:
    made = situation(SETUP, {FILE: "a: 1\nmodel: x\n"})
    assert is_there(made, PATH)
    assert value_now(made, PATH, Format.YAML, ("model",)) == "x"
    assert value_now(made, PATH, Format.YAML, ("other",)) is ABSENT
    assert text_now(made, PATH, Format.YAML, ("model",)) == "x"
    assert text_now(made, PATH, Format.YAML, ("a",)) == ""
    assert text_now(made, PATH, Format.YAML, ("other",)) == ""
    assert line_now(made, PATH, "model") == 2
    assert line_now(made, PATH, "other") == 0


def test_nothing_and_what_is_broken_say_nothing() -> None:
    empty = situation(SETUP)
    assert not is_there(empty, PATH)
    assert value_now(empty, PATH, Format.YAML, ("model",)) is ABSENT
    broken = situation(SETUP, {FILE: "model: [x\n"})
    assert value_now(broken, PATH, Format.YAML, ("model",)) is ABSENT
    assert not is_there(broken, Path("/somewhere/else"))


@pytest.mark.parametrize(
    ("value", "own"),
    [
        (OWN_KEY, True),
        ("$MY_KEY", True),
        ("${MY_KEY}", True),
        ("{env:MY_KEY}", True),
        ("", False),
        ("dummy", False),
        ("tnt_" + "older-not-a-secret-98765", False),
        (None, False),
        (ABSENT, False),
        (7, False),
    ],
)
def test_a_credential_of_the_users(value: Json | Absent, own: bool) -> None:
    assert users_own("OPENAI_API_KEY", value) is own
