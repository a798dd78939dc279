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
def test_each_clients_suggestions_are_known_and_speak_its_language(
    client: Client,
) -> None:
    needs = NEEDS[client]
    for name in (*needs.own, needs.keyed):
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


def test_a_provider_in_another_language_is_not_enough() -> None:
    there = (known("anthropic", "A"),)
    lacks = missing(Client.CODEX, Login.KEY, there)
    assert lacks is not None
    assert (lacks.id, str(lacks.key)) == ("openai", "env:OPENAI_API_KEY")
    assert missing(Client.OPENCODE, Login.KEY, there) is None


def test_a_models_name_is_text_wherever_it_stands() -> None:
    odd = 'he said "x" \\ ü'
    shop = replace(known("openai", "A"), id="shop", models=(Model(odd),))
    profile = tomllib.loads(lines(Client.CODEX, Login.KEY, shop)[0].text)
    assert profile["model"] == odd
    file = json.loads(lines(Client.OPENCODE, Login.KEY, shop)[0].text)
    assert file["model"] == f"turnout/{odd}"
    assert file["provider"]["turnout"]["models"] == {odd: {"name": odd}}


@pytest.mark.parametrize("client", Client)
@pytest.mark.parametrize("login", Login)
def test_every_part_says_where_in_one_way_only(client: Client, login: Login) -> None:
    for part in lines(client, login):
        files = re.findall(r"~/\S+", part.where)
        assert len(files) + ("terminal" in part.where) == 1
        assert KEY not in part.where
        assert KEY not in repr(part)
        if not files:
            words = [shlex.split(line)[0] for line in part.text.splitlines()]
            assert words[-1] in {"claude", "codex", "opencode"}


@pytest.mark.parametrize("client", Client)
def test_the_own_login_is_never_replaced(client: Client) -> None:
    text = "\n".join(part.text for part in lines(client, Login.OWN))
    for word in ("AUTH_TOKEN", "API_KEY", "apiKey", "env_key", "model_provider"):
        assert word not in text
