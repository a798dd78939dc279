"""Whether Turnout starts at login, as the desktop shows and changes it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.commands.lifecycle import LoginState, Switch
from app.desktop.bridge import Notice
from wizard.autostart import LoginWay

if TYPE_CHECKING:
    from app.desktop.bridge import Bridge
    from app.failure import CommandFailed


class AtLogin(QObject):
    """Reads the state through the door, and changes it at a person's wish."""

    known = Signal(object)
    """A `LoginState`, or None where it cannot be told."""

    def __init__(self, bridge: Bridge, platform: str = sys.platform) -> None:
        """Know nothing yet; `platform` is `sys.platform`."""
        super().__init__()
        self._bridge = bridge
        self._platform = platform

    def look(self) -> None:
        """Read how it is now."""
        self._bridge.ask("login", LoginState, self.known.emit, self._unknown, {})

    def set(self, *, on: bool) -> None:
        """Turn it on or off."""
        given = {"state": (Switch.ON if on else Switch.OFF).value}
        if on and self._platform.startswith("linux"):
            # The gateway may not know of the display that this icon is on.
            given["way"] = LoginWay.DESKTOP.value
        self._bridge.ask("login", LoginState, self._changed, self._refused, given)

    def _changed(self, state: LoginState) -> None:
        self.known.emit(state)
        title = "Turnout starts at login" if state.on else "Nothing starts at login"
        told = Notice(title, state.sentence, state.todo, bad=False)
        self._bridge.told.emit(told)

    def _refused(self, why: CommandFailed) -> None:
        self._bridge.told.emit(Notice(why.title, why.message, why.todo))
        # What was clicked is ticked already; what is true is shown again.
        self.look()

    def _unknown(self, why: CommandFailed) -> None:
        del why
        self.known.emit(None)
