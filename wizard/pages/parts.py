"""Pieces that every window is set from: text, buttons, hairlines, headings.

They show values that are handed in; none of them asks anybody for anything. Colours
come from the palette when they paint.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from wizard.pages.letters import BODY, CAPTION, DISPLAY, UNIT, sized

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


class OneLine(Text):
    """Text that gives way: what does not fit is cut, and whole in the tool tip."""

    def minimumSizeHint(self) -> QSize:
        """Ask for no width."""
        return QSize(0, super().minimumSizeHint().height())

    def say(self, text: str) -> None:
        """Show text."""
        super().say(text)
        self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as much as fits."""
        del event
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        right = Qt.TextElideMode.ElideRight
        shown = self.fontMetrics().elidedText(self.text(), right, self.width())
        place = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), int(place), shown)
        painter.end()


class Button(QPushButton):
    """A button as text in a hairline; a ring of the signal colour shows the focus.

    A window's default button is filled with ink.
    """

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
        """Paint frame, text, focus and the mark of a menu; the default one is inked."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        pressed = self.isDown() or self.underMouse()
        inked = self.isDefault() and self.isEnabled()
        plain = Role.Highlight if pressed and self.isEnabled() else Role.Button
        painter.setBrush(colours.color(Role.WindowText if inked else plain))
        focus = self.hasFocus()
        edge = colours.color(Role.Accent if focus else Role.Mid)
        painter.setPen(QPen(edge, 2 if focus else 1))
        painter.drawRoundedRect(frame, UNIT, UNIT)
        painter.setPen(colours.color(Role.Window if inked else Role.ButtonText))
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


def hairline() -> QFrame:
    """Return a horizontal line one pixel high."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setAutoFillBackground(True)
    line.setBackgroundRole(Role.Mid)
    return line


def slim(area: QAbstractScrollArea) -> None:
    """Give a scrolling area a slim bar: a handle and nothing else."""
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QFrame.Shape.NoFrame)
    # On these bars only: style sheets do not reach further down.
    for bar in (area.verticalScrollBar(), area.horizontalScrollBar()):
        bar.setStyleSheet(_SLIM)


_SLIM = """
QScrollBar:vertical { width: 8px; background: transparent; border: none; }
QScrollBar::handle:vertical {
    background: palette(mid); min-height: 32px; border-radius: 2px; margin: 0 2px;
}
QScrollBar:horizontal { height: 8px; background: transparent; border: none; }
QScrollBar::handle:horizontal {
    background: palette(mid); min-width: 32px; border-radius: 2px; margin: 2px 0;
}
QScrollBar::handle:hover { background: palette(placeholder-text); }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""


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


class Marked(QWidget):
    """A block with a bar at its left, of the signal colour where it needs somebody."""

    def __init__(self) -> None:
        """Be a column to put things into."""
        super().__init__()
        self.role = Role.BrightText
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(3 * UNIT, 0, 0, 0)
        self.column.setSpacing(UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the bar."""
        del event
        painter = QPainter(self)
        colour: QColor = self.palette().color(self.role)
        painter.fillRect(QRectF(0, 0, 3, self.height()), colour)
        painter.end()


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
