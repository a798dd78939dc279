"""Starts a keeper: in the foreground for `turnout serve`, detached for the tray.

It looks first who holds the port, so that a taken one is named and never hopped over.
It serves nothing itself and needs no running loop.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from app.child import keeper_command
from app.identity import command_path
from app.settings import ConfigStore

if TYPE_CHECKING:
    from pathlib import Path

    from app.paths import Paths

_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_IN_THE_WAY = frozenset({"127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - looked for


class CannotServe(Exception):
    """Turnout cannot serve here; the text says why and what to do."""


def check_free(port: int, paths: Paths) -> None:
    """Raise `CannotServe` if the port is taken, naming the process that holds it."""
    for family, host in _ADDRESSES:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind((host, port))
            except PermissionError:
                raise CannotServe(
                    f"Port {port} may not be used by this user, so Turnout did not "
                    f"start. Choose a port above 1023 in {paths.config_file}."
                ) from None
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise CannotServe(_taken(port, paths)) from None


def _taken(port: int, paths: Paths) -> str:
    # The keeper is there before its gateway, and also while none can start.
    if answers(paths.control_socket) or answers(paths.keeper_socket):
        return (
            f"Turnout already runs on port {port}, so it was not started again. Ask "
            f"it: {command_path()} status."
        )
    holder = _holder(port)
    return (
        f"Port {port} is taken by {holder}, so Turnout did not start. Stop that "
        f"program, or set another port in {paths.config_file} and in the clients."
    )


def _holder(port: int) -> str:
    """Name who listens on a port; without the right to look, say that."""
    try:
        for connection in psutil.net_connections("tcp"):
            place = connection.laddr
            if connection.status != psutil.CONN_LISTEN or not place:
                continue
            here = place.ip in _IN_THE_WAY and place.port == port
            if here and connection.pid:
                process = psutil.Process(connection.pid)
                return f"{process.name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program, of another user perhaps"


def answers(path: Path) -> bool:
    """Tell whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def configured_port(paths: Paths) -> int:
    """Return the port the configuration names."""
    store = ConfigStore(paths)
    return store.load().settings.port


def become_keeper(paths: Paths, port: int) -> int:
    """Turn this process into the keeper; does not return when it works."""
    check_free(port, paths)
    command = keeper_command(paths, port)
    sys.stdout.write(
        f"Turnout starts on http://127.0.0.1:{port} and serves until Ctrl-C or "
        f"`{command_path()} stop`.\n"
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


def start_keeper(paths: Paths, port: int) -> subprocess.Popen[bytes]:
    """Start a keeper that outlives this process, its terminal and its session."""
    check_free(port, paths)
    log = os.open(
        paths.logs / "keeper.log",
        os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC,
        0o600,
    )
    try:
        return subprocess.Popen(
            keeper_command(paths, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            umask=0o077,
        )
    finally:
        os.close(log)
