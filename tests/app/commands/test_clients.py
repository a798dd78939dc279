"""settings: the lines that point a client at the gateway."""

import json
import shlex
import tomllib
from typing import Any

import pytest

from app.commands import clients, keys
from app.commands.clients import Client, Login
from app.failure import CommandFailed
from app.services import Services
from proxy.keys import looks_valid
from wizard.clients.needs import logins

WAYS = [(client, login) for client in Client for login in logins(client)]

OWN = """\
[[providers]]
id = "anthropic"
key = "client"

[[providers]]
id = "openai"
key = "client"
"""

OTHER = """\
[[providers]]
id = "other"
base_url = "https://other.example"
protocols = ["openai-responses", "openai-chat"]
key = "none"
any_model = true
"""


def configure(services: Services, text: str) -> None:
    """Give the services another config.toml."""
    services.paths.config_file.write_text(text)
    services.config.load()


@pytest.fixture
def own(alone: Services) -> Services:
    """Services whose vendors take the client's own login."""
    configure(alone, OWN)
    return alone


def env_of(text: str) -> dict[str, str]:
    """Read `export NAME=VALUE` lines as a shell would."""
    lines = [shlex.split(line) for line in text.splitlines()]
    return dict(
        word.split("=", 1)
        for words in lines
        if words[:1] == ["export"]
        for word in words[1:]
    )


@pytest.mark.parametrize(("client", "login"), WAYS)
async def test_every_client_gets_a_key_of_its_own_in_its_lines(
    services: Services, gateway: Any, client: Client, login: Login
) -> None:
    told = await clients.settings(services, client, login=login)
    assert looks_valid(told.key)
    assert told.key in told.text
    assert told.key not in repr(told)
    assert told.base_url == "http://127.0.0.1:9999"
    assert "`/opt/turnout events`" in told.note
    (made,) = (await keys.list_keys(services)).keys
    assert made.name == client
    assert gateway.asked == ["reload_keys"]


async def test_claude_code_gets_terminal_lines_and_settings_that_agree(
    alone: Services,
) -> None:
    told = await clients.settings(alone, Client.CLAUDE_CODE)
    terminal, file = told.parts
    wanted = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787",
        "ANTHROPIC_AUTH_TOKEN": told.key,
    }
    assert env_of(terminal.text) == wanted
    assert json.loads(file.text) == {"env": wanted}


async def test_claude_codes_own_login_stays_in_its_own_header(own: Services) -> None:
    told = await clients.settings(own, Client.CLAUDE_CODE)
    terminal, file = told.parts
    env = env_of(terminal.text)
    assert env["ANTHROPIC_CUSTOM_HEADERS"] == f"x-turnout-key: {told.key}"
    assert "ANTHROPIC_AUTH_TOKEN" not in env
    assert json.loads(file.text) == {"env": env}


async def test_codex_gets_a_profile_file_of_its_own(alone: Services) -> None:
    told = await clients.settings(alone, Client.CODEX)
    file, start = told.parts
    assert file.where.endswith(" ~/.codex/turnout.config.toml")
    profile = tomllib.loads(file.text)
    assert profile["model"] == "scripted-large"
    provider = profile["model_providers"][profile["model_provider"]]
    assert provider["base_url"] == "http://127.0.0.1:8787/v1"
    assert provider["wire_api"] == "responses"
    assert provider["http_headers"] == {"x-turnout-key": told.key}
    assert start.text.splitlines() == [
        "chmod 600 ~/.codex/turnout.config.toml",
        "codex --profile turnout",
    ]


async def test_codex_signed_in_itself_keeps_its_own_provider(own: Services) -> None:
    told = await clients.settings(own, Client.CODEX)
    file, _, always = told.parts
    line = {"openai_base_url": f"http://127.0.0.1:8787/k/{told.key}/v1"}
    assert tomllib.loads(file.text) == tomllib.loads(always.text) == line


