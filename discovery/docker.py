"""Finds containers of known programs by asking Docker for its list of them.

It must be called only after the user agreed to just this: who may open Docker's socket
may do anything here. It asks `/_ping` and `/containers/json` over a socket of this
machine and nothing else; a container is never inspected, for that shows its secrets.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from discovery.answers import decoded
from discovery.files import look_at
from discovery.findings import ContainerFound
from discovery.images import Image, known_image
from discovery.knock import LIST_BYTES, knocking
from discovery.surroundings import Surroundings

SECONDS: Final = 2.5
"""How long asking Docker takes at most."""

_UNIX: Final = "unix://"
_ANYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - read, not bound
_LONGEST: Final = 200
_BASE: Final = "http://docker"


@dataclass(frozen=True, slots=True)
class ContainersSeen:
    """Containers whose image is known; `problem` says why there may be more, or ''."""

    containers: tuple[ContainerFound, ...] = ()
    problem: str = ""


async def find_containers(surroundings: Surroundings) -> tuple[ContainerFound, ...]:
    """Return the running containers whose image is known; see `look_at_containers`."""
    return (await look_at_containers(surroundings)).containers


async def look_at_containers(surroundings: Surroundings) -> ContainersSeen:
    """Return the running containers whose image is known.

    The first socket that answers is asked, in the order in which Docker's own command
    would choose. Takes at most `SECONDS` for each that is there.
    """
    if surroundings.platform == "win32":
        return ContainersSeen(problem="Docker cannot be asked on Windows yet.")
    told = _told(surroundings)
    if told and not told.startswith(_UNIX):
        sentence = "Docker's settings name another machine; only this one is asked."
        return ContainersSeen(problem=sentence)
    paths = [Path(told.removeprefix(_UNIX))] if told else _usual(surroundings)
    there = [path for path in paths if _is_socket(path)]
    for path in there:
        containers = await _ask(path)
        if containers is not None:
            return ContainersSeen(containers)
    if there:
        sentence = (
            f"Docker's socket {there[0]} is there but gave no answer: Docker may be "
            "stopped, or you may not be allowed to open it."
        )
        return ContainersSeen(problem=sentence)
    return ContainersSeen()


# --- where Docker is ---


class _Settings(msgspec.Struct):
    # Logins stand in this file too; they are not read.
    current: str = msgspec.field(default="", name="currentContext")


class _Endpoint(msgspec.Struct):
    host: str = msgspec.field(default="", name="Host")


class _Endpoints(msgspec.Struct):
    docker: _Endpoint = msgspec.field(default_factory=_Endpoint)


class _Context(msgspec.Struct):
    endpoints: _Endpoints = msgspec.field(name="Endpoints")


def _told(surroundings: Surroundings) -> str:
    """Return the address that the user's settings name, '' for the usual ones."""
    environ = surroundings.environ
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    given = environ.get("DOCKER_CONFIG")
    folder = Path(given) if given else surroundings.home / ".docker"
    settings = decoded(look_at(folder / "config.json").data or b"", _Settings)
    name = environ.get("DOCKER_CONTEXT") or (settings.current if settings else "")
    if name in {"", "default"}:
        return ""
    # Docker's own store: a folder by the digest of the context's name.
    digest = hashlib.sha256(name.encode()).hexdigest()
    file = folder / "contexts" / "meta" / digest / "meta.json"
    context = decoded(look_at(file).data or b"", _Context)
    return context.endpoints.docker.host if context else ""


def _usual(surroundings: Surroundings) -> list[Path]:
    home = surroundings.home
    runtime = surroundings.environ.get("XDG_RUNTIME_DIR", "")
    own = [Path(runtime, "docker.sock"), Path(runtime, "podman/podman.sock")]
    return [
        Path("/var/run/docker.sock"),
        home / ".docker/run/docker.sock",
        *(own if runtime.startswith("/") else ()),
        home / ".colima/default/docker.sock",
        home / ".orbstack/run/docker.sock",
    ]


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # a folder that this user may not look into
        return False


# --- what it says ---


class _Labels(msgspec.Struct):
    # Labels can hold passwords of other programs' rules: only this one is read.
    project: str = msgspec.field(default="", name="com.docker.compose.project")


class _Port(msgspec.Struct):
    private: int = msgspec.field(name="PrivatePort")
    public: int = msgspec.field(default=0, name="PublicPort")
    ip: str = msgspec.field(default="", name="IP")
    type: str = msgspec.field(default="tcp", name="Type")


class _Container(msgspec.Struct):
    image: str = msgspec.field(name="Image")
    names: list[str] = msgspec.field(default_factory=list, name="Names")
    state: str = msgspec.field(default="", name="State")
    labels: _Labels | None = msgspec.field(default=None, name="Labels")
    ports: list[_Port] | None = msgspec.field(default=None, name="Ports")


async def _ask(socket: Path) -> tuple[ContainerFound, ...] | None:
    connector = aiohttp.UnixConnector(str(socket), force_close=True)
    async with knocking(SECONDS, connector) as knocker:
        pong = await knocker.get(f"{_BASE}/_ping")
        if pong is None or not pong.ok or pong.text.strip() != "OK":
            return None
        listed = await knocker.get(f"{_BASE}/containers/json", LIST_BYTES)
    if listed is None or not listed.ok or not listed.is_json:
        return None
    containers = decoded(listed.body, list[_Container])
    if containers is None:
        return None
    return tuple(
        _found(each, image)
        for each in containers
        if (image := known_image(each.image)) is not None
    )


def _found(container: _Container, image: Image) -> ContainerFound:
    names = [name.removeprefix("/") for name in container.names]
    return ContainerFound(
        name=_plain(names[0] if names else ""),
        image=_plain(container.image),
        what=image.what,
        address=_address(container.ports or (), image),
        state=_plain(container.state),
        project=_plain(container.labels.project if container.labels else ""),
    )


def _address(ports: Sequence[_Port], image: Image) -> str:
    """Return where the host reaches the program, '' where it does not."""
    public = [port for port in ports if port.public and port.type == "tcp"]
    fitting = [port for port in public if port.private == image.port]
    if not fitting and len({port.private for port in public}) == 1:
        fitting = public
    # The same port is often published for IPv4 and for IPv6.
    fitting.sort(key=lambda port: ":" in port.ip)
    for port in fitting:
        host = "127.0.0.1" if port.ip in _ANYWHERE else _host(port.ip)
        if host:
            return f"{'http://' if image.http else ''}{host}:{port.public}"
    return ""


def _host(ip: str) -> str:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    return f"[{address}]" if address.version == 6 else str(address)


def _plain(text: str) -> str:
    """Return a name as it may be shown on a terminal."""
    return "".join(filter(str.isprintable, text))[:_LONGEST]
