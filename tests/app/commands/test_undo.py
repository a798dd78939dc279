"""undo: by client or all, previewed, listed; without gateway, ledger or config."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from made_plans import NOW, URL, json_wish, plan

from app.__main__ import main
from app.assemble import in_process
from app.commands import keys
from app.commands.undo import UndoResult, undo, unwire
from app.consenting import BY_HAND, agreed, journal_of, standing
from app.failure import CommandFailed, Exit
from app.paths import make_folders, paths_for
from app.services import Services
from app.settings.entries import Entry, with_entry
from proxy.ledger import Consent
from proxy.ledger.rows import ConsentKind
from wizard.apply import apply_client
from wizard.records import WiringState
from wizard.undone import Way

OLD = '{"model": "opus"}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "client" / "settings.json"
    made.parent.mkdir()
    made.write_text(OLD)
    return made


def read(file: Path) -> str:
    return file.read_text()


def write(file: Path, text: str) -> None:
    file.write_text(text)


def databases(home: Path) -> list[Path]:
    return list(home.glob("turnout.db*"))


async def wire(services: Services, file: Path, client: str = "claude-code") -> None:
    await keys.new(services, client)
    wanted = plan(json_wish(file), client=client)
    apply_client(wanted, journal_of(services), now=NOW, plan_id="p", port=8787)
    await agreed(services, ConsentKind.WIRE_CLIENT, client, str(file))
    assert URL in read(file)


async def yes(services: Services) -> tuple[Consent, ...]:
    return standing(await services.ledger.consents())


async def test_a_client_goes_back_with_key_and_consent(
    services: Services, gateway: Any, file: Path
) -> None:
    await wire(services, file)
    gateway.asked.clear()
    done = await undo(services, "claude-code")
    assert done.done
    assert done.notes == ()
    (client,) = done.clients
    assert (client.client, client.state) == ("claude-code", WiringState.UNDONE)
    assert (client.files[0].path, client.files[0].way) == (str(file), Way.EXACT)
    assert read(file) == OLD
    assert all(key.revoked for key in (await keys.list_keys(services)).keys)
    assert gateway.asked == ["reload_keys"]
    assert await yes(services) == ()
    first, second = await services.ledger.consents()
    assert (first.given, second.given, second.revokes) == (True, False, first.number)


async def test_all_clients_go_back(alone: Services, file: Path, tmp_path: Path) -> None:
    await wire(alone, file)
    await wire(alone, tmp_path / "other.json", "opencode")
    done = await undo(alone, all_=True)
    assert [each.client for each in done.clients] == ["claude-code", "opencode"]
    assert read(file) == OLD
    assert not (tmp_path / "other.json").exists()
    assert await undo(alone, all_=True) == UndoResult(True)


async def test_a_dry_run_changes_nothing(alone: Services, file: Path) -> None:
    await wire(alone, file)
    before = read(file)
    shown = await undo(alone, "claude-code", dry_run=True)
    assert not shown.done
    assert shown.clients[0].files[0].way is Way.EXACT
    assert read(file) == before
    assert len(await yes(alone)) == 1


async def test_the_history_is_over_all_clients(
    alone: Services, file: Path, tmp_path: Path
) -> None:
    await wire(alone, file)
    await undo(alone, "claude-code")
    await wire(alone, tmp_path / "other.json", "opencode")
    for shown in (await undo(alone, list_=True), await undo(alone)):
        assert shown.listed
        assert [(each.number, each.client, each.state) for each in shown.history] == [
            (1, "claude-code", WiringState.UNDONE),
            (2, "opencode", WiringState.APPLIED),
        ]
        assert shown.history[0].files == (str(file),)
        assert shown.history[0].ended is not None


async def test_twice_is_told_and_a_stranger_is_refused(
    alone: Services, file: Path
) -> None:
    await wire(alone, file)
    await undo(alone, "claude-code")
    again = await undo(alone, "claude-code")
    assert again.clients == ()
    assert "nothing to take back" in again.notes[0]
    with pytest.raises(CommandFailed, match="never changed anything") as refused:
        await undo(alone, "emacs")
    assert refused.value.exit == Exit.USAGE


async def test_a_changed_key_is_left_or_forced(alone: Services, file: Path) -> None:
    await wire(alone, file)
    write(file, read(file).replace(URL, "https://elsewhere.example"))
    shown = await undo(alone, "claude-code", dry_run=True)
    (left,) = [key for key in shown.clients[0].files[0].keys if key.sentence]
    assert left.key == "env.BASE_URL"
    await undo(alone, "claude-code")
    assert "elsewhere" in read(file)
    await undo(alone, "claude-code", force_owned=True)
    assert json.loads(read(file)) == json.loads(OLD)
    with pytest.raises(CommandFailed, match="never changed"):
        await undo(alone, "codex", force_owned=True)


async def test_a_stuck_file_keeps_key_and_consent(alone: Services, file: Path) -> None:
    await wire(alone, file)
    write(file, "broken")
    done = await undo(alone, "claude-code")
    assert not done.clients[0].complete
    assert (done.done, done.failed) == (False, True)
    shown = await undo(alone, "claude-code", dry_run=True)
    assert (shown.done, shown.failed) == (False, False)
    assert len(await yes(alone)) == 1
    assert not any(key.revoked for key in (await keys.list_keys(alone)).keys)


@pytest.mark.parametrize("words", [["undo", "claude-code"], ["uninstall", "--yes"]])
async def test_what_is_not_taken_back_is_a_failed_command(
    turnout_home: Path,
    file: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("TURNOUT_HOME", str(turnout_home))
    await wired_home(turnout_home, file)
    write(file, "broken")
    before = os.umask(0o077)  # the command line makes its process private
    try:
        assert await asyncio.to_thread(main, words) == Exit.FAILED
    finally:
        os.umask(before)
    said = capsys.readouterr().out
    assert "could not be taken back" in said
    assert "what an undo would do" not in said


async def test_a_suspension_keeps_the_consent(alone: Services, file: Path) -> None:
    await wire(alone, file)
    done = await unwire(alone, ("claude-code",), suspend=True)
    assert done.clients[0].state is WiringState.SUSPENDED
    assert read(file) == OLD
    assert len(await yes(alone)) == 1


async def test_the_file_with_the_key_goes(alone: Services, file: Path) -> None:
    await wire(alone, file)
    key_file = alone.paths.state / "keys" / "claude-code"
    key_file.parent.mkdir()
    key_file.touch()
    await undo(alone, "claude-code")
    assert not key_file.exists()


async def test_the_result_crosses_the_door(alone: Services, file: Path) -> None:
    await wire(alone, file)
    for shown in (await undo(alone), await undo(alone, "claude-code")):
        sent = msgspec.json.encode(shown)
        assert msgspec.json.decode(sent, type=UndoResult) == shown


async def test_a_folder_that_cannot_be_used_is_told(
    alone: Services, file: Path
) -> None:
    await wire(alone, file)
    folder = journal_of(alone).folder
    folder.rename(folder.with_name("away"))
    folder.touch()
    with pytest.raises(CommandFailed, match="cannot be used"):
        await undo(alone, "claude-code")
    assert URL in read(file)


async def by_hand(services: Services, client: str = "n8n") -> None:
    await keys.new(services, client)
    kind = ConsentKind.WIRE_CLIENT
    await agreed(services, kind, client, BY_HAND, "The field Base URL")


@pytest.mark.parametrize("all_", [False, True])
async def test_what_was_set_up_by_hand_ends_and_says_what_is_left(
    alone: Services, *, all_: bool
) -> None:
    await by_hand(alone)
    shown = await undo(alone, None if all_ else "n8n", all_=all_, dry_run=True)
    assert not shown.done
    assert "would end" in shown.notes[0]
    assert len(await yes(alone)) == 1
    done = await undo(alone, None if all_ else "n8n", all_=all_)
    assert (done.done, done.failed) == (True, False)
    assert "until you take it out: The field Base URL." in done.notes[0]
    assert await yes(alone) == ()
    assert all(key.revoked for key in (await keys.list_keys(alone)).keys)


async def test_a_login_that_nobody_needs_any_more_is_named(
    alone: Services, file: Path, tmp_path: Path
) -> None:
    login = Entry("anthropic-login", {"like": "anthropic", "key": "client"})
    alone.config.save(lambda data: with_entry(data, login))
    await wire(alone, file)
    await wire(alone, tmp_path / "other.json", "opencode")
    assert (await undo(alone, "claude-code")).notes == ()
    (said,) = (await undo(alone, "opencode")).notes
    assert 'still has anthropic-login with key = "client"' in said
    assert any(each.id == login.id for each in alone.config.current.providers)


# --- when nothing else works ----------------------------------------------------------


async def wired_home(home: Path, file: Path) -> None:
    paths = paths_for({}, home)
    make_folders(paths)
    async with in_process(paths, {}) as services:
        await wire(services, file)


async def undone_there(home: Path) -> UndoResult:
    async with in_process(paths_for({}, home), {}) as services:
        return await undo(services, "claude-code")


async def consents_there(home: Path) -> tuple[Consent, ...]:
    async with in_process(paths_for({}, home), {}) as services:
        await agreed(services, ConsentKind.DOCKER, "")
        return await services.ledger.consents()


async def test_without_a_database(turnout_home: Path, file: Path) -> None:
    await wired_home(turnout_home, file)
    for path in databases(turnout_home):
        path.unlink()
    done = await undone_there(turnout_home)
    assert done.clients[0].complete
    assert read(file) == OLD


@pytest.mark.logs_trouble
async def test_with_a_damaged_database(turnout_home: Path, file: Path) -> None:
    await wired_home(turnout_home, file)
    for path in databases(turnout_home):
        path.write_bytes(b"not a database" * 1000)
    assert (await undone_there(turnout_home)).clients[0].complete
    assert read(file) == OLD


async def test_with_a_newer_database(turnout_home: Path, file: Path) -> None:
    await wired_home(turnout_home, file)
    with contextlib.closing(sqlite3.connect(turnout_home / "turnout.db")) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute("PRAGMA user_version = 99")
    done = await undone_there(turnout_home)
    assert read(file) == OLD
    assert len(done.notes) == 2
    assert "keys revoke claude-code" in done.notes[0]
    with contextlib.closing(sqlite3.connect(turnout_home / "turnout.db")) as database:
        database.execute(f"PRAGMA user_version = {version}")
    entries = await consents_there(turnout_home)
    assert [(each.kind, each.revokes) for each in entries] == [
        ("wire-client", None),
        ("wire-client", 1),
        ("docker", None),
    ]


@pytest.mark.slow
@pytest.mark.logs_trouble
async def test_with_a_locked_database(turnout_home: Path, file: Path) -> None:
    await wired_home(turnout_home, file)
    lock = sqlite3.connect(turnout_home / "turnout.db", isolation_level=None)
    with contextlib.closing(lock):
        lock.execute("PRAGMA locking_mode = EXCLUSIVE")
        lock.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        done = await undone_there(turnout_home)
        assert time.monotonic() - begun < 5
        assert done.clients[0].complete
        assert read(file) == OLD
        lock.execute("ROLLBACK")
    entries = await consents_there(turnout_home)
    assert [each.kind for each in entries] == ["wire-client", "wire-client", "docker"]
    assert entries[1].revokes == 1


@pytest.mark.parametrize(
    "config", [b"\xff\xfe broken", b"[[[", b"[gateway]\nport = 'x'"]
)
async def test_with_a_broken_configuration(
    turnout_home: Path, file: Path, config: bytes
) -> None:
    await wired_home(turnout_home, file)
    (turnout_home / "config.toml").write_bytes(config)
    assert (await undone_there(turnout_home)).clients[0].complete
    assert read(file) == OLD


async def test_with_a_clock_that_went_back(alone: Services, file: Path) -> None:
    await wire(alone, file)

    class Earlier:
        def now(self) -> object:
            return NOW.replace(year=2001)

        def monotonic(self) -> float:
            return 0.0

    earlier: Any = Earlier()
    done = await undo(replace(alone, clock=earlier), "claude-code")
    assert done.clients[0].complete
    assert await yes(alone) == ()
