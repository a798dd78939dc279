"""The clients' lines as functions of the providers there are."""

import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from app.commands.pointing import (
    CODEX_MODEL,
    NEEDS,
    UNNAMED_MODEL,
    Client,
    Login,
    Wish,
    missing,
    parts,
    usual_login,
)
from proxy.catalogue import KeyRef, Model, Provider, known_providers
from proxy.catalogue.provider import Billing, Place
from proxy.model import Protocol

KEY = "tnt_made-up"
OWN = KeyRef("client")
LOCAL = Provider(
    id="local",
    name="Local",
    base_url="http://127.0.0.1:11434",
    protocols=(Protocol.CHAT,),
    key=KeyRef("none"),
    billing=Billing.LOCAL,
    place=Place.THIS_MACHINE,
)


def lines(
    client: Client, *providers: Provider, login: Login = Login.KEY
) -> tuple[str, ...]:
    wish = Wish("http://127.0.0.1:8787", KEY, login, providers)
    assert KEY not in repr(wish)
    made = parts(client, wish)
    assert KEY not in repr(made)
    return tuple(part.text for part in made)


def opencode(*providers: Provider) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(lines(Client.OPENCODE, *providers)[0])
    return read


def with_models(*models: Model, protocols: tuple[Protocol, ...] = ()) -> Provider:
    return replace(LOCAL, models=models, protocols=protocols or LOCAL.protocols)


@pytest.mark.parametrize("client", Client)
def test_the_own_login_is_usual_only_where_its_vendor_takes_it(client: Client) -> None:
    vendor = known_providers()[NEEDS[client].own[0]]
    assert usual_login(client, ()) is Login.KEY
    assert usual_login(client, (replace(vendor, key=OWN),)) is Login.OWN
    assert usual_login(client, (replace(vendor, key=KeyRef("env", "K")),)) is Login.KEY
    assert usual_login(client, (replace(LOCAL, key=OWN),)) is Login.KEY


def test_a_provider_that_speaks_to_the_client_is_enough() -> None:
    assert missing(Client.OPENCODE, Login.KEY, (LOCAL,)) is None
    lacks = missing(Client.CLAUDE_CODE, Login.KEY, (LOCAL,))
    assert lacks is not None
    assert (lacks.id, lacks.key) == ("anthropic", KeyRef("env", "ANTHROPIC_API_KEY"))
    assert missing(Client.CLAUDE_CODE, Login.KEY, (lacks,)) is None
    # Whom the client logs in to itself is another question than whose key is here.
    own = missing(Client.CLAUDE_CODE, Login.OWN, (lacks,))
    assert own is not None
    assert (own.id, own.key) == ("anthropic", OWN)
    assert missing(Client.CLAUDE_CODE, Login.OWN, (own,)) is None


@pytest.mark.parametrize("client", Client)
def test_codex_is_offered_its_plan_before_a_key_is_asked_for(client: Client) -> None:
    lacks = missing(client, Login.OWN, ())
    assert lacks is not None
    assert lacks.id == ("chatgpt" if client is Client.CODEX else "anthropic")


def test_codex_is_told_a_model_that_speaks_its_protocol() -> None:
    chat = with_models(Model("chat-only"))
    both = with_models(Model("first"), Model("second"), protocols=tuple(Protocol))
    assert tomllib.loads(lines(Client.CODEX, chat, both)[0])["model"] == "first"
    assert tomllib.loads(lines(Client.CODEX, chat)[0])["model"] == CODEX_MODEL


def test_a_key_in_a_header_is_quoted_for_the_shell() -> None:
    terminal, _ = lines(Client.CLAUDE_CODE, login=Login.OWN)
    assert f"export ANTHROPIC_CUSTOM_HEADERS='x-turnout-key: {KEY}'" in terminal
    assert "export ANTHROPIC_BASE_URL=http://127.0.0.1:8787\n" in terminal


def test_opencode_gets_one_model_of_a_lane_and_the_small_one_is_small() -> None:
    file = opencode(
        with_models(
            Model("large", lane="x/premium"),
            Model("older-large", lane="x/premium"),
            Model("little", lane="x/small"),
        )
    )
    assert list(file["provider"]["turnout"]["models"]) == ["large", "little"]
    assert file["model"] == "turnout/large"
    assert file["small_model"] == "turnout/little"


def test_opencode_is_told_only_what_is_known_of_a_model() -> None:
    seeing = Model("a", "Model A", "x/small", 1000, 100, vision=True)
    plain = Model("b", lane="x/standard")
    models = opencode(with_models(seeing, plain))["provider"]["turnout"]["models"]
    assert models == {
        "a": {
            "name": "Model A",
            "attachment": True,
            "modalities": {"input": ["text", "image"], "output": ["text"]},
            "limit": {"context": 1000, "output": 100},
        },
        "b": {"name": "b"},
    }


def test_opencode_without_a_provider_asks_the_practice_one() -> None:
    assert opencode()["model"] == opencode()["small_model"] == "turnout/echo"
    assert opencode(LOCAL)["model"] == f"turnout/{UNNAMED_MODEL}"
    # A provider that lists its models is better than an earlier one that lists none.
    assert opencode(LOCAL, with_models(Model("m")))["model"] == "turnout/m"


@pytest.mark.parametrize(
    ("protocols", "package"),
    [
        ((Protocol.CHAT, Protocol.RESPONSES), "@ai-sdk/openai-compatible"),
        ((Protocol.MESSAGES,), "@ai-sdk/anthropic"),
        ((Protocol.RESPONSES,), "@ai-sdk/openai"),
    ],
)
def test_opencode_speaks_what_the_provider_speaks(
    protocols: tuple[Protocol, ...], package: str
) -> None:
    provider = with_models(Model("m"), protocols=protocols)
    assert opencode(provider)["provider"]["turnout"]["npm"] == package
    openai = replace(provider, id="openai", protocols=tuple(Protocol))
    assert opencode(openai)["provider"]["turnout"]["npm"] == "@ai-sdk/openai"
