"""Continue's file: one more model, and an old form that is not hidden."""

from __future__ import annotations

from client_situations import HOME, KEY, URL, all_text, situation, wished

from wizard.clients.continue_ import SETUP
from wizard.formats import Item
from wizard.plan import Login

YAML = ".continue/config.yaml"
OLD = ".continue/config.json"
MODEL = ("models", Item("name", "Turnout"))


def test_a_fresh_one_gets_a_whole_file() -> None:
    (keys,) = wished(SETUP.wanted(situation(SETUP))).values()
    assert list(keys)[:3] == [("name",), ("version",), ("schema",)]
    assert keys[MODEL] == {
        "name": "Turnout",
        "provider": "openai",
        "model": "claude-sonnet-5-5",
        "apiBase": f"{URL}/v1",
        "apiKey": KEY,
        "roles": ["chat", "edit", "apply"],
        # Without them it would be offered no tools.
        "capabilities": ["tool_use", "image_input"],
    }


def test_a_head_that_is_there_stays() -> None:
    files = {YAML: "name: Mine\nversion: 2.0.0\nschema: v1\n"}
    (keys,) = wished(SETUP.wanted(situation(SETUP, files))).values()
    assert set(keys) == {("schema",), MODEL}


def test_beside_other_models_it_has_to_be_picked() -> None:
    files = {YAML: "models:\n  - name: Mine\n    provider: openai\n"}
    assert "Pick it" in all_text(SETUP.wanted(situation(SETUP, files)))
    assert "Pick it" not in all_text(SETUP.wanted(situation(SETUP)))


def test_the_old_form_is_not_hidden() -> None:
    wanted = SETUP.wanted(situation(SETUP, {OLD: '{"models": []}'}))
    (refusal,) = wanted.refusals
    assert refusal.file == f"{HOME}/{OLD}"
    assert "config.yaml" in refusal.why
    assert wanted.files == ()
    both = situation(SETUP, {OLD: '{"models": []}', YAML: "name: Mine\n"})
    assert SETUP.wanted(both).refusals == ()
    assert SETUP.wanted(situation(SETUP, {OLD: "\n"})).refusals == ()


def test_its_folder_may_be_elsewhere() -> None:
    made = situation(SETUP, environ={"CONTINUE_GLOBAL_DIR": "/srv/c"})
    assert list(wished(SETUP.wanted(made))) == ["/srv/c/config.yaml"]


def test_a_folder_and_a_login_are_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals


def test_no_sentence_holds_the_key() -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP)))
