"""Looks at the session: what starts at login, whether a tray may be, which keyring."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from app.doctor.ground import DesktopGround, Tray

if TYPE_CHECKING:
    from app.services import Services
    from discovery.surroundings import Surroundings

KEYRING_SECONDS = 3.0
"""How long finding the keyring may take; it is not asked for anything."""

ENTRY = Path("autostart/turnout.desktop")
UNIT = Path("systemd/user/turnout.service")
"""What starts Turnout at login, below the user's folder for settings."""

_WANTED = "systemd/user/default.target.wants/turnout.service"
_AGENT = "Library/LaunchAgents"
_MOST_BYTES = 65_536


class Backend(Protocol):
    """What is used of a backend of the module `keyring`."""

    @property
    def priority(self) -> float:
        """Above zero where it can be used."""
        ...

    @property
    def name(self) -> str:
        """Its name as its authors have it."""
        ...


FindKeyring = Callable[[], Backend]


async def look_at_desktop(
    services: Services, find: FindKeyring | None = None
) -> DesktopGround:
    """Return how the session is; `find` gives the keyring's backend."""
    around = services.surroundings
    keyring, usable = await _keyring(find or system_backend)
    providers = services.config.current.catalogue.providers
    return DesktopGround(
        autostart=await asyncio.to_thread(starts_at_login, around),
        tray=_tray(around),
        gnome="GNOME" in around.environ.get("XDG_CURRENT_DESKTOP", "").upper(),
        keyring=keyring,
        keyring_usable=usable,
        needed=any(each.key.kind == "keyring" for each in providers),
    )


def system_backend() -> Backend:
    """Return the keyring that would be used; imports it, which takes 75 ms and more."""
    found = importlib.import_module("keyring").get_keyring()
    return cast("Backend", found)


async def _keyring(find: FindKeyring) -> tuple[str, bool | None]:
    """Return the keyring's name and whether it can be used, None for no answer."""
    try:
        async with asyncio.timeout(KEYRING_SECONDS):
            return await asyncio.to_thread(_described, find)
    except TimeoutError:
        return "", None


def _described(find: FindKeyring) -> tuple[str, bool]:
    try:
        backend = find()
        return backend.name, backend.priority > 0
    except (ImportError, OSError, RuntimeError, ValueError):
        return "", False


def starts_at_login(around: Surroundings) -> str | None:
    """Say in words what starts Turnout at login: '' for nothing, None for not known."""
    if around.platform == "darwin":
        found = sorted((around.home / _AGENT).glob("*turnout*.plist"))
        return f"The launch agent {found[0].stem}" if found else ""
    if around.platform == "win32":
        return None
    config = around.config_home
    # Broken links count as well: systemd makes them before the unit is there.
    if (config / _WANTED).is_symlink() or (config / _WANTED).exists():
        return "The systemd unit turnout.service"
    if _is_on(config / ENTRY):
        return "The desktop's autostart entry"
    return ""


def _is_on(entry: Path) -> bool:
    """Say whether an autostart entry is there and not switched off in itself."""
    try:
        with entry.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    lines = {line.replace(" ", "").strip().lower() for line in text.splitlines()}
    return not lines & {"hidden=true", "x-gnome-autostart-enabled=false"}


def _tray(around: Surroundings) -> Tray:
    """Say what can be said without a window: a session without display has no tray."""
    if around.platform in {"darwin", "win32"}:
        return Tray.THERE
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    there = any(around.environ.get(name) for name in names)
    return Tray.UNKNOWN if there else Tray.HEADLESS
