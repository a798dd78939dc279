"""The wizard's wishes as calls, on a plain loop with a made-up door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from wizard_scenes import (
    CLAUDE_DONE,
    CODEX_BACK,
    FOUND,
    OUTCOME,
    PLAN,
)

from app.commands.keys import StoredKey
from app.commands.lifecycle import Repair
from app.commands.setup import SavedFirstRun
from app.commands.undo import UndoneClient, UndoneFile, UndoResult
from app.desktop.bridge import Bridge
from app.desktop.setting_up import OWN, SettingUp, practised, sentence
from app.door import DoorClosed
from app.failure import CommandFailed
from wizard.flow import Busy, ErrorKey, Step
from wizard.pages.window import WizardWindow
from wizard.records import WiringState
from wizard.undone import Way
from wizard.view import Applied, Outcome


class FakeDoor:
    """Answers from a table of values, refusals and functions of what was given."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "setup resume": SavedFirstRun("", begun=False),
            "setup save": SavedFirstRun("", begun=True),
            "discover": FOUND,
            "setup plan": PLAN,
            "setup apply": self._apply,
        }
        self.asked: list[tuple[str, dict[str, object]]] = []

    def patient(self, limit: float) -> FakeDoor:
        assert limit > 60
        return self

    async def call(self, name: str, result: type, /, **given: object) -> Any:
        self.asked.append((name, given))
        await asyncio.sleep(0)
        answer = self.answers[name]
        if callable(answer) and not isinstance(answer, type):
            answer = answer(given)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @staticmethod
    def _apply(given: dict[str, object]) -> object:
        if given["client"] == OWN:
            return Outcome((), OUTCOME.own, OUTCOME.undo_all)
        told = {each.client: each for each in OUTCOME.clients}
        return Outcome((told[str(given["client"])],))

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


class Opened:
    """A `SettingUp` with everything it touches."""

    def __init__(self, door: FakeDoor, terminal: Callable[[], bool] | None) -> None:
        async def start() -> None:
            return

        loop = asyncio.get_running_loop()
        self.door = door
        self.bridge = Bridge(door, loop, start)  # type: ignore[arg-type]
        self.copied: list[str] = []
        self.closed: list[str] = []
        self.subject = SettingUp(
            self.bridge,
            self.copied.append,
            terminal,
            lambda: self.closed.append("closed"),
        )

    @property
    def window(self) -> WizardWindow:
        return cast("WizardWindow", self.subject.window)

    async def quiet(self) -> None:
        """Return once nothing is under way."""
        while self.bridge._tasks:
            await asyncio.gather(*self.bridge._tasks)
            await asyncio.sleep(0)


@pytest.fixture
def door() -> FakeDoor:
    return FakeDoor()


@pytest.fixture
async def opened(qapp: QApplication, door: FakeDoor) -> AsyncIterator[Opened]:
    made = Opened(door, lambda: True)
    yield made
    made.subject.close()
    await made.bridge.close()
    made.bridge.deleteLater()
    qapp.processEvents()
    # Without a running Qt loop nobody else sees to it, and windows pile up.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def reviewed(opened: Opened) -> None:
    opened.subject.open()
    await opened.quiet()
    opened.window.accept()
    await opened.quiet()


async def test_the_whole_first_run_goes_through_the_door(opened: Opened) -> None:
    opened.subject.open_if_first()
    await opened.quiet()
    only = [given["only"] for name, given in opened.door.asked if name == "discover"]
    assert only == ["clients", "keys", "servers", "routers"]
    assert "setup save" not in opened.door.names()
    opened.window.accept()
    await opened.quiet()
    assert opened.window.title.text() == "What would change"
    opened.window.accept()
    await opened.quiet()
    parts = [given for name, given in opened.door.asked if name == "setup apply"]
    assert [given["client"] for given in parts] == [OWN, "claude-code", "codex"]
    assert {given["plan"] for given in parts} == {PLAN.id}
    assert opened.window.title.text() == "Claude Code is using Turnout"
    assert [each.state for each in opened.window.flow.outcomes] == [
        Applied.APPLIED,
        Applied.TAKEN_BACK,
    ]
    assert '"ended": "finished"' in str(opened.door.asked[-1][1]["text"])
    opened.window.accept()
    assert opened.closed == ["closed"]


async def test_a_group_that_cannot_be_looked_for_is_told(opened: Opened) -> None:
    refused = CommandFailed("No look", "It broke.", "Wait.")
    opened.door.answers["discover"] = refused
    opened.subject.open()
    await opened.quiet()
    assert opened.window.flow.findings.problems == ("No look. It broke. Wait.",)
    assert not opened.window.flow.loading
    # What else writes their files is worth a sentence, not the clients.
    opened.door.answers["discover"] = lambda given: (
        refused if given["only"] == "routers" else FOUND
    )
    opened.window._again()
    await opened.quiet()
    assert opened.window.flow.findings.clients == FOUND.clients
    assert "No look. It broke. Wait." in opened.window.flow.findings.problems


