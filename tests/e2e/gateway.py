"""Starts Turnout as a user would, as a process of its own, and stops it cleanly.

Everything it asks goes through the command line or the port, never through the
product's modules.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from upstream.coding import FINAL, THOUGHT

TURNOUT = Path(sys.executable).with_name("turnout")
SCRIPTED_KEY = "sk-scripted-7f3c9a51e6d24b08"
READY_WITHIN = 20.0
STOPPED_WITHIN = 20.0

CONFIG = """\
[gateway]
port = {port}

[[providers]]
id = "scripted"
base_url = "{upstream}"
protocols = [{protocols}]
key = "env:SCRIPTED_KEY"
billing = "metered"
place = "provider"
any_model = true

[[providers.models]]
id = "scripted-large"
lane = "claude/premium"
context = 200000
max_output = 64000
tools = true
vision = true
price = {{ input = "3.00", output = "15.00", cache_read = "0.30" }}
"""

VENDORS = ("anthropic-messages", "openai-responses", "openai-chat")
Row = Mapping[str, object]


def config(port: int, upstream: str, protocols: Iterable[str] = VENDORS) -> str:
    """The text of a `config.toml` with one provider that speaks these protocols."""
    words = ", ".join(f'"{each}"' for each in protocols)
    return CONFIG.format(port=port, upstream=upstream, protocols=words)


@dataclass(frozen=True, slots=True)
class Said:
    """The gateway's plain answer to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Turnout:
    """A running Turnout: its home, its port and its foreground process."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """The gateway's base URL, without a version path."""
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """What `turnout WORDS` prints; it must succeed."""
        done = subprocess.run(
            [str(TURNOUT), *words],
            env=environment(self.home),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def new_key(self, name: str) -> str:
        """Make a gateway key."""
        made = json.loads(self.command("keys", "new", name, "--json"))
        assert made["name"] == name
        return str(made["key"])

    def events(self) -> list[Row]:
        """The record of finished requests, oldest first."""
        rows = rows_of(self.command("events", "--json"))
        return sorted(rows, key=lambda row: str(row["time"]))

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """One plain HTTP request to the gateway."""
        request = urllib.request.Request(self.url + path, body, dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Said(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Said(refused.code, dict(refused.headers), refused.read())


def rows_of(text: str) -> list[Row]:
    """The events in a command's output: a JSON list, in an object, or lines."""
    try:
        value = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(value, dict):
        value = value.get("events", [value])
    return list(value)


def free_port() -> int:
    """A port nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """A whole environment: nothing of the test's own keys is in it."""
    outside = home.parent / "outside"
    outside.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(outside),
        "XDG_RUNTIME_DIR": str(outside),
        "TURNOUT_HOME": str(home),
        "SCRIPTED_KEY": SCRIPTED_KEY,
        "QT_QPA_PLATFORM": "offscreen",
    }


@contextlib.contextmanager
def running(
    home: Path,
    upstream: str | None,
    words: Sequence[str] = ("serve",),
    protocols: Iterable[str] = VENDORS,
    more: str = "",
) -> Iterator[Turnout]:
    """`turnout WORDS --port N` until the block ends, then a clean SIGTERM.

    Without an upstream there is no config.toml, so the practice provider
    answers. The upstream is taken for a provider of these protocols; `more` is put
    behind its entry.
    """
    home.mkdir()
    port = free_port()
    if upstream is not None:
        text = config(port, upstream, protocols)
        (home / "config.toml").write_text(text + more)
        (home / "config.toml").chmod(0o600)
    log = home.parent / "turnout.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(TURNOUT), *words, "--port", str(port)],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    turnout = Turnout(home, port, process, log)
    try:
        _wait_ready(turnout)
        yield turnout
    except BaseException:
        _kill(home)
        process.wait()
        raise
    _stop(turnout)


def _wait_ready(turnout: Turnout) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        code = turnout.process.poll()
        assert code is None, f"exit {code}: {turnout.log.read_text()}"
        with contextlib.suppress(OSError):
            if turnout.ask("/health").status == 200:
                return
        time.sleep(0.02)
    message = f"not ready in {READY_WITHIN} s: {turnout.log.read_text()}"
    raise AssertionError(message)


def _stop(turnout: Turnout) -> None:
    """SIGTERM: exit 0, nothing left running, no socket, no secret on disk."""
    turnout.process.send_signal(signal.SIGTERM)
    try:
        code = turnout.process.wait(STOPPED_WITHIN)
    except subprocess.TimeoutExpired:
        _kill(turnout.home)
        turnout.process.wait()
        code = None
    left = processes(turnout.home)
    _kill(turnout.home)
    assert code == 0, f"exit {code}: {turnout.log.read_text()}"
    assert left == [], "processes are left behind"
    base = turnout.home.parent
    assert [path for path in base.rglob("*") if path.is_socket()] == []
    for secret in (SCRIPTED_KEY, FINAL, THOUGHT):
        assert files_with(base, secret.encode()) == []


def files_with(folder: Path, words: bytes) -> list[Path]:
    """The plain files under Turnout's home and log that hold these bytes."""
    places = [folder / "turnout.log", *(folder / "home").rglob("*")]
    files = [path for path in places if path.is_file()]
    return [path for path in files if words in path.read_bytes()]


def processes(home: Path) -> list[psutil.Process]:
    """Every process started for this home, however far detached."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TURNOUT_HOME") == str(home):
                found.append(process)
    return found


def _kill(home: Path) -> None:
    for process in processes(home):
        with contextlib.suppress(psutil.Error):
            process.kill()
