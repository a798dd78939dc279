"""The desk, the tray icon, and what the whole package keeps to."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from desktop_scenes import AT_LOGIN, EVENTS, READY, SIGHTS
from doctor_grounds import SOUND, report_of
from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from pytestqt.qtbot import QtBot
from wizard_scenes import (
    CLAUDE,
    CLAUDE_DONE,
    CLAUDE_VIEW,
    OLLAMA,
    OUTCOME,
    PLAN,
    STARTING,
)

from app.commands.lifecycle import Accepted, QuitResult, Repair
from app.commands.setup import SavedFirstRun
from app.desktop import desk as subject
from app.desktop.bridge import Notice
from app.desktop.desk import SECRET_HINT, Desk
from app.desktop.instance import HELLO, SHOW, Instance, socket_path
from app.desktop.sight import Link, Shape, Sight
from app.desktop.starter import Starter
from app.desktop.tray import Tray
from app.desktop.why import Reasons
from app.desktop.windows.doctor import NOT_DONE
from app.desktop.windows.overview import SERVERS_EVERY
from app.failure import CommandFailed
from app.paths import Paths, make_folders, paths_for
from app.serve import CannotServe
from app.settings.fields import OnQuit
from discovery.findings import Findings
from proxy.routing import Mode

DESKTOP = Path(__file__).parents[3] / "app" / "desktop"


class FakeBridge(QObject):
    """The bridge's signals, and a list of what it was asked."""

    sight_changed = Signal(object)
    recent_changed = Signal(object)
    explained = Signal(object)
    told = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.sight = Sight()
        self.asked: list[tuple[str, ...]] = []
        self.called: list[str] = []
        self.given: list[tuple[str, dict[str, object]]] = []
        self.answers: dict[str, object] = {}
        self.refused: dict[str, CommandFailed] = {}

    def ask(
        self,
        name: str,
        result: type,
        told: Callable[[Any], None],
        failed: Callable[[CommandFailed], None],
        given: Mapping[str, object],
        limit: float | None = None,
    ) -> None:
        self.called.append(name)
        self.given.append((name, dict(given)))
        answer = self.answers.get(name)
        if name in self.refused:
            failed(self.refused[name])
        elif answer is not None:
            told(answer)

    def set_mode(self, mode: Mode) -> None:
        self.asked.append(("mode", mode))

    def copy_settings(self, client: str) -> None:
        self.asked.append(("copy", client))

    def look(self) -> None:
        self.asked.append(("look",))

    def explain(self, request: str) -> None:
        self.asked.append(("explain", request))

    def start_gateway(self) -> None:
        self.asked.append(("start",))

    def stop_gateway(self, then: object) -> None:
        self.asked.append(("stop",))

    def see(self, sight: Sight) -> None:
        self.sight = sight
        self.sight_changed.emit(sight)


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge()


@pytest.fixture
def left() -> list[str]:
    return []


@pytest.fixture
def desk(qapp: QApplication, bridge: FakeBridge, left: list[str]) -> Iterator[Desk]:
    made = Desk(
        qapp,
        bridge,  # type: ignore[arg-type]
        lambda: left.append("left"),
        inline=False,
    )
    yield made
    made.close()
    made.menu.deleteLater()
    qapp.processEvents()
    # Without a running Qt loop nobody else sees to it, and windows pile up.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_without_a_tray_the_window_is_the_app(desk: Desk) -> None:
    desk.open(hidden=False)
    window = desk._windows["overview"]
    assert window.isVisible()
    assert window.notice.isVisible()
    window.close()
    assert window.isMinimized()
    desk.show_window("overview")
    assert not window.isMinimized()


def test_hidden_without_a_tray_is_minimised_and_not_lost(desk: Desk) -> None:
    desk.open(hidden=True)
    assert desk._windows["overview"].isMinimized()


def test_with_a_tray_no_window_opens_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "tray_there", lambda: True)
    desk.open(hidden=False)
    assert desk._windows == {}


