"""pointing: which provider a client needs, and its lines for odd providers."""

import json
import re
import shlex
import tomllib
from dataclasses import replace

import pytest

from app.commands.pointing import (
    NEEDS,
    Client,
    Login,
    SettingsPart,
    Wish,
    logins,
    missing,
    parts,
    usual_login,
)
from proxy.catalogue import KeyRef, Model, Provider, known_providers

URL = "http://127.0.0.1:8787"
KEY = "tnt_secret"


def known(name: str, key: str) -> Provider:
    """Return a known provider with its key by `client`, or in a variable."""
    ref = KeyRef("client") if key == "client" else KeyRef("env", key)
    return replace(known_providers()[name], key=ref)


def lines(client: Client, login: Login, *providers: Provider) -> list[SettingsPart]:
    """Return a client's parts with a fixed address and key."""
    return list(parts(client, Wish(URL, KEY, login, providers)))


@pytest.mark.parametrize("client", Client)
def test_suggestions_are_known_and_take_the_login_in_the_clients_language(
    client: Client,
) -> None:
    needs = NEEDS[client]
    assert needs.keyed in known_providers()
    for name in needs.own:
        assert set(known_providers()[name].protocols) & set(needs.protocols)


@pytest.mark.parametrize(
    ("client", "name", "key", "login"),
    [
        (Client.CLAUDE_CODE, "anthropic", "client", Login.OWN),
        (Client.CLAUDE_CODE, "anthropic", "A", Login.KEY),
        (Client.CLAUDE_CODE, "openai", "client", Login.KEY),
        (Client.CODEX, "chatgpt", "client", Login.OWN),
        (Client.CODEX, "openai", "client", Login.OWN),
        (Client.CODEX, "anthropic", "client", Login.KEY),
        (Client.OPENCODE, "openai", "client", Login.OWN),
        (Client.OPENCODE, "chatgpt", "client", Login.KEY),
    ],
)
def test_the_own_login_is_usual_where_a_provider_takes_it(
    client: Client, name: str, key: str, login: Login
) -> None:
    assert usual_login(client, (known(name, key),)) is login


def test_a_provider_that_takes_logins_is_no_provider_with_a_key() -> None:
    own = known("anthropic", "client")
    assert missing(Client.CLAUDE_CODE, Login.OWN, (own,)) is None
    lacks = missing(Client.CLAUDE_CODE, Login.KEY, (own,))
    assert lacks is not None
    assert str(lacks.key) == "env:ANTHROPIC_API_KEY"


@pytest.mark.parametrize("client", Client)
@pytest.mark.parametrize("name", ["anthropic", "openai", "gemini", "ollama", "groq"])
def test_a_provider_in_another_language_is_enough(client: Client, name: str) -> None:
    assert missing(client, Login.KEY, (known(name, "A"),)) is None


@pytest.mark.parametrize("client", Client)
def test_without_any_provider_the_clients_own_vendor_is_suggested(
    client: Client,
) -> None:
    lacks = missing(client, Login.KEY, ())
    assert lacks is not None
    assert str(lacks.key) == f"env:{NEEDS[client].variable}"


def test_a_model_of_a_provider_in_the_clients_language_is_named_first() -> None:
    there = (known("groq", "A"), known("openai", "B"))
    profile = tomllib.loads(lines(Client.CODEX, Login.KEY, *there)[0].text)
    assert profile["model"] == known("openai", "B").models[0].id
    profile = tomllib.loads(lines(Client.CODEX, Login.KEY, there[0])[0].text)
    assert profile["model"] == "openai/gpt-oss-120b"


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("ollama", "@ai-sdk/openai-compatible"),
        ("gemini", "@ai-sdk/openai-compatible"),
        ("groq", "@ai-sdk/openai-compatible"),
        ("deepseek", "@ai-sdk/openai-compatible"),
        ("openai", "@ai-sdk/openai"),
        ("anthropic", "@ai-sdk/anthropic"),
    ],
)
def test_opencode_speaks_what_needs_least_translation(name: str, package: str) -> None:
    file = json.loads(lines(Client.OPENCODE, Login.KEY, known(name, "A"))[0].text)
    assert file["provider"]["turnout"]["npm"] == package


