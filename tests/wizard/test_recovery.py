"""A kill between any two system calls leaves whole files and a journal that settles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dying_disk import DyingDisk, FullDisk, killed
from made_plans import KEY, NOW, json_wish, plan

from wizard.apply import AppliedClient, NotApplied, apply_client
from wizard.commanding import CommandRefused
from wizard.disk import Disk
from wizard.journal import Journal
from wizard.plan import ClientCommand, ClientPlan
from wizard.records import WiringState
from wizard.recovery import recover
from wizard.undo import apply_undo

OLD = b'{\r\n\t"env": {"THEIRS": "1"},\r\n\t"model": "opus"\r\n}\r\n'
MOST_CALLS = 120


class Scene:
    """A client with a file that is there and one that is made, in a new folder."""

    def __init__(self, folder: Path) -> None:
        self.first = folder / "client" / "settings.json"
        self.second = folder / "client" / "new" / "deeper" / "more.json"
        self.first.parent.mkdir()
        self.first.write_bytes(OLD)
        self.first.chmod(0o640)
        self.journal_folder = folder / "wiring"

    def journal(self, disk: Disk | None = None) -> Journal:
        return Journal(self.journal_folder, disk)

    def plan(self) -> ClientPlan:
        return plan(json_wish(self.first), json_wish(self.second))

    def apply(self, disk: Disk | None = None) -> AppliedClient | NotApplied:
        return apply_client(
            self.plan(),
            self.journal(disk),
            now=NOW,
            plan_id="p",
            port=8787,
            disk=disk,
        )

    def undo(self, disk: Disk | None = None, *, suspend: bool = False) -> None:
        apply_undo(
            self.journal(disk), ("claude-code",), now=NOW, disk=disk, suspend=suspend
        )

    def data(self) -> tuple[bytes | None, bytes | None]:
        second = self.second.read_bytes() if self.second.exists() else None
        return self.first.read_bytes(), second

    def wired(self) -> bool:
        return self.journal().current_of("claude-code") is not None

    def litter(self) -> list[str]:
        """Whatever is there that is neither of the two files."""
        found = self.first.parent.rglob("*")
        mine = {self.first, self.second}
        return [str(path) for path in found if path.is_file() and path not in mine]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def ends(scene: Scene) -> tuple[tuple[bytes | None, ...], tuple[bytes | None, ...]]:
    """What the files are before and after, from a run that nobody disturbs."""
    before = scene.data()
    assert isinstance(scene.apply(), AppliedClient)
    after = scene.data()
    scene.undo()
    assert scene.data() == before
    assert not scene.second.parent.exists()
    return before, after


def scenes(tmp_path: Path) -> Iterator[tuple[int, Scene]]:
    for number in range(1, MOST_CALLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        yield number, Scene(folder)
    pytest.fail("there is no end of calls")


def check_settled(
    scene: Scene, before: tuple[bytes | None, ...], after: tuple[bytes | None, ...]
) -> None:
    """After a kill: whole files at once, one of the two states once settled."""
    for data, old, new in zip(scene.data(), before, after, strict=True):
        assert data in {old, new}
    recover(scene.journal(), now=NOW)
    assert scene.journal().open_deeds() == ()
    assert scene.litter() == []
    assert scene.data() == (after if scene.wired() else before)
    if not scene.wired():
        assert not (scene.first.parent / "new").exists()


@pytest.mark.parametrize("torn", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_kill_while_applying(tmp_path: Path, torn: bool) -> None:
    (tmp_path / "calm").mkdir()
    before, after = ends(Scene(tmp_path / "calm"))
    seen = set()
    for number, scene in scenes(tmp_path):
        disk = DyingDisk(number, torn=torn)
        if not killed(partial(scene.apply, disk)):
            break
        check_settled(scene, before, after)
        seen.add(scene.wired())
        assert isinstance(scene.apply(), AppliedClient)
        assert scene.data() == after
        scene.undo()
        assert scene.data() == before
        assert KEY.encode() not in b"".join(
            path.read_bytes() for path in scene.journal_folder.iterdir()
        )
    assert number > 20, "so many calls there are at least"
    assert seen == {False, True}, "some kills are rolled back, some finished"


@pytest.mark.parametrize("suspend", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_kill_while_undoing(tmp_path: Path, suspend: bool) -> None:
    (tmp_path / "calm").mkdir()
    before, after = ends(Scene(tmp_path / "calm"))
    for number, scene in scenes(tmp_path):
        scene.apply()
        disk = DyingDisk(number)
        if not killed(partial(scene.undo, disk, suspend=suspend)):
            break
        for data, old, new in zip(scene.data(), before, after, strict=True):
            assert data in {old, new}
        recover(scene.journal(), now=NOW)
        assert scene.journal().open_deeds() == ()
        assert scene.litter() == []
        (wiring,) = scene.journal().history()
        assert scene.data() == (
            after if wiring.state is WiringState.APPLIED else before
        )
        scene.undo()
        assert scene.data() == before
        assert not scene.wired()
    assert number > 8


@pytest.mark.slow
def test_a_kill_while_applying_anew_keeps_each_file_whole(tmp_path: Path) -> None:
    """The first wiring stands; a second one with another key is cut short."""
    other = KEY.replace("canary", "others")

    def again(scene: Scene, disk: Disk | None = None) -> None:
        wanted = scene.plan()
        edits = tuple(
            replace(
                edit,
                after=edit.after.replace(KEY.encode(), other.encode()),
                changes=tuple(
                    replace(
                        change, after=str(change.after).replace(KEY, other), same=False
                    )
                    for change in edit.changes
                ),
            )
            for edit in wanted.edits
        )
        apply_client(
            replace(wanted, edits=edits),
            scene.journal(disk),
            now=NOW,
            plan_id="q",
            port=8787,
            disk=disk,
        )

    states = set()
    for number, scene in scenes(tmp_path):
        before = scene.data()
        scene.apply()
        first = scene.data()
        disk = DyingDisk(number)
        if not killed(partial(again, scene, disk)):
            break
        recover(scene.journal(), now=NOW)
        assert scene.wired()
        assert scene.litter() == []
        renewed = tuple(
            None if each is None else each.replace(KEY.encode(), other.encode())
            for each in first
        )
        for data, old, new in zip(scene.data(), first, renewed, strict=True):
            assert data in {old, new}
        states.add(tuple(other.encode() in (each or b"") for each in scene.data()))
        scene.undo()
        assert scene.data() == before, "the way back leads to before the first"
    assert states >= {(False, False), (True, True)}


def test_a_full_disk_at_any_call_is_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    before, after = ends(Scene(tmp_path / "calm"))
    for number, scene in scenes(tmp_path):
        disk = FullDisk(number)
        done = scene.apply(disk)
        if number > len(disk.calls):
            break
        if isinstance(done, NotApplied):
            assert done.why
            assert done.todo
        check_settled(scene, before, after)
        assert scene.wired() == isinstance(done, AppliedClient)


@pytest.mark.slow
def test_a_disk_that_stays_full_is_settled_later(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    before, after = ends(Scene(tmp_path / "calm"))
    for number, scene in scenes(tmp_path):
        disk = FullDisk(number, ever=True)
        done = scene.apply(disk)
        if number > len(disk.calls):
            break
        assert isinstance(done, NotApplied) or scene.wired()
        check_settled(scene, before, after)


def test_nothing_open_writes_nothing(scene: Scene) -> None:
    assert recover(scene.journal(), now=NOW) == ()
    assert not scene.journal_folder.exists()


def test_what_was_settled_is_told(tmp_path: Path, scene: Scene) -> None:
    disk = DyingDisk(name="replace")
    assert killed(lambda: scene.apply(disk))
    (said,) = recover(scene.journal(), now=NOW)
    assert said == (
        "Turnout was stopped while wiring claude-code; now its files are as they were."
    )


@pytest.mark.slow
def test_somebody_elses_edit_after_the_kill_is_kept(tmp_path: Path) -> None:
    for number, scene in scenes(tmp_path):
        disk = DyingDisk(number)
        if not killed(partial(scene.apply, disk)):
            break
        text = scene.first.read_bytes()
        scene.first.write_bytes(text.replace(b'"1"', b'"edited meanwhile"'))
        recover(scene.journal(), now=NOW)
        assert b'"edited meanwhile"' in scene.first.read_bytes()
        if not scene.wired():
            assert KEY.encode() not in scene.first.read_bytes()
            assert not scene.second.exists()


def test_a_command_that_was_cut_short_is_taken_back(scene: Scene) -> None:
    command = ClientCommand(("client", "set"), ("client", "unset"), scene.first)
    ran: list[tuple[str, ...]] = []

    def run(words: tuple[str, ...]) -> None:
        ran.append(words)
        if words[-1] == "unset":
            raise CommandRefused("it is not there.", "Install it.")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_client(
            plan(json_wish(scene.first), commands=(command,)),
            scene.journal(),
            now=NOW,
            plan_id="p",
            port=1,
            run=run,
        )
    recover(scene.journal(), now=NOW, run=run)
    assert ran == [("client", "set"), ("client", "unset")]
    assert not scene.wired()
