"""Gemini CLI's two files: a key of the user's stays, and what would win is refused."""

from __future__ import annotations

import json

import pytest
from client_situations import HOME, KEY, OWN_KEY, URL, all_text, situation, wished

from wizard.clients.gemini_cli import SETUP
from wizard.plan import Login

ENV = ".gemini/.env"
SETTINGS = ".gemini/settings.json"
SYSTEM = "/etc/gemini-cli/settings.json"
ADDRESS = ("GOOGLE_GEMINI_BASE_URL",)
API_KEY = ("GEMINI_API_KEY",)
SIGNS_IN = ("security", "auth", "selectedType")
WITH_KEY = f"{URL}/k/{KEY}"


def auth(**values: str) -> str:
    return json.dumps({"security": {"auth": values}}, indent=2)


def test_a_fresh_one_gets_the_address_and_some_key() -> None:
    found = wished(SETUP.wanted(situation(SETUP)))
    assert found == {
        f"{HOME}/{ENV}": {ADDRESS: WITH_KEY, API_KEY: KEY},
        f"{HOME}/{SETTINGS}": {SIGNS_IN: "gemini-api-key"},
    }


@pytest.mark.parametrize("login", Login)
@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_key_of_the_users_stays(login: Login, where: str) -> None:
    files = {ENV: f"GEMINI_API_KEY={OWN_KEY}\n"} if where == "file" else {}
    environ = {"GEMINI_API_KEY": OWN_KEY} if where == "environment" else {}
    wanted = SETUP.wanted(situation(SETUP, files, login=login, environ=environ))
    assert wished(wanted)[f"{HOME}/{ENV}"] == {ADDRESS: WITH_KEY}
    assert OWN_KEY not in all_text(wanted)
    assert wanted.refusals == ()


@pytest.mark.parametrize("held", ["", "dummy", "tnt_" + "older-not-a-secret-98765"])
def test_what_is_no_key_of_the_users_gives_way(held: str) -> None:
    files = {ENV: f"GEMINI_API_KEY={held}\n"}
    assert API_KEY in wished(SETUP.wanted(situation(SETUP, files)))[f"{HOME}/{ENV}"]


def test_its_home_may_be_elsewhere() -> None:
    wanted = SETUP.wanted(situation(SETUP, environ={"GEMINI_CLI_HOME": "/srv/g"}))
    assert [str(file.path) for file in wanted.files] == [
        "/srv/g/.gemini/.env",
        "/srv/g/.gemini/settings.json",
    ]


def test_a_google_login_gives_way_to_a_key_and_that_is_told() -> None:
    files = {SETTINGS: auth(selectedType="oauth-personal")}
    wanted = SETUP.wanted(situation(SETUP, files))
    assert wished(wanted)[f"{HOME}/{SETTINGS}"] == {SIGNS_IN: "gemini-api-key"}
    assert "instead of your Google login" in all_text(wanted)


def test_a_google_login_cannot_be_kept() -> None:
    files = {SETTINGS: auth(selectedType="oauth-personal")}
    (refusal,) = SETUP.wanted(situation(SETUP, files, login=Login.OWN)).refusals
    assert (refusal.file, refusal.line) == (f"{HOME}/{SETTINGS}", 4)
    with_key = files | {ENV: f"GEMINI_API_KEY={OWN_KEY}\n"}
    assert not SETUP.wanted(situation(SETUP, with_key, login=Login.OWN)).refusals


def test_a_login_of_its_own_that_nobody_saw_is_told() -> None:
    told = all_text(SETUP.wanted(situation(SETUP, login=Login.OWN)))
    assert "No GEMINI_API_KEY was seen" in told


@pytest.mark.parametrize("name", ["enforcedType", "selectedType"])
def test_an_administrators_choice_is_refused(name: str) -> None:
    files = {SYSTEM: auth(**{name: "oauth-personal"})}
    (refusal,) = SETUP.wanted(situation(SETUP, files)).refusals
    assert (refusal.file, refusal.line) == (SYSTEM, 4)
    assert not SETUP.wanted(
        situation(SETUP, {SYSTEM: auth(**{name: "gemini-api-key"})})
    ).refusals


def test_an_exported_address_is_refused_unless_it_is_ours() -> None:
    name = "GOOGLE_GEMINI_BASE_URL"
    elsewhere = situation(SETUP, environ={name: "http://127.0.0.1:4000"})
    (refusal,) = SETUP.wanted(elsewhere).refusals
    assert name in refusal.why
    assert not SETUP.wanted(situation(SETUP, environ={name: URL})).refusals


def test_a_folders_env_and_trust_are_told() -> None:
    folder = HOME / "work"
    made = situation(SETUP, {"work/.env": "A=b\n"}, folder=folder)
    told = all_text(SETUP.wanted(made))
    assert f"In that folder {folder}/.env is read instead" in told
    assert "did not tell Gemini CLI to trust" in told


def test_a_folder_alone_is_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals


@pytest.mark.parametrize("login", Login)
def test_no_sentence_holds_the_key(login: Login) -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP, login=login)))
