"""The journal: one history, whole lines, found again even where it is damaged."""

from __future__ import annotations

import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dying_disk import DyingDisk, killed
from made_plans import NOW, json_wish, plan

from wizard.apply import apply_client
from wizard.journal import Journal, JournalBusy
from wizard.plan import Choice
from wizard.records import Wiring, WiringState
from wizard.stored import Deed, Waiting
from wizard.undo import apply_undo


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "wiring", wait=0)


def wiring(number: int, client: str = "claude-code") -> Wiring:
    return Wiring(number, client, "plan", NOW, 8787, Choice(client), ())


def wired(journal: Journal, *numbers: int, client: str = "claude-code") -> None:
    with journal.alone():
        for number in numbers:
            journal.begin(Deed.APPLY, wiring(number, client))
            journal.end(wiring(number, client), NOW)


def test_a_new_journal_is_empty_and_makes_nothing(journal: Journal) -> None:
    assert journal.history() == journal.current() == ()
    assert journal.open_deeds() == ()
    assert journal.waiting_consents() == ()
    assert journal.next_number() == 1
    assert not journal.folder.exists()


def test_it_is_private(journal: Journal) -> None:
    wired(journal, 1)
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in journal.folder.iterdir()}
    assert modes == {0o600}


def test_each_clients_last_wiring_is_the_current_one(journal: Journal) -> None:
    wired(journal, 1, 2)
    wired(journal, 3, client="codex")
    assert [each.number for each in journal.current()] == [2, 3]
    assert [each.number for each in journal.history()] == [1, 2, 3]
    assert journal.current_of("codex") == wiring(3, "codex")
    assert journal.current_of("aider") is None
    assert journal.next_number() == 4


@pytest.mark.parametrize("state", [WiringState.UNDONE, WiringState.RELEASED])
def test_what_is_over_is_not_current(journal: Journal, state: WiringState) -> None:
    wired(journal, 1, 2)
    with journal.alone():
        journal.end(replace(wiring(2), state=state), NOW)
    assert journal.current() == (), "an older one does not come back"
    assert journal.history()[-1].ended == NOW


def test_what_failed_leaves_the_one_before(journal: Journal) -> None:
    wired(journal, 1)
    with journal.alone():
        journal.begin(Deed.APPLY, wiring(2))
        assert [each.wiring.number for each in journal.open_deeds()] == [2]
        assert journal.next_number() == 3
        journal.end(replace(wiring(2), state=WiringState.FAILED), NOW)
    assert journal.open_deeds() == ()
    assert [each.number for each in journal.current()] == [1]


def test_a_suspended_wiring_is_still_known(journal: Journal) -> None:
    wired(journal, 1)
    with journal.alone():
        journal.end(replace(wiring(1), state=WiringState.SUSPENDED), NOW)
    (found,) = journal.current()
    assert found.state is WiringState.SUSPENDED


def test_a_line_that_was_cut_short_swallows_no_other(journal: Journal) -> None:
    wired(journal, 1)
    file = journal.folder / "journal.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])
    wired(journal, 2)
    assert [each.number for each in journal.history()] == [1, 2]


def test_one_at_a_time(journal: Journal) -> None:
    with (
        journal.alone(),
        pytest.raises(JournalBusy),
        Journal(journal.folder, wait=0).alone(),
    ):
        pytest.fail("two were alone")
    with Journal(journal.folder, wait=0).alone():
        pass


def test_consents_wait_and_are_carried_once(journal: Journal) -> None:
    yes = Waiting("a", NOW, "wire-client", "codex", "", "", given=True)
    no = replace(yes, id="b", given=False, revokes=4)
    with journal.alone():
        journal.note_consent(yes)
        journal.note_consent(no)
    assert journal.waiting_consents() == (yes, no)
    with journal.alone():
        journal.consent_carried(yes)
    assert journal.waiting_consents() == (no,)


def test_a_lost_journal_is_read_from_the_backups(
    tmp_path: Path, journal: Journal
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text('{"model": "opus"}')
    wanted = plan(json_wish(first), json_wish(second))
    apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    (before,) = journal.current()
    (journal.folder / "journal.jsonl").unlink()
    (found,) = journal.current()
    assert replace(found, files=()) == replace(before, files=())
    assert {repr(each) for each in found.files} == {repr(e) for e in before.files}
    apply_undo(journal, ("claude-code",), now=NOW)
    assert first.read_text() == '{"model": "opus"}'
    assert not second.exists()
    (journal.folder / "journal.jsonl").unlink()
    assert journal.current() == (), "nothing of ours is in those files any more"


def test_a_damaged_line_is_made_up_for(tmp_path: Path, journal: Journal) -> None:
    file = tmp_path / "settings.json"
    wanted = plan(json_wish(file))
    apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    (kept,) = journal.current()
    (journal.folder / "journal.jsonl").write_bytes(b"\0" * 100 + b"\n")
    assert journal.current() == (kept,)
    assert journal.next_number() == 2


def test_a_long_journal_is_shortened_and_says_the_same(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "wiring", longest=20_000)
    file = tmp_path / "settings.json"
    file.write_text('{"model": "opus"}')
    waiting = Waiting("a", NOW, "wire-client", "codex", "", "", given=True)
    with journal.alone():
        journal.note_consent(waiting)
    sizes = []
    for _ in range(12):
        wanted = plan(json_wish(file))
        apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
        apply_undo(journal, ("claude-code",), now=NOW, suspend=True)
        sizes.append((journal.folder / "journal.jsonl").stat().st_size)
    assert sizes != sorted(sizes), "it became shorter"
    assert [each.number for each in journal.history()] == list(range(1, 13))
    assert {each.state for each in journal.history()} == {WiringState.SUSPENDED}
    assert journal.waiting_consents() == (waiting,)
    (last,) = journal.current()
    assert last.number == 12
    assert last.files[0].keys
    file_of = journal.folder / "journal.jsonl"
    assert stat.S_IMODE(file_of.stat().st_mode) == 0o600


def test_a_kill_while_it_is_shortened_loses_nothing(tmp_path: Path) -> None:
    for number in range(1, 40):
        folder = tmp_path / str(number)
        wired(Journal(folder), 1, 2)
        disk = DyingDisk(number)
        dying = Journal(folder, disk, longest=1)
        if not killed(partial(wired, dying, 3)):
            break
        assert {each.number for each in Journal(folder).history()} >= {1, 2}
        wired(Journal(folder, longest=1), 4)
        assert Journal(folder).current() == (wiring(4),)
    assert number > 8
