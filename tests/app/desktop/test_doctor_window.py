"""The doctor's window: each state, by mouse and by keys, and for those who hear it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from doctor_grounds import AMISS, SOUND, clients, report_of
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.desktop.look import DARK, LIGHT, Ink, Look, palette
from app.desktop.windows.doctor import (
    IN_TERMINAL,
    LOOKING,
    MENDING,
    NOT_DONE,
    DoctorWindow,
    headline,
)
from app.doctor.report import Mended

LEFT = Qt.MouseButton.LeftButton
ALT = Qt.KeyboardModifier.AltModifier


class Wishes:
    """Actions that only write down what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def run_doctor(self, *, fix: bool = False) -> None:
        self.asked.append(("doctor", "fix" if fix else "look"))

    def start_gateway(self) -> None:
        self.asked.append(("start",))

    def copy(self, text: str) -> None:
        self.asked.append(("copy", text))


@pytest.fixture(autouse=True)
def own_look(qapp: QApplication) -> Iterator[None]:
    before, style = qapp.palette(), qapp.style().name()
    Look(qapp)
    yield
    qapp.setStyle(style)
    qapp.setPalette(before)
    qapp.processEvents()


@pytest.fixture
def wishes() -> Wishes:
    return Wishes()


@pytest.fixture
def window(qtbot: QtBot, wishes: Wishes) -> DoctorWindow:
    made = DoctorWindow(wishes)
    qtbot.addWidget(made)
    made.show()
    return made


def texts(window: QWidget) -> list[str]:
    """What a person reads in the labels that are shown."""
    labels = window.findChildren(QLabel)
    return [each.text() for each in labels if each.isVisibleTo(window) and each.text()]


def test_it_looks_by_itself_when_it_first_comes_up(
    window: DoctorWindow, wishes: Wishes
) -> None:
    assert wishes.asked == [("doctor", "look")]
    assert texts(window)[0] == LOOKING
    assert not window.again.isEnabled()
    window.show_report(report_of(SOUND))
    window.hide()
    window.show()
    assert len(wishes.asked) == 1


def test_nothing_wrong_is_said_first(window: DoctorWindow) -> None:
    window.show_report(report_of(SOUND))
    shown = texts(window)
    assert shown[0] == "Everything works"
    assert "In order" in shown
    assert not window.mend.isVisible()
    assert not window.start.isVisible()
    assert not window.troubles.isVisible()


def test_every_fault_is_shown_with_its_words(window: DoctorWindow) -> None:
    for name, (code, _, ground) in AMISS.items():
        report = report_of(ground)
        window.show_report(report)
        told = next(check for check in report.checks if check.code == code)
        assert told.means in texts(window), name


@pytest.mark.parametrize("name", ["override", "drift"])
@pytest.mark.parametrize("ink", [LIGHT, DARK])
def test_a_report_is_painted_in_both_schemes(
    qapp: QApplication, window: DoctorWindow, name: str, ink: Ink
) -> None:
    qapp.setPalette(palette(ink))
    window.show_report(report_of(AMISS[name][2]))
    qapp.processEvents()
    picture = window.grab().toImage()
    assert picture.pixelColor(2, 2).name() == ink.paper
    row = window.troubles.rows[0]
    place = row.mapTo(window, row.rect().topLeft())
    ratio = round(picture.devicePixelRatio())
    bar = picture.pixelColor((place.x() + 1) * ratio, (place.y() + 4) * ratio)
    assert bar.name() == ink.signal


def test_fewer_faults_leave_no_old_ones_behind(window: DoctorWindow) -> None:
    window.show_report(report_of(AMISS["override"][2]))
    window.show_report(report_of(SOUND))
    assert "override" not in texts(window)
    assert "Problem" not in texts(window)


def test_a_command_is_copied_and_says_which(
    window: DoctorWindow, wishes: Wishes
) -> None:
    window.show_report(report_of(AMISS["drift"][2]))
    (row,) = [each for each in window.troubles.rows if each.isVisible()]
    button = row.copy  # type: ignore[union-attr]
    assert button.accessibleName() == ("Copy the command turnout repair claude-code")
    QTest.mouseClick(button, LEFT)
    assert wishes.asked[-1] == ("copy", "turnout repair claude-code")


