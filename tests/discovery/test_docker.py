"""Docker is asked two questions over its socket; what is secret stays there."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from servers.double import Double, Reply, html, json_reply, plain

from discovery import docker as module
from discovery.docker import find_containers, look_at_containers
from discovery.findings import ContainerFound
from discovery.surroundings import Surroundings

CANARY = "canary-not-a-secret"
OLLAMA = {
    "Id": "8dfafdbc3a40",
    "Names": ["/ollama"],
    "Image": "ollama/ollama:0.40.2",
    "ImageID": "sha256:0123",
    "State": "running",
    "Status": "Up 2 hours",
    "Labels": {
        "com.docker.compose.project": "ai",
        "com.docker.compose.service": "ollama",
        "traefik.http.middlewares.auth.basicauth.users": CANARY,
    },
    "Ports": [
        {"IP": "::", "PrivatePort": 11434, "PublicPort": 11500, "Type": "tcp"},
        {"IP": "0.0.0.0", "PrivatePort": 11434, "PublicPort": 11500, "Type": "tcp"},
    ],
}


@asynccontextmanager
async def listening(double: Double, path: Path) -> AsyncIterator[Double]:
    path.parent.mkdir(parents=True, exist_ok=True)
    server = await asyncio.start_unix_server(double.serve, str(path))
    try:
        yield double
    finally:
        server.close()
        await server.wait_closed()


def docker(*containers: object) -> Double:
    return Double(
        {"/_ping": plain("OK"), "/containers/json": json_reply(list(containers))}
    )


def around(home: Path, **environ: str) -> Surroundings:
    return Surroundings(home, environ, "linux")


def at(socket: Path) -> Surroundings:
    return around(socket.parent, DOCKER_HOST=f"unix://{socket}")


async def only(socket: Path, **changes: object) -> ContainerFound:
    async with listening(docker({**OLLAMA, **changes}), socket):
        (found,) = await find_containers(at(socket))
    return found


@pytest.fixture(autouse=True)
def _no_docker_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module._usual

    def usual(surroundings: Surroundings) -> list[Path]:
        return [path for path in real(surroundings) if path.parts[1] != "var"]

    monkeypatch.setattr(module, "_usual", usual)


async def test_a_container_of_a_known_image_is_found(tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    double = docker(OLLAMA, {"Image": "nginx:latest", "Names": ["/web"]})
    async with listening(double, socket):
        seen = await look_at_containers(at(socket))
    assert seen.problem == ""
    assert seen.containers == (
        ContainerFound(
            "ollama",
            "ollama/ollama:0.40.2",
            "Ollama",
            "http://127.0.0.1:11500",
            "running",
            "ai",
        ),
    )


async def test_two_questions_are_asked_and_nothing_secret_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    socket = tmp_path / "docker.sock"
    double = docker(OLLAMA)
    async with listening(double, socket):
        seen = await look_at_containers(at(socket))
    assert double.paths == ["/_ping", "/containers/json"]
    assert double.verbs == {"GET"}
    assert CANARY not in repr(seen)
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("ports", "address"),
    [
        ([], ""),
        ([{"PrivatePort": 11434, "Type": "tcp"}], ""),
        ([{"PrivatePort": 11434, "PublicPort": 1, "Type": "udp"}], ""),
        ([{"PrivatePort": 11434, "PublicPort": 9, "IP": ""}], "http://127.0.0.1:9"),
        ([{"PrivatePort": 11434, "PublicPort": 9, "IP": "::1"}], "http://[::1]:9"),
        (
            [{"PrivatePort": 11434, "PublicPort": 9, "IP": "192.168.1.7"}],
            "http://192.168.1.7:9",
        ),
        ([{"PrivatePort": 11434, "PublicPort": 9, "IP": "x"}], ""),
        # Told another port inside, where only one goes out.
        ([{"PrivatePort": 9000, "PublicPort": 9}], "http://127.0.0.1:9"),
        (
            [
                {"PrivatePort": 9000, "PublicPort": 9},
                {"PrivatePort": 9001, "PublicPort": 8},
            ],
            "",
        ),
    ],
)
async def test_an_address_is_what_the_host_reaches(
    tmp_path: Path, ports: list[object], address: str
) -> None:
    assert (await only(tmp_path / "d.sock", Ports=ports)).address == address


async def test_what_speaks_no_http_has_a_plain_address(tmp_path: Path) -> None:
    ports = [{"PrivatePort": 5432, "PublicPort": 5432, "IP": "127.0.0.1"}]
    found = await only(tmp_path / "d.sock", Image="postgres:17", Ports=ports)
    assert (found.what, found.address) == ("Postgres", "127.0.0.1:5432")


async def test_a_container_that_tells_little_is_no_trouble(tmp_path: Path) -> None:
    socket = tmp_path / "d.sock"
    async with listening(docker({"Image": "n8nio/n8n", "Labels": None}), socket):
        (found,) = await find_containers(at(socket))
    assert found == ContainerFound("", "n8nio/n8n", "n8n", "", "")


async def test_names_cannot_paint_a_terminal(tmp_path: Path) -> None:
    found = await only(tmp_path / "d.sock", Names=["/a\x1b[31m\nb"])
    assert found.name == "a[31mb"


@pytest.mark.parametrize(
    "double",
    [
        Double(otherwise=html()),
        Double({"/_ping": plain("OK")}),
        Double({"/_ping": plain("OK"), "/containers/json": json_reply({"a": 1})}),
        Double(otherwise=Reply(302, headers=(("Location", "http://127.0.0.1:1/"),))),
    ],
)
async def test_a_socket_that_is_not_dockers_is_said(
    tmp_path: Path, double: Double
) -> None:
    socket = tmp_path / "docker.sock"
    async with listening(double, socket):
        seen = await look_at_containers(at(socket))
    assert seen.containers == ()
    assert f"Docker's socket {socket} is there but gave no answer" in seen.problem


async def test_without_docker_there_is_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / ".docker" / "run").mkdir(parents=True)
    (tmp_path / ".docker" / "run" / "docker.sock").write_text("no socket", "utf-8")
    seen = await look_at_containers(around(tmp_path))
    assert (seen.containers, seen.problem) == ((), "")


async def test_an_address_that_cannot_be_a_file_is_no_trouble(tmp_path: Path) -> None:
    odd = around(tmp_path, DOCKER_HOST="unix:///x\0y")
    assert await find_containers(odd) == ()


async def test_a_folder_that_may_not_be_entered_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_socket", forbidden)
    assert await find_containers(at(tmp_path / "docker.sock")) == ()


@pytest.mark.parametrize("host", ["tcp://192.0.2.7:2375", "ssh://mara@gpu-box"])
async def test_docker_on_another_machine_is_not_asked(
    tmp_path: Path, host: str
) -> None:
    async with listening(docker(OLLAMA), tmp_path / ".docker/run/docker.sock") as here:
        seen = await look_at_containers(around(tmp_path, DOCKER_HOST=host))
    assert seen.containers == ()
    assert "another machine" in seen.problem
    assert here.asked == []


async def test_windows_is_not_asked_yet(tmp_path: Path) -> None:
    seen = await look_at_containers(Surroundings(tmp_path, {}, "win32"))
    assert "Windows" in seen.problem


def _context(folder: Path, name: str, host: str) -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()
    file = folder / "contexts" / "meta" / digest / "meta.json"
    file.parent.mkdir(parents=True)
    told = {"Name": name, "Endpoints": {"docker": {"Host": host}}}
    file.write_text(json.dumps(told), "utf-8")


async def test_the_context_in_use_is_asked(tmp_path: Path) -> None:
    socket = tmp_path / "colima.sock"
    folder = tmp_path / ".docker"
    _context(folder, "colima", f"unix://{socket}")
    settings = {"currentContext": "colima", "auths": {"x": {"auth": CANARY}}}
    (folder / "config.json").write_text(json.dumps(settings), "utf-8")
    async with (
        listening(docker(OLLAMA), socket),
        listening(docker(), folder / "run/docker.sock") as usual,
    ):
        assert len(await find_containers(around(tmp_path))) == 1
        assert usual.asked == []
        default = around(tmp_path, DOCKER_CONTEXT="default")
        assert await find_containers(default) == ()
        assert usual.asked
        moved = tmp_path / "elsewhere"
        _context(moved, "colima", f"unix://{socket}")
        named = around(tmp_path, DOCKER_CONFIG=str(moved), DOCKER_CONTEXT="colima")
        assert len(await find_containers(named)) == 1


async def test_the_next_socket_is_asked_where_one_is_dead(tmp_path: Path) -> None:
    podman = tmp_path / "run" / "podman" / "podman.sock"
    async with (
        listening(Double(otherwise=html()), tmp_path / ".docker/run/docker.sock"),
        listening(docker(OLLAMA), podman),
    ):
        here = around(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "run"))
        (found,) = await find_containers(here)
    assert found.name == "ollama"
