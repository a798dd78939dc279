"""Who this Turnout is: its version, how its command is typed, whose rooms it runs."""

from __future__ import annotations

import importlib
import shutil
import sys
from importlib.metadata import version as distribution_version
from pathlib import Path

ROOMS = ("app", "proxy", "discovery", "wizard", "resources")


def version() -> str:
    """Return Turnout's version."""
    return distribution_version("turnout")


def command_path() -> str:
    """Return how `turnout` is typed on this machine: its name, or its full path.

    The name counts only where it is this very installation's.
    """
    beside = Path(sys.executable).with_name("turnout")
    found = shutil.which("turnout")
    if found and Path(found).resolve() == beside.resolve():
        return "turnout"
    return str(beside) if beside.exists() else f"{sys.executable} -m app"


def program() -> str:
    """Return the full path of the program `turnout`, for others to start it by."""
    beside = Path(sys.executable).with_name("turnout")
    if beside.exists():
        return str(beside)
    return shutil.which("turnout") or "turnout"


def stranger() -> str:
    """Return the first of our rooms that comes from elsewhere, '' where none does.

    The rooms have plain names: a package of the same name installed beside us would
    win without a word (decision 0001).
    """
    here = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        origin = importlib.import_module(room).__file__
        if origin is None or Path(origin).resolve().parents[1] != here:
            return room
    return ""
