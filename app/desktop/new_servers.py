"""Model servers that run here and are not used yet, looked for while somebody looks.

A found server configures nothing: it is used after a click that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.desktop.bridge import Notice
from discovery.findings import Findings, ServerFound, ServerState
from wizard.answers import Answers, written
from wizard.view import Outcome, PlanView

if TYPE_CHECKING:
    from app.desktop.bridge import Bridge
    from app.failure import CommandFailed

OWN = "turnout"
"""The part of a plan that is Turnout's own, as `setup apply` names it."""


class NewServers(QObject):
    """Looks for servers, and lets one be used."""

    found = Signal(object)
    """A tuple of `ServerFound`: those that could be used and are not."""

    def __init__(self, bridge: Bridge) -> None:
        """Look for nothing yet."""
        super().__init__()
        self._bridge = bridge
        self._looking = False

    def look(self) -> None:
        """Look once; many calls at once make one look."""
        if self._looking:
            return
        self._looking = True
        given = {"only": "servers"}
        self._bridge.ask("discover", Findings, self._found, self._not_found, given)

    def use(self, server: ServerFound) -> None:
        """Name a server in Turnout's configuration: the click was the yes."""
        self._bridge.run(self._use(server), "use server")

    def _found(self, findings: Findings) -> None:
        self._looking = False
        self.found.emit(tuple(each for each in findings.servers if is_new(each)))

    def _not_found(self, why: CommandFailed) -> None:
        # The next look asks again, and nothing that is shown is wrong meanwhile.
        del why
        self._looking = False

    async def _use(self, server: ServerFound) -> None:
        answers = {"answers": written(Answers(servers=(server.address,)))}
        plan = await self._bridge.call("setup plan", PlanView, answers)
        agreed = {**answers, "plan": plan.id, "client": OWN}
        done = await self._bridge.call("setup apply", Outcome, agreed)
        title = f"{server.name} is used from now on"
        self._bridge.told.emit(Notice(title, " ".join(done.own), bad=False))
        self.look()


def is_new(server: ServerFound) -> bool:
    """Tell whether a server could be used now and is not."""
    ready = server.state is ServerState.READY
    return ready and bool(server.provider) and not server.used
