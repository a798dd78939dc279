"""A small gateway that keeps the keeper's contract, for the keeper's tests.

It must not know anything of the real gateway. The file ``mode`` in TURNOUT_HOME tells
it how to behave: ``die`` (end before ready), ``mute`` (no heartbeat) or nothing.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

KEEPER = Path(__file__).parents[2] / "app" / "keeper.py"


class FakeGateway:
    def __init__(self, mode: str) -> None:
        self.fds = {fd: _target(fd) for fd in range(64) if _target(fd)}
        take = os.environ.pop
        numbers = [int(fd) for fd in take("TURNOUT_FDS").split(",")]
        self.ready = int(take("TURNOUT_READY"))
        self.hold = int(take("TURNOUT_HOLD"))
        self.beat = float(take("TURNOUT_BEAT"))
        self.mode = mode
        self.home = Path(os.environ["TURNOUT_HOME"])
        self.listeners = [socket.socket(fileno=fd) for fd in numbers]
        for fd in (*numbers, self.ready, self.hold):
            os.set_inheritable(fd, False)
        self.woken, self.wake = socket.socketpair()
        self.wake.setblocking(False)
        self.threads: list[threading.Thread] = []
        self.told: list[int] = []
        self.keepers: list[subprocess.Popen[bytes]] = []

    def run(self) -> None:
        signal.set_wakeup_fd(self.wake.fileno())
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, lambda number, _: self.told.append(number))
        os.write(self.ready, b"1")
        holds = [self.hold]
        while not self.told:
            reading: list[Any] = [*self.listeners, *holds, self.woken]
            found = select.select(reading, [], [], 0.05)[0]
            if self.mode != "mute":
                with contextlib.suppress(BrokenPipeError):
                    os.write(self.ready, b"h")
            for listener in self.listeners:
                if listener in found:
                    self.accept(listener)
            if self.hold in found:
                holds = []
                self.mend()
        for listener in self.listeners:
            listener.close()
        for thread in self.threads:
            thread.join(20)

    def accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            client = listener.accept()[0]
            client.setblocking(True)
            thread = threading.Thread(target=self.serve, args=(client,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def serve(self, client: socket.socket) -> None:
        with client:
            said = client.recv(65536)
            if b"/slow" in said:
                self.send(client)
                client.recv(1)  # the client says when the answer may end
            client.sendall(self.answer())

    def send(self, client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answer(self) -> bytes:
        keeper = int(os.environ["TURNOUT_KEEPER_PID"])
        seen = {"pid": os.getpid(), "keeper": keeper, "fds": self.fds}
        body = json.dumps({**seen, "env": sorted(os.environ)}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Connection: close\r\n\r\n" + body

    def mend(self) -> None:
        """The keeper is gone: start a new one with our sockets."""
        fds = [listener.fileno() for listener in self.listeners]
        own = sys.argv[1:]
        command = [sys.executable, "-I", "-S", str(KEEPER), *own]
        command += ["--adopt-fds", ",".join(map(str, fds))]
        command += ["--adopt-pid", str(os.getpid()), "--"]
        command += [sys.executable, "-I", "-S", *sys.argv]
        self.keepers.append(
            subprocess.Popen(command, pass_fds=fds, start_new_session=True)
        )


def _target(fd: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{fd}").readlink())
    except OSError:
        return ""


if __name__ == "__main__":
    mode_file = Path(os.environ["TURNOUT_HOME"]) / "mode"
    found_mode = mode_file.read_text("utf-8") if mode_file.exists() else ""
    if found_mode == "die":
        sys.exit(3)
    if found_mode == "never":
        time.sleep(60)
    FakeGateway(found_mode).run()
