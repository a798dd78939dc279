"""The ways out of the tray, and the question that is asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from desktop_bridge import AskedBridge
from desktop_scenes import CONNECTED, DRIFTED, OLD_PORT, READY, SUSPENDED
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.commands.lifecycle import QuitChoice, QuitResult
from app.desktop.leaving import Leaving
from app.desktop.look import DARK, LIGHT, Ink, Look, palette
from app.desktop.sight import Link, Sight
from app.desktop.windows.quitting import (
    QUIT,
    QUIT_INLINE,
    STOP,
    Question,
    QuitDialog,
)
from app.failure import CommandFailed
from app.settings.fields import OnQuit
from app.state import Snapshot

Make = Callable[..., tuple[Leaving, AskedBridge, list[str]]]
KEPT = QuitResult(False, OnQuit.KEEP, "The gateway goes on.")
UNWIRED = QuitResult(False, OnQuit.UNWIRE, "Turnout ends.", ("claude-code",))


@pytest.fixture
def make(qapp: QApplication) -> Iterator[Make]:
    made: list[Leaving] = []

    def leaving(
        snapshot: Snapshot | None = CONNECTED, *, inline: bool = False
    ) -> tuple[Leaving, AskedBridge, list[str]]:
        link = Link.LIVE if snapshot else Link.AWAY
        bridge = AskedBridge(Sight(link, snapshot))
        bridge.answers["quit"] = UNWIRED
        left: list[str] = []
        subject = Leaving(
            bridge,  # type: ignore[arg-type]
            lambda: left.append("left"),
            inline=inline,
        )
        made.append(subject)
        return subject, bridge, left

    yield leaving
    for each in made:
        each.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.mark.parametrize(
    "snapshot",
    [
        None,
        READY,
        replace(READY, wirings=(SUSPENDED,)),
        replace(CONNECTED, on_quit=OnQuit.KEEP),
    ],
)
def test_where_nothing_is_to_be_asked_the_tray_ends(
    make: Make, snapshot: Snapshot | None
) -> None:
    subject, bridge, left = make(snapshot)
    subject.quit()
    assert left == ["left"]
    assert bridge.given == []
    assert subject.dialog is None


def test_what_was_chosen_once_is_done_without_a_question(make: Make) -> None:
    subject, bridge, left = make(replace(CONNECTED, on_quit=OnQuit.UNWIRE))
    subject.quit()
    assert bridge.given == [("quit", {"how": "unwire"})]
    assert left == ["left"]


def test_quit_asks_once_and_remembers(make: Make) -> None:
    subject, bridge, left = make()
    bridge.answers["quit"] = KEPT
    subject.quit()
    assert left == []
    dialog = subject.dialog
    assert dialog is not None
    assert dialog.isVisible()
    subject.quit()
    assert subject.dialog is dialog
    dialog.yes.click()
    assert bridge.given == [("quit", {"how": "keep", "remember": True})]
    assert left == ["left"]


def test_the_other_way_for_this_once(make: Make) -> None:
    subject, bridge, left = make()
    subject.quit()
    assert subject.dialog is not None
    subject.dialog.ways[OnQuit.UNWIRE].click()
    subject.dialog.remember.click()
    subject.dialog.yes.click()
    assert bridge.given == [("quit", {"how": "unwire"})]
    assert left == ["left"]


def test_a_question_that_is_put_off_ends_nothing(make: Make) -> None:
    subject, bridge, left = make()
    subject.quit()
    assert subject.dialog is not None
    QTest.keyClick(subject.dialog, Qt.Key.Key_Escape)
    assert not subject.dialog.isVisible()
    assert (bridge.given, left) == ([], [])
    subject.quit()
    assert subject.dialog.isVisible()


def test_where_a_client_stays_the_tray_stays_too(make: Make) -> None:
    subject, bridge, left = make(replace(CONNECTED, on_quit=OnQuit.UNWIRE))
    stuck = QuitResult(False, OnQuit.KEEP, "It goes on.", (), ("Codex is locked.",))
    bridge.answers["quit"] = stuck
    subject.quit()
    assert left == []
    (told,) = bridge.notices
    assert told.message == "Codex is locked. It goes on."


def test_a_refusal_is_told_and_ends_nothing(make: Make) -> None:
    subject, bridge, left = make(replace(CONNECTED, on_quit=OnQuit.UNWIRE))
    bridge.answers["quit"] = CommandFailed("No", "It cannot be saved.")
    subject.quit()
    assert left == []
    assert [each.title for each in bridge.notices] == ["No"]


def test_stopping_asks_too_and_saves_nothing(make: Make) -> None:
    subject, bridge, left = make()
    subject.stop()
    assert subject.dialog is not None
    assert not subject.dialog.remember.isVisibleTo(subject.dialog)
    subject.dialog.yes.click()
    assert bridge.given == [("quit", {"how": "unwire"})]
    assert left == ["left"]
    subject.stop()
    subject.dialog.ways[OnQuit.KEEP].click()
    subject.dialog.yes.click()
    assert bridge.stopped == 1
    assert left == ["left", "left"]


def test_stopping_asks_nothing_where_nobody_is_connected(make: Make) -> None:
    subject, bridge, left = make(READY)
    subject.stop()
    assert (bridge.stopped, left) == (1, ["left"])


def test_in_one_process_the_gateway_cannot_be_kept(make: Make) -> None:
    subject, _, _ = make(inline=True)
    subject.quit()
    assert subject.dialog is not None
    assert subject.dialog.ways[OnQuit.UNWIRE].isChecked()
    said = " ".join(each.text() for each in subject.dialog.findChildren(QLabel))
    assert "get no answer until Turnout runs again" in said


def test_the_choice_is_changed_in_the_menu(make: Make) -> None:
    subject, bridge, _ = make()
    bridge.answers["quit choice"] = QuitChoice(OnQuit.KEEP, "Quit keeps.", True)
    subject.choose(OnQuit.KEEP)
    assert bridge.given == [("quit choice", {"choice": "keep"})]
    assert [each.message for each in bridge.notices] == ["Quit keeps."]
    seen: list[Sight] = []
    bridge.sight_changed.connect(seen.append)
    bridge.answers["quit choice"] = CommandFailed("No", "It cannot be saved.")
    subject.choose(OnQuit.UNWIRE)
    # The menu shows again what is true.
    assert seen == [bridge.sight]


# --- the question itself --------------------------------------------------------------


@pytest.fixture
def own_look(qapp: QApplication) -> Iterator[None]:
    before, style = qapp.palette(), qapp.style().name()
    Look(qapp)
    yield
    qapp.setStyle(style)
    qapp.setPalette(before)


@pytest.mark.usefixtures("own_look")
@pytest.mark.parametrize("ink", [LIGHT, DARK])
@pytest.mark.parametrize("question", [QUIT, QUIT_INLINE, STOP])
def test_it_is_painted_and_every_word_has_room(
    qapp: QApplication, qtbot: QtBot, ink: Ink, question: Question
) -> None:
    qapp.setPalette(palette(ink))
    clients = (DRIFTED.name, OLD_PORT.name, "A client with a rather long name")
    dialog = QuitDialog(question, clients, lambda how, remember: None)
    qtbot.addWidget(dialog)
    dialog.show()
    qapp.processEvents()
    assert dialog.grab().toImage().pixelColor(2, 2).name() == ink.paper
    for label in dialog.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
    for choice in dialog.ways.values():
        assert choice.accessibleDescription()
        assert choice.width() >= choice.sizeHint().width()


def test_the_keys_choose_and_agree(qtbot: QtBot) -> None:
    chosen: list[tuple[OnQuit, bool]] = []
    dialog = QuitDialog(QUIT, ("Codex",), lambda *told: chosen.append(told))
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    focus = QApplication.focusWidget()
    assert focus is dialog.ways[OnQuit.KEEP]
    QTest.keyClick(focus, Qt.Key.Key_Down)
    QTest.keyClick(dialog.ways[OnQuit.UNWIRE], Qt.Key.Key_Return)
    assert chosen == [(OnQuit.UNWIRE, True)]
