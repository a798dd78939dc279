"""keys new, list, show, revoke."""

import stat
from typing import Any

import msgspec
import pytest

from app.commands import keys
from app.failure import CommandFailed
from app.serve import CannotServe
from app.services import Services
from proxy.keys import Scope, looks_valid


async def test_a_new_key_is_valid_shown_once_and_stored_as_a_hash(
    services: Services, gateway: Any
) -> None:
    made = await keys.new(services, "claude-code")
    assert looks_valid(made.key)
    assert msgspec.to_builtins(made) == {
        "name": "claude-code",
        "key": made.key,
        "scope": "call",
    }
    assert made.key not in repr(made)
    assert gateway.asked == ["reload_keys"]
    (told,) = (await keys.list_keys(services)).keys
    assert (told.name, told.scope, told.revoked) == ("claude-code", Scope.CALL, None)
    for path in services.paths.config_file.parent.rglob("*"):
        if path.is_file():
            assert made.key.encode() not in path.read_bytes()


async def test_a_key_works_without_a_gateway_too(alone: Services) -> None:
    assert (await keys.new(alone, "codex", scope=Scope.READ)).scope is Scope.READ
    assert len((await keys.list_keys(alone)).keys) == 1


async def test_revoking_ends_every_key_of_the_name(
    services: Services, gateway: Any
) -> None:
    await keys.new(services, "codex")
    await keys.new(services, "codex")
    await keys.new(services, "opencode")
    assert (await keys.revoke(services, "codex")).count == 2
    told = (await keys.list_keys(services)).keys
    assert [key.revoked is None for key in told] == [False, False, True]
    assert gateway.asked == ["reload_keys"] * 4
    with pytest.raises(CommandFailed, match="no valid key"):
        await keys.revoke(services, "codex")


async def test_a_kept_key_can_be_shown_again_until_it_is_revoked(
    alone: Services,
) -> None:
    made = await keys.new(alone, "codex", keep=True)
    assert await keys.show(alone, "codex", start=False) == keys.KeptKey(
        "codex", made.key
    )
    await keys.revoke(alone, "codex")
    with pytest.raises(CommandFailed, match="no kept key"):
        await keys.show(alone, "codex", start=False)


async def test_a_key_that_was_not_kept_cannot_be_shown(alone: Services) -> None:
    await keys.new(alone, "codex")
    with pytest.raises(CommandFailed) as caught:
        await keys.show(alone, "codex", start=False)
    assert caught.value.todo == "/opt/turnout keys new codex --keep makes one."


async def test_another_names_entry_is_not_taken(alone: Services, keyring: Any) -> None:
    await keys.new(alone, "codex", keep=True)
    ((place, value),) = keyring.entries.items()
    keyring.entries[place[0], place[1].replace("codex", "aider")] = value
    with pytest.raises(CommandFailed, match="no kept key"):
        await keys.show(alone, "aider", start=False)


async def test_without_a_keyring_a_private_file_keeps_the_key(
    alone: Services, keyring: Any
) -> None:
    keyring.broken = True
    made = await keys.new(alone, "codex", keep=True)
    file = keys.key_file(alone.paths, "codex")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = await keys.show(alone, "codex", start=False)
    assert shown == keys.KeptKey("codex", made.key)
    keyring.broken = False
    again = await keys.new(alone, "codex", keep=True)
    assert not file.exists()
    assert (await keys.show(alone, "codex", start=False)).key == again.key


async def test_a_key_that_can_be_kept_nowhere_is_not_made(
    alone: Services, keyring: Any
) -> None:
    keyring.broken = True
    keys.key_file(alone.paths, "codex").parent.write_text("in the way")
    with pytest.raises(CommandFailed) as caught:
        await keys.new(alone, "codex", keep=True)
    assert "No key was made" in caught.value.message
    assert (await keys.list_keys(alone)).keys == ()


async def test_a_shown_key_starts_a_gateway_where_none_runs(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    monkeypatch.setattr(
        "app.serve.start_keeper", lambda _paths, port: started.append(port)
    )
    made = await keys.new(alone, "codex", keep=True)
    assert await keys.show(alone, "codex") == keys.KeptKey("codex", made.key)
    assert started == [8787]


async def test_a_gateway_that_cannot_start_keeps_no_key_from_its_client(
    alone: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_paths: Any, _port: int) -> None:
        raise CannotServe("Port 8787 is taken.")

    monkeypatch.setattr("app.serve.start_keeper", refused)
    made = await keys.new(alone, "codex", keep=True)
    shown = await keys.show(alone, "codex")
    assert shown.key == made.key
    assert "Port 8787 is taken" in shown.note


async def test_a_providers_key_goes_into_the_keyring(
    alone: Services, keyring: Any
) -> None:
    stored = await keys.store(alone, "openai", value="canary-0123456789wxyz")
    assert stored == keys.StoredKey("keyring:openai", "wxyz")
    assert keyring.entries["turnout", "openai"] == "canary-0123456789wxyz"
    moved = await keys.store(alone, "scripted", variable="SCRIPTED_KEY")
    assert moved.last4 == ""
    assert keyring.entries["turnout", "scripted"] == "sk-canary"


async def test_a_key_that_is_not_there_or_cannot_be_stored(
    alone: Services, keyring: Any
) -> None:
    for given in ({}, {"variable": "NOT_SET"}):
        with pytest.raises(CommandFailed, match="No key was stored"):
            await keys.store(alone, "openai", **given)
    keyring.broken = True
    with pytest.raises(CommandFailed) as caught:
        await keys.store(alone, "openai", value="canary-0123456789")
    assert "canary" not in caught.value.message + caught.value.todo
