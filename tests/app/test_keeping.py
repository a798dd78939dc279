"""The keeper's own socket, asked by a real client of a real keeper."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import keeper, keeping
from app.keeping import KeeperStatus, ask_for_a_start, end_keeper, keeper_status
from app.paths import Paths, make_folders, paths_for


@pytest.fixture(params=["h", "x" * 120])
def paths(tmp_path: Path, request: pytest.FixtureRequest) -> Paths:
    found = paths_for({"XDG_RUNTIME_DIR": str(tmp_path)}, tmp_path / request.param)
    make_folders(found)
    return found


@contextmanager
def kept(paths: Paths, *gateway: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the real keeper with `gateway` behind it."""
    own = ["--home", str(paths.home), "--run", str(paths.run), "--port", "0"]
    log = ["--log", str(paths.logs / "keeper.log")]
    command = [sys.executable, "-I", "-S", keeper.__file__, *own, *log, "--", *gateway]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def soon(look: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not look():
        assert time.monotonic() < limit
        os.sched_yield()


def failing(paths: Paths) -> bool:
    told = keeper_status(paths)
    return told is not None and told.failures >= 3


def test_a_keeper_whose_gateway_cannot_start_says_so_and_can_be_ended(
    paths: Paths,
) -> None:
    with kept(paths, sys.executable, "-c", "raise SystemExit(1)") as process:
        soon(lambda: failing(paths))
        told = keeper_status(paths)
        assert told
        assert (told.pid, told.ready) == (process.pid, False)
        assert told.port > 0
        assert ask_for_a_start(paths)
        assert end_keeper(paths) is not None
        assert process.wait(10) == 0
    assert keeper_status(paths) is None
    assert end_keeper(paths) is None
    assert not ask_for_a_start(paths)


@contextmanager
def answering(paths: Paths, line: bytes) -> Iterator[None]:
    """Serve one client at the keeper's place."""

    def serve() -> None:
        client = door.accept()[0]
        with client:
            client.recv(100)
            client.sendall(line)

    with (
        socket.socket(socket.AF_UNIX) as door,
        keeping.short_address(paths.keeper_socket) as place,
    ):
        door.bind(place)
        door.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(5)


def test_what_is_no_keeper_is_not_believed(paths: Paths) -> None:
    with answering(paths, b"hello\n"):
        assert keeper_status(paths) is None


def test_a_keeper_that_names_another_process_ends_nobody(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("somebody was ended"))
    status = {"pid": 1, "port": 2, "ready": False, "failures": 3, "gateway_pid": None}
    with answering(paths, json.dumps(status).encode()):
        assert end_keeper(paths) is None


def test_a_keeper_is_ended_by_a_term_signal(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *told: ended.append(told))
    pid = os.getpid()
    status = {"pid": pid, "port": 2, "ready": False, "failures": 3}
    with answering(paths, json.dumps(status).encode()):
        assert end_keeper(paths) == KeeperStatus(pid, 2, ready=False, failures=3)
    assert ended == [(pid, signal.SIGTERM)]


def test_another_users_keeper_is_not_asked(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "peer_uid", lambda _: os.getuid() + 1)
    with kept(paths, "/bin/true"):
        soon(paths.keeper_socket.exists)
        assert keeper_status(paths) is None
