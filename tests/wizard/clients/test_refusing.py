"""Why a client stays as it is, in sentences that name what to do."""

from __future__ import annotations

from client_situations import HOME, URL, situation

from wizard.clients.aider import SETUP
from wizard.clients.refusing import a_folder, an_own_login, exported, ruled
from wizard.plan import Login


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
