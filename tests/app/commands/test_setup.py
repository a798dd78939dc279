"""Setting clients up through the door of a real gateway: shown, agreed to, tested."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import Serving, provider, serving
from upstream import ScriptedUpstream

from app.commands.setup import Integration, SavedFirstRun
from app.failure import CommandFailed, Exit
from wizard.view import Applied, ClientOutcome, Outcome, PlanView

KEY = "sk-canary-0123456789abcdwxyz"
MINE = '{\n  "theme": "dark",\n  "env": {"FOO": "1"}\n}\n'


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """A person's home with a file of Claude Code's."""
    folder = tmp_path / "person" / ".claude"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(MINE)
    return folder.parent


@pytest.fixture
async def gateway(tmp_path: Path, person: Path) -> AsyncIterator[Serving]:
    """A gateway of that person, with one key in its environment."""
    async with ScriptedUpstream() as upstream:
        config = f'[[providers]]\nid = "anthropic"\nbase_url = "{upstream.url}"\n'
        environ = {"HOME": str(person), "ANTHROPIC_API_KEY": KEY, "PATH": "/nowhere"}
        async with serving(tmp_path / "t", config, environ) as gateway:
            yield gateway


def settings(person: Path) -> str:
    return (person / ".claude" / "settings.json").read_text()


ANSWERS = (
    'clients = ["claude-code"]\nkeys = ["ANTHROPIC_API_KEY"]\nmode = "coding-auto"\n'
)


async def test_a_plan_changes_nothing_and_shows_everything(
    gateway: Serving, person: Path
) -> None:
    before = gateway.paths.config_file.read_bytes()
    plan = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    (client,) = plan.clients
    assert client.ready
    assert client.changes
    (file,) = client.files
    assert file.path == "~/.claude/settings.json"
    assert [key.name for key in file.keys] == [
        "env.ANTHROPIC_BASE_URL",
        "env.ANTHROPIC_AUTH_TOKEN",
    ]
    assert any("ANTHROPIC_API_KEY" in told and "wxyz" in told for told in plan.own)
    assert any("coding-auto" in told for told in plan.own)
    assert plan.undo_all.endswith("undo --all")
    shown = json.dumps([str(plan)])
    assert "canary" not in shown
    assert settings(person) == MINE
    assert gateway.paths.config_file.read_bytes() == before
    again = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    assert again.id == plan.id


async def test_another_server_in_the_clients_file_is_not_asked(
    gateway: Serving, person: Path
) -> None:
    folder = person / ".config" / "opencode"
    folder.mkdir(parents=True)
    async with ScriptedUpstream() as other:
        mine = {"options": {"baseURL": f"{other.url}/v1", "apiKey": "canary"}}
        (folder / "opencode.json").write_text(json.dumps({"provider": {"mine": mine}}))
        answers = 'clients = ["opencode"]\nkeys = "all"\n'
        plan = await gateway.door.call("setup plan", PlanView, answers=answers)
        outcome = await gateway.door.call(
            "setup apply", Outcome, answers=answers, plan=plan.id
        )
        (client,) = outcome.clients
        assert client.state is Applied.APPLIED, client
        assert other.requests == []


async def test_what_was_agreed_to_is_done_and_tested(
    gateway: Serving, person: Path
) -> None:
    plan = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    outcome = await gateway.door.call(
        "setup apply", Outcome, answers=ANSWERS, plan=plan.id
    )
    (client,) = outcome.clients
    assert client.state is Applied.APPLIED, client
    assert {step.name: step.ok for step in client.test}["stream"] is True
    assert client.request == gateway.events()[0].id
    assert gateway.events()[0].client == "claude-code"
    env = json.loads(settings(person))["env"]
    assert env["ANTHROPIC_BASE_URL"] == gateway.url
    assert env["FOO"] == "1"
    config = gateway.paths.config_file.read_text()
    assert 'key = "env:ANTHROPIC_API_KEY"' in config
    assert 'mode = "coding-auto"' in config
    assert KEY not in config
    again = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    assert not again.own
    assert not again.clients[0].changes
    same = await gateway.door.call(
        "setup apply", Outcome, answers=ANSWERS, plan=again.id
    )
    assert same.clients[0].state is Applied.ALREADY
    tested = await gateway.door.call("setup test", ClientOutcome, client="claude-code")
    assert all(step.ok is not False for step in tested.test)


async def test_part_by_part_is_the_same_yes(gateway: Serving, person: Path) -> None:
    plan = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    given = {"answers": ANSWERS, "plan": plan.id}
    own = await gateway.door.call("setup apply", Outcome, client="turnout", **given)
    assert own.own
    assert not own.clients
    assert settings(person) == MINE
    one = await gateway.door.call("setup apply", Outcome, client="claude-code", **given)
    assert one.clients[0].state is Applied.APPLIED
    with pytest.raises(CommandFailed) as unknown:
        await gateway.door.call("setup apply", Outcome, client="codex", **given)
    assert unknown.value.exit == Exit.USAGE


async def test_a_file_that_changed_since_is_not_written(
    gateway: Serving, person: Path
) -> None:
    plan = await gateway.door.call("setup plan", PlanView, answers=ANSWERS)
    other = MINE.replace("dark", "light")
    (person / ".claude" / "settings.json").write_text(other)
    with pytest.raises(CommandFailed) as changed:
        await gateway.door.call("setup apply", Outcome, answers=ANSWERS, plan=plan.id)
    assert changed.value.exit == Exit.CONSENT
    assert settings(person) == other
    assert "coding-auto" not in gateway.paths.config_file.read_text()


async def test_a_client_that_does_not_get_through_is_taken_back(
    tmp_path: Path, person: Path
) -> None:
    config = provider("http://127.0.0.1:9", "scripted")
    environ = {"HOME": str(person), "PATH": "/nowhere"}
    async with serving(tmp_path / "t", config, environ) as gateway:
        told = await gateway.door.call(
            "integrate", Integration, client="claude-code", login="key", yes=True
        )
        assert told.outcome is not None
        (client,) = told.outcome.clients
        assert client.state is Applied.TAKEN_BACK
        assert "stream" in client.sentence
        assert settings(person) == MINE
        keys = [key for key in (await _keys(gateway)) if key[1] is None]
        # The key that the harness made for its own calls went with the client's.
        assert keys == []


async def _keys(gateway: Serving) -> list[tuple[str, object]]:
    from app.commands.keys import KeyList

    found = await gateway.door.call("keys list", KeyList)
    return [(key.name, key.revoked) for key in found.keys]


async def test_integrate_shows_first_and_asks(gateway: Serving, person: Path) -> None:
    shown = await gateway.door.call("integrate", Integration, client="claude-code")
    assert shown.asks
    assert shown.outcome is None
    dry = await gateway.door.call(
        "integrate", Integration, client="claude-code", dry_run=True
    )
    assert not dry.asks
    assert settings(person) == MINE


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"client": "no-such-client"}, "There is no client"),
        ({"client": "codex", "project": "/no/such/folder"}, "There is no such folder"),
    ],
)
async def test_misuse_is_said(
    gateway: Serving, given: dict[str, str], title: str
) -> None:
    with pytest.raises(CommandFailed) as refused:
        await gateway.door.call("integrate", Integration, **given)
    assert title in refused.value.title
    assert refused.value.exit == Exit.USAGE


async def test_answers_with_a_mistake_do_nothing(gateway: Serving) -> None:
    with pytest.raises(CommandFailed) as refused:
        await gateway.door.call("setup plan", PlanView, answers="clients = 3")
    assert "list of names" in refused.value.message


async def test_the_first_run_is_remembered(gateway: Serving) -> None:
    assert await gateway.door.call("setup resume", SavedFirstRun) == SavedFirstRun(
        "", begun=False
    )
    await gateway.door.call("setup save", SavedFirstRun, text='{"mode": ""}')
    assert await gateway.door.call("setup resume", SavedFirstRun) == SavedFirstRun(
        '{"mode": ""}', begun=True
    )
