"""The files of refreshed prices: what is in force, and back again."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import resources
from app import prices
from app.paths import Paths, make_folders, paths_for
from app.prices import (
    KEPT,
    NothingToUndo,
    PricesBusy,
    active_snapshot,
    repriced,
    save_prices,
    undo_prices,
)
from proxy.catalogue import catalogue_of, known_providers, read_providers
from proxy.money import Price
from proxy.prices.snapshot import SHIPPED, price_snapshot, snapshot_of


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = paths_for({}, tmp_path / "home")
    make_folders(found)
    return found


def document(name: str) -> bytes:
    whole: dict[str, Any] = json.loads(resources.data(SHIPPED))
    return json.dumps(whole | {"id": name}).encode()


def take(paths: Paths, name: str) -> None:
    save_prices(paths, document(name), active_snapshot(paths))


def test_a_new_home_has_the_shipped_prices(paths: Paths) -> None:
    active = active_snapshot(paths)
    assert active.snapshot is price_snapshot()
    assert (active.refreshed, active.problem) == (False, "")


def test_a_refresh_acts_and_an_undo_brings_the_very_bytes_back(paths: Paths) -> None:
    take(paths, "first")
    first = active_snapshot(paths)
    take(paths, "second")
    assert active_snapshot(paths).snapshot.id == "second"
    assert active_snapshot(paths).refreshed
    undo_prices(paths)
    assert active_snapshot(paths).snapshot.digest == first.snapshot.digest
    undo_prices(paths)
    assert active_snapshot(paths).snapshot is price_snapshot()
    with pytest.raises(NothingToUndo):
        undo_prices(paths)


def test_documents_are_for_the_user_alone(paths: Paths) -> None:
    take(paths, "first")
    (file,) = (paths.state / "prices").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_only_the_last_are_kept_and_undo_never_skips_one(paths: Paths) -> None:
    for number in range(KEPT + 2):
        take(paths, f"p{number}")
    assert len(list((paths.state / "prices").iterdir())) == KEPT
    for _ in range(KEPT - 1):
        undo_prices(paths)
    assert active_snapshot(paths).snapshot.id == "p2"
    # What was in force before is gone: the shipped prices would be something else.
    with pytest.raises(NothingToUndo):
        undo_prices(paths)
    assert active_snapshot(paths).snapshot.id == "p2"


@pytest.mark.parametrize("broken", [b"", b"{}", b"\xff", b'{"schema": 99}'])
def test_a_broken_file_does_not_act_and_says_so(paths: Paths, broken: bytes) -> None:
    take(paths, "first")
    file = paths.state / "prices" / "000001.json"
    file.write_bytes(broken)
    active = active_snapshot(paths)
    assert active.snapshot is price_snapshot()
    assert "are not used" in active.problem
    assert str(file) in active.problem
    undo_prices(paths)
    assert active_snapshot(paths).problem == ""


def test_a_file_that_is_too_large_does_not_act(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(paths, "first")
    monkeypatch.setattr(prices, "MOST_BYTES", 1000)
    assert "too large" in active_snapshot(paths).problem


def test_a_folder_in_the_place_of_a_document_is_told(paths: Paths) -> None:
    (paths.state / "prices" / "000001.json").mkdir(parents=True)
    assert active_snapshot(paths).snapshot is price_snapshot()
    assert active_snapshot(paths).problem


def test_foreign_files_in_the_folder_are_left_alone(paths: Paths) -> None:
    folder = paths.state / "prices"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    take(paths, "first")
    undo_prices(paths)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_refresh_that_came_in_between_wins(paths: Paths) -> None:
    before = active_snapshot(paths)
    take(paths, "first")
    with pytest.raises(PricesBusy):
        save_prices(paths, document("second"), before)
    assert active_snapshot(paths).snapshot.id == "first"


def test_a_document_is_read_again_only_when_it_changed(paths: Paths) -> None:
    take(paths, "first")
    assert active_snapshot(paths).snapshot is active_snapshot(paths).snapshot
    (paths.state / "prices" / "000001.json").write_bytes(document("edited"))
    assert active_snapshot(paths).snapshot.id == "edited"


def test_repricing_changes_tracked_prices_and_never_the_users_own() -> None:
    entry = {
        "id": "anthropic",
        "key": "none",
        "models": [{"id": "claude-opus-5-5", "price": {"input": "1", "output": "2"}}],
    }
    providers, problems = read_providers({"providers": [entry]}, known_providers())
    assert not problems
    whole: dict[str, Any] = json.loads(resources.data(SHIPPED))
    maker = next(p for p in whole["providers"] if p["id"] == "anthropic")
    haiku = next(m for m in maker["models"] if m["id"] == "claude-haiku-5-5")
    haiku["entries"] = [{"prices": {"input": "7", "output": "8"}}]
    maker["models"] = [haiku]
    before = catalogue_of(providers)
    after = repriced(before, snapshot_of(json.dumps(whole).encode()))
    found = {m.id: m.price for p in after.providers for m in p.models}
    assert found["claude-opus-5-5"] == Price(Decimal(1), Decimal(2))
    changed = found["claude-haiku-5-5"]
    assert changed is not None
    assert (changed.input, changed.output) == (Decimal(7), Decimal(8))
    assert found["claude-sonnet-5-5"] is None
    assert after.snapshot != before.snapshot
    stripped = [replace(p, models=()) for p in after.providers]
    assert stripped == [replace(p, models=()) for p in before.providers]


def test_the_shipped_prices_bring_every_known_provider_back_as_it_was() -> None:
    entries = [
        *({"id": name, "key": "none"} for name in ("anthropic", "deepseek", "zai")),
        {"id": "work", "like": "anthropic", "key": "env:WORK"},
        {
            "id": "mine",
            "base_url": "https://mine.example",
            "protocols": ["openai-chat"],
            "key": "none",
            "models": [{"id": "gpt-5.1"}],
        },
    ]
    providers, problems = read_providers({"providers": entries}, known_providers())
    assert not problems
    before = catalogue_of(providers)
    whole: dict[str, Any] = json.loads(resources.data(SHIPPED))
    for provider in whole["providers"]:
        for model in provider["models"]:
            model["entries"] = [{"prices": {"input": "7", "output": "8"}}]
    other = repriced(before, snapshot_of(json.dumps(whole).encode()))
    work, mine = other.provider("work"), other.provider("mine")
    assert work is not None
    assert {m.price.input for m in work.models if m.price} == {Decimal(7)}
    assert mine == before.provider("mine")
    back = repriced(other, price_snapshot())
    assert back == before
    # Names that nobody lists follow as well.
    for catalogue, into in ((before, 15), (other, 7), (back, 15)):
        account = catalogue.provider("work")
        assert account is not None
        opus = account.rates("claude-opus-4-1")
        assert opus is not None
        assert opus.base is not None
        assert opus.base.input == into
