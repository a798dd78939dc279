"""Whose call it is: real processes in real folders, and a look-up that is too slow."""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loopback import provider, serving
from raw_wire import until
from upstream import ScriptedUpstream

from proxy.projects import Peer, Projects, _Finder, _holders_anywhere
from proxy.tasks import spawn

CALLER = """
import http.client, sys
port, key, session = sys.argv[1:]
line = http.client.HTTPConnection("127.0.0.1", int(port))
body = b'{"model": "scripted-large", "messages": []}'
heads = {"x-turnout-key": key, "session-id": session}
heads["content-type"] = "application/json"
for _ in range(2):
    line.request("POST", "/v1/messages", body, heads)
    assert line.getresponse().read()
sys.stdin.read()
"""

HOLDER = """
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(line.getsockname()[1], flush=True)
sys.stdin.read()
"""


async def program(text: str, *words: str, cwd: Path) -> asyncio.subprocess.Process:
    """Run a program in a folder; it ends when its input does."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        text,
        *words,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


def folder(root: Path, name: str, *, inside: str = "", git: bool = True) -> Path:
    made = root / name / inside
    made.mkdir(parents=True)
    if git:
        (root / name / ".git").mkdir()
    return made


async def test_two_programs_in_two_projects_get_their_own_labels(
    tmp_path: Path,
) -> None:
    places = {
        "tower": folder(tmp_path, "tower", inside="src/deep"),
        "bridge": folder(tmp_path, "bridge"),
        "plain": folder(tmp_path, "plain", git=False),
    }
    async with (
        ScriptedUpstream() as upstream,
        serving(tmp_path / "h", provider(upstream.url)) as gateway,
    ):
        callers = [
            await program(CALLER, str(gateway.port), gateway.key, name, cwd=place)
            for name, place in places.items()
        ]
        try:
            await until(lambda: len(gateway.events()) == 6, 20.0)
        finally:
            for caller in callers:
                await caller.communicate(b"")
        found = {(event.session, event.project) for event in gateway.events()}
        assert found == {(name, name) for name in places}


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Peer]:
    """A listening port, and a program in a project that is connected to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        holder = await program(HOLDER, str(port), cwd=folder(tmp_path, "held"))
        assert holder.stdout is not None
        far = int(await holder.stdout.readline())
        yield Peer("127.0.0.1", far, port, 1)
        await holder.communicate(b"")


async def test_the_holder_of_a_port_is_found_by_both_ends(held: Peer) -> None:
    assert _Finder().label(held) == "held"
    # The same far port towards another place is another program's.
    elsewhere = Peer(held.host, held.port, held.gateway_port + 1, 2)
    assert _Finder().label(elsewhere) is None
    nobody = Peer(held.host, 1, held.gateway_port, 3)
    assert _Finder().label(nobody) is None
    assert _Finder().label(Peer("192.0.2.1", held.port, held.gateway_port, 4)) is None


async def test_other_systems_ask_psutil_for_both_ends(held: Peer) -> None:
    assert list(_holders_anywhere(held))
    elsewhere = Peer(held.host, held.port, held.gateway_port + 1, 2)
    assert not list(_holders_anywhere(elsewhere))


def peer(connection: int, port: int = 5_000) -> Peer:
    return Peer("127.0.0.1", port, 8_787, connection)


async def test_a_port_used_again_is_looked_up_again() -> None:
    projects = Projects(lambda asked: f"p{asked.connection}")
    for connection in (1, 2):
        projects.look_up(peer(connection))
    assert await projects.label(peer(1), 1.0) == "p1"
    assert await projects.label(peer(2), 1.0) == "p2"
    projects.close()


async def test_a_connection_is_looked_up_again_only_where_nothing_was_found() -> None:
    asked: list[int] = []
    found: dict[int, str | None] = {1: "tower", 2: None}

    def find(one: Peer) -> str | None:
        asked.append(one.connection)
        return found[one.connection]

    projects = Projects(find)
    for connection in (1, 1, 2, 2):
        projects.look_up(peer(connection))
        await projects.label(peer(connection), 1.0)
    assert asked == [1, 2, 2]
    projects.close()


async def test_nobody_and_the_never_asked_are_unknown() -> None:
    projects = Projects(lambda _: "x")
    projects.look_up(None)
    assert await projects.label(None, 1.0) is None
    assert await projects.label(peer(9), 1.0) is None
    projects.close()


async def test_a_slow_look_up_is_waited_for_only_so_long_and_blocks_nothing() -> None:
    gate = threading.Event()

    def find(_: Peer) -> str:
        gate.wait(5.0)
        return "late"

    projects = Projects(find)
    began = time.monotonic()
    for connection in range(400):  # more than may wait
        projects.look_up(peer(connection))
    assert time.monotonic() - began < 0.1
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.005)

    async with asyncio.timeout(1.0):
        beating = spawn(beat(), "beat")
        assert await projects.label(peer(0), 0.1) is None
        beating.cancel()
    assert beats > 5
    assert await projects.label(peer(399), 0.1) is None  # it was never asked for
    gate.set()
    assert await projects.label(peer(0), 2.0) == "late"
    projects.close()


async def test_a_finder_that_fails_leaves_the_project_unknown() -> None:
    def find(_: Peer) -> str:
        raise RuntimeError("psutil")

    projects = Projects(find)
    projects.look_up(peer(1))
    assert await projects.label(peer(1), 1.0) is None
    projects.close()


async def test_a_request_waits_for_no_look_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(_self: object, _peer: Peer) -> str:
        gate.wait(5.0)
        return "late"

    monkeypatch.setattr("proxy.projects._Finder.label", slow)
    async with (
        ScriptedUpstream() as upstream,
        serving(tmp_path / "h", provider(upstream.url)) as gateway,
    ):
        sent = time.monotonic()
        body = b'{"model": "scripted-large", "stream": true}'
        async with gateway.session.post(
            gateway.url + "/v1/messages", data=body, headers=gateway.headers()
        ) as got:
            await got.content.readany()
            reached = upstream.requests[0].time
            first = time.monotonic()
            await got.read()
        assert reached - sent < 0.2
        assert first - sent < 0.2
        # Only its record waits, and that not long.
        assert time.monotonic() - sent < 1.0
        assert gateway.events()[0].project is None
        gate.set()
