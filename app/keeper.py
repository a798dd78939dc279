"""Hold the gateway's port and keep a gateway behind it.

The keeper must not import anything but the standard library, read settings or keys,
or look at a request beyond its first line. It is one file run by path (``python -I -S
app/keeper.py``) with plain classes and no asyncio: packages, dataclasses (1.3 MB) and
the like cost memory in a process that is always there. What it and a gateway say to
each other: docs/decisions/0003-processes-and-the-door.md. Proven on Linux. Children
are noticed by SIGCHLD and ``waitpid``, as on any POSIX system; an adopted gateway, no
child of ours, by a pidfd or else by a look each half second (not run on macOS).
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import json
import math
import os
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

CANNOT_START, ALREADY_RUNS = 1, 4  # exit statuses; argparse gives 2
FAILURES_UNTIL_DOWN, LOG_LIMIT = 3, 1_000_000  # starts in a row, bytes
RETRY_DELAYS = (0.0, 0.05, 0.2, 5.0)  # seconds after the 1st, 2nd, ... failed start
SHORT_LIFE, SHORT_LIVES, SHORT_LIFE_DELAY = 2.0, 5, 1.0
START_LIMIT, PLANNED_START_LIMIT = 60.0, 20.0  # seconds until the ready byte
DRAIN_LIMIT = 660.0  # a superseded gateway drains for 600 s at most, then ends
STOP_LIMIT, HURRY_LIMIT, HANDOVER_LIMIT, LOOK_EACH = 15, 4, 2, 0.5
LOCK_LIMIT, LOCK_PAUSE = 2, 0.02
BACKLOG = 1024  # the gateway's sites call listen() again: the same number there
CLIENTS_AT_ONCE, READ_SIZE, FIRST_BYTES_LIMIT, LINGER_LIMIT = 256, 65536, 5.0, 0.3
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
HELP = (
    "Turnout is here, but its gateway could not start three times in a row, so your"
    " request was not sent anywhere. Turnout tries again every 5 seconds. `{0} doctor`"
    " says what is wrong, `{0} logs` why it fails. To work without Turnout meanwhile,"
    " run `{0} undo --all`; what you set by hand you take out by hand: in Claude Code"
    " ANTHROPIC_BASE_URL, in Codex `--profile turnout`, in opencode `turnout`."
)


def restart_delay(failures: int, short_lives: int = 0) -> float:
    """Say how many seconds to wait before the next start.

    ``failures`` are starts in a row that ended before their ready byte. Ordinary ends
    may follow each other; ``short_lives`` within two seconds of ready are slowed down.
    """
    if failures > 0:
        return RETRY_DELAYS[min(failures, len(RETRY_DELAYS)) - 1]
    return SHORT_LIFE_DELAY if short_lives >= SHORT_LIVES else 0.0


def request_line(head: bytes) -> tuple[str, str]:
    """Read method and path from a request's first bytes, empty where there is none.

    The path comes without query, without ``/k/<key>`` and with a single ``/v1``.
    """
    words = [*head.partition(b"\n")[0].decode("latin-1").split(), "", ""]
    path = words[1].partition("?")[0]
    if path.startswith("/k/"):
        path = "/" + path[3:].partition("/")[2]
    while path.startswith("/v1/v1/"):
        path = path[3:]
    return words[0], path


def down_answer(head: bytes, command: str) -> bytes:
    """Build the 503 in the protocol's error form; ``command`` is typed for Turnout."""
    method, path = request_line(head)
    message = HELP.format(command)
    content: dict[str, object] = {"status": "down", "message": message}
    if (path + "/").startswith("/v1/messages/"):
        api_error = {"type": "api_error", "message": message}
        content = {"type": "error", "error": api_error}
    elif path != "/health":
        openai = {"type": "server_error", "param": None, "code": "turnout_down"}
        content = {"error": {"message": message, **openai}}
    body = json.dumps(content).encode()
    start = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
        "x-should-retry: false\r\nConnection: close\r\n\r\n"
    ).encode()
    return start if method == "HEAD" else start + body


class CannotStartError(Exception):
    """The keeper cannot run; the text is for the user, ``status`` for the starter."""

    def __init__(self, message: str, status: int = CANNOT_START) -> None:
        super().__init__(message)
        self.status = status


