import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from app import serve
from app.keeping import KeeperStatus
from app.paths import Paths, make_folders, paths_for
from app.serve import (
    CannotServe,
    answers,
    become_keeper,
    check_free,
    configured_port,
    start_keeper,
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = paths_for({}, tmp_path / "h")
    make_folders(found)
    return found


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refusal(port: int, paths: Paths) -> str:
    with pytest.raises(CannotServe) as refused:
        check_free(port, paths)
    return str(refused.value)


def test_a_free_port_is_free_and_stays_so(paths: Paths) -> None:
    port = free()
    check_free(port, paths)
    check_free(port, paths)


def test_who_holds_the_port_is_named(paths: Paths, taken: int) -> None:
    said = refusal(taken, paths)
    assert f"Port {taken} is taken by {psutil.Process().name()}" in said
    assert f"(process {os.getpid()})" in said
    assert str(paths.config_file) in said


@pytest.mark.parametrize("host", ["::1", "::", "0.0.0.0"])
def test_one_family_is_enough_to_be_in_the_way(paths: Paths, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        port = listening.getsockname()[1]
        assert f"(process {os.getpid()})" in refusal(port, paths)


def test_who_listens_elsewhere_is_not_blamed(paths: Paths, taken: int) -> None:
    """Another program may have the same port of another address."""
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.2', int(sys.argv[1])));"
        "print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(taken)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"ready\n"
        assert f"(process {os.getpid()})" in refusal(taken, paths)


def test_a_holder_nobody_may_look_at_is_told_so(
    paths: Paths, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    assert "another program, of another user perhaps" in refusal(taken, paths)


@pytest.mark.parametrize("name", ["control_socket", "keeper_socket"])
def test_our_own_gateway_is_known(paths: Paths, taken: int, name: str) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(getattr(paths, name)))
        door.listen()
        said = refusal(taken, paths)
    assert "Turnout already runs" in said
    assert " status." in said


STATUS = KeeperStatus(pid=7, port=12811, ready=True, failures=0)


@pytest.mark.parametrize(
    ("failures", "words"),
    [
        (0, ("already runs", "on port 12811", " status.")),
        (4, ("cannot start (4 times in a row)", " logs says why", " stop ends it")),
    ],
)
def test_a_second_start_of_a_home_names_the_running_port(
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failures: int,
    words: tuple[str, ...],
) -> None:
    told = replace(STATUS, failures=failures, ready=not failures)
    monkeypatch.setattr(serve, "keeper_status", lambda _: told)
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it started"))
    with pytest.raises(CannotServe) as refused:
        become_keeper(paths, free())
    for word in words:
        assert word in str(refused.value)
    assert capsys.readouterr().out == ""


def test_a_home_that_cannot_be_written_is_a_sentence(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda folder, _: folder != paths.run)
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it started"))
    with pytest.raises(CannotServe) as refused:
        become_keeper(paths, free())
    assert f"cannot write in {paths.run}" in str(refused.value)
    assert "Errno" not in str(refused.value)


LISTEN = "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0));"
LISTEN += "s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("/x/keeper.py", "--home", "/h/two"), "another Turnout, of the home /h/two"),
        (("/x/keeper.py", "--home", ""), "another Turnout ("),
        (("-m", "app", "gateway"), "another Turnout, of the home /h/three"),
        (("--home", "/h/two"), "python"),
    ],
)
def test_a_turnout_of_another_home_is_known(
    paths: Paths, words: tuple[str, ...], name: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"TURNOUT_HOME": "/h/three"},
    ) as other:
        assert other.stdout
        port = int(other.stdout.readline())
        assert f"is taken by {name}" in refusal(port, paths)


def test_a_socket_answers_only_while_somebody_listens(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert not answers(path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        assert not answers(path)
        door.listen()
        assert answers(path)
    assert not answers(path)
    assert not answers(tmp_path / ("x" * 200))


def test_the_port_is_the_files(paths: Paths) -> None:
    assert configured_port(paths) == 8787
    paths.config_file.write_text("[gateway]\nport = 8799\n")
    assert configured_port(paths) == 8799


def test_to_serve_is_to_become_the_keeper(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    became: list[tuple[str, ...]] = []
    monkeypatch.setattr(os, "execv", lambda file, words: became.append((file, *words)))
    port = free()
    become_keeper(paths, port)
    ((file, *words),) = became
    assert file == sys.executable
    assert words[words.index("--port") + 1] == str(port)
    assert words[-4:] == ["-P", "-m", "app", "gateway"]
    assert f"http://127.0.0.1:{port}" in capsys.readouterr().out


def test_nobody_becomes_the_keeper_of_a_taken_port(
    paths: Paths, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it started"))
    with pytest.raises(CannotServe):
        become_keeper(paths, taken)


def test_a_detached_keeper_outlives_its_starter(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = (
        "import os, sys; os.write(1, repr((os.getsid(0) == os.getpid(), os.getcwd(),"
        " oct(os.umask(0)))).encode())"
    )
    command = (sys.executable, "-c", tell)
    monkeypatch.setattr(serve, "keeper_command", lambda *_: command)
    with start_keeper(paths, free()) as process:
        assert process.wait(10) == 0
    log = paths.logs / "keeper.log"
    assert log.read_text() == "(True, '/', '0o77')"
    assert log.stat().st_mode & 0o777 == 0o600
