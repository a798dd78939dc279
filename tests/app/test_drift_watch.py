"""Connected clients' files are watched by their times alone, and judged by our keys."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_plans import KEY, URL, json_wish, plan

from app.drift_watch import (
    LOOK_SECONDS,
    DriftWatch,
    client_name,
    drifts_of,
    judged,
    leads_here,
)
from app.settings.files import Stamp, stamp_of
from app.state import WiringHealth
from discovery.files import FileState, look_at
from wizard.apply import AppliedClient, apply_client
from wizard.journal import Journal
from wizard.records import Wiring
from wizard.stored import Deed
from wizard.undo import apply_undo

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PORT = 8787


class Scene:
    """A folder with one connected client, and what was read."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "settings.json"
        self.journal = Journal(folder / "backups", wait=0.0)
        self.read: list[Path] = []
        self.looked_at: list[Path] = []
        self.watch = self.watching(PORT)

    def watching(self, port: int) -> DriftWatch:
        return DriftWatch(
            self.journal,
            port,
            "turnout",
            stamp=self._stamp,
            read=self._read,
        )

    def _stamp(self, path: Path) -> Stamp | None:
        self.looked_at.append(path)
        return stamp_of(path)

    def _read(self, path: Path) -> FileState:
        self.read.append(path)
        return look_at(path)

    def connect(self) -> Wiring:
        done = apply_client(
            plan(json_wish(self.file)), self.journal, now=NOW, plan_id="p", port=PORT
        )
        assert isinstance(done, AppliedClient), done
        assert done.wiring is not None
        return done.wiring

    def change(self, change: Callable[[dict[str, object]], object]) -> None:
        whole = json.loads(self.file.read_text())
        change(whole)
        self.file.write_text(json.dumps(whole, indent=3))

    def state(self) -> WiringHealth:
        (one,) = self.watch.wirings
        return one.state

    async def look(self) -> bool:
        """Look once more."""
        return await self.watch.look()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    (tmp_path / "settings.json").write_text('{"theme": "dark"}\n')
    return Scene(tmp_path)


def drop_url(whole: dict[str, object]) -> None:
    env = whole["env"]
    assert isinstance(env, dict)
    del env["BASE_URL"]


async def test_where_nothing_is_connected_no_file_is_looked_at(scene: Scene) -> None:
    for _ in range(5):
        assert not await scene.look()
    assert scene.watch.wirings == ()
    assert {path.name for path in scene.looked_at} == {"journal.jsonl"}
    assert scene.read == []


async def test_while_nothing_changes_nothing_is_read(scene: Scene) -> None:
    scene.connect()
    assert await scene.look()
    assert scene.read == [scene.file]
    scene.looked_at.clear()
    for _ in range(100):
        assert not await scene.look()
    assert scene.read == [scene.file]
    assert len(scene.looked_at) == 200


