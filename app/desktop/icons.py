"""Draws the turnout glyph, whose shape is the state, into icons of every size.

It draws on a grid of 24 units and decides nothing. The two colours were chosen between
ink and paper: each keeps a contrast above 4 on a white and on a black panel.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QIcon,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPixmap,
)

from app.desktop.sight import Shape

SIZES = (16, 22, 24, 32, 44, 48, 64, 128)
"""Edge lengths in pixels; the larger ones serve as the others' doubles."""

NEUTRAL = "#7d7568"
SIGNAL = "#b0701a"

_GRID = 24.0
_RAIL = 5.0
_STUB = 2.6
_OUTLINE = 1.7

Line = tuple[float, tuple[tuple[float, float], ...]]

_LINES: dict[Shape, tuple[Line, ...]] = {
    # Four points after the first make a curve between the second and the fifth.
    Shape.STRAIGHT: ((_RAIL, ((8, 23), (8, 1))), (_STUB, ((13.5, 12), (19, 2)))),
    Shape.DIVERGING: (
        (_RAIL, ((8, 23), (8, 18), (8, 10), (17.5, 13), (17.5, 5), (17.5, 1))),
        (_STUB, ((7, 1), (7, 7.5))),
    ),
    Shape.CLOSED: ((_RAIL, ((12, 23), (12, 6))), (_RAIL, ((2.5, 6), (21.5, 6)))),
    Shape.BROKEN: (
        (_RAIL, ((12, 23), (12, 15.5))),
        (_STUB, ((4, 17.8), (20, 13.2))),
        (_STUB, ((4, 10.8), (20, 6.2))),
        (_RAIL, ((12, 8.5), (12, 1))),
    ),
}


def state_icon(shape: Shape, *, hollow: bool) -> QIcon:
    """Return the tray's icon for a state."""
    colour = QColor(SIGNAL if shape is Shape.BROKEN else NEUTRAL)
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(_pixmap(size, shape, colour, hollow=hollow))
    return icon


def _pixmap(size: int, shape: Shape, colour: QColor, *, hollow: bool) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_glyph(painter, QRectF(0, 0, size, size), shape, colour, hollow=hollow)
    painter.end()
    return pixmap


def paint_glyph(
    painter: QPainter, place: QRectF, shape: Shape, colour: QColor, *, hollow: bool
) -> None:
    """Paint the glyph into a square; hollow is an outline of the same shape."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.topLeft())
    painter.scale(place.width() / _GRID, place.height() / _GRID)
    if hollow:
        painter.setPen(QPen(colour, _OUTLINE))
        painter.drawPath(outline(shape, inset=_OUTLINE / 2))
    else:
        painter.fillPath(outline(shape), colour)
    painter.restore()


def outline(shape: Shape, inset: float = 0.0) -> QPainterPath:
    """Return the glyph's outline on the grid, its lines thinner by twice `inset`."""
    whole = QPainterPath()
    for width, points in _LINES[shape]:
        stroker = QPainterPathStroker()
        stroker.setWidth(max(width - inset, 1.0))
        stroker.setCapStyle(Qt.PenCapStyle.FlatCap)
        whole = whole.united(stroker.createStroke(_centre(points)))
    return whole


def _centre(points: tuple[tuple[float, float], ...]) -> QPainterPath:
    first, *rest = (QPointF(x, y) for x, y in points)
    path = QPainterPath(first)
    if len(rest) == 5:
        path.lineTo(rest[0])
        path.cubicTo(rest[1], rest[2], rest[3])
        path.lineTo(rest[4])
    else:
        path.lineTo(rest[0])
    return path
