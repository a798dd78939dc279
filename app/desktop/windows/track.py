"""Paints how a request or one attempt went, as a piece of track; it knows no request.

Each outcome has a shape of its own, so that none is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

Points = tuple[tuple[float, float], ...]
Role = QPalette.ColorRole

STRIP = 64.0
"""Width of a piece of track in pixels."""

_ANSWERED = frozenset({"success", "fallback_success"})
_STEP = 4.0


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The lines of a track: solid ones, one dashed, and where dots end them.

    `up` and `down` are where a triangle stands in a dot's place.
    """

    solid: tuple[Points, ...] = ()
    dashed: Points = ()
    dots: Points = ()
    up: Points = ()
    down: Points = ()


def role_of(status: str) -> Role:
    """Return the palette's colour of an outcome: the signal's where it is none."""
    return Role.Text if status in _ANSWERED else Role.BrightText


def paint_track(
    painter: QPainter, place: QRectF, status: str, colour: QColor, mark: str = ""
) -> None:
    """Paint how a request went, from the client on the left to the model on the right.

    Through, on a diverging track after a fallback, broken by an error, ended at a
    buffer stop where the client left, and dashed where the gateway ended. A `mark`
    bends it: around and back to the same lane, down to a weaker model, up to a
    stronger one; the last two end in a triangle that points there.
    """
    drawing = _drawing(place, status, mark)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 2))
    for points in drawing.solid:
        painter.drawPolyline([QPointF(*point) for point in points])
    if drawing.dashed:
        pen = QPen(colour, 1.5)
        pen.setDashPattern([1.5, 2.5])
        painter.setPen(pen)
        painter.drawPolyline([QPointF(*point) for point in drawing.dashed])
    painter.setPen(QPen(colour, 2))
    painter.setBrush(colour)
    for point in drawing.dots:
        painter.drawEllipse(QPointF(*point), 2, 2)
    painter.setPen(Qt.PenStyle.NoPen)
    for points, side in ((drawing.up, -1), (drawing.down, 1)):
        for x, y in points:
            corners = ((x - 5, y - 4 * side), (x + 5, y - 4 * side), (x, y + 4 * side))
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
    painter.restore()


def _drawing(place: QRectF, status: str, mark: str) -> _Drawing:
    # Whole pixels keep the horizontal lines sharp.
    middle, y = place.center().x(), float(round(place.center().y()))
    left, right = place.left() + 3, place.right() - 3
    if status in _ANSWERED:
        return _answered(left, right, y, mark, fell_back=status != "success")
    start = ((left, y),)
    match status:
        case "cancelled":
            stop = ((middle, y - 5), (middle, y + 5))
            return _Drawing(solid=(((left, y), (middle, y)), stop), dots=start)
        case "interrupted":
            return _Drawing(dashed=((left, y), (right, y)), dots=start)
        case _:
            ends = ((left, y), (middle - 6, y)), ((middle + 6, y), (right, y))
            one = ((middle - 8, y - 5), (middle - 4, y + 5))
            other = ((middle + 4, y - 5), (middle + 8, y + 5))
            return _Drawing(solid=(*ends, one, other), dots=start)


def _answered(
    left: float, right: float, y: float, mark: str, *, fell_back: bool
) -> _Drawing:
    """Return the track of an answer; the dashed siding is where it first was sent."""
    middle = (left + right) / 2
    if mark == "same_lane":
        low = y + _STEP
        loop = ((left, y - _STEP), (middle - 16, y - _STEP), (middle - 8, low))
        back = ((middle + 8, low), (middle + 16, y - _STEP), (right, y - _STEP))
        straight = ((middle - 10, y - _STEP), (middle + 12, y - _STEP))
        return _Drawing(
            solid=((*loop, *back),),
            dashed=straight if fell_back else (),
            dots=((left, y - _STEP), (right, y - _STEP)),
        )
    pointed = mark in {"downgrade", "escalation"}
    if not pointed and not fell_back:
        ends = ((left, y), (right, y))
        return _Drawing(solid=(ends,), dots=ends)
    step = -_STEP if mark == "escalation" else _STEP
    begin, end = y - step, y + step
    bend = ((left, begin), (middle - 12, begin), (middle + 2, end), (right, end))
    dots = ((left, begin),) if pointed else ((left, begin), (right, end))
    return _Drawing(
        solid=(bend,),
        dashed=((middle - 2, begin), (right, begin)) if fell_back else (),
        dots=dots,
        up=((right - 2, end),) if mark == "escalation" else (),
        down=((right - 2, end),) if mark == "downgrade" else (),
    )


class Track(QWidget):
    """A piece of track as a widget; what it shows stands in words beside it."""

    def __init__(self) -> None:
        """Show a track that runs through."""
        super().__init__()
        self._shown = ("success", "")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_way(self, status: str, mark: str) -> None:
        """Show an outcome."""
        self._shown = (status, mark)
        self.update()

    def sizeHint(self) -> QSize:
        """As long as in the list, as high as a line."""
        return QSize(int(STRIP), max(18, self.fontMetrics().height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the track."""
        del event
        status, mark = self._shown
        painter = QPainter(self)
        colour = self.palette().color(role_of(status))
        paint_track(painter, QRectF(self.rect()), status, colour, mark)
        painter.end()
