"""The keeper: real processes on loopback, a fake gateway behind it."""

import contextlib
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import keeper

ROOT = Path(__file__).parents[2]
FAKE = Path(__file__).with_name("fake_gateway.py")
KEEPER = ROOT / "app" / "keeper.py"
Found = TypeVar("Found")
SYSTEMD = (
    "import os, sys; os.dup2({}, 3); me = str(os.getpid());"
    "os.environ.update(LISTEN_PID=me, LISTEN_FDS='1', LISTEN_FDNAMES='x');"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


# --- values ------------------------------------------------------------------------


def test_delays_grow_with_failed_starts_only() -> None:
    assert [keeper.restart_delay(n) for n in range(6)] == [0, 0, 0.05, 0.2, 5, 5]


def test_gateways_that_keep_dying_after_ready_are_slowed_down() -> None:
    assert keeper.restart_delay(0, 4) == 0
    assert keeper.restart_delay(0, 5) == 1


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"POST /v1/messages?beta=true HTTP/1.1", ("POST", "/v1/messages")),
        (b"POST /k/tk-1/v1/messages HTTP/1.1", ("POST", "/v1/messages")),
        (b"GET /v1/v1/models HTTP/1.1", ("GET", "/v1/models")),
        (b"HEAD / HTTP/1.1", ("HEAD", "/")),
        (b"POST /k/ HTTP/1.1", ("POST", "/")),
        (b"", ("", "")),
        (b"\x16\x03\x01", ("\x16\x03\x01", "")),
    ],
)
def test_request_line(line: bytes, found: tuple[str, str]) -> None:
    assert keeper.request_line(line + b"\r\nHost: x\r\n\r\n") == found


@given(st.binary(max_size=200))
def test_any_first_bytes_get_a_whole_answer(head: bytes) -> None:
    start, _, body = keeper.down_answer(head, "turnout").partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 503 ")
    assert keeper.request_line(head)[0] == "HEAD" or json.loads(body)


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/messages/count_tokens", "/k/abc/v1/v1/messages?x=1"]
)
def test_messages_get_anthropics_error(path: str) -> None:
    content = down(f"POST {path} HTTP/1.1\r\n")
    assert content["type"] == "error"
    assert content["error"]["type"] == "api_error"
    for words in ("logs", "doctor", "undo --all"):
        assert f"`/opt/t {words}`" in content["error"]["message"]


@pytest.mark.parametrize(
    "path", ["/v1/responses", "/v1/chat/completions", "/v1/models", "/v1/messagesx"]
)
def test_all_others_get_openais_error(path: str) -> None:
    error = down(f"POST {path} HTTP/1.1\r\n")["error"]
    assert (error["type"], error["param"]) == ("server_error", None)
    assert error["code"] == "turnout_down"


def test_the_message_says_what_to_take_out() -> None:
    message = down("GET /health HTTP/1.1\r\n")["message"]
    for word in ("Turnout", "three times", "ANTHROPIC_BASE_URL", "--profile turnout"):
        assert word in message
    assert "opencode" in message


def test_head_gets_no_body_and_a_key_is_not_repeated() -> None:
    assert keeper.down_answer(b"HEAD / HTTP/1.1\r\n", "t").endswith(b"\r\n\r\n")
    assert b"tk-secret" not in keeper.down_answer(b"GET /k/tk-secret/v1/x H\r\n", "t")


def down(head: str) -> dict[str, Any]:
    start, _, body = keeper.down_answer(head.encode(), "/opt/t").partition(b"\r\n\r\n")
    lines = start.decode().split("\r\n")
    assert f"Content-Length: {len(body)}" in lines
    assert {"x-should-retry: false", "Connection: close"} <= set(lines)
    found: dict[str, Any] = json.loads(body)
    return found


# --- files ---------------------------------------------------------------------------


def test_a_long_log_loses_its_older_half(tmp_path: Path) -> None:
    log = tmp_path / "keeper.log"
    log.write_bytes(b"".join(b"%07d\n" % n for n in range(150_000)))
    os.close(keeper.open_log(str(log)))
    lines = log.read_bytes().splitlines()
    assert lines[-1] == b"0149999"
    assert 74_000 < len(lines) < 76_000
    assert {len(line) for line in lines} == {7}


