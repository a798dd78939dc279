"""Suspended clients are connected again as far as the consent of then reaches."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from made_plans import json_wish, plan

from app.drift_watch import client_name
from app.rewiring import answers_of, wire_again
from app.services import Services
from discovery.surroundings import Surroundings
from proxy.ledger import LedgerError
from wizard.answers import Answers
from wizard.apply import apply_client
from wizard.journal import Journal
from wizard.plan import Choice, Login
from wizard.records import WiringState
from wizard.undo import apply_undo

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Paths:
    """The one place that is asked for."""

    def __init__(self, folder: Path) -> None:
        self.backups = folder / "backups"


class Clock:
    def now(self) -> datetime:
        return NOW


class LockedLedger:
    """A record that cannot be read now."""

    async def consents(self) -> tuple[()]:
        raise LedgerError("It cannot be read now.")


class NoConsents:
    """A record in which nobody has said yes."""

    async def consents(self) -> tuple[()]:
        return ()


def services(folder: Path, ledger: object) -> Services:
    empty: Any = None
    return Services(
        paths=cast("Any", Paths(folder)),
        config=empty,
        ledger=cast("Any", ledger),
        secrets=empty,
        clock=cast("Any", Clock()),
        state=None,
        gateway=None,
        version="1",
        command_path="turnout",
        surroundings=Surroundings(folder, {}, "linux"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one suspended client."""
    journal = Journal(tmp_path / "backups" / "wiring")
    apply_client(
        plan(json_wish(tmp_path / "settings.json")),
        journal,
        now=NOW,
        plan_id="p",
        port=8787,
    )
    apply_undo(journal, ["claude-code"], now=NOW, suspend=True)
    return tmp_path


@pytest.mark.logs_trouble
@pytest.mark.parametrize(
    ("ledger", "why"), [(LockedLedger(), "cannot be read now"), (NoConsents(), "taken")]
)
async def test_without_a_consent_that_can_be_read_nothing_is_written(
    folder: Path, ledger: object, why: str
) -> None:
    failed: list[tuple[str, str]] = []
    await wire_again(
        services(folder, ledger), lambda client, said: failed.append((client, said))
    )
    ((client, said),) = failed
    assert client_name(client) == "Claude Code"
    assert why in said
    assert not (folder / "settings.json").exists()
    (one,) = Journal(folder / "backups" / "wiring").current()
    assert one.state is WiringState.SUSPENDED


async def test_who_was_taken_back_for_good_stays_so(folder: Path) -> None:
    journal = Journal(folder / "backups" / "wiring")
    apply_undo(journal, ["claude-code"], now=NOW)
    failed: list[str] = []
    await wire_again(
        services(folder, LockedLedger()), lambda client, _: failed.append(client)
    )
    assert failed == []
    assert not (folder / "settings.json").exists()


@pytest.mark.logs_trouble
async def test_a_history_that_cannot_be_read_is_no_crash(folder: Path) -> None:
    history = folder / "backups" / "wiring" / "journal.jsonl"
    history.unlink()
    history.mkdir()
    failed: list[str] = []
    await wire_again(
        services(folder, LockedLedger()), lambda client, _: failed.append(client)
    )
    assert failed == []


def test_the_choice_of_then_is_the_answer_of_now() -> None:
    choice = Choice("codex", Login.OWN, always=True, helper=True, free_model=True)
    answers = answers_of(choice)
    assert isinstance(answers, Answers)
    assert answers.choice("codex") == choice
    yes = answers_of(choice, over_local=True)
    assert yes.choice("codex") == replace(choice, over_local=True)
