"""Plans drawn up from answers on a made home: who signs in how, and with which key."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.assemble import in_process
from app.commands import keys
from app.failure import CommandFailed
from app.paths import make_folders, paths_for
from app.services import Services
from app.wiring import draw
from discovery.findings import (
    Confidence,
    ServerFound,
    ServerKind,
    ServerModel,
    ServerState,
)
from proxy.catalogue import Place
from proxy.routing import Mode
from wizard.answers import Answers, ClientAnswers
from wizard.plan import Login
from wizard.planning import PLACEHOLDER

KEY = "sk-canary-0123456789wxyz"


@contextlib.asynccontextmanager
async def made(
    tmp_path: Path, config: str = "", **environ: str
) -> AsyncIterator[Services]:
    """The services of a person whose home is below `tmp_path`."""
    home = tmp_path / "person"
    home.mkdir(exist_ok=True)
    around = {"HOME": str(home), "PATH": "/nowhere", **environ}
    paths = paths_for(around, tmp_path / "t")
    make_folders(paths)
    paths.config_file.write_text(config)
    async with in_process(paths, around) as services:
        yield services


def settings(services: Services, text: str) -> Path:
    file = services.surroundings.home / ".claude" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


CLAUDE = Answers(clients=("claude-code",))


async def test_nothing_is_made_or_written_by_looking(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        file = settings(services, "{}")
        before = file.stat().st_mtime_ns
        drawn = await draw(services, CLAUDE)
        assert drawn.fresh == {"claude-code"}
        assert PLACEHOLDER.encode() in drawn.plan.clients[0].edits[0].after
        assert file.stat().st_mtime_ns == before
        assert (await keys.list_keys(services)).keys == ()
        assert not (services.surroundings.home / ".codex").exists()


async def test_a_key_in_the_environment_that_was_agreed_to_is_used(
    tmp_path: Path,
) -> None:
    async with made(tmp_path, ANTHROPIC_API_KEY=KEY) as services:
        drawn = await draw(services, Answers(clients=("claude-code",), all_keys=True))
        assert drawn.plan.clients[0].choice.login is Login.KEY
        (entry,) = drawn.own.entries
        assert entry.entry.fields == {"key": "env:ANTHROPIC_API_KEY"}
        assert "canary" not in str(drawn.view)


async def test_a_plan_of_the_clients_own_stays_its_own(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        home = services.surroundings.home
        account = {"oauthAccount": {"billingType": "stripe_subscription"}}
        (home / ".claude.json").write_text(json.dumps(account))
        settings(services, "{}")
        drawn = await draw(services, CLAUDE)
        assert drawn.plan.clients[0].choice.login is Login.OWN
        (entry,) = drawn.own.entries
        assert entry.entry.id == "anthropic"
        assert entry.entry.fields["key"] == "client"
        assert b"x-turnout-key" in drawn.plan.clients[0].edits[0].after


async def test_a_credential_in_its_file_stays_what_it_signs_in_with(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        settings(services, json.dumps({"env": {"ANTHROPIC_API_KEY": KEY}}))
        drawn = await draw(services, CLAUDE)
        (plan,) = drawn.plan.clients
        assert plan.choice.login is Login.OWN
        assert KEY.encode() in plan.edits[0].after
        assert drawn.own.entries[0].entry.fields["key"] == "client"
        assert "canary" not in str(drawn.view)


async def test_what_the_user_said_of_the_login_holds(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        settings(services, "{}")
        for login in Login:
            own = {"claude-code": ClientAnswers(login=login)}
            answers = Answers(clients=("claude-code",), client=own)
            drawn = await draw(services, answers)
            assert drawn.plan.clients[0].choice.login is login


async def test_a_valid_key_in_the_file_is_kept(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        mine = (await keys.new(services, "claude-code")).key
        other = (await keys.new(services, "codex")).key
        env = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8787"}
        settings(services, json.dumps({"env": {**env, "ANTHROPIC_AUTH_TOKEN": mine}}))
        drawn = await draw(services, CLAUDE)
        assert not drawn.fresh
        assert not drawn.plan.clients[0].changes_anything
        settings(services, json.dumps({"env": {**env, "ANTHROPIC_AUTH_TOKEN": other}}))
        drawn = await draw(services, CLAUDE)
        assert drawn.fresh
        await keys.revoke(services, "claude-code")
        settings(services, json.dumps({"env": {**env, "ANTHROPIC_AUTH_TOKEN": mine}}))
        assert (await draw(services, CLAUDE)).fresh


async def test_a_second_plan_for_gemini_does_not_take_our_key_for_its_own(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        answers = Answers(clients=("gemini-cli",))
        first = await draw(services, answers)
        made_key = (await keys.new(services, "gemini-cli")).key
        for edit in first.plan.clients[0].edits:
            edit.path.parent.mkdir(exist_ok=True)
            after = edit.after.replace(PLACEHOLDER.encode(), made_key.encode())
            edit.path.write_bytes(after)
        again = await draw(services, answers)
        (plan,) = again.plan.clients
        assert plan.choice.login is Login.KEY
        assert not plan.changes_anything
        assert again.own.entries == ()


async def test_the_login_of_a_client_that_is_refused_is_not_passed_on(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        settings(services, "{ // mine\n}")
        own = {"claude-code": ClientAnswers(login=Login.OWN)}
        answers = Answers(clients=("claude-code",), client=own)
        drawn = await draw(services, answers)
        assert drawn.plan.clients[0].refusals
        assert drawn.own.entries == ()
        (shown,) = drawn.view.clients
        assert (shown.means, shown.without, shown.notes) == ((), "", ())


async def test_what_is_typed_is_typed_as_here_and_direct_is_said(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        settings(services, "{}")
        (plan,) = (await draw(services, CLAUDE)).plan.clients
        assert plan.undo == f"{services.command_path} undo claude-code"
        assert any("mode is direct" in note for note in plan.notes)
        chosen = Answers(mode=Mode.CODING_AUTO, clients=("claude-code",))
        (plan,) = (await draw(services, chosen)).plan.clients
        assert not any("mode is direct" in note for note in plan.notes)


async def test_another_turnouts_key_is_asked_about(tmp_path: Path) -> None:
    other = "tnt_" + "a" * 49
    env = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9999", "ANTHROPIC_AUTH_TOKEN": other}
    async with made(tmp_path) as services:
        settings(services, json.dumps({"env": env}))
        assert (await draw(services, CLAUDE)).plan.clients[0].questions


async def test_the_command_for_a_key_names_the_home(tmp_path: Path) -> None:
    own = {"claude-code": ClientAnswers(helper=True)}
    async with made(tmp_path) as services:
        settings(services, "{}")
        answers = Answers(clients=("claude-code",), client=own)
        (edit,) = (await draw(services, answers)).plan.clients[0].edits
        assert f"--home {tmp_path / 't'}".encode() in edit.after


async def test_all_clients_are_those_that_are_here(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        settings(services, "{}")
        drawn = await draw(services, Answers(all_clients=True))
        assert [plan.client for plan in drawn.plan.clients] == ["claude-code"]


async def test_a_client_that_is_not_here_is_planned_and_said_so(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        drawn = await draw(services, Answers(clients=("codex",)))
        assert "Codex was not found on this machine." in drawn.plan.clients[0].notes


async def test_an_unknown_client_is_refused(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        with pytest.raises(CommandFailed, match="no client 'emacs'"):
            await draw(services, Answers(clients=("emacs",)))


async def test_the_same_answers_give_the_same_id(tmp_path: Path) -> None:
    async with made(tmp_path, ANTHROPIC_API_KEY=KEY) as services:
        settings(services, "{}")
        answers = Answers(mode=Mode.OFFLINE, all_clients=True, all_keys=True)
        one, two = await draw(services, answers), await draw(services, answers)
        assert one.plan.id == two.plan.id
        settings(services, '{"a": 1}')
        assert (await draw(services, answers)).plan.id != one.plan.id


async def test_a_project_folder_gets_no_key(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    async with made(tmp_path) as services:
        drawn = await draw(services, CLAUDE, project=folder)
        (plan,) = drawn.plan.clients
        for edit in plan.edits:
            assert str(edit.path).startswith(str(folder))
            assert b"tnt_" not in edit.after


async def test_a_key_in_a_shell_file_is_moved_only_by_name(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        bashrc = services.surroundings.home / ".bashrc"
        bashrc.write_text(f"export OPENAI_API_KEY={KEY}\n")
        assert (await draw(services, Answers(all_keys=True))).own.entries == ()
        named = Answers(keys=("OPENAI_API_KEY",), keyring=("OPENAI_API_KEY",))
        (entry,) = (await draw(services, named)).own.entries
        assert entry.moves
        assert entry.entry.fields == {"key": "keyring:openai"}


OLLAMA = ServerFound(
    kind=ServerKind.OLLAMA,
    name="Ollama",
    address="http://127.0.0.1:11434",
    version="0.40.1",
    state=ServerState.READY,
    place=Place.THIS_MACHINE,
    confidence=Confidence.SURE,
    models=(ServerModel("qwen3-coder:30b", Place.THIS_MACHINE, context=65536),),
    provider="ollama",
)


async def test_a_client_is_told_a_model_that_its_new_server_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found(*_given: object, **_more: object) -> AsyncIterator[ServerFound]:
        yield OLLAMA

    monkeypatch.setattr("app.wiring.find_servers", found)
    async with made(tmp_path) as services:
        answers = Answers(clients=("aider",), all_servers=True)
        drawn = await draw(services, answers)
        assert b"qwen3-coder:30b" in drawn.plan.clients[0].edits[0].after
        assert drawn.own.entries[0].address == OLLAMA.address
