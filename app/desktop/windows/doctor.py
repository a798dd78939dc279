"""The doctor's window: what is wrong, what it means, and the one thing to do about it.

It shows reports that are handed in and hands wishes to the actions; it looks at nothing
itself but whether the desktop shows tray icons.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.doctor.codes import CODES
from app.doctor.desktop import with_tray
from app.doctor.report import Level
from wizard.pages.letters import CAPTION, UNIT, mono
from wizard.pages.parts import Button, Display, Heading, Marked, Role, Text
from wizard.pages.rows import Page

if TYPE_CHECKING:
    from app.doctor.report import Check, Mended, Report

LOOKING = "Looking"
LOOKING_MEANS = (
    "At the gateway, connected clients, providers, the record and this machine. "
    "Nothing is changed."
)
MENDING = "Mending what is safe"
MEND_MEANS = (
    "Starts the gateway, ends half-done changes and closes Turnout's own folders. It "
    "takes back no choice of yours or of another program."
)
NOT_DONE = "The check could not be done"
IN_TERMINAL = "In a terminal, turnout doctor looks without a gateway as well."
BUNDLE = "turnout doctor --bundle shows what a support bundle would hold, file by file."
STATES = {
    Level.PROBLEM: "Problem",
    Level.WARNING: "Warning",
    Level.NOTE: "Note",
    Level.OK: "In order",
}
"""What each state is called; it is never told by a colour alone."""

_TOLD = (Level.PROBLEM, Level.WARNING, Level.NOTE)


class DoctorActions(Protocol):
    """The wishes of a person in this window, each returning at once.

    The answer to `run_doctor` comes back by `show_report` or `show_failure`.
    """

    def run_doctor(self, *, fix: bool = False) -> None:
        """Let the doctor look; with `fix`, mend what is safe."""
        ...

    def start_gateway(self) -> None:
        """Start a gateway where none runs."""
        ...

    def copy(self, text: str) -> None:
        """Put a command line into the clipboard."""
        ...


class DoctorWindow(QWidget):
    """The result first and largest, then what is wrong, then what is in order."""

    NAME: ClassVar = "doctor"
    TEXT: ClassVar = "Check Turnout (&doctor)"

    def __init__(
        self, actions: DoctorActions, *, tray: Callable[[], bool] | None = None
    ) -> None:
        """Show nothing yet; `tray` tells whether the desktop shows tray icons."""
        super().__init__()
        self._actions = actions
        self._tray = tray
        self._busy = False
        self._looked = False
        self.setWindowTitle("Check Turnout")  # Qt adds the name of the program
        self.setMinimumSize(480, 360)
        self._build()
        QShortcut(QKeySequence("Ctrl+W"), self, self.close)
        QShortcut(QKeySequence("Esc"), self, self.close)
        QShortcut(QKeySequence("F5"), self, self._again)
        for key, pages in (("PgDown", 1), ("PgUp", -1), ("End", 999), ("Home", -999)):
            QShortcut(QKeySequence(key), self, lambda pages=pages: self._scroll(pages))
        self.show_waiting()
        self._busy = False
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Room for the result and half a dozen lines."""
        return QSize(720, 680)

    # --- what is shown ----------------------------------------------------------------

    def show_waiting(self, *, fix: bool = False) -> None:
        """Say that the doctor looks, or mends; what was found before stays."""
        self._busy = True
        self.title.say(MENDING if fix else LOOKING)
        self.sentence.say(MEND_MEANS if fix else LOOKING_MEANS)
        self.todo.say("")
        self._buttons(mend=False, start=False)

    def show_report(self, report: Report) -> None:
        """Show what was found."""
        self._busy = False
        self._looked = True
        if self._tray is not None:
            report = with_tray(report, there=self._tray())
        title, sentence = headline(report)
        self.title.say(title)
        self.sentence.say(sentence)
        self.todo.say("")
        self._buttons(mend=any(each.fixes for each in report.checks), start=False)
        self.mended.show_deeds(report.mended)
        self._show_checks(report)

    def show_failure(self, title: str, message: str, todo: str) -> None:
        """Say why nothing could be found out; what was found before is taken away."""
        self._busy = False
        self.title.say(NOT_DONE)
        self.sentence.say(f"{title}. {message}")
        self.todo.say(" ".join(filter(None, (todo, IN_TERMINAL))))
        self._buttons(mend=False, start=True)
        self.mended.show_deeds(())
        self.page.hide()

    def _show_checks(self, report: Report) -> None:
        told = [check for level in _TOLD for check in report.of(level)]
        fine = report.of(Level.OK)
        self.troubles.show_checks(told)
        self.heading.setVisible(bool(fine))
        self.heading.aside.say(str(len(fine)))
        self.fine.show_checks(fine)
        self.page.show()
        self.page.verticalScrollBar().setValue(0)

    def _buttons(self, *, mend: bool, start: bool) -> None:
        self.again.setEnabled(not self._busy)
        self.mend.setVisible(mend)
        self.start.setVisible(start)

    # --- wishes -----------------------------------------------------------------------

    def _again(self) -> None:
        self._ask(fix=False)

    def _mend(self) -> None:
        self._ask(fix=True)

    def _ask(self, *, fix: bool) -> None:
        if self._busy:
            return
        self.show_waiting(fix=fix)
        self._actions.run_doctor(fix=fix)

    def _scroll(self, pages: int) -> None:
        bar = self.page.verticalScrollBar()
        bar.setValue(bar.value() + pages * bar.pageStep())

    # --- how it is built --------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        column.setSpacing(4 * UNIT)
        column.addLayout(self._top())
        self.mended = _Deeds()
        column.addWidget(self.mended)
        self.page = Page("What was found")
        copy = self._actions.copy
        self.troubles, self.fine = _Checks(_Trouble, copy), _Checks(_Fine, copy)
        self.heading = Heading("In order")
        hint = Text(CAPTION, role=Role.PlaceholderText)
        hint.say(BUNDLE)
        for part in (self.troubles, self.heading, self.fine, hint):
            self.page.column.addWidget(part)
        self.page.column.addStretch()
        self.page.hide()
        column.addWidget(self.page, 1)
        # Keeps the result at the top while there is no list below it.
        column.addStretch()

    def _top(self) -> QVBoxLayout:
        self.title, self.sentence, self.todo = Display(), Text(), Text(bold=True)
        self.again = Button("Check &again", self._again)
        self.mend = Button("&Mend what is safe", self._mend)
        self.mend.setToolTip(MEND_MEANS)
        self.start = Button("&Start the gateway", self._actions.start_gateway)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        for button in (self.mend, self.start, self.again):
            row.addWidget(button)
        row.addStretch()
        top = QVBoxLayout()
        top.setSpacing(UNIT)
        for text in (self.title, self.sentence, self.todo):
            top.addWidget(text)
        top.addSpacing(UNIT)
        top.addLayout(row)
        return top

    # --- Qt's events ------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Let the doctor look when the window comes up for the first time."""
        super().showEvent(event)
        self.again.setFocus()
        if not self._looked and not self._busy:
            self._again()


