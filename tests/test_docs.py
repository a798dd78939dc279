"""Runs what the README tells a reader to type, and holds the reference pages fresh.

A fenced block marked `sh` is a promise: its lines are run in the order they stand,
while the app that `make run` started is up. What belongs elsewhere (a client's own
settings, say) stands in blocks of other marks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_README = _ROOT / "README.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# How a reader comes to where these tests already are.
_ARRIVAL = re.compile(r"(git clone|cd) ")
_READY_WITHIN = 45.0
_GONE_WITHIN = 20.0


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """A home of its own for one run of the app, and the port it is told to take."""

    folder: Path
    port: int

    def environment(self) -> dict[str, str]:
        """What a shell there knows; no display, so the gateway serves by itself."""
        kept = {name: text for name, text in os.environ.items() if "QT_" not in name}
        kept["HOME"] = str(self.folder)
        kept["TURNOUT_HOME"] = str(self.folder / "turnout")
        return kept


def _commands() -> list[str]:
    blocks = _BLOCK.findall(_README.read_text(encoding="utf-8"))
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(folder=tmp_path, port=_free_port())
    folder = tmp_path / "turnout"
    folder.mkdir(mode=0o700)
    config = folder / "config.toml"
    config.write_text(f"[gateway]\nport = {made.port}\n", encoding="utf-8")
    config.chmod(0o600)
    return made


def _healthy(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    address = f"http://127.0.0.1:{port}/health"
    try:
        with opener.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def _running(command: str, home: Home) -> Iterator[None]:
    """The app as `command` starts it, from ready until stopped as Ctrl-C stops it."""
    log = home.folder / "run.log"
    with log.open("wb") as output:
        app = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=_ROOT,
            env=home.environment(),
            start_new_session=True,
            stderr=subprocess.STDOUT,
            stdout=output,
        )
    try:
        deadline = time.monotonic() + _READY_WITHIN
        while not _healthy(home.port):
            told = log.read_text(errors="replace")
            assert app.poll() is None, f"{command} ended: {told}"
            assert time.monotonic() < deadline, f"{command} is not ready: {told}"
            time.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(app.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            app.wait(timeout=_GONE_WITHIN)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(app.pid, signal.SIGKILL)
        app.wait()
    assert not _listening(home.port), "something still listens after the stop"


def _type(command: str, home: Home) -> None:
    """Runs one line of the README as a reader at the top of the checkout would."""
    # The port of this home instead of the usual one: that may be taken here.
    line = command.replace("8787", str(home.port))
    done = subprocess.run(
        ["sh", "-euc", line],
        capture_output=True,
        check=False,
        cwd=_ROOT,
        env=home.environment(),
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_the_two_commands_are_in_the_readme_and_in_the_makefile() -> None:
    commands = _commands()
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("run", "test"):
        assert f"make {target}" in commands
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_readme_can_be_followed(home: Home) -> None:
    assert shutil.which("make")
    commands = [line for line in _commands() if not _ARRIVAL.match(line)]
    start = commands.index("make run")
    for command in commands[:start]:
        if command != "make test":
            _type(command, home)
    with _running("make run", home):
        for command in commands[start + 1 :]:
            if command not in {"make run", "make test"}:
                _type(command, home)


def test_reference_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        capture_output=True,
        check=False,
        cwd=_ROOT,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