async def test_opencode_names_a_model_that_is_there(alone: Services) -> None:
    told = await clients.settings(alone, Client.OPENCODE)
    file = json.loads(told.parts[0].text)
    assert file["model"] == file["small_model"] == "turnout/scripted-large"
    provider = file["provider"]["turnout"]
    assert provider["npm"] == "@ai-sdk/openai-compatible"
    assert provider["models"] == {
        "scripted-large": {
            "name": "scripted-large",
            "limit": {"context": 200_000, "output": 32_000},
        }
    }
    assert provider["options"] == {
        "baseURL": "http://127.0.0.1:8787/v1",
        "apiKey": told.key,
    }


async def test_opencode_signed_in_itself_keeps_its_own_providers(
    own: Services,
) -> None:
    told = await clients.settings(own, Client.OPENCODE)
    providers = json.loads(told.parts[0].text)["provider"]
    assert set(providers) == {"anthropic", "openai"}
    for provider in providers.values():
        assert provider["options"] == {
            "baseURL": "http://127.0.0.1:8787/v1",
            "headers": {"x-turnout-key": told.key},
        }


@pytest.mark.parametrize(
    ("known", "package", "small"),
    [
        ("anthropic", "@ai-sdk/anthropic", "claude-haiku-5-5"),
        ("openai", "@ai-sdk/openai", "gpt-6-luna"),
    ],
)
async def test_opencode_speaks_what_the_vendor_speaks(
    alone: Services, known: str, package: str, small: str
) -> None:
    configure(alone, f'[[providers]]\nid = "{known}"\nkey = "env:K"\n')
    told = await clients.settings(alone, Client.OPENCODE, fresh=False)
    file = json.loads(told.parts[0].text)
    provider = file["provider"]["turnout"]
    assert provider["npm"] == package
    assert file["small_model"] == f"turnout/{small}"
    named = {file["model"], file["small_model"]}
    assert {name.removeprefix("turnout/") for name in named} <= set(provider["models"])
    for model in provider["models"].values():
        assert model["modalities"]["input"] == ["text", "image"]


async def test_for_a_provider_without_models_turnout_chooses(
    alone: Services,
) -> None:
    configure(alone, OTHER)
    told = await clients.settings(alone, Client.OPENCODE, fresh=False)
    assert json.loads(told.parts[0].text)["model"] == "turnout/turnout-auto"
    codex = await clients.settings(alone, Client.CODEX, fresh=False)
    assert 'model = "turnout-auto"' in codex.parts[0].text


@pytest.mark.parametrize(("client", "login"), WAYS)
async def test_what_the_configuration_lacks_comes_first_and_then_is_enough(
    alone: Services, client: Client, login: Login
) -> None:
    configure(alone, "")
    before = await clients.settings(alone, client, login=login, fresh=False)
    lacks, *rest = before.parts
    assert str(alone.paths.config_file) in lacks.where
    assert "practice" in lacks.where
    configure(alone, lacks.text)
    assert not alone.config.current.problems
    after = await clients.settings(alone, client, login=login, fresh=False)
    assert list(after.parts) == rest
    # With the block in place the way needs not be named any more.
    again = await clients.settings(alone, client, fresh=False)
    assert again.parts == after.parts


async def test_a_provider_set_up_the_other_way_is_to_be_changed_not_added(
    own: Services,
) -> None:
    told = await clients.settings(own, Client.CLAUDE_CODE, login=Login.KEY)
    assert told.parts[0].where.startswith("Change the provider anthropic in ")
    assert 'key = "env:ANTHROPIC_API_KEY"' in told.parts[0].text
    assert "ANTHROPIC_API_KEY has to be set where Turnout is started" in told.note


async def test_lines_without_a_new_key_leave_a_place_for_one(alone: Services) -> None:
    told = await clients.settings(alone, Client.CODEX, fresh=False)
    assert told.key == clients.PLACEHOLDER
    assert (await keys.list_keys(alone)).keys == ()


async def test_a_login_that_cannot_be_passed_on_is_refused_in_words(
    alone: Services,
) -> None:
    with pytest.raises(CommandFailed, match="no own login"):
        await clients.settings(alone, Client.AIDER, login=Login.OWN)
    assert (await keys.list_keys(alone)).keys == ()


async def test_what_claude_desktop_gives_up_is_said(alone: Services) -> None:
    told = await clients.settings(alone, Client.CLAUDE_DESKTOP, fresh=False)
    assert "no chat tab" in told.note
