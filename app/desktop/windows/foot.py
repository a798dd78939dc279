"""An area for the lower lines of a window: high as they are, up to a limit; no more."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from app.desktop.look import UNIT
from app.desktop.windows.parts import slim


class Foot(QScrollArea):
    """The lines of a widget: as high as they are, up to a limit, then they scroll.

    A `steady` one is as high as its limit whatever it holds, so that nothing moves
    when that changes.
    """

    def __init__(
        self,
        inside: QWidget,
        limit: int,
        least: int = 20 * UNIT,
        *,
        steady: bool = False,
    ) -> None:
        """Hold `inside`; `limit` and `least` are heights in pixels."""
        super().__init__()
        self._inside = inside
        self._limit = limit
        self._least = least
        self._steady = steady
        self.setWidget(inside)
        self.setWidgetResizable(True)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Maximum)
        slim(self)

    def sizeHint(self) -> QSize:
        """Ask for the height of what is in it."""
        hint = self._inside.sizeHint()
        if self._steady:
            return QSize(hint.width(), self._limit)
        # -1 where nothing in there wraps.
        wrapped = self._inside.heightForWidth(self.width())
        wanted = hint.height() if wrapped < 0 else wrapped
        return QSize(hint.width(), min(wanted, self._limit))

    def minimumSizeHint(self) -> QSize:
        """Give way to the list on a small screen."""
        return QSize(0, min(self._least, self.sizeHint().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for another height where another width wraps the lines otherwise."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another height when the lines in it have changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
