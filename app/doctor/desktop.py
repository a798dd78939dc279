"""Judges the session: start at login, tray and keyring; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from app.doctor.codes import fine, said
from app.doctor.ground import DesktopGround, Ground, Tray
from app.doctor.report import Check, Level

if TYPE_CHECKING:
    from app.doctor.report import Report

_GNOME = "On GNOME, install the extension AppIndicator and KStatusNotifierItem Support."


def checks(ground: Ground) -> tuple[Check, ...]:
    """Return what is to be said of the session."""
    desktop = ground.desktop
    return (
        _autostart(desktop, ground.command, any_wired=bool(ground.clients.wired)),
        tray_check(desktop.tray, gnome=desktop.gnome),
        *_keyring(desktop),
    )


def with_tray(report: Report, *, there: bool) -> Report:
    """Return the report with the tray's own word on whether it is shown."""
    told = tray_check(Tray.THERE if there else Tray.MISSING)
    kept = (told if each.code == told.code else each for each in report.checks)
    return replace(report, checks=tuple(kept))


def _autostart(desktop: DesktopGround, command: str, *, any_wired: bool) -> Check:
    if desktop.autostart:
        return fine("no-autostart", f"{desktop.autostart} starts Turnout at login.")
    if desktop.autostart is None:
        return said(
            Level.NOTE,
            "no-autostart",
            "Whether Turnout starts at login is not known on this system.",
        )
    return said(
        Level.WARNING if any_wired else Level.NOTE,
        "no-autostart",
        "Turnout does not start at login. After the next start of this machine "
        "connected clients get no answer until you start it.",
        f"Let it start by itself: {command} login on.",
        command=f"{command} login on",
    )


def tray_check(tray: Tray, *, gnome: bool = True) -> Check:
    """Return what is to be said of the tray."""
    match tray:
        case Tray.THERE:
            return fine("no-tray", "The desktop shows Turnout's icon.")
        case Tray.HEADLESS:
            return said(
                Level.NOTE,
                "no-tray",
                "There is no display here, so there is no tray. The terminal has every "
                "command.",
            )
        case Tray.MISSING:
            return said(
                Level.WARNING,
                "no-tray",
                "This desktop shows no tray icons, so Turnout is its Overview window.",
                _GNOME,
            )
        case Tray.UNKNOWN:
            return said(
                Level.NOTE,
                "no-tray",
                "Whether the desktop shows tray icons is not known from here.",
                _GNOME if gnome else "Open this check from Turnout's window.",
            )


def _keyring(desktop: DesktopGround) -> Iterator[Check]:
    if desktop.keyring_usable:
        yield fine("no-keyring", f"Keys can be kept in {desktop.keyring}.")
        return
    if desktop.keyring_usable is None:
        means = "The system keyring did not answer in time; it may wait to be unlocked."
        action = "Unlock the keyring in its own window."
    else:
        means = "This machine has no system keyring that Turnout can use."
        action = (
            'Give providers\' keys as key = "env:NAME" in config.toml, or install a '
            "keyring such as GNOME Keyring or KWallet."
        )
    level = Level.PROBLEM if desktop.needed else Level.NOTE
    yield said(level, "no-keyring", means, action)