async def test_a_change_of_our_key_is_told_once_and_is_over_when_it_is_back(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.drift_watch")
    scene.connect()
    before = scene.file.read_bytes()
    await scene.look()
    scene.change(drop_url)
    assert await scene.look()
    (one,) = scene.watch.wirings
    assert one.state is WiringHealth.DRIFTED
    assert "env.BASE_URL" in one.sentence
    assert one.todo == "turnout repair claude-code"
    scene.change(lambda whole: whole.update(other=1))
    await scene.look()
    await scene.look()
    told = [each for each in caplog.records if "may go past" in each.message]
    assert len(told) == 1
    assert vars(told[0])["event"] == "wiring_drifted"
    assert KEY not in caplog.text
    scene.file.write_bytes(before)
    assert await scene.look()
    assert scene.state() is WiringHealth.WIRED


async def test_a_client_that_rewrites_the_rest_of_its_file_changes_nothing(
    scene: Scene,
) -> None:
    scene.connect()
    await scene.look()
    scene.change(lambda whole: whole.update(permissions={"allow": ["Bash"]}))
    assert not await scene.look()
    assert len(scene.read) == 2
    assert scene.state() is WiringHealth.WIRED


@pytest.mark.parametrize("trouble", ["gone", "folder", "broken", "pipe"])
async def test_a_file_that_cannot_be_read_is_told(scene: Scene, trouble: str) -> None:
    scene.connect()
    await scene.look()
    scene.file.unlink()
    if trouble == "folder":
        scene.file.mkdir()
    elif trouble == "broken":
        scene.file.write_text('{"env": ')
    elif trouble == "pipe":
        __import__("os").mkfifo(scene.file)
    assert await scene.look()
    (one,) = scene.watch.wirings
    assert one.state is WiringHealth.DRIFTED
    assert str(scene.file) in one.sentence


async def test_an_undo_and_a_new_wiring_are_seen(scene: Scene) -> None:
    scene.connect()
    await scene.look()
    apply_undo(scene.journal, ["claude-code"], now=NOW, suspend=True)
    assert await scene.look()
    assert scene.state() is WiringHealth.SUSPENDED
    scene.watch.not_rewired("claude-code", "its file is broken.")
    (one,) = scene.watch.wirings
    assert one.state is WiringHealth.NOT_REWIRED
    assert one.sentence.endswith("its file is broken.")
    scene.connect()
    assert await scene.look()
    assert scene.state() is WiringHealth.WIRED
    apply_undo(scene.journal, ["claude-code"], now=NOW, suspend=True)
    await scene.look()
    # What went wrong before is no word about this time.
    assert scene.state() is WiringHealth.SUSPENDED
    apply_undo(scene.journal, ["claude-code"], now=NOW)
    assert await scene.look()
    assert scene.watch.wirings == ()


async def test_a_history_that_cannot_be_read_keeps_what_was_known(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.connect()
    await scene.look()
    known = scene.watch.wirings
    history = scene.journal.folder / "journal.jsonl"
    kept = history.read_bytes()
    history.unlink()
    history.mkdir()
    for _ in range(3):
        assert not await scene.look()
    assert scene.watch.wirings == known
    assert len([r for r in caplog.records if "cannot be read" in r.message]) == 1
    history.rmdir()
    history.write_bytes(kept)
    scene.change(drop_url)
    assert await scene.look()
    assert scene.state() is WiringHealth.DRIFTED


async def test_what_turnout_itself_is_writing_is_waited_for_once(scene: Scene) -> None:
    wiring = scene.connect()
    await scene.look()
    with scene.journal.alone():
        scene.journal.begin(Deed.UNDO, wiring)
    scene.change(drop_url)
    await scene.look()
    assert scene.state() is WiringHealth.WIRED
    # It may have been killed meanwhile.
    await scene.look()
    assert scene.state() is WiringHealth.DRIFTED


async def test_a_busy_history_is_only_read(scene: Scene) -> None:
    scene.connect()
    with Journal(scene.journal.folder).alone():
        assert await scene.look()
    assert scene.state() is WiringHealth.WIRED


async def test_another_port_is_the_old_one(scene: Scene) -> None:
    wiring = scene.connect()
    scene.watch = scene.watching(9000)
    await scene.look()
    (one,) = scene.watch.wirings
    assert one.state is WiringHealth.OLD_PORT
    assert "old port 8787" in one.sentence
    assert "port 9000" in one.sentence
    assert one.port == 8787
    drifts = drifts_of(replace(wiring))
    assert drifts == ()
    scene.file.unlink()
    both = judged(wiring, drifts_of(wiring), 9000, "turnout")
    assert both.state is WiringHealth.DRIFTED


def test_more_than_one_change_is_counted(scene: Scene) -> None:
    wiring = scene.connect()
    scene.file.write_text("{}")
    told = judged(wiring, drifts_of(wiring), PORT, "turnout")
    assert told.sentence.endswith("(and 2 more)")


def test_what_leads_here_names_our_gateway(scene: Scene) -> None:
    wiring = scene.connect()
    assert URL.endswith(f":{PORT}")
    assert leads_here(wiring)
    scene.change(drop_url)
    assert not leads_here(wiring)
    scene.file.write_text("{")
    assert not leads_here(wiring)
    scene.file.unlink()
    assert not leads_here(wiring)


def test_clients_have_names() -> None:
    assert client_name("claude-code") == "Claude Code"
    assert client_name("mine") == "mine"


def test_two_looks_and_a_slow_disk_are_within_five_seconds() -> None:
    assert LOOK_SECONDS <= 2.5