async def test_without_a_gateway_the_window_says_so(opened: Opened) -> None:
    opened.door.answers["setup plan"] = DoorClosed("No gateway is running.")
    await reviewed(opened)
    assert opened.window.flow.errors == (ErrorKey.PLAN_FAILED,)
    assert "No gateway is running." in opened.window.reason.text()


async def test_only_the_plan_asked_for_last_is_shown(opened: Opened) -> None:
    later = replace(PLAN, id="later")
    plans = iter((PLAN, later))
    opened.door.answers["setup plan"] = lambda _: next(plans)
    opened.subject.open()
    await opened.quiet()
    opened.window.accept()
    opened.window._yes("codex", "always")
    await opened.quiet()
    assert opened.window.flow.plan == later


async def test_a_refused_plan_is_looked_at_anew(opened: Opened) -> None:
    await reviewed(opened)
    opened.door.answers["setup apply"] = CommandFailed("Something changed", "No.")
    opened.window.accept()
    await opened.quiet()
    assert opened.window.flow.step is Step.REVIEW
    assert opened.window.flow.busy is Busy.NO
    assert opened.window.news.text() == "Something changed. No."
    assert opened.door.names().count("setup plan") == 2


async def test_an_end_that_is_not_known_is_said_to_be(opened: Opened) -> None:
    await reviewed(opened)
    opened.door.answers["setup apply"] = DoorClosed("It went away.", midway=True)
    opened.window.accept()
    await opened.quiet()
    assert opened.window.flow.errors == (ErrorKey.APPLY_FAILED,)
    assert "may have been done" in opened.window.reason.text()


async def test_one_clients_failure_is_its_own(opened: Opened) -> None:
    def apply(given: dict[str, object]) -> object:
        if given["client"] == "claude-code":
            return CommandFailed("The file is locked", "It stays.", "Close it.")
        return FakeDoor._apply(given)

    await reviewed(opened)
    opened.door.answers["setup apply"] = apply
    opened.window.accept()
    await opened.quiet()
    failed, codex = opened.window.flow.outcomes
    assert failed.state is Applied.FAILED
    assert (failed.name, failed.todo) == ("Claude Code", "Close it.")
    assert codex == CODEX_BACK


def undone(client: str, *, complete: bool) -> UndoneClient:
    file = UndoneFile("~/.x", next(iter(Way)), todo="" if complete else "Unlock it.")
    return UndoneClient(
        client=client,
        number=1,
        wired=datetime(2026, 11, 3, tzinfo=UTC),
        state=next(iter(WiringState)),
        complete=complete,
        files=(file,),
    )


async def test_what_was_taken_back_is_shown(opened: Opened) -> None:
    await reviewed(opened)
    opened.window.accept()
    await opened.quiet()
    told = (undone("claude-code", complete=True), undone("codex", complete=False))
    opened.door.answers["undo"] = UndoResult(True, told)
    opened.subject.undo("")
    await opened.quiet()
    assert opened.door.asked[-1] == ("undo", {"all_": True})
    back, stuck = opened.window.flow.outcomes
    assert back.state is Applied.TAKEN_BACK
    assert back.sentence == "Claude Code is as it was before Turnout."
    assert (stuck.state, stuck.todo) == (Applied.FAILED, "Unlock it.")
    opened.door.answers["undo"] = UndoResult(True, (), notes=("Nothing is wired.",))
    opened.subject.undo("codex")
    await opened.quiet()
    assert opened.door.asked[-1] == ("undo", {"client": "codex"})
    assert opened.window.news.text() == "Nothing is wired."


async def test_a_client_is_tested_again(opened: Opened) -> None:
    await reviewed(opened)
    opened.door.answers["setup test"] = replace(CLAUDE_DONE, sentence="Still so.")
    opened.subject.test("claude-code")
    assert "Claude Code" in opened.window.news.text()
    await opened.quiet()
    assert opened.window.news.text() == ""
    assert opened.window.flow.outcomes[0].sentence == "Still so."


async def test_a_typed_key_goes_to_the_keyring_and_is_looked_for(
    opened: Opened,
) -> None:
    opened.subject.open()
    await opened.quiet()
    opened.door.answers["keys store"] = StoredKey("keyring:openai", "cret")
    before = opened.door.names().count("discover")
    opened.subject.store_key("openai", "canary-not-a-secret")
    await opened.quiet()
    given = dict(opened.door.asked)["keys store"]
    assert given == {"name": "openai", "value": "canary-not-a-secret"}
    assert opened.door.names().count("discover") == before + 1
    assert "keyring" in opened.window.news.text()


async def test_the_practice_provider_says_that_it_is_simulated(
    opened: Opened,
) -> None:
    class Tried:
        text = "Hello from practice."

    opened.subject.open()
    await opened.quiet()
    opened.door.answers["try"] = Tried()
    opened.subject.practise()
    await opened.quiet()
    assert opened.window.news.text() == practised(cast("Any", Tried()))
    assert "simulated" in opened.window.news.text()


