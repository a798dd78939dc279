"""Who stands at the other end of a Unix socket; it decides nothing about it.

Linux tells by `SO_PEERCRED` (unix(7)), macOS by `LOCAL_PEERCRED` (unix(4)), whose
`struct xucred` holds a version and then the uid.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Protocol

_LINUX = struct.Struct("3i")
_DARWIN_LOCAL_PEERCRED = 1
_DARWIN_XUCRED = struct.Struct("2I")


class PeerSocket(Protocol):
    """As much of a socket as is asked here; asyncio's and uvloop's both have it."""

    def getsockopt(self, level: int, option: int, length: int, /) -> bytes:
        """Return one option's raw bytes."""
        ...


def peer_pid(sock: PeerSocket) -> int | None:
    """Return the process at the connection's other end, None where none is told.

    For a connection to a listening socket that is the process that called `listen`.
    Raises `OSError` where the system does not answer.
    """
    if sys.platform == "darwin":
        return None
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX.size)
    return int(_LINUX.unpack(raw)[0])


def peer_uid(sock: PeerSocket) -> int:
    """Return the user id of the process that made the connection's other end.

    Raises `OSError` where the system does not tell.
    """
    if sys.platform == "darwin":
        raw = sock.getsockopt(0, _DARWIN_LOCAL_PEERCRED, 76)
        return int(_DARWIN_XUCRED.unpack_from(raw)[1])
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _LINUX.size)
    return int(_LINUX.unpack(raw)[1])
