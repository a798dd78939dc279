"""The desk: icon, menu and windows around one bridge; what is wished for is done here.

It builds windows when they are first asked for, and decides where a notice is told.
It waits for nothing and reaches the gateway through the bridge only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject
from PySide6.QtWidgets import QApplication

from app.commands.lifecycle import Accepted
from app.desktop.at_login import AtLogin
from app.desktop.bridge import Notice
from app.desktop.checkup import Checkup
from app.desktop.front import bring_up
from app.desktop.icons import state_icon
from app.desktop.leaving import Leaving
from app.desktop.menu import TrayMenu
from app.desktop.new_servers import NewServers
from app.desktop.setting_up import SettingUp
from app.desktop.sight import Link, Shape
from app.desktop.terminal import terminal
from app.desktop.tray import Tray, tray_there
from app.desktop.windows import WINDOWS
from app.desktop.windows.doctor import DoctorWindow
from app.desktop.windows.overview import OverviewWindow
from app.desktop.wirings import news
from wizard.pages.window import WizardWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.desktop.bridge import Bridge
    from app.desktop.sight import Sight
    from app.desktop.why import Reasons
    from app.failure import CommandFailed
    from app.settings.fields import OnQuit
    from app.state import WiringNow
    from discovery.findings import ServerFound
    from proxy.routing import Mode

SECRET_HINT = "x-kde-passwordManagerHint"  # noqa: S105 - a format's name
"""Clipboard managers that know this format keep no copy (KDE's Klipper and others)."""

NO_TRAY = Notice(
    title="This desktop shows no tray icon",
    message="So this window is Turnout: closing it minimises it, and Menu has "
    "everything else.",
    todo="On GNOME, the extension AppIndicator and KStatusNotifierItem Support brings "
    "a tray (Debian: gnome-shell-extension-appindicator).",
    bad=False,
)


class Desk(QObject):
    """Everything a person sees of Turnout, and the `Actions` behind it."""

    def __init__(
        self,
        app: QApplication,
        bridge: Bridge,
        leave: Callable[[], None],
        *,
        inline: bool,
    ) -> None:
        """Show the icon; `leave` ends the tray."""
        super().__init__()
        self._app = app
        self._bridge = bridge
        self.leaving = Leaving(bridge, leave, inline=inline)
        self._wirings: tuple[WiringNow, ...] = ()
        self._reached = False
        self._copied = ""
        self._first_run_due = False
        self._windows: dict[str, OverviewWindow] = {}
        self._servers = NewServers(bridge)
        self.setting_up = SettingUp(
            bridge, self._copy, terminal(), self._set_up, login=True
        )
        self.checkup = Checkup(bridge, self._copy, bridge.start_gateway)
        self.at_login = AtLogin(bridge)
        app.setWindowIcon(state_icon(Shape.STRAIGHT, hollow=False))
        listed = [(window.NAME, window.TEXT) for window in WINDOWS]
        self.menu = TrayMenu(self, listed, inline=inline)
        self.tray = Tray(self.menu, self._clicked)
        bridge.sight_changed.connect(self._show_sight)
        bridge.recent_changed.connect(self._show_recent)
        bridge.explained.connect(self._show_reasons)
        bridge.told.connect(self._tell)
        self._servers.found.connect(self._show_servers)
        self.at_login.known.connect(self.menu.show_login)

    def open(self, *, hidden: bool) -> None:
        """Show what a start shows: with a tray only the icon, else the window.

        Where nobody has gone through the first run yet, that opens too, once the
        gateway can be asked; a `hidden` start opens nothing.
        """
        self._first_run_due = not hidden
        if tray_there():
            return
        window = self._window(OverviewWindow.NAME)
        window.show_notice(NO_TRAY)
        if hidden:
            window.showMinimized()
        else:
            self.show_window(OverviewWindow.NAME)

    def close(self) -> None:
        """Take icon and windows away."""
        clipboard = self._app.clipboard()
        if self._copied and clipboard.text() == self._copied:
            # A key does not outlive the tray in its hands; and what Python made must
            # be freed before Python ends, or Qt crashes on its own way out.
            clipboard.clear()
        self.tray.hide()
        self.setting_up.close()
        self.checkup.close()
        self.leaving.close()
        for window in self._windows.values():
            window.hide()
            window.deleteLater()
        self._windows.clear()

    # --- wishes -----------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Let a mode act."""
        self._bridge.set_mode(mode)

    def copy_settings(self, client: str) -> None:
        """Put a client's lines into the clipboard."""
        self._bridge.copy_settings(client)

    def show_window(self, name: str) -> None:
        """Bring a window up, in front of the others."""
        if name == WizardWindow.NAME:
            self.setting_up.open()
        elif name == DoctorWindow.NAME:
            self.checkup.open()
        else:
            bring_up(self._window(name))

    def look(self) -> None:
        """Fetch the recent requests."""
        self._bridge.look()

    def explain(self, request: str) -> None:
        """Fetch why a request went where it did."""
        self._bridge.explain(request)

    def connect_client(self, client: str) -> None:
        """Open the review of one client's wiring."""
        self.setting_up.connect_client(client)

    def look_for_servers(self) -> None:
        """Look for model servers that are not used yet."""
        self._servers.look()

    def use_server(self, server: ServerFound) -> None:
        """Name a model server in Turnout's configuration."""
        self._servers.use(server)

    def repair_client(self, client: str) -> None:
        """Open the review of what would put one client's settings right."""
        self.setting_up.repair_client(client)

    def accept_client(self, client: str) -> None:
        """Leave one client's settings as others have changed them."""
        given = {"client": client}
        self._bridge.ask("accept", Accepted, self._accepted, self._refused, given)

    def look_at_login(self) -> None:
        """Look whether Turnout starts at login."""
        if self._reached:
            self.at_login.look()

    def set_login(self, *, on: bool) -> None:
        """Start Turnout at login from now on, or not."""
        self.at_login.set(on=on)

    def choose_quit(self, choice: OnQuit) -> None:
        """Save what Quit is to do with connected clients."""
        self.leaving.choose(choice)

    def start_gateway(self) -> None:
        """Start a gateway where none runs."""
        self._bridge.start_gateway()

    def quit(self) -> None:
        """End the tray; asks before where clients are connected."""
        self.leaving.quit()

    def stop_and_quit(self) -> None:
        """Stop the gateway, then end the tray; asks before in the same way."""
        self.leaving.stop()

    # --- what the bridge tells --------------------------------------------------------

    def _show_sight(self, sight: Sight) -> None:
        self.tray.show_sight(sight)
        self.menu.show_sight(sight)
        for window in self._windows.values():
            window.show_sight(sight)
        came, self._reached = not self._reached, sight.live is not None
        if self._reached and came:
            self.at_login.look()
        if sight.live is not None:
            self._tell_of_wirings(sight.live.wirings)
        if self._first_run_due and sight.link is Link.LIVE:
            self._first_run_due = False
            self.setting_up.open_if_first()

    def _tell_of_wirings(self, wirings: tuple[WiringNow, ...]) -> None:
        """Tell what is new of connected clients; a window that is seen shows it."""
        before, self._wirings = self._wirings, wirings
        for notice in news(before, wirings):
            seen = any(window.isVisible() for window in self._windows.values())
            if not (notice.bad and seen):
                self._tell(notice)

    def _show_servers(self, servers: tuple[ServerFound, ...]) -> None:
        for window in self._windows.values():
            window.show_servers(servers)

    def _set_up(self) -> None:
        """Show how things are now that the wizard's window has closed."""
        self.look_at_login()
        if not tray_there():
            self.show_window(OverviewWindow.NAME)

    def _accepted(self, told: Accepted) -> None:
        left = f"Left as it is: {', '.join(told.left)}." if told.left else ""
        self._tell(Notice("The change is accepted", told.sentence, left, bad=False))

    def _refused(self, why: CommandFailed) -> None:
        self._tell(Notice(why.title, why.message, why.todo))

    def _copy(self, text: str) -> None:
        """Put text into the clipboard; one with a key of ours does not stay there."""
        if "tnt_" in text:
            self._copied = text
            self._app.clipboard().setMimeData(secret_text(text))
        else:
            self._app.clipboard().setText(text)

    def _show_recent(self, events: tuple[object, ...]) -> None:
        for window in self._windows.values():
            window.show_recent(events)  # type: ignore[arg-type]

    def _show_reasons(self, reasons: Reasons) -> None:
        for window in self._windows.values():
            window.show_reasons(reasons)

    def _tell(self, notice: Notice) -> None:
        if notice.clipboard:
            self._copied = notice.clipboard
            self._app.clipboard().setMimeData(secret_text(notice.clipboard))
        shown = [window for window in self._windows.values() if window.isVisible()]
        for window in shown:
            window.show_notice(notice)
        if not shown:
            words = " ".join(part for part in (notice.message, notice.todo) if part)
            self.tray.say(notice.title, words, bad=notice.bad)

    def _clicked(self) -> None:
        self.show_window(OverviewWindow.NAME)

    def _window(self, name: str) -> OverviewWindow:
        if name not in self._windows:
            kind = next(window for window in WINDOWS if name == window.NAME)
            window = kind(self, self.menu, keeps_open=_no_tray)
            window.show_sight(self._bridge.sight)
            self._windows[name] = window
        return self._windows[name]


def _no_tray() -> bool:
    return not tray_there()


def secret_text(text: str) -> QMimeData:
    """Return text for the clipboard that clipboard managers are asked to forget."""
    data = QMimeData()
    data.setText(text)
    data.setData(SECRET_HINT, b"secret")
    return data
