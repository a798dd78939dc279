"""Brings a window up in front of the others, as each desktop wants it asked for."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.desktop.tray import OWN_TRAYS


def bring_up(window: QWidget) -> None:
    """Show a window, in front of the others and ready for the keys."""
    if window.isMinimized():
        window.showNormal()
    window.show()
    if QGuiApplication.platformName() in OWN_TRAYS:
        # Wayland knows no raising: activating is what asks for it there.
        window.raise_()
    window.activateWindow()
