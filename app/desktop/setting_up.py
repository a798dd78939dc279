"""The first run on the desktop: the wizard's window, and its wishes through the door.

It decides nothing: the window's flow does. Every failure of a wish becomes a sentence
in that window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from app.commands.keys import StoredKey
from app.commands.lifecycle import Repair
from app.commands.routing import TryResult
from app.commands.setup import SavedFirstRun
from app.desktop.bridge import Unreached
from app.desktop.front import bring_up
from app.failure import CommandFailed
from discovery.findings import Findings
from wizard.flow import Busy
from wizard.pages.window import WizardWindow
from wizard.presets import Group
from wizard.resuming import unfinished
from wizard.view import Applied, ClientOutcome, Outcome, PlanView

if TYPE_CHECKING:
    from app.commands.undo import UndoResult
    from app.desktop.bridge import Bridge

OWN = "turnout"
"""The part of a plan that is Turnout's own, as `setup apply` names it."""

PATIENCE = 180.0
"""Seconds a client may take: its files, and a test with a slow model behind it."""

PRACTICE_PROMPT = "Say hello."
PRACTICE_MODEL = "practice/echo"


class Terminal(Protocol):
    """Opens a terminal, where this desktop has one."""

    def __call__(self) -> bool:
        """Open one; False where that did not work."""
        ...