def test_the_log_is_private(tmp_path: Path) -> None:
    os.close(keeper.open_log(str(tmp_path / "keeper.log")))
    assert stat.S_IMODE((tmp_path / "keeper.log").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o701, 0o770])
def test_an_open_run_folder_is_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(keeper.CannotStartError, match="0700"):
        keeper.check_folder(str(tmp_path))


def test_a_missing_or_linked_run_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    keeper.check_folder(str(tmp_path))
    with pytest.raises(keeper.CannotStartError):
        keeper.check_folder(str(link))
    with pytest.raises(FileNotFoundError):
        keeper.check_folder(str(tmp_path / "none"))


def test_only_sockets_meant_for_this_process_are_taken() -> None:
    mine = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2"}
    assert keeper.systemd_descriptors(mine) == [3, 4]
    assert keeper.systemd_descriptors({**mine, "LISTEN_PID": "1"}) == []
    assert keeper.systemd_descriptors({}) == []


# --- processes -----------------------------------------------------------------------


class House:
    """One home, the keepers started in it, and what the tests ask them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.run = home / "run"
        self.run.mkdir(mode=0o700, parents=True)
        self.heartbeat = 40.0
        self.started: list[subprocess.Popen[bytes]] = []
        self.pids: set[int] = set()
        self.port = 0

    def start(
        self, *extra: str, before: str = "", **how: Any
    ) -> subprocess.Popen[bytes]:
        own = ["--home", str(self.home), "--run", str(self.run)]
        own += ["--log", str(self.home / "keeper.log"), "--port", str(self.port)]
        own += ["--heartbeat", str(self.heartbeat), "--command", "/opt/turnout"]
        python = [sys.executable, "-I", "-S"]
        command = [*python, str(KEEPER), *own, *extra, "--"]
        command += [*python, str(FAKE), *own]
        if before:
            command = [sys.executable, "-c", before, *command]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, **how
        )
        self.started.append(process)
        return process

    def up(self) -> dict[str, Any]:
        self.start()
        status = self.until_ready()
        self.port = status["port"]
        return status

    def mode(self, word: str) -> None:
        (self.home / "mode").write_text(word, "utf-8")

    def status(self) -> dict[str, Any]:
        found = {"ready": False, "failures": 0, "pid": 0, "gateway_pid": 0}
        with contextlib.suppress(OSError):
            found = json.loads(self.call(b"status\n"))
        self.pids |= {found["pid"], found["gateway_pid"] or 0} - {0}
        return found

    def until_ready(self, old: int = 0) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            status = self.status()
            new = status["gateway_pid"] != old
            return status if new and status["ready"] else None

        return until(look)

    def call(self, line: bytes) -> bytes:
        with self.peer() as peer:
            peer.sendall(line)
            return peer.recv(65536)

    def peer(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(5)
        folder = os.open(self.run, os.O_PATH)  # the path may be too long
        try:
            peer.connect(f"/proc/self/fd/{folder}/keeper.sock")
        except OSError:
            peer.close()
            raise
        finally:
            os.close(folder)
        return peer

    def get(self, line: str = "POST /", host: str = "127.0.0.1") -> dict[str, Any]:
        said = exchange(self.port, f"{line} HTTP/1.1\r\n\r\n".encode(), host)
        found: dict[str, Any] = json.loads(said.partition(b"\r\n\r\n")[2])
        return found

    def log(self) -> str:
        return (self.home / "keeper.log").read_text("utf-8")

    def end(self) -> None:
        self.status()
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def until(look: Callable[[], Found | None], seconds: float = 10) -> Found:
    """Look again and again, with short waits, until there is something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "waited in vain"
        select.select([], [], [], 0.005)
    return found


def exchange(port: int, said: bytes, host: str = "127.0.0.1") -> bytes:
    """Send one request and read until the end of the connection."""
    with socket.create_connection((host, port), 10) as client:
        client.sendall(said)
        return b"".join(iter(lambda: client.recv(65536), b""))


