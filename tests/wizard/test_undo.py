"""Taking clients back: exactly, key by key, or not; and every file it must leave."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dying_disk import DyingDisk, FullDisk, killed
from made_plans import KEY, KEYS, NOW, URL, json_wish, plan

from discovery.files import look_at
from wizard.apply import AppliedClient, apply_client
from wizard.commanding import CommandRefused
from wizard.disk import Disk
from wizard.drift import drift
from wizard.journal import Journal
from wizard.plan import ClientCommand, ClientPlan
from wizard.records import WiringState
from wizard.recovery import recover
from wizard.undo import ClientUndo, apply_undo, back_to, plan_undo
from wizard.undone import KeyFate, Way

OLD = '{\n  "env": {"THEIRS": "kept"},\n  "model": "opus"\n}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "client" / "settings.json"
    made.parent.mkdir()
    made.write_text(OLD)
    return made


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "wiring")


@pytest.fixture
def wired(file: Path, journal: Journal) -> Path:
    apply_client(plan(json_wish(file)), journal, now=NOW, plan_id="p", port=8787)
    assert URL in file.read_text()
    return file


def undo(
    journal: Journal, *clients: str, suspend: bool = False, force_owned: bool = False
) -> ClientUndo:
    (done,) = apply_undo(
        journal,
        clients or ("claude-code",),
        now=NOW,
        suspend=suspend,
        force_owned=force_owned,
    )
    return done


def test_the_preview_is_what_happens(wired: Path, journal: Journal) -> None:
    before = wired.read_bytes()
    (planned,) = plan_undo(journal, ("claude-code",))
    assert wired.read_bytes() == before
    assert planned.state is WiringState.APPLIED
    done = undo(journal)
    assert planned.files == done.files
    assert done.state is WiringState.UNDONE
    assert done.complete
    assert done.left == ()
    assert wired.read_text() == OLD


def test_only_the_clients_that_are_named(
    wired: Path, journal: Journal, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    wanted = plan(json_wish(other), client="opencode")
    apply_client(wanted, journal, now=NOW, plan_id="p", port=8787)
    assert undo(journal, "opencode", "aider").client == "opencode"
    assert not other.exists()
    assert URL in wired.read_text()
    assert [each.client for each in journal.current()] == ["claude-code"]
    assert plan_undo(journal, ("opencode",)) == ()


def test_twice_is_once(wired: Path, journal: Journal) -> None:
    undo(journal)
    before = wired.stat()
    assert apply_undo(journal, ("claude-code",), now=NOW) == ()
    assert wired.stat() == before


def test_the_clients_own_edits_stay(wired: Path, journal: Journal) -> None:
    """Claude Code rewrites its file as it works."""
    text = wired.read_text().replace('"kept"', '"kept", "MORE": "1"')
    wired.write_text(text)
    done = undo(journal)
    assert done.files[0].way is Way.PER_KEY
    assert wired.read_text() == OLD.replace('"kept"', '"kept", "MORE": "1"')


def test_what_somebody_else_set_is_left_and_named(
    wired: Path, journal: Journal
) -> None:
    wired.write_text(wired.read_text().replace(URL, "https://elsewhere.example"))
    done = undo(journal)
    (said,) = done.left
    assert said == (
        f'env.BASE_URL in {wired} holds "https://elsewhere.example", which is not what'
        " Turnout wrote; it was left. Before Turnout it was not there."
    )
    assert done.state is WiringState.UNDONE
    assert "elsewhere" in wired.read_text()
    assert KEY not in wired.read_text()
    assert '"model": "opus"' in wired.read_text()


def test_force_owned_puts_it_back_all_the_same(wired: Path, journal: Journal) -> None:
    wired.write_text(wired.read_text().replace(URL, "https://elsewhere.example"))
    (planned,) = plan_undo(journal, ("claude-code",), force_owned=True)
    assert planned.left == ()
    undo(journal, force_owned=True)
    assert wired.read_text() == OLD


def test_force_owned_after_an_undo_that_left_a_key(
    wired: Path, journal: Journal
) -> None:
    wired.write_text(wired.read_text().replace(URL, "https://elsewhere.example"))
    undo(journal)
    assert plan_undo(journal, ("claude-code",)) == ()
    (planned,) = plan_undo(journal, ("claude-code",), force_owned=True)
    done = undo(journal, force_owned=True)
    assert planned.files == done.files
    assert done.state is WiringState.UNDONE
    assert json.loads(wired.read_text()) == json.loads(OLD)
    assert undo(journal, force_owned=True).files[0].way is Way.ALREADY


def test_suspended_until_the_next_start(wired: Path, journal: Journal) -> None:
    assert undo(journal, suspend=True).state is WiringState.SUSPENDED
    assert wired.read_text() == OLD
    (kept,) = journal.current()
    assert kept.state is WiringState.SUSPENDED
    apply_client(plan(json_wish(wired)), journal, now=NOW, plan_id="p", port=8787)
    (again,) = journal.current()
    assert (again.number, again.state) == (2, WiringState.APPLIED)
    undo(journal)
    assert wired.read_text() == OLD


def test_a_suspended_client_is_undone_without_a_look(
    wired: Path, journal: Journal
) -> None:
    undo(journal, suspend=True)
    wired.write_text('{"model": "haiku"}')
    assert plan_undo(journal, ("claude-code",))[0].files == ()
    assert undo(journal).state is WiringState.UNDONE
    assert wired.read_text() == '{"model": "haiku"}'
    assert journal.current() == ()


# --- files that cannot go back --------------------------------------------------------


def test_a_broken_file_is_left_and_can_be_undone_later(
    wired: Path, journal: Journal
) -> None:
    whole = wired.read_text()
    wired.write_text(whole.replace('"model"', "model"))
    done = undo(journal)
    assert not done.complete
    assert done.state is WiringState.APPLIED
    (stuck,) = done.files
    assert (stuck.way, stuck.line) == (Way.STUCK, 3)
    assert stuck.todo == "Mend that place, then run the undo again."
    wired.write_text(whole)
    assert undo(journal).complete
    assert wired.read_text() == OLD


def test_a_file_that_may_not_be_written_is_left(wired: Path, journal: Journal) -> None:
    wired.chmod(0o400)
    done = undo(journal)
    assert not done.complete
    assert done.left == (
        f"{wired} was left, because it, or its folder, may not be written.",
    )
    assert "chmod" in done.files[0].todo
    wired.chmod(0o600)
    assert undo(journal).complete
    assert wired.read_text() == OLD


def test_a_hard_link_made_since_is_left(wired: Path, journal: Journal) -> None:
    os.link(wired, wired.with_name("second-name"))
    assert not undo(journal).complete
    assert URL in wired.read_text()


def test_the_other_files_go_back_all_the_same(
    wired: Path, journal: Journal, tmp_path: Path
) -> None:
    more = tmp_path / "more.json"
    apply_client(plan(json_wish(more)), journal, now=NOW, plan_id="p", port=8787)
    wired.chmod(0o400)
    done = undo(journal)
    assert not more.exists()
    assert done.state is WiringState.APPLIED
    (left,) = journal.current()
    assert [file.path for file in left.files] == [wired]


def test_a_file_that_is_gone_is_said(wired: Path, journal: Journal) -> None:
    wired.unlink()
    done = undo(journal)
    assert done.state is WiringState.UNDONE
    assert done.files[0].sentence == (
        f"{wired} is not there any more, so nothing was to be taken back."
    )
    assert not wired.exists()


def test_a_client_that_writes_meanwhile_is_waited_out(
    wired: Path, journal: Journal
) -> None:
    class Busy(Disk):
        times = 0

        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            # Not while the journal is written: once the new bytes wait.
            if list(wired.parent.glob("*.tmp")) and self.times < 1:
                self.times += 1
                wired.write_text(wired.read_text().replace("kept", "edited"))

    disk = Busy()
    (done,) = apply_undo(journal, ("claude-code",), now=NOW, disk=disk)
    assert disk.times == 1
    assert done.files[0].way is Way.PER_KEY
    assert wired.read_text() == OLD.replace("kept", "edited")


def test_one_that_never_stops_writing_is_left(wired: Path, journal: Journal) -> None:
    class Busy(Disk):
        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            if list(wired.parent.glob("*.tmp")):
                wired.write_text(wired.read_text() + "\n")

    (done,) = apply_undo(journal, ("claude-code",), now=NOW, disk=Busy())
    assert not done.complete
    assert "keeps changing it" in done.files[0].sentence
    assert list(wired.parent.iterdir()) == [wired]


def test_permissions_are_as_they_are_now(wired: Path, journal: Journal) -> None:
    wired.write_text(wired.read_text().replace("kept", "edited"))
    wired.chmod(0o640)
    undo(journal)
    assert stat.S_IMODE(wired.stat().st_mode) == 0o640


def test_a_link_that_leads_elsewhere_now(journal: Journal, tmp_path: Path) -> None:
    """A dotfile manager moved the file: it is found by its contents."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(OLD)
    link = tmp_path / "link.json"
    link.symlink_to(first)
    apply_client(plan(json_wish(link)), journal, now=NOW, plan_id="p", port=8787)
    first.rename(second)
    link.unlink()
    link.symlink_to(second)
    undo(journal)
    assert second.read_text() == OLD
    assert link.is_symlink()


