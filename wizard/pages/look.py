"""The first page: what was found, a tick each, and the mode; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from proxy.routing import Mode
from wizard.flow import MODES, Flow
from wizard.pages.choices import Choice, Tick, indent
from wizard.pages.letters import UNIT
from wizard.pages.parts import Button, Heading, Marked
from wizard.pages.rows import (
    FindingRow,
    Page,
    caption,
    cleared,
    line,
    marked,
    rule,
)
from wizard.pages.sheets import has_details
from wizard.pages.words import (
    GROUPS,
    NO_WAY,
    NONE_FOUND,
    OFFERS,
    Row,
    client_row,
    key_row,
    server_row,
)
from wizard.presets import Group, Offer

LOGIN = "Start Turnout when I log &in"
LOGIN_MEANS = (
    "So that connected tools are answered after a restart. Left unticked, nothing "
    "about starting changes."
)
SHELL_MEANS = (
    "Looks into ~/.zshrc, ~/.bashrc and the like for keys, and for lines that win over "
    "what Turnout would write. It reads them; it never runs a shell."
)

_STOP = Qt.FocusPolicy.StrongFocus


@dataclass(frozen=True, slots=True)
class LookWishes:
    """What the page calls when a person does something."""

    tick: Callable[[Group, str, bool], None]
    mode: Callable[[Mode], None]
    login: Callable[[bool], None]
    offer: Callable[[Offer], None]
    shell_files: Callable[[], None]
    detail: Callable[[str], None]


class LookPage(Page):
    """Three groups of rows that fill as they are found, then mode and start."""

    def __init__(self, wishes: LookWishes, *, login: bool) -> None:
        """Show that everything is still looked for.

        `login` says that starting at login can be set up here; else it is not offered.
        """
        super().__init__("What was found")
        self._wishes = wishes
        self.groups = {group: _Group(group, wishes) for group in Group}
        self._offers = _Offers(wishes.offer)
        self._routers = QVBoxLayout()
        self._routers.setContentsMargins(0, 0, 0, 2 * UNIT)
        self._problems = QVBoxLayout()
        self._shown: tuple[object, ...] = ()
        self.column.addWidget(self._offers)
        self.column.addWidget(self.groups[Group.CLIENTS])
        self.column.addLayout(self._routers)
        self.column.addWidget(self.groups[Group.KEYS])
        self.column.addWidget(self.groups[Group.SERVERS])
        self.column.addLayout(self._problems)
        self.modes = self._mode_rows()
        self.login = self._login_row() if login else None
        self.column.addStretch()

    def show_flow(self, flow: Flow) -> None:
        """Show what has been found and chosen so far."""
        for section in self.groups.values():
            section.show_flow(flow)
        self._offers.setVisible(bool(flow.offers))
        said = (flow.findings.routers, flow.findings.problems)
        if said != self._shown:
            self._shown = said
            cleared(self._routers)
            for each in flow.findings.routers:
                self._routers.addWidget(marked((each.sentence,)))
            cleared(self._problems)
            for problem in flow.findings.problems:
                self._problems.addWidget(caption(problem))
        for mode, choice in self.modes.items():
            # Tab comes to the chosen one only, and the arrows go on from there.
            here = mode is flow.mode
            choice.setFocusPolicy(_STOP if here else Qt.FocusPolicy.ClickFocus)
        self.modes[flow.mode].setChecked(True)
        if self.login is not None:
            self.login.setChecked(flow.start_at_login)

    def _mode_rows(self) -> dict[Mode, Choice]:
        self.column.addWidget(rule())
        self.column.addWidget(Heading("Mode"))
        group = QButtonGroup(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        made = {}
        for place, (mode, name, means) in enumerate(MODES):
            button = Choice(name)
            button.setAccessibleDescription(means)
            # Only what a person clicked counts: a preset moves with the findings.
            button.clicked.connect(lambda _=True, mode=mode: self._wishes.mode(mode))
            group.addButton(button)
            grid.addWidget(button, place, 0)
            grid.addWidget(caption(f"{means[:1].upper()}{means[1:]}."), place, 1)
            made[mode] = button
        return made

    def _login_row(self) -> Tick:
        self.column.addWidget(rule())
        self.column.addWidget(Heading("Start"))
        tick = Tick(LOGIN)
        tick.setAccessibleDescription(LOGIN_MEANS)
        tick.clicked.connect(self._wishes.login)
        self.column.addWidget(tick)
        self.column.addWidget(caption(LOGIN_MEANS, indent(self)))
        return tick


class _Group(QWidget):
    """The rows of one group under their heading."""

    def __init__(self, group: Group, wishes: LookWishes) -> None:
        super().__init__()
        self._group = group
        self._wishes = wishes
        self._shown: tuple[Row, ...] | None = None
        self.rows: list[FindingRow] = []
        self.heading = Heading(GROUPS[group])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, UNIT)
        column.setSpacing(UNIT)
        column.addWidget(self.heading)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(0)
        column.addLayout(self._lines)
        if group is Group.KEYS:
            column.addLayout(self._key_buttons())

    def show_flow(self, flow: Flow) -> None:
        """Show the rows; they are made anew only where the findings are others."""
        looking = self._group in flow.loading
        rows = None if looking else self._found(flow)
        self.heading.aside.say("looking" if looking else _many(rows or ()))
        if rows != self._shown or not self._lines.count():
            self._set(rows)
        if self._group is Group.KEYS:
            # Among the ways on there is the same button.
            self.type.setVisible(not flow.offers)
            self.shell.setEnabled(not flow.loading)
        ticked = set(flow.ticked(self._group))
        for row in self.rows:
            row.show_ticked(on=row.row.id in ticked)

    def _key_buttons(self) -> QHBoxLayout:
        self.type = Button("T&ype a key", partial(self._wishes.offer, Offer.KEY))
        self.shell = Button("Read my &shell's files too", self._wishes.shell_files)
        self.shell.setAccessibleDescription(SHELL_MEANS)
        self.shell.setToolTip(SHELL_MEANS)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        for button in (self.type, self.shell):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        return row

    def _set(self, rows: tuple[Row, ...] | None) -> None:
        self._shown = rows
        self.rows = []
        cleared(self._lines)
        if rows is None:
            self._lines.addWidget(caption("Looking."))
        elif not rows:
            self._lines.addWidget(caption(NONE_FOUND[self._group]))
        for each in rows or ():
            row = FindingRow(each, partial(self._wishes.tick, self._group))
            if self._group is Group.CLIENTS and each.can and has_details(each.id):
                name = f"Options for {each.text}"
                row.add_button("Options", name, partial(self._wishes.detail, each.id))
            self.rows.append(row)
            self._lines.addWidget(row)

    def _found(self, flow: Flow) -> tuple[Row, ...]:
        if self._group is Group.CLIENTS:
            return tuple(client_row(each) for each in flow.findings.clients)
        if self._group is Group.KEYS:
            return tuple(key_row(each) for each in flow.findings.keys)
        return tuple(server_row(each) for each in flow.findings.servers)


def _many(rows: tuple[Row, ...]) -> str:
    return f"{len(rows)} found" if rows else ""


class _Offers(Marked):
    """The ways on where nothing could answer a request."""

    def __init__(self, chosen: Callable[[Offer], None]) -> None:
        super().__init__()
        self.column.addWidget(line(NO_WAY, bold=True))
        self.buttons: dict[Offer, Button] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * UNIT)
        grid.setVerticalSpacing(2 * UNIT)
        grid.setColumnStretch(1, 1)
        for place, (offer, (text, means)) in enumerate(OFFERS.items()):
            button = Button(text, partial(chosen, offer))
            button.setAutoDefault(False)
            grid.addWidget(button, place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(line(means), place, 1)
            self.buttons[offer] = button
        self.column.addLayout(grid)
        self.hide()
