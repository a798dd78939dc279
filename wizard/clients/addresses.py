"""Tells local gateways' addresses from others, and puts a key into one's path; pure.

It must not ask an address whether anything answers there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from wizard.formats import Absent, Json

# Keys of the gateway, valid or not: a revoked one is still none of the user's.
_OUR_KEY: Final = re.compile(r"tnt_[A-Za-z0-9_-]{16,}")
# An address within a longer text, such as a header or a command, ends at a blank.
_ADDRESS: Final = re.compile(r"(?:https?|wss?)://[^\s\"'<>,;`|\\]+", re.IGNORECASE)
# Some clients take an address without its scheme.
_BARE: Final = re.compile(
    r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]):\d{1,5}(?:/\S*)?",
    re.IGNORECASE,
)


def local_address(value: Json | Absent) -> str:
    """Return the address of this machine that a value names, '' for none.

    It is scheme, host and port (`http://127.0.0.1:4000`) of the first one found in a
    text, or in any text of a list or an object: a path could hold a key.
    """
    for text in _texts(value):
        if _BARE.fullmatch(text.strip()):
            found = _origin(f"http://{text.strip()}")
            if found:
                return found
        for address in _ADDRESS.findall(text):
            found = _origin(address)
            if found:
                return found
    return ""


def ours(value: Json | Absent) -> bool:
    """Return whether a value holds a gateway key of Turnout's, valid or revoked."""
    return any(_OUR_KEY.search(text) for text in _texts(value))


def with_path_key(url: str, key: str) -> str:
    """Return `url` with the gateway key first in its path, where no header can be set.

    `http://127.0.0.1:8787/v1` becomes `http://127.0.0.1:8787/k/KEY/v1`.
    """
    parts = urlsplit(url)
    path = f"/k/{key}{parts.path.rstrip('/')}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, parts.fragment))


def _texts(value: Json | Absent) -> Iterator[str]:
    """Yield every text in a value; `ABSENT` holds none."""
    waiting: list[Json] = [] if isinstance(value, Absent) else [value]
    while waiting:
        match waiting.pop(0):
            case str() as text:
                yield text
            case list() as items:
                waiting = [*items, *waiting]
            case dict() as members:
                waiting = [*members.values(), *waiting]
            case _:
                pass


def _origin(address: str) -> str:
    """Return scheme, host and port where the host is this machine, else ''."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not _is_this_machine(host):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def _is_this_machine(host: str) -> bool:
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        found = ip_address(name)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    # Servers that listen everywhere print 0.0.0.0, and people paste it.
    return found.is_loopback or found.is_unspecified
