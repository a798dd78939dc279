"""status, mode, restart, stop, version."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from still_state import STILL

from app.commands import gateway
from app.failure import CommandFailed
from app.keeping import KeeperStatus
from app.services import Services
from app.state import Snapshot
from proxy.routing import Mode


async def test_status_without_a_gateway_says_how_to_start_one(alone: Services) -> None:
    told = await gateway.status(alone)
    assert not told.running
    assert not told.readiness.ready
    assert told.readiness.todo == "Start it: /opt/turnout serve"
    assert told.snapshot is None
    assert told.config_file.endswith("config.toml")


@pytest.mark.parametrize(
    ("status", "sentence", "todo"),
    [
        ((False, 4), "cannot start (4 times in a row)", "/opt/turnout logs says why"),
        ((False, 0), "is starting", "/opt/turnout status"),
        ((True, 0), "takes no commands", "/opt/turnout stop"),
    ],
)
async def test_status_asks_the_keeper_where_no_gateway_answers(
    alone: Services,
    monkeypatch: pytest.MonkeyPatch,
    status: tuple[bool, int],
    sentence: str,
    todo: str,
) -> None:
    kept = KeeperStatus(pid=5, port=9, ready=status[0], failures=status[1])
    monkeypatch.setattr(gateway, "keeper_status", lambda _: kept)
    told = await gateway.status(alone)
    assert not told.running
    assert sentence in told.readiness.sentence
    assert todo in told.readiness.todo


async def test_stop_ends_a_keeper_whose_gateway_cannot_start(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeeperStatus(pid=5, port=9, ready=False, failures=4)
    monkeypatch.setattr(gateway, "end_keeper", lambda paths: kept)
    assert "keeper" in (await gateway.stop(alone)).sentence


async def test_restart_asks_a_keeper_whose_gateway_cannot_start(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "ask_for_a_start", lambda paths: True)
    assert "keeper" in (await gateway.restart(alone)).sentence


async def test_status_shows_the_live_states_problems(services: Services) -> None:
    class Troubled:
        def snapshot(self) -> Snapshot:
            return replace(STILL, problems=("The ledger was damaged.",))

        async def changed(self, revision: int) -> None:
            raise NotImplementedError

    told = await gateway.status(replace(services, state=Troubled()))
    assert told.problems == ("The ledger was damaged.",)


async def test_status_shows_the_live_state(services: Services) -> None:
    told = await gateway.status(services)
    assert told.running
    assert told.readiness.ready
    assert told.snapshot is not None
    assert told.snapshot.unsaved == 3


async def test_status_lists_what_is_wrong_with_the_file(alone: Services) -> None:
    text = alone.paths.config_file.read_text()
    alone.paths.config_file.write_text(text + "colour = 'red'\n")
    alone.config.load()
    told = await gateway.status(alone)
    assert any("colour" in problem for problem in told.problems)


async def test_mode_shows_every_mode_and_what_it_does(alone: Services) -> None:
    told = await gateway.mode(alone)
    assert (told.mode, told.changed, told.note) == (Mode.DIRECT, False, "")
    assert [choice.mode for choice in told.choices] == list(Mode)
    assert all(choice.meaning for choice in told.choices)


async def test_setting_the_mode_saves_it_and_tells_the_gateway(
    services: Services, gateway: Any
) -> None:
    from app.commands.gateway import mode

    told = await mode(services, Mode.OFFLINE)
    assert (told.mode, told.changed) == (Mode.OFFLINE, True)
    assert gateway.asked == ["config_changed"]
    saved = services.paths.config_file.read_text()
    assert 'mode = "offline"' in saved
    assert "scripted-large" in saved


async def test_setting_the_same_mode_again_changes_nothing(alone: Services) -> None:
    assert not (await gateway.mode(alone, Mode.DIRECT)).changed


@pytest.mark.parametrize("name", list(Mode))
async def test_every_mode_can_be_set(services: Services, name: Mode) -> None:
    from app.commands.gateway import mode

    assert (await mode(services, name)).mode is name
    assert f'mode = "{name}"' in services.paths.config_file.read_text()


@pytest.mark.parametrize("word", ["restart", "stop"])
async def test_restart_and_stop_are_passed_on(
    services: Services, gateway: Any, word: str
) -> None:
    from app import commands

    run: Callable[[Services], Awaitable[Any]] = getattr(commands.gateway, word)
    assert (await run(services)).sentence
    assert gateway.asked == [word]


async def test_without_a_gateway_there_is_nothing_to_restart(alone: Services) -> None:
    for run in (gateway.restart, gateway.stop):
        with pytest.raises(CommandFailed, match="No gateway is running"):
            await run(alone)


async def test_version(alone: Services) -> None:
    assert (await gateway.version(alone)).version == "1.2.3"
