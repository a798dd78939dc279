"""Carrying plans out on a made home: consent, keys, and what is left where it fails."""

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from app import applying
from app.applying import OWN, apply, model_of, test_client
from app.assemble import in_process
from app.commands import keys
from app.consenting import journal_of, standing
from app.failure import CommandFailed
from app.paths import make_folders, paths_for
from app.routing_now import RoutingNow
from app.services import GatewayControl, Services
from app.wiring import draw
from proxy.catalogue import catalogue_of
from proxy.health import Outlook
from proxy.keys import KeyRing
from proxy.policies import shipped_policy
from proxy.routing import Condition
from wizard.answers import Answers, ClientAnswers
from wizard.apply import NotApplied
from wizard.plan import Login
from wizard.view import Applied, Outcome

KEY = "sk-canary-0123456789wxyz"
CLAUDE = Answers(clients=("claude-code",))


class Gateway:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def routing_now(self) -> RoutingNow:
        return RoutingNow(catalogue_of(()), shipped_policy(), Condition(), Outlook())

    async def reload_keys(self) -> None:
        self.told.append("keys")

    async def config_changed(self) -> None:
        self.told.append("config")


@contextlib.asynccontextmanager
async def made(tmp_path: Path, **environ: str) -> AsyncIterator[Services]:
    home = tmp_path / "person"
    (home / ".claude").mkdir(parents=True)
    (home / ".claude" / "settings.json").write_text('{"theme": "dark"}\n')
    around = {"HOME": str(home), "PATH": "/nowhere", **environ}
    paths = paths_for(around, tmp_path / "t")
    make_folders(paths)
    async with in_process(paths, around) as services:
        gateway = cast("GatewayControl", Gateway())
        yield replace(services, gateway=gateway)


def settings(services: Services) -> str:
    return (services.surroundings.home / ".claude" / "settings.json").read_text()


async def done(services: Services, answers: Answers) -> Outcome:
    plan = (await draw(services, answers)).plan
    return await apply(services, answers, plan.id, test=False)


async def valid(services: Services) -> list[str]:
    listed = await keys.list_keys(services)
    return [key.name for key in listed.keys if key.revoked is None]


async def test_a_yes_is_recorded_and_the_gateway_told(tmp_path: Path) -> None:
    answers = Answers(clients=("claude-code",), all_keys=True)
    async with made(tmp_path, ANTHROPIC_API_KEY=KEY) as services:
        (client,) = (await done(services, answers)).clients
        assert client.state is Applied.APPLIED
        assert client.files == ("~/.claude/settings.json",)
        kinds = [(c.kind, c.subject) for c in await services.ledger.consents()]
        assert kinds == [("use-key", "anthropic"), ("wire-client", "claude-code")]
        assert cast("Gateway", services.gateway).told == ["config", "keys"]
        assert await valid(services) == ["claude-code"]
        (wiring,) = journal_of(services).current()
        assert wiring.client == "claude-code"
        kept = "".join(
            path.read_text(errors="replace")
            for path in services.paths.backups.rglob("*")
            if path.is_file()
        )
        assert "canary" not in kept
        assert "tnt_" not in kept
        again = (await done(services, answers)).clients[0]
        assert again.state is Applied.ALREADY
        assert await valid(services) == ["claude-code"]


async def test_two_at_once_leave_the_client_with_a_key_that_holds(
    tmp_path: Path,
) -> None:
    async with made(tmp_path) as services:
        plan = (await draw(services, CLAUDE)).plan
        both = await asyncio.gather(
            *(apply(services, CLAUDE, plan.id, test=False) for _ in range(2))
        )
        states = sorted(outcome.clients[0].state for outcome in both)
        assert states == [Applied.ALREADY, Applied.APPLIED]
        (key,) = re.findall(r"tnt_\w+", settings(services))
        ring = KeyRing(await services.ledger.keys())
        assert ring.find(key) is not None
        assert await valid(services) == ["claude-code"]


async def test_a_change_just_now_ends_the_new_key_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with made(tmp_path) as services:
        older = await keys.new(services, "claude-code")
        plan = (await draw(services, CLAUDE)).plan
        file = services.surroundings.home / ".claude" / "settings.json"

        def changed(*args: object, **kwargs: object) -> NotApplied:
            del args, kwargs
            file.write_text('{"theme": "light"}')
            return NotApplied("It changed.", "Look again.", changed=True)

        monkeypatch.setattr(applying, "apply_client", changed)
        (client,) = (await apply(services, CLAUDE, plan.id, test=False)).clients
        assert (client.state, client.sentence) == (Applied.FAILED, "It changed.")
        ring = KeyRing(await services.ledger.keys())
        assert ring.find(older.key) is not None
        assert await valid(services) == ["claude-code"]


def at_port(services: Services, port: int) -> None:
    services.paths.config_file.write_text(f"[gateway]\nport = {port}\n")
    services.config.load()


