"""openclaw's file: where it is, which shapes it has, and when it is left alone."""

from __future__ import annotations

import pytest
from client_situations import HOME, KEY, URL, all_text, known, situation, wished

from proxy.catalogue import Provider
from wizard.clients.openclaw import SETUP
from wizard.plan import Login

USUAL = ".openclaw/openclaw.json"
AT = ("models", "providers", "turnout")
DEFAULTS = ("agents", "defaults")


@pytest.mark.parametrize(
    ("files", "environ", "path"),
    [
        ({}, {}, f"{HOME}/{USUAL}"),
        ({".clawdbot/clawdbot.json": "{}"}, {}, f"{HOME}/.clawdbot/clawdbot.json"),
        ({".clawdbot/clawdbot.json": "{}", USUAL: "{}"}, {}, f"{HOME}/{USUAL}"),
        ({}, {"OPENCLAW_STATE_DIR": "/srv/claw"}, "/srv/claw/openclaw.json"),
        ({}, {"OPENCLAW_STATE_DIR": "~/claw"}, f"{HOME}/claw/openclaw.json"),
        ({}, {"OPENCLAW_HOME": "/srv"}, "/srv/.openclaw/openclaw.json"),
        ({}, {"OPENCLAW_CONFIG_PATH": "~/my.json"}, f"{HOME}/my.json"),
    ],
)
def test_where_its_file_is(
    files: dict[str, str], environ: dict[str, str], path: str
) -> None:
    wanted = SETUP.wanted(situation(SETUP, files, environ=environ))
    (file,) = wanted.files
    assert str(file.path) == path
    assert not file.follow_links


@pytest.mark.parametrize(
    ("provider", "api", "address"),
    [
        (known("anthropic"), "anthropic-messages", URL),
        (known("openai"), "openai-responses", f"{URL}/v1"),
        (known("groq"), "openai-completions", f"{URL}/v1"),
    ],
)
def test_the_protocol_follows_the_provider(
    provider: Provider, api: str, address: str
) -> None:
    (keys,) = wished(SETUP.wanted(situation(SETUP, providers=(provider,)))).values()
    assert keys[(*AT, "api")] == api
    assert keys[(*AT, "baseUrl")] == address
    # A variable would have to be set where its own service starts.
    assert keys[(*AT, "apiKey")] == KEY
    models = keys[(*AT, "models")]
    assert isinstance(models, list)
    first = models[0]
    assert isinstance(first, dict)
    assert set(first) >= {"id", "name", "input", "contextWindow", "maxTokens"}
    assert keys[(*DEFAULTS, "model", "primary")] == f"turnout/{first['id']}"


def test_with_nothing_set_up_the_practice_model_is_named() -> None:
    (keys,) = wished(SETUP.wanted(situation(SETUP, providers=()))).values()
    assert keys[(*AT, "models")] == [{"id": "echo", "name": "echo"}]
    assert keys[(*DEFAULTS, "model", "primary")] == "turnout/echo"


def test_a_default_model_written_as_text_stays_text() -> None:
    files = {USUAL: "{agents: {defaults: {model: 'anthropic/x'}}}"}
    (keys,) = wished(SETUP.wanted(situation(SETUP, files))).values()
    assert str(keys[(*DEFAULTS, "model")]).startswith("turnout/")
    assert (*DEFAULTS, "model", "primary") not in keys


def test_where_models_are_listed_ours_is_listed_too() -> None:
    files = {USUAL: "{agents: {defaults: {models: {'anthropic/x': {}}}}}"}
    (keys,) = wished(SETUP.wanted(situation(SETUP, files))).values()
    primary = keys[(*DEFAULTS, "model", "primary")]
    assert keys[(*DEFAULTS, "models", str(primary))] == {}
    aliased = f"{{agents: {{defaults: {{models: {{'{primary}': {{alias: 'x'}}, b: {{}}"
    made = situation(SETUP, {USUAL: f"{aliased}}}}}}}}}"})
    (keys,) = wished(SETUP.wanted(made)).values()
    assert (*DEFAULTS, "models", str(primary)) not in keys
    files = {USUAL: "{agents: {defaults: {models: {}}}}"}
    (keys,) = wished(SETUP.wanted(situation(SETUP, files))).values()
    assert (*DEFAULTS, "models", str(primary)) not in keys


def test_what_goes_past_is_told() -> None:
    text = (
        "{agents: {defaults: {model: {primary: 'a/b', fallbacks: ['c/d']}, "
        "modelPolicy: {allow: ['a/*']}}, entries: {main: {model: 'e/f'}}}}"
    )
    told = all_text(SETUP.wanted(situation(SETUP, {USUAL: text})))
    assert 'add "turnout/*"' in told
    assert "fallback models stay" in told
    assert "agents.entries that have a model of their own" in told
    quiet = SETUP.wanted(situation(SETUP, {USUAL: "{agents: {defaults: {}}}"}))
    assert quiet.notes == ()


@pytest.mark.parametrize("name", ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"])
def test_a_file_that_is_made_elsewhere_is_left_alone(name: str) -> None:
    wanted = SETUP.wanted(situation(SETUP, environ={name: "1"}))
    (refusal,) = wanted.refusals
    assert name in refusal.why
    assert wanted.files == ()


def test_a_folder_and_a_login_are_refused() -> None:
    folder = SETUP.wanted(situation(SETUP, project=HOME / "work"))
    assert "one file for all folders" in folder.refusals[0].why
    assert SETUP.wanted(situation(SETUP, login=Login.OWN)).refusals


def test_no_sentence_holds_the_key() -> None:
    assert KEY not in all_text(SETUP.wanted(situation(SETUP)))
