"""The third page: what became of each client, its test step by step, and the way back.

It shows outcomes; who applies and tests is not its business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from wizard.flow import Busy, Flow
from wizard.pages.letters import UNIT
from wizard.pages.marks import Mark
from wizard.pages.parts import Button, Heading, Role, Text
from wizard.pages.rows import Page, caption, cleared, code, copied, line, rule
from wizard.pages.words import GOOD, outcome_aside, plain, said
from wizard.view import Applied, ClientOutcome, TestStep

WAITING = "Connecting, then one real request as this client would send it."


@dataclass(frozen=True, slots=True)
class ApplyWishes:
    """What the page calls when a person does something; '' undoes everything."""

    test: Callable[[str], None]
    undo: Callable[[str], None]
    copy: Callable[[str], None]
    terminal: Callable[[], None]


class ApplyPage(Page):
    """A section for each client, then Turnout's own configuration and the way back."""

    def __init__(self, wishes: ApplyWishes, *, terminal: bool) -> None:
        """Be empty; `terminal` says that one can really be opened."""
        super().__init__("What became of it")
        self._wishes = wishes
        self._can_open = terminal
        self._shown: tuple[object, ...] = ()
        self._told: tuple[str, ...] = ()
        self.buttons: dict[str, Button] = {}

    def show_flow(self, flow: Flow) -> None:
        """Show what is known by now; set anew only where that is something else."""
        said_now = (flow.plan, flow.busy, flow.outcomes, flow.own, flow.undo_all)
        if said_now == self._shown:
            return
        self._shown = said_now
        self._set(flow)

    def _set(self, flow: Flow) -> None:
        focus = next(
            (name for name, each in self.buttons.items() if each.hasFocus()), ""
        )
        self.buttons = {}
        cleared(self.column)
        done = {each.client: each for each in flow.outcomes}
        for view in flow.ready:
            if view.client not in done and flow.busy is Busy.APPLYING:
                self.column.addWidget(Heading(view.name))
                self.column.addWidget(caption(WAITING))
                self.column.addWidget(rule())
        for outcome in flow.outcomes:
            self.column.addWidget(self._client(outcome))
            self.column.addWidget(rule())
        if flow.own:
            self.column.addWidget(Heading("Turnout's own configuration"))
            for sentence in flow.own:
                self.column.addWidget(line(sentence))
            self.column.addWidget(rule())
        if flow.finished and (flow.outcomes or flow.own):
            self._way_back(flow)
        self.column.addStretch()
        if focus in self.buttons:
            self.buttons[focus].setFocus()

    def _client(self, told: ClientOutcome) -> QWidget:
        section = QWidget()
        section.setAccessibleName(told.name)
        column = QVBoxLayout(section)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        heading = Heading(told.name)
        heading.aside.say(outcome_aside(told))
        column.addWidget(heading)
        column.addWidget(line(told.sentence))
        if told.test:
            column.addLayout(_steps(told.test))
        if told.todo:
            column.addWidget(line(told.todo, bold=True))
        for step in told.steps:
            column.addWidget(caption(step.where))
            column.addLayout(
                copied(step.text, f"the text for {step.where}", self._wishes.copy)
            )
        for file in told.files:
            column.addWidget(code(file))
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        name = plain(told.name)
        if told.state in GOOD:
            row.addWidget(
                self._button(
                    f"test {told.client}",
                    f"Test {name} again",
                    partial(self._wishes.test, told.client),
                )
            )
        if told.state is Applied.APPLIED:
            row.addWidget(
                self._button(
                    f"undo {told.client}",
                    f"Undo {name}",
                    partial(self._wishes.undo, told.client),
                )
            )
        row.addStretch()
        column.addLayout(row)
        return section

    def _way_back(self, flow: Flow) -> None:
        self.column.addWidget(Heading("The way back"))
        if flow.undo_all:
            told = "This works without the app and the gateway too:"
            self.column.addWidget(line(told))
            self.column.addLayout(
                copied(flow.undo_all, "the undo command", self._wishes.copy)
            )
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        if any(each.state is Applied.APPLIED for each in flow.outcomes):
            undo = partial(self._wishes.undo, "")
            row.addWidget(self._button("undo", "&Undo everything", undo))
        if self._can_open:
            text = "&Open a terminal here"
            row.addWidget(self._button("terminal", text, self._wishes.terminal))
        row.addStretch()
        self.column.addLayout(row)

    def _button(self, key: str, text: str, clicked: Callable[[], None]) -> Button:
        button = Button(text, clicked)
        button.setAutoDefault(False)
        self.buttons[key] = button
        return button


def _steps(steps: tuple[TestStep, ...]) -> QGridLayout:
    """Return a test's steps as lines: mark, name, what was seen, milliseconds."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(2 * UNIT)
    grid.setVerticalSpacing(UNIT)
    grid.setColumnStretch(2, 1)
    top = Qt.AlignmentFlag.AlignTop
    for place, step in enumerate(steps):
        mark = Mark(ok=step.ok)
        name = Text(wraps=False)
        name.say(step.name)
        words = Text(role=Role.PlaceholderText if step.ok is None else Role.WindowText)
        words.say(step.text)
        words.setAccessibleName(f"{step.name}: {said(step.ok)}, {step.text}")
        took = Text(wraps=False, role=Role.PlaceholderText)
        took.say(f"{step.ms:,} ms" if step.ok is not None else "")
        grid.addWidget(mark, place, 0, top)
        grid.addWidget(name, place, 1, top)
        grid.addWidget(words, place, 2)
        grid.addWidget(took, place, 3, top | Qt.AlignmentFlag.AlignRight)
    return grid
