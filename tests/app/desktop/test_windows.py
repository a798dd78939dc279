from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop_scenes import (
    EVENTS,
    LAYERS,
    MANY_LOST,
    READY,
    SIGHTS,
    Wishes,
    event,
)
from PySide6.QtCore import QModelIndex, QRectF, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleInterface,
    QColor,
    QImage,
    QPainter,
    QPalette,
)
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from wizard_scenes import OLLAMA

from app.desktop.bridge import Notice
from app.desktop.look import DARK, LIGHT, Ink, Look, palette
from app.desktop.menu import TrayMenu
from app.desktop.sight import Link, Sight
from app.desktop.why import FETCHING, LATER, MARKS, Reasons, reasons, steps
from app.desktop.windows.overview import EMPTY, WAITING, OverviewWindow
from app.desktop.windows.requests import RequestList, RequestModel
from app.desktop.windows.track import paint_track
from app.desktop.words import rows
from proxy.routing import Mode
from proxy.wire.losses import LOSSES

Make = Callable[[bool], OverviewWindow]
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


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
def make(qtbot: QtBot, wishes: Wishes) -> Make:
    def made(keeps_open: bool) -> OverviewWindow:
        menu = TrayMenu(wishes, [("overview", "Overview window")])
        window = OverviewWindow(wishes, menu, keeps_open=lambda: keeps_open)
        qtbot.addWidget(menu)
        qtbot.addWidget(window)
        return window

    return made


@pytest.fixture
def window(make: Make) -> OverviewWindow:
    return make(False)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, LEFT)


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    QTest.keyClick(widget, key, modifier)


def texts(window: QWidget) -> list[str]:
    """What a person reads in the labels that are shown."""
    labels = window.findChildren(QLabel)
    return [each.text() for each in labels if each.isVisibleTo(window) and each.text()]


@pytest.mark.parametrize("scene", sorted(SIGHTS))
@pytest.mark.parametrize("ink", [LIGHT, DARK])
def test_every_state_is_painted(
    qapp: QApplication, window: OverviewWindow, scene: str, ink: Ink
) -> None:
    qapp.setPalette(palette(ink))
    window.show_sight(SIGHTS[scene])
    window.show_recent(EVENTS)
    window.show()
    qapp.processEvents()
    picture = window.grab().toImage()
    corner = picture.pixelColor(2, 2).name()
    assert corner == ink.paper
    title = window.title.geometry()
    along = range(title.left(), title.right())
    shades = {picture.pixelColor(x, title.center().y()).name() for x in along}
    assert len(shades) > 3


def test_readiness_comes_first_and_largest(window: OverviewWindow) -> None:
    window.show_sight(SIGHTS["not-ready"])
    shown = texts(window)
    assert shown[:3] == [
        "Not ready for coding requests",
        "No provider can take a request now.",
        "openai: Not ready: the environment variable OPENAI_API_KEY is not set.",
    ]
    sizes = {each.font().pointSizeF() for each in window.findChildren(QLabel)}
    assert window.title.font().pointSizeF() == max(sizes)


def test_the_day_and_the_providers_are_told(window: OverviewWindow) -> None:
    window.show_sight(SIGHTS["ready"])
    shown = texts(window)
    for words in ("Billed", "1.84 $", "3.12 $", "unknown", "Claude Code", "1.53 $"):
        assert words in shown
    for words in ("openai", "not ready", "The environment variable OPENAI_API_KEY"):
        assert any(text.startswith(words) for text in shown)


def test_fewer_lines_leave_no_old_ones_behind(window: OverviewWindow) -> None:
    window.show_sight(SIGHTS["ready"])
    window.show_sight(SIGHTS["empty"])
    shown = texts(window)
    assert "openrouter" not in shown
    assert "Codex" not in shown
    assert "practice" in shown


def test_an_empty_record_has_one_sentence_and_one_action(
    window: OverviewWindow, qapp: QApplication
) -> None:
    window.show_sight(SIGHTS["empty"])
    window.show_recent(())
    window.show()
    qapp.processEvents()
    assert EMPTY in texts(window)
    assert window.copy.isVisible()
    assert not window.requests.isVisible()
    assert not window.start.isVisible()


