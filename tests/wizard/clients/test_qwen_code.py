"""Qwen Code's two files: a key of the user's stays, and what would win is refused."""

from __future__ import annotations

import json

import pytest
from client_situations import HOME, KEY, OWN_KEY, URL, all_text, situation, wished

from wizard.clients.qwen_code import SETUP
from wizard.plan import Login

ENV = ".qwen/.env"
SETTINGS = ".qwen/settings.json"
SYSTEM = "/etc/qwen-code/settings.json"
ADDRESS, API_KEY, MODEL = ("OPENAI_BASE_URL",), ("OPENAI_API_KEY",), ("OPENAI_MODEL",)
SIGNS_IN = ("security", "auth", "selectedType")
WITH_KEY = f"{URL}/k/{KEY}/v1"
FIRST = "claude-sonnet-5-5"


def test_a_fresh_one_gets_address_key_and_model() -> None:
    assert wished(SETUP.wanted(situation(SETUP))) == {
        f"{HOME}/{ENV}": {ADDRESS: WITH_KEY, API_KEY: KEY, MODEL: FIRST},
        f"{HOME}/{SETTINGS}": {SIGNS_IN: "openai"},
    }


@pytest.mark.parametrize(
    ("files", "environ"),
    [
        ({ENV: f"OPENAI_API_KEY={OWN_KEY}\n"}, {}),
        ({}, {"OPENAI_API_KEY": OWN_KEY}),
        ({SETTINGS: json.dumps({"env": {"OPENAI_API_KEY": OWN_KEY}})}, {}),
        ({SETTINGS: json.dumps({"security": {"auth": {"apiKey": OWN_KEY}}})}, {}),
    ],
    ids=["file", "environment", "settings' env", "settings"],
)
def test_a_key_of_the_users_stays(
    files: dict[str, str], environ: dict[str, str]
) -> None:
    wanted = SETUP.wanted(situation(SETUP, files, environ=environ))
    assert wished(wanted)[f"{HOME}/{ENV}"] == {ADDRESS: WITH_KEY, MODEL: FIRST}
    assert OWN_KEY not in all_text(wanted)


def test_its_folder_may_be_elsewhere() -> None:
    wanted = SETUP.wanted(situation(SETUP, environ={"QWEN_HOME": "~/q"}))
    assert [str(file.path) for file in wanted.files] == [
        f"{HOME}/q/.env",
        f"{HOME}/q/settings.json",
    ]


def listed(chosen: str, *names: str) -> str:
    models = [{"id": name, "baseUrl": "https://api.example.com/v1"} for name in names]
    return json.dumps(
        {"model": {"name": chosen}, "modelProviders": {"openai": models}}, indent=2
    )


@pytest.mark.parametrize("names", [(), ("their-model",), ("another",)])
def test_a_model_chosen_in_its_settings_gives_way(names: tuple[str, ...]) -> None:
    files = {SETTINGS: listed("their-model", *names)}
    keys = wished(SETUP.wanted(situation(SETUP, files)))[f"{HOME}/{SETTINGS}"]
    assert keys == {SIGNS_IN: "openai", ("model", "name"): FIRST}


def test_our_choice_is_still_ours_the_second_time() -> None:
    files = {SETTINGS: listed(FIRST, "their-model")}
    keys = wished(SETUP.wanted(situation(SETUP, files)))[f"{HOME}/{SETTINGS}"]
    assert keys[("model", "name")] == FIRST


def test_a_listed_model_of_our_name_is_refused_with_its_line() -> None:
    files = {SETTINGS: listed("another", FIRST)}
    (refusal,) = SETUP.wanted(situation(SETUP, files)).refusals
    assert refusal.file == f"{HOME}/{SETTINGS}"
    assert FIRST in files[SETTINGS].splitlines()[refusal.line - 1]


def test_an_exported_address_is_refused_unless_it_is_ours() -> None:
    elsewhere = {"OPENAI_BASE_URL": "https://api.example.com/v1"}
    (refusal,) = SETUP.wanted(situation(SETUP, environ=elsewhere)).refusals
    assert "OPENAI_BASE_URL" in refusal.todo
    ours = {"OPENAI_BASE_URL": f"{URL}/v1"}
    assert not SETUP.wanted(situation(SETUP, environ=ours)).refusals


def test_an_administrators_choice_is_refused() -> None:
    auth = {"security": {"auth": {"selectedType": "qwen-oauth"}}}
    files = {SYSTEM: json.dumps(auth, indent=2)}
    (refusal,) = SETUP.wanted(situation(SETUP, files)).refusals
    assert (refusal.file, refusal.line) == (SYSTEM, 4)


def test_what_to_mind_is_told() -> None:
    folder = HOME / "work"
    made = situation(
        SETUP,
        {"work/.qwen/.env": "A=b\n", "work/.env": "A=b\n"},
        folder=folder,
        environ={"HTTPS_PROXY": "http://proxy.example:3128", "OPENAI_MODEL": "x"},
    )
    told = all_text(SETUP.wanted(made))
    assert f"In that folder {folder}/.qwen/.env is read instead" in told
    assert f"{folder}/.env" not in told
    assert "HTTPS_PROXY is set" in told
    assert "OPENAI_MODEL is set in the environment" in told


def test_its_own_login_is_named_where_it_is_left() -> None:
    auth = {"security": {"auth": {"selectedType": "qwen-oauth"}}}
    files = {SETTINGS: json.dumps(auth)}
    assert "Qwen login" in all_text(SETUP.wanted(situation(SETUP, files)))


def test_a_folder_and_a_login_are_refused() -> None:
    assert SETUP.wanted(situation(SETUP, project=HOME / "work")).refusals
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals


def test_no_sentence_holds_the_key() -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP)))