def test_a_window_opened_late_shows_what_is_known(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.see(SIGHTS["ready"])
    desk.show_window("overview")
    window = desk._windows["overview"]
    assert window.title.text() == "Ready for coding requests"
    assert bridge.asked == [("look",)]
    bridge.recent_changed.emit(EVENTS)
    assert window.requests.rows.rowCount() == len(EVENTS)
    bridge.see(SIGHTS["away"])
    assert window.title.text() == "No gateway is running"
    assert desk.menu.status.text() == "Turnout: no gateway is running"


def test_wishes_go_to_the_bridge(
    desk: Desk, bridge: FakeBridge, left: list[str]
) -> None:
    desk.set_mode(Mode.OFFLINE)
    desk.copy_settings("codex")
    desk.start_gateway()
    desk.stop_and_quit()
    assert bridge.asked == [
        ("mode", "offline"),
        ("copy", "codex"),
        ("start",),
        ("stop",),
    ]
    assert left == []
    desk.quit()
    assert left == ["left"]


def test_a_chosen_request_is_explained_in_the_window(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.see(SIGHTS["ready"])
    desk.show_window("overview")
    window = desk._windows["overview"]
    bridge.recent_changed.emit(EVENTS)
    window.requests.setCurrentIndex(window.requests.rows.index(2))
    assert bridge.asked[-1] == ("explain", EVENTS[2].id)
    bridge.explained.emit(Reasons(EVENTS[2].id, ("Because it was cheaper.",)))
    labels = [each.text() for each in window.detail.findChildren(QLabel)]
    assert "Because it was cheaper." in labels


def test_the_first_run_opens_once_a_gateway_can_be_asked(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.answers["setup resume"] = SavedFirstRun("", begun=False)
    desk.open(hidden=False)
    assert "setup resume" not in bridge.called
    bridge.see(SIGHTS["ready"])
    window = desk.setting_up.window
    assert window is not None
    assert window.isVisible()
    assert bridge.called.count("discover") == 3
    bridge.see(SIGHTS["offline"])
    assert bridge.called.count("setup resume") == 1
    desk.close()
    assert desk.setting_up.window is None


@pytest.mark.parametrize(
    ("hidden", "kept", "opens"),
    [
        (True, SavedFirstRun("", begun=False), False),
        (False, SavedFirstRun("", begun=True), False),
        (False, SavedFirstRun('{"ended": "cancelled"}', begun=True), False),
        (False, SavedFirstRun('{"ended": "no"}', begun=True), True),
    ],
)
def test_the_first_run_does_not_come_back_uncalled(
    desk: Desk, bridge: FakeBridge, hidden: bool, kept: SavedFirstRun, opens: bool
) -> None:
    bridge.answers["setup resume"] = kept
    desk.open(hidden=hidden)
    bridge.see(SIGHTS["ready"])
    assert (desk.setting_up.window is not None) is opens


def test_the_wizard_is_opened_from_the_menu_and_leads_back(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.answers["setup resume"] = SavedFirstRun("", begun=True)
    bridge.see(SIGHTS["ready"])
    desk.menu.setup.trigger()
    window = desk.setting_up.window
    assert window is not None
    desk.show_window("setup")
    assert desk.setting_up.window is window
    window.reject()
    assert not window.isVisible()
    assert desk._windows["overview"].isVisible()


def test_one_client_is_connected_from_the_menu(desk: Desk, bridge: FakeBridge) -> None:
    bridge.see(SIGHTS["ready"])
    bridge.answers["discover"] = Findings(clients=(CLAUDE,))
    bridge.answers["setup plan"] = replace(PLAN, clients=(CLAUDE_VIEW,))
    desk.menu.connects.actions()[0].trigger()
    window = desk.setting_up.window
    assert window is not None
    assert window.title.text() == "What would change"
    assert bridge.called.count("setup plan") == 1


def test_new_servers_are_looked_for_while_the_window_is_seen(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.answers["discover"] = Findings(servers=(OLLAMA, STARTING))
    bridge.see(SIGHTS["ready"])
    desk.show_window("overview")
    window = desk._windows["overview"]
    assert bridge.called == ["login", "discover"]
    assert len(window.servers.buttons) == 1


def test_the_doctor_looks_when_its_window_opens(desk: Desk, bridge: FakeBridge) -> None:
    bridge.refused["doctor"] = CommandFailed("No gateway", "None is running.")
    desk.show_window("doctor")
    window = desk.checkup.window
    assert window is not None
    assert bridge.called == ["doctor"]
    assert window.sentence.text() == "No gateway. None is running."
    desk.checkup.start_gateway()
    assert bridge.asked == [("start",)]
    desk.checkup.copy("turnout doctor")
    assert QGuiApplication.clipboard().text() == "turnout doctor"
    bridge.refused.clear()
    bridge.answers["doctor"] = report_of(SOUND)
    desk.checkup.run_doctor(fix=True)
    assert window.title.text() != NOT_DONE
    desk.close()
    assert desk.checkup.window is None


def test_what_holds_a_key_of_ours_does_not_stay_in_the_clipboard(desk: Desk) -> None:
    desk.setting_up.copy("turnout undo --all")
    assert QGuiApplication.clipboard().text() == "turnout undo --all"
    desk.setting_up.copy("tnt_canary_not_a_secret")
    data = QGuiApplication.clipboard().mimeData()
    assert data.data(SECRET_HINT).data() == b"secret"
    desk.close()
    assert not QGuiApplication.clipboard().text()


def test_copied_lines_are_in_the_clipboard_and_marked_secret(
    desk: Desk, bridge: FakeBridge
) -> None:
    bridge.told.emit(Notice("Copied", clipboard="export KEY=tnt_x\n", bad=False))
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == "export KEY=tnt_x\n"
    assert data.data(SECRET_HINT).data() == b"secret"
    desk.close()
    assert not QGuiApplication.clipboard().text()


def test_a_notice_is_told_in_the_window_if_one_is_open(
    desk: Desk, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(desk.tray, "say", lambda title, words, bad: said.append(title))
    bridge.told.emit(Notice("First"))
    assert said == ["First"]
    desk.show_window("overview")
    bridge.told.emit(Notice("Second"))
    assert said == ["First"]
    assert desk._windows["overview"].notice.isVisible()


# --- one tray, one gateway ------------------------------------------------------------


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    # A socket's path may not be long.
    made = paths_for({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path / "h")
    make_folders(made)
    return made


@pytest.mark.parametrize("which", ["control_socket", "keeper_socket"])
async def test_what_runs_already_is_not_started_again(
    qapp: QApplication, paths: Paths, which: str
) -> None:
    with socket.socket(socket.AF_UNIX) as served, ThreadPoolExecutor(1) as pool:
        served.bind(str(getattr(paths, which)))
        served.listen()
        starter = Starter(paths, None, pool)
        await starter.start_if_none()
        assert starter._started == []
        if which == "keeper_socket":
            with pytest.raises(CommandFailed) as refused:
                await starter.start()
            assert "logs" in refused.value.todo


async def test_a_taken_port_is_told_where_it_is_asked_for(
    qapp: QApplication, paths: Paths
) -> None:
    with socket.socket() as taken, ThreadPoolExecutor(1) as pool:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        starter = Starter(paths, port, pool)
        with pytest.raises(CommandFailed) as refused:
            await starter.start()
        assert f"Port {port} is taken" in refused.value.message
        with pytest.raises(CannotServe):
            await starter.start_if_none()


def ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def test_one_instance_holds_the_claim_and_hears_the_others(
    qtbot: QtBot, paths: Paths
) -> None:
    first, second = Instance(paths), Instance(paths)
    woken: list[int] = []
    assert first.claim()
    assert not second.claim()
    assert second.holder == os.getpid()
    first.listen(lambda: woken.append(1))
    # Its waiting holds the interpreter, so the other start is a process as in life.
    code = (
        "import sys; from pathlib import Path;"
        "from app.desktop.instance import Instance;"
        "from app.paths import paths_for; home = paths_for({}, Path(sys.argv[1]));"
        "sys.exit(not Instance(home).wake(sys.argv[2].encode()))"
    )
    for word, times in ((SHOW, 1), (HELLO, 1), (SHOW, 2)):
        command = [sys.executable, "-c", code, str(paths.home), word.decode()]
        with subprocess.Popen(command) as other:
            qtbot.waitUntil(partial(ended, other), timeout=20000)
        assert other.returncode == 0
        assert len(woken) == times
    first.release()
    assert second.claim()
    assert not socket_path(paths).exists()
    second.release()


def test_a_dead_first_instance_leaves_the_claim_to_the_next(
    qtbot: QtBot, paths: Paths
) -> None:
    code = (
        "import os, sys; from PySide6.QtCore import QLockFile;"
        "lock = QLockFile(sys.argv[1]); lock.setStaleLockTime(0); lock.tryLock(0);"
        "os.kill(os.getpid(), 9)"
    )
    lock = paths.run / "tray.lock"
    subprocess.run([sys.executable, "-c", code, str(lock)], check=False)
    assert lock.exists()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(paths)))
    next_one = Instance(paths)
    assert next_one.claim()
    next_one.listen(lambda: None)
    assert next_one._server is not None
    assert next_one._server.isListening()
    next_one.release()


# --- the tray icon --------------------------------------------------------------------


def test_an_icon_is_made_only_where_one_can_be(qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    tray = Tray(menu, lambda: None)
    for sight in SIGHTS.values():
        tray.show_sight(sight)
    tray.say("Title", "Words", bad=True)
    tray.hide()
    assert tray._icon is None


class FakeIcon:
    """Writes down what a tray icon is told."""

    made: ClassVar[list[FakeIcon]] = []

    def __init__(self) -> None:
        self.icons = 0
        self.tooltips: list[str] = []
        self.hidden = False
        FakeIcon.made.append(self)

    def setIcon(self, icon: object) -> None:  # noqa: N802 - Qt's name
        self.icons += 1

    def setToolTip(self, text: str) -> None:  # noqa: N802 - Qt's name
        self.tooltips.append(text)

    def hide(self) -> None:
        self.hidden = True

    def deleteLater(self) -> None:  # noqa: N802 - Qt's name
        pass


def test_the_icon_changes_only_with_the_state(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "_made", lambda tray: FakeIcon())
    menu = QMenu()
    qtbot.addWidget(menu)
    tray = Tray(menu, lambda: None)
    (icon,) = FakeIcon.made[-1:]
    for scene in ("ready", "ready", "offline", "offline", "away"):
        tray.show_sight(SIGHTS[scene])
    assert icon.icons == 3
    assert len(icon.tooltips) == 3
    assert tray._shown == (Shape.BROKEN, False)


def test_a_tray_that_appears_late_gets_a_new_icon(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "_made", lambda tray: FakeIcon())
    monkeypatch.setattr(QTimer, "singleShot", lambda ms, work: work())
    menu = QMenu()
    qtbot.addWidget(menu)
    tray = Tray(menu, lambda: None)
    (first,) = FakeIcon.made[-1:]
    tray._appeared("org.kde.StatusNotifierWatcher")
    assert first.hidden
    assert FakeIcon.made[-1] is not first


# --- what the package keeps to --------------------------------------------------------


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(DESKTOP.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def test_nothing_runs_a_loop_of_its_own() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"exec", "exec_"}, path


HEAVY = ("aiohttp", "peewee", "keyring", "sqlite3", "tomlkit")
OWN_HEAVY = (
    "proxy.server",
    "proxy.pipeline",
    "proxy.upstream",
    "proxy.secrets",
    "proxy.projects",
    "proxy.ledger.store",
)


def test_no_module_imports_sql_http_or_the_gateways_insides() -> None:
    for path, tree in trees():
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert not name.startswith(HEAVY), path
                assert not name.startswith(OWN_HEAVY), path


def test_naming_the_package_loads_no_qt() -> None:
    probe = "import sys, app.desktop; print([m for m in sys.modules if 'PySide' in m])"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_no_timer_ticks_while_nothing_happens(desk: Desk, bridge: FakeBridge) -> None:
    desk.show_window("overview")
    bridge.see(Sight(Link.LIVE, READY))
    timers = [
        timer
        for parent in (desk, desk.tray, desk.menu, *desk._windows.values())
        for timer in parent.findChildren(QTimer)
        if timer.isActive()
    ]
    # But for the look for new servers, while the window is seen.
    assert [timer.interval() for timer in timers] == [SERVERS_EVERY]
    desk._windows["overview"].hide()
    assert not timers[0].isActive()


# --- connected clients ----------------------------------------------------------------


def test_what_happens_to_a_client_is_told_where_it_is_seen(
    desk: Desk, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(desk.tray, "say", lambda title, words, bad: said.append(title))
    bridge.see(SIGHTS["connected"])
    assert said == []
    bridge.see(SIGHTS["drifted"])
    assert said == ["Claude Code needs a look", "Codex needs a look"]
    desk.show_window("overview")
    lines = desk._windows["overview"].wirings.lines
    assert list(lines) == ["claude-code", "codex", "opencode"]
    bridge.see(SIGHTS["connected"])
    bridge.see(SIGHTS["drifted"])
    # The window shows it with its buttons, so nothing pops up.
    assert len(said) == 2


def test_a_change_is_accepted_with_one_click(desk: Desk, bridge: FakeBridge) -> None:
    left = ("env.ANTHROPIC_BASE_URL in ~/.claude/settings.json",)
    said = "Claude Code is not connected any more."
    bridge.answers["accept"] = Accepted("claude-code", said, True, left)
    bridge.see(SIGHTS["drifted"])
    desk.show_window("overview")
    window = desk._windows["overview"]
    window.wirings.lines["claude-code"].accept.click()
    assert bridge.given[-1] == ("accept", {"client": "claude-code"})
    shown = [each.text() for each in window.notice.findChildren(QLabel)]
    assert said in shown
    bridge.refused["accept"] = CommandFailed("Not now", "It is being written.")
    desk.accept_client("claude-code")
    shown = [each.text() for each in window.notice.findChildren(QLabel)]
    assert "Not now" in shown


def test_a_repair_is_reviewed_before_anything_is_written(
    desk: Desk, bridge: FakeBridge
) -> None:
    plan = replace(PLAN, clients=(CLAUDE_VIEW,), own=())
    bridge.answers["repair"] = Repair(True, "Nothing yet.", ("claude-code",), plan)
    bridge.see(SIGHTS["drifted"])
    desk.show_window("overview")
    desk._windows["overview"].wirings.lines["claude-code"].repair.click()
    window = desk.setting_up.window
    assert window is not None
    assert window.title.text() == "What would change"
    asked = [given for name, given in bridge.given if name == "repair"]
    assert asked == [{"client": "claude-code"}]
    assert not window.back.isVisible()
    outcome = replace(OUTCOME, clients=(CLAUDE_DONE,))
    done = Repair(False, "Repaired.", ("claude-code",), plan, outcome)
    bridge.answers["repair"] = done
    window.accept()
    asked = [given for name, given in bridge.given if name == "repair"]
    assert asked[1:] == [{"client": "claude-code", "yes": True}]
    assert window.title.text() == "Claude Code is using Turnout"
    assert "setup apply" not in bridge.called


def test_start_at_login_goes_through_the_menu(desk: Desk, bridge: FakeBridge) -> None:
    bridge.answers["login"] = AT_LOGIN
    desk.look_at_login()
    assert bridge.called == []
    bridge.see(SIGHTS["ready"])
    assert desk.menu.login.isChecked()
    desk.menu.login.trigger()
    assert bridge.given[-1] == ("login", {"state": "off"})


def test_quit_asks_before_connected_clients_are_left(
    desk: Desk, bridge: FakeBridge, left: list[str]
) -> None:
    bridge.see(SIGHTS["connected"])
    desk.menu.leave.trigger()
    assert left == []
    dialog = desk.leaving.dialog
    assert dialog is not None
    bridge.answers["quit"] = QuitResult(False, OnQuit.KEEP, "It goes on.")
    dialog.yes.click()
    assert left == ["left"]
    desk.choose_quit(OnQuit.UNWIRE)
    assert bridge.given[-1] == ("quit choice", {"choice": "unwire"})
    desk.close()
    assert desk.leaving.dialog is None
