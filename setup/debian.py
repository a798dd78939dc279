"""Finds out which Debian packages are missing and installs them where it may.

It installs only as root or in CI; an ordinary user gets the one line to type.
"""

from __future__ import annotations

import os
import shutil
import subprocess

VENV = ("python3-venv",)
QT = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)
DESK = (
    "dbus",
    "libglib2.0-bin",
    "openbox",
    "scrot",
    "trayer",
    "x11-utils",
    "x11-xserver-utils",
    "xdotool",
    "xvfb",
)
BENCH = ("nginx-light",)


class MissingPackages(Exception):
    """Debian packages are missing and this user may not install them.

    The message is the explanation with the one line to type.
    """


def require(packages: tuple[str, ...]) -> None:
    """Makes sure that `packages` are installed; quick where they are.

    Where there is no dpkg (another system), nothing is checked.

    Raises:
        MissingPackages: some are missing and could not be installed from here.
    """
    if shutil.which("dpkg-query") is None:
        return
    missing = _missing(packages)
    if not missing:
        return
    prefix = _privilege()
    if prefix is None or not _install(prefix, missing):
        raise MissingPackages(_advice(missing))


def _missing(packages: tuple[str, ...]) -> tuple[str, ...]:
    form = "${db:Status-Status} ${Package} ${Provides}\n"
    words = ["dpkg-query", "--show", f"--showformat={form}"]
    listed = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    present: set[str] = set()
    for line in listed.splitlines():
        status, _, names = line.partition(" ")
        if status == "installed":
            # libglib2.0-0 is provided by libglib2.0-0t64 on newer systems.
            present.update(name.strip(",") for name in names.split())
    return tuple(name for name in packages if name not in present)


def _privilege() -> list[str] | None:
    """The words before apt-get, or None where this user must do it by hand."""
    if os.geteuid() == 0:
        return []
    if os.environ.get("CI") and shutil.which("sudo"):
        return ["sudo", "-n"]
    return None


def _install(prefix: list[str], packages: tuple[str, ...]) -> bool:
    print(f"Installing Debian packages: {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [
        "apt-get",
        "install",
        "--yes",
        "-qq",
        "--no-install-recommends",
        *packages,
    ]
    for words in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(
            [*prefix, *words],
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            return False
    return not _missing(packages)


def _advice(missing: tuple[str, ...]) -> str:
    names = " ".join(missing)
    return (
        "These Debian packages are missing, and nothing was installed:\n"
        f"    {names}\n"
        "Type this line once, then run the same make command again:\n"
        "    sudo apt-get update && "
        f"sudo apt-get install --yes --no-install-recommends {names}"
    )