def lives(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[int]:
    """List a process's children, zombies among them."""
    return [
        int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path / "home")
    yield one
    one.end()


def test_it_starts_a_gateway_that_serves_both_addresses(house: House) -> None:
    status = house.up()
    for host in ("127.0.0.1", "::1"):
        assert house.get(host=host)["pid"] == status["gateway_pid"]
    assert status["failures"] == 0
    assert house.get()["keeper"] == status["pid"] == house.started[0].pid


def test_the_gateway_holds_only_what_it_should(house: House) -> None:
    house.up()
    seen = house.get()
    kinds = sorted(
        target.split(":")[0] for fd, target in seen["fds"].items() if int(fd) > 2
    )
    assert kinds == ["pipe", "pipe", "socket", "socket"]
    assert {
        name for name in seen["env"] if name.startswith(("TURNOUT_", "LISTEN_"))
    } == {
        "TURNOUT_HOME",
        "TURNOUT_KEEPER_PID",
    }


def test_files_are_private(house: House) -> None:
    house.up()
    for name in ("run/keeper.sock", "run/keeper.lock", "keeper.log"):
        assert stat.S_IMODE((house.home / name).stat().st_mode) == 0o600


def test_a_killed_gateway_is_replaced_and_nobody_is_refused(house: House) -> None:
    old = house.up()["gateway_pid"]
    began = time.monotonic()
    os.kill(old, signal.SIGKILL)
    answers = [house.get()["pid"] for _ in range(3)]
    assert time.monotonic() - began < 2
    assert len(set(answers)) == 1
    assert old not in answers
    status = house.until_ready(old)
    assert children(status["pid"]) == [status["gateway_pid"]]
    assert status["failures"] == 0


def test_ends_after_ready_are_never_failures(house: House) -> None:
    pid = house.up()["gateway_pid"]
    for _ in range(4):
        os.kill(pid, signal.SIGKILL)
        status = house.until_ready(pid)
        pid = status["gateway_pid"]
        assert status["failures"] == 0


def broken(house: House) -> None:
    """Bring the house to where the keeper answers itself."""
    gateway = house.up()["gateway_pid"]
    house.mode("die")
    os.kill(gateway, signal.SIGKILL)
    until(lambda: house.status()["failures"] >= 3)


def test_a_gateway_that_cannot_start_gets_the_keepers_own_answer(house: House) -> None:
    broken(house)
    anthropic = house.get("POST /v1/messages")
    assert anthropic["error"]["type"] == "api_error"
    assert "`/opt/turnout logs`" in anthropic["error"]["message"]
    assert house.get("POST /v1/responses")["error"]["code"] == "turnout_down"
    assert house.get("GET /health", host="::1")["status"] == "down"
    head = exchange(house.port, b"HEAD / HTTP/1.1\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert head.endswith(b"\r\n\r\n")
    assert "status 3 before it was ready (3 in a row)" in house.log()


def test_it_serves_again_once_a_gateway_can_start(house: House) -> None:
    broken(house)
    assert house.get("GET /health")["status"] == "down"
    house.mode("")
    house.started[0].send_signal(signal.SIGHUP)
    status = house.until_ready()
    assert status["failures"] == 0
    assert house.get()["pid"] == status["gateway_pid"]
    assert children(status["pid"]) == [status["gateway_pid"]]


def test_a_command_that_is_not_there_is_a_failed_start(house: House) -> None:
    own = ["--home", str(house.home), "--run", str(house.run), "--port", "0"]
    own += ["--log", str(house.home / "keeper.log"), "--", str(house.home / "none")]
    command = [sys.executable, "-I", "-S", str(KEEPER), *own]
    house.started.append(subprocess.Popen(command))
    house.port = until(lambda: house.status()["failures"] >= 3 and house.status())[
        "port"
    ]
    assert house.get("GET /health")["status"] == "down"


def test_silent_and_slow_clients_hold_nobody_up(house: House) -> None:
    broken(house)
    address = ("127.0.0.1", house.port)
    silent = [socket.create_connection(address, 5) for _ in range(300)]
    assert house.get("GET /health")["status"] == "down"
    assert silent[0].recv(1) == b""  # the oldest had to go
    silent[-1].sendall(b"POST /v1/messages HTTP/1.1\r\n\r\n")
    assert silent[-1].recv(12) == b"HTTP/1.1 503"
    for client in silent:
        client.close()


def test_a_client_that_sends_a_lot_still_gets_its_answer(house: House) -> None:
    broken(house)
    head = b"POST /v1/messages HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n"
    said = exchange(house.port, head + b"x" * 3_000_000)
    assert b"api_error" in said


@pytest.mark.parametrize("ask", ["signal", "socket"])
def test_no_request_fails_while_a_restart_goes_on(house: House, ask: str) -> None:
    status = house.up()
    stop, seen, errors = threading.Event(), set(), list[OSError]()

    def load() -> None:
        while not stop.is_set():
            try:
                seen.add(house.get()["pid"])
            except OSError as error:
                errors.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    pids = [status["gateway_pid"]]
    for _ in range(3):
        if ask == "signal":
            os.kill(status["pid"], signal.SIGHUP)
        else:
            assert house.call(b"restart\n") == b"ok\n"
        pids.append(house.until_ready(pids[-1])["gateway_pid"])
    until(lambda: pids[-1] in seen)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert errors == []
    assert seen <= set(pids)
    until(lambda: children(status["pid"]) == [pids[-1]])


def test_the_old_gateway_finishes_its_open_stream(house: House) -> None:
    status = house.up()
    with socket.create_connection(("127.0.0.1", house.port), 5) as client:
        client.sendall(b"POST /slow HTTP/1.1\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
        os.kill(status["pid"], signal.SIGHUP)
        new = house.until_ready(status["gateway_pid"])
        until(lambda: house.get()["pid"] == new["gateway_pid"])
        assert lives(status["gateway_pid"])
        client.sendall(b".")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["pid"] == status["gateway_pid"]
    until(lambda: children(status["pid"]) == [new["gateway_pid"]])


def test_a_restart_that_fails_keeps_the_old_gateway(house: House) -> None:
    status = house.up()
    house.mode("die")
    os.kill(status["pid"], signal.SIGHUP)
    until(lambda: f"gateway {status['gateway_pid']} goes on" in house.log())
    assert house.get()["pid"] == status["gateway_pid"]
    assert house.status() == status


def test_sigterm_ends_everything(house: House) -> None:
    status = house.up()
    os.kill(status["pid"], signal.SIGTERM)
    assert house.started[0].wait(10) == 0
    assert not lives(status["gateway_pid"])
    assert not (house.run / "keeper.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        house.get()


def test_sigterm_ends_draining_gateways_too(house: House) -> None:
    status = house.up()
    with socket.create_connection(("127.0.0.1", house.port), 5) as client:
        client.sendall(b"POST /slow HTTP/1.1\r\n\r\n")
        client.recv(65536)
        os.kill(status["pid"], signal.SIGHUP)
        house.until_ready(status["gateway_pid"])
        os.kill(status["pid"], signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            house.started[0].wait(0.1)  # the stream is still open
        client.sendall(b".")
        assert b'"pid"' in b"".join(iter(lambda: client.recv(65536), b""))
    assert house.started[0].wait(10) == 0
    assert not any(lives(pid) for pid in house.pids)


def test_a_second_sigterm_hurries_and_then_kills(house: House) -> None:
    status = house.up()
    os.kill(status["gateway_pid"], signal.SIGSTOP)
    os.kill(status["pid"], signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        house.started[0].wait(0.1)
    os.kill(status["pid"], signal.SIGTERM)
    assert house.started[0].wait(10) == 0
    assert not lives(status["gateway_pid"])


def test_a_second_keeper_says_so_and_leaves(house: House) -> None:
    status = house.up()
    second = house.start(stderr=subprocess.PIPE)
    said = second.communicate(timeout=10)[1].decode()
    assert second.returncode == 4
    assert said == "Turnout already runs for this home.\n"
    assert house.status() == status


def test_a_taken_port_is_refused(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        house.port = other.getsockname()[1]
        process = house.start(stderr=subprocess.PIPE)
        said = process.communicate(timeout=10)[1].decode()
    assert process.returncode == 1
    assert f"port {house.port} of 127.0.0.1" in said
    assert "Traceback" not in said


def test_a_wrong_command_line_is_refused() -> None:
    command = [sys.executable, "-I", "-S", str(KEEPER), "--port", "x"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_a_stale_socket_is_replaced(house: House) -> None:
    status = house.up()
    os.kill(status["pid"], signal.SIGSTOP)  # so that neither can mend the other
    os.kill(status["gateway_pid"], signal.SIGKILL)
    os.kill(status["pid"], signal.SIGKILL)
    house.started[0].wait(10)
    assert (house.run / "keeper.sock").exists()
    new = house.up()
    assert house.get()["pid"] == new["gateway_pid"]


def test_a_long_home_is_no_problem(tmp_path: Path) -> None:
    house = House(tmp_path / ("long" * 40))
    try:
        house.up()
        assert house.get()["pid"] == house.status()["gateway_pid"]
    finally:
        house.end()


@pytest.mark.parametrize("kind", ["stopped", "mute"])
def test_a_gateway_that_hangs_is_replaced(house: House, kind: str) -> None:
    house.heartbeat = 0.6
    if kind == "mute":
        house.mode("mute")
    old = house.up()["gateway_pid"]
    if kind == "mute":
        house.mode("")
    else:
        os.kill(old, signal.SIGSTOP)
    assert house.until_ready(old)["failures"] == 0
    assert house.get()["pid"] != old
    assert f"gateway {old} is silent and is killed" in house.log()


def test_a_gateway_that_beats_is_left_alone(house: House) -> None:
    house.heartbeat = 0.6
    status = house.up()
    with pytest.raises(subprocess.TimeoutExpired):
        house.started[0].wait(1.5)
    assert house.status() == status


def test_after_kill_9_of_the_keeper_the_gateway_gets_a_new_one(house: House) -> None:
    old = house.up()
    os.kill(old["pid"], signal.SIGKILL)
    house.started[0].wait()
    assert house.get()["pid"]
    new = house.until_ready(old["gateway_pid"])
    assert new["pid"] != old["pid"]
    assert new["port"] == old["port"]
    until(lambda: not lives(old["gateway_pid"]))
    assert house.get()["keeper"] == new["pid"]
    os.kill(new["pid"], signal.SIGTERM)
    until(lambda: not any(lives(pid) for pid in house.pids))
    assert not (house.run / "keeper.sock").exists()


def test_an_adopted_gateway_serves_while_no_new_one_can_start(house: House) -> None:
    old = house.up()
    house.mode("die")
    os.kill(old["pid"], signal.SIGKILL)
    house.started[0].wait()
    status = until(lambda: house.status()["failures"] >= 3 and house.status())
    assert status["ready"]
    assert status["gateway_pid"] == old["gateway_pid"]
    assert house.get()["pid"] == old["gateway_pid"]
    os.kill(old["gateway_pid"], signal.SIGKILL)
    until(lambda: not house.status()["ready"])
    assert house.get("GET /health")["status"] == "down"


def test_a_keeper_hands_over_to_the_next(house: House) -> None:
    old = house.up()
    with house.peer() as peer:
        peer.sendall(b"handover\n")
        said, fds, _, _ = socket.recv_fds(peer, 4096, 16)
        assert json.loads(said) == [old["gateway_pid"]]
        peer.sendall(b"ok\n")
        assert house.started[0].wait(10) == 0
    assert house.get()["pid"] == old["gateway_pid"]  # served on, nothing was touched
    adopt = ["--adopt-fds", ",".join(map(str, fds))]
    house.start(*adopt, "--adopt-pid", str(old["gateway_pid"]), pass_fds=fds)
    for fd in fds:
        os.close(fd)
    new = house.until_ready(old["gateway_pid"])
    assert new["pid"] == house.started[1].pid
    until(lambda: not lives(old["gateway_pid"]))
    assert house.get()["pid"] == new["gateway_pid"]


def test_a_handover_nobody_confirms_changes_nothing(house: House) -> None:
    old = house.up()
    with house.peer() as peer:
        peer.sendall(b"handover\n")
        for fd in socket.recv_fds(peer, 4096, 16)[1]:
            os.close(fd)
    assert house.get()["pid"] == old["gateway_pid"]
    assert house.status() == old


def test_unknown_words_at_the_door_are_answered(house: House) -> None:
    house.up()
    assert house.call(b"dance\n") == b"unknown\n"


def test_sockets_of_a_socket_unit_are_used(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        house.port = listener.getsockname()[1]
        number = listener.fileno()
        house.start(before=SYSTEMD.format(number), pass_fds=[number])
    status = house.until_ready()
    assert status["port"] == house.port
    seen = house.get()
    assert seen["pid"] == status["gateway_pid"]
    assert not [name for name in seen["env"] if name.startswith("LISTEN_")]
