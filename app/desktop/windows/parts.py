"""Pieces the windows are set from: hairlines, text, buttons, lines of facts, notices.

They show values that are handed in; none of them asks anybody for anything. Colours
come from the palette when they paint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.desktop.bridge import Notice
from app.desktop.icons import paint_glyph
from app.desktop.look import BODY, CAPTION, DISPLAY, UNIT, sized
from app.desktop.sight import Shape
from app.desktop.words import SHAPES, Fact

Role = QPalette.ColorRole


class Text(QLabel):
    """Plain text that wraps, of one size and one colour of the palette."""

    def __init__(
        self,
        share: float = BODY,
        *,
        role: Role = Role.WindowText,
        bold: bool = False,
        wraps: bool = True,
    ) -> None:
        """Be empty; `share` is the size as a share of the system's."""
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wraps)
        self.setForegroundRole(role)
        self.setFont(sized(self.font(), share, bold=bold))
        # Selecting is by mouse only: text is no stop on a walk through the controls.
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def say(self, text: str) -> None:
        """Show text, or nothing and no space where it is ''."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


class Button(QPushButton):
    """A button as text in a hairline; a ring of the signal colour shows the focus."""

    def __init__(self, text: str, clicked: Callable[[], None] | None = None) -> None:
        """Carry a text with its mnemonic."""
        super().__init__(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        if clicked is not None:
            # Through a lambda: Qt would hand a listening function its `checked` too.
            self.clicked.connect(lambda _=False: clicked())

    @property
    def has_menu(self) -> bool:
        """Whether a click opens a menu."""
        menu: QMenu | None = self.menu()
        return menu is not None

    def sizeHint(self) -> QSize:
        """Leave room for the text, its frame and the mark of a menu."""
        words = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text())
        mark = 4 * UNIT if self.has_menu else 0
        return QSize(words.width() + 6 * UNIT + mark, words.height() + 3 * UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint frame, text, focus and the mark of a menu."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        pressed = self.isDown() or self.underMouse()
        painter.setBrush(colours.color(Role.Highlight if pressed else Role.Button))
        focus = self.hasFocus()
        edge = colours.color(Role.Accent if focus else Role.Mid)
        painter.setPen(QPen(edge, 2 if focus else 1))
        painter.drawRoundedRect(frame, UNIT, UNIT)
        painter.setPen(colours.color(Role.ButtonText))
        inner = self.rect().adjusted(3 * UNIT, 0, -3 * UNIT, 0)
        if self.has_menu:
            self._paint_mark(painter, inner.right() - UNIT, inner.center().y())
            inner.adjust(0, 0, -4 * UNIT, 0)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextShowMnemonic
        painter.drawText(inner, int(flags), self.text())
        painter.end()

    def _paint_mark(self, painter: QPainter, x: float, y: float) -> None:
        painter.drawLine(
            QRectF(x - 4, y - 1, 4, 4).topLeft(), QRectF(x, y + 3, 0, 0).topLeft()
        )
        painter.drawLine(
            QRectF(x, y + 3, 0, 0).topLeft(), QRectF(x + 4, y - 1, 0, 0).topLeft()
        )


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


def hairline() -> QFrame:
    """Return a horizontal line one pixel high."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setAutoFillBackground(True)
    line.setBackgroundRole(Role.Mid)
    return line


class Heading(QWidget):
    """A section's name with a hairline under it and words on its right."""

    def __init__(self, name: str) -> None:
        """Carry the section's name."""
        super().__init__()
        title = Text(CAPTION, role=Role.PlaceholderText, bold=True, wraps=False)
        title.say(name)
        self.aside = Text(CAPTION, role=Role.PlaceholderText, wraps=False)
        row = QHBoxLayout()
        row.addWidget(title)
        row.addStretch()
        row.addWidget(self.aside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        column.addLayout(row)
        column.addWidget(hairline())


class Facts(QWidget):
    """Lines of text: name, value on the right, and what is to be said below the name.

    Labels are kept and changed in place, so a reader's place is not lost.
    """

    def __init__(self) -> None:
        """Be empty."""
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(3 * UNIT)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(0, 1)
        self._lines: list[tuple[Text, Text, Text]] = []
        self._shown: tuple[Fact, ...] = ()

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these lines."""
        if tuple(facts) == self._shown:
            return
        self._shown = tuple(facts)
        while len(self._lines) < len(facts):
            self._add_line()
        for place, (name, detail, value) in enumerate(self._lines):
            fact = facts[place] if place < len(facts) else Fact("")
            name.say(fact.name)
            detail.say(fact.detail)
            value.say(fact.value)

    def _add_line(self) -> None:
        name = Text()
        detail = Text(CAPTION, role=Role.PlaceholderText)
        value = Text(wraps=False)
        row = 2 * len(self._lines)
        name.setContentsMargins(0, UNIT, 0, 0)
        value.setContentsMargins(0, UNIT, 0, 0)
        detail.setContentsMargins(0, 0, 0, UNIT)
        self._grid.addWidget(name, row, 0)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(value, row, 1, right)
        self._grid.addWidget(detail, row + 1, 0, 1, 2)
        self._lines.append((name, detail, value))


class Marked(QWidget):
    """A block with a bar of the signal colour at its left: it needs somebody."""

    def __init__(self) -> None:
        """Be a column to put things into."""
        super().__init__()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(3 * UNIT, 0, 0, 0)
        self.column.setSpacing(UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar."""
        del event
        painter = QPainter(self)
        colour: QColor = self.palette().color(Role.BrightText)
        painter.fillRect(QRectF(0, 0, 3, self.height()), colour)
        painter.end()


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
        self._title.say(notice.title)
        self._message.say(notice.message)
        self._todo.say(notice.todo)
        self.show()


class Display(Text):
    """The one large line of a window."""

    def __init__(self) -> None:
        """Be empty."""
        super().__init__(DISPLAY)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Medium)
        self.setFont(font)


REPAINTS = (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
"""Events after which a view with painted rows has to lay out and paint anew."""
