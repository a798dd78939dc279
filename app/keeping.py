"""Asks the keeper of a home how it is, and ends it, over its own socket.

For when no gateway answers: the keeper is there before its gateway and also while
none can start. It starts nothing and reads no settings.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from app.peer import peer_pid, peer_uid

if TYPE_CHECKING:
    from app.paths import Paths

_PATIENCE = 2.0
_ANSWER_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """What a keeper says of itself (docs/decisions/0003-processes-and-the-door.md).

    `ready` says whether a gateway serves, `failures` how many starts in a row ended
    before theirs did, `port` where it listens.
    """

    pid: int
    port: int
    ready: bool
    failures: int
    gateway_pid: int | None = None


def keeper_status(paths: Paths) -> KeeperStatus | None:
    """Return what the keeper of this home says, None where none of ours answers."""
    with contextlib.suppress(OSError), _line(paths) as line:
        return _asked(line)
    return None


def end_keeper(paths: Paths) -> KeeperStatus | None:
    """Tell the keeper to end, and with it what it starts; return what it said before.

    None where none answers, or where the process that answers is not the one it says.
    """
    with contextlib.suppress(OSError), _line(paths) as line:
        told = _asked(line)
        if told is None or peer_pid(line) not in {None, told.pid}:
            return None
        os.kill(told.pid, signal.SIGTERM)
        return told
    return None


def ask_for_a_start(paths: Paths) -> bool:
    """Ask the keeper to start a gateway now; True where it said that it does."""
    with contextlib.suppress(OSError), _line(paths) as line:
        return _answer(line, b"restart\n") == b"ok\n"
    return False


def _asked(line: socket.socket) -> KeeperStatus | None:
    try:
        return msgspec.json.decode(_answer(line, b"status\n"), type=KeeperStatus)
    except msgspec.DecodeError:
        return None


def _answer(line: socket.socket, question: bytes) -> bytes:
    """Return all that the keeper says, b'' where it is another user's."""
    if peer_uid(line) != os.getuid():
        return b""
    line.sendall(question)
    answer = b""
    while len(answer) < _ANSWER_LIMIT and (piece := line.recv(4096)):
        answer += piece
    return answer


@contextlib.contextmanager
def _line(paths: Paths) -> Iterator[socket.socket]:
    """Connect to the keeper. Raises `OSError` where nobody listens."""
    with (
        short_address(paths.keeper_socket) as place,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line,
    ):
        line.settimeout(_PATIENCE)
        line.connect(place)
        yield line


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """Give a name for `path` that fits into a socket's address.

    The keeper binds from inside the folder, so the whole path may be too long.
    """
    if not sys.platform.startswith("linux"):
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