async def test_a_failed_test_takes_a_new_client_back(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # it does not listen: nobody answers there
        async with made(tmp_path) as services:
            at_port(services, silent.getsockname()[1])
            before = settings(services)
            plan = (await draw(services, CLAUDE)).plan
            (client,) = (await apply(services, CLAUDE, plan.id)).clients
            assert client.state is Applied.TAKEN_BACK
            assert client.sentence.endswith("Claude Code is as it was before.")
            assert settings(services) == before
            assert await valid(services) == []


async def test_a_failed_test_of_another_wiring_leads_back_to_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        async with made(tmp_path) as services:
            before = settings(services)
            await done(services, CLAUDE)
            wired = settings(services)
            at_port(services, silent.getsockname()[1])
            plan = (await draw(services, CLAUDE)).plan
            (client,) = (await apply(services, CLAUDE, plan.id)).clients
            assert client.state is Applied.TAKEN_BACK
            assert client.sentence.endswith(
                "Claude Code is connected as it was before this."
            )
            assert settings(services) == wired
            assert await valid(services) == ["claude-code"]
            entries = await services.ledger.consents()
            assert standing(entries, "wire-client", "claude-code")
            monkeypatch.setattr(applying, "back_to", lambda *_, **__: False)
            (client,) = (await apply(services, CLAUDE, plan.id)).clients
            assert client.sentence.endswith(
                "Claude Code was connected before, and is disconnected now."
            )
            assert "integrate claude-code" in client.todo
            assert settings(services) == before


async def test_a_login_that_is_passed_on_is_agreed_to(tmp_path: Path) -> None:
    own = {"claude-code": ClientAnswers(login=Login.OWN)}
    answers = Answers(clients=("claude-code",), client=own)
    async with made(tmp_path) as services:
        await done(services, answers)
        entry = (await services.ledger.consents())[0]
        assert (entry.kind, entry.subject) == ("use-login", "anthropic")
        assert 'key = "client"' in services.paths.config_file.read_text()


async def test_a_question_is_not_answered_for_the_user(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        file = services.surroundings.home / ".claude" / "settings.json"
        env = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:3456"}
        file.write_text(json.dumps({"env": env}))
        before = settings(services)
        (client,) = (await done(services, CLAUDE)).clients
        assert client.state is Applied.REFUSED
        assert "over_local" in client.todo
        assert settings(services) == before
        assert await valid(services) == []
        own = {"claude-code": ClientAnswers(over_local=True)}
        agreed = Answers(clients=("claude-code",), client=own)
        assert (await done(services, agreed)).clients[0].state is Applied.APPLIED


async def test_a_broken_file_is_refused_and_no_key_is_made(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        file = services.surroundings.home / ".claude" / "settings.json"
        file.write_text("{\n oops\n}")
        (client,) = (await done(services, CLAUDE)).clients
        assert client.state is Applied.REFUSED
        assert "settings.json, line 2" in client.sentence
        assert await valid(services) == []


async def test_no_way_back_no_change(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        plan = (await draw(services, CLAUDE)).plan
        before = settings(services)
        journal_of(services).folder.write_text("in the way")
        (client,) = (await apply(services, CLAUDE, plan.id, test=False)).clients
        assert client.state is Applied.FAILED
        assert settings(services) == before
        assert await valid(services) == []


async def test_what_is_set_up_by_hand_gets_a_key_and_its_steps(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        (client,) = (await done(services, Answers(clients=("n8n",)))).clients
        assert client.state is Applied.BY_HAND
        assert any("tnt_" in step.text for step in client.steps)
        assert await valid(services) == ["n8n"]
        (entry,) = await services.ledger.consents()
        assert (entry.kind, entry.subject) == ("wire-client", "n8n")
        assert entry.scope == "by hand"
        assert "API Key" in entry.detail
        assert "tnt_" not in entry.detail


async def test_what_cannot_be_reached_is_said(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        (client,) = (await done(services, Answers(clients=("cursor",)))).clients
        assert client.state is Applied.REFUSED
        assert "cannot reach a local gateway" in client.sentence
        assert await valid(services) == []


async def test_a_helper_fetches_the_key_that_is_kept(tmp_path: Path) -> None:
    own = {"claude-code": ClientAnswers(helper=True)}
    answers = Answers(clients=("claude-code",), client=own)
    async with made(tmp_path) as services:
        (client,) = (await done(services, answers)).clients
        assert client.state is Applied.APPLIED, client
        assert "tnt_" not in settings(services)
        assert "keys show claude-code" in settings(services)
        assert await keys.kept_key(services, "claude-code")
        again = (await done(services, answers)).clients[0]
        assert again.state is Applied.ALREADY


async def test_an_older_plan_is_refused(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        with pytest.raises(CommandFailed, match="changed since you looked"):
            await apply(services, CLAUDE, "claude-code:0000", only="claude-code")
        with pytest.raises(CommandFailed, match="not part of this plan"):
            await apply(services, CLAUDE, "", only="codex")


async def test_a_port_of_somebody_else_changes_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with made(tmp_path) as services:
            alone = replace(services, gateway=None)
            port = taken.getsockname()[1]
            services.paths.config_file.write_text(f"[gateway]\nport = {port}\n")
            services.config.load()
            plan = (await draw(alone, CLAUDE)).plan
            before = settings(alone)
            with pytest.raises(CommandFailed, match="No client was changed"):
                await apply(alone, CLAUDE, plan.id, only=OWN)
            assert settings(alone) == before


async def test_only_what_is_connected_is_tested(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        with pytest.raises(CommandFailed, match="not connected"):
            await test_client(services, "claude-code")


async def test_the_model_is_the_one_the_client_will_ask_for(tmp_path: Path) -> None:
    async with made(tmp_path) as services:
        drawn = await draw(services, Answers(clients=("opencode", "claude-code")))
        opencode, claude = drawn.plan.clients
        assert model_of(opencode) == "echo"
        assert model_of(claude) == "claude-sonnet-5-5"


# pytest would take the function of this name for a test of this module.
test_client.__test__ = False  # type: ignore[attr-defined]