async def test_a_terminal_opens_with_the_command_at_hand(
    qapp: QApplication, door: FakeDoor, opened: Opened
) -> None:
    opened.subject.open()
    await opened.quiet()
    opened.subject.open_terminal("turnout undo --all")
    assert opened.copied == ["turnout undo --all"]
    opened.subject._terminal = lambda: False
    opened.subject.open_terminal("turnout undo --all")
    assert "No terminal" in opened.window.news.text()
    opened.subject.copy("x")
    assert opened.copied == ["turnout undo --all", "x"]


async def test_an_answer_for_a_window_that_is_gone_is_dropped(opened: Opened) -> None:
    opened.subject.open()
    await opened.quiet()
    opened.subject.practise()
    opened.subject.close()
    opened.door.answers["try"] = CommandFailed("No", "No.")
    await opened.quiet()
    opened.subject.copy("x")
    assert opened.subject.window is None


async def test_a_window_closed_over_its_work_comes_back_with_it(
    opened: Opened,
) -> None:
    await reviewed(opened)
    window = opened.window
    window.accept()
    window.close()
    assert not window.isVisible()
    opened.subject.open()
    assert opened.window is window
    assert window.isVisible()
    await opened.quiet()
    assert len(window.flow.outcomes) == 2


@pytest.mark.parametrize(
    "end", [None, CommandFailed("No", "No."), DoorClosed("Gone.", midway=True)]
)
async def test_work_goes_on_without_its_window(
    opened: Opened, end: Exception | None
) -> None:
    await reviewed(opened)
    if end is not None:
        opened.door.answers["setup apply"] = end
    opened.window.accept()
    opened.subject.close()
    await opened.quiet()
    parts = opened.door.names().count("setup apply")
    assert parts == (1 if end else 3)


async def test_one_client_can_be_connected_at_once(opened: Opened) -> None:
    opened.subject.connect_client("codex")
    await opened.quiet()
    assert opened.window.flow.aim == "codex"
    assert opened.window.title.text() == "What would change"
    (given,) = [given for name, given in opened.door.asked if name == "setup plan"]
    assert given == {"answers": 'clients = ["codex"]\n'}
    opened.subject.connect_client("opencode")
    await opened.quiet()
    assert opened.window.flow.aim == "opencode"


async def test_without_its_memory_the_window_opens_all_the_same(
    opened: Opened,
) -> None:
    opened.door.answers["setup resume"] = CommandFailed("No", "No.")
    opened.subject.open_if_first()
    await opened.quiet()
    assert opened.subject.window is None
    opened.subject.open()
    await opened.quiet()
    assert opened.window.isVisible()
    window = opened.window
    opened.subject.open()
    assert opened.window is window


def test_a_refusal_is_one_line() -> None:
    assert sentence(CommandFailed("A", "B.", "C.")) == "A. B. C."
    assert sentence(CommandFailed("A", "B.")) == "A. B."


# --- a repair -------------------------------------------------------------------------


async def test_a_repair_goes_through_the_door_twice(opened: Opened) -> None:
    done = replace(OUTCOME, clients=(CLAUDE_DONE,))

    def repair(given: dict[str, object]) -> Repair:
        ends = given.get("yes")
        names = ("claude-code",)
        return Repair(not ends, "Said.", names, PLAN, done if ends else None)

    opened.door.answers["repair"] = repair
    opened.subject.repair_client("claude-code")
    await opened.quiet()
    assert opened.window.title.text() == "What would change"
    opened.window.accept()
    await opened.quiet()
    asked = [given for name, given in opened.door.asked if name == "repair"]
    assert asked == [{"client": "claude-code"}, {"client": "claude-code", "yes": True}]
    assert opened.window.flow.outcomes == (CLAUDE_DONE,)
    assert "discover" not in opened.door.names()


@pytest.mark.parametrize(
    "told",
    [
        Repair(False, "Claude Code is as it should be: nothing to repair."),
        Repair(False, "There is nothing to write.", ("claude-code",), PLAN),
        CommandFailed("Not connected", "Nothing was changed."),
    ],
)
async def test_where_there_is_nothing_to_repair_it_is_said(
    opened: Opened, told: object
) -> None:
    opened.door.answers["repair"] = told
    opened.subject.repair_client("claude-code")
    await opened.quiet()
    flow = opened.window.flow
    assert flow.errors == (ErrorKey.PLAN_FAILED,)
    assert flow.reason
    assert not opened.window.next.isEnabled()


async def test_a_repair_without_an_outcome_is_told(opened: Opened) -> None:
    opened.door.answers["repair"] = Repair(True, "Shown.", ("codex",), PLAN)
    opened.subject.repair_client("codex")
    await opened.quiet()
    opened.door.answers["repair"] = Repair(False, "It is as it should be.")
    opened.window.accept()
    await opened.quiet()
    assert opened.window.flow.errors == (ErrorKey.APPLY_FAILED,)
    assert opened.window.flow.reason == "It is as it should be."
