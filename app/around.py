"""Says whose machine this is: the user's home folder, environment and system."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from discovery.surroundings import Surroundings


def surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Return where other programs of this user keep their things."""
    named = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    home = Path(named) if named else Path.home()
    return Surroundings(home=home, environ=environ, platform=sys.platform)
