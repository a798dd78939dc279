"""The tray icon: its shape is the state, its tooltip readiness and today's spend.

It decides nothing and owns no menu; the menu it shows is handed in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.desktop.icons import state_icon
from app.desktop.sight import Shape, Sight
from app.desktop.words import status_line

WATCHER = "org.kde.StatusNotifierWatcher"
SETTLE_MS = 200
"""A watcher that has just appeared is given this long before an icon is made for it."""


OWN_TRAYS = frozenset({"xcb", "windows", "cocoa"})
"""Platforms whose tray an icon finds by itself, also one that comes later."""


def tray_there() -> bool:
    """Tell whether the desktop has a place for tray icons now."""
    return QSystemTrayIcon.isSystemTrayAvailable()


def _may_have_icon() -> bool:
    """Tell whether an icon may be made: elsewhere Qt would warn of a missing tray."""
    return tray_there() or QGuiApplication.platformName() in OWN_TRAYS


class Tray(QObject):
    """The icon; made anew where the desktop's tray appears after us."""

    def __init__(self, menu: QMenu, clicked: Callable[[], None]) -> None:
        """Show the icon; `clicked` is called at a plain click on it."""
        super().__init__()
        self._menu = menu
        self._clicked = clicked
        self._shown = (Shape.STRAIGHT, True)
        self._tooltip = status_line(Sight())
        self._icon = self._made()
        self._watcher = self._watch()

    def show_sight(self, sight: Sight) -> None:
        """Show what is known of the gateway now."""
        now = (sight.shape, sight.hollow)
        if now != self._shown:
            self._shown = now
            if self._icon is not None:
                self._icon.setIcon(self._state())
        tooltip = status_line(sight)
        if tooltip != self._tooltip:
            self._tooltip = tooltip
            if self._icon is not None:
                self._icon.setToolTip(tooltip)

    def say(self, title: str, message: str, *, bad: bool) -> None:
        """Let the desktop tell something once."""
        kind = QSystemTrayIcon.MessageIcon
        mark = kind.Warning if bad else kind.Information
        if self._icon is not None:
            self._icon.showMessage(title, message, mark)

    def hide(self) -> None:
        """Take the icon away."""
        if self._icon is not None:
            self._icon.hide()

    def _made(self) -> QSystemTrayIcon | None:
        if not _may_have_icon():
            return None
        icon = QSystemTrayIcon(self._state())
        icon.setToolTip(self._tooltip)
        icon.setContextMenu(self._menu)
        icon.activated.connect(self._activated)
        icon.show()
        return icon

    def _state(self) -> QIcon:
        shape, hollow = self._shown
        return state_icon(shape, hollow=hollow)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # macOS knows one kind of click, and that opens the menu.
        plain = QSystemTrayIcon.ActivationReason.Trigger
        if reason == plain and sys.platform != "darwin":
            self._clicked()

    def _watch(self) -> QDBusServiceWatcher | None:
        """See a tray of the newer kind appear: only a new icon registers with it."""
        bus = QDBusConnection.sessionBus()
        if not sys.platform.startswith("linux") or not bus.isConnected():
            return None
        appeared = QDBusServiceWatcher.WatchModeFlag.WatchForRegistration
        watcher = QDBusServiceWatcher(WATCHER, bus, appeared, self)
        watcher.serviceRegistered.connect(self._appeared)
        return watcher

    def _appeared(self, service: str) -> None:
        del service
        QTimer.singleShot(SETTLE_MS, self._anew)

    def _anew(self) -> None:
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
        self._icon = self._made()
