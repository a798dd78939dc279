"""keys new, list, show, revoke."""

from typing import Any

import msgspec
import pytest

from app.commands import keys
from app.failure import CommandFailed
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
    assert await keys.show(alone, "codex") == keys.KeptKey("codex", made.key)
    await keys.revoke(alone, "codex")
    with pytest.raises(CommandFailed, match="no kept key"):
        await keys.show(alone, "codex")


async def test_a_key_that_was_not_kept_cannot_be_shown(alone: Services) -> None:
    await keys.new(alone, "codex")
    with pytest.raises(CommandFailed) as caught:
        await keys.show(alone, "codex")
    assert caught.value.todo == "/opt/turnout keys new codex --keep makes one."


async def test_another_names_entry_is_not_taken(alone: Services, keyring: Any) -> None:
    await keys.new(alone, "codex", keep=True)
    ((place, value),) = keyring.entries.items()
    keyring.entries[place[0], place[1].replace("codex", "aider")] = value
    with pytest.raises(CommandFailed, match="no kept key"):
        await keys.show(alone, "aider")


async def test_a_keyring_that_fails_makes_no_key(alone: Services, keyring: Any) -> None:
    keyring.broken = True
    with pytest.raises(CommandFailed) as caught:
        await keys.new(alone, "codex", keep=True)
    assert "No key was made" in caught.value.message
    assert (await keys.list_keys(alone)).keys == ()
