"""opencode's file: which one, in which shape, and what wins over it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from client_situations import (
    ANTHROPIC,
    HOME,
    KEY,
    URL,
    all_text,
    known,
    situation,
    wished,
)

from discovery.surroundings import Surroundings
from proxy.catalogue import Model, Provider
from wizard.clients.opencode import SETUP
from wizard.plan import Choice, Login

USUAL = ".config/opencode/opencode.json"
COMMENTED = ".config/opencode/opencode.jsonc"


def target(files: dict[str, str], **more: str) -> str:
    wanted = SETUP.wanted(situation(SETUP, files, environ=more))
    (only,) = wanted.files
    return str(only.path)


def test_the_file_that_wins_is_the_one_that_is_changed() -> None:
    assert target({}) == f"{HOME}/{USUAL}"
    assert target({USUAL: "{}"}) == f"{HOME}/{USUAL}"
    assert target({COMMENTED: "{}"}) == f"{HOME}/{COMMENTED}"
    assert target({USUAL: "{}", COMMENTED: "{}"}) == f"{HOME}/{COMMENTED}"
    given = f"{HOME}/elsewhere.json"
    assert target({USUAL: "{}"}, OPENCODE_CONFIG=given) == given
    assert target({}, XDG_CONFIG_HOME="/xdg") == "/xdg/opencode/opencode.json"


def test_a_relative_or_inline_configuration_is_told() -> None:
    relative = {"OPENCODE_CONFIG": "mine.json"}
    made = situation(SETUP, environ=relative)
    assert "relative to each folder" in all_text(SETUP.wanted(made))
    inline = situation(SETUP, environ={"OPENCODE_CONFIG_CONTENT": "{}"})
    assert "wins over every file" in all_text(SETUP.wanted(inline))


def test_one_more_provider_with_the_models_that_are_set_up() -> None:
    (keys,) = wished(SETUP.wanted(situation(SETUP))).values()
    at = ("provider", "turnout")
    assert keys[(*at, "npm")] == "@ai-sdk/anthropic"
    assert keys[(*at, "options", "baseURL")] == f"{URL}/v1"
    assert keys[(*at, "options", "apiKey")] == KEY
    models = keys[(*at, "models")]
    assert isinstance(models, dict)
    assert keys[("model",)] == f"turnout/{next(iter(models))}"
    assert keys[("small_model",)] != keys[("model",)]
    first = next(iter(models.values()))
    assert isinstance(first, dict)
    # Without both opencode leaves images out.
    assert first["attachment"] is True
    assert first["modalities"] == {"input": ["text", "image"], "output": ["text"]}
    assert isinstance(first["limit"], dict)


@pytest.mark.parametrize(
    ("providers", "package", "model"),
    [
        ((), "@ai-sdk/openai-compatible", "turnout/echo"),
        ((known("ollama"),), "@ai-sdk/openai-compatible", "turnout/turnout-auto"),
        ((known("openai"),), "@ai-sdk/openai", None),
        ((known("anthropic", "client"),), "@ai-sdk/openai-compatible", "turnout/echo"),
    ],
)
def test_the_protocol_follows_the_provider(
    providers: tuple[Provider, ...], package: str, model: str | None
) -> None:
    made = situation(SETUP, providers=providers)
    (keys,) = wished(SETUP.wanted(made)).values()
    assert keys[("provider", "turnout", "npm")] == package
    assert model in {None, keys[("model",)]}


def test_a_file_of_version_2_gets_its_own_shape() -> None:
    second = json.dumps({"providers": {"mine": {"package": "aisdk:x"}}})
    (keys,) = wished(SETUP.wanted(situation(SETUP, {USUAL: second}))).values()
    at = ("providers", "turnout")
    assert keys[(*at, "package")] == "aisdk:@ai-sdk/anthropic"
    assert keys[(*at, "settings", "baseURL")] == f"{URL}/v1"
    assert keys[(*at, "settings", "apiKey")] == KEY
    assert ("small_model",) not in keys
    assert not any(path[0] == "provider" for path in keys)


def test_an_unnamed_and_a_blind_model_are_told_of_in_both_shapes() -> None:
    second = {USUAL: json.dumps({"providers": {"mine": {}}})}
    at = ("providers", "turnout", "models")
    made = situation(SETUP, second, providers=(known("ollama"),))
    (keys,) = wished(SETUP.wanted(made)).values()
    assert keys[at] == {"turnout-auto": {}}
    blind = replace(ANTHROPIC, models=(Model("of-the-house"),))
    made = situation(SETUP, second, providers=(blind,))
    (keys,) = wished(SETUP.wanted(made)).values()
    assert keys[at] == {"of-the-house": {"name": "of-the-house"}}
    (keys,) = wished(SETUP.wanted(situation(SETUP, providers=(blind,)))).values()
    models = keys[("provider", "turnout", "models")]
    assert models == {"of-the-house": {"name": "of-the-house"}}


def test_both_shapes_are_taken_for_version_1_unless_ours_is_in_the_other() -> None:
    both: dict[str, object] = {"provider": {}, "providers": {"mine": {}}}
    made = situation(SETUP, {USUAL: json.dumps(both)})
    (keys,) = wished(SETUP.wanted(made)).values()
    assert ("provider", "turnout", "npm") in keys
    both["providers"] = {"turnout": {}}
    made = situation(SETUP, {USUAL: json.dumps(both)})
    (keys,) = wished(SETUP.wanted(made)).values()
    assert ("providers", "turnout", "package") in keys


def test_its_own_login_is_kept_with_a_header_beside_it() -> None:
    both = (known("anthropic", "client"), known("openai", "client"))
    made = situation(SETUP, login=Login.OWN, providers=both)
    (keys,) = wished(SETUP.wanted(made)).values()
    for name in ("anthropic", "openai"):
        options = ("provider", name, "options")
        assert keys[(*options, "baseURL")] == f"{URL}/v1"
        assert keys[(*options, "headers", "x-turnout-key")] == KEY
    assert len(keys) == 4
    assert not any("apiKey" in path for path in keys)


def test_without_a_provider_for_it_the_usual_one_is_redirected() -> None:
    made = situation(SETUP, login=Login.OWN, providers=())
    (keys,) = wished(SETUP.wanted(made)).values()
    assert {path[1] for path in keys} == {"anthropic"}


def test_an_entry_of_version_2_that_would_win_is_named_with_its_line() -> None:
    text = '{\n  "providers": {\n    "anthropic": {"settings": {}}\n  }\n}\n'
    wanted = SETUP.wanted(situation(SETUP, {USUAL: text}, login=Login.OWN))
    (refusal,) = wanted.refusals
    assert (refusal.file, refusal.line) == (f"{HOME}/{USUAL}", 3)


@pytest.mark.parametrize(
    ("platform", "managed"),
    [
        ("linux", "/etc/opencode/opencode.json"),
        ("darwin", "/Library/Application Support/opencode/opencode.jsonc"),
        ("win32", "C:/ProgramData/opencode/opencode.json"),
    ],
)
def test_an_administrators_file_that_sets_the_same_is_refused(
    platform: str, managed: str
) -> None:
    text = '{\n  "model": "company/approved"\n}\n'
    if not managed.startswith("/"):
        places = SETUP.places(Surroundings(HOME, {}, platform), Choice("opencode"))
        assert Path(managed) in places
        return
    made = situation(SETUP, {managed: text}, platform=platform)
    (refusal,) = SETUP.wanted(made).refusals
    assert (refusal.file, refusal.line) == (managed, 2)
    harmless = situation(SETUP, {managed: '{"theme": "dark"}'}, platform=platform)
    assert SETUP.wanted(harmless).refusals == ()


def test_a_folders_file_that_wins_there_is_told() -> None:
    folder = HOME / "work"
    text = '{\n  "model": "anthropic/claude-opus-5-5"\n}\n'
    made = situation(SETUP, {"work/opencode.json": text}, folder=folder)
    told = all_text(SETUP.wanted(made))
    assert f"{folder}/opencode.json, line 2, wins: it sets model" in told
    assert not SETUP.wanted(made).refusals


@pytest.mark.parametrize("login", Login)
def test_a_project_gets_the_place_of_the_key_and_never_the_key(login: Login) -> None:
    project = HOME / "work"
    made = situation(SETUP, project=project, login=login)
    wanted = SETUP.wanted(made)
    (file,) = wanted.files
    assert file.path == project / "opencode.json"
    values = [str(key.value) for key in file.keys]
    assert f"{{file:{made.key_file}}}" in values
    assert KEY not in repr(values)
    assert not any(key.secret for key in file.keys)
    assert str(made.key_file) in all_text(wanted)
    again = situation(SETUP, {"work/opencode.jsonc": "{}"}, project=project)
    assert SETUP.wanted(again).files[0].path == project / "opencode.jsonc"


@pytest.mark.parametrize("login", Login)
def test_no_sentence_holds_the_key(login: Login) -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP, login=login)))
