"""The doctor on the desktop: its window, and its wishes through the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.desktop.front import bring_up
from app.desktop.tray import tray_there
from app.desktop.windows.doctor import DoctorWindow
from app.doctor.report import Report

if TYPE_CHECKING:
    from app.desktop.bridge import Bridge
    from app.failure import CommandFailed

PATIENCE = 60.0
"""Seconds a look may take: providers are asked, and a slow one is waited for."""


class Checkup:
    """Opens the doctor's window when it is wanted, and does what it asks for."""

    def __init__(
        self,
        bridge: Bridge,
        copy: Callable[[str], None],
        start: Callable[[], None],
    ) -> None:
        """Open nothing yet; `start` starts a gateway where none runs."""
        self._bridge = bridge
        self._copy = copy
        self._start = start
        self.window: DoctorWindow | None = None

    def open(self) -> None:
        """Open the window, or bring it up."""
        if self.window is None:
            self.window = DoctorWindow(self, tray=tray_there)
        bring_up(self.window)

    def close(self) -> None:
        """Take the window away."""
        window, self.window = self.window, None
        if window is not None:
            window.hide()
            window.deleteLater()

    def run_doctor(self, *, fix: bool = False) -> None:
        """Let the doctor look; with `fix`, mend what is safe."""
        given = {"fix": True} if fix else {}
        self._bridge.ask("doctor", Report, self._told, self._failed, given, PATIENCE)

    def start_gateway(self) -> None:
        """Start a gateway where none runs."""
        self._start()

    def copy(self, text: str) -> None:
        """Put a command line into the clipboard."""
        self._copy(text)

    def _told(self, report: Report) -> None:
        if self.window is not None:
            self.window.show_report(report)

    def _failed(self, refused: CommandFailed) -> None:
        if self.window is not None:
            self.window.show_failure(refused.title, refused.message, refused.todo)
