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
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from app.child import keeper_command
from app.identity import command_path
from app.keeping import keeper_status, short_address
from app.settings import ConfigStore

if TYPE_CHECKING:
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
    here = _runs_here(paths)
    if here:
        return here
    holder = _holder(port)
    return (
        f"Port {port} is taken by {holder}, so Turnout did not start. Stop that "
        f"program, or set another port in {paths.config_file} and in the clients."
    )


def _runs_here(paths: Paths) -> str:
    """Say that this home has a Turnout already, '' where it has none."""
    # The keeper is there before its gateway, and also while none can start.
    kept = keeper_status(paths)
    if kept is None and not any(
        map(answers, (paths.control_socket, paths.keeper_socket))
    ):
        return ""
    where = f" on port {kept.port}" if kept else ""
    if kept and kept.failures and not kept.ready:
        return (
            f"Turnout already runs for this home{where}, but its gateway cannot start "
            f"({kept.failures} times in a row), so it was not started again. "
            f"{command_path()} logs says why, {command_path()} stop ends it."
        )
    return (
        f"Turnout already runs for this home{where}, so it was not started again. "
        f"Ask it: {command_path()} status."
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
                name = _other_turnout(process) or process.name()
                return f"{name} (process {connection.pid})"
    except psutil.Error:
        pass
    return "another program, of another user perhaps"


def _other_turnout(process: psutil.Process) -> str:
    """Name a Turnout of another home by its command line, '' where it is none."""
    words = process.cmdline()
    if words[-3:] == ["-m", "app", "gateway"]:
        home = process.environ().get("TURNOUT_HOME", "")
    elif "--home" in words[:-1] and any(
        Path(word).name == "keeper.py" for word in words
    ):
        home = words[words.index("--home") + 1]
    else:
        return ""
    return f"another Turnout, of the home {home}" if home else "another Turnout"


def answers(path: Path) -> bool:
    """Tell whether somebody listens on a Unix socket; its path may be long."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            with short_address(path) as place:
                probe.connect(place)
        except OSError:
            return False
        return True


def runs(paths: Paths) -> bool:
    """Tell whether this home's gateway or its keeper answers."""
    return answers(paths.control_socket) or answers(paths.keeper_socket)


def configured_port(paths: Paths) -> int:
    """Return the port the configuration names."""
    store = ConfigStore(paths)
    return store.load().settings.port


def become_keeper(paths: Paths, port: int) -> int:
    """Turn this process into the keeper; does not return when it works.

    Raises `CannotServe` where this home has one, the port is taken, or the home
    cannot be written.
    """
    if here := _runs_here(paths):
        raise CannotServe(here)
    _check_writable(paths)
    check_free(port, paths)
    command = keeper_command(paths, port)
    sys.stdout.write(
        f"Turnout starts on http://127.0.0.1:{port} and serves until Ctrl-C or "
        f"`{command_path()} stop`.\n"
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)


def _check_writable(paths: Paths) -> None:
    for folder in (paths.run, paths.logs):
        if not os.access(folder, os.W_OK):
            raise CannotServe(
                f"Turnout cannot write in {folder}, so it did not start. Make that "
                "folder writable, or name another home with TURNOUT_HOME."
            )


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
