"""Applying: what was shown is what is written, and nothing else; or nothing at all."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from dying_disk import FullDisk
from made_plans import KEY, KEYS, NOW, URL, json_wish, plan

from discovery.files import MOST_BYTES, Trouble, look_at
from wizard.apply import BUSY, AppliedClient, NotApplied, apply_client
from wizard.commanding import CommandRefused
from wizard.disk import Disk
from wizard.formats import ABSENT, Format
from wizard.journal import Journal
from wizard.plan import ClientCommand, ClientPlan, FileWish, KeyWish, Question, Refusal
from wizard.records import WiringState
from wizard.troubles import TROUBLES
from wizard.undo import apply_undo

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


def apply(
    wanted: ClientPlan, journal: Journal, **more: object
) -> AppliedClient | NotApplied:
    return apply_client(
        wanted,
        journal,
        now=NOW,
        plan_id="plan",
        port=8787,
        **more,  # type: ignore[arg-type]
    )


def refused(wanted: ClientPlan, journal: Journal) -> NotApplied:
    done = apply(wanted, journal)
    assert isinstance(done, NotApplied)
    return done


def undo(journal: Journal) -> None:
    apply_undo(journal, ("claude-code",), now=NOW)


# --- what is written ------------------------------------------------------------------


def test_what_was_shown_is_written(file: Path, journal: Journal) -> None:
    wanted = plan(json_wish(file))
    done = apply(wanted, journal)
    assert isinstance(done, AppliedClient)
    assert not done.already
    assert file.read_bytes() == wanted.edits[0].after
    assert URL in file.read_text()
    assert done.wiring == journal.current_of("claude-code")
    assert done.wiring is not None
    assert (done.wiring.plan, done.wiring.port, done.wiring.time) == ("plan", 8787, NOW)
    assert [key.saved for key in done.wiring.files[0].keys] == [ABSENT, ABSENT, "opus"]


def test_twice_the_same_writes_nothing(file: Path, journal: Journal) -> None:
    apply(plan(json_wish(file)), journal)
    before = file.stat()
    lines = (journal.folder / "journal.jsonl").read_bytes()
    done = apply(plan(json_wish(file)), journal)
    assert isinstance(done, AppliedClient)
    assert done.already
    assert done.wiring == journal.current_of("claude-code")
    assert file.stat() == before
    assert (journal.folder / "journal.jsonl").read_bytes() == lines


def test_a_new_file_is_private_and_so_are_its_folders(
    tmp_path: Path, journal: Journal
) -> None:
    file = tmp_path / "a" / "b" / "settings.json"
    apply(plan(json_wish(file)), journal)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    undo(journal)
    assert not (tmp_path / "a").exists()


def test_folders_that_somebody_uses_stay(tmp_path: Path, journal: Journal) -> None:
    file = tmp_path / "a" / "b" / "settings.json"
    apply(plan(json_wish(file)), journal)
    (tmp_path / "a" / "theirs").touch()
    undo(journal)
    assert not file.exists()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["theirs"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_permissions_are_kept(file: Path, journal: Journal, mode: int) -> None:
    file.chmod(mode)
    apply(plan(json_wish(file)), journal)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    undo(journal)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(not hasattr(os, "getgroups"), reason="no groups here")
def test_the_group_is_kept(file: Path, journal: Journal) -> None:
    others = [group for group in os.getgroups() if group != file.stat().st_gid]
    if os.getuid() == 0:
        others.append(12345)
    if not others:
        pytest.skip("this user is in one group only")
    os.chown(file, -1, others[0])
    apply(plan(json_wish(file)), journal)
    assert file.stat().st_gid == others[0]


def test_a_link_is_followed_and_stays_one(
    file: Path, journal: Journal, tmp_path: Path
) -> None:
    link = tmp_path / "home" / "settings.json"
    link.parent.mkdir()
    link.symlink_to(file)
    apply(plan(json_wish(link)), journal)
    assert link.is_symlink()
    assert URL in file.read_text()
    assert list(link.parent.iterdir()) == [link], "nothing is left beside it"
    undo(journal)
    assert link.is_symlink()
    assert file.read_text() == OLD


def test_nothing_of_a_secret_is_kept(file: Path, journal: Journal) -> None:
    provider = "sk-ant-canary-example-not-a-secret-0123456789"
    file.write_text(
        f'{{"env": {{"ANTHROPIC_API_KEY": "{provider}", "X": "1"}}, "model": "opus"}}'
    )
    done = apply(plan(json_wish(file)), journal)
    assert isinstance(done, AppliedClient)
    undo(journal)
    apply(plan(json_wish(file)), journal)
    for path in journal.folder.iterdir():
        kept = path.read_text()
        assert provider not in kept
        assert KEY not in kept
        assert KEY not in repr(done)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700


def test_at_most_five_backups_the_first_for_ever(file: Path, journal: Journal) -> None:
    for _ in range(8):
        apply(plan(json_wish(file)), journal)
        undo(journal)
    numbers = [path.stem[-1] for path in sorted(journal.folder.glob("*-*.json"))]
    assert numbers == ["1", "5", "6", "7", "8"]


def test_a_whole_file_is_made_and_goes(tmp_path: Path, journal: Journal) -> None:
    file = tmp_path / "launcher"
    text = "#!/bin/sh\n# Turnout's launcher\nexec client\n"
    wish = FileWish(file, Format.TEXT, (KeyWish((), text),), whole=True, program=True)
    apply(plan(wish), journal)
    assert file.read_text() == text
    assert file.stat().st_mode & stat.S_IXUSR
    undo(journal)
    assert not file.exists()


# --- wired again ----------------------------------------------------------------------


def again(file: Path) -> ClientPlan:
    """The same keys with another gateway address and another key."""
    other = (
        replace(KEYS[0], value="http://127.0.0.1:9999"),
        replace(KEYS[1], value=f"x-turnout-key: {KEY.replace('canary', 'others')}"),
        KeyWish(("fast",), "true"),
    )
    return plan(json_wish(file, other))


def test_the_way_back_leads_to_before_the_first(file: Path, journal: Journal) -> None:
    apply(plan(json_wish(file)), journal)
    wanted = again(file)
    assert wanted.can_be_applied
    apply(wanted, journal)
    wiring = journal.current_of("claude-code")
    assert wiring is not None
    assert wiring.number == 2
    names = {key.path[-1] for key in wiring.files[0].keys}
    assert names == {"BASE_URL", "HEADERS", "fast", "model"}, "older keys stay ours"
    undo(journal)
    assert file.read_text() == OLD
    assert journal.current() == ()


def test_wired_again_after_an_edit_of_the_users(file: Path, journal: Journal) -> None:
    apply(plan(json_wish(file)), journal)
    file.write_text(file.read_text().replace('"kept"', '"edited"'))
    apply(again(file), journal)
    undo(journal)
    assert file.read_text() == OLD.replace('"kept"', '"edited"')


def test_a_file_of_an_earlier_plan_stays_ours(
    file: Path, journal: Journal, tmp_path: Path
) -> None:
    more = tmp_path / "more.json"
    apply(plan(json_wish(file)), journal)
    apply(plan(json_wish(more)), journal)
    wiring = journal.current_of("claude-code")
    assert wiring is not None
    assert {each.path for each in wiring.files} == {file, more}
    undo(journal)
    assert file.read_text() == OLD
    assert not more.exists()


def test_our_own_older_wiring_is_no_value_of_the_users(
    file: Path, journal: Journal
) -> None:
    """Wired by a Turnout whose journal is lost: undo takes our keys away."""
    apply(plan(json_wish(file)), Journal(journal.folder / "lost"))
    apply(again(file), journal)
    undo(journal)
    assert "BASE_URL" not in file.read_text()
    assert "HEADERS" not in file.read_text()
    assert '"THEIRS": "kept"' in file.read_text()


def test_what_was_wired_by_hand_can_be_undone(file: Path, journal: Journal) -> None:
    """All is in place and nothing is known of it: only the record is made."""
    apply(plan(json_wish(file)), Journal(journal.folder / "lost"))
    before = file.stat()
    done = apply(plan(json_wish(file)), journal)
    assert isinstance(done, AppliedClient)
    assert done.already
    assert done.wiring == journal.current_of("claude-code")
    assert file.stat() == before
    assert KEY not in (journal.folder / "journal.jsonl").read_text()
    undo(journal)
    assert "BASE_URL" not in file.read_text()
    assert "HEADERS" not in file.read_text()
    assert '"THEIRS": "kept"' in file.read_text()
    assert '"model": "canary-sonnet"' in file.read_text(), "it could be the user's"


def test_another_gateways_address_is_not_brought_back(
    file: Path, journal: Journal
) -> None:
    file.write_text('{"env": {"BASE_URL": "http://localhost:4000", "A": "1"}}\n')
    assert plan(json_wish(file)).questions
    apply(plan(json_wish(file), over_local=True), journal)
    assert URL in file.read_text()
    undo(journal)
    assert "4000" not in file.read_text()
    assert '"A": "1"' in file.read_text()
    kept = b"".join(path.read_bytes() for path in journal.folder.iterdir())
    assert b"localhost:4000" not in kept


# --- refused --------------------------------------------------------------------------


def test_an_edit_since_it_was_shown_is_refused(file: Path, journal: Journal) -> None:
    wanted = plan(json_wish(file))
    file.write_text(OLD.replace("kept", "edited"))
    done = refused(wanted, journal)
    assert done.changed
    assert str(file) in done.why
    assert "edited" in file.read_text()
    assert journal.history() == ()


def test_a_file_that_came_or_went_is_refused(tmp_path: Path, journal: Journal) -> None:
    file = tmp_path / "settings.json"
    wanted = plan(json_wish(file))
    file.write_text(OLD)
    assert refused(wanted, journal).changed
    wanted = plan(json_wish(file))
    file.unlink()
    assert refused(wanted, journal).changed
    assert not file.exists()


def test_a_link_that_leads_elsewhere_now_is_refused(
    file: Path, journal: Journal, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.json"
    twin.write_text(OLD)
    link = tmp_path / "link.json"
    link.symlink_to(file)
    wanted = plan(json_wish(link))
    link.unlink()
    link.symlink_to(twin)
    assert refused(wanted, journal).changed
    assert twin.read_text() == file.read_text() == OLD


def trouble(kind: Trouble, file: Path, tmp_path: Path) -> None:
    match kind:
        case Trouble.HARD_LINK:
            os.link(file, tmp_path / "second-name")
        case Trouble.READ_ONLY:
            file.chmod(0o400)
        case Trouble.TOO_LARGE:
            file.write_text("{}" + " " * MOST_BYTES)
        case Trouble.NOT_A_FILE:
            file.unlink()
            os.mkfifo(file)
        case Trouble.DANGLING_LINK:
            file.unlink()
            file.symlink_to(tmp_path / "nowhere")
        case Trouble.UNREADABLE:
            file.unlink()
            file.symlink_to(file)
        case Trouble.NOT_YOURS:
            os.chown(file, 12345, -1)
        case Trouble.NONE:
            pytest.fail("that is none")


@pytest.mark.parametrize("kind", [kind for kind in Trouble if kind != Trouble.NONE])
def test_a_file_in_trouble_is_left_alone(
    file: Path, journal: Journal, tmp_path: Path, kind: Trouble
) -> None:
    if kind is Trouble.NOT_YOURS and os.getuid() != 0:
        pytest.skip("only root gives files away")
    wanted = plan(json_wish(file))
    trouble(kind, file, tmp_path)
    state = look_at(file)
    assert state.trouble is kind
    done = refused(wanted, journal)
    assert done.why == f"{file} was not changed, because {TROUBLES[kind][0]}."
    assert done.todo == TROUBLES[kind][1]
    assert look_at(file) == state
    assert journal.history() == ()


def test_a_plan_that_was_refused_is_not_applied(file: Path, journal: Journal) -> None:
    wanted = plan(json_wish(file))
    no = Refusal("settings.json", "it is not sound", "Mend it.", 3)
    done = refused(replace(wanted, refusals=(no,)), journal)
    assert done.why == "settings.json, line 3 stays as it is: it is not sound."
    assert done.todo == "Mend it."
    asked = replace(wanted, questions=(Question("over_local", "Replace it?"),))
    assert "Replace it?" in refused(asked, journal).why
    assert file.read_text() == OLD


def test_no_backup_no_write(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "wiring"
    folder.write_text("this is no folder")
    done = refused(plan(json_wish(file)), Journal(folder))
    assert "nothing was changed" in done.why
    assert file.read_text() == OLD


def test_a_secret_is_never_kept_even_if_the_plan_says_so(
    file: Path, journal: Journal
) -> None:
    wanted = plan(json_wish(file))
    (edit,) = wanted.edits
    secret = "sk-canary-example-not-a-secret-000000"
    text = OLD.replace("opus", secret)
    file.write_text(text)
    state = look_at(file)
    changed = replace(edit, before=state.data, digest=state.digest)
    done = refused(replace(wanted, edits=(changed,)), journal)
    assert "model" in done.why
    assert secret not in done.why + done.todo
    assert file.read_text() == text


def test_one_at_a_time(file: Path, tmp_path: Path) -> None:
    first = Journal(tmp_path / "wiring")
    second = Journal(tmp_path / "wiring", wait=0)
    with first.alone():
        assert apply(plan(json_wish(file)), second) == BUSY
    assert file.read_text() == OLD
    assert isinstance(apply(plan(json_wish(file)), second), AppliedClient)


def test_a_planted_temporary_file_stops_it(file: Path, journal: Journal) -> None:
    """Whoever guesses its name must not get the key written into his file."""
    planted = file.with_name(f".{file.name}.turnout-1.tmp")
    planted.write_text("mine")
    done = refused(plan(json_wish(file)), journal)
    assert "cannot be written" in done.why
    assert file.read_text() == OLD


def test_the_other_files_of_a_client_go_back(
    file: Path, journal: Journal, tmp_path: Path
) -> None:
    second = tmp_path / "second.json"
    second.write_text("{}")
    wanted = plan(json_wish(file), json_wish(second))

    class Edited(FullDisk):
        """Somebody edits the second file once the first is replaced."""

        def before(self, number: int, name: str, arguments: tuple[object, ...]) -> None:
            if name == "replace" and self.calls.count("replace") == 1:
                second.write_text('{"edited": true}')

    done = apply(wanted, journal, disk=Edited(0))
    assert isinstance(done, NotApplied)
    assert done.changed
    assert file.read_text() == OLD
    assert second.read_text() == '{"edited": true}'
    assert journal.current() == ()
    assert [each.state for each in journal.history()] == [WiringState.FAILED]


# --- a client's own command -----------------------------------------------------------


def theirs(file: Path) -> ClientCommand:
    return ClientCommand(("client", "set", KEY), ("client", "unset"), file)


def test_the_clients_own_command_writes(file: Path, journal: Journal) -> None:
    wanted = plan(json_wish(file), commands=(theirs(file),))
    ran: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...]) -> None:
        ran.append(words)
        # It writes in a manner of its own.
        file.write_text(wanted.edits[0].after.decode().replace("\n", "\n\n"))

    done = apply(wanted, journal, run=run)
    assert isinstance(done, AppliedClient)
    assert ran == [("client", "set", KEY)]
    assert KEY not in (journal.folder / "journal.jsonl").read_text()
    undo(journal)
    assert file.read_text() == OLD
    assert len(ran) == 1, "the bytes before are there without it"


def test_a_command_that_writes_something_else_is_taken_back(
    file: Path, journal: Journal
) -> None:
    wanted = plan(json_wish(file), commands=(theirs(file),))
    done = apply(wanted, journal, run=lambda _: file.write_text('{"env": {}}') and None)
    assert isinstance(done, NotApplied)
    assert "something else" in done.why
    assert file.read_text() == OLD


def test_a_command_that_writes_nothing_is_a_failure(
    tmp_path: Path, journal: Journal
) -> None:
    file = tmp_path / "settings.json"
    wanted = plan(json_wish(file), commands=(theirs(file),))
    done = apply(wanted, journal, run=lambda _: None)
    assert isinstance(done, NotApplied)
    assert "did not write" in done.why


def test_a_command_that_fails_is_told(file: Path, journal: Journal) -> None:
    def run(words: tuple[str, ...]) -> None:
        raise CommandRefused("client ended with code 1.", "Look at it.")

    done = apply(plan(json_wish(file), commands=(theirs(file),)), journal, run=run)
    assert done == NotApplied("client ended with code 1.", "Look at it.")
    assert file.read_text() == OLD


def test_bytes_that_were_garbled_on_the_way_are_not_put_there(
    file: Path, journal: Journal
) -> None:
    class Garbling(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            return super().write(descriptor, b"{" * len(data))

    done = apply(plan(json_wish(file)), journal, disk=Garbling())
    assert isinstance(done, NotApplied)
    assert "could not be read again" in done.why
    assert file.read_text() == OLD


def test_a_file_that_is_no_text_is_refused(file: Path, journal: Journal) -> None:
    wanted = plan(json_wish(file))
    (edit,) = wanted.edits
    file.write_bytes(b"\xff\xfe\x00")
    state = look_at(file)
    changed = replace(edit, before=state.data, digest=state.digest)
    done = refused(replace(wanted, edits=(changed,)), journal)
    assert "cannot be understood" in done.why


def test_a_command_that_writes_what_cannot_be_read(
    file: Path, journal: Journal
) -> None:
    wanted = plan(json_wish(file), commands=(theirs(file),))
    done = apply(wanted, journal, run=lambda _: file.write_text("{{{") and None)
    assert isinstance(done, NotApplied)
    assert file.read_text() == OLD
