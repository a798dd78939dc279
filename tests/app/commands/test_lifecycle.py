"""The life of connected clients, through the door of a real gateway."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from loopback import Serving, serving

from app import drift_watch
from app import gateway as gateway_module
from app.commands.consents import ConsentList
from app.commands.gateway import Done, Status
from app.commands.keys import KeyList
from app.commands.lifecycle import (
    Accepted,
    LoginState,
    QuitChoice,
    QuitResult,
    Repair,
    WiringList,
)
from app.commands.setup import Integration
from app.commands.uninstall import Uninstall
from app.failure import CommandFailed, Exit
from app.settings.fields import OnQuit
from app.state import Snapshot, WiringHealth, WiringNow
from wizard.autostart import LoginWay
from wizard.journal import Journal
from wizard.records import WiringState
from wizard.view import Applied, Outcome, PlanView

MINE = '{\n  "theme": "dark",\n  "env": {"FOO": "1"}\n}\n'
CONFIG = """
[[providers]]
id = "anthropic"
key = "env:SCRIPTED_KEY"
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other at once; how long they wait is told elsewhere."""
    monkeypatch.setattr(drift_watch, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(gateway_module, "CONFIG_LOOK_SECONDS", 0.01)


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """A person's home with a file of Claude Code's."""
    folder = tmp_path / "person" / ".claude"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(MINE)
    return folder.parent


def environ(person: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(person), "PATH": "/nowhere", **more}


@pytest.fixture
async def gateway(tmp_path: Path, person: Path) -> AsyncIterator[Serving]:
    """A gateway of that person, to which Claude Code is connected."""
    async with serving(tmp_path / "t", CONFIG, environ(person)) as gateway:
        done = await gateway.door.call(
            "integrate", Integration, client="claude-code", yes=True, test=False
        )
        assert done.outcome is not None
        assert done.outcome.clients[0].state is Applied.APPLIED, done.outcome
        yield gateway


def file_of(person: Path) -> Path:
    return person / ".claude" / "settings.json"


def shown_file(person: Path) -> str:
    return f"~/{file_of(person).relative_to(person)}"


def env_of(person: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(file_of(person).read_text())["env"]
    return found


def journal_of(gateway: Serving) -> Journal:
    return Journal(gateway.paths.backups / "wiring")


def change(person: Path, name: str, value: str | None) -> None:
    """Change one variable as another program would, the rest being kept."""
    whole = json.loads(file_of(person).read_text())
    if value is None:
        del whole["env"][name]
    else:
        whole["env"][name] = value
    file_of(person).write_text(json.dumps(whole, indent=4))


async def snapshot_with(
    gateway: Serving, wanted: Callable[[WiringNow], bool]
) -> Snapshot:
    """Ask until the one connected client is as wanted."""
    async with asyncio.timeout(10):
        while True:
            status = await gateway.door.call("status", Status)
            assert status.snapshot is not None
            if any(map(wanted, status.snapshot.wirings)):
                return status.snapshot


async def state_becomes(gateway: Serving, state: WiringHealth) -> WiringNow:
    shown = await snapshot_with(gateway, lambda each: each.state is state)
    (one,) = shown.wirings
    return one


async def consents(gateway: Serving) -> dict[str, bool]:
    listed = await gateway.door.call("consents", ConsentList)
    return {each.kind: each.stands for each in listed.consents if each.given}


# --- drift ----------------------------------------------------------------------------


async def test_a_connected_client_is_in_the_snapshot_and_the_list(
    gateway: Serving, person: Path
) -> None:
    one = await state_becomes(gateway, WiringHealth.WIRED)
    assert (one.client, one.name) == ("claude-code", "Claude Code")
    assert one.files == (str(file_of(person)),)
    assert one.port == gateway.port
    assert one.todo == ""
    listed = await gateway.door.call("wirings", WiringList)
    (row,) = listed.wirings
    assert row.state is WiringHealth.WIRED
    assert row.last_seen is None
    assert row.files == (shown_file(person),)
    await gateway.post("/v1/messages", {"model": "practice/echo", "max_tokens": 1})
    (row,) = (await gateway.door.call("wirings", WiringList)).wirings
    assert row.last_seen is not None
    assert row.last_seen - row.since < timedelta(minutes=5)


async def test_a_change_by_others_is_seen_and_repaired_after_a_yes(
    gateway: Serving, person: Path
) -> None:
    url = env_of(person)["ANTHROPIC_BASE_URL"]
    change(person, "ANTHROPIC_BASE_URL", "http://127.0.0.1:15721")
    one = await state_becomes(gateway, WiringHealth.DRIFTED)
    assert "ANTHROPIC_BASE_URL" in one.sentence
    assert one.culprit == "cc-switch"
    assert one.todo.endswith("repair claude-code")
    asked = await gateway.door.call("repair", Repair)
    assert asked.asks
    assert asked.plan is not None
    assert [view.client for view in asked.plan.clients] == ["claude-code"]
    assert env_of(person)["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:15721"
    done = await gateway.door.call("repair", Repair, client="claude-code", yes=True)
    assert done.outcome is not None
    assert done.outcome.clients[0].state is Applied.APPLIED, done
    assert env_of(person)["ANTHROPIC_BASE_URL"] == url
    assert env_of(person)["FOO"] == "1"
    await state_becomes(gateway, WiringHealth.WIRED)
    again = await gateway.door.call("repair", Repair)
    assert not again.asks
    assert "nothing to repair" in again.sentence


async def test_a_client_that_rewrites_its_file_with_our_keys_is_no_change(
    gateway: Serving, person: Path
) -> None:
    await state_becomes(gateway, WiringHealth.WIRED)
    whole = json.loads(file_of(person).read_text())
    whole["permissions"] = {"allow": ["Bash"]}
    file_of(person).write_text(json.dumps(whole, indent=8))
    (row,) = (await gateway.door.call("wirings", WiringList)).wirings
    assert row.state is WiringHealth.WIRED


async def test_accept_lets_go_of_a_client_that_does_not_lead_here(
    gateway: Serving, person: Path
) -> None:
    change(person, "ANTHROPIC_BASE_URL", "https://models.example")
    await state_becomes(gateway, WiringHealth.DRIFTED)
    assert (await consents(gateway))["wire-client"]
    told = await gateway.door.call("accept", Accepted, client="claude-code")
    assert told.released
    assert "env.ANTHROPIC_BASE_URL" in told.left[0]
    # Our own key would only be in the way there.
    assert env_of(person) == {
        "FOO": "1",
        "ANTHROPIC_BASE_URL": "https://models.example",
    }
    assert not (await consents(gateway))["wire-client"]
    keys = await gateway.door.call("keys list", KeyList)
    assert all(each.revoked for each in keys.keys if each.name == "claude-code")
    assert journal_of(gateway).current() == ()
    with pytest.raises(CommandFailed) as refused:
        await gateway.door.call("accept", Accepted, client="claude-code")
    assert refused.value.exit == Exit.USAGE


async def test_accept_of_a_file_that_is_gone_releases_the_client(
    gateway: Serving, person: Path
) -> None:
    file_of(person).unlink()
    await state_becomes(gateway, WiringHealth.DRIFTED)
    told = await gateway.door.call("accept", Accepted, client="claude-code")
    assert told.released
    (*_, last) = journal_of(gateway).history()
    assert last.state is WiringState.RELEASED
    assert not (await consents(gateway))["wire-client"]
    assert not file_of(person).exists()


async def test_nothing_to_accept_changes_nothing(
    gateway: Serving, person: Path
) -> None:
    before = file_of(person).read_bytes()
    told = await gateway.door.call("accept", Accepted, client="claude-code")
    assert not told.released
    assert "nothing to accept" in told.sentence
    assert file_of(person).read_bytes() == before
    with pytest.raises(CommandFailed, match="codex"):
        await gateway.door.call("repair", Repair, client="codex")


async def test_a_broken_file_is_told_and_not_repaired(
    gateway: Serving, person: Path
) -> None:
    file_of(person).write_text('{"env": ')
    one = await state_becomes(gateway, WiringHealth.DRIFTED)
    assert str(file_of(person)) in one.sentence
    (row,) = (await gateway.door.call("wirings", WiringList)).wirings
    assert row.sentence.startswith(shown_file(person))
    asked = await gateway.door.call("repair", Repair)
    assert not asked.asks
    assert asked.plan is not None
    assert asked.plan.clients[0].refusals
    assert file_of(person).read_text() == '{"env": '


# --- quit and the next start ----------------------------------------------------------


async def test_quit_asks_once_and_keeps_or_remembers(
    gateway: Serving, person: Path
) -> None:
    asked = await gateway.door.call("quit", QuitResult)
    assert asked.asks
    assert asked.clients == ("claude-code",)
    assert "Claude Code" in asked.sentence
    kept = await gateway.door.call("quit", QuitResult, how=OnQuit.KEEP, remember=True)
    assert (kept.asks, kept.how) == (False, OnQuit.KEEP)
    assert 'on_quit = "keep"' in gateway.paths.config_file.read_text()
    assert (await gateway.door.call("quit", QuitResult)).how is OnQuit.KEEP
    status = await gateway.door.call("status", Status)
    assert status.snapshot is not None
    assert status.snapshot.on_quit is OnQuit.KEEP
    assert env_of(person)["ANTHROPIC_BASE_URL"] == gateway.url
    choice = await gateway.door.call("quit choice", QuitChoice, choice=OnQuit.ASK)
    assert choice.changed
    assert 'on_quit = "ask"' in gateway.paths.config_file.read_text()
    assert not (await gateway.door.call("quit choice", QuitChoice)).changed


async def quit_and_end(gateway: Serving) -> QuitResult:
    """Quit for good, and wait until the gateway has ended."""
    told = await gateway.door.call("quit", QuitResult, how=OnQuit.UNWIRE)
    async with asyncio.timeout(10):
        await asyncio.shield(gateway.ended)
    return told


async def test_unwire_gives_the_bytes_back_and_the_next_start_writes_them_again(
    gateway: Serving, person: Path
) -> None:
    home = gateway.paths.home
    assert home is not None
    key = env_of(person)["ANTHROPIC_AUTH_TOKEN"]
    told = await quit_and_end(gateway)
    assert told.how is OnQuit.UNWIRE
    assert not told.notes
    assert file_of(person).read_text() == MINE
    (one,) = journal_of(gateway).current()
    assert one.state is WiringState.SUSPENDED
    async with serving(home, "", environ(person)) as again:
        await state_becomes(again, WiringHealth.WIRED)
        assert env_of(person)["ANTHROPIC_BASE_URL"] == again.url
        assert env_of(person)["ANTHROPIC_AUTH_TOKEN"] != key
        listed = await again.door.call("consents", ConsentList)
        wire = [each for each in listed.consents if each.kind == "wire-client"]
        # One yes, asked for once.
        assert [each.given for each in wire] == [True]
        assert not again.events()


@pytest.mark.logs_trouble
async def test_a_consent_that_was_taken_back_meanwhile_is_a_no(
    gateway: Serving, person: Path
) -> None:
    home = gateway.paths.home
    assert home is not None
    await quit_and_end(gateway)
    (one,) = journal_of(gateway).current()
    assert one.state is WiringState.SUSPENDED
    # The record says no, and the history does not know of it.
    from app.assemble import in_process
    from app.consenting import taken_back
    from proxy.ledger.rows import ConsentKind

    async with in_process(gateway.paths, environ(person)) as services:
        await taken_back(services, ConsentKind.WIRE_CLIENT, "claude-code")
    async with serving(home, "", environ(person)) as again:
        shown = await state_becomes(again, WiringHealth.NOT_REWIRED)
        assert "consent" in shown.sentence
        assert file_of(person).read_text() == MINE
        # A new yes is one.
        done = await again.door.call("repair", Repair, yes=True)
        assert done.outcome is not None
        assert done.outcome.clients[0].state is Applied.APPLIED
        await state_becomes(again, WiringHealth.WIRED)


@pytest.mark.logs_trouble
async def test_what_cannot_be_written_again_is_told_and_stops_nothing(
    gateway: Serving, person: Path
) -> None:
    home = gateway.paths.home
    assert home is not None
    await quit_and_end(gateway)
    file_of(person).write_text('{"env": ')
    async with serving(home, "", environ(person)) as again:
        shown = await state_becomes(again, WiringHealth.NOT_REWIRED)
        assert str(file_of(person)) in shown.sentence
        assert shown.todo.endswith("repair claude-code")
        assert file_of(person).read_text() == '{"env": '
        (row,) = (await again.door.call("wirings", WiringList)).wirings
        assert row.state is WiringHealth.NOT_REWIRED
        file_of(person).write_text(MINE)
        done = await again.door.call("repair", Repair, client="claude-code", yes=True)
        assert done.outcome is not None
        assert done.outcome.clients[0].state is Applied.APPLIED


async def test_quit_goes_on_serving_whom_it_cannot_take_back(
    gateway: Serving, person: Path
) -> None:
    file_of(person).write_text('{"env": ')
    told = await gateway.door.call("quit", QuitResult, how=OnQuit.UNWIRE)
    assert told.how is OnQuit.KEEP
    assert any("Claude Code" in note for note in told.notes)
    assert not gateway.ended.done()


async def test_stop_says_who_is_left_and_unwires_where_that_is_asked_for(
    gateway: Serving, person: Path
) -> None:
    told = await gateway.door.call("stop", Done)
    assert "Claude Code still points here" in told.sentence
    assert "stop --unwire" in told.sentence
    assert env_of(person)["ANTHROPIC_BASE_URL"] == gateway.url


async def test_stop_with_unwire_leaves_nobody(gateway: Serving, person: Path) -> None:
    told = await gateway.door.call("stop", Done, unwire=True)
    assert "points here" not in told.sentence
    assert file_of(person).read_text() == MINE


async def test_another_port_is_told_and_repaired(
    gateway: Serving, person: Path
) -> None:
    home, old = gateway.paths.home, gateway.port
    assert home is not None
    gateway.stop.stop()
    await asyncio.shield(gateway.ended)
    assert env_of(person)["ANTHROPIC_BASE_URL"].endswith(f":{old}")
    async with serving(home, "", environ(person)) as again:
        assert again.port != old
        shown = await state_becomes(again, WiringHealth.OLD_PORT)
        assert f"old port {old}" in shown.sentence
        assert env_of(person)["ANTHROPIC_BASE_URL"].endswith(f":{old}")
        done = await again.door.call("repair", Repair, yes=True)
        assert done.outcome is not None
        assert env_of(person)["ANTHROPIC_BASE_URL"] == again.url
        await state_becomes(again, WiringHealth.WIRED)
        await again.door.call("undo", object, client="claude-code")
        assert file_of(person).read_text() == MINE


# --- login and uninstall --------------------------------------------------------------


async def test_login_is_off_until_it_is_turned_on_and_off_again_exactly(
    gateway: Serving, person: Path
) -> None:
    off = await gateway.door.call("login", LoginState)
    assert (off.on, off.way, off.changed) == (False, LoginWay.SERVICE, False)
    assert "start-at-login" not in await consents(gateway)
    on = await gateway.door.call("login", LoginState, state="on", way="desktop")
    assert (on.on, on.way, on.changed) == (True, LoginWay.DESKTOP, True)
    assert on.where == str(person / ".config/autostart/turnout.desktop")
    assert (await consents(gateway))["start-at-login"]
    same = await gateway.door.call("login", LoginState, state="on", way="desktop")
    assert not same.changed
    assert (await gateway.door.call("login", LoginState)).on
    gone = await gateway.door.call("login", LoginState, state="off")
    assert (gone.on, gone.changed) == (False, True)
    assert not (await consents(gateway))["start-at-login"]
    assert not (person / ".config").exists()


async def test_login_leaves_what_others_wrote(gateway: Serving, person: Path) -> None:
    entry = person / ".config/autostart/turnout.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nName=trains\n")
    with pytest.raises(CommandFailed) as refused:
        await gateway.door.call("login", LoginState, state="on", way="desktop")
    assert f"{entry} is there already" in refused.value.message
    assert "start-at-login" not in await consents(gateway)
    assert entry.read_text() == "[Desktop Entry]\nName=trains\n"


async def test_the_first_run_lets_it_start_at_login_after_showing_that(
    gateway: Serving, person: Path
) -> None:
    answers = "start_at_login = true\n"
    plan = await gateway.door.call("setup plan", PlanView, answers=answers)
    (told,) = plan.own
    unit = person / ".config/systemd/user/turnout.service"
    assert str(unit) in told
    assert not unit.exists()
    outcome = await gateway.door.call(
        "setup apply", Outcome, answers=answers, plan=plan.id
    )
    assert outcome.own == plan.own
    assert unit.exists()
    assert (await consents(gateway))["start-at-login"]
    again = await gateway.door.call("setup plan", PlanView, answers=answers)
    assert again.own == ()
    # What was agreed to is what is done: the other way round is another plan.
    with pytest.raises(CommandFailed, match="Something changed"):
        await gateway.door.call(
            "setup apply", Outcome, answers="start_at_login = false\n", plan=plan.id
        )
    assert unit.exists()


async def test_a_start_at_login_that_cannot_be_keeps_nobody_from_being_connected(
    gateway: Serving, person: Path
) -> None:
    unit = person / ".config/systemd/user/turnout.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/usr/bin/trains\n")
    answers = 'start_at_login = true\nclients = ["claude-code"]\n'
    plan = await gateway.door.call("setup plan", PlanView, answers=answers)
    outcome = await gateway.door.call(
        "setup apply", Outcome, answers=answers, plan=plan.id, test=False
    )
    assert outcome.own[0].startswith("Start at login was not changed: ")
    assert outcome.clients[0].state is Applied.ALREADY
    assert "trains" in unit.read_text()


async def test_uninstall_shows_everything_and_does_it_after_a_yes(
    gateway: Serving, person: Path
) -> None:
    await gateway.door.call("login", LoginState, state="on", way="desktop")
    shown = await gateway.door.call("uninstall", Uninstall)
    assert (shown.asks, shown.done) == (True, False)
    assert [each.client for each in shown.clients] == ["claude-code"]
    assert shown.login.endswith("turnout.desktop")
    assert shown.keys == ("claude-code",)
    assert shown.stays == (str(gateway.paths.home),)
    looked = await gateway.door.call("uninstall", Uninstall, dry_run=True, yes=True)
    assert (looked.asks, looked.done) == (False, False)
    assert env_of(person)["ANTHROPIC_BASE_URL"] == gateway.url
    done = await gateway.door.call("uninstall", Uninstall, yes=True)
    assert done.done
    async with asyncio.timeout(10):
        await asyncio.shield(gateway.ended)
    assert file_of(person).read_text() == MINE
    assert not (person / ".config").exists()
    assert gateway.paths.database.exists()


async def test_uninstall_stops_nothing_while_a_client_is_stuck(
    gateway: Serving, person: Path
) -> None:
    file_of(person).write_text('{"env": ')
    told = await gateway.door.call("uninstall", Uninstall, yes=True)
    assert not told.done
    assert any("Claude Code" in note for note in told.notes)
    assert not gateway.ended.done()
    keys = await gateway.door.call("keys list", KeyList)
    assert any(each.revoked is None for each in keys.keys)