class SettingUp:
    """Opens the wizard's window when it is wanted, and does what it asks for."""

    def __init__(
        self,
        bridge: Bridge,
        copy: Callable[[str], None],
        terminal: Terminal | None,
        closed: Callable[[], None],
        *,
        login: bool = False,
    ) -> None:
        """Open nothing yet.

        `terminal` is None where none can be opened; `login` says that `setup apply`
        knows how to start Turnout at login here.
        """
        self._login = login
        self._bridge = bridge
        self._copy = copy
        self._terminal = terminal
        self._closed = closed
        self._plans = 0
        self.window: WizardWindow | None = None

    # --- how it opens -----------------------------------------------------------------

    def open_if_first(self) -> None:
        """Open the window where nobody has gone through the first run, or it broke."""
        self._resume(self._open_first)

    def open(self) -> None:
        """Open the window, or bring it up where it is open."""
        if self.window is not None and self._in_use(self.window):
            bring_up(self.window)
            return
        self._resume(self._open)

    def connect_client(self, client: str) -> None:
        """Open the window at the review of one client."""
        if self.window is None or not self._in_use(self.window):
            self._begin("")
        if self.window is not None:
            self.window.connect_client(client)
            bring_up(self.window)

    def repair_client(self, client: str) -> None:
        """Open the window at the review of what puts a connected client right."""
        if self.window is None or not self._in_use(self.window):
            self._make()
        if self.window is not None:
            self.window.repair_client(client)
            bring_up(self.window)

    def _in_use(self, window: WizardWindow) -> bool:
        """Tell whether a window is seen, or was closed over work that goes on."""
        return window.isVisible() or window.flow.busy is Busy.APPLYING

    def close(self) -> None:
        """Take the window away."""
        window, self.window = self.window, None
        if window is not None:
            window.hide()
            window.deleteLater()

    def _resume(self, then: Callable[[SavedFirstRun], None]) -> None:
        silent: Callable[[CommandFailed], None] = lambda _: None  # noqa: E731
        # The window works without its memory; a start goes on without the window.
        failed = silent if then == self._open_first else lambda _: self._begin("")
        self._bridge.ask("setup resume", SavedFirstRun, then, failed, {})

    def _open_first(self, kept: SavedFirstRun) -> None:
        if not kept.begun or unfinished(kept.text):
            self._begin(kept.text)

    def _open(self, kept: SavedFirstRun) -> None:
        self._begin(kept.text)

    def _begin(self, text: str) -> None:
        window = self._make()
        window.begin(text)
        bring_up(window)

    def _make(self) -> WizardWindow:
        self.close()
        opens = self._terminal is not None
        self.window = WizardWindow(self, terminal=opens, login=self._login)
        return self.window

    # --- what the window asks for -----------------------------------------------------

    def look(self, group: Group, *, shell_files: bool) -> None:
        """Look for one group; with the clients, for what else writes their files."""
        given = {"only": group.value, "shell_files": shell_files or None}

        def show(window: WizardWindow, found: Findings) -> None:
            if group is Group.CLIENTS:
                self._look_for_routers(found)
            else:
                window.show_found(group, found)

        self._ask(
            "discover",
            Findings,
            show,
            lambda window, why: window.show_not_found(group, why),
            given,
        )

    def _look_for_routers(self, clients: Findings) -> None:
        def show(window: WizardWindow, found: Findings) -> None:
            both = (*clients.problems, *found.problems)
            known = replace(clients, routers=found.routers, problems=both)
            window.show_found(Group.CLIENTS, known)

        def alone(window: WizardWindow, why: str) -> None:
            told = replace(clients, problems=(*clients.problems, why))
            window.show_found(Group.CLIENTS, told)

        self._ask("discover", Findings, show, alone, {"only": "routers"})

    def review(self, answers: str) -> None:
        """Plan what would be done; only the plan that was asked for last is shown."""
        self._plans += 1
        asked = self._plans

        def show(window: WizardWindow, view: PlanView) -> None:
            if asked == self._plans:
                window.show_plan(view)

        def fail(window: WizardWindow, why: str) -> None:
            if asked == self._plans:
                window.show_plan_failed(why)

        self._ask("setup plan", PlanView, show, fail, {"answers": answers})

    def plan_repair(self, client: str) -> None:
        """Plan what would put a connected client's settings right."""

        def show(window: WizardWindow, told: Repair) -> None:
            refused = told.plan and any(each.refusals for each in told.plan.clients)
            if told.plan is None or not (told.asks or refused):
                window.show_plan_failed(told.sentence)
            else:
                window.show_plan(told.plan)

        given = {"client": client}
        self._ask("repair", Repair, show, WizardWindow.show_plan_failed, given)

    def repair(self, client: str) -> None:
        """Carry a repair out; the yes was given in the window."""

        def show(window: WizardWindow, told: Repair) -> None:
            if told.outcome is None:
                window.show_apply_failed(told.sentence)
            else:
                window.show_outcome(told.outcome)

        given = {"client": client, "yes": True}
        self._ask("repair", Repair, show, WizardWindow.show_apply_failed, given)

    def apply(self, answers: str, plan: str, clients: tuple[str, ...]) -> None:
        """Carry a plan out part by part: each outcome shows once it is known."""
        if self.window is not None:
            given: dict[str, object] = {"answers": answers, "plan": plan}
            self._bridge.run(self._apply(self.window, given, clients), "apply")

    def test(self, client: str) -> None:
        """Send the test request of one client again."""
        self._news(f"The test request of {self._name(client)} is on its way.")

        def show(window: WizardWindow, told: ClientOutcome) -> None:
            window.show_news("")
            window.show_client(told)

        self._ask("setup test", ClientOutcome, show, _news, {"client": client})

    def undo(self, client: str) -> None:
        """Take back what was done to one client, '' for everything."""
        from app.commands.undo import UndoResult

        given = {"client": client} if client else {"all_": True}
        self._ask("undo", UndoResult, self._show_undone, _news, given)

    def store_key(self, provider: str, key: str) -> None:
        """Put a typed key into the system keyring."""
        self._ask(
            "keys store",
            StoredKey,
            lambda window, _: window.show_stored(""),
            lambda window, why: window.show_stored(why),
            {"name": provider, "value": key},
        )

    def practise(self) -> None:
        """Send one request to the practice provider and show its answer."""
        self._ask(
            "try",
            TryResult,
            lambda window, told: window.show_news(practised(told)),
            _news,
            {"prompt": PRACTICE_PROMPT, "model": PRACTICE_MODEL},
        )

    def copy(self, text: str) -> None:
        """Put text into the clipboard."""
        self._copy(text)
        self._news("Copied.")

    def open_terminal(self, command: str) -> None:
        """Open a terminal, with the command to be typed there in the clipboard."""
        if self._terminal is not None and self._terminal():
            self._copy(command)
            self._news(f"A terminal opens. `{command}` is in the clipboard.")
        else:
            self._news("No terminal could be opened.")

    def save(self, text: str) -> None:
        """Keep the flow's choices over a crash."""
        given = {"text": text}
        self._bridge.ask("setup save", SavedFirstRun, _nothing, _nothing, given)

    def closed(self) -> None:
        """Note that the window has closed."""
        self._closed()

    # --- how it is done ---------------------------------------------------------------

    def _ask(
        self,
        name: str,
        result: type,
        show: Callable[..., None],
        fail: Callable[[WizardWindow, str], None],
        given: Mapping[str, object],
    ) -> None:
        """Run a command; its result or its failure is shown in the window, if open."""
        window = self.window

        def told(answer: object) -> None:
            if window is not None and window is self.window:
                show(window, answer)

        def failed(refused: CommandFailed) -> None:
            if window is not None and window is self.window:
                fail(window, sentence(refused))

        self._bridge.ask(name, result, told, failed, given, PATIENCE)

    async def _apply(
        self, window: WizardWindow, given: dict[str, object], clients: tuple[str, ...]
    ) -> None:
        """Go through the parts, also where the window goes away meanwhile."""
        try:
            whole = await self._part(OWN, given)
        except Unreached as lost:
            if window is self.window:
                window.show_apply_failed(sentence(lost))
            return
        except CommandFailed as refused:
            # Nothing was done: the plan is looked at anew.
            if window is self.window:
                window.show_refused(sentence(refused))
            return
        outcomes: list[ClientOutcome] = []
        for client in clients:
            told = await self._one(client, given)
            outcomes.extend(told)
            for each in told if window is self.window else ():
                window.show_client(each)
        if window is self.window:
            window.show_outcome(Outcome(tuple(outcomes), whole.own, whole.undo_all))

    async def _part(self, part: str, given: dict[str, object]) -> Outcome:
        told = {**given, "client": part}
        return await self._bridge.call("setup apply", Outcome, told, PATIENCE)

    async def _one(
        self, client: str, given: dict[str, object]
    ) -> tuple[ClientOutcome, ...]:
        try:
            done = await self._part(client, given)
        except CommandFailed as refused:
            # The other clients are no worse for it.
            why = f"{refused.title}. {refused.message}"
            name = self._name(client)
            return (ClientOutcome(client, name, Applied.FAILED, why, refused.todo),)
        return done.clients

    def _show_undone(self, window: WizardWindow, told: UndoResult) -> None:
        for each in told.clients:
            name = self._name(each.client)
            stuck = [file.todo or file.sentence for file in each.files if file.todo]
            state = Applied.TAKEN_BACK if each.complete else Applied.FAILED
            said = (
                f"{name} is as it was before Turnout."
                if each.complete
                else f"{name} could not be taken back whole."
            )
            files = tuple(file.path for file in each.files)
            window.show_client(
                ClientOutcome(each.client, name, state, said, " ".join(stuck), files)
            )
        if told.notes or not told.clients:
            window.show_news(" ".join(told.notes) or "There was nothing to take back.")

    def _name(self, client: str) -> str:
        plan = self.window.flow.plan if self.window else None
        views = plan.clients if plan else ()
        return next((each.name for each in views if each.client == client), client)

    def _news(self, text: str) -> None:
        if self.window is not None:
            self.window.show_news(text)


def sentence(refused: CommandFailed) -> str:
    """Return a refusal in one line: what happened, what was done, what to do now."""
    return " ".join(
        part for part in (f"{refused.title}.", refused.message, refused.todo) if part
    )


def practised(told: TryResult) -> str:
    """Return what the practice provider answered, said to be simulated."""
    return f"A simulated answer came: {told.text}"


def _news(window: WizardWindow, why: str) -> None:
    window.show_news(why)


def _nothing(told: object) -> None:
    """Take no notice: the choices hold as long as the window is open."""
    del told
