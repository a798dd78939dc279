"""The wizard's window as a person and a screen reader meet it; no gateway behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot
from wizard_scenes import (
    CLAUDE,
    CLAUDE_DONE,
    CLAUDE_VIEW,
    CLIENTS,
    CODEX_BACK,
    CURSOR,
    FOUND,
    GROQ,
    GUIDED_VIEW,
    HARD_PLAN,
    OUTCOME,
    PLAN,
    REFUSED_VIEW,
)
from wizard_windows import SCENES
from wizard_wishes import WizardWishes

from app.desktop.look import DARK, LIGHT, Ink, Look, palette
from discovery.findings import Findings
from proxy.routing import Mode
from wizard.answers import ClientAnswers, read_answers
from wizard.flow import Busy, Ended, ErrorKey, Flow, Step
from wizard.pages import words
from wizard.pages.difference import Difference
from wizard.pages.rows import Page
from wizard.pages.sheets import DETAILS, PROVIDERS
from wizard.pages.window import WizardWindow
from wizard.plan import Login
from wizard.presets import Group, Offer
from wizard.resuming import saved
from wizard.view import Applied, Outcome, PlanView, StepView

NONE = Qt.KeyboardModifier.NoModifier
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture(autouse=True)
def own_look(qapp: QApplication) -> Iterator[None]:
    before, style = qapp.palette(), qapp.style().name()
    Look(qapp)
    yield
    qapp.setStyle(style)
    qapp.setPalette(before)
    qapp.processEvents()


@pytest.fixture
def wishes() -> WizardWishes:
    return WizardWishes()


@pytest.fixture
def window(qapp: QApplication, wishes: WizardWishes) -> Iterator[WizardWindow]:
    made = WizardWindow(wishes, terminal=True, login=True)
    yield made
    made.hide()
    qapp.processEvents()
    made.deleteLater()
    # Without a running loop nobody else sees to it, and windows pile up.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def looked(window: WizardWindow, findings: Findings = FOUND) -> None:
    window.begin()
    for group in Group:
        window.show_found(group, findings)


def reviewed(window: WizardWindow) -> None:
    looked(window)
    window.accept()
    window.show_plan(PLAN)


def shown(qtbot: QtBot, window: WizardWindow) -> None:
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    """Press a key where the focus is, as a keyboard does."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifier)


def step(window: WizardWindow) -> str:
    return str(window.flow.step)


def texts(widget: QWidget) -> list[str]:
    labels = widget.findChildren(QLabel)
    return [each.text() for each in labels if each.isVisibleTo(widget) and each.text()]


# --- each state -----------------------------------------------------------------------


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize("ink", [LIGHT, DARK])
def test_every_state_is_painted(
    qapp: QApplication, window: WizardWindow, scene: str, ink: Ink
) -> None:
    qapp.setPalette(palette(ink))
    SCENES[scene](window)
    window.show()
    qapp.processEvents()
    picture = window.grab().toImage()
    assert picture.pixelColor(2, 2).name() == ink.paper
    title = window.title.geometry()
    along = range(title.left(), title.right())
    assert len({picture.pixelColor(x, title.center().y()).name() for x in along}) > 3


