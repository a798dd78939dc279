"""An uninstall without a gateway; with one it is told in `test_lifecycle`."""

from dataclasses import replace
from pathlib import Path

from app.commands import keys
from app.commands.uninstall import uninstall
from app.consenting import BY_HAND, agreed, standing
from app.paths import paths_for
from app.services import Services
from proxy.ledger.rows import ConsentKind


async def test_nothing_there_is_nothing_to_do(alone: Services) -> None:
    shown = await uninstall(alone)
    assert (shown.asks, shown.done) == (True, False)
    assert (shown.clients, shown.login, shown.keys, shown.gateway) == ((), "", (), "")
    assert shown.stays == (str(alone.paths.home),)
    assert any("other" in note for note in shown.notes)


async def test_keys_end_after_the_yes_and_the_record_stays(alone: Services) -> None:
    await keys.new(alone, "mine")
    await keys.new(alone, "mine")
    shown = await uninstall(alone, dry_run=True)
    assert (shown.asks, shown.keys) == (False, ("mine",))
    done = await uninstall(alone, yes=True)
    assert (done.done, done.notes) == (True, shown.notes)
    listed = await keys.list_keys(alone)
    assert all(each.revoked for each in listed.keys)
    assert alone.paths.database.exists()


async def test_the_platforms_folders_are_named_once(
    alone: Services, tmp_path: Path
) -> None:
    spread = replace(alone.paths, home=None)
    told = await uninstall(replace(alone, paths=spread), dry_run=True)
    assert len(told.stays) == len(set(told.stays))
    assert str(tmp_path / "home") in told.stays
    assert paths_for({}, tmp_path / "home") == alone.paths


async def test_what_was_set_up_by_hand_is_named_and_its_consent_ends(
    alone: Services,
) -> None:
    kind = ConsentKind.WIRE_CLIENT
    await agreed(alone, kind, "n8n", BY_HAND, "The field Base URL")
    shown = await uninstall(alone, dry_run=True)
    assert any("would end" in note for note in shown.notes)
    done = await uninstall(alone, yes=True)
    assert any("take it out: The field Base URL" in note for note in done.notes)
    assert standing(await alone.ledger.consents()) == ()
