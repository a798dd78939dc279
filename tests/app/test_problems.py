"""What is wrong, as sentences."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from app.paths import paths_for
from app.problems import problems
from app.settings import ConfigStore
from proxy.ledger import Ledger, LedgerError


@dataclass(frozen=True)
class FakeLedger:
    notes: tuple[str, ...] = ()
    lost: int = 0


class Closed:
    @property
    def notes(self) -> tuple[str, ...]:
        raise LedgerError("A newer Turnout wrote it.")


def told(store: ConfigStore, ledger: object) -> tuple[str, ...]:
    return problems(store, cast("Ledger", ledger))


@pytest.fixture
def store(tmp_path: Path) -> ConfigStore:
    return ConfigStore(paths_for({}, tmp_path))


def test_nothing_wrong_is_nothing_told(store: ConfigStore) -> None:
    assert told(store, FakeLedger()) == ()


def test_a_ledger_set_aside_and_lost_rows_are_told(store: ConfigStore) -> None:
    note, lost = told(store, FakeLedger(("It was set aside.",), 1200))
    assert note == "It was set aside."
    assert "lost 1,200 entries" in lost
    (lost,) = told(store, FakeLedger(lost=1))
    assert "lost 1 entry," in lost


def test_a_ledger_that_cannot_be_opened_says_why(store: ConfigStore) -> None:
    assert told(store, Closed()) == ("A newer Turnout wrote it.",)


def test_an_unreadable_file_has_no_empty_place(
    store: ConfigStore, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").mkdir()
    store.load()
    found = told(store, FakeLedger())
    assert any(sentence.startswith("Turnout cannot read") for sentence in found)