# --- the client's own command ---------------------------------------------------------


@pytest.fixture
def commanded(file: Path, journal: Journal) -> Path:
    command = ClientCommand(("client", "set"), ("client", "unset"), file)
    wanted = plan(json_wish(file), commands=(command,))

    def run(words: tuple[str, ...]) -> None:
        file.write_bytes(wanted.edits[0].after)

    apply_client(wanted, journal, now=NOW, plan_id="p", port=1, run=run)
    return file


def test_a_drifted_file_is_undone_by_its_own_program(
    commanded: Path, journal: Journal
) -> None:
    commanded.write_text(commanded.read_text() + "\n// theirs, as it likes it\n")
    ran: list[tuple[str, ...]] = []
    assert plan_undo(journal, ("claude-code",))[0].commands == ("client unset",)
    (done,) = apply_undo(journal, ("claude-code",), now=NOW, run=ran.append)
    assert ran == [("client", "unset")]
    assert done.complete
    assert "by its own program" in done.files[0].sentence


def test_a_program_that_is_gone_leaves_its_file(
    commanded: Path, journal: Journal
) -> None:
    commanded.write_text("broken")

    def run(words: tuple[str, ...]) -> None:
        raise CommandRefused("The program client was not found.", "Install it.")

    (done,) = apply_undo(journal, ("claude-code",), now=NOW, run=run)
    assert not done.complete
    assert "client was not found" in done.files[0].sentence
    assert journal.current_of("claude-code") is not None


