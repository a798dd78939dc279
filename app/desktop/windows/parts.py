"""Pieces the windows are set from: hairlines, text, buttons, lines of facts, notices.

They show values that are handed in; none of them asks anybody for anything. Colours
come from the palette when they paint.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.bridge import Notice
from app.desktop.icons import paint_glyph
from app.desktop.look import CAPTION, UNIT
from app.desktop.sight import Shape
from app.desktop.words import SHAPES, Fact
from wizard.pages.parts import (
    REPAINTS,
    Button,
    Display,
    Heading,
    Marked,
    OneLine,
    Role,
    Text,
    hairline,
    slim,
)

__all__ = [
    "REPAINTS",
    "Button",
    "Display",
    "Facts",
    "Glyph",
    "Heading",
    "Marked",
    "NoticeBar",
    "OneLine",
    "Role",
    "Text",
    "Warnings",
    "hairline",
    "slim",
]


class Glyph(QWidget):
    """The turnout glyph of the state, as large as a headline is high."""

    def __init__(self, size: int) -> None:
        """Show the straight track until told otherwise."""
        super().__init__()
        self._state = (Shape.STRAIGHT, True)
        self.setFixedSize(size, size)
        self.show_state(*self._state)

    def show_state(self, shape: Shape, hollow: bool) -> None:
        """Show a state."""
        self._state = (shape, hollow)
        told = SHAPES[shape] + (" (waiting)" if hollow else "")
        self.setAccessibleName(told)
        self.setToolTip(told)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the glyph in ink, or in the signal colour where it needs somebody."""
        del event
        shape, hollow = self._state
        role = Role.BrightText if shape is Shape.BROKEN else Role.WindowText
        painter = QPainter(self)
        colour = self.palette().color(role)
        paint_glyph(painter, QRectF(self.rect()), shape, colour, hollow=hollow)
        painter.end()


class Facts(QWidget):
    """Lines of text: a name, a value on the right, and what is to be said of it.

    `below` puts that under the name, for sentences; else it stands beside it. Labels
    are kept and changed in place, so a reader's place is not lost.
    """

    def __init__(self, *, below: bool = False) -> None:
        """Be empty."""
        super().__init__()
        self._below = below
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._lines: list[_Line] = []
        self._shown: tuple[Fact, ...] = ()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these lines."""
        if tuple(facts) == self._shown:
            return
        self._shown = tuple(facts)
        while len(self._lines) < len(facts):
            line = _Line(below=self._below)
            self._column.addWidget(line)
            self._lines.append(line)
        for place, line in enumerate(self._lines):
            line.setVisible(place < len(facts))
            if place < len(facts):
                line.show_fact(facts[place])


class _Line(QWidget):
    """One line of `Facts`."""

    def __init__(self, *, below: bool) -> None:
        super().__init__()
        self._name = Text(wraps=False)
        self._detail = (
            Text(CAPTION, role=Role.PlaceholderText)
            if below
            else OneLine(CAPTION, role=Role.PlaceholderText, wraps=False)
        )
        self._value = Text(wraps=False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, 0, UNIT // 2)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        base = Qt.AlignmentFlag.AlignBaseline
        row.addWidget(self._name, 0, base)
        if below:
            row.addStretch(1)
        else:
            row.addWidget(self._detail, 1, base)
        row.addWidget(self._value, 0, base | Qt.AlignmentFlag.AlignRight)
        column.addLayout(row)
        if below:
            column.addWidget(self._detail)

    def show_fact(self, fact: Fact) -> None:
        self._name.say(fact.name)
        self._detail.say(fact.detail)
        self._detail.setVisible(True)
        self._value.say(fact.value)
        self._value.setForegroundRole(
            Role.BrightText if fact.trouble else Role.WindowText
        )


class Warnings(Marked):
    """What is wrong now, a line each; takes no room while nothing is."""

    def __init__(self) -> None:
        """Be silent."""
        super().__init__()
        self._lines: list[Text] = []
        self.hide()

    def show_lines(self, lines: Sequence[str]) -> None:
        """Show these lines."""
        while len(self._lines) < len(lines):
            text = Text()
            self.column.addWidget(text)
            self._lines.append(text)
        for place, text in enumerate(self._lines):
            text.say(lines[place] if place < len(lines) else "")
        self.setVisible(bool(lines))


class NoticeBar(Marked):
    """The answer to a wish, until it is dismissed or another comes."""

    def __init__(self) -> None:
        """Be silent."""
        super().__init__()
        self._title = Text(bold=True)
        self._message = Text()
        self._todo = Text()
        self.dismiss = Button("D&ismiss", self.hide)
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(UNIT // 2)
        for text in (self._title, self._message, self._todo):
            words.addWidget(text)
        row.addLayout(words, 1)
        row.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(row)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show what happened."""
        self.role = Role.BrightText if notice.bad else Role.Mid
        self.update()
        self._title.say(notice.title)
        self._message.say(notice.message)
        self._todo.say(notice.todo)
        self.show()
