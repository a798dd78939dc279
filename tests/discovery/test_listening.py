"""Sockets and the names of their processes are seen, and nothing more of those."""

import socket
from types import SimpleNamespace
from typing import ClassVar

import psutil
import pytest

from discovery.listening import Listener, is_server_name, listeners


@pytest.mark.parametrize(
    "name",
    [
        "ollama",
        "ollama.exe",
        "ollama app.exe",
        "Ollama",
        "LM Studio",
        "LM Studio Helper",
        "llama-server",
        "llama",
        "local-ai",
        "vllm",
        "VLLM::EngineCore",
        "koboldcpp-linux-x64",
        "Jan",
        "litellm",
        "open-webui",
    ],
)
def test_names_of_model_servers_are_known(name: str) -> None:
    assert is_server_name(name)


@pytest.mark.parametrize("name", ["python3", "node", "janitor", "llamaland", "", "com"])
def test_other_names_are_not(name: str) -> None:
    assert not is_server_name(name)


@pytest.mark.parametrize(
    ("ip", "is_open"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.7", True),
        ("", False),
    ],
)
def test_what_is_not_loopback_is_open(ip: str, is_open: bool) -> None:
    assert Listener(1, ip).open_to_network is is_open


def test_a_listening_socket_of_this_process_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        (seen,) = [each for each in listeners() if each.port == port]
    assert (seen.ip, seen.known, seen.inner) == ("127.0.0.1", False, False)
    assert seen.program == psutil.Process().name()


class _Process:
    """A process of psutil's that tells its name and parent and nothing else."""

    names: ClassVar = {1: "ollama", 2: "llama-server", 3: "llama-server", 4: "bash"}
    parents: ClassVar = {1: 4, 2: 1, 3: 4}

    def __init__(self, pid: int) -> None:
        if pid not in self.names:
            raise psutil.NoSuchProcess(pid)
        self.pid = pid

    def name(self) -> str:
        return self.names[self.pid]

    def parent(self) -> "_Process":
        return _Process(self.parents[self.pid])


def _connection(pid: int | None, port: int, status: str = "LISTEN") -> SimpleNamespace:
    place = SimpleNamespace(ip="127.0.0.1", port=port)
    return SimpleNamespace(pid=pid, laddr=place, status=status)


def test_a_runner_of_ollamas_is_no_server_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = [
        _connection(1, 11434),
        _connection(2, 40_001),
        _connection(3, 8080),
        _connection(9, 9000),
        _connection(None, 9001),
        _connection(1, 50_000, "ESTABLISHED"),
    ]
    monkeypatch.setattr(psutil, "net_connections", lambda kind: every)
    monkeypatch.setattr(psutil, "Process", _Process)
    seen = {each.port: (each.known, each.inner) for each in listeners()}
    assert seen == {
        11434: (True, False),
        40_001: (True, True),
        8080: (True, False),
        9000: (False, False),
        9001: (False, False),
    }


def test_a_process_that_ends_meanwhile_is_no_runner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Ending(_Process):
        def parent(self) -> _Process:
            raise psutil.NoSuchProcess(self.pid)

    monkeypatch.setattr(psutil, "net_connections", lambda kind: [_connection(3, 8080)])
    monkeypatch.setattr(psutil, "Process", Ending)
    (seen,) = listeners()
    assert (seen.known, seen.inner) == (True, False)


def test_where_looking_is_forbidden_nothing_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(kind: str) -> list[object]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", forbidden)
    assert listeners() == ()
