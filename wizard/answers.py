"""A person's answers in the first run as one value and as a TOML file; pure.

It is what `turnout init --yes FILE` reads and what the wizard's pages fill in. It must
not decide anything: what is not answered stays undone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from proxy.routing import Mode
from wizard.plan import Choice, Login

ALL = "all"
"""In the place of a list: everything that was found and can be used."""


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """What was answered for one client beside the yes; see `wizard.plan.Choice`."""

    login: Login | None = None
    always: bool = False
    free_model: bool = False
    helper: bool = False
    over_local: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers; an absent one changes nothing.

    `clients` are client ids, `keys` names of variables whose keys may be used,
    `servers` addresses of local servers that may be used; `all_clients`, `all_keys`
    and `all_servers` stand for the word "all". `keyring` are names of variables whose
    keys are moved to the system keyring. `start_at_login` None leaves it as it is.
    """

    mode: Mode | None = None
    clients: tuple[str, ...] = ()
    all_clients: bool = False
    keys: tuple[str, ...] = ()
    all_keys: bool = False
    servers: tuple[str, ...] = ()
    all_servers: bool = False
    keyring: tuple[str, ...] = ()
    start_at_login: bool | None = None
    client: dict[str, ClientAnswers] = field(default_factory=dict)

    def choice(self, client: str, project: Path | None = None) -> Choice:
        """Return what was chosen for one client."""
        own = self.client.get(client, ClientAnswers())
        return Choice(
            client=client,
            login=own.login,
            always=own.always,
            free_model=own.free_model,
            helper=own.helper,
            project=project,
            over_local=own.over_local,
        )
