"""settings: the lines that point a client at the gateway."""

import json
import shlex
import tomllib
from typing import Any

import pytest

from app.commands import clients, keys
from app.commands.clients import Client, Login
from app.services import Services
from proxy.keys import looks_valid


def env_of(text: str) -> dict[str, str]:
    """Read `export NAME=VALUE` lines as a shell would."""
    lines = [shlex.split(line) for line in text.splitlines()]
    return dict(
        word.split("=", 1)
        for words in lines
        if words[:1] == ["export"]
        for word in words[1:]
    )


@pytest.mark.parametrize("client", Client)
@pytest.mark.parametrize("login", Login)
async def test_every_client_gets_a_key_of_its_own_in_its_lines(
    services: Services, gateway: Any, client: Client, login: Login
) -> None:
    told = await clients.settings(services, client, login=login)
    assert looks_valid(told.key)
    assert told.key in told.text
    assert told.key not in repr(told)
    assert told.base_url == "http://127.0.0.1:9999"
    assert bool(told.note) is (login is Login.OWN)
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


async def test_claude_codes_own_login_stays_in_its_own_header(alone: Services) -> None:
    told = await clients.settings(alone, Client.CLAUDE_CODE, login=Login.OWN)
    env = env_of(told.parts[0].text)
    assert env["ANTHROPIC_CUSTOM_HEADERS"] == f"x-turnout-key: {told.key}"
    assert "ANTHROPIC_AUTH_TOKEN" not in env
    assert json.loads(told.parts[1].text) == {"env": env}


async def test_codex_gets_a_profile_file_of_its_own(alone: Services) -> None:
    told = await clients.settings(alone, Client.CODEX)
    profile = tomllib.loads(told.parts[0].text)
    assert profile["model"] == "scripted-large"
    provider = profile["model_providers"][profile["model_provider"]]
    assert provider["base_url"] == "http://127.0.0.1:8787/v1"
    assert provider["wire_api"] == "responses"
    assert env_of(told.parts[1].text) == {provider["env_key"]: told.key}
    assert told.key not in told.parts[0].text


async def test_codex_signed_in_itself_sends_our_key_in_a_header(
    alone: Services,
) -> None:
    told = await clients.settings(alone, Client.CODEX, login=Login.OWN)
    provider = tomllib.loads(told.parts[0].text)["model_providers"]["turnout"]
    assert provider["requires_openai_auth"] is True
    assert provider["http_headers"] == {"x-turnout-key": told.key}
    assert "env_key" not in provider


async def test_opencode_names_a_model_that_is_there(alone: Services) -> None:
    told = await clients.settings(alone, Client.OPENCODE)
    file = json.loads(told.parts[0].text)
    assert file["model"] == "turnout/scripted-large"
    provider = file["provider"]["turnout"]
    assert list(provider["models"]) == ["scripted-large"]
    assert provider["options"]["baseURL"] == "http://127.0.0.1:8787/v1"
    assert env_of(told.parts[1].text) == {"TURNOUT_KEY": told.key}


async def test_lines_without_a_new_key_leave_a_place_for_one(alone: Services) -> None:
    told = await clients.settings(alone, Client.CODEX, fresh=False)
    assert told.key == clients.PLACEHOLDER
    assert (await keys.list_keys(alone)).keys == ()


async def test_with_nothing_configured_the_practice_model_is_named(
    alone: Services,
) -> None:
    alone.paths.config_file.write_text("")
    alone.config.load()
    codex = await clients.settings(alone, Client.CODEX, fresh=False)
    assert clients.CODEX_MODEL in codex.text
    assert (
        "turnout/echo"
        in (await clients.settings(alone, Client.OPENCODE, fresh=False)).text
    )
