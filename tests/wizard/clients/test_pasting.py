"""pasting: a client's keys as text for people, the same that would be written."""

import json
import re
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from discovery.surroundings import Surroundings
from proxy.catalogue import KeyRef, Model, Provider, known_providers
from wizard.clients import CLIENTS
from wizard.clients.needs import Client, logins
from wizard.clients.pasting import SettingsPart, Wish, parts
from wizard.clients.terms import Situation
from wizard.plan import Choice, Login
from wizard.planning import plan_client

URL = "http://127.0.0.1:8787"
KEY = "tnt_secret"


def known(name: str, key: str) -> Provider:
    """Return a known provider with its key by `client`, or in a variable."""
    ref = KeyRef("client") if key == "client" else KeyRef("env", key)
    return replace(known_providers()[name], key=ref)


def lines(client: Client, login: Login, *providers: Provider) -> list[SettingsPart]:
    """Return a client's parts with a fixed address and key."""
    return list(parts(client, Wish(URL, KEY, login, providers)))


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

FILED = [(client, login) for client, login in WAYS if client != "claude-desktop"]


def planned(client: Client, login: Login, *providers: Provider) -> dict[str, str]:
    """What the planner would write for a client into files that are not there."""
    (setup,) = (each for each in CLIENTS if each.id == client)
    home = Path("~")
    situation = Situation(
        surroundings=Surroundings(home, {}, "linux"),
        choice=Choice(client, login),
        login=login,
        url=URL,
        key=KEY,
        command="turnout",
        key_file=home / "key",
        providers=providers,
        files={},
    )
    plan = plan_client(setup, situation)
    assert plan.can_be_applied
    return {str(edit.path): edit.after.decode() for edit in plan.edits}


@pytest.mark.parametrize(("client", "login"), FILED)
@pytest.mark.parametrize("name", ["anthropic", "ollama"])
def test_what_is_pasted_is_what_would_be_written(
    client: Client, login: Login, name: str
) -> None:
    provider = known(name, "A")
    pasted = {
        found: f"{part.text}\n"
        for part in lines(client, login, provider)
        if "or good, without" not in part.where
        for found in re.findall(r"~/\S+", part.where)
    }
    assert pasted == planned(client, login, provider)


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
