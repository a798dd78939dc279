"""Finds the project a request comes from: peer port, process, working folder.

The look-up runs in a thread of its own, is made once a connection, and never delays a
request's way to its provider. What it finds stays on this machine; it opens no file of
the user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONNECTIONS = 4096
_WAITING = 256
_PROCESSES = 64
# How an address stands in the kernel's tables; a program with an IPv6 socket may
# reach the IPv4 one by its mapped form.
_LOOPBACK = {
    "127.0.0.1": (
        ("/proc/net/tcp", "0100007F"),
        ("/proc/net/tcp6", "0000000000000000FFFF00000100007F"),
    ),
    "::1": (("/proc/net/tcp6", "0" * 24 + "01000000"),),
}


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end of one connection.

    `gateway_port` is our own end: one port of the far side may serve several programs
    that talk to different places. `connection` counts connections: a port is used
    again by another program, a connection is not.
    """

    host: str
    port: int
    gateway_port: int
    connection: int


class Projects:
    """Knows the projects of the processes that call the gateway; one loop only.

    A project's label is the name of the nearest folder upwards that holds `.git`, else
    of the working folder itself.
    """

    def __init__(self, find: Callable[[Peer], str | None] | None = None) -> None:
        """Start without a thread; the first look-up makes it.

        `find` returns a peer's label and is called in that thread; it may block.
        """
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="projects")
        self._found: OrderedDict[int, str | None] = OrderedDict()
        self._open: dict[int, asyncio.Future[str | None]] = {}
        self._find = find or _Finder().label

    def look_up(self, peer: Peer | None) -> None:
        """Begin to find a peer's project, unless that is known or too much waits."""
        if peer is None or peer.connection in self._found:
            return
        if peer.connection in self._open or len(self._open) >= _WAITING:
            return
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, self._find, peer)
        self._open[peer.connection] = future
        future.add_done_callback(lambda done: self._keep(peer.connection, done))

    async def label(self, peer: Peer | None, patience: float) -> str | None:
        """Return a peer's project, waiting at most `patience` seconds; None if unknown.

        Only a look-up that is under way is waited for.
        """
        if peer is None:
            return None
        waiting = self._open.get(peer.connection)
        if waiting is not None:
            await asyncio.wait((waiting,), timeout=patience)
        return self._found.get(peer.connection)

    def close(self) -> None:
        """End the thread; look-ups that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _keep(self, connection: int, done: asyncio.Future[str | None]) -> None:
        self._open.pop(connection, None)
        # A look-up that found nothing is made again at the connection's next request.
        if not done.cancelled() and done.exception() is None and done.result():
            self._found[connection] = done.result()
        while len(self._found) > _CONNECTIONS:
            self._found.popitem(last=False)


class _Finder:
    """Finds who holds a socket; lives in the thread and remembers recent callers."""

    def __init__(self) -> None:
        self._recent: OrderedDict[int, None] = OrderedDict()

    def label(self, peer: Peer) -> str | None:
        """Return the label of a peer's project; blocks while it looks."""
        for pid in self._holders(peer):
            with contextlib.suppress(psutil.Error, OSError):
                label = _label(Path(psutil.Process(pid).cwd()))
                self._remember(pid)
                return label
        return None

    def _remember(self, pid: int) -> None:
        self._recent[pid] = None
        self._recent.move_to_end(pid)
        while len(self._recent) > _PROCESSES:
            self._recent.popitem(last=False)

    def _holders(self, peer: Peer) -> Iterator[int]:
        """Yield the processes that hold the peer's end; a child may hold it too."""
        if sys.platform != "linux":
            yield from _holders_anywhere(peer)
            return
        inode = _inode(peer)
        if inode is None:
            return
        wanted = f"socket:[{inode}]"
        # A client opens many connections, and it has started not long ago: those asked
        # first spare the walk over all processes, which takes 20 ms.
        others = sorted(psutil.pids(), reverse=True)
        for pid in dict.fromkeys((*reversed(self._recent), *others)):
            if pid != os.getpid() and wanted in _sockets(pid):
                yield pid


def _inode(peer: Peer) -> str | None:
    """Return the socket that is the peer's own end (proc(5), `/proc/net/tcp`)."""
    for table, address in _LOOPBACK.get(peer.host, ()):
        ends = f" {address}:{peer.port:04X} {address}:{peer.gateway_port:04X} "
        _, found, rest = Path(table).read_text("ascii").partition(ends)
        if found:
            return rest.split(maxsplit=7)[6]
    return None


def _sockets(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - a Path for each fd is slow


def _holders_anywhere(peer: Peer) -> Iterator[int]:
    ends = (peer.host, peer.port, peer.host, peer.gateway_port)
    for connection in psutil.net_connections("tcp"):
        here = (*connection.laddr[:2], *connection.raddr[:2]) == ends
        if here and connection.pid is not None:
            yield connection.pid


def _label(folder: Path) -> str | None:
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return place.name or None
    return folder.name or None
