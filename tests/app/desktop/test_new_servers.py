"""The look for new model servers, on a plain loop with a bridge that writes down."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication
from wizard_scenes import OLLAMA, OUTCOME, PLAN, STARTING

from app.desktop.bridge import Notice
from app.desktop.new_servers import NewServers
from app.failure import CommandFailed
from discovery.findings import Findings, ServerFound
from wizard.answers import read_answers

REFUSED = CommandFailed("No", "Nothing was done.")


class FakeBridge(QObject):
    told = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Callable[[Any], None], Callable[[Any], None]]] = []
        self.called: list[tuple[str, Mapping[str, object]]] = []
        self.running: list[Coroutine[object, object, None]] = []

    def ask(
        self,
        name: str,
        result: type,
        told: Callable[[Any], None],
        failed: Callable[[Any], None],
        given: Mapping[str, object],
    ) -> None:
        self.waiting.append((told, failed))

    async def call(self, name: str, result: type, given: Mapping[str, object]) -> Any:
        self.called.append((name, given))
        return PLAN if name == "setup plan" else OUTCOME

    def run(self, work: Coroutine[object, object, None], name: str) -> None:
        self.running.append(work)


def servers(bridge: FakeBridge) -> NewServers:
    return NewServers(bridge)  # type: ignore[arg-type]


def test_many_looks_at_once_are_one(qapp: QApplication) -> None:
    bridge = FakeBridge()
    found: list[tuple[ServerFound, ...]] = []
    made = servers(bridge)
    made.found.connect(found.append)
    made.look()
    made.look()
    assert len(bridge.waiting) == 1
    used = replace(OLLAMA, used=True)
    unknown = replace(OLLAMA, provider="")
    bridge.waiting[0][0](Findings(servers=(OLLAMA, STARTING, used, unknown)))
    assert found == [(OLLAMA,)]
    made.look()
    bridge.waiting[1][1](REFUSED)
    made.look()
    assert len(bridge.waiting) == 3


async def test_a_click_names_the_server_in_turnouts_own_file_and_no_other(
    qapp: QApplication,
) -> None:
    bridge = FakeBridge()
    told: list[Notice] = []
    bridge.told.connect(told.append)
    servers(bridge).use(OLLAMA)
    (work,) = bridge.running
    await work
    (plan, asked), (apply, agreed) = bridge.called
    assert (plan, apply) == ("setup plan", "setup apply")
    answers = read_answers(str(asked["answers"]))
    assert answers.servers == (OLLAMA.address,)
    assert answers.clients == ()
    assert agreed == {**asked, "plan": PLAN.id, "client": "turnout"}
    assert not told[0].bad
    assert "Ollama" in told[0].title
    # What is shown is looked at anew.
    assert len(bridge.waiting) == 1
