"""The command `discover` looks with the consents it was given and no others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_home import CANARY, around, npm, put

from app.commands.command import Command, Effect
from app.commands.discover import discover, kept_keys
from app.commands.doctor import doctor
from app.failure import CommandFailed, Exit
from app.services import Services
from app.terminal import handed_over, taken_in
from discovery.findings import KeySource
from discovery.overrides import overrides_of
from discovery.parts import Part
from discovery.terminal import TERMINAL
from proxy.secrets import SERVICE

DISCOVER = Command("discover", discover, Effect.READ)
URL = "https://models.example/v1"


@pytest.fixture
def here(alone: Services, tmp_path: Path) -> Services:
    """Services of a user whose home is made."""
    home = tmp_path / "made"
    home.mkdir()
    environ = {"SCRIPTED_KEY": CANARY, "MISTRAL_API_KEY": CANARY}
    return replace(alone, surroundings=around(home, **environ))


def home_of(services: Services) -> Path:
    return services.surroundings.home


async def test_clients_are_found(here: Services) -> None:
    npm(home_of(here), "codex", "@openai/codex", "0.169.0")
    found = await discover(here, only=Part.CLIENTS)
    assert [(one.id, one.version) for one in found.clients] == [("codex", "0.169.0")]


async def test_shell_files_need_their_word(here: Services) -> None:
    put(home_of(here) / ".zshrc", f"export GROQ_API_KEY={CANARY}\n")
    without = await discover(here, only=Part.KEYS)
    agreed = await discover(here, only=Part.KEYS, shell_files=True)
    assert [one.provider for one in without.keys] == ["mistral"]
    assert [one.provider for one in agreed.keys] == ["mistral", "groq"]
    assert CANARY not in repr(agreed)


async def test_docker_needs_its_word(here: Services) -> None:
    with pytest.raises(CommandFailed) as refused:
        await discover(here, only=Part.CONTAINERS)
    assert refused.value.exit is Exit.USAGE
    assert "--docker" in refused.value.todo


async def test_what_was_agreed_to_is_recorded_once(
    here: Services, gateway: Any
) -> None:
    await discover(here, only=Part.KEYS, shell_files=True)
    assert await here.ledger.consents() == ()
    served = replace(here, gateway=gateway)
    for _ in range(2):
        await discover(served, only=Part.KEYS, shell_files=True)
        await discover(served, only=Part.CONTAINERS, docker=True)
    kinds = [consent.kind for consent in await here.ledger.consents()]
    assert kinds == ["shell-files", "docker"]


async def test_a_folder_is_looked_into_when_it_is_named(here: Services) -> None:
    folder = home_of(here) / "project"
    put(folder / ".git/config", '[remote "origin"]\n\turl = git@gitea.example:x/y\n')
    without = await discover(here, only=Part.FORGES)
    named = await discover(here, only=Part.FORGES, folder=str(folder))
    assert not without.forges
    assert [one.name for one in named.forges] == ["origin"]


async def test_a_folder_must_be_one(here: Services) -> None:
    with pytest.raises(CommandFailed, match="no such folder"):
        await discover(here, folder=str(home_of(here) / "none"))


@pytest.mark.parametrize("host", ["nonsense", "http://u:canary@host", "ftp://host"])
async def test_an_address_must_be_one(here: Services, host: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        await discover(here, host=host)
    assert "canary" not in repr(refused.value)


async def test_our_own_entries_are_shown(here: Services, keyring: Any) -> None:
    keyring.set_password(SERVICE, "groq", CANARY)
    found = await discover(here, only=Part.KEYS)
    (kept,) = [one for one in found.keys if one.source is KeySource.KEYRING]
    assert (kept.provider, kept.last4) == ("groq", CANARY[-4:])


async def test_a_keyring_that_fails_is_asked_once(here: Services, keyring: Any) -> None:
    keyring.broken = True
    found = await discover(here, only=Part.KEYS)
    assert "the system keyring failed" in found.problems[0]
    with pytest.raises(LookupError):
        kept_keys(here)("groq")


def test_an_entry_that_is_not_there_is_none(here: Services) -> None:
    assert kept_keys(here)("groq") is None


# --- what the terminal has ---


def told(home: Path, folder: Path | None = None, **environ: str) -> str:
    given = handed_over(DISCOVER, {"HOME": str(home), **environ}, folder)
    return str(given["terminal"])


def test_a_variable_of_the_terminal_is_found_in_the_gateway(here: Services) -> None:
    home = here.surroundings.home
    seen = taken_in(here, told(home, OPENAI_BASE_URL=URL), None, stand=True)
    (found,) = overrides_of("qwen-code", seen.surroundings, 8787)
    assert (found.where, found.points_to) == (TERMINAL, URL)
    # Here and in the terminal: told once, by the terminal.
    both = replace(
        seen.surroundings,
        environ={**seen.surroundings.environ, "OPENAI_BASE_URL": URL},
    )
    assert [one.where for one in overrides_of("qwen-code", both, 8787)] == [TERMINAL]
    ours = told(home, OPENAI_BASE_URL="http://127.0.0.1:8787/v1")
    mine = taken_in(here, ours, None, stand=True).surroundings
    assert not overrides_of("qwen-code", mine, 8787)


def test_a_moved_home_is_named_where_the_gateway_has_another(here: Services) -> None:
    text = told(here.surroundings.home, CODEX_HOME="/elsewhere/codex")
    seen = taken_in(here, text, None, stand=True).surroundings
    assert overrides_of("codex", seen, 8787)
    same = replace(seen, environ={"CODEX_HOME": "/elsewhere/codex"})
    assert not overrides_of("codex", same, 8787)


async def test_a_key_only_the_terminal_has_is_told_as_such(here: Services) -> None:
    text = told(here.surroundings.home, GROQ_API_KEY=CANARY)
    found = await discover(here, only=Part.KEYS, terminal=text)
    (key,) = (one for one in found.keys if one.variable == "GROQ_API_KEY")
    assert (key.where, key.reference) == (TERMINAL, "")
    assert "Only programs started from this terminal" in key.notes[0]
    both = replace(
        here, surroundings=around(here.surroundings.home, GROQ_API_KEY=CANARY)
    )
    found = await discover(both, only=Part.KEYS, terminal=text)
    assert [one.where for one in found.keys] == ["the environment"]


def test_the_folder_is_where_the_terminal_stands(here: Services) -> None:
    home = here.surroundings.home
    project = home / "project"
    project.mkdir()
    text = told(home, project)
    assert taken_in(here, text, None, stand=True).surroundings.folder == project
    assert taken_in(here, text, None, stand=False).surroundings.folder is None
    at_home = told(home, home)
    assert taken_in(here, at_home, None, stand=True).surroundings.folder is None
    named = taken_in(here, at_home, str(project), stand=True)
    assert named.surroundings.folder == project


async def test_what_is_no_folder_is_refused(here: Services) -> None:
    with pytest.raises(CommandFailed, match="no such folder"):
        await doctor(here, folder="/nonexistent/project")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folder": 3}', '{"folder": "x"}'])
def test_what_cannot_be_read_is_nothing(here: Services, text: str) -> None:
    assert taken_in(here, text, None, stand=True).surroundings.folder is None
