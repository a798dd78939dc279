"""The menu of the tray, which the Overview window has too; complete without a window.

Its entries are made once and change in place, because a tray host may hold on to them.
It does nothing itself: what is chosen goes to the actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.desktop import words
from app.desktop.actions import Actions
from app.desktop.sight import Sight
from proxy.routing.modes import MEANINGS, Mode

SETUP = "Set &up clients..."
DOCTOR = "Chec&k Turnout (doctor)..."
LOGIN_REASON = "starting at login is not built into this version yet"


class TrayMenu(QMenu):
    """Status, mode, today, the last request, windows, client settings, quit."""

    def __init__(
        self,
        actions: Actions,
        windows: Sequence[tuple[str, str]],
        *,
        inline: bool = False,
    ) -> None:
        """Make every entry; `windows` are names and menu texts of the windows."""
        super().__init__("Turnout")
        self.setToolTipsVisible(True)
        self.status = self._said(self)
        self._warnings = _Lines(self, self.addSeparator())
        self.modes = self._mode_entries(actions)
        self.addSeparator()
        self.today = self.addMenu("")
        self._clients = _Lines(self.today, None)
        self.last = self.addAction("", partial(actions.show_window, windows[0][0]))
        self.last.setToolTip("Show the recent requests")
        self.addSeparator()
        for name, text in windows:
            self.addAction(text, partial(actions.show_window, name))
        self.setup = self.addAction(SETUP, partial(actions.show_window, "setup"))
        self.connects = self._connect_entries(actions)
        self.copies = self._copy_entries(actions)
        self.addAction(DOCTOR, partial(actions.show_window, "doctor"))
        self.login = self._said(self)
        self.login.setText("Start at login (not in this version yet)")
        self.login.setToolTip(_sentence(LOGIN_REASON))
        self.addSeparator()
        self._quit_entries(actions, inline=inline)
        self.show_sight(Sight())

    def show_sight(self, sight: Sight) -> None:
        """Show what is known of the gateway now."""
        live = sight.live
        _set(self.status, words.status_line(sight))
        self._warnings.show(words.warnings(sight))
        for mode, entry in self.modes.items():
            entry.setEnabled(live is not None)
            entry.setChecked(sight.snapshot is not None and sight.snapshot.mode == mode)
        today = words.spent(live.today) if live else "unknown now"
        _set(self.today.menuAction(), f"Today: {today}")
        spends = live.today.by_client if live else ()
        lines = tuple(words.client_line(each) for each in spends)
        lines += words.mark_lines(live.today) if live else ()
        self._clients.show(lines or ("No request today",))
        _set(self.last, words.last_line(live.last if live else None))
        self.setup.setEnabled(live is not None)
        for menu in (self.connects, self.copies):
            menu.setEnabled(live is not None)

    def _said(self, menu: QMenu) -> QAction:
        """Return a new entry that only says something."""
        entry = menu.addAction("")
        entry.setEnabled(False)
        return entry

    def _mode_entries(self, actions: Actions) -> dict[Mode, QAction]:
        group = QActionGroup(self)
        entries = {}
        for mode in words.MODES:
            entry = self.addAction(_mode_text(mode))
            entry.setToolTip(_mode_tip(mode))
            entry.setCheckable(True)
            group.addAction(entry)
            entry.triggered.connect(lambda _=True, mode=mode: actions.set_mode(mode))
            entries[mode] = entry
        return entries

    def _connect_entries(self, actions: Actions) -> QMenu:
        menu = self.addMenu("Co&nnect")
        for client, name in words.CONNECTABLE.items():
            menu.addAction(name, partial(actions.connect_client, client))
        return menu

    def _copy_entries(self, actions: Actions) -> QMenu:
        menu = self.addMenu("&Copy client settings")
        for client, name in words.CLIENT_NAMES.items():
            menu.addAction(name, partial(actions.copy_settings, client))
        return menu

    def _quit_entries(self, actions: Actions, *, inline: bool) -> None:
        if inline:
            self.addAction("&Quit (the gateway stops with it)", actions.quit)
            return
        self.addAction("&Quit (the gateway goes on serving)", actions.quit)
        self.addAction("&Stop the gateway and quit", actions.stop_and_quit)


class _Lines:
    """Entries that only say something, as many as there is to say."""

    def __init__(self, menu: QMenu, before: QAction | None) -> None:
        self._menu = menu
        self._before = before
        self._entries: list[QAction] = []

    def show(self, lines: Sequence[str]) -> None:
        for line, entry in zip(lines, self._entries, strict=False):
            _set(entry, line)
        for line in lines[len(self._entries) :]:
            entry = QAction(_plain(line), self._menu)
            entry.setEnabled(False)
            self._menu.insertAction(self._before, entry)  # type: ignore[arg-type]
            self._entries.append(entry)
        for place, entry in enumerate(self._entries):
            entry.setVisible(place < len(lines))


def _mode_text(mode: Mode) -> str:
    # The last word's letter: three modes begin alike.
    *kind, name = words.MODE_NAMES[mode].split()
    return f"{' '.join([*kind, f'&{name}'])}: {MEANINGS[mode]}"


def _mode_tip(mode: Mode) -> str:
    return _sentence(MEANINGS[mode])


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."


def _set(entry: QAction, text: str) -> None:
    if entry.text() != _plain(text):
        entry.setText(_plain(text))


def _plain(text: str) -> str:
    """Return text for an entry: an ampersand of a name is no shortcut."""
    return text.replace("&", "&&")
