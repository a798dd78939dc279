"""needs: which provider a client needs and lacks, and which model it is given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.catalogue import KeyRef, Provider, known_providers
from wizard.clients.needs import (
    NEEDS,
    PRACTICE_MODEL,
    UNNAMED_MODEL,
    Client,
    first_model,
    logins,
    missing,
    usual_login,
)
from wizard.plan import Login


def known(name: str, key: str) -> Provider:
    """Return a known provider with its key by `client`, or in a variable."""
    ref = KeyRef("client") if key == "client" else KeyRef("env", key)
    return replace(known_providers()[name], key=ref)


@pytest.mark.parametrize("client", Client)
def test_suggestions_are_known_and_take_the_login_in_the_clients_language(
    client: Client,
) -> None:
    needs = NEEDS[client]
    assert needs.keyed in known_providers()
    assert (Login.OWN in logins(client)) is bool(needs.own)
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
    found = known("openai", "B").models[0].id
    assert first_model(Client.CODEX, there) == found
    assert first_model(Client.CODEX, there[:1]) == "openai/gpt-oss-120b"


def test_without_a_listed_model_a_place_is_left_for_its_name() -> None:
    nameless = replace(known("openai", "A"), models=())
    assert first_model(Client.CODEX, (nameless,)) == UNNAMED_MODEL
    assert first_model(Client.CODEX, ()) == PRACTICE_MODEL
