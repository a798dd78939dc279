"""consents and consents revoke: what stands, what ended, and what that undoes."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from made_plans import NOW, URL, json_wish, plan

from app.commands import keys
from app.commands.consents import ConsentList, ConsentRevoked, consents, revoke
from app.consenting import BY_HAND, agreed, journal_of
from app.doctor.looks.record import look_at_record
from app.failure import CommandFailed, Exit
from app.login_start import set_login
from app.services import Services
from app.settings.entries import Entry, with_entry
from proxy.ledger.rows import ConsentKind
from wizard.apply import apply_client
from wizard.autostart import LoginWay

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


async def wire(services: Services, file: Path) -> None:
    wanted = plan(json_wish(file))
    apply_client(wanted, journal_of(services), now=NOW, plan_id="p", port=8787)
    await agreed(services, ConsentKind.WIRE_CLIENT, "claude-code", str(file))


async def stands(services: Services) -> list[bool]:
    return [entry.stands for entry in (await consents(services)).consents]


async def test_nothing_was_agreed_to(services: Services) -> None:
    assert await consents(services) == ConsentList(())


async def test_what_was_agreed_to_is_listed(services: Services) -> None:
    await agreed(services, ConsentKind.USE_KEY, "groq", "env:GROQ_API_KEY", "Use it.")
    listed = await consents(services)
    (entry,) = listed.consents
    assert (entry.number, entry.kind, entry.subject) == (1, "use-key", "groq")
    assert (entry.scope, entry.detail) == ("env:GROQ_API_KEY", "Use it.")
    assert entry.given
    assert entry.stands
    assert (listed.broken_at, listed.waiting) == (None, 0)
    assert msgspec.json.decode(msgspec.json.encode(listed), type=ConsentList) == listed


async def test_a_yes_that_stands_is_not_repeated(services: Services) -> None:
    for scope in ("a", "a", "b"):
        await agreed(services, ConsentKind.USE_SERVER, "ollama", scope)
    assert await stands(services) == [True, True]


async def test_revoking_disconnects_the_client(services: Services, file: Path) -> None:
    await wire(services, file)
    done = await revoke(services, 1)
    assert (done.number, done.by) == (1, 2)
    assert done.sentence == "claude-code is not connected to Turnout any more."
    assert done.undone is not None
    assert read(file) == OLD
    assert await stands(services) == [False, False]
    sent = msgspec.json.encode(done)
    assert msgspec.json.decode(sent, type=ConsentRevoked) == done


async def test_a_client_that_is_stuck_is_told(services: Services, file: Path) -> None:
    await wire(services, file)
    write(file, "broken")
    done = await revoke(services, 1)
    assert "as a whole" in done.sentence
    assert "undo claude-code" in done.todo
    assert await stands(services) == [False, False]
    assert read(file) == "broken"


async def test_a_client_that_was_undone_already(services: Services) -> None:
    await agreed(services, ConsentKind.WIRE_CLIENT, "codex", "a file")
    done = await revoke(services, 1)
    assert done.undone is not None
    assert done.undone.clients == ()
    assert await stands(services) == [False, False]


async def test_revoking_what_was_set_up_by_hand_ends_its_key(
    services: Services,
) -> None:
    await keys.new(services, "n8n")
    await agreed(services, ConsentKind.WIRE_CLIENT, "n8n", BY_HAND, "The field")
    done = await revoke(services, 1)
    assert (done.number, done.by) == (1, 2)
    assert "until you take it out: The field." in done.sentence
    assert all(key.revoked for key in (await keys.list_keys(services)).keys)


async def test_revoking_a_login_takes_its_entry_out(
    services: Services, gateway: Any
) -> None:
    login = Entry("anthropic-login", {"like": "anthropic", "key": "client"})
    before = read(services.paths.config_file)
    services.config.save(lambda data: with_entry(data, login))
    assert "anthropic-login" in read(services.paths.config_file)
    await agreed(services, ConsentKind.USE_LOGIN, login.id, "client")
    done = await revoke(services, 1)
    assert read(services.paths.config_file).strip() == before.strip()
    assert "no longer passed on to anthropic-login" in done.sentence
    assert done.todo == ""
    assert gateway.asked[-1] == "config_changed"
    await agreed(services, ConsentKind.USE_LOGIN, "scripted", "client")
    await revoke(services, 3)
    assert "env:SCRIPTED_KEY" in read(services.paths.config_file)


async def test_revoking_a_key_takes_its_reference_out(
    services: Services, gateway: Any
) -> None:
    await agreed(services, ConsentKind.USE_KEY, "scripted", "env:SCRIPTED_KEY")
    done = await revoke(services, 1)
    text = read(services.paths.config_file)
    assert "env:SCRIPTED_KEY" not in text
    assert "keyring:other" in text
    assert "does not name env:SCRIPTED_KEY for scripted any more" in done.sentence
    assert gateway.asked[-1] == "config_changed"


async def test_another_key_of_that_provider_stays(services: Services) -> None:
    await agreed(services, ConsentKind.USE_KEY, "scripted", "env:OLDER_KEY")
    before = read(services.paths.config_file)
    done = await revoke(services, 1)
    assert "is not used any more" in done.sentence
    assert read(services.paths.config_file) == before


async def test_a_servers_entry_goes_with_its_consent(
    services: Services, gateway: Any
) -> None:
    file = services.paths.config_file
    before = file.read_bytes()
    address = "http://127.0.0.1:11500"
    entry = Entry("ollama", {"base_url": address})
    services.config.save(lambda data: with_entry(data, entry))
    await agreed(services, ConsentKind.USE_SERVER, "ollama", address)
    await agreed(services, ConsentKind.USE_SERVER, "gone", "http://localhost:1234")
    done = await revoke(services, 1)
    assert (done.todo, file.read_bytes()) == ("", before)
    assert gateway.asked[-1] == "config_changed"
    assert (await revoke(services, 2)).todo == ""


async def test_an_entry_somebody_wrote_more_into_is_removed_by_hand(
    services: Services,
) -> None:
    await agreed(services, ConsentKind.USE_SERVER, "other", "http://localhost:11434")
    await agreed(services, ConsentKind.USE_SERVER, "scripted", "https://models.example")
    assert 'id = "other"' in (await revoke(services, 1)).todo
    assert 'id = "scripted"' in (await revoke(services, 2)).todo


async def test_start_at_login_is_turned_off_with_its_consent(
    services: Services,
) -> None:
    await set_login(services, on=True, way=LoginWay.DESKTOP)
    entry = services.surroundings.config_home / "autostart" / "turnout.desktop"
    assert entry.exists()
    await revoke(services, 1)
    assert not entry.exists()
    assert await stands(services) == [False, False]


@pytest.mark.parametrize("kind", [ConsentKind.DOCKER, ConsentKind.SHELL_FILES])
async def test_any_other_consent_ends(services: Services, kind: ConsentKind) -> None:
    await agreed(services, kind, "this machine")
    assert (await revoke(services, 1)).by == 2
    assert await stands(services) == [False, False]


@pytest.mark.parametrize("number", [1, 2, 9])
async def test_what_does_not_stand_cannot_be_revoked(
    services: Services, number: int
) -> None:
    await agreed(services, ConsentKind.DOCKER, "")
    await revoke(services, 1)
    with pytest.raises(CommandFailed, match=f"no consent {number}") as refused:
        await revoke(services, number)
    assert refused.value.exit == Exit.USAGE
    assert len(await stands(services)) == 2


def cut(services: Services, *, after: int) -> None:
    database = sqlite3.connect(services.paths.database, isolation_level=None)
    with contextlib.closing(database):
        for name in ("no_update", "no_delete"):
            database.execute(f"DROP TRIGGER consents_{name}")
        database.execute("DELETE FROM consents WHERE sequence > ?", (after,))


async def test_entries_that_were_cut_off_are_missed(services: Services) -> None:
    for scope in ("a", "b", "c"):
        await agreed(services, ConsentKind.USE_SERVER, "ollama", scope)
    assert not (await consents(services)).failed
    cut(services, after=1)
    listed = await consents(services)
    assert (listed.failed, listed.broken_at, listed.missing) == (True, None, 2)
    assert "2 more were recorded" in (await look_at_record(services)).chain
    for scope in ("d", "e", "f"):
        await agreed(services, ConsentKind.USE_SERVER, "ollama", scope)
    listed = await consents(services)
    assert (listed.failed, listed.broken_at, listed.missing) == (True, 3, 0)


async def test_a_broken_chain_is_told_with_its_place(services: Services) -> None:
    for subject in ("a", "b", "c"):
        await agreed(services, ConsentKind.DOCKER, subject)
    with contextlib.closing(sqlite3.connect(services.paths.database)) as connection:
        connection.execute("DROP TRIGGER consents_no_update")
        connection.execute("UPDATE consents SET given = 0 WHERE sequence = 2")
        connection.commit()
    assert (await consents(services)).broken_at == 2
    assert (await consents(services)).failed


async def test_revoking_wires_nothing_else(services: Services, file: Path) -> None:
    await wire(services, file)
    await agreed(services, ConsentKind.DOCKER, "")
    await revoke(services, 2)
    assert URL in read(file)
