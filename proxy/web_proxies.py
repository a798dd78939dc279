"""Says which web proxy a call goes through, from the variables a user has set.

It must not read the environment itself nor show a proxy's user name and password: what
is shown of a proxy is its scheme, host and port.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from yarl import URL

_USABLE = ("http", "https")


@dataclass(frozen=True, slots=True)
class WebProxy:
    """The proxy for one call.

    `url` may hold a password, so it is not in the representation. `variable` names
    where it stands as the user would write it, such as `HTTPS_PROXY`. `refused` is
    the clause that says why it cannot be used, '' where it can.
    """

    url: str = field(repr=False)
    variable: str
    refused: str = ""

    @property
    def shown(self) -> str:
        """The proxy's address without a user's name and password."""
        return shown_address(self.url)


def proxies_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies a set of variables names, by scheme (`http`, `no`, ...).

    Same reading as `urllib.request`, lower case first, but of the environment that was
    handed in.
    """
    proxies = {}
    for name, value in sorted(environ.items(), key=lambda item: item[0].islower()):
        lowered = name.lower()
        if lowered.endswith("_proxy") and value:
            proxies[lowered.removesuffix("_proxy")] = value
    return proxies


def proxy_for(url: URL, proxies: Mapping[str, str]) -> WebProxy | None:
    """Return the proxy that a call to `url` goes through, None for the direct way.

    Loopback is always called directly. `proxies` is what `proxies_from` gave.
    """
    host = url.host or ""
    if is_loopback_name(host):
        return None
    scheme = url.scheme if proxies.get(url.scheme) else "all"
    named = proxies.get(scheme, "").strip()
    if not named or _bypassed(host, url.port, proxies.get("no", "")):
        return None
    # A bare `host:port` is common and means a plain web proxy, as curl reads it.
    whole = named if "://" in named else f"http://{named}"
    return WebProxy(whole, f"{scheme.upper()}_PROXY", _refused(whole))


def shown_address(url: str) -> str:
    """Return scheme, host and port of a URL: nothing that could be a credential."""
    try:
        parsed = URL(url)
        if not parsed.host:
            return "an address that cannot be read"
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
        port = parsed.explicit_port
    except ValueError:
        return "an address that cannot be read"
    return f"{parsed.scheme}://{host}{f':{port}' if port else ''}"


def _refused(url: str) -> str:
    scheme = url.partition("://")[0].lower()
    if scheme.startswith("socks"):
        return "it is a SOCKS proxy, and Turnout speaks to web proxies (http://) only"
    if scheme not in _USABLE or shown_address(url).startswith("an address"):
        return "it is not the address of a web proxy (http://HOST:PORT)"
    return ""


def _bypassed(host: str, port: int | None, no_proxy: str) -> bool:
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(_matches(entry, host, port) for entry in entries if entry)


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    name, colon, number = entry.rpartition(":")
    if colon and number.isdecimal() and ":" not in name:
        if int(number) != port:
            return False
        entry = name
    entry = entry.removeprefix("*").lstrip(".").strip("[]")
    if "/" in entry:
        return _in_network(host, entry)
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


@lru_cache(64)
def is_loopback_name(host: str) -> bool:
    """Say whether a host is this machine by its very spelling; nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
