"""The wizard's window: it draws the flow and hands on what a person does.

The flow decides; this window keeps the newest one, shows its page, and asks the
actions for what the flow says is to be done. Enter is the default button, Esc cancels
with nothing written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from PySide6.QtCore import QSize
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QStackedLayout, QVBoxLayout

from discovery.findings import Findings
from proxy.routing import Mode
from wizard import flow as machine
from wizard.answers import ClientAnswers, written
from wizard.flow import ERRORS, Busy, Ended, Flow, Step
from wizard.pages.actions import WizardActions
from wizard.pages.apply import ApplyPage, ApplyWishes
from wizard.pages.letters import UNIT
from wizard.pages.look import LookPage, LookWishes
from wizard.pages.marks import Stations
from wizard.pages.parts import Button, Display, Marked, Role, Text, hairline
from wizard.pages.review import ReviewPage, ReviewWishes
from wizard.pages.rows import Page
from wizard.pages.sheets import ClientSheet, KeySheet
from wizard.pages.words import STEPS, apply_text, headline
from wizard.presets import Group, Offer
from wizard.resuming import restored, saved
from wizard.view import ClientOutcome, Outcome, PlanView


class WizardWindow(QDialog):
    """Look, Review, Apply and test, in one window."""

    NAME: ClassVar = "setup"
    TEXT: ClassVar = "Set &up clients"

    def __init__(
        self, actions: WizardActions, *, terminal: bool = False, login: bool = False
    ) -> None:
        """Show nothing found yet.

        `terminal` says that one can be opened here, `login` that starting at login can
        be set up; what cannot be done is not offered.
        """
        super().__init__()
        self._actions = actions
        self.flow = Flow()
        self._saved = saved(self.flow)
        self._aim = ""
        self._repairing = ""
        self._shell_files = False
        self._key_sheet: KeySheet | None = None
        self._client_sheet: ClientSheet | None = None
        self.setWindowTitle("Set up clients")  # Qt adds the name of the program
        self.setMinimumSize(520, 420)
        self._build(terminal=terminal, login=login)
        for key, pages in (("PgDown", 1), ("PgUp", -1)):
            QShortcut(QKeySequence(key), self, partial(self._scroll, pages))
        QShortcut(QKeySequence("Ctrl+W"), self, self.reject)
        self._draw()
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """Room for a column of text and a page of rows."""
        return QSize(760, 720)

    # --- how it begins ----------------------------------------------------------------

    def begin(self, text: str = "") -> None:
        """Start looking, with the choices kept in `text` by an earlier run."""
        self._aim = self._repairing = ""
        self._take(restored(text))
        self.cancel.setFocus()
        self._look()

    def connect_client(self, client: str) -> None:
        """Go to the review of one client, as soon as the clients were looked for."""
        if self.flow.busy is Busy.APPLYING:
            return
        self._repairing = ""
        self._aim = client
        if self.flow.step is not Step.LOOK or not self.flow.loading:
            self._take(machine.look_again(self.flow))
            self._look()
        elif Group.CLIENTS not in self.flow.loading:
            self._aimed()

    def repair_client(self, client: str) -> None:
        """Go to the review of what would put a connected client right."""
        if self.flow.busy is Busy.APPLYING:
            return
        self._aim, self._repairing = "", client
        self._take(machine.plan_again(replace(self.flow, aim=client)))
        self.cancel.setFocus()
        self._plan()

    def _look(self) -> None:
        for group in Group:
            self._actions.look(group, shell_files=self._shell_files)

    # --- what comes back --------------------------------------------------------------

    def show_found(self, group: Group, findings: Findings) -> None:
        """Show what was found of a group."""
        self._take(machine.found(self.flow, group, findings))
        self._looked()

    def show_not_found(self, group: Group, why: str) -> None:
        """Show why a group could not be looked for."""
        self._take(machine.not_found(self.flow, group, why))
        self._looked()

    def show_plan(self, view: PlanView) -> None:
        """Show the plan that was asked for."""
        self._take(machine.plan_ready(self.flow, view))
        self._focus()

    def show_plan_failed(self, reason: str) -> None:
        """Show why there is no plan."""
        self._take(machine.plan_failed(self.flow, reason))
        self._focus()

    def show_outcome(self, told: Outcome) -> None:
        """Show what became of the plan."""
        self._take(machine.applied(self.flow, told))
        self._focus()

    def show_client(self, told: ClientOutcome) -> None:
        """Show what became of one client: tested again, or undone."""
        self._take(machine.outcome(self.flow, told))

    def show_apply_failed(self, reason: str) -> None:
        """Show that the end of applying is not known, or that it was refused."""
        self._take(machine.apply_failed(self.flow, reason))
        self._focus()

    def show_refused(self, reason: str) -> None:
        """Show why nothing was applied, and look at the plan anew."""
        self._again()
        self.show_news(reason)

    def show_news(self, sentence: str) -> None:
        """Show the answer to a wish that changes no page."""
        self.news.say(sentence)

    def show_stored(self, trouble: str) -> None:
        """Show that a typed key is kept, or why not; then keys are looked for anew."""
        sheet = self._key_sheet
        if trouble:
            if sheet is not None:
                sheet.show_trouble(trouble)
            return
        if sheet is not None:
            sheet.done(int(QDialog.DialogCode.Accepted))
        self.show_news("The key is in the system keyring.")
        self._take(machine.look_at(self.flow, (Group.KEYS,)))
        self._actions.look(Group.KEYS, shell_files=self._shell_files)

    # --- what a person does -----------------------------------------------------------

    def accept(self) -> None:
        """Do what the default button of this step does."""
        if self.flow.step is Step.LOOK:
            self._take(machine.continue_(self.flow))
            self._plan()
        elif self.flow.step is Step.REVIEW:
            self._apply()
        elif self.flow.finished:
            self._leave()

    def reject(self) -> None:
        """Cancel, with nothing written, or close what is done."""
        self._take(machine.cancel(self.flow))
        if self.flow.ended is not Ended.NO or self.flow.step is Step.APPLY:
            self._leave()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close as Cancel does."""
        event.ignore()
        self.reject()

    def _leave(self) -> None:
        self.hide()
        self._actions.closed()

    def _plan(self) -> None:
        if self.flow.busy is not Busy.PLANNING:
            return
        if self._repairing:
            self._actions.plan_repair(self._repairing)
        else:
            self._actions.review(written(self.flow.answers()))

    def _apply(self) -> None:
        self._take(machine.apply(self.flow))
        if self.flow.busy is Busy.APPLYING and self.flow.plan is not None:
            answers, plan = written(self.flow.answers()), self.flow.plan
            clients = tuple(each.client for each in plan.clients)
            if self._repairing:
                self._actions.repair(self._repairing)
            else:
                self._actions.apply(answers, plan.id, clients)

    def _looked(self) -> None:
        self._aimed()
        # Whoever has begun to walk through the rows is not torn away from them.
        idle = self.focusWidget() in (None, self.cancel, self.again)
        if self.flow.step is Step.LOOK and not self.flow.loading and idle:
            self._focus()

    def _aimed(self) -> None:
        if self._aim and Group.CLIENTS not in self.flow.loading:
            client, self._aim = self._aim, ""
            self._take(machine.only(self.flow, client))
            self._plan()

    def _back(self) -> None:
        self._take(machine.back(self.flow))
        if self.flow.loading:
            return
        self._focus()

    def _again(self) -> None:
        """Look, or plan, once more."""
        if self.flow.step is Step.LOOK:
            self._take(machine.look_again(self.flow))
            self._look()
            return
        self._take(machine.plan_again(self.flow))
        self._plan()

    def _yes(self, client: str, key: str) -> None:
        self._take(machine.say_yes(self.flow, client, key))
        self._plan()

    def _tick(self, group: Group, id_: str, on: bool) -> None:
        self._take(machine.tick(self.flow, group, id_, on=on))

    def _mode(self, mode: Mode) -> None:
        self._take(machine.set_mode(self.flow, mode))

    def _login(self, on: bool) -> None:
        self._take(machine.set_start_at_login(self.flow, on=on))

    def _offer(self, offer: Offer) -> None:
        if offer is Offer.KEY:
            self._key_sheet = KeySheet(self, self._actions.store_key)
            self._key_sheet.open()
        elif offer is Offer.SERVER:
            self._again()
        else:
            self.show_news("The practice provider is asked.")
            self._actions.practise()

    def _read_shell_files(self) -> None:
        """Look for clients and keys once more, in the shell's files too: a yes."""
        self._shell_files = True
        groups = (Group.CLIENTS, Group.KEYS)
        self._take(machine.look_at(self.flow, groups))
        for group in groups:
            self._actions.look(group, shell_files=True)

    def _detail(self, client: str) -> None:
        found = next(each for each in self.flow.findings.clients if each.id == client)
        told = self.flow.client_answers(client)
        chosen = partial(self._answer, client)
        sheet = ClientSheet(self, (client, found.name), told, chosen)
        self._client_sheet = sheet
        sheet.open()

    def _answer(self, client: str, told: ClientAnswers) -> None:
        self._take(machine.answer(self.flow, client, told))

    def _terminal(self) -> None:
        self._actions.open_terminal(self.flow.undo_all)

    # --- how it is shown --------------------------------------------------------------

    def _scroll(self, pages: int) -> None:
        """Read on, wherever the focus is."""
        page: Page = self.look
        if self.flow.step is Step.REVIEW:
            page = self.review.page
        elif self.flow.step is Step.APPLY:
            page = self.applied
        bar = page.verticalScrollBar()
        bar.setValue(bar.value() + pages * bar.pageStep())

    def _take(self, flow: Flow) -> None:
        """Keep and show the next flow, and keep its choices over a crash."""
        if flow.step is not self.flow.step:
            self.news.say("")
        self.flow = flow
        text = saved(flow)
        if text != self._saved:
            self._saved = text
            self._actions.save(text)
        self._draw()

    def _draw(self) -> None:
        flow = self.flow
        title, sentence = headline(flow)
        self.title.say(title)
        self.sentence.say(sentence)
        self.stations.show_step(tuple(Step).index(flow.step))
        self._show_errors(flow)
        page = {
            Step.LOOK: self.look,
            Step.REVIEW: self.review,
            Step.APPLY: self.applied,
        }
        self.look.show_flow(flow)
        if flow.step is Step.REVIEW:
            self.review.show_flow(flow)
        if flow.step is Step.APPLY:
            self.applied.show_flow(flow)
        self._stack.setCurrentWidget(page[flow.step])
        self._show_buttons(flow)

    def _show_errors(self, flow: Flow) -> None:
        told = " ".join(ERRORS[each] for each in flow.errors)
        self.error.say(told)
        self.reason.say(flow.reason)
        self.trouble.setVisible(bool(told))

    def _show_buttons(self, flow: Flow) -> None:
        look, review = flow.step is Step.LOOK, flow.step is Step.REVIEW
        self.back.setVisible(review and not self._repairing)
        unclear = flow.step is Step.APPLY and flow.finished and bool(flow.errors)
        self.again.setVisible(unclear or (look and not flow.offers))
        self.again.setText("Look at the &plan again" if unclear else "Loo&k again")
        self.again.setEnabled(not flow.loading)
        self.again.updateGeometry()
        self.cancel.setVisible(look or review)
        if look:
            self.next.setText("&Review the changes")
            self.next.setEnabled(not flow.loading)
        elif review:
            self.next.setText(apply_text(flow, repairs=bool(self._repairing)))
            self.next.setEnabled(flow.can_apply)
        else:
            self.next.setText("&Close")
            self.next.setEnabled(flow.finished)
        self.next.updateGeometry()

    def _focus(self) -> None:
        """Put the focus where the next step goes on."""
        if self.next.isEnabled():
            self.next.setFocus()
        elif self.review.questions and self.flow.step is Step.REVIEW:
            self.review.questions[0].setFocus()

    # --- how it is built --------------------------------------------------------------

    def _build(self, *, terminal: bool, login: bool) -> None:
        self.title, self.sentence = Display(), Text(role=Role.PlaceholderText)
        self.stations = Stations(tuple(STEPS.values()))
        self.news = Text(bold=True)
        self.news.say("")
        self.trouble = Marked()
        self.error, self.reason = Text(bold=True), Text()
        for text in (self.error, self.reason):
            self.trouble.column.addWidget(text)
        self._stack = QStackedLayout()
        wishes = LookWishes(
            tick=self._tick,
            mode=self._mode,
            login=self._login,
            offer=self._offer,
            shell_files=self._read_shell_files,
            detail=self._detail,
        )
        self.look = LookPage(wishes, login=login)
        copy = self._actions.copy
        self.review = ReviewPage(ReviewWishes(self._yes, copy, self._again))
        test, undo = self._actions.test, self._actions.undo
        done = ApplyWishes(test, undo, copy, self._terminal)
        self.applied = ApplyPage(done, terminal=terminal)
        for page in (self.look, self.review, self.applied):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        column.setSpacing(3 * UNIT)
        for part in (self.stations, self.title, self.sentence):
            column.addWidget(part)
        column.addWidget(self.trouble)
        column.addWidget(self.news)
        column.addLayout(self._stack, 1)
        column.addWidget(hairline())
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self.cancel = self._side("Cancel", self.reject)
        self.back = self._side("&Back", self._back)
        self.again = self._side("", self._again)
        self.next = Button("", self.accept)
        self.next.setDefault(True)
        row = QHBoxLayout()
        row.setSpacing(2 * UNIT)
        row.addWidget(self.cancel)
        row.addWidget(self.back)
        row.addWidget(self.again)
        row.addStretch()
        row.addWidget(self.next)
        return row

    def _side(self, text: str, clicked: Callable[[], None]) -> Button:
        button = Button(text, clicked)
        button.setAutoDefault(False)
        return button