def headline(report: Report) -> tuple[str, str]:
    """Return the result in a few words, and in a sentence."""
    problems, warnings = (
        len(report.of(Level.PROBLEM)),
        len(report.of(Level.WARNING)),
    )
    fine = _counted(len(report.of(Level.OK)), "thing is", "things are")
    when = f"{report.time.astimezone():%H:%M}"
    sentence = f"{fine} in order. Checked at {when}."
    if problems:
        title = _counted(problems, "thing is", "things are")
        also = _counted(warnings, "more needs", "more need")
        more = f" {also} a look." if warnings else ""
        return f"{title} broken", f"{sentence}{more}"
    if warnings:
        title = _counted(warnings, "thing needs", "things need")
        return f"Nothing is broken; {title} a look", sentence
    return "Everything works", sentence


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


class _Deeds(Marked):
    """What was mended or left; takes no room where that is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.role = Role.Mid
        self._lines: list[Text] = []
        self.hide()

    def show_deeds(self, deeds: Sequence[Mended]) -> None:
        said = [
            f"{'Mended' if each.done else 'Left'}: {each.before} {each.after}"
            for each in deeds
        ]
        while len(self._lines) < len(said):
            line = Text()
            self.column.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.say(said[place] if place < len(said) else "")
        self.setVisible(bool(said))


class _Trouble(Marked):
    """One thing that is not as it should be, with what to do."""

    def __init__(self, copy: Callable[[str], None]) -> None:
        super().__init__()
        self._command = ""
        self._state = Text(CAPTION, bold=True, wraps=False)
        self._name = Text(bold=True, wraps=False)
        self._code = Text(CAPTION, role=Role.PlaceholderText, wraps=False)
        self._code.setFont(mono(self._code.font()))
        self._means, self._action = Text(), Text()
        self.copy = Button("Copy the command", lambda: copy(self._command))
        head = QHBoxLayout()
        head.setSpacing(2 * UNIT)
        base = Qt.AlignmentFlag.AlignBaseline
        head.addWidget(self._name, 0, base)
        head.addWidget(self._state, 0, base)
        head.addStretch()
        head.addWidget(self._code, 0, base)
        self.column.setSpacing(UNIT // 2)
        self.column.addLayout(head)
        for part in (self._means, self._action):
            self.column.addWidget(part)
        self.column.addSpacing(UNIT)
        self.column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)

    def show_check(self, check: Check) -> None:
        note = check.state is Level.NOTE
        self.role = Role.Mid if note else Role.BrightText
        self._command = check.command
        word = STATES[check.state]
        self.setAccessibleName(f"{word}: {check.name}")
        self.setAccessibleDescription(f"{check.means} {check.action}".strip())
        self._state.say(word)
        self._state.setForegroundRole(Role.PlaceholderText if note else Role.BrightText)
        self._name.say(check.name)
        self._code.say(check.code)
        self._means.say(check.means)
        self._action.say(check.action)
        # What is mended by the button at the top needs no terminal.
        self.copy.setVisible(bool(check.command) and not check.fixes)
        self.copy.setAccessibleName(f"Copy the command {check.command}")
        self.copy.setToolTip(check.command)
        self.update()


class _Fine(QWidget):
    """One thing that is in order: its name and what was seen."""

    def __init__(self, copy: Callable[[str], None]) -> None:
        super().__init__()
        del copy  # there is nothing to do about it
        self._name = Text(wraps=False)
        letters = self._name.fontMetrics()
        longest = max(map(letters.horizontalAdvance, CODES.values()))
        self._name.setFixedWidth(longest + 4 * UNIT)
        self._means = Text(role=Role.PlaceholderText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * UNIT)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self._name, 0, top)
        row.addWidget(self._means, 1, top)

    def show_check(self, check: Check) -> None:
        self.setAccessibleName(f"{STATES[check.state]}: {check.name}")
        self.setAccessibleDescription(check.means)
        self._name.say(check.name)
        self._means.say(check.means)


class _Checks(QWidget):
    """Rows of checks; they are kept and changed in place."""

    def __init__(
        self, kind: type[_Trouble | _Fine], copy: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._kind = kind
        self._copy = copy
        self.rows: list[_Trouble | _Fine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 2 * UNIT)
        self._column.setSpacing(4 * UNIT if kind is _Trouble else UNIT)
        self.hide()

    def show_checks(self, checks: Sequence[Check]) -> None:
        while len(self.rows) < len(checks):
            row = self._kind(self._copy)
            self._column.addWidget(row)
            self.rows.append(row)
        for place, row in enumerate(self.rows):
            row.setVisible(place < len(checks))
            if place < len(checks):
                row.show_check(checks[place])
        self.setVisible(bool(checks))
