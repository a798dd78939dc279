"""Finds the project a request comes from: peer port, process, working folder.

The look-up runs in a thread of its own, is cached, and never delays a request. What it
finds stays on this machine; it reads no file's content.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

_CACHE = 4096
_WAITING = 8


class Projects:
    """Knows the working folder's project of the processes that call the gateway.

    A project's label is the name of the nearest folder upwards that holds `.git`, else
    of the working folder itself. `own_pid` is never looked at.
    """

    def __init__(self, own_pid: int) -> None:
        """Start without a thread; the first look-up makes it."""
        self._own_pid = own_pid
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="projects")
        self._found: OrderedDict[tuple[str, int], str | None] = OrderedDict()
        self._pids: OrderedDict[int, None] = OrderedDict()
        self._waiting: set[tuple[str, int]] = set()

    def look_up(self, peer: tuple[str, int] | None) -> None:
        """Begin to find a peer's project, unless that is known or too much waits."""
        if peer is None or peer in self._found or peer in self._waiting:
            return
        if len(self._waiting) < _WAITING:
            self._waiting.add(peer)
            self._threads.submit(self._find, peer)

    def known(self, peer: tuple[str, int] | None) -> str | None:
        """Return the label found for a peer so far, None where it is not known."""
        return self._found.get(peer) if peer is not None else None

    def close(self) -> None:
        """End the thread; look-ups that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _find(self, peer: tuple[str, int]) -> None:
        try:
            pid = self._pid_of(peer)
            label = None if pid is None else _label(Path(psutil.Process(pid).cwd()))
        except (psutil.Error, OSError):
            pid, label = None, None
        if pid is not None:
            self._pids[pid] = None
            self._pids.move_to_end(pid)
        self._found[peer] = label
        self._waiting.discard(peer)
        while len(self._found) > _CACHE:
            self._found.popitem(last=False)
        while len(self._pids) > _CACHE:
            self._pids.popitem(last=False)

    def _pid_of(self, peer: tuple[str, int]) -> int | None:
        # A client opens many connections: asking the processes already known first
        # spares the walk over all of them.
        for pid in reversed(self._pids):
            with contextlib.suppress(psutil.Error):
                for end in psutil.Process(pid).net_connections("tcp"):
                    if _is_end(end.laddr, peer):
                        return pid
        for connection in psutil.net_connections("tcp"):
            owner = connection.pid
            if owner not in {None, self._own_pid} and _is_end(connection.laddr, peer):
                return owner
        return None


def _is_end(address: object, peer: tuple[str, int]) -> bool:
    return isinstance(address, tuple) and tuple(address[:2]) == peer


def _label(folder: Path) -> str | None:
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return place.name or None
    return folder.name or None
