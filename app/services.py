"""What every command is handed as its first argument; built in `app.assemble` only.

It holds values and resources and does nothing itself. Its types are imported for the
checker alone, so that a command line that only talks to the gateway stays light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.commands.routing import TryResult
    from app.paths import Paths
    from app.routing_now import RoutingNow
    from app.settings import ConfigStore
    from app.state import State
    from discovery.surroundings import Surroundings
    from proxy.ledger import Ledger
    from proxy.model import Protocol as WireProtocol
    from proxy.recorder import Clock
    from proxy.secrets import Secrets


class GatewayControl(Protocol):
    """What commands may ask of the running gateway."""

    async def config_changed(self) -> None:
        """Let the configuration, which was changed and saved, act from now on."""
        ...

    async def restart(self) -> None:
        """Start a new gateway beside this one, which then drains and ends.

        Returns when the restart has been asked for, not when it is done.
        """
        ...

    async def stop(self) -> None:
        """Ask the gateway to drain and end; returns at once."""
        ...

    async def reload_keys(self) -> None:
        """Read the gateway keys again: one was made or revoked."""
        ...

    async def try_prompt(
        self, prompt: str, model: str | None, protocol: WireProtocol
    ) -> TryResult:
        """Send one prompt down the way a client's request takes."""
        ...

    def routing_now(self) -> RoutingNow:
        """Return what a request that came now would be decided by."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The wiring of one process.

    `state` and `gateway` are None in a process that hosts no gateway. `command_path`
    is how a person types Turnout here: `turnout` where that is on PATH, else the full
    path. `surroundings` is where other programs of this user keep their things.
    """

    paths: Paths
    config: ConfigStore
    ledger: Ledger
    secrets: Secrets
    clock: Clock
    state: State | None
    gateway: GatewayControl | None
    version: str
    command_path: str
    surroundings: Surroundings