def test_only_what_can_be_mended_offers_it(
    window: DoctorWindow, wishes: Wishes
) -> None:
    window.show_report(report_of(AMISS["down"][2]))
    assert window.mend.isVisible()
    QTest.mouseClick(window.mend, LEFT)
    assert wishes.asked[-1] == ("doctor", "fix")
    assert texts(window)[0] == MENDING
    QTest.mouseClick(window.again, LEFT)
    assert len(wishes.asked) == 2, "one wish at a time"


def test_what_was_mended_and_what_was_left_is_told(window: DoctorWindow) -> None:
    deeds = (
        Mended("gateway-down", "It was down.", "It answers.", done=True),
        Mended("drift", "It drifted.", "Left as it is.", done=False),
    )
    window.show_report(replace(report_of(SOUND), mended=deeds))
    shown = texts(window)
    assert "Mended: It was down. It answers." in shown
    assert "Left: It drifted. Left as it is." in shown
    window.show_report(report_of(SOUND))
    assert not window.mended.isVisible()


def test_a_check_that_could_not_be_done_says_why_and_what_to_do(
    window: DoctorWindow, wishes: Wishes
) -> None:
    window.show_report(report_of(SOUND))
    window.show_failure("No gateway answers", "Nobody is there.", "Start it.")
    shown = texts(window)
    assert shown[:3] == [
        NOT_DONE,
        "No gateway answers. Nobody is there.",
        f"Start it. {IN_TERMINAL}",
    ]
    assert not window.page.isVisible()
    QTest.mouseClick(window.start, LEFT)
    assert wishes.asked[-1] == ("start",)


def test_the_keys_do_all_of_it(
    qtbot: QtBot, window: DoctorWindow, wishes: Wishes
) -> None:
    window.show_report(report_of(AMISS["down"][2]))
    with qtbot.waitActive(window):
        window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert wishes.asked[-1] == ("doctor", "look")
    window.show_report(report_of(AMISS["down"][2]))
    QTest.keyClick(window, Qt.Key.Key_M, ALT)
    # Qt shows the button pressed for a moment before it acts.
    qtbot.waitUntil(lambda: wishes.asked[-1] == ("doctor", "fix"))
    window.show_report(report_of(SOUND))
    window.resize(480, 360)
    QApplication.processEvents()
    QTest.keyClick(window, Qt.Key.Key_PageDown)
    assert window.page.verticalScrollBar().value() > 0
    QTest.keyClick(window, Qt.Key.Key_Home)
    assert window.page.verticalScrollBar().value() == 0
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_a_row_is_heard_as_it_is_read(window: DoctorWindow) -> None:
    window.show_report(report_of(AMISS["override"][2]))
    (row,) = [each for each in window.troubles.rows if each.isVisible()]
    heard = QAccessible.queryAccessibleInterface(row)
    assert heard.text(QAccessible.Text.Name) == ("Problem: What wins over our settings")
    assert "~/.zshrc, line 3" in heard.text(QAccessible.Text.Description)
    for button in (window.again, window.mend, window.start):
        assert button.text()


def test_the_tray_is_asked_and_not_guessed(qtbot: QtBot, wishes: Wishes) -> None:
    window = DoctorWindow(wishes, tray=lambda: False)
    qtbot.addWidget(window)
    window.show()
    window.show_report(report_of(AMISS["unknown tray"][2]))
    assert "no-tray" in texts(window)
    assert "Warning" in texts(window)


def test_the_headline_counts_in_words() -> None:
    assert headline(report_of(AMISS["override"][2]))[0] == "1 thing is broken"
    calm, said = headline(report_of(AMISS["open"][2]))
    assert calm == "Nothing is broken; 1 thing needs a look"
    assert said.startswith("22 things are in order. Checked at ")
    assert headline(report_of(clients(wired=())))[0] == "Everything works"


def test_what_the_window_is_made_of_needs_no_database_and_no_http() -> None:
    code = (
        "import sys; import app.doctor.codes, app.doctor.desktop, app.plain_doctor;"
        "print([m for m in ('peewee', 'aiohttp', 'keyring') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
