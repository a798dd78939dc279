"""Where a person's programs keep their things here: a value that discovery is handed.

It must not read the environment or any file itself; `app.assemble` fills it in once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discovery.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The user's home folder, environment and system as one value.

    `environ` may hold keys, so it shows itself nowhere. `platform` is `sys.platform`.
    `folder` is the project folder a user named, None where there is none: no folder is
    walked or guessed. `terminal` is what the terminal has that asks, None where none
    does or where it is this very process's.
    """

    home: Path
    environ: Mapping[str, str] = field(repr=False)
    platform: str
    folder: Path | None = None
    terminal: Terminal | None = None

    @property
    def config_home(self) -> Path:
        """The folder for settings of programs that follow the XDG layout."""
        return self._xdg("XDG_CONFIG_HOME", ".config")

    @property
    def data_home(self) -> Path:
        """The folder for data of programs that follow the XDG layout."""
        return self._xdg("XDG_DATA_HOME", ".local/share")

    def _xdg(self, name: str, usual: str) -> Path:
        # The specification says that a relative path is to be ignored.
        given = self.environ.get(name, "")
        return Path(given) if given.startswith("/") else self.home / usual
