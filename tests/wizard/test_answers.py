"""Answers as a TOML file: what is written is read back, and no consent is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing import Mode
from wizard.answers import (
    Answers,
    ClientAnswers,
    WrongAnswers,
    read_answers,
    written,
)
from wizard.plan import Choice, Login

_name = st.text(min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and "\x7f" not in text
)
_names = st.lists(_name, max_size=3, unique=True).map(tuple)
_own = st.builds(
    ClientAnswers,
    login=st.none() | st.sampled_from(Login),
    always=st.booleans(),
    free_model=st.booleans(),
    helper=st.booleans(),
    over_local=st.booleans(),
).filter(lambda own: own != ClientAnswers())
_answers = st.builds(
    Answers,
    mode=st.none() | st.sampled_from(Mode),
    clients=_names,
    keys=_names,
    servers=_names,
    keyring=_names,
    start_at_login=st.none() | st.booleans(),
    client=st.dictionaries(_name, _own, max_size=2),
)


@given(_answers)
def test_what_is_written_is_read_back(answers: Answers) -> None:
    assert read_answers(written(answers)) == answers


def test_all_stands_for_a_list() -> None:
    read = read_answers('clients = "all"\nkeys = "all"\nservers = "all"\n')
    assert (read.all_clients, read.all_keys, read.all_servers) == (True, True, True)
    assert read_answers(written(read)) == read


def test_json_says_the_same() -> None:
    text = '{"clients": "all", "client": {"codex": {"always": true}}}'
    read = read_answers(text)
    assert read.all_clients
    assert read.client["codex"].always
    assert read_answers(written(read)) == read


def test_nothing_answered_changes_nothing() -> None:
    assert read_answers("") == Answers()


def test_the_answers_for_a_client_become_its_choice() -> None:
    read = read_answers('[client.codex]\nalways = true\nlogin = "own"\n')
    assert read.choice("codex") == Choice("codex", login=Login.OWN, always=True)
    assert read.choice("aider") == Choice("aider")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clients = [", "not TOML"),
        ('{"clients": ', "not JSON"),
        ("client = 3", "table of clients"),
        ("[client]\ncodex = 3", "has to be a table"),
        ('clients = "codex"', "list of names"),
        ("keys = [1]", "list of names"),
        ('keyring = "all"', "`keyring` has to be a list of names."),
        ('mode = "fast"', "coding-auto"),
        ("mode = 1", "coding-auto"),
        ('yes = "all"', "'yes' is not known"),
        ("[client.codex]\nallways = true", "'allways' is not known"),
        ('[client.codex]\nlogin = "mine"', "key, own"),
        ("[client.codex]\nalways = 1", "true or false"),
        ('start_at_login = "yes"', "true or false"),
        ("x = " + "[" * 2000, "not TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(WrongAnswers, match=says.replace("[", r"\[")):
        read_answers(text)
