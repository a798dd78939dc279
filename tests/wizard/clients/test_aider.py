"""Aider's file: a key of the user's stays, and what goes past is told."""

from __future__ import annotations

import pytest
from client_situations import HOME, KEY, OWN_KEY, URL, all_text, situation, wished

from wizard.clients.aider import SETUP
from wizard.plan import Login

FILE = ".aider.conf.yml"
ADDRESS, API_KEY, MODEL = ("openai-api-base",), ("openai-api-key",), ("model",)
WITH_KEY = f"{URL}/k/{KEY}/v1"
ASKED = "openai/claude-sonnet-5-5"


def test_a_fresh_one_gets_address_key_and_model() -> None:
    assert wished(SETUP.wanted(situation(SETUP))) == {
        f"{HOME}/{FILE}": {ADDRESS: WITH_KEY, API_KEY: KEY, MODEL: ASKED}
    }


@pytest.mark.parametrize(
    ("files", "environ"),
    [
        ({FILE: f"openai-api-key: {OWN_KEY}\n"}, {}),
        ({}, {"AIDER_OPENAI_API_KEY": OWN_KEY}),
        ({".env": f"AIDER_OPENAI_API_KEY={OWN_KEY}\n"}, {}),
    ],
)
def test_a_key_of_the_users_stays(
    files: dict[str, str], environ: dict[str, str]
) -> None:
    wanted = SETUP.wanted(situation(SETUP, files, environ=environ))
    (keys,) = wished(wanted).values()
    assert keys == {ADDRESS: WITH_KEY, MODEL: ASKED}
    assert OWN_KEY not in all_text(wanted)


def test_an_exported_address_is_refused() -> None:
    environ = {"AIDER_OPENAI_API_BASE": "https://api.example.com/v1"}
    (refusal,) = SETUP.wanted(situation(SETUP, environ=environ)).refusals
    assert "AIDER_OPENAI_API_BASE" in refusal.why


def test_an_address_among_the_homes_variables_is_refused_with_its_line() -> None:
    files = {".env": "A=1\nAIDER_OPENAI_API_BASE=https://llm.example.com/v1\n"}
    (refusal,) = SETUP.wanted(situation(SETUP, files)).refusals
    assert (refusal.file, refusal.line) == (f"{HOME}/.env", 2)
    ours = {".env": f"AIDER_OPENAI_API_BASE={URL}/v1\n"}
    assert not SETUP.wanted(situation(SETUP, ours)).refusals


@pytest.mark.parametrize(
    ("files", "environ"),
    [({".env": "AIDER_MODEL=sonnet\n"}, {}), ({}, {"AIDER_MODEL": "sonnet"})],
)
def test_a_model_that_wins_is_told(
    files: dict[str, str], environ: dict[str, str]
) -> None:
    told = all_text(SETUP.wanted(situation(SETUP, files, environ=environ)))
    assert "AIDER_MODEL is set" in told


def test_other_models_are_told() -> None:
    one = {FILE: "weak-model: claude-haiku-5-5\n"}
    assert "weak-model stays" in all_text(SETUP.wanted(situation(SETUP, one)))
    two = {FILE: "weak-model: a\neditor-model: b\n"}
    told = all_text(SETUP.wanted(situation(SETUP, two)))
    assert "weak-model and editor-model stay" in told


def test_a_folders_file_that_wins_there_is_told() -> None:
    folder = HOME / "work"
    files = {f"work/{FILE}": "dark-mode: true\nmodel: sonnet\n"}
    told = all_text(SETUP.wanted(situation(SETUP, files, folder=folder)))
    assert f"{folder}/{FILE}, line 2, wins: it sets model" in told
    files = {"work/.env": "AIDER_MODEL=sonnet\n"}
    told = all_text(SETUP.wanted(situation(SETUP, files, folder=folder)))
    assert f"{folder}/.env, line 1, wins: it sets AIDER_MODEL" in told
    files = {FILE: "model: sonnet\n"}
    assert "wins" not in all_text(SETUP.wanted(situation(SETUP, files, folder=HOME)))


def test_a_folder_and_a_login_are_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals


def test_no_sentence_holds_the_key() -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP)))
