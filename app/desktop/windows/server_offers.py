"""Lines for model servers that run here and are not used yet, with a button each.

Nothing is used without a click; what is put off stays away until the next start.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from app.desktop.look import UNIT
from app.desktop.windows.parts import Button, Marked, Role, Text
from discovery.findings import ServerFound


class ServerOffers(Marked):
    """A line per new server; takes no room while there is none."""

    def __init__(self, use: Callable[[ServerFound], None]) -> None:
        """Be silent; `use` is called with the server that is to be used."""
        super().__init__()
        self.role = Role.Mid
        self._use = use
        self._servers: tuple[ServerFound, ...] = ()
        self._put_off: set[str] = set()
        self._lines: dict[str, _Line] = {}
        self.hide()

    @property
    def buttons(self) -> tuple[Button, ...]:
        """The buttons that use a server, in the order of the lines."""
        return tuple(line.use for line in self._lines.values())

    def show_servers(self, servers: tuple[ServerFound, ...]) -> None:
        """Show these servers; lines that stay are left alone."""
        self._servers = servers
        wanted = {
            each.address: each for each in servers if each.address not in self._put_off
        }
        for address in [each for each in self._lines if each not in wanted]:
            self._lines.pop(address).remove()
        for address, server in wanted.items():
            if address not in self._lines:
                use = partial(self._use, server)
                later = partial(self._later, address)
                self._lines[address] = _Line(self.column, server, use, later)
        self.setVisible(bool(self._lines))

    def _later(self, address: str) -> None:
        self._put_off.add(address)
        self.show_servers(self._servers)


class _Line:
    """One server: what it is, and the two things that can be done about it."""

    def __init__(
        self,
        column: QVBoxLayout,
        server: ServerFound,
        use: Callable[[], None],
        later: Callable[[], None],
    ) -> None:
        named = " ".join(part for part in (server.name, server.version) if part)
        words = Text()
        words.say(f"{named} runs at {server.address}. {server.gives}".strip())
        self.use = Button("Use it", use)
        self.use.setAccessibleName(f"Use {server.name} at {server.address}")
        self.later = Button("Not now", later)
        self.later.setAccessibleName(f"Put {server.name} off")
        self._row = QHBoxLayout()
        self._row.setSpacing(2 * UNIT)
        self._row.addWidget(words, 1)
        for button in (self.use, self.later):
            self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._widgets = (words, self.use, self.later)
        self._column = column
        column.addLayout(self._row)

    def remove(self) -> None:
        """Take the line out."""
        for widget in self._widgets:
            widget.hide()
            widget.deleteLater()
        self._column.removeItem(self._row)
        self._row.deleteLater()
