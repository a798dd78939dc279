"""Lines for connected clients that need somebody, with what can be done about each.

Nothing is written without a click; a repair shows what it would write before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.look import UNIT
from app.desktop.windows.parts import Button, Marked, Role, Text
from app.desktop.wirings import MENDABLE
from app.state import WiringHealth, WiringNow


class WiringLines(Marked):
    """A line per client of which something is to be said; mostly takes no room."""

    def __init__(
        self, repair: Callable[[str], None], accept: Callable[[str], None]
    ) -> None:
        """Be silent; `repair` and `accept` are called with a client's id."""
        super().__init__()
        self._repair = repair
        self._accept = accept
        self.lines: dict[str, Line] = {}
        self.hide()

    def show_wirings(self, wirings: tuple[WiringNow, ...]) -> None:
        """Show these; lines that stay are changed in place, so focus stays too."""
        wanted = {each.client: each for each in wirings}
        for client in [each for each in self.lines if each not in wanted]:
            line = self.lines.pop(client)
            self.column.removeWidget(line)
            line.hide()
            line.deleteLater()
        for client, wiring in wanted.items():
            if client not in self.lines:
                line = Line(
                    wiring.name,
                    partial(self._repair, client),
                    partial(self._accept, client),
                )
                self.lines[client] = line
                self.column.addWidget(line)
            self.lines[client].show_wiring(wiring)
        needy = any(each.state in MENDABLE for each in wirings)
        self.role = Role.BrightText if needy else Role.Mid
        self.update()
        self.setVisible(bool(wanted))


class Line(QWidget):
    """One client: what is so, and the two things that can be done about it."""

    def __init__(
        self, name: str, repair: Callable[[], None], accept: Callable[[], None]
    ) -> None:
        """Say nothing yet of the client that people know by `name`."""
        super().__init__()
        self._words = Text()
        self.repair = Button("Repair...", repair)
        self.repair.setAccessibleName(f"Repair the settings of {name}")
        self.repair.setToolTip("Shows what would be written, before your yes.")
        self.accept = Button("Accept", accept)
        self.accept.setAccessibleName(f"Accept the change to {name}")
        self.accept.setToolTip(
            f"Leaves the settings of {name} as they are now. Where they do not lead "
            "to Turnout any more, what is left of Turnout's is taken out."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(UNIT)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addWidget(self._words, 1)
        for button in (self.repair, self.accept):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)

    def show_wiring(self, wiring: WiringNow) -> None:
        """Show how it is now."""
        self._words.say(wiring.sentence)
        self.repair.setVisible(wiring.state in MENDABLE)
        self.accept.setVisible(wiring.state is WiringHealth.DRIFTED)
