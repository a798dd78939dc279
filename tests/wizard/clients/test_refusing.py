"""Why a client stays as it is, in sentences that name what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from client_situations import HOME, KEY, URL, known, situation

from wizard.clients.aider import SETUP
from wizard.clients.refusing import (
    a_folder,
    an_own_login,
    exported,
    of_another,
    passed_on,
    ruled,
    takes_logins,
)
from wizard.plan import Choice, Login


def test_what_was_not_asked_for_is_not_refused() -> None:
    made = situation(SETUP)
    assert a_folder(made, "Aider") == an_own_login(made, "Aider") == ()
    assert exported(made, "OPENAI_API_BASE") == ()


def test_each_names_the_client_and_what_to_do() -> None:
    folder = situation(SETUP, project=HOME / "work")
    (usual,) = a_folder(folder, "Aider")
    assert usual.file == str(HOME / "work")
    assert "Aider reads its key there" in usual.why
    (own,) = a_folder(folder, "Aider", "it knows no folders")
    assert own.why == "it knows no folders"
    (login,) = an_own_login(situation(SETUP, login=Login.OWN), "Aider")
    assert "login = key" in login.todo


def test_an_exported_address_is_named_and_not_shown() -> None:
    secret = "https://user:canary-not-a-secret@example.com"
    (found,) = exported(situation(SETUP, environ={"BASE": secret}), "BASE")
    assert "canary" not in repr(found)
    assert exported(situation(SETUP, environ={"BASE": f"{URL}/v1"}), "BASE") == ()


def test_an_administrators_file_is_named_with_its_line() -> None:
    files = {".aider.conf.yml": "a: 1\nb:\n  model: x\n"}
    path = HOME / ".aider.conf.yml"
    assert ruled(situation(SETUP, files), path, "b.model").line == 3


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("", ""),
        ("https://api.openai.com/v1", ""),
        ("http://127.0.0.1:4000/v1", ""),
        (f"{URL}/k/{KEY}/v1", ""),
        ("https://llm.example.com/v1", "llm.example.com"),
        ("https://api.openai.com.example.com/v1", "api.openai.com.example.com"),
        ("https://[not-an-address/v1", "another service"),
    ],
)
def test_an_address_of_another_service(address: str, service: str) -> None:
    assert of_another(address, "openai") == service


def test_a_key_for_another_service_is_not_passed_on_unless_it_was_said() -> None:
    path = HOME / ".aider.conf.yml"
    elsewhere = "https://llm.example.com/v1"
    made = situation(SETUP, {".aider.conf.yml": f"a: 1\nbase: {elsewhere}\n"})
    (found,) = passed_on(made, path, "base", elsewhere, "openai")
    assert "llm.example.com" in found.why
    assert "OpenAI" in found.why
    assert "login = own" not in found.todo
    assert found.line == 2
    usual = replace(made, login=Login.OWN)
    (found,) = passed_on(usual, path, "base", elsewhere, "openai")
    assert "login = own" in found.todo
    said = replace(usual, choice=Choice("aider", login=Login.OWN))
    assert passed_on(said, path, "base", elsewhere, "openai") == ()
    assert passed_on(made, path, "base", "", "openai") == ()


def test_who_takes_logins() -> None:
    assert not takes_logins(situation(SETUP))
    both = (known("anthropic"), known("openai", "client"))
    assert takes_logins(situation(SETUP, providers=both))