def test_without_a_gateway_the_one_action_starts_it(
    window: OverviewWindow, wishes: Wishes, qtbot: QtBot
) -> None:
    window.show_sight(SIGHTS["never"])
    assert texts(window)[:2] == [
        "No gateway is running",
        "Clients get no answer until one runs. What was recorded is safe.",
    ]
    assert WAITING in texts(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    assert not window.copy.isVisible()
    assert window.start.hasFocus()
    click(window.start)
    assert wishes.asked == [("start",)]
    window.show_sight(SIGHTS["ready"])
    assert not window.start.isVisible()


def test_requests_stay_readable_while_the_gateway_is_away(
    window: OverviewWindow,
) -> None:
    window.show_sight(SIGHTS["ready"])
    window.show_recent(EVENTS)
    assert window.health.aside.text() == ""
    window.show_sight(SIGHTS["away"])
    assert window.health.aside.text() == "as last seen"
    assert window.requests.rows.rowCount() == len(EVENTS)
    assert window.stack.currentWidget() is window.requests


def test_requests_are_fetched_only_when_one_has_finished_and_somebody_looks(
    window: OverviewWindow, wishes: Wishes
) -> None:
    window.show_sight(SIGHTS["ready"])
    assert wishes.asked == []
    window.show()
    assert wishes.asked == [("look",), ("servers",)]
    wishes.asked.remove(("servers",))
    window.show_recent(EVENTS)
    window.show_sight(SIGHTS["ready"])
    window.show_sight(SIGHTS["restarting"])
    assert wishes.asked == [("look",)]
    window.show_sight(SIGHTS["routed"])
    assert wishes.asked == [("look",), ("look",)]


def test_open_requests_are_counted(window: OverviewWindow) -> None:
    window.show_sight(SIGHTS["ready"])
    assert window.heading.aside.text() == "2 requests open"
    window.show_sight(SIGHTS["empty"])
    assert window.heading.aside.text() == ""


def test_a_notice_stands_until_it_is_dismissed(
    window: OverviewWindow, qtbot: QtBot
) -> None:
    window.show()
    window.show_notice(Notice("What", "Why", "What now"))
    assert [t for t in texts(window.notice) if t] == ["What", "Why", "What now"]
    click(window.notice.dismiss)
    assert not window.notice.isVisible()


def test_texts_are_never_read_as_markup(window: OverviewWindow) -> None:
    for label in window.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText


# --- the list -------------------------------------------------------------------------


def test_the_model_keeps_its_contract(qtbot: QtBot) -> None:
    model = RequestModel()
    strict = QAbstractItemModelTester.FailureReportingMode.Warning
    QAbstractItemModelTester(model, strict)
    older = EVENTS[3:20]
    for shown in (older, EVENTS[:20], EVENTS[:5], (), EVENTS, older, EVENTS[25:]):
        model.show_rows(rows(shown))
        assert model.rowCount() == len(shown)
        told = [str(model.index(n).data()) for n in range(model.rowCount())]
        assert told == [row.sentence for row in rows(shown)]


def test_a_new_request_keeps_the_chosen_one_chosen(qtbot: QtBot) -> None:
    view = RequestList()
    qtbot.addWidget(view)
    view.rows.show_rows(rows(EVENTS[1:]))
    view.setCurrentIndex(view.rows.index(2))
    chosen = view.currentIndex().data(Qt.ItemDataRole.UserRole).id
    view.rows.show_rows(rows(EVENTS[:20]))
    assert view.currentIndex().row() == 3
    assert view.currentIndex().data(Qt.ItemDataRole.UserRole).id == chosen


def test_rows_hold_no_children(qtbot: QtBot) -> None:
    model = RequestModel()
    model.show_rows(rows(EVENTS))
    assert model.rowCount(model.index(0)) == 0
    assert model.data(QModelIndex()) is None


# --- why this model -------------------------------------------------------------------


def choose(window: OverviewWindow, number: int) -> None:
    window.requests.setCurrentIndex(window.requests.rows.index(number))


@pytest.fixture
def shown(window: OverviewWindow, qapp: QApplication) -> OverviewWindow:
    window.show_sight(SIGHTS["ready"])
    window.show_recent(EVENTS)
    window.show()
    qapp.processEvents()
    return window


def test_a_chosen_request_says_why_in_place_of_the_day(
    shown: OverviewWindow, wishes: Wishes
) -> None:
    assert not shown.detail.isVisible()
    assert shown.bottom.isVisible()
    choose(shown, 9)
    assert shown.detail.isVisible()
    assert not shown.bottom.isVisible()
    assert wishes.asked[-1] == ("explain", EVENTS[9].id)
    assert FETCHING in texts(shown.detail)
    shown.show_reasons(reasons(EVENTS[9].id, LAYERS))
    told = texts(shown.detail)
    assert FETCHING not in told
    for line in LAYERS:
        assert line in told
    assert any(text.startswith("A downgrade") for text in told)
    attempts = [text for text in told if text.startswith(("failed", "answered"))]
    assert attempts == [step.told for step in steps(EVENTS[9])]
    assert LOSSES["cache_fields"] in told


@pytest.mark.parametrize(("number", "scrolls"), [(2, False), (20, True)])
def test_the_chosen_request_is_in_sight_and_others_stay_where_they_are(
    shown: OverviewWindow, qapp: QApplication, number: int, scrolls: bool
) -> None:
    choose(shown, number)
    qapp.processEvents()
    view = shown.requests
    place = view.visualRect(view.rows.index(number))
    assert place.top() >= 0
    assert place.bottom() <= view.viewport().height()
    assert (view.verticalScrollBar().value() > 0) is scrolls


def test_reasons_that_come_late_are_of_no_other_request(shown: OverviewWindow) -> None:
    choose(shown, 9)
    choose(shown, 0)
    shown.show_reasons(Reasons(EVENTS[9].id, ("Of another request.",)))
    assert "Of another request." not in texts(shown.detail)
    shown.show_reasons(Reasons(EVENTS[0].id, ("One.", "Two.")))
    choose(shown, 1)
    assert "One." not in texts(shown.detail)
    assert "Attempts" not in texts(shown.detail)


def test_reasons_are_asked_for_again_when_the_gateway_is_back(
    shown: OverviewWindow, wishes: Wishes
) -> None:
    choose(shown, 0)
    shown.show_reasons(Reasons(EVENTS[0].id, (), LATER))
    assert LATER in texts(shown.detail)
    shown.show_sight(SIGHTS["restarting"])
    wishes.asked.clear()
    shown.show_sight(SIGHTS["ready"])
    assert wishes.asked == [("explain", EVENTS[0].id)]
    assert FETCHING in texts(shown.detail)
    shown.show_reasons(Reasons(EVENTS[0].id, ("Because.",)))
    shown.show_sight(SIGHTS["restarting"])
    shown.show_sight(SIGHTS["ready"])
    assert wishes.asked == [("explain", EVENTS[0].id)]


def test_the_day_comes_back_by_key_and_by_button(
    shown: OverviewWindow, qtbot: QtBot
) -> None:
    with qtbot.waitActive(shown):
        shown.activateWindow()
    choose(shown, 3)
    press(shown, Qt.Key.Key_Escape)
    assert not shown.detail.isVisible()
    assert shown.bottom.isVisible()
    assert shown.requests.hasFocus()
    press(shown.requests, Qt.Key.Key_Return)
    assert shown.detail.isVisible()
    click(shown.detail.close_button)
    assert not shown.detail.isVisible()


def test_a_new_request_leaves_the_chosen_one_explained(
    shown: OverviewWindow, wishes: Wishes
) -> None:
    shown.show_recent(EVENTS[1:])
    choose(shown, 1)
    shown.show_reasons(Reasons(EVENTS[2].id, ("Because.",)))
    wishes.asked.clear()
    shown.show_recent(EVENTS)
    assert "Because." in texts(shown.detail)
    assert wishes.asked == []


def test_what_the_chosen_request_lost_is_told(shown: OverviewWindow) -> None:
    lossy = next(place for place, one in enumerate(EVENTS) if one.losses)
    choose(shown, 0)
    assert "Lost in translation" not in texts(shown.detail)
    choose(shown, lossy)
    told = texts(shown.detail)
    assert "Lost in translation" in told
    for name in EVENTS[lossy].losses:
        assert LOSSES[name] in told
    assert any("ollama/qwen3-coder" in text for text in told)


def test_a_chosen_request_that_is_gone_leaves_nothing_behind(
    window: OverviewWindow,
) -> None:
    window.show_sight(SIGHTS["ready"])
    window.show_recent((MANY_LOST,))
    window.show()
    choose(window, 0)
    assert window.detail.isVisible()
    window.show_recent((event(30),))
    assert not window.detail.isVisible()
    assert window.bottom.isVisible()


@pytest.mark.parametrize("size", [(520, 420), (760, 720)])
def test_much_to_say_leaves_room_for_the_list(
    window: OverviewWindow, qapp: QApplication, size: tuple[int, int]
) -> None:
    window.show_sight(SIGHTS["ready"])
    window.show_recent((MANY_LOST, *EVENTS[1:]))
    window.resize(*size)
    window.show()
    choose(window, 0)
    window.show_reasons(reasons(MANY_LOST.id, LAYERS))
    qapp.processEvents()
    row = window.requests.sizeHintForRow(0)
    assert window.requests.viewport().height() >= row
    assert window.detail.area.height() <= window.detail.LIMIT
    assert window.height() == size[1]


def test_a_mark_has_a_shape_of_its_own() -> None:
    pictures = set()
    ways = [
        (status, mark)
        for status in ("success", "fallback_success")
        for mark in ("", *MARKS)
    ]
    ways += [(status, "") for status in ("error", "cancelled", "interrupted")]
    for status, mark in ways:
        image = QImage(64, 20, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        paint_track(painter, QRectF(image.rect()), status, QColor("black"), mark)
        painter.end()
        pictures.add(bytes(image.constBits()))
    assert len(pictures) == len(ways)


# --- the mode -------------------------------------------------------------------------


def test_the_mode_is_shown_and_can_be_changed_in_the_window(
    window: OverviewWindow, wishes: Wishes
) -> None:
    window.show_sight(SIGHTS["connecting"])
    assert not window.mode.isEnabled()
    window.show_sight(SIGHTS["routing"])
    window._entries.show_sight(SIGHTS["routing"])
    assert window.mode.text() == "Mo&de: coding auto"
    assert window.where.text() == (
        "The cheapest that is good enough. Clients reach Turnout at http://127.0.0.1:8787"
    )
    entries = window.mode.menu().actions()
    assert len(entries) == len(Mode)
    assert [entry.isChecked() for entry in entries].index(True) == 2
    for entry in entries:
        entry.trigger()
    assert {asked[1] for asked in wishes.asked} == set(Mode)


@pytest.mark.parametrize("width", [200, 520, 1600])
def test_rows_are_painted_at_any_width(qtbot: QtBot, width: int) -> None:
    view = RequestList()
    qtbot.addWidget(view)
    view.rows.show_rows(rows((*EVENTS, event(40, client="x" * 300, model="y" * 300))))
    view.resize(width, 400)
    view.show()
    assert not view.grab().isNull()


# --- keyboard, screen readers, scheme -------------------------------------------------


def test_the_keyboard_reaches_everything(
    window: OverviewWindow, qtbot: QtBot, qapp: QApplication
) -> None:
    window.show_sight(SIGHTS["away"])
    window.show_recent(EVENTS)
    window.show_notice(Notice("What"))
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    wanted: set[QWidget] = {
        window.menu,
        window.start,
        window.notice.dismiss,
        window.requests,
    }
    reached: set[QWidget] = set()
    for _ in range(12):
        focus = qapp.focusWidget()
        assert focus is not None
        reached.add(focus)
        press(focus, Qt.Key.Key_Tab)
    assert wanted <= reached


def test_arrow_keys_walk_the_requests(window: OverviewWindow, qtbot: QtBot) -> None:
    window.show_sight(SIGHTS["ready"])
    window.show_recent(EVENTS)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    assert window.requests.hasFocus()
    before = window.requests.currentIndex().row()
    press(window.requests, Qt.Key.Key_Down)
    assert window.requests.currentIndex().row() == before + 1


def test_mnemonics_and_shortcuts_work(
    window: OverviewWindow, wishes: Wishes, qtbot: QtBot
) -> None:
    window.show_sight(SIGHTS["away"])
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    with qtbot.waitSignal(window.start.clicked):
        press(window, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    assert ("start",) in wishes.asked
    press(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert ("quit",) in wishes.asked
    press(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()


def test_where_it_is_the_app_closing_minimises(make: Make) -> None:
    window = make(True)
    window.show()
    window.close()
    assert window.isVisible()
    assert window.isMinimized()


def test_focus_is_visible(
    window: OverviewWindow, qtbot: QtBot, qapp: QApplication
) -> None:
    window.show_sight(SIGHTS["away"])
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    window.menu.clearFocus()
    without = pixels(window.menu)
    window.menu.setFocus()
    qapp.processEvents()
    assert pixels(window.menu) != without


def pixels(widget: QWidget) -> bytes:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return bytes(image.constBits())


def interfaces(one: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield one
    for place in range(one.childCount()):
        child = one.child(place)
        if child is not None:
            yield from interfaces(child)


NAMED = {
    QAccessible.Role.Button,
    QAccessible.Role.ButtonMenu,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.ComboBox,
    QAccessible.Role.EditableText,
    QAccessible.Role.List,
    QAccessible.Role.ListItem,
}


@pytest.mark.parametrize("scene", ["ready", "empty", "away", "connecting"])
def test_everything_a_screen_reader_meets_has_a_name(
    window: OverviewWindow, qapp: QApplication, scene: str
) -> None:
    window.show_sight(SIGHTS[scene])
    window.show_recent(EVENTS if scene == "ready" else ())
    window.show()
    qapp.processEvents()
    root = QAccessible.queryAccessibleInterface(window)
    met = [one for one in interfaces(root) if one.role() in NAMED]
    assert met
    nameless = [one.role() for one in met if not one.text(QAccessible.Text.Name)]
    assert nameless == []
    assert window.glyph.accessibleName()


def test_another_scheme_repaints(window: OverviewWindow, qapp: QApplication) -> None:
    qapp.setPalette(palette(LIGHT))
    window.show_sight(Sight(Link.LIVE, READY))
    window.show_recent(EVENTS)
    window.show()
    qapp.processEvents()
    light = window.grab().toImage().pixelColor(2, 2).lightness()
    qapp.setPalette(palette(DARK))
    qapp.processEvents()
    dark = window.grab().toImage()
    assert dark.pixelColor(2, 2).lightness() < 60 < light
    row = window.requests.grab().toImage()
    shades = {row.pixelColor(x, 14).lightness() for x in range(row.width())}
    assert max(shades) > 180
    assert window.palette().color(QPalette.ColorRole.Window).name() == DARK.paper


def test_an_overview_holds_its_thread_for_a_moment_only(
    window: OverviewWindow, qapp: QApplication
) -> None:
    from time import perf_counter

    window.show_sight(SIGHTS["ready"])
    window.show_recent(EVENTS)
    window.show()
    qapp.processEvents()
    took = []
    for _ in range(9):
        before = perf_counter()
        window.show_sight(SIGHTS["troubled"])
        window.show_sight(SIGHTS["ready"])
        took.append(perf_counter() - before)
    # The limit is 5 ms on a quiet machine; this one is shared.
    assert sorted(took)[4] < 0.02


def test_at_twice_the_size_it_is_painted_as_sharp(tmp_path: Path) -> None:
    # The factor is read once at the start, so it takes a process of its own.
    script = Path(__file__).parents[2] / "desktop_pictures.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "ready", "away"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    pictures = sorted(tmp_path.iterdir())
    assert len(pictures) == 4
    for picture in pictures:
        image = QImage(str(picture))
        assert (image.width(), image.height()) == (1520, 1440)


# --- model servers that are not used yet ----------------------------------------------


def test_a_new_server_is_a_line_with_a_button(
    window: OverviewWindow, wishes: Wishes
) -> None:
    assert not window.servers.isVisibleTo(window)
    window.show_servers((OLLAMA,))
    assert window.servers.isVisibleTo(window)
    (use,) = window.servers.buttons
    assert "Ollama" in use.accessibleName()
    click(use)
    assert wishes.asked == [("use", OLLAMA.address)]
    window.show_servers((OLLAMA,))
    assert window.servers.buttons == (use,)
    window.show_servers(())
    assert not window.servers.isVisibleTo(window)


def test_a_server_that_was_put_off_stays_away(window: OverviewWindow) -> None:
    window.show_servers((OLLAMA,))
    (line,) = window.servers._lines.values()
    click(line.later)
    assert not window.servers.isVisibleTo(window)
    window.show_servers((OLLAMA,))
    assert window.servers.buttons == ()


def test_nothing_is_looked_for_while_the_window_is_not_seen(
    window: OverviewWindow, wishes: Wishes
) -> None:
    window._look_for_servers()
    window.show_sight(SIGHTS["ready"])
    window.show()
    assert window._ticking.isActive()
    window.showMinimized()
    wishes.asked.clear()
    window._look_for_servers()
    window.hide()
    assert wishes.asked == []
    assert not window._ticking.isActive()
