"""Every code of the doctor with the name of what is looked at; it judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.doctor.report import Check, Level

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gateway-down": "Gateway",
        "control-silent": "Commands",
        "port-taken": "Port",
        "port-differs": "Port in use",
        "config-problem": "Configuration",
        "folders-open": "Private folders",
        "no-client": "Connected clients",
        "client-not-seen": "Requests of a client",
        "wiring-unfinished": "Unfinished changes",
        "drift": "Our settings in clients' files",
        "override": "What wins over our settings",
        "no-provider": "Providers",
        "key-missing": "Key of a provider",
        "key-only-in-shell": "Keys in shell files",
        "key-refused": "Key of a provider",
        "provider-silent": "Answer of a provider",
        "prices-stale": "Prices",
        "record-damaged": "Record",
        "record-behind": "Record on disk",
        "consents-broken": "Consents",
        "sqlite-old": "Database library",
        "disk-low": "Disk space",
        "clock-off": "Clock",
        "files-limit": "Open files",
        "proxy": "Web proxies",
        "own-ca": "Certificates",
        "no-autostart": "Start at login",
        "no-tray": "Tray",
        "no-keyring": "Keyring",
    }
)
"""Code to name. A code is stable: pages, scripts and bug reports name it."""


def fine(code: str, means: str) -> Check:
    """Return a check that came out well."""
    return Check(code, CODES[code], Level.OK, means)


def said(
    level: Level,
    code: str,
    means: str,
    action: str = "",
    *,
    command: str = "",
    fixes: bool = False,
) -> Check:
    """Return a check that has something to say."""
    return Check(code, CODES[code], level, means, action, command, fixes)
