"""What a command line hands over of its terminal, and how a command takes it in.

The gateway lives elsewhere: it has another environment and another folder. It must not
hand over a secret: see `discovery.terminal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.failure import CommandFailed, Exit
from discovery.terminal import Terminal

if TYPE_CHECKING:
    from app.commands.command import Command
    from app.services import Services


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A terminal's folder, '' for none, and what it has that matters."""

    folder: str = ""
    terminal: Terminal = Terminal()


def folder_here() -> Path | None:
    """Return the folder this process stands in, None where it is gone."""
    try:
        return Path.cwd()
    except OSError:
        return None


def handed_over(
    command: Command, environ: Mapping[str, str], folder: Path | None
) -> Mapping[str, object]:
    """Return the argument that tells `command` of the terminal, if it takes one.

    `folder` is where the terminal stands, None where that is gone.
    """
    name = next((item.name for item in command.parameters if item.hidden), None)
    if name is None:
        return {}
    from app.around import surroundings
    from discovery.keys import keys_in_environment
    from discovery.overrides import override_variables
    from discovery.terminal import variables_shown

    here = surroundings(environ)
    told = Terminal(
        variables=variables_shown(here, override_variables()),
        keys=keys_in_environment(here),
    )
    # The home folder is no project: what stands there are the user's own settings.
    project = "" if folder is None or folder == here.home else str(folder)
    return {name: msgspec.json.encode(HandedOver(project, told)).decode()}


def taken_in(
    services: Services, told: str | None, folder: str | None, *, stand: bool
) -> Services:
    """Return the services as the terminal that asks sees the machine.

    `told` is what was handed over, `folder` the project folder that was named; with
    `stand` the one the terminal stands in counts where none was. Raises
    `CommandFailed` where there is no such folder.
    """
    around = services.surroundings
    try:
        given = msgspec.json.decode(told or "{}", type=HandedOver)
    except msgspec.DecodeError:
        given = HandedOver()
    if folder is not None and not Path(folder).is_dir():
        raise CommandFailed(
            "There is no such folder",
            f"{folder} is not a folder. Nothing was done.",
            "Name the folder of a project.",
            Exit.USAGE,
        )
    named = folder or (given.folder if stand else "")
    # The home folder is no project: what stands there are the user's own settings.
    own = named and Path(named) != around.home and Path(named).is_absolute()
    return replace(
        services,
        surroundings=replace(
            around,
            folder=Path(named) if own or folder else around.folder,
            terminal=given.terminal if told else around.terminal,
        ),
    )
