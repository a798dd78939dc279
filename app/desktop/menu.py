"""The menu of the tray, which the Overview window has too; complete without a window.

Its entries are made once and change in place, because a tray host may hold on to them.
It does nothing itself: what is chosen goes to the actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.commands.lifecycle import LoginState
from app.desktop import words
from app.desktop.actions import Actions
from app.desktop.sight import Sight
from app.desktop.wirings import MENDABLE, pointing, told_of
from app.settings.fields import OnQuit
from app.state import WiringHealth, WiringNow
from proxy.routing.modes import MEANINGS, Mode

SETUP = "Set &up clients..."
DOCTOR = "Chec&k Turnout (doctor)..."
LOGIN = "Start at &login"
LOGIN_UNKNOWN = "Whether Turnout starts at login is not known now."
QUITS = {
    OnQuit.ASK: "&Ask, while clients are connected",
    OnQuit.KEEP: "&Keep serving in the background",
    OnQuit.UNWIRE: "&Disconnect clients until the next start",
}
"""What Quit may do with connected clients."""


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
        below = self.addSeparator()
        self._warnings = _Lines(self, below)
        self.wirings = _Wirings(self, below, actions)
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
        self.login = self.addAction(LOGIN)
        self.login.setCheckable(True)
        self.login.triggered.connect(lambda on=False: actions.set_login(on=on))
        self._login: LoginState | None = None
        self.quits = self._quit_choices(actions)
        self.addSeparator()
        self._inline = inline
        self.leave = self.addAction("", actions.quit)
        if not inline:
            self.addAction("&Stop the gateway and quit", actions.stop_and_quit)
        self.aboutToShow.connect(actions.look_at_login)
        self.show_sight(Sight())

    def show_sight(self, sight: Sight) -> None:
        """Show what is known of the gateway now."""
        live = sight.live
        _set(self.status, words.status_line(sight))
        self._warnings.show(words.warnings(sight))
        self.wirings.show(told_of(live))
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
        for menu in (self.connects, self.copies, self._quits):
            menu.setEnabled(live is not None)
        for choice, entry in self.quits.items():
            entry.setChecked(live is not None and live.on_quit is choice)
        text = _quit_text(sight, inline=self._inline)
        if self.leave.text() != text:
            self.leave.setText(text)
        self._show_login(live is not None)

    def show_login(self, state: LoginState | None) -> None:
        """Show whether Turnout starts at login; None where that is not known."""
        self._login = state
        self._show_login(self.setup.isEnabled())

    def _show_login(self, reached: bool) -> None:
        state = self._login
        self.login.setEnabled(reached and state is not None)
        self.login.setChecked(state is not None and state.on)
        self.login.setToolTip(state.sentence if state else LOGIN_UNKNOWN)

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

    def _quit_choices(self, actions: Actions) -> dict[OnQuit, QAction]:
        self._quits = self.addMenu("&When you quit")
        group = QActionGroup(self)
        entries = {}
        for choice, text in QUITS.items():
            entry = self._quits.addAction(text)
            entry.setCheckable(True)
            group.addAction(entry)
            entry.triggered.connect(
                lambda _=True, choice=choice: actions.choose_quit(choice)
            )
            entries[choice] = entry
        return entries


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


class _Wirings:
    """A submenu for each client that needs somebody; kept and changed in place."""

    def __init__(self, menu: QMenu, before: QAction, actions: Actions) -> None:
        self._menu = menu
        self._before = before
        self._actions = actions
        self.menus: list[_Wiring] = []

    def show(self, wirings: Sequence[WiringNow]) -> None:
        while len(self.menus) < len(wirings):
            made = _Wiring(self._menu, self._actions)
            self._menu.insertMenu(self._before, made.menu)
            self.menus.append(made)
        for place, made in enumerate(self.menus):
            made.menu.menuAction().setVisible(place < len(wirings))
            if place < len(wirings):
                made.show(wirings[place])


class _Wiring:
    """What is so with one client, and what can be done about it."""

    def __init__(self, parent: QMenu, actions: Actions) -> None:
        self.menu = QMenu(parent)
        self._client = ""
        self.said = self.menu.addAction("")
        self.said.setEnabled(False)
        self.repair = self.menu.addAction(
            "&Repair...", lambda: actions.repair_client(self._client)
        )
        self.accept = self.menu.addAction(
            "&Accept", lambda: actions.accept_client(self._client)
        )

    def show(self, wiring: WiringNow) -> None:
        self._client = wiring.client
        needs = wiring.state in MENDABLE
        title = f"{wiring.name} needs a look" if needs else wiring.name
        _set(self.menu.menuAction(), title)
        _set(self.said, wiring.sentence)
        self.repair.setVisible(needs)
        self.accept.setVisible(wiring.state is WiringHealth.DRIFTED)


def _quit_text(sight: Sight, *, inline: bool) -> str:
    """Return what Quit does now, as far as that is settled."""
    live = sight.live
    clients = pointing(live)
    if live is not None and clients and live.on_quit is OnQuit.ASK:
        return "&Quit..."
    if live is not None and clients and live.on_quit is OnQuit.UNWIRE:
        return "&Quit (clients are disconnected until the next start)"
    if inline:
        return "&Quit (the gateway stops with it)"
    return "&Quit (the gateway goes on serving)"


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