def controls(item: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    for place in range(item.childCount()):
        child = item.child(place)
        if child.state().invisible:
            continue
        yield child
        yield from controls(child)


ROLES = {
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.RadioButton,
    QAccessible.Role.ComboBox,
    QAccessible.Role.EditableText,
    QAccessible.Role.PageTab,
}


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_control_has_a_name(
    qapp: QApplication, window: WizardWindow, scene: str
) -> None:
    SCENES[scene](window)
    window.show()
    qapp.processEvents()
    tops = [window, *(each for each in window.findChildren(QWidget) if each.isWindow())]
    seen = 0
    for top in tops:
        item = QAccessible.queryAccessibleInterface(top)
        for control in controls(item):
            if control.role() in ROLES:
                seen += 1
                assert control.text(QAccessible.Text.Name), control.role()
    assert seen


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_no_two_letters_are_the_same_on_a_page(
    qapp: QApplication, window: WizardWindow, scene: str
) -> None:
    SCENES[scene](window)
    window.show()
    qapp.processEvents()
    letters = [
        each.text().replace("&&", "").partition("&")[2][:1].lower()
        for each in buttons_in(window)
        if each.isVisible() and each.window() is window
    ]
    tabs = window.review.tabs
    if tabs.isVisible():
        letters += [
            tabs.tabText(place).partition("&")[2][:1].lower()
            for place in range(tabs.count())
        ]
    used = [letter for letter in letters if letter]
    assert len(used) == len(set(used))


def buttons_in(widget: QWidget) -> list[QAbstractButton]:
    return list(widget.findChildren(QAbstractButton))


def test_large_text_asks_for_no_wider_window(
    qapp: QApplication, wishes: WizardWishes, qtbot: QtBot
) -> None:
    font = qapp.font()
    large = qapp.font()
    large.setPointSizeF(font.pointSizeF() * 2)
    qapp.setFont(large)
    try:
        window = WizardWindow(wishes)
        qtbot.addWidget(window, before_close_func=lambda widget: widget.hide())
        looked(window)
        window.show()
        qapp.processEvents()
        page = window.look
        inside = page.widget()
        assert inside is not None
        assert inside.width() <= page.viewport().width()
        assert window.minimumSizeHint().width() <= 760
    finally:
        window.hide()
        qapp.setFont(font)


# --- Look -----------------------------------------------------------------------------


def test_rows_arrive_group_by_group_and_nothing_is_changed(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.begin()
    assert wishes.asked == [("look", group) for group in Group]
    assert words.LOOKING in texts(window)
    assert not window.next.isEnabled()
    window.show_found(Group.CLIENTS, CLIENTS)
    rows = window.look.groups[Group.CLIENTS].rows
    assert [row.row.text for row in rows][:2] == ["Claude Code 2.1.88", "Codex 0.91.0"]
    window.show_found(Group.KEYS, FOUND)
    assert not window.next.isEnabled()
    window.show_found(Group.SERVERS, FOUND)
    assert window.next.isEnabled()
    assert wishes.saved == []


def test_one_that_cannot_be_reached_has_a_sentence_and_no_tick(
    window: WizardWindow,
) -> None:
    looked(window)
    row = window.look.groups[Group.CLIENTS].rows[-1]
    assert row.row.text.startswith("Cursor")
    assert row.tick is None
    assert CURSOR.notes[0] in texts(row)


def test_a_key_shows_its_last_characters_and_no_more(window: WizardWindow) -> None:
    looked(window)
    row = window.look.groups[Group.KEYS].rows[0]
    assert "ends in k7Qe" in texts(row)


def test_what_wins_over_turnout_is_told_with_its_line(window: WizardWindow) -> None:
    looked(window)
    row = window.look.groups[Group.CLIENTS].rows[2]
    (told,) = [text for text in texts(row) if "project file" in text]
    assert "opencode.json, line 4" in told
    assert '"provider": {' in told


def test_a_tick_is_kept_and_saved(window: WizardWindow, wishes: WizardWishes) -> None:
    looked(window)
    row = window.look.groups[Group.CLIENTS].rows[1]
    assert row.tick is not None
    row.tick.click()
    assert window.flow.ticked(Group.CLIENTS) == ("claude-code",)
    assert wishes.saved == [saved(window.flow)]
    assert window.look.groups[Group.CLIENTS].rows[1] is row
    row.tick.click()
    assert row.tick.isChecked()


def test_mode_and_start_at_login_are_chosen(window: WizardWindow) -> None:
    looked(window)
    assert window.look.modes[Mode.CODING_AUTO].isChecked()
    assert window.look.login is not None
    assert not window.look.login.isChecked()
    window.look.modes[Mode.OFFLINE].click()
    window.look.login.click()
    assert window.flow.mode is Mode.OFFLINE
    assert window.flow.start_at_login


def test_an_empty_machine_has_three_ways_on(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window, Findings())
    assert words.NO_WAY in texts(window)
    buttons = window.look._offers.buttons
    buttons[Offer.PRACTICE].click()
    assert wishes.asked[-1] == ("practise",)
    buttons[Offer.KEY].click()
    assert window._key_sheet is not None
    window._key_sheet.reject()
    before = len(wishes.asked)
    buttons[Offer.SERVER].click()
    assert wishes.asked[before:] == [("look", group) for group in Group]


def test_the_ways_on_are_not_offered_where_something_can_answer(
    window: WizardWindow,
) -> None:
    looked(window)
    assert words.NO_WAY not in texts(window)


def test_nothing_chosen_is_said_and_nothing_is_planned(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window, Findings())
    window.accept()
    assert window.flow.errors == (ErrorKey.NOTHING_CHOSEN,)
    assert any("Nothing is chosen" in text for text in texts(window))
    assert not any(asked[0] == "review" for asked in wishes.asked)


def test_the_shells_files_are_read_after_a_click_only(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window)
    assert not any("shell files" in asked for asked in wishes.asked)
    window.look.groups[Group.KEYS].shell.click()
    assert wishes.asked[-2:] == [
        ("look", Group.CLIENTS, "shell files"),
        ("look", Group.KEYS, "shell files"),
    ]
    window.show_not_found(Group.CLIENTS, "It took too long.")
    window.show_found(Group.KEYS, FOUND)
    assert "It took too long." in texts(window)


def test_a_key_of_a_shell_file_says_that_it_moves(window: WizardWindow) -> None:
    row = words.key_row(GROQ)
    assert any("copied into the system keyring" in line for line in row.lines)
    looked(window)
    tick = window.look.groups[Group.KEYS].rows[1].tick
    assert tick is not None
    assert not tick.isChecked()


# --- Review ---------------------------------------------------------------------------


def test_the_review_shows_each_file_with_our_lines_marked(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    name, answers = next(asked for asked in wishes.asked if asked[0] == "review")
    assert name == "review"
    assert read_answers(answers) == window.flow.answers()
    first = window.review.differences[0].toPlainText().splitlines()
    assert first[3] == '    3 +    "env": {'
    assert first[4].startswith('    4 +|     "ANTHROPIC_BASE_URL"')
    assert first[2] == ' 3    -    "env": {}'
    told = texts(window.review)
    assert "turnout undo --all" in told
    assert PLAN.backups in told
    assert words.UNCHANGED in texts(window)
    assert window.next.text().replace("&", "") == "Connect Claude Code and Codex"


def test_ours_is_told_by_more_than_colour(qtbot: QtBot) -> None:
    view = CLAUDE_VIEW.files[0]
    made = Difference(view)
    qtbot.addWidget(made)
    ours = [line.ours for line in view.lines]
    for number, own in enumerate(ours):
        block = made.document().findBlockByNumber(number)
        bold = any(each.format.font().bold() for each in block.textFormats())
        assert bold is own
        assert ("|" in block.text()[:9]) is own


def test_a_long_line_has_a_bar_and_room_for_it(
    qtbot: QtBot, qapp: QApplication
) -> None:
    view = CLAUDE_VIEW.files[0]
    line = replace(view.lines[4], text="x" * 500)
    made = Difference(replace(view, lines=(line,)))
    qtbot.addWidget(made)
    made.resize(300, 40)
    made.show()
    qapp.processEvents()
    assert made.horizontalScrollBar().maximum() > 0
    assert made.height() > made.fontMetrics().lineSpacing() * 2


def test_what_happens_without_turnout_is_the_second_leaf(
    window: WizardWindow,
) -> None:
    reviewed(window)
    assert CLAUDE_VIEW.without not in texts(window.review)
    window.review.tabs.setCurrentIndex(1)
    assert CLAUDE_VIEW.without in texts(window.review)


def test_whoever_comes_back_sees_first_what_would_change(window: WizardWindow) -> None:
    reviewed(window)
    window.review.tabs.setCurrentIndex(1)
    window.back.click()
    window.accept()
    window.show_plan(PLAN)
    assert window.review.tabs.currentIndex() == 0


def test_a_refusal_names_file_line_and_what_to_do(window: WizardWindow) -> None:
    looked(window)
    window.accept()
    window.show_plan(HARD_PLAN)
    told = texts(window.review)
    (refusal,) = REFUSED_VIEW.refusals
    assert f"{refusal.file}, line 7" in told
    assert {refusal.why, refusal.todo, "cannot be connected as it is"} <= set(told)


def test_a_question_is_answered_by_a_button_and_planned_anew(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window)
    window.accept()
    window.show_plan(HARD_PLAN)
    (question,) = window.review.questions
    assert "Gemini CLI" in question.text()
    question.click()
    assert window.flow.busy is Busy.PLANNING
    assert window.flow.client["gemini-cli"] == ClientAnswers(over_local=True)
    assert [asked[0] for asked in wishes.asked].count("review") == 2


def test_commands_can_be_copied(window: WizardWindow, wishes: WizardWishes) -> None:
    reviewed(window)
    buttons = {
        each.accessibleName(): each for each in buttons_in(window.review.changes)
    }
    buttons["Copy the undo command"].click()
    assert wishes.asked[-1] == ("copy", "turnout undo --all")


def test_a_plan_that_failed_can_be_made_again(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window)
    window.accept()
    window.show_plan_failed("No gateway is running.")
    assert "No gateway is running." in texts(window)
    assert not window.next.isEnabled()
    (again,) = [
        each
        for each in buttons_in(window.review.changes)
        if "again" in each.text().replace("&", "")
    ]
    again.click()
    assert [asked[0] for asked in wishes.asked].count("review") == 2


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (PLAN, "Connect Claude Code and Codex"),
        (replace(PLAN, clients=(CLAUDE_VIEW,)), "Connect Claude Code"),
        (
            replace(PLAN, clients=(replace(CLAUDE_VIEW, changes=False),)),
            "Test Claude Code",
        ),
        (replace(PLAN, clients=(GUIDED_VIEW,)), "Show what is yours to do"),
        (replace(PLAN, clients=()), "Change Turnout's settings"),
        (replace(PLAN, clients=(REFUSED_VIEW,), own=()), "Connect"),
    ],
)
def test_the_button_says_verb_and_object(
    window: WizardWindow, plan: PlanView, text: str
) -> None:
    looked(window)
    window.accept()
    window.show_plan(plan)
    assert window.next.text().replace("&", "") == text
    assert window.next.isEnabled() is (text != "Connect")


# --- Apply and test -------------------------------------------------------------------


def test_applying_hands_on_exactly_what_was_shown(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.accept()
    assert wishes.asked[-1][0] == "apply"
    assert wishes.asked[-1][2:] == (PLAN.id, "claude-code", "codex")
    assert not window.next.isEnabled()
    assert texts(window.applied).count("Claude Code") == 1


def test_outcomes_show_one_by_one_with_their_tests(window: WizardWindow) -> None:
    reviewed(window)
    window.accept()
    window.show_client(CLAUDE_DONE)
    told = texts(window.applied)
    assert "the answer came piece by piece" in told
    assert "640 ms" in told
    assert "Codex" in told
    window.show_outcome(OUTCOME)
    assert window.title.text() == "Claude Code is using Turnout"
    told = texts(window.applied)
    assert {CODEX_BACK.sentence, CODEX_BACK.todo, "taken back"} <= set(told)
    assert OUTCOME.own[0] in told
    assert window.next.isEnabled()


def test_test_and_undo_are_offered_where_they_can_be_done(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.accept()
    window.show_outcome(OUTCOME)
    buttons = window.applied.buttons
    assert set(buttons) == {
        "test claude-code",
        "undo claude-code",
        "undo",
        "terminal",
    }
    for key in ("test claude-code", "undo claude-code", "undo", "terminal"):
        buttons[key].click()
    assert wishes.asked[-4:] == [
        ("test", "claude-code"),
        ("undo", "claude-code"),
        ("undo", ""),
        ("terminal", "turnout undo --all"),
    ]


def test_a_page_is_read_on_by_the_keys(qtbot: QtBot, window: WizardWindow) -> None:
    window.resize(560, 420)
    pages = []
    shown(qtbot, window)
    for scene in ("found", "hard-review", "without", "applied"):
        SCENES[scene](window)
        page = window.findChildren(Page)
        (seen,) = [each for each in page if each.isVisible()]
        pages.append(seen)
        QApplication.processEvents()
        bar = seen.verticalScrollBar()
        bar.setValue(0)
        window._scroll(1)
        assert (bar.value() > 0) is (bar.maximum() > 0)
        window._scroll(-1)
        assert bar.value() == 0
    assert len(set(map(id, pages))) == 4


def test_a_terminal_is_offered_only_where_one_opens(
    qtbot: QtBot, wishes: WizardWishes
) -> None:
    window = WizardWindow(wishes)
    qtbot.addWidget(window, before_close_func=lambda widget: widget.hide())
    reviewed(window)
    window.accept()
    window.show_outcome(OUTCOME)
    assert "terminal" not in window.applied.buttons
    assert window.look.login is None


def test_what_was_undone_is_said_to_be_as_before(window: WizardWindow) -> None:
    reviewed(window)
    window.accept()
    window.show_outcome(OUTCOME)
    back = replace(CLAUDE_DONE, state=Applied.TAKEN_BACK, test=())
    window.show_client(back)
    assert window.title.text() == "No client was connected"
    assert "Codex: see below." in texts(window)
    window.show_client(replace(CODEX_BACK, test=()))
    told = "Claude Code and Codex are as they were before Turnout"
    assert window.title.text() == told
    assert "undo" not in window.applied.buttons


def test_what_is_left_to_do_by_hand_can_be_copied(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.accept()
    step = StepView("Credentials, API Key", "tnt_canary_not_a_secret")
    by_hand = replace(
        CLAUDE_DONE, state=Applied.BY_HAND, test=(), steps=(step,), files=()
    )
    window.show_outcome(Outcome((by_hand,)))
    (copy,) = [each for each in buttons_in(window.applied) if each.text() == "Copy"]
    copy.click()
    assert wishes.asked[-1] == ("copy", "tnt_canary_not_a_secret")


def test_an_unknown_end_leads_back_to_the_plan(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.accept()
    window.show_apply_failed("The gateway went away.")
    assert window.title.text() == "The end is not known"
    assert window.again.isVisibleTo(window)
    window.again.click()
    assert window.flow.step is Step.REVIEW
    assert [asked[0] for asked in wishes.asked].count("review") == 2


def test_a_refusal_to_apply_shows_the_new_plan(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.accept()
    window.show_refused("Something changed since you looked.")
    assert window.flow.busy is Busy.PLANNING
    assert window.news.text() == "Something changed since you looked."
    window.show_plan(PLAN)
    assert window.news.text() == "Something changed since you looked."


# --- by the keys alone ----------------------------------------------------------------


def test_three_times_enter_is_the_whole_first_run(
    qtbot: QtBot, window: WizardWindow, wishes: WizardWishes
) -> None:
    window.begin()
    shown(qtbot, window)
    for group in Group:
        window.show_found(group, FOUND)
    press(Qt.Key.Key_Return)
    assert step(window) == "review"
    window.show_plan(PLAN)
    press(Qt.Key.Key_Return)
    assert step(window) == "apply"
    window.show_outcome(OUTCOME)
    press(Qt.Key.Key_Return)
    assert not window.isVisible()
    assert wishes.asked[-1] == ("closed",)
    assert window.flow.ended is Ended.FINISHED


def test_escape_cancels_and_nothing_is_applied(
    qtbot: QtBot, window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    shown(qtbot, window)
    press(Qt.Key.Key_Escape)
    assert not window.isVisible()
    assert window.flow.ended is Ended.CANCELLED
    assert not any(asked[0] == "apply" for asked in wishes.asked)
    assert '"ended": "cancelled"' in wishes.saved[-1]


def test_while_files_are_written_the_window_may_go_but_not_the_work(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    reviewed(window)
    window.show()
    window.accept()
    window.close()
    assert window.flow.busy is Busy.APPLYING
    assert window.flow.ended is Ended.NO
    assert wishes.asked[-1] == ("closed",)


def test_the_rows_are_walked_through_and_ticked_by_the_keys(
    qtbot: QtBot, window: WizardWindow
) -> None:
    looked(window)
    shown(qtbot, window)
    seen: list[str] = []
    for _ in range(40):
        press(Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        seen.append(getattr(focus, "text", str)())
        if focus is window.next and len(seen) > 5:
            break
    order = ["Claude Code 2.1.88", "Options", "Codex 0.91.0", "OpenAI", "Ollama 0.14.2"]
    places = [seen.index(name) for name in order]
    assert places == sorted(places)
    tick = window.look.groups[Group.CLIENTS].rows[2].tick
    assert tick is not None
    tick.setFocus()
    press(Qt.Key.Key_Space)
    assert "opencode" in window.flow.ticked(Group.CLIENTS)


def test_the_keys_come_to_the_chosen_mode_and_change_it_by_arrows(
    qtbot: QtBot, window: WizardWindow
) -> None:
    looked(window)
    shown(qtbot, window)
    modes = list(window.look.modes.values())
    window.next.setFocus()
    for _ in range(12):
        press(Qt.Key.Key_Backtab)
        if QApplication.focusWidget() in modes:
            break
    assert QApplication.focusWidget() is window.look.modes[Mode.CODING_AUTO]
    press(Qt.Key.Key_Down)
    assert window.flow.chosen_mode is Mode.CODING_FAST
    assert QApplication.focusWidget() is window.look.modes[Mode.CODING_FAST]


def test_what_has_the_focus_is_in_view(qtbot: QtBot, window: WizardWindow) -> None:
    window.resize(560, 420)
    looked(window)
    shown(qtbot, window)
    page = window.look
    for _ in range(30):
        press(Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        if page.isAncestorOf(focus):
            top = focus.mapTo(page.viewport(), QPoint(0, 0)).y()
            assert -1 <= top <= page.viewport().height() - focus.height() + 1


def test_letters_lead_to_the_buttons(qtbot: QtBot, window: WizardWindow) -> None:
    looked(window)
    lettered(qtbot, window, Qt.Key.Key_R, lambda: window.flow.step is Step.REVIEW)
    window.show_plan(PLAN)
    tabs = window.review.tabs
    lettered(qtbot, window, Qt.Key.Key_N, lambda: tabs.currentIndex() == 1)
    lettered(qtbot, window, Qt.Key.Key_B, lambda: window.flow.step is Step.LOOK)


def lettered(
    qtbot: QtBot, window: WizardWindow, key: Qt.Key, done: Callable[[], bool]
) -> None:
    """Press Alt and a letter; the click it makes comes a moment later."""
    shown(qtbot, window)
    press(key, ALT)
    qtbot.waitUntil(done)


def test_a_rows_button_is_never_pressed_by_enter_elsewhere(
    qtbot: QtBot, window: WizardWindow
) -> None:
    looked(window)
    shown(qtbot, window)
    tick = window.look.groups[Group.CLIENTS].rows[0].tick
    assert tick is not None
    tick.setFocus()
    press(Qt.Key.Key_Return)
    assert window.flow.step is Step.REVIEW


# --- the sheets -----------------------------------------------------------------------


def test_a_key_is_handed_on_once_and_not_kept(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    looked(window)
    window._offer(Offer.KEY)
    sheet = window._key_sheet
    assert sheet is not None
    assert sheet.key.echoMode() is QLineEdit.EchoMode.Password
    assert not sheet.yes.isEnabled()
    sheet.provider.setCurrentIndex(1)
    sheet.key.setText(" canary-not-a-secret ")
    sheet.yes.click()
    assert ("store", "openai", "canary-not-a-secret") in wishes.asked
    assert sheet.key.text() == ""
    window.show_stored("The keyring is locked. Unlock it, then type the key again.")
    assert sheet.isVisible()
    assert "The keyring is locked." in sheet.trouble.text()
    window.show_stored("")
    assert not sheet.isVisible()
    assert wishes.asked[-1][0] == "look"
    assert not any("canary" in text for text in wishes.saved)


def test_providers_that_a_key_is_typed_for_are_known() -> None:
    from resources import names

    known = {Path(name).stem for name in names("providers")}
    assert not {id_ for _, id_ in PROVIDERS} - known


@pytest.mark.parametrize("client", sorted(DETAILS))
def test_a_clients_options_are_its_answers(
    qtbot: QtBot, window: WizardWindow, client: str
) -> None:
    looked(window)
    window._detail(client)
    sheet = window._client_sheet
    assert sheet is not None
    first = Login.OWN if client == CLAUDE.id else None
    assert sheet.logins[first].isChecked()
    sheet.logins[Login.KEY].click()
    for tick in sheet.ticks.values():
        tick.click()
    sheet.yes.click()
    told = window.flow.answers().client[client]
    assert told.login is Login.KEY
    assert all(getattr(told, each.key) for each in DETAILS[client])


def test_options_that_are_cancelled_change_nothing(window: WizardWindow) -> None:
    looked(window)
    before = window.flow
    window._detail("codex")
    sheet = window._client_sheet
    assert sheet is not None
    sheet.ticks["always"].click()
    sheet.cancel.click()
    assert window.flow == before


# --- again ----------------------------------------------------------------------------


def test_choices_of_a_run_that_broke_off_are_there(window: WizardWindow) -> None:
    from wizard import flow as machine

    flow = machine.set_mode(Flow(), Mode.DIRECT)
    window.begin(saved(flow))
    assert window.look.modes[Mode.DIRECT].isChecked()
    broken = replace(flow, busy=Busy.APPLYING)
    window.begin(saved(broken))
    assert window.flow.errors == (ErrorKey.INTERRUPTED,)


def test_one_client_is_reviewed_as_soon_as_the_clients_are_known(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.begin()
    window.connect_client("codex")
    assert step(window) == "look"
    window.show_found(Group.CLIENTS, CLIENTS)
    assert step(window) == "review"
    assert wishes.asked[-1] == ("review", 'clients = ["codex"]\n')
    window.show_plan(replace(PLAN, clients=(CLAUDE_VIEW,)))
    window.connect_client("opencode")
    assert step(window) == "look"
    window.show_found(Group.CLIENTS, CLIENTS)
    assert window.flow.aim == "opencode"


def test_one_client_waits_for_nothing_that_is_known(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.begin()
    window.show_found(Group.CLIENTS, CLIENTS)
    window.connect_client("codex")
    assert window.flow.step is Step.REVIEW
    window.show_plan(PLAN)
    window.accept()
    window.connect_client("opencode")
    assert window.flow.busy is Busy.APPLYING


def test_another_scheme_marks_the_lines_anew(
    qapp: QApplication, window: WizardWindow
) -> None:
    reviewed(window)
    window.show()
    shades = []
    for ink in (LIGHT, DARK):
        qapp.setPalette(palette(ink))
        qapp.processEvents()
        made = window.review.differences[0]
        picture = made.grab().toImage()
        shades.append(picture.pixelColor(picture.width() - 3, 3).name())
    assert shades == [LIGHT.button, DARK.button]


def test_names_are_listed_as_people_do() -> None:
    assert words.listed(["A"]) == "A"
    assert words.listed(["A", "B", "C"]) == "A, B and C"
    assert words.plain("R&D") == "R&&D"


def test_each_word_of_an_outcome_is_there() -> None:
    assert set(words.APPLIED) == set(Applied)
    assert set(words.OFFERS) == set(Offer)
    assert [words.said(each) for each in (True, False, None)] == [
        "passed",
        "failed",
        "not reached",
    ]


# --- a repair -------------------------------------------------------------------------


def test_a_repair_is_planned_shown_and_only_then_done(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.repair_client("claude-code")
    assert wishes.asked == [("plan repair", "claude-code")]
    assert window.title.text() == "Making the plan"
    window.show_plan(replace(PLAN, clients=(CLAUDE_VIEW,), own=()))
    assert window.title.text() == "What would change"
    assert not window.back.isVisibleTo(window)
    assert window.next.text() == "&Repair Claude Code"
    window.accept()
    assert wishes.asked[1:] == [("repair", "claude-code")]
    window.show_outcome(Outcome((CLAUDE_DONE,), (), "turnout undo --all"))
    assert window.title.text() == "Claude Code is using Turnout"
    window.accept()
    assert wishes.asked[-1] == ("closed",)


def test_a_repair_that_cannot_be_made_is_planned_again(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.repair_client("codex")
    window.show_plan_failed("There is nothing to write.")
    assert "There is nothing to write." in texts(window)
    assert not window.next.isEnabled()
    window._again()
    assert wishes.asked == [("plan repair", "codex")] * 2


def test_a_repair_gives_way_to_what_is_wished_next(
    window: WizardWindow, wishes: WizardWishes
) -> None:
    window.repair_client("codex")
    window.begin()
    looked(window)
    window.accept()
    assert wishes.asked[-1][0] == "review"
    window.show_plan(PLAN)
    window.accept()
    # While files are written nothing else begins.
    window.repair_client("codex")
    assert wishes.asked[-1][0] == "apply"
