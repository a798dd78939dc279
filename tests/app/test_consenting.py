"""Consents reach the ledger, or wait for it and are carried over once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from dying_disk import DyingDisk, killed
from made_plans import NOW, json_wish, plan

from app.assemble import in_process
from app.consenting import (
    agreed,
    carry_over,
    journal_of,
    settle_at_start,
    standing,
    taken_back,
)
from app.paths import make_folders, paths_for
from app.services import Services
from proxy.ledger import Consent, LedgerError
from proxy.ledger.consents import verify_chain
from proxy.ledger.rows import ConsentKind
from wizard.apply import apply_client

WIRE = ConsentKind.WIRE_CLIENT


class NoLedger:
    """A ledger that cannot be used now."""

    def __getattr__(self, name: str) -> NoReturn:
        raise LedgerError("It is away.")


@pytest.fixture
async def services(turnout_home: Path) -> AsyncIterator[Services]:
    paths = paths_for({}, turnout_home)
    make_folders(paths)
    async with in_process(paths, {}) as made:
        yield made


def without(services: Services) -> Services:
    away: Any = NoLedger()
    return replace(services, ledger=away)


async def given(services: Services) -> list[tuple[str, bool, int | None]]:
    entries = await services.ledger.consents()
    assert verify_chain(entries) is None
    return [(entry.subject, entry.given, entry.revokes) for entry in entries]


async def test_a_yes_and_its_end(services: Services) -> None:
    assert await agreed(services, WIRE, "codex", "a file", "Point Codex here.")
    assert await taken_back(services, WIRE, "codex", "Codex was taken back.")
    assert await given(services) == [("codex", True, None), ("codex", False, 1)]


async def test_where_nothing_stands_nothing_ends(services: Services) -> None:
    assert await taken_back(services, WIRE, "codex")
    await agreed(services, WIRE, "codex")
    await taken_back(services, WIRE, "codex")
    await taken_back(services, WIRE, "codex")
    assert len(await given(services)) == 2


async def test_a_consent_waits_for_the_ledger(services: Services) -> None:
    assert not await agreed(without(services), WIRE, "codex", "a file")
    (waiting,) = journal_of(services).waiting_consents()
    assert (waiting.kind, waiting.subject, waiting.given) == (WIRE, "codex", True)
    assert await carry_over(services) == 1
    assert await carry_over(services) == 0
    assert await given(services) == [("codex", True, None)]


async def test_a_no_that_waited_ends_what_stood_then(services: Services) -> None:
    await agreed(services, WIRE, "codex", "one")
    await agreed(services, WIRE, "codex", "two")
    await agreed(services, WIRE, "claude-code")
    assert not await taken_back(without(services), WIRE, "codex")
    assert await carry_over(services) == 1
    assert (await given(services))[3:] == [("codex", False, 1), ("codex", False, 2)]
    left = standing(await services.ledger.consents())
    assert [entry.subject for entry in left] == ["claude-code"]


async def test_a_no_that_waited_does_not_end_a_later_yes(services: Services) -> None:
    await taken_back(without(services), WIRE, "codex")

    class Later:
        def now(self) -> object:
            return services.clock.now() + timedelta(days=1)

    later: Any = Later()
    ledger: Any = services.ledger
    journal = journal_of(services)
    (waiting,) = journal.waiting_consents()
    await agreed(replace(services, clock=later, ledger=ledger), WIRE, "codex")
    entries = await given(services)
    assert entries[-1] == ("codex", True, None)
    assert all(entry[2] is None for entry in entries)
    assert waiting.given is False


async def test_carried_twice_is_recorded_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies after the ledger took it and before the journal says so."""
    await agreed(without(services), WIRE, "codex")
    journal = journal_of(services)
    (waiting,) = journal.waiting_consents()
    await carry_over(services)
    with journal.alone():
        journal.note_consent(waiting)
    await carry_over(services)
    assert await given(services) == [("codex", True, None)]
    assert journal.waiting_consents() == ()


@pytest.mark.logs_trouble
async def test_where_nothing_can_be_written_it_is_logged(services: Services) -> None:
    journal_of(services).folder.touch()
    assert not await agreed(without(services), WIRE, "codex")


def test_what_stands(services: Services) -> None:
    entry = Consent(
        number=1,
        id="a",
        time=services.clock.now(),
        kind=WIRE,
        subject="codex",
        scope="",
        detail="",
        given=True,
        revokes=None,
        hash="",
    )
    no = replace(entry, number=2, id="b", given=False, revokes=1)
    other = replace(entry, number=3, id="c", subject="aider")
    assert standing((entry, no, other)) == (other,)
    assert standing((entry, other), WIRE, "codex") == (entry,)
    assert standing((entry, other), ConsentKind.DOCKER) == ()


# --- at a gateway's start -------------------------------------------------------------


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_left_open_is_settled_at_the_start(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    wanted = plan(json_wish(file))
    disk = DyingDisk(name="replace")
    assert killed(
        lambda: apply_client(
            wanted,
            journal_of(services),
            now=NOW,
            plan_id="p",
            port=8787,
            disk=disk,
        )
    )
    assert journal_of(services).open_deeds()
    await agreed(without(services), WIRE, "codex")
    await settle_at_start(services)
    assert journal_of(services).open_deeds() == ()
    assert left_in(tmp_path) == ["turnout-home"]
    assert await given(services) == [("codex", True, None)]


async def test_a_calm_start_writes_nothing(services: Services) -> None:
    await settle_at_start(services)
    assert not journal_of(services).folder.exists()
    await settle_at_start(without(services))


async def test_trouble_does_not_stop_the_start(services: Services) -> None:
    await agreed(without(services), WIRE, "codex")
    await settle_at_start(without(services))
    assert len(journal_of(services).waiting_consents()) == 1
