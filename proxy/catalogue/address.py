"""Judges the addresses that a user writes down; it resolves and calls nothing."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_PLAIN = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


def objection(url: str) -> str | None:
    """Return what is wrong with a provider's URL as a clause, None where it is fine.

    The clause never repeats the URL, which may hold a password. Link-local addresses
    are refused because cloud machines hand out their credentials there.
    """
    if not _PLAIN.fullmatch(url) or "\\" in url:
        return "has a blank, a backslash or a character that is not plain ASCII in it"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a valid address"
    if parts.scheme not in {"http", "https"}:
        return "does not begin with http:// or https://"
    if "@" in parts.netloc:
        return "holds a user name or password"
    if not host or not _HOST.fullmatch(host):
        return "names no valid host"
    if port == 0:
        return "names port 0"
    if "?" in url or "#" in url:
        return "holds a query or a fragment"
    return _unfit_host(host)


def _unfit_host(host: str) -> str | None:
    address = _address(host)
    if address is None:
        return None
    if address.is_link_local:
        return "points at a link-local address"
    if address.is_unspecified or address.is_multicast:
        return "points at an address that nobody answers on"
    return None


def is_loopback(url: str) -> bool:
    """Say whether a URL that `objection` let pass names this machine literally."""
    host = urlsplit(url).hostname or ""
    address = _address(host)
    return address.is_loopback if address else host == "localhost"


def is_private(url: str) -> bool:
    """Say whether a URL that `objection` let pass names an address of a local net."""
    address = _address(urlsplit(url).hostname or "")
    return address is not None and address.is_private


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL that `objection` let pass."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", _port(parts)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address