def test_every_key_is_told(wired: Path, journal: Journal) -> None:
    fates = {key.key: key.fate for key in undo(journal).files[0].keys}
    assert fates == {
        "env.BASE_URL": KeyFate.REMOVED,
        "env.HEADERS": KeyFate.REMOVED,
        "model": KeyFate.RESTORED,
    }
    assert len(fates) == len(KEYS)


# --- a link that is none any more -----------------------------------------------------


@pytest.fixture
def linked(journal: Journal, tmp_path: Path) -> tuple[Path, Path]:
    """A dotfile that was wired through its link, which a copy has replaced since."""
    real, link = tmp_path / "dotfiles.json", tmp_path / "link.json"
    real.write_text(OLD)
    link.symlink_to(real)
    apply_client(plan(json_wish(link)), journal, now=NOW, plan_id="p", port=8787)
    copy = link.read_bytes()
    link.unlink()
    link.write_bytes(copy)
    return link, real


def test_what_a_replaced_link_led_to_goes_back_too(
    linked: tuple[Path, Path], journal: Journal
) -> None:
    link, real = linked
    (planned,) = plan_undo(journal, ("claude-code",))
    done = undo(journal)
    assert planned.files == done.files
    assert [file.path for file in done.files] == [link, real]
    assert link.read_text() == real.read_text() == OLD
    assert done.complete


def test_what_a_link_led_to_and_cannot_be_written_stays_in_the_record(
    linked: tuple[Path, Path], journal: Journal
) -> None:
    link, real = linked
    real.chmod(0o400)
    done = undo(journal)
    assert not done.complete
    assert done.state is WiringState.APPLIED
    assert link.read_text() == OLD
    real.chmod(0o600)
    assert undo(journal).complete
    assert real.read_text() == OLD
    assert journal.current() == ()


