"""The second page: what would change, file by file, before any yes; it changes none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from wizard.flow import Busy, Flow
from wizard.pages.choices import Leaves
from wizard.pages.difference import LEGEND, Difference
from wizard.pages.letters import UNIT
from wizard.pages.parts import Button, Heading, Marked
from wizard.pages.rows import Page, caption, cleared, code, copied, line, marked, rule
from wizard.pages.words import file_text, plain, view_aside
from wizard.view import ClientView, FileView, PlanView, QuestionView, StepView

WAITING = "Reading the files and making the plan. Nothing is written."
NO_CLIENT = "No coding tool would be changed."


@dataclass(frozen=True, slots=True)
class ReviewWishes:
    """What the page calls when a person does something."""

    yes: Callable[[str, str], None]
    copy: Callable[[str], None]
    again: Callable[[], None]


class ReviewPage(QWidget):
    """Two leaves: what would change, and what happens when Turnout is not running."""

    def __init__(self, wishes: ReviewWishes) -> None:
        """Show that no plan is there yet."""
        super().__init__()
        self._wishes = wishes
        self._shown: tuple[object, ...] = ()
        self.questions: list[Button] = []
        self.differences: list[Difference] = []
        self.tabs = Leaves()
        self.tabs.addTab("&What would change")
        self.tabs.addTab("When Turnout is &not running")
        self.tabs.setAccessibleName("Parts of the review")
        self.changes = Page("What would change")
        self.without = Page("When Turnout is not running")
        self._stack = QStackedLayout()
        self._stack.addWidget(self.changes)
        self._stack.addWidget(self.without)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3 * UNIT)
        column.addWidget(self.tabs)
        column.addLayout(self._stack, 1)

    @property
    def page(self) -> Page:
        """The leaf that is open."""
        return self.without if self.tabs.currentIndex() else self.changes

    def show_flow(self, flow: Flow) -> None:
        """Show the plan; it is set anew only where it is another one."""
        said = (flow.plan, flow.busy, flow.errors)
        if said == self._shown:
            return
        self._shown = said
        self.questions, self.differences = [], []
        for page in (self.changes, self.without):
            cleared(page.column)
            page.verticalScrollBar().setValue(0)
        if flow.plan is None:
            # Whoever comes back sees first what would change.
            self.tabs.setCurrentIndex(0)
            self._show_none(flow)
        else:
            self._show_changes(flow.plan)
            self._show_without(flow.plan)
        for page in (self.changes, self.without):
            page.column.addStretch()

    def _show_none(self, flow: Flow) -> None:
        if flow.busy is Busy.PLANNING:
            for page in (self.changes, self.without):
                page.column.addWidget(caption(WAITING))
            return
        button = Button("Make the plan a&gain", self._wishes.again)
        self.changes.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    # --- what would change ------------------------------------------------------------

    def _show_changes(self, plan: PlanView) -> None:
        column = self.changes.column
        if not plan.clients:
            column.addWidget(caption(NO_CLIENT))
        for note in plan.notes:
            column.addWidget(marked((note,)))
        for view in plan.clients:
            column.addWidget(self._client(view))
            column.addWidget(rule())
        if plan.own:
            column.addWidget(Heading("Turnout's own configuration"))
            for sentence in plan.own:
                column.addWidget(line(sentence))
            column.addWidget(rule())
        self._show_way_back(plan, column)

    def _show_way_back(self, plan: PlanView, column: QVBoxLayout) -> None:
        if not plan.undo_all and not plan.backups:
            return
        column.addWidget(Heading("The way back"))
        if plan.undo_all:
            told = "One command takes everything back, also without the app:"
            column.addWidget(line(told))
            column.addLayout(
                copied(plan.undo_all, "the undo command", self._wishes.copy)
            )
        if plan.backups:
            column.addWidget(line("What is needed for it is kept in:"))
            column.addWidget(code(plan.backups))

    def _client(self, view: ClientView) -> QWidget:
        section = QWidget()
        section.setAccessibleName(view.name)
        column = QVBoxLayout(section)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        heading = Heading(view.name)
        heading.aside.say(view_aside(view))
        column.addWidget(heading)
        for block in self._refusals(view):
            column.addWidget(block)
        for question in view.questions:
            column.addWidget(self._question(view, question))
        for sentence in (*view.means, *view.notes):
            column.addWidget(line(sentence))
        for file in view.files:
            self._file(file, column)
        for command in view.commands:
            column.addWidget(caption("The client's own command that is run:"))
            column.addWidget(code(command))
        for step in view.steps:
            self._step(step, column)
        if view.undo and view.changes:
            column.addWidget(caption(f"Takes {view.name} back:"))
            column.addLayout(
                copied(view.undo, f"the command {view.undo}", self._wishes.copy)
            )
        return section

    def _refusals(self, view: ClientView) -> Iterator[Marked]:
        for each in view.refusals:
            where = f"{each.file}, line {each.line}" if each.line else each.file
            block = Marked()
            block.column.addWidget(code(where))
            block.column.addWidget(line(each.why))
            block.column.addWidget(line(each.todo, bold=True))
            yield block

    def _question(self, view: ClientView, question: QuestionView) -> Marked:
        block = Marked()
        block.column.addWidget(line(question.sentence))
        text = f"Yes, connect {plain(view.name)} all the same"
        button = Button(text, partial(self._wishes.yes, view.client, question.key))
        button.setAccessibleDescription(question.sentence)
        button.setAutoDefault(False)
        block.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        block.column.addWidget(caption(f"Without a yes {view.name} stays as it is."))
        self.questions.append(button)
        return block

    def _file(self, file: FileView, column: QVBoxLayout) -> None:
        column.addWidget(code(file_text(file)))
        if file.lines:
            shown = Difference(file)
            column.addWidget(shown)
            column.addWidget(caption(LEGEND))
            self.differences.append(shown)
        for key in file.keys:
            if key.reason:
                same = " (is there already)" if key.same else ""
                column.addWidget(caption(f"{key.name}{same}: {key.reason}"))

    def _step(self, step: StepView, column: QVBoxLayout) -> None:
        column.addWidget(caption(step.where))
        column.addLayout(
            copied(step.text, f"the text for {step.where}", self._wishes.copy)
        )

    # --- without Turnout --------------------------------------------------------------

    def _show_without(self, plan: PlanView) -> None:
        column: QLayout = self.without.column
        told = [view for view in plan.clients if view.without]
        if not told:
            column.addWidget(caption(NO_CLIENT))
        for view in told:
            column.addWidget(Heading(view.name))
            column.addWidget(line(view.without))