def env_file(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_gemini_cli_gets_its_two_files() -> None:
    env, settings, start = lines(Client.GEMINI_CLI, Login.KEY, known("ollama", "A"))
    assert env_file(env.text) == {
        "GOOGLE_GEMINI_BASE_URL": URL,
        "GEMINI_API_KEY": KEY,
    }
    chosen = json.loads(settings.text)["security"]["auth"]["selectedType"]
    assert chosen == "gemini-api-key"
    assert start.text.splitlines() == ["chmod 600 ~/.gemini/.env", "gemini"]


def test_gemini_clis_own_key_stays_where_it_is() -> None:
    env, _ = lines(Client.GEMINI_CLI, Login.OWN, known("gemini", "client"))
    assert env_file(env.text) == {"GOOGLE_GEMINI_BASE_URL": f"{URL}/k/{KEY}"}


def test_qwen_code_gets_a_models_name() -> None:
    env, settings, _ = lines(Client.QWEN_CODE, Login.KEY, known("groq", "A"))
    assert env_file(env.text) == {
        "OPENAI_BASE_URL": f"{URL}/v1",
        "OPENAI_API_KEY": KEY,
        "OPENAI_MODEL": "openai/gpt-oss-120b",
    }
    assert json.loads(settings.text)["security"]["auth"]["selectedType"] == "openai"


def test_continue_and_aider_get_their_yaml() -> None:
    file, _ = lines(Client.CONTINUE, Login.KEY, known("groq", "A"))
    assert f'    apiBase: "{URL}/v1"' in file.text
    assert '    model: "openai/gpt-oss-120b"' in file.text
    assert "    capabilities: [tool_use, image_input]" in file.text
    file, _ = lines(Client.AIDER, Login.KEY, known("groq", "A"))
    assert file.text.splitlines() == [
        f'openai-api-base: "{URL}/v1"',
        f'openai-api-key: "{KEY}"',
        'model: "openai/openai/gpt-oss-120b"',
    ]


def test_claude_desktop_gets_the_fields_of_its_own_page() -> None:
    (fields,) = lines(Client.CLAUDE_DESKTOP, Login.KEY, known("ollama", "A"))
    assert json.loads(fields.text) == {
        "inferenceProvider": "gateway",
        "inferenceGatewayBaseUrl": URL,
        "inferenceGatewayApiKey": KEY,
        "inferenceGatewayAuthScheme": "bearer",
    }


def test_a_models_name_is_text_wherever_it_stands() -> None:
    odd = 'he said "x" \\ ü'
    shop = replace(known("openai", "A"), id="shop", models=(Model(odd),))
    profile = tomllib.loads(lines(Client.CODEX, Login.KEY, shop)[0].text)
    assert profile["model"] == odd
    file = json.loads(lines(Client.OPENCODE, Login.KEY, shop)[0].text)
    assert file["model"] == f"turnout/{odd}"
    assert file["provider"]["turnout"]["models"] == {odd: {"name": odd}}


WAYS = [(client, login) for client in Client for login in logins(client)]
COMMANDS = {"claude", "codex", "opencode", "gemini", "qwen", "cn", "aider"}


@pytest.mark.parametrize(("client", "login"), WAYS)
def test_every_part_says_where_in_one_way_only(client: Client, login: Login) -> None:
    for part in lines(client, login):
        files = re.findall(r"~/\S+", part.where)
        typed = "terminal" in part.where
        assert len(files) + typed + ("menu" in part.where) == 1
        assert KEY not in part.where
        assert KEY not in repr(part)
        if typed:
            words = [shlex.split(line)[0] for line in part.text.splitlines()]
            assert words[-1] in COMMANDS


@pytest.mark.parametrize("client", [c for c in Client if Login.OWN in logins(c)])
def test_the_own_login_is_never_replaced(client: Client) -> None:
    text = "\n".join(part.text for part in lines(client, Login.OWN))
    for word in ("AUTH_TOKEN", "API_KEY", "apiKey", "env_key", "model_provider"):
        assert word not in text
