"""Starts what is compared: the bare provider, nginx before it, Turnout before it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from e2e.gateway import TURNOUT, environment, free_port, processes, running

from bench.spoken import config

_TESTS = Path(__file__).resolve().parent.parent
_SETTLE = 3.0

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 32m;
  client_body_buffer_size 2m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 300s;
  keepalive_requests 1000000;
  upstream provider {{
    server 127.0.0.1:{source};
    keepalive 256;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers on a port, and the processes that do it.

    `key` is a gateway key; targets that know none pass it on or ignore it.
    """

    name: str
    port: int
    key: str
    processes: tuple[psutil.Process, ...]


class BenchProblem(Exception):
    """The bench cannot run; the text says what is missing."""


@contextlib.contextmanager
def all_targets() -> Iterator[tuple[Target, ...]]:
    """Direct, nginx and Turnout with its tray, all before one source."""
    with (
        tempfile.TemporaryDirectory(prefix="turnout-bench-") as name,
        _source() as direct,
        _nginx(Path(name), direct.port) as nginx,
        _turnout(Path(name), direct.port) as turnout,
    ):
        yield direct, nginx, turnout


@contextlib.contextmanager
def _source() -> Iterator[Target]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.source"],
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_TESTS)},
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Target("direct", port, "tnt_none", (psutil.Process(process.pid),))
        finally:
            process.terminate()


def nginx_path() -> str:
    """Where nginx is; Debian keeps it where not every user's PATH looks."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise BenchProblem("nginx is not installed: apt-get install nginx-light")
    return found


@contextlib.contextmanager
def _nginx(base: Path, source: int) -> Iterator[Target]:
    folder = base / "nginx"
    folder.mkdir()
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, source=source, port=port))
    command = [nginx_path(), "-p", str(folder), "-c", str(config)]
    with subprocess.Popen([*command, "-e", str(folder / "error.log")]) as process:
        try:
            _wait_for(port, process)
            yield Target("nginx", port, "tnt_none", _family(process.pid))
        finally:
            process.terminate()


@contextlib.contextmanager
def _turnout(base: Path, source: int) -> Iterator[Target]:
    """Turnout as users run it: keeper, gateway, key, record, and a tray nobody sees."""
    folder = base / "t"
    folder.mkdir()
    entries = config(source)
    url = f"http://127.0.0.1:{source}"
    with running(folder / "home", url, more=entries) as turnout:
        key = turnout.new_key("claude-code")
        with subprocess.Popen(
            [str(TURNOUT), "tray", "--hidden"],
            env=environment(turnout.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as tray:
            try:
                time.sleep(_SETTLE)
                if tray.poll() is not None:
                    assert tray.stderr is not None
                    raise BenchProblem(tray.stderr.read().decode())
                found = tuple(processes(turnout.home))
                yield Target("Turnout", turnout.port, key, found)
            finally:
                tray.send_signal(signal.SIGTERM)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port)),
        ):
            return
        time.sleep(0.05)
    raise BenchProblem("nginx did not start")


def _family(pid: int) -> tuple[psutil.Process, ...]:
    process = psutil.Process(pid)
    return process, *process.children(recursive=True)
