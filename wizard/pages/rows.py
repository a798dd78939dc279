"""Rows of text with a tick, and what else the pages are set from.

They show values and call back; they know no flow.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from wizard.pages.choices import Tick, indent
from wizard.pages.letters import CAPTION, UNIT, mono
from wizard.pages.parts import Button, Marked, Role, Text, slim
from wizard.pages.words import Row, plain


class Page(QScrollArea):
    """One column that scrolls up and down only; what has the focus is in view."""

    def __init__(self, name: str) -> None:
        """Be empty; `name` is what a screen reader calls it."""
        super().__init__()
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        # The keys walk through what is in it, not through the frame around that.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slim(self)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(0, 0, 3 * UNIT, 2 * UNIT)
        self.column.setSpacing(2 * UNIT)
        self.setWidget(inside)
        # The application tells of every focus; the page is told on its own slot, which
        # goes with it.
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_moved)

    def _focus_moved(self, before: QWidget | None, now: QWidget | None) -> None:
        """Scroll to where the focus is, also where it came from outside of the page."""
        del before
        inside = self.widget()
        if now is not None and inside is not None and inside.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, 6 * UNIT)


class FindingRow(QWidget):
    """One finding: a tick or none, what it is, where, and what it could give."""

    def __init__(self, row: Row, ticked: Callable[[str, bool], None]) -> None:
        """Show `row`; `ticked` is called with its id and whether it is chosen."""
        super().__init__()
        self.row = row
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, UNIT)
        column.setSpacing(UNIT // 2)
        self._head = QHBoxLayout()
        self._head.setSpacing(2 * UNIT)
        self.tick: Tick | None = None
        inset = indent(self)
        if row.can:
            self.tick = Tick(plain(row.text))
            self.tick.setAccessibleDescription(". ".join((row.aside, *row.lines)))
            self.tick.toggled.connect(lambda on: ticked(row.id, on))
            self._head.addWidget(self.tick)
        else:
            name = Text(wraps=False)
            name.say(row.text)
            name.setContentsMargins(inset, 0, 0, 0)
            self._head.addWidget(name)
        aside = Text(CAPTION, role=Role.PlaceholderText)
        aside.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        aside.say(row.aside)
        self._head.addWidget(aside, 1)
        column.addLayout(self._head)
        below = QVBoxLayout()
        below.setContentsMargins(inset, 0, 0, 0)
        below.setSpacing(UNIT // 2)
        for line in row.lines:
            below.addWidget(caption(line))
        if row.warnings:
            below.addWidget(marked(row.warnings))
        column.addLayout(below)

    def add_button(self, text: str, name: str, clicked: Callable[[], None]) -> Button:
        """Put a button at the right; `name` is what a screen reader calls it."""
        button = Button(text, clicked)
        button.setAccessibleName(name)
        button.setAutoDefault(False)
        self._head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return button

    def show_ticked(self, *, on: bool) -> None:
        """Show whether it is chosen, without calling anybody."""
        if self.tick is not None and self.tick.isChecked() != on:
            self.tick.blockSignals(True)
            self.tick.setChecked(on)
            self.tick.blockSignals(False)


def caption(text: str, inset: int = 0) -> Text:
    """Return a small muted line, `inset` pixels from the left."""
    made = Text(CAPTION, role=Role.PlaceholderText)
    made.setContentsMargins(inset, 0, 0, 0)
    made.say(text)
    return made


def line(text: str, *, bold: bool = False) -> Text:
    """Return a line of text."""
    made = Text(bold=bold)
    made.say(text)
    return made


def code(text: str) -> Text:
    """Return a path, a command or an address in the fixed font."""
    made = Text()
    made.setFont(mono(made.font(), CAPTION))
    made.say(text)
    return made


def marked(lines: tuple[str, ...]) -> Marked:
    """Return lines that need somebody, with a bar at their left."""
    made = Marked()
    for text in lines:
        made.column.addWidget(line(text))
    return made


def copied(text: str, what: str, copy: Callable[[str], None]) -> QHBoxLayout:
    """Return a command with a button that copies it; `what` names it for readers."""
    row = QHBoxLayout()
    row.setSpacing(2 * UNIT)
    words = code(text)
    words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
    row.addWidget(words, 1, Qt.AlignmentFlag.AlignVCenter)
    button = Button("Copy", lambda: copy(text))
    button.setAccessibleName(f"Copy {what}")
    button.setAutoDefault(False)
    row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
    return row


def cleared(layout: QLayout) -> None:
    """Take everything out of a layout, so that it can be set anew."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            return
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            cleared(inner)
            inner.deleteLater()


def rule() -> QFrame:
    """Return room between two sections."""
    made = QFrame()
    made.setFixedHeight(2 * UNIT)
    return made
