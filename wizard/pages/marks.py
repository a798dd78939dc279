"""Small painted marks: the stations of the wizard's track, and a step's tick or cross.

Each says in words what it shows; nothing is told by its colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from wizard.pages.letters import CAPTION, UNIT, sized
from wizard.pages.parts import Role

_DOT = 5.0


class Stations(QWidget):
    """The steps as stations of a track: passed, here, to come."""

    def __init__(self, names: Sequence[str]) -> None:
        """Stand at the first."""
        super().__init__()
        self._names = tuple(names)
        self._here = 0
        self.setFont(sized(self.font(), CAPTION))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_step(0)

    def show_step(self, here: int) -> None:
        """Stand at a station, counted from 0."""
        self._here = here
        count, name = len(self._names), self._names[here]
        self.setAccessibleName(f"Step {here + 1} of {count}: {name}")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for a track and a line of names."""
        return QSize(80 * UNIT, self.fontMetrics().height() + 6 * UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the track: solid up to here, dashed beyond."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        ink, muted = (
            colours.color(Role.WindowText),
            colours.color(Role.PlaceholderText),
        )
        y = 2.0 * UNIT
        metrics = self.fontMetrics()
        left, right = _DOT + 1, self.width() - _DOT - 1.0
        count = len(self._names)
        xs = [left + (right - left) * place / (count - 1) for place in range(count)]
        here = xs[self._here]
        painter.setPen(QPen(ink, 2))
        painter.drawLine(QPointF(left, y), QPointF(here, y))
        painter.setPen(QPen(muted, 2, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(here, y), QPointF(right, y))
        for place, (x, name) in enumerate(zip(xs, self._names, strict=True)):
            come = place > self._here
            painter.setPen(QPen(muted if come else ink, 2))
            filled = colours.color(Role.WindowText if not come else Role.Window)
            painter.setBrush(filled)
            size = _DOT if place == self._here else _DOT - 1.5
            painter.drawEllipse(QPointF(x, y), size, size)
            font = self.font()
            font.setBold(place == self._here)
            painter.setFont(font)
            wide = metrics.horizontalAdvance(name) * 1.2
            start = min(max(0.0, x - wide / 2), self.width() - wide)
            side = Qt.AlignmentFlag.AlignHCenter
            if place == 0:
                side = Qt.AlignmentFlag.AlignLeft
            elif place == count - 1:
                side = Qt.AlignmentFlag.AlignRight
            box = QRectF(start, y + 2.5 * UNIT, wide, metrics.height())
            painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), name)
        painter.end()


class Mark(QWidget):
    """A tick, a cross or a dash, a line high; the words beside it say the same."""

    def __init__(self, *, ok: bool | None) -> None:
        """Show what became of a step; None was not reached."""
        super().__init__()
        self._ok = ok
        side = self.fontMetrics().height()
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the mark."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = Role.BrightText if self._ok is False else Role.WindowText
        if self._ok is None:
            role = Role.PlaceholderText
        pen = QPen(self.palette().color(role), 2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        side = self.width()
        strokes = _STROKES[self._ok]
        for (x, y), (to_x, to_y) in strokes:
            painter.drawLine(
                QPointF(x * side, y * side), QPointF(to_x * side, to_y * side)
            )
        painter.end()


_STROKES = {
    True: (((0.2, 0.55), (0.42, 0.75)), ((0.42, 0.75), (0.8, 0.28))),
    False: (((0.25, 0.28), (0.75, 0.78)), ((0.75, 0.28), (0.25, 0.78))),
    None: (((0.28, 0.53), (0.72, 0.53)),),
}