def options(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments after the program's name; a wrong one exits with status 2."""
    parser = argparse.ArgumentParser("keeper.py", allow_abbrev=False)
    for name, default in (("--home", ""), ("--command", "turnout")):
        parser.add_argument(name, default=default)
    for name in ("--run", "--log"):
        parser.add_argument(name, required=True, type=os.path.abspath)
    parser.add_argument("--port", required=True, type=int)
    for name in ("--adopt-fds", "--adopt-pid"):
        parser.add_argument(name, default=[], type=lambda s: [*map(int, s.split(","))])
    parser.add_argument("--heartbeat", default=40.0, type=float, help=argparse.SUPPRESS)
    parser.add_argument("gateway", nargs="+", metavar="-- CMD [ARG...]")
    return parser.parse_args(argv)


def open_log(path: str) -> int:
    """Open the log to append, 0600; past 1 MB it first loses its older half."""
    log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    if (size := os.fstat(log).st_size) > LOG_LIMIT:
        tail = os.pread(log, size, size // 2)
        os.ftruncate(log, 0)
        os.write(log, tail.partition(b"\n")[2])
    return log


def check_folder(run: str) -> None:
    """Refuse (CannotStartError) a run folder that somebody else could use."""
    found = os.lstat(run)
    private = found.st_uid == os.getuid() and not found.st_mode & 0o077
    if not (stat.S_ISDIR(found.st_mode) and private):
        raise CannotStartError(f"{run} must be your own, mode 0700.")


def take_lock(run: str, patience: float) -> int:
    """Become the one keeper of a run folder, waiting ``patience`` seconds for it.

    A child must never get the descriptor (it would hold the lock on after our death),
    and the file is never unlinked. Raises CannotStartError if it is held.
    """
    lock = os.open(f"{run}/keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(1 + int(patience / LOCK_PAUSE)):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        time.sleep(LOCK_PAUSE)
    raise CannotStartError("Turnout already runs for this home.", ALREADY_RUNS)


def bind(port: int) -> list[socket.socket]:
    """Listen on both loopback addresses, without IPv6 on one; or CannotStartError."""
    sockets: list[socket.socket] = []
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:  # create_server sets SO_REUSEADDR and IPV6_V6ONLY
            one = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            if sockets and not taken:
                break
            why = "another program listens there" if taken else error.strerror
            message = f"Turnout did not start: port {port} of {host}: {why}."
            raise CannotStartError(message) from None
        sockets.append(one)
        port = one.getsockname()[1]
    return sockets


def systemd_descriptors(env: Mapping[str, str]) -> list[int]:
    """Name the sockets a socket unit opened for this process (sd_listen_fds(3))."""
    meant = env.get("LISTEN_PID") == str(os.getpid())
    return list(range(3, 3 + int(env.get("LISTEN_FDS") or "0"))) if meant else []


def open_door(run: str) -> tuple[socket.socket, int]:
    """Bind keeper.sock, 0600, and return it with the inode that proves it ours.

    The caller holds the lock, so a socket that is there already has no owner.
    """
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    back, mask = os.open(".", os.O_RDONLY), os.umask(0o177)
    os.chdir(run)  # a bare name fits where the whole path is too long for a socket
    try:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat("keeper.sock").st_mode):
                os.unlink("keeper.sock")
        door.bind("keeper.sock")
        inode = os.lstat("keeper.sock").st_ino
    finally:
        os.umask(mask)
        os.fchdir(back)
        os.close(back)
    door.listen(8)
    door.setblocking(False)
    return door, inode


class Gateway:
    """One gateway process: our child, or adopted (then ``process`` is None).

    ``ready_fd`` is our end of its ready pipe or -1; ``until`` when patience with its
    start or drain ends; ``misses`` the looks in a row that found no heartbeat.
    """

    def __init__(self, pid: int, process: subprocess.Popen[bytes] | None) -> None:
        self.pid, self.process = pid, process
        self.until, self.ready_at, self.misses = math.inf, 0.0, 0
        self.ready_fd = self.pidfd = -1
        if process is None and hasattr(os, "pidfd_open"):
            self.pidfd = os.pidfd_open(pid)

    def ended(self) -> bool:
        """Say whether the process is gone, and reap it if it was our child."""
        if self.process is not None:
            return self.process.poll() is not None
        if self.pidfd >= 0:
            return bool(select.select([self.pidfd], [], [], 0)[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return False
        return True

    def tell(self, number: signal.Signals) -> None:
        """Send a signal; a process that has just ended does not mind."""
        with contextlib.suppress(ProcessLookupError):
            if self.pidfd >= 0:
                signal.pidfd_send_signal(self.pidfd, number)
            elif not self.ended():
                os.kill(self.pid, number)

    def hear(self) -> bytes:
        """Read what waits in its ready pipe; the pipe's end closes our side."""
        with contextlib.suppress(BlockingIOError):
            if self.ready_fd >= 0:
                if said := os.read(self.ready_fd, READ_SIZE):
                    return said
                self.close()
        return b""

    def close(self) -> None:
        """Close what we hold of it."""
        for fd in (self.ready_fd, self.pidfd):
            if fd >= 0:
                os.close(fd)
        self.ready_fd = self.pidfd = -1


class Desk:
    """Clients that get one answer to their first bytes, none of them waited for."""

    def __init__(self, answer: Callable[[socket.socket, bytes], bytes]) -> None:
        self._answer = answer
        self._answered: set[socket.socket] = set()
        self.until: dict[socket.socket, float] = {}  # oldest first

    def accept(self, listener: socket.socket) -> None:
        """Let a waiting client in; beyond the limit the oldest has to go."""
        with contextlib.suppress(OSError):  # it has gone again
            client = listener.accept()[0]
            client.setblocking(False)
            if len(self.until) >= CLIENTS_AT_ONCE:
                self._drop(next(iter(self.until)))
            self.until[client] = time.monotonic() + FIRST_BYTES_LIMIT

    def read(self, client: socket.socket) -> None:
        """Answer a client's first bytes, then read on for a moment before closing."""
        try:  # closing with bytes unread would send a reset, and the answer is lost
            said = client.recv(READ_SIZE)
            if said and client not in self._answered:
                client.send(self._answer(client, said))
                client.shutdown(socket.SHUT_WR)
                self._answered.add(client)
                self.until[client] = time.monotonic() + LINGER_LIMIT
        except OSError:
            said = b""
        if not said:
            self._drop(client)

    def expire(self, now: float) -> None:
        """Close the clients whose time is over."""
        for client in [one for one, until in self.until.items() if until <= now]:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        self.until.pop(client, None)
        self._answered.discard(client)
        client.close()


class Keeper:
    """The gateways behind the listening sockets, and the loop that watches them.

    ``current`` serves, ``starting`` is not ready yet, those ``draining`` were told to
    end. Moments are monotonic seconds; infinity means never.
    """

    def __init__(self, options: argparse.Namespace, env: Mapping[str, str]) -> None:
        self._options = options
        fds = options.adopt_fds or systemd_descriptors(env)
        for fd in fds:
            os.set_inheritable(fd, False)
        pipes = [fd for fd in fds if stat.S_ISFIFO(os.fstat(fd).st_mode)]
        handed = [socket.socket(fileno=fd) for fd in fds if fd not in pipes]
        self._listeners = handed or bind(options.port)
        for listener in self._listeners:
            listener.setblocking(False)
        self._port: int = self._listeners[0].getsockname()[1]
        self._hold = pipes or os.pipe()
        self._shared = [one.fileno() for one in self._listeners] + [self._hold[0]]
        self._env = {k: v for k, v in env.items() if not k.startswith("LISTEN_")} | {
            "TURNOUT_HOME": options.home,
            "TURNOUT_FDS": ",".join(map(str, self._shared[:-1])),
            "TURNOUT_HOLD": str(self._hold[0]),
            "TURNOUT_KEEPER_PID": str(os.getpid()),
            "TURNOUT_BEAT": str(options.heartbeat / 4),
        }
        self._log_fd = open_log(options.log)
        self._desk = Desk(lambda _, head: down_answer(head, options.command))
        self._door = Desk(self._reply)
        self._door_socket, self._door_inode = open_door(options.run)
        self._wake, self._woken = socket.socketpair()
        self._current: Gateway | None = None
        self._starting: Gateway | None = None
        self._draining: list[Gateway] = []
        self._failures = self._short_lives = self._stops = 0
        self._retry_at = self._stop_at = self._look_at = math.inf
        self._again = False

    def run(self) -> int:
        """Keep a gateway until told to stop; return the exit status."""
        self._wake.setblocking(False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # set_wakeup_fd needs a handler
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._log(f"keeper runs, port {self._port}")
        self._adopt(self._options.adopt_pid)
        self._start()
        try:
            while self._gateways() or self._stop_at == math.inf:
                self._turn()
        finally:
            self._shut_door()
        self._log("keeper ends")
        return 0

    def _adopt(self, pids: Sequence[int]) -> None:
        for place, pid in enumerate(pids):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if place:
                    self._supersede(Gateway(pid, None))
                elif pid:
                    self._current = Gateway(pid, None)

    def _gateways(self) -> list[Gateway]:
        return [one for one in (self._current, self._starting, *self._draining) if one]

    def _turn(self) -> None:
        calls = self._watched()
        poller = select.poll()
        for fd in calls:
            poller.register(fd, select.POLLIN)
        for fd, _ in poller.poll(self._milliseconds()):
            calls[fd]()
        for gateway in self._gateways():
            if gateway.ended():
                self._bury(gateway)
        self._tick(time.monotonic())

    def _watched(self) -> dict[int, Callable[[], None]]:
        calls: dict[int, Callable[[], None]] = {
            self._woken.fileno(): self._signals,
            self._door_socket.fileno(): partial(self._door.accept, self._door_socket),
        }
        if self._current is None and self._failures >= FAILURES_UNTIL_DOWN:
            for one in self._listeners:
                calls[one.fileno()] = partial(self._desk.accept, one)
        for desk in (self._desk, self._door):
            for one in desk.until:
                calls[one.fileno()] = partial(desk.read, one)
        if self._starting and self._starting.ready_fd >= 0:
            calls[self._starting.ready_fd] = self._listen_for_ready
        calls.update({one.pidfd: lambda: None for one in self._gateways()})
        calls.pop(-1, None)
        return calls

    def _milliseconds(self) -> int | None:
        moments = [self._retry_at, self._stop_at, self._look_at]
        moments += [one.until for one in self._gateways()]
        moments += [*self._desk.until.values(), *self._door.until.values()]
        due = min(moments) - time.monotonic()
        if any(one.process is None and one.pidfd < 0 for one in self._gateways()):
            due = min(due, LOOK_EACH)
        return None if due == math.inf else max(0, math.ceil(due * 1000))

    def _start(self) -> None:
        """Start a gateway; the one that serves goes on until the new one is ready."""
        self._retry_at = math.inf
        self._again = self._starting is not None
        if self._starting or not self._listeners:
            return
        ready, theirs = os.pipe()
        os.set_blocking(ready, False)
        try:
            child = subprocess.Popen(
                self._options.gateway,
                stdin=subprocess.DEVNULL,
                env={**self._env, "TURNOUT_READY": str(theirs)},
                pass_fds=[*self._shared, theirs],
                process_group=0,  # Ctrl-C is for the keeper, which passes it on once
            )
        except OSError as error:
            os.close(ready)
            self._failed(f"gateway cannot be started: {error.strerror}")
            return
        finally:
            os.close(theirs)
        limit = PLANNED_START_LIMIT if self._current else START_LIMIT
        self._starting = Gateway(child.pid, child)
        self._starting.ready_fd = ready
        self._starting.until = time.monotonic() + limit

    def _listen_for_ready(self) -> None:
        new, old, now = self._starting, self._current, time.monotonic()
        if new is None or not new.hear():
            return
        self._log(f"gateway {new.pid} is ready")
        new.until, new.ready_at = math.inf, now
        self._current, self._starting, self._failures = new, None, 0
        self._look_at = now + self._options.heartbeat / 2
        if old:
            self._supersede(old)
        if self._again:
            self._start()

    def _supersede(self, old: Gateway) -> None:
        self._log(f"gateway {old.pid} is superseded and drains")
        old.until = time.monotonic() + DRAIN_LIMIT
        self._draining.append(old)
        old.tell(signal.SIGUSR1)

    def _bury(self, gateway: Gateway) -> None:
        gateway.close()
        code = gateway.process.returncode if gateway.process else "unknown"
        what = f"gateway {gateway.pid} ended, status {code}"
        if gateway in self._draining:
            self._draining.remove(gateway)
            self._log(what)
        elif gateway is self._starting:
            self._starting = None
            self._failed(f"{what} before it was ready")
        else:
            self._current = None
            self._log(what)
            short = time.monotonic() - gateway.ready_at < SHORT_LIFE
            self._short_lives = self._short_lives + 1 if short else 0
            if self._starting is None:
                delay = restart_delay(self._failures, self._short_lives)
                self._retry_at = time.monotonic() + delay

    def _failed(self, what: str) -> None:
        if self._current and self._current.process:
            self._log(f"{what}; gateway {self._current.pid} goes on")
            delay = math.inf
        else:
            self._failures += 1
            delay = restart_delay(self._failures)
            if self._failures <= 4 or self._failures % 100 == 0:
                self._log(f"{what} ({self._failures} in a row)")
        self._retry_at = time.monotonic() + (0 if self._again else delay)

    def _tick(self, now: float) -> None:
        self._desk.expire(now)
        self._door.expire(now)
        for gateway in self._gateways():
            if gateway.until <= now:
                self._kill(gateway, "took too long")
        if self._stop_at <= now:
            self._end_silent(now)
        if self._retry_at <= now:
            self._start()
        if self._look_at <= now:
            self._look(now)

    def _look(self, now: float) -> None:
        """Count looks without a heartbeat: fewer wake-ups than reading every beat."""
        one, pause = self._current, self._options.heartbeat / 2
        late = now - self._look_at > pause / 2  # the keeper itself did not run
        self._look_at = now + pause if one and one.process else math.inf
        if one and one.process:
            one.misses = 0 if one.hear() or late else one.misses + 1
            if one.misses >= 2:
                self._kill(one, "is silent")

    def _kill(self, gateway: Gateway, why: str) -> None:
        self._log(f"gateway {gateway.pid} {why} and is killed")
        gateway.until = math.inf
        gateway.tell(signal.SIGKILL)

    def _signals(self) -> None:
        for number in self._woken.recv(READ_SIZE):
            if number == signal.SIGHUP:
                self._start()
            elif number in {signal.SIGTERM, signal.SIGINT}:
                self._stop()

    def _stop(self) -> None:
        """End the gateways; the second time they hurry, the third time are killed."""
        self._stops, now = self._stops + 1, time.monotonic()
        self._stop_at = now + (STOP_LIMIT if self._stops == 1 else HURRY_LIMIT)
        self._retry_at = self._look_at = math.inf
        for listener in self._listeners:
            listener.close()  # from now on clients are refused, not left waiting
        self._listeners.clear()
        for gateway in self._gateways():
            gateway.hear()  # so that only later heartbeats count
            gateway.until = min(gateway.until, now + DRAIN_LIMIT)
            gateway.tell(signal.SIGTERM if self._stops < 3 else signal.SIGKILL)

    def _end_silent(self, now: float) -> None:
        """Kill the gateways that hang: one that drains for longer goes on beating."""
        self._stop_at = now + STOP_LIMIT
        for gateway in self._gateways():
            if self._stops > 1 or not gateway.hear():
                self._kill(gateway, "does not end")

    def _reply(self, peer: socket.socket, said: bytes) -> bytes:
        """Answer one line on keeper.sock; elsewhere the folder's mode is the guard."""
        if sys.platform == "linux":
            found = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            if struct.unpack("3i", found)[1] != os.getuid():
                return b"refused\n"
        if said == b"status\n":
            return self._status()
        if said == b"restart\n":
            self._start()
            return b"ok\n"
        if said == b"handover\n" and self._listeners:
            self._hand_over(peer)
        return b"unknown\n"

    def _status(self) -> bytes:
        one = self._current or self._starting
        found = {"pid": os.getpid(), "gateway_pid": one.pid if one else None}
        found |= {"ready": self._current is not None, "failures": self._failures}
        return json.dumps({**found, "port": self._port}).encode() + b"\n"

    def _hand_over(self, peer: socket.socket) -> None:
        """Give all to the peer (with the hold pipe: we are not dead) and end."""
        pids = [one.pid if one else 0 for one in (self._current, *self._draining)]
        fds = [*self._shared, self._hold[1]]
        peer.settimeout(HANDOVER_LIMIT)  # nothing may change until it has answered
        socket.send_fds(peer, [json.dumps(pids).encode() + b"\n"], fds)
        if peer.recv(READ_SIZE) != b"ok\n":
            return
        if self._starting:
            self._kill(self._starting, "is not handed over")
        self._log("keeper hands over")
        self._shut_door()
        os._exit(0)

    def _shut_door(self) -> None:
        path = f"{self._options.run}/keeper.sock"
        with contextlib.suppress(OSError):
            if os.lstat(path).st_ino == self._door_inode:
                os.unlink(path)

    def _log(self, event: str) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with contextlib.suppress(OSError):  # a full disk must not end the keeper
            os.write(self._log_fd, f"{when} keeper[{os.getpid()}] {event}\n".encode())


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the keeper in the foreground and return its exit status.

    0: stopped or handed over, 1: cannot run, 2: wrong words, 4: another keeper runs.
    """
    given = options(argv)
    try:
        check_folder(given.run)
        take_lock(given.run, LOCK_LIMIT if given.adopt_fds else 0)
        keeper = Keeper(given, env)
    except CannotStartError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        sys.stderr.write(f"Turnout did not start: {what}.\n")
        return CANNOT_START
    return keeper.run()


if __name__ == "__main__":  # compiling this file leaves 2 MB behind, bytecode does not
    code = "import os, sys; sys.path.append(os.path.dirname(sys.argv[1]));"
    code += "import keeper; sys.exit(keeper.main(sys.argv[2:], os.environ))"
    again = [sys.executable, "-I", "-S", "-c", code, os.path.abspath(__file__)]
    os.execv(sys.executable, again + sys.argv[1:])  # noqa: S606 - itself, no shell
