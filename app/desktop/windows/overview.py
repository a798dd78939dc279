"""The Overview window: can I send a coding request now, and what happened lately.

It shows what the bridge sees and hands wishes to the actions. Where the desktop has no
tray this window is the app, so it carries the tray's whole menu.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.desktop import board, words
from app.desktop.actions import Actions
from app.desktop.bridge import Notice
from app.desktop.look import CAPTION, UNIT
from app.desktop.menu import TrayMenu
from app.desktop.sight import Link, Sight
from app.desktop.why import Reasons
from app.desktop.windows.detail import Detail
from app.desktop.windows.foot import Foot
from app.desktop.windows.parts import (
    Button,
    Display,
    Facts,
    Glyph,
    Heading,
    NoticeBar,
    Role,
    Text,
    Warnings,
    hairline,
)
from app.desktop.windows.requests import RequestList
from app.desktop.windows.server_offers import ServerOffers
from app.desktop.windows.wiring_lines import WiringLines
from app.desktop.wirings import told_of
from discovery.findings import ServerFound
from proxy.ledger.rows import Event
from proxy.routing.modes import MEANINGS, Mode

SERVERS_EVERY = 10_000
"""Milliseconds between two looks for new model servers, while the window is seen."""

EMPTY = "No request has come through yet. Point a client at Turnout and it shows here."
WAITING = "The requests are shown once the gateway answers."


class OverviewWindow(QWidget):
    """Readiness first and largest, then requests, today's spend and the providers."""

    NAME: ClassVar = "overview"
    TEXT: ClassVar = "O&verview window"

    def __init__(
        self, actions: Actions, menu: TrayMenu, *, keeps_open: Callable[[], bool]
    ) -> None:
        """Show nothing known yet; `keeps_open` tells whether closing minimises."""
        super().__init__()
        self._actions = actions
        self._keeps_open = keeps_open
        # A button does not own its menu, and the modes' entries live in it.
        self._entries = menu
        self._sight = Sight()
        self._newest: str | None = None
        self.setWindowTitle("Overview")  # Qt adds the name of the program
        self.setMinimumSize(520, 420)
        self._build(menu)
        self._ticking = QTimer(self)
        self._ticking.setInterval(SERVERS_EVERY)
        self._ticking.timeout.connect(self._look_for_servers)
        # Not the platform's own key for it: that is Ctrl+F4 on some, and this on all.
        QShortcut(QKeySequence("Ctrl+W"), self, self.close)
        QShortcut(QKeySequence("Ctrl+Q"), self, self._actions.quit)
        QShortcut(QKeySequence("Esc"), self, self._leave_request)
        self.show_sight(self._sight)
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Room for readiness, eight requests and the lines below them."""
        return QSize(760, 720)

    # --- what is shown ----------------------------------------------------------------

    def show_sight(self, sight: Sight) -> None:
        """Show what is known of the gateway now."""
        came = self._sight.live is None and sight.live is not None
        self._sight = sight
        head = words.headline(sight)
        self.glyph.show_state(sight.shape, sight.hollow)
        self.title.say(head.title)
        self.sentence.say(head.sentence)
        self.todo.say(head.todo)
        self.start.setVisible(sight.link is Link.AWAY)
        snapshot = sight.snapshot
        where, mode = "", ""
        if snapshot is not None:
            acts = Mode(snapshot.mode)
            mode = f": {words.MODE_NAMES[acts].lower()}"
            where = f"{MEANINGS[acts]}. Clients reach Turnout at "
            where += f"http://127.0.0.1:{snapshot.port}"
        self.where.say(f"{where[:1].upper()}{where[1:]}")
        self.mode.setText(f"Mo&de{mode}")
        self.mode.setEnabled(sight.live is not None)
        gone = sight.link is Link.AWAY
        self.warnings.show_lines(() if gone else words.warnings(sight))
        told = told_of(sight.live)
        self.wirings.show_wirings(told)
        self.connected.setVisible(bool(told))
        self._show_day(sight)
        self._show_stack()
        if came and self.detail.shown and self.detail.problem:
            self._fetch_reasons()
        if self.isVisible():
            self._look()

    def show_recent(self, events: tuple[Event, ...]) -> None:
        """Show the recent requests, newest first."""
        self._newest = events[0].id if events else ""
        self.requests.rows.show_rows(words.rows(events))
        self._show_stack()

    def show_notice(self, notice: Notice) -> None:
        """Show the answer to a wish."""
        self.notice.show_notice(notice)

    def show_servers(self, servers: tuple[ServerFound, ...]) -> None:
        """Show the model servers that could be used and are not."""
        self.servers.show_servers(servers)

    def show_reasons(self, reasons: Reasons) -> None:
        """Show why a request went where it did, if it is still the chosen one."""
        self.detail.show_reasons(reasons)

    def _show_day(self, sight: Sight) -> None:
        snapshot = sight.snapshot
        busy = sight.live.requests_open if sight.live else 0
        self.heading.aside.say(f"{words.counted(busy, 'request')} open" if busy else "")
        if snapshot is not None:
            today = snapshot.today
            self.day.aside.say(words.counted(today.requests, "request"))
            self.today.show_facts(words.spend_facts(today))
            clients = tuple(words.client_fact(each) for each in today.by_client)
            self.clients.show_facts(clients)
            self.between.setVisible(bool(clients))
        facts: tuple[words.Fact, ...] = ()
        if snapshot is not None:
            facts = board.provider_facts(snapshot.providers, snapshot.time)
        self.providers.show_facts(facts)
        self.health.aside.say("" if sight.live else "as last seen")
        self._show_bottom()

    def _show_bottom(self) -> None:
        """Show the day and the providers, or the chosen request in their place."""
        known = self._sight.snapshot is not None
        self.bottom.setVisible(known and not self.detail.shown)

    def _show_detail(self) -> None:
        before, row = self.detail.shown, self.requests.chosen
        if row is not None:
            # Before: with both the list would be squeezed, and scroll for a moment.
            self.bottom.hide()
        self.detail.show_row(row)
        self._show_bottom()
        if self.detail.shown and self.detail.shown != before:
            self._fetch_reasons()

    def _fetch_reasons(self) -> None:
        self.detail.show_waiting()
        self._actions.explain(self.detail.shown)

    def _leave_request(self) -> None:
        """Show the day and the providers again."""
        self.requests.clearSelection()
        self.requests.setFocus()

    def _show_stack(self) -> None:
        if self.requests.rows.rowCount():
            self.stack.setCurrentWidget(self.requests)
            return
        live = self._sight.live is not None
        self.hint.say(EMPTY if live else WAITING)
        self.copy.setVisible(live)
        self.stack.setCurrentWidget(self.empty)

    def _look(self) -> None:
        """Ask for the requests where the state says that one has finished since."""
        snapshot = self._sight.live
        if snapshot is None:
            return
        last = snapshot.last.id if snapshot.last else ""
        if last != self._newest:
            self._actions.look()

    def _look_for_servers(self) -> None:
        """Look for new model servers, while this window is seen and a gateway is."""
        if self._sight.live is not None and not self.isMinimized():
            self._actions.look_for_servers()

    # --- how it is built --------------------------------------------------------------

    def _build(self, menu: TrayMenu) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        column.setSpacing(4 * UNIT)
        column.addLayout(self._top(menu))
        self.warnings = Warnings()
        self.notice = NoticeBar()
        self.servers = ServerOffers(self._actions.use_server)
        actions = self._actions
        self.wirings = WiringLines(actions.repair_client, actions.accept_client)
        column.addWidget(self.warnings)
        # Large text scrolls there before it pushes the requests out.
        self.connected = Foot(self.wirings, 48 * UNIT)
        self.connected.setAccessibleName("Connected clients that need a look")
        column.addWidget(self.connected)
        column.addWidget(self.notice)
        column.addWidget(self.servers)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        self.heading = Heading("Recent requests")
        middle.addWidget(self.heading)
        self.detail = Detail(self._leave_request)
        middle.addLayout(self._middle(menu), 1)
        column.addLayout(middle, 1)
        column.addWidget(self.detail)
        self.bottom = self._bottom()
        column.addWidget(self.bottom)

    def _top(self, menu: TrayMenu) -> QHBoxLayout:
        self.title, self.sentence = Display(), Text()
        self.todo, self.where = (
            Text(bold=True),
            Text(CAPTION, role=Role.PlaceholderText),
        )
        self.start = Button("&Start the gateway", self._actions.start_gateway)
        self.glyph = Glyph(self.title.fontMetrics().height() + 4 * UNIT)
        self.mode = Button("Mo&de")
        self.mode.setMenu(_modes(menu))
        self.menu = Button("&Menu")
        self.menu.setMenu(menu)
        top = Qt.AlignmentFlag.AlignTop
        first = QHBoxLayout()
        first.setSpacing(2 * UNIT)
        first.addWidget(self.title, 1, top)
        first.addWidget(self.mode, 0, top)
        first.addWidget(self.menu, 0, top)
        said = QVBoxLayout()
        said.setSpacing(UNIT)
        said.addLayout(first)
        for text in (self.sentence, self.todo, self.where):
            said.addWidget(text)
        said.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.setSpacing(4 * UNIT)
        row.addWidget(self.glyph, 0, top)
        row.addLayout(said, 1)
        return row

    def _middle(self, menu: QMenu) -> QStackedLayout:
        self.requests = RequestList()
        self.requests.selectionModel().selectionChanged.connect(self._show_detail)
        # A row can change where it stands: its losses, or its date.
        self.requests.rows.dataChanged.connect(self._show_detail)
        self.requests.rows.modelReset.connect(self._show_detail)
        self.hint = Text(role=Role.PlaceholderText)
        self.copy = Button("&Copy client settings")
        self.copy.setMenu(_copies(self._actions, menu))
        self.empty = QWidget()
        column = QVBoxLayout(self.empty)
        column.setContentsMargins(0, 2 * UNIT, 0, 0)
        column.setSpacing(3 * UNIT)
        column.addWidget(self.hint)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        self.stack = QStackedLayout()
        self.stack.addWidget(self.requests)
        self.stack.addWidget(self.empty)
        return self.stack

    def _bottom(self) -> Foot:
        self.today, self.clients = Facts(), Facts()
        self.providers = Facts(below=True)
        self.day, self.health = Heading("Spent today"), Heading("Providers")
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 2 * UNIT, 0)
        row.setSpacing(8 * UNIT)
        self.between = hairline()
        left = (self.day, self.today, self.between, self.clients)
        for parts in (left, (self.health, self.providers)):
            column = QVBoxLayout()
            column.setSpacing(UNIT)
            for part in parts:
                column.addWidget(part)
            column.addStretch()
            row.addLayout(column, 1)
        area = Foot(inside, 68 * UNIT)
        area.setAccessibleName("Spent today and providers")
        return area

    # --- Qt's events ------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Fetch what was missed while nobody looked."""
        super().showEvent(event)
        for first in (self.requests, self.copy, self.start):
            if first.isVisible():
                first.setFocus()
                break
        self._look()
        self._look_for_servers()
        self._ticking.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look for nothing while nobody looks."""
        super().hideEvent(event)
        self._ticking.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, or minimise where this window is all there is of Turnout."""
        if self._keeps_open():
            event.ignore()
            self.showMinimized()
            return
        super().closeEvent(event)


def _modes(menu: TrayMenu) -> QMenu:
    """Return the modes as a menu of their own; its entries are those of `menu`."""
    made = QMenu(menu)
    made.setToolTipsVisible(True)
    for entry in menu.modes.values():
        made.addAction(entry)
    return made


def _copies(actions: Actions, parent: QWidget) -> QMenu:
    """Return the menu of clients; a menu can hang on one button only."""
    menu = QMenu(parent)
    for client, name in words.CLIENT_NAMES.items():
        menu.addAction(name).triggered.connect(
            lambda _=False, client=client: actions.copy_settings(client)
        )
    return menu
