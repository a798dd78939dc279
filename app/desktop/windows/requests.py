"""The list of finished requests: a model of rows, and the strip each is painted as.

A strip is a piece of track: it runs through, diverges, breaks or ends as the request
did, so that the outcome has a shape and not only a colour. It fetches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.desktop.look import BODY, CAPTION, UNIT, mono, sized
from app.desktop.windows.parts import REPAINTS, slim
from app.desktop.windows.track import STRIP, paint_track, role_of
from app.desktop.words import Row

Index = QModelIndex | QPersistentModelIndex
Role = QPalette.ColorRole
ROW = Qt.ItemDataRole.UserRole


class RequestModel(QAbstractListModel):
    """The recent requests, newest first; new ones are put in, the rest stays."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Hold nothing."""
        super().__init__(parent)
        self._rows: tuple[Row, ...] = ()

    def show_rows(self, rows: tuple[Row, ...]) -> None:
        """Show these rows; those that are there already keep their place."""
        new = self._newer(rows)
        if new is None:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
            return
        if new:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self._rows = rows[:new] + self._rows
            self.endInsertRows()
        if len(self._rows) > len(rows):
            self.beginRemoveRows(QModelIndex(), len(rows), len(self._rows) - 1)
            self._rows = self._rows[: len(rows)]
            self.endRemoveRows()
        if self._rows != rows:
            # The date moves to another row, an amount becomes known.
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))

    def _newer(self, rows: tuple[Row, ...]) -> int | None:
        """Return how many rows were put in on top, None where that is not all."""
        ids, known = [row.id for row in rows], [row.id for row in self._rows]
        if not known or known[0] not in ids:
            return None
        new = ids.index(known[0])
        kept = ids[new:]
        return new if kept == known[: len(kept)] else None

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many requests there are."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a request in words, or the `Row` the delegate paints."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == ROW:
            return row
        spoken = (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        )
        return row.sentence if role in spoken else None


@dataclass(frozen=True, slots=True)
class _Fonts:
    """The type of a row."""

    body: QFont
    model: QFont
    caption: QFont

    @property
    def first(self) -> int:
        """Height of the first line in pixels."""
        return max(QFontMetrics(self.body).height(), QFontMetrics(self.model).height())

    @property
    def second(self) -> int:
        """Height of the second line in pixels."""
        return QFontMetrics(self.caption).height()


def _fonts(font: QFont) -> _Fonts:
    return _Fonts(sized(font, BODY), mono(font), sized(font, CAPTION))


class StripDelegate(QStyledItemDelegate):
    """Paints a row: client, track, route and cost; below, when, what and how much."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Two lines with some air; the width is the view's."""
        del index
        fonts = _fonts(option.font)
        return QSize(0, fonts.first + fonts.second + 3 * UNIT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Paint one request."""
        row = index.data(ROW)
        if not isinstance(row, Row):
            return
        painter.save()
        colours = option.palette
        place = QRect(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if chosen:
            painter.fillRect(place, colours.color(Role.Highlight))
        painter.setPen(colours.color(Role.Mid))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        if focused:
            painter.setPen(QPen(colours.color(Role.Accent), 2))
            painter.drawRect(place.adjusted(1, 1, -1, -2))
        _Painting(painter, colours, _fonts(option.font), place).paint(row)
        painter.restore()


class _Painting:
    """One row being painted into its place."""

    def __init__(
        self, painter: QPainter, colours: QPalette, fonts: _Fonts, place: QRect
    ) -> None:
        self._painter = painter
        self._colours = colours
        self._fonts = fonts
        inner = place.adjusted(2 * UNIT, UNIT, -2 * UNIT, -2 * UNIT)
        self._upper = QRect(inner)
        self._upper.setHeight(fonts.first)
        self._lower = QRect(inner)
        self._lower.setTop(self._upper.bottom() + 1)

    def paint(self, row: Row) -> None:
        ink = self._colours.color(Role.Text)
        muted = self._colours.color(Role.PlaceholderText)
        right = self._right(self._upper, row.cost, self._fonts.body, ink)
        left = self._upper.left() + self._lead(row.client)
        client = QRect(self._upper)
        client.setRight(left)
        self._left(client, row.client, self._fonts.body, ink)
        track = QRectF(left + 2 * UNIT, self._upper.top(), STRIP, self._upper.height())
        colour = self._colours.color(role_of(row.status))
        paint_track(self._painter, track, row.status, colour, row.mark)
        route = QRect(self._upper)
        route.setLeft(round(track.right()) + 2 * UNIT)
        route.setRight(right - 3 * UNIT)
        self._left(route, row.route, self._fonts.model, ink)
        amounts = ", ".join(part for part in (row.tokens, row.took) if part)
        right = self._right(self._lower, amounts, self._fonts.caption, muted)
        time = QRect(self._lower)
        time.setRight(left)
        self._left(time, row.time, self._fonts.caption, muted)
        words = QRect(self._lower)
        words.setLeft(left + 2 * UNIT)
        words.setRight(right - 3 * UNIT)
        ending = "" if row.status == "success" else row.ending
        # What matters more stands first: the end of the line may be cut.
        parts = (ending, row.marked, row.losses, row.asked)
        told = ", ".join(part for part in parts if part)
        self._left(words, told, self._fonts.caption, muted)

    def _lead(self, client: str) -> int:
        """Width of the first column: wide enough for the known clients."""
        metrics = QFontMetrics(self._fonts.body)
        usual = metrics.horizontalAdvance("Claude Desktop")
        return max(usual, min(metrics.horizontalAdvance(client), 2 * usual))

    def _left(self, place: QRect, text: str, font: QFont, colour: QColor) -> None:
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        self._draw(place, shown, font, colour, Qt.AlignmentFlag.AlignLeft)

    def _right(self, place: QRect, text: str, font: QFont, colour: QColor) -> int:
        """Draw at the right end and return where the text begins."""
        self._draw(place, text, font, colour, Qt.AlignmentFlag.AlignRight)
        return place.right() - QFontMetrics(font).horizontalAdvance(text)

    def _draw(
        self,
        place: QRect,
        text: str,
        font: QFont,
        colour: QColor,
        side: Qt.AlignmentFlag,
    ) -> None:
        self._painter.setFont(font)
        self._painter.setPen(colour)
        flags = side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        self._painter.drawText(place, int(flags), text)


class RequestList(QListView):
    """The recent requests as strips; the arrow keys walk them and choose."""

    def __init__(self) -> None:
        """Show an empty model."""
        super().__init__()
        self.rows = RequestModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(StripDelegate(self))
        self.setAccessibleName("Recent requests")
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        slim(self)
        self.activated.connect(self._choose)

    @property
    def chosen(self) -> Row | None:
        """The request that somebody chose; where the arrow keys stand is not enough."""
        indexes = self.selectionModel().selectedIndexes()
        row = indexes[0].data(ROW) if indexes else None
        return row if isinstance(row, Row) else None

    def _choose(self, index: QModelIndex) -> None:
        """Choose a row by the Enter key too."""
        self.setCurrentIndex(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the chosen request in sight where less room is left."""
        super().resizeEvent(event)
        # Not before the window's layout has settled: on the way there is less room.
        QTimer.singleShot(0, self, self._show_chosen)

    def _show_chosen(self) -> None:
        if self.chosen is not None:
            self.scrollTo(self.currentIndex())

    def changeEvent(self, event: QEvent) -> None:
        """Lay the rows out anew for another font, paint them for other colours."""
        super().changeEvent(event)
        if event.type() in REPAINTS:
            self.scheduleDelayedItemsLayout()
            self.viewport().update()
