"""What starts Turnout at login, as texts for each system; pure.

It must not read or write a file: `app.login_start` does, after a yes.
"""

from __future__ import annotations

import plistlib
import subprocess
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

LABEL: Final = "app.turnout.login"
"""The name of the agent that macOS starts."""

VALUE_NAME: Final = "Turnout"
"""The name of the value that Windows starts."""

_ENTRY_MARK: Final = "X-Turnout-Written=true"
_UNIT_MARK: Final = "# Written by Turnout; `turnout login off` removes it."
# Characters for which the Desktop Entry Specification wants an argument in quotes.
_RESERVED: Final = frozenset(" \t\n\"'\\><~|&;$*?#()`")
_QUOTED_ESCAPES: Final = frozenset('"`$\\')


class LoginWay(StrEnum):
    """How a system starts something at login.

    `desktop` is the desktop's autostart entry, `service` a unit of systemd's user
    manager, `agent` one of macOS's launch agents, `registry` a Run value of Windows.
    """

    DESKTOP = "desktop"
    SERVICE = "service"
    AGENT = "agent"
    REGISTRY = "registry"


def login_way(platform: str, *, display: bool) -> LoginWay:
    """Return the usual way of a system; `platform` is `sys.platform`.

    `display` says whether this user has a desktop; it matters on Linux alone.
    """
    if platform == "darwin":
        return LoginWay.AGENT
    if platform == "win32":
        return LoginWay.REGISTRY
    return LoginWay.DESKTOP if display else LoginWay.SERVICE


def text_for(way: LoginWay, words: Sequence[str]) -> str:
    """Return what is written so that `words` are run at login, without a shell."""
    match way:
        case LoginWay.DESKTOP:
            return desktop_entry(words)
        case LoginWay.SERVICE:
            return user_unit(words)
        case LoginWay.AGENT:
            return launch_agent(words)
        case LoginWay.REGISTRY:
            return run_value(words)


def is_ours(way: LoginWay, text: str) -> bool:
    """Tell whether a text was written by us, of whatever version and place."""
    match way:
        case LoginWay.DESKTOP:
            return _ENTRY_MARK in text.splitlines()
        case LoginWay.SERVICE:
            return _UNIT_MARK in text.splitlines()
        case LoginWay.AGENT:
            return f"<string>{LABEL}</string>" in text
        case LoginWay.REGISTRY:
            return "turnout" in text.lower() and " tray --hidden" in text


def is_on(way: LoginWay, text: str) -> bool:
    """Tell whether what is written acts: a desktop's own settings switch it off."""
    if way is not LoginWay.DESKTOP:
        return True
    lines = {line.replace(" ", "").lower() for line in text.splitlines()}
    return not lines & {"hidden=true", "x-gnome-autostart-enabled=false"}


def desktop_entry(words: Sequence[str]) -> str:
    """Return an autostart entry (Desktop Entry Specification 1.5)."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Turnout\n"
        "Comment=Serves the coding tools that are connected to Turnout\n"
        f"Exec={' '.join(map(_exec_word, words))}\n"
        "Icon=turnout\n"
        "Terminal=false\n"
        "X-GNOME-Autostart-enabled=true\n"
        f"{_ENTRY_MARK}\n"
    )


def user_unit(words: Sequence[str]) -> str:
    """Return a unit for systemd's user manager that runs the keeper.

    A gateway that was told to stop stays stopped; a killed one is started again. Where
    the port is taken it is given up after some tries: another one serves.
    """
    return (
        f"{_UNIT_MARK}\n"
        "[Unit]\n"
        "Description=Turnout, the gateway of connected coding tools\n"
        "StartLimitIntervalSec=60\n"
        "StartLimitBurst=5\n"
        "\n"
        "[Service]\n"
        "Type=exec\n"
        f"ExecStart={' '.join(map(_unit_word, words))}\n"
        "Restart=on-failure\n"
        "RestartSec=2\n"
        "TimeoutStopSec=20\n"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def launch_agent(words: Sequence[str]) -> str:
    """Return a property list for launchd."""
    wanted = {
        "Label": LABEL,
        "ProgramArguments": list(words),
        "RunAtLoad": True,
        "ProcessType": "Interactive",
    }
    return plistlib.dumps(wanted, sort_keys=False).decode()


def run_value(words: Sequence[str]) -> str:
    """Return the command line of a Run value."""
    return subprocess.list2cmdline(words)


def _exec_word(word: str) -> str:
    """Quote one argument of `Exec`: as an argument, then as a value of the file."""
    told = word.replace("%", "%%")
    if not told or _RESERVED & set(told):
        inner = "".join(f"\\{c}" if c in _QUOTED_ESCAPES else c for c in told)
        told = f'"{inner}"'
    told = told.replace("\\", "\\\\")
    return told.replace("\n", "\\n").replace("\t", "\\t")


def _unit_word(word: str) -> str:
    """Quote one argument of `ExecStart` (systemd.service, "Command lines")."""
    told = word.replace("\\", "\\\\").replace('"', '\\"')
    told = told.replace("\n", "\\n").replace("\t", "\\t")
    told = told.replace("%", "%%").replace("$", "$$")
    return f'"{told}"' if not told or set(told) & set(" ';\"\\") else told
