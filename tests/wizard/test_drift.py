"""Drift: only our own keys matter, and who changed them is told where it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_plans import KEY, NOW, URL, json_wish, plan

from discovery.files import FileState, Trouble, look_at
from wizard.apply import apply_client
from wizard.drift import Drift, DriftKind, accept, culprit, drift
from wizard.formats import ABSENT, Format, Json
from wizard.journal import Journal
from wizard.plan import FileWish, KeyWish
from wizard.records import Wiring, WiringState
from wizard.undo import apply_undo

OLD = '{\n  "env": {"THEIRS": "kept"},\n  "model": "opus"\n}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "settings.json"
    made.write_text(OLD)
    return made


@pytest.fixture
def journal(file: Path, tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "wiring")
    apply_client(plan(json_wish(file)), made, now=NOW, plan_id="p", port=8787)
    return made


def current(journal: Journal) -> Wiring:
    (wiring,) = journal.current()
    return wiring


def drifted(journal: Journal, file: Path) -> tuple[Drift, ...]:
    return drift(current(journal), {file: look_at(file)})


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_as_we_left_it_there_is_none(journal: Journal, file: Path) -> None:
    assert drifted(journal, file) == ()


def test_the_clients_own_writing_is_none(journal: Journal, file: Path) -> None:
    edit(file, '"kept"', '"kept", "MORE": "1"')
    assert drifted(journal, file) == ()


def test_a_file_that_was_not_looked_at_is_not_judged(journal: Journal) -> None:
    assert drift(current(journal), {}) == ()


def test_a_key_that_somebody_changed(journal: Journal, file: Path) -> None:
    edit(file, URL, "https://elsewhere.example")
    (found,) = drifted(journal, file)
    assert (found.key, found.kind) == ("env.BASE_URL", DriftKind.CHANGED)
    assert found.found == '"https://elsewhere.example"'
    assert found.by == ""
    assert found.sentence == (
        f'env.BASE_URL in {file} holds "https://elsewhere.example" now, so claude-code'
        " may go past Turnout."
    )


@pytest.mark.parametrize(
    ("value", "by"),
    [
        ("http://127.0.0.1:3456", "claude-code-router"),
        ("http://localhost:15721/v1", "cc-switch"),
        ("PROXY_MANAGED", "cc-switch"),
    ],
)
def test_another_router_is_named(
    journal: Journal, file: Path, value: str, by: str
) -> None:
    edit(file, URL, value)
    (found,) = drifted(journal, file)
    assert found.by == by
    assert found.sentence.endswith(f" That looks like {by}.")


@pytest.mark.parametrize("value", [ABSENT, None, 3, "https://api.example", URL])
def test_nobody_is_named_without_a_mark(value: Json) -> None:
    assert culprit(value) == ""


def test_a_key_that_is_gone(journal: Journal, file: Path) -> None:
    file.write_text(OLD)
    found = drifted(journal, file)
    assert [each.key for each in found] == ["env.BASE_URL", "env.HEADERS", "model"]
    kinds = {DriftKind.GONE, DriftKind.CHANGED}
    assert {each.kind for each in found} == kinds
    assert "was taken away" in found[0].sentence


def test_a_secret_is_not_shown(journal: Journal, file: Path) -> None:
    edit(file, KEY, KEY.replace("canary", "others"))
    (found,) = drifted(journal, file)
    assert "others" not in found.found + found.sentence


def test_a_file_that_is_gone(journal: Journal, file: Path) -> None:
    file.unlink()
    (found,) = drifted(journal, file)
    assert (found.kind, found.key) == (DriftKind.FILE_GONE, "")


def test_a_file_that_cannot_be_read(journal: Journal, file: Path) -> None:
    state = FileState(file, file, None, trouble=Trouble.UNREADABLE)
    (found,) = drift(current(journal), {file: state})
    assert found.kind is DriftKind.BROKEN


def test_a_broken_file_is_told_with_its_line(journal: Journal, file: Path) -> None:
    edit(file, '"model"', "model")
    (found,) = drifted(journal, file)
    assert found.kind is DriftKind.BROKEN
    assert f"{file}, line 3" in found.sentence


def test_what_is_suspended_does_not_drift(journal: Journal, file: Path) -> None:
    apply_undo(journal, ("claude-code",), now=NOW, suspend=True)
    assert drifted(journal, file) == ()


def test_accepting_gives_one_key_up(journal: Journal, file: Path) -> None:
    edit(file, URL, "https://elsewhere.example")
    accept(journal, drifted(journal, file), NOW)
    assert drifted(journal, file) == ()
    assert current(journal).state is WiringState.APPLIED
    apply_undo(journal, ("claude-code",), now=NOW)
    text = file.read_text()
    assert "https://elsewhere.example" in text
    assert KEY not in text
    assert '"model": "opus"' in text


def test_accepting_everything_releases_the_client(journal: Journal, file: Path) -> None:
    file.unlink()
    accept(journal, drifted(journal, file), NOW)
    assert journal.current() == ()
    assert journal.history()[0].state is WiringState.RELEASED


def test_accepting_nothing_writes_nothing(journal: Journal) -> None:
    before = (journal.folder / "journal.jsonl").read_bytes()
    accept(journal, (), NOW)
    assert (journal.folder / "journal.jsonl").read_bytes() == before


def test_a_whole_file_that_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "launcher"
    text = "#!/bin/sh\n# Turnout's launcher\n"
    wish = FileWish(file, Format.TEXT, (KeyWish((), text),), whole=True)
    journal = Journal(tmp_path / "wiring")
    apply_client(plan(wish), journal, now=NOW, plan_id="p", port=8787)
    assert drifted(journal, file) == ()
    file.write_text("mine")
    (found,) = drifted(journal, file)
    assert (found.kind, found.key) == (DriftKind.CHANGED, "")
    accept(journal, (found,), NOW)
    assert journal.current() == ()
