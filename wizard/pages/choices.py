"""Ticks, choices and tabs as the windows paint them: hairlines, and a ring for focus.

The style's own ones are all but invisible on dark paper.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QRadioButton,
    QSizePolicy,
    QTabBar,
    QWidget,
)

from wizard.pages.letters import UNIT
from wizard.pages.parts import Role

GAP = 2 * UNIT


def indent(widget: QWidget) -> int:
    """Return how far a tick's text stands from its left edge, in pixels."""
    return _side(widget) + GAP


def _side(widget: QWidget) -> int:
    return widget.fontMetrics().ascent() + UNIT


def _size(button: QAbstractButton) -> QSize:
    words = button.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, button.text())
    return QSize(
        indent(button) + words.width() + UNIT, max(words.height(), _side(button)) + UNIT
    )


def _frame(button: QAbstractButton) -> QRectF:
    side = _side(button) - 2.0
    return QRectF(1, (button.height() - side) / 2, side, side)


def _paint_words(button: QAbstractButton, painter: QPainter) -> None:
    colours = button.palette()
    painter.setPen(colours.color(Role.WindowText))
    place = button.rect().adjusted(indent(button), 0, 0, 0)
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic
    words = button.text()
    if button.sizeHint().width() > button.width():
        # What does not fit is cut, as everywhere in the windows.
        right = Qt.TextElideMode.ElideRight
        flag = int(Qt.TextFlag.TextShowMnemonic)
        words = button.fontMetrics().elidedText(words, right, place.width(), flag)
    painter.drawText(place, int(flags), words)
    if button.hasFocus():
        _ring(painter, colours, QRectF(place).adjusted(-3, 0.5, -1, -0.5))


def _ring(painter: QPainter, colours: QPalette, place: QRectF) -> None:
    painter.setPen(QPen(colours.color(Role.Accent), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), UNIT - 1, UNIT - 1)


class Tick(QCheckBox):
    """A box to tick, with its text."""

    def __init__(self, text: str) -> None:
        """Carry a text with its mnemonic."""
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Room for box and text."""
        return _size(self)

    def minimumSizeHint(self) -> QSize:
        """Give way before the window grows too wide."""
        return QSize(indent(self), self.sizeHint().height())

    def hitButton(self, pos: object) -> bool:
        """Take a click anywhere on it."""
        del pos
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint box, tick and text."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, box = self.palette(), _frame(self)
        painter.setPen(QPen(colours.color(Role.PlaceholderText), 1))
        on = self.isChecked()
        painter.setBrush(colours.color(Role.WindowText if on else Role.Base))
        painter.drawRoundedRect(box, 2, 2)
        if on:
            pen = QPen(colours.color(Role.Base), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            x, y, side = box.x(), box.y(), box.width()
            low = QPointF(x + 0.42 * side, y + 0.72 * side)
            painter.drawLine(QPointF(x + 0.22 * side, y + 0.52 * side), low)
            painter.drawLine(low, QPointF(x + 0.78 * side, y + 0.28 * side))
        _paint_words(self, painter)
        painter.end()


class Choice(QRadioButton):
    """One of several choices, with its text."""

    def __init__(self, text: str) -> None:
        """Carry a text with its mnemonic."""
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Room for ring and text."""
        return _size(self)

    def minimumSizeHint(self) -> QSize:
        """Give way before the window grows too wide."""
        return QSize(indent(self), self.sizeHint().height())

    def hitButton(self, pos: object) -> bool:
        """Take a click anywhere on it."""
        del pos
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ring, dot and text."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, ring = self.palette(), _frame(self)
        painter.setPen(QPen(colours.color(Role.PlaceholderText), 1))
        painter.setBrush(colours.color(Role.Base))
        painter.drawEllipse(ring)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.color(Role.WindowText))
            inner = ring.width() * 0.22
            painter.drawEllipse(ring.adjusted(inner, inner, -inner, -inner))
        _paint_words(self, painter)
        painter.end()


class Leaves(QTabBar):
    """Tabs as words on a hairline; the leaf that is open is underlined in ink."""

    def __init__(self) -> None:
        """Have no tab yet."""
        super().__init__()
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def tabSizeHint(self, index: int) -> QSize:
        """Room for the words and a line under them."""
        flag = Qt.TextFlag.TextShowMnemonic
        words = self.fontMetrics().size(flag, self.tabText(index))
        return QSize(words.width() + 6 * UNIT, words.height() + 3 * UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the words, the hairline and the line under what is open."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        bottom = self.height() - 1
        painter.fillRect(QRect(0, bottom, self.width(), 1), colours.color(Role.Mid))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextShowMnemonic
        for index in range(self.count()):
            place, here = self.tabRect(index), index == self.currentIndex()
            role = Role.WindowText if here else Role.PlaceholderText
            painter.setPen(colours.color(role))
            painter.drawText(place, int(flags), self.tabText(index))
            if here:
                under = QRect(place.left(), bottom - 2, place.width(), 3)
                painter.fillRect(under, colours.color(Role.WindowText))
                if self.hasFocus():
                    _ring(painter, colours, QRectF(place).adjusted(0, 0, 0, -3))
        painter.end()
