"""One home and the processes of it: started, asked, killed and looked for by tests.

What `e2e.gateway` does for a test that only needs a Turnout, this does for tests of
the processes themselves. It imports nothing of the product.
"""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil
from e2e.gateway import (
    TURNOUT,
    Said,
    Turnout,
    config,
    environment,
    free_port,
)

WITHIN = 20.0
Found = TypeVar("Found")
Row = dict[str, Any]


class House:
    """A home below `base`; every process started for it is ended with `close`."""

    def __init__(
        self, base: Path, upstream: str | None = None, extra: str = ""
    ) -> None:
        """Write `config.toml`; `extra` goes into its table `[gateway]`."""
        self.home = base / "home"
        self.home.mkdir(mode=0o700, parents=True)
        self.base = base
        self.port = free_port()
        self.env = environment(self.home)
        self.log = base / "turnout.log"
        self._keys: dict[str, str] = {}
        if upstream is not None or extra:
            text = config(self.port, upstream or "http://[::1]:1")
            text = text.replace("\n\n", f"\n{extra}\n\n", 1)
            (self.home / "config.toml").write_text(text)
            (self.home / "config.toml").chmod(0o600)

    # --- starting ---

    def begin(self, *more: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """`turnout serve --port N`, not waited for; its words go to `log`."""
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [str(TURNOUT), "serve", "--port", str(self.port), *more],
                env=self.env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def serve(self, *more: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """`turnout serve`, ready."""
        process = self.begin(*more, cwd=cwd)
        self.until_ready(process)
        return process

    def until_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the gateway answers."""

        def ready() -> bool:
            code = process.poll()
            assert code is None, f"exit {code}: {self.log.read_text()}"
            with contextlib.suppress(OSError):
                return self.ask("/health").status == 200
            return False

        until(ready)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`turnout WORDS`, ended."""
        return subprocess.run(
            [str(TURNOUT), *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def say(self, *words: str) -> str:
        """What `turnout WORDS` prints; it must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    # --- asking ---

    @property
    def url(self) -> str:
        """The gateway's base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """A client's headers; its key is made at the first call."""
        if "test" not in self._keys:
            made = json.loads(self.say("keys", "new", "test", "--json"))
            self._keys["test"] = made["key"]
        return {
            "x-turnout-key": self._keys["test"],
            "content-type": "application/json",
        }

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> Said:
        """One plain request, a POST where there is a body."""
        nobody: Any = None
        turnout = Turnout(self.home, self.port, nobody, self.log)
        return turnout.ask(path, body, headers)

    def keeper(self) -> Row:
        """What `keeper.sock` says of itself; {} where nobody answers."""
        with socket.socket(socket.AF_UNIX) as peer, contextlib.suppress(OSError):
            peer.settimeout(2)
            peer.connect(str(self.home / "run" / "keeper.sock"))
            peer.sendall(b"status\n")
            found: Row = json.loads(peer.recv(4096) or b"{}")
            return found
        return {}

    def gateway(self) -> int:
        """The process id of the gateway that serves, as its keeper names it."""
        return int(until(lambda: self.keeper().get("gateway_pid") or 0))

    def next_gateway(self, *before: int) -> int:
        """Wait until the keeper names a ready gateway that is none of `before`."""

        def another() -> int:
            told = self.keeper()
            pid = int(told.get("gateway_pid") or 0)
            return pid if told.get("ready") and pid not in before else 0

        return until(another)

    def processes(self) -> list[psutil.Process]:
        """What runs for this home now, without zombies.

        Told by the made-up HOME: TURNOUT_HOME need not be set.
        """
        outside, found = self.env["HOME"], []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if one.environ().get("HOME") == outside and lives(one):
                    found.append(one)
        return found

    def gateways(self) -> set[int]:
        """The process ids of all gateways of this home."""
        found = set()
        for one in self.processes():
            with contextlib.suppress(psutil.Error):
                words = one.cmdline()
                # The keeper's line names the gateway's, too.
                if words[-1:] == ["gateway"] and "keeper" not in " ".join(words):
                    found.add(one.pid)
        return found

    def rows(self) -> list[Row]:
        """The published view of the ledger, oldest first."""
        return self.query("SELECT * FROM requests ORDER BY sequence")

    def unfinished(self) -> list[Row]:
        """Requests that were routed and have no finishing row."""
        return self.query(
            "SELECT * FROM routed WHERE id NOT IN (SELECT id FROM finished)"
        )

    def query(self, sql: str) -> list[Row]:
        """The rows of a question to the database file."""
        uri = f"{(self.home / 'turnout.db').as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]

    # --- ending ---

    def clean(self) -> None:
        """Nothing of it runs and no socket is left."""
        assert self.processes() == []
        assert [path for path in self.base.rglob("*") if path.is_socket()] == []

    def close(self) -> None:
        """Kill what is left, and what that starts meanwhile."""
        while left := self.processes():
            for one in left:
                with contextlib.suppress(psutil.Error):
                    one.kill()


@contextlib.contextmanager
def house(base: Path, upstream: str | None = None, extra: str = "") -> Iterator[House]:
    """A house whose processes end with the block, however it ends."""
    made = House(base, upstream, extra)
    try:
        yield made
    finally:
        made.close()


def until(look: Callable[[], Found], within: float = WITHIN) -> Found:
    """Look until the answer is true and return it."""
    deadline = time.monotonic() + within
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """Whether a process runs: a zombie does not."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def kill(*pids: int) -> None:
    """Kill -9."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def ended(process: subprocess.Popen[bytes], within: float = WITHIN) -> int:
    """The exit status of a process that ends by itself."""
    return process.wait(within)


def holding(words: bytes, places: Sequence[Path]) -> list[Path]:
    """The files in and below `places` that hold these bytes."""
    files = [file for place in places for file in (place, *place.rglob("*"))]
    return [file for file in files if file.is_file() and words in file.read_bytes()]