def test_what_a_link_led_to_is_known_when_it_is_wired_again(
    linked: tuple[Path, Path], journal: Journal
) -> None:
    link, real = linked
    wanted = plan(json_wish(link, (*KEYS[1:], replace(KEYS[0], value=MOVED))))
    apply_client(wanted, journal, now=NOW, plan_id="q", port=9999)
    assert undo(journal).complete
    assert link.read_text() == real.read_text() == OLD


# --- one step back --------------------------------------------------------------------

MOVED = "http://127.0.0.1:9999"


def wired_anew(
    file: Path, journal: Journal, *more: Path
) -> tuple[ClientPlan, AppliedClient]:
    """Wire a client again for another port; with `more`, in other files too."""
    keys = (replace(KEYS[0], value=MOVED), *KEYS[1:])
    wanted = plan(json_wish(file, keys), *(json_wish(each) for each in more))
    done = apply_client(wanted, journal, now=NOW, plan_id="q", port=9999)
    assert isinstance(done, AppliedClient)
    return wanted, done


def test_one_step_back_the_wiring_before_stands(
    wired: Path, journal: Journal, tmp_path: Path
) -> None:
    first = wired.read_bytes()
    made, theirs = tmp_path / "new" / "made.json", tmp_path / "theirs.json"
    theirs.write_text("{}")
    wanted, done = wired_anew(wired, journal, made, theirs)
    assert MOVED in wired.read_text()
    assert back_to(journal, wanted, done, now=NOW)
    assert wired.read_bytes() == first
    assert theirs.read_text() == "{}"
    assert not made.parent.exists()
    (again,) = journal.current()
    assert (again.number, again.port) == (3, 8787)
    states = [wiring.state for wiring in journal.history()]
    assert states[1] is WiringState.FAILED
    assert drift(again, {wired: look_at(wired)}) == ()
    assert undo(journal).files[0].way is Way.EXACT
    assert wired.read_text() == OLD


def test_no_step_back_where_it_is_not_sure(wired: Path, journal: Journal) -> None:
    (first,) = journal.current()
    wanted, done = wired_anew(wired, journal)
    assert done.earlier == first
    assert not back_to(journal, wanted, replace(done, earlier=None), now=NOW)
    wired.write_text(wired.read_text() + "\n")
    edited = wired.read_bytes()
    assert not back_to(journal, wanted, done, now=NOW)
    assert wired.read_bytes() == edited
    assert journal.current() == (done.wiring,)


def test_no_step_back_from_another_wiring_than_the_last(
    wired: Path, journal: Journal
) -> None:
    wanted, done = wired_anew(wired, journal)
    undo(journal)
    assert not back_to(journal, wanted, done, now=NOW)
    assert wired.read_text() == OLD


def test_a_step_back_that_fails_or_is_killed_can_be_undone(
    journal: Journal, tmp_path: Path
) -> None:
    """Whole files at every moment, and a record that knows them."""
    ends = set()
    for number in range(1, 90):
        folder = tmp_path / str(number)
        folder.mkdir()
        one, other = folder / "one.json", folder / "other.json"
        one.write_text(OLD)
        history = Journal(folder / "wiring")
        first = plan(json_wish(one), json_wish(other))
        apply_client(first, history, now=NOW, plan_id="p", port=8787)
        earlier = (one.read_bytes(), other.read_bytes())
        wanted, done = wired_anew(one, history, folder / "third.json")
        later = one.read_bytes()
        disk = DyingDisk(number)
        step = partial(back_to, Journal(folder / "wiring", disk), wanted, done)
        if not killed(partial(step, now=NOW, disk=disk)):
            break
        recover(history, now=NOW)
        assert one.read_bytes() in {earlier[0], later}
        ends.add(one.read_bytes() == earlier[0])
        assert other.read_bytes() == earlier[1]
        assert undo(history).complete
        assert one.read_text() == OLD
        assert not other.exists()
        assert not (folder / "third.json").exists()
        assert not list(folder.glob(".*"))
    assert number > 10
    assert ends == {True, False}


@pytest.mark.parametrize("ever", [False, True])
def test_a_full_disk_keeps_the_wiring_that_stands(
    wired: Path, journal: Journal, ever: bool
) -> None:
    wanted, done = wired_anew(wired, journal)
    later = wired.read_bytes()
    assert not back_to(journal, wanted, done, now=NOW, disk=FullDisk(1, ever=ever))
    assert wired.read_bytes() == later
    assert undo(journal).complete
    assert wired.read_text() == OLD
