"""Door and control socket together, over a real Unix socket."""
# ruff: noqa: ASYNC110, ASYNC240 - small files are looked at, and other tasks waited for

import asyncio
import io
import os
import socket
import stat
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import aiohttp
import msgspec
import pytest

from app import control
from app.commands.command import Command, Effect
from app.control import ControlServer, serve_control
from app.door import Door, DoorClosed
from app.failure import CommandFailed, Exit
from app.services import Services
from app.state import Changes, Readiness, Snapshot, SpendToday

EARLY = datetime(2026, 11, 21, 8, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Painted:
    name: str
    colour: Colour
    coats: int
    price: Decimal
    when: datetime
    tags: tuple[str, ...] = ()


async def paint(
    services: Services,
    name: str,
    colour: Colour = Colour.RED,
    *,
    coats: Annotated[int, msgspec.Meta(ge=1, le=9, description="How many")] = 1,
) -> Painted:
    """Paint a thing."""
    return Painted(name, colour, coats, Decimal("0.10"), EARLY, ("a", "b"))


async def peek(services: Services, *, name: str | None = None) -> Painted:
    """Look at a thing."""
    return Painted(name or "nothing", Colour.BLUE, 0, Decimal(0), EARLY)


async def refuse(services: Services) -> Painted:
    """Say no."""
    raise CommandFailed("It is shut", "The shop is shut.", "Come back.", 3)


async def stumble(services: Services) -> Painted:
    """Fall over."""
    raise RuntimeError("canary-secret-text")


COMMANDS = (
    Command("paint", paint, Effect.CHANGE),
    Command("things peek", peek, Effect.READ),
    Command("refuse", refuse, Effect.CHANGE),
    Command("stumble", stumble, Effect.READ),
)


class Live:
    """A state that a test moves by hand."""

    def __init__(self) -> None:
        self.changes = Changes()

    def snapshot(self) -> Snapshot:
        return Snapshot(
            revision=self.changes.revision,
            version="1",
            pid=7,
            port=8787,
            mode="direct",
            mode_note="",
            readiness=Readiness(ready=True, sentence="Ready."),
            today=SpendToday(),
            last=None,
            requests_open=0,
            unsaved=0,
            providers=(),
            problems=(),
            started=EARLY,
        )

    async def changed(self, revision: int) -> None:
        await self.changes.after(revision)


def services(state: Live | None) -> Services:
    empty = cast("Any", None)
    return Services(empty, empty, empty, empty, empty, state, None, "0", "turnout")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
async def server(path: Path, live: Live) -> AsyncIterator[ControlServer]:
    running = await serve_control(
        services(live), path, commands=COMMANDS, gap=0.05, quiet=0.2
    )
    yield running
    await running.stop()


async def test_a_call_goes_there_and_back_typed(
    server: ControlServer, path: Path
) -> None:
    got = await Door(path).call("paint", Painted, name="Ünï", colour="blue", coats=3)
    assert got == Painted("Ünï", Colour.BLUE, 3, Decimal("0.10"), EARLY, ("a", "b"))


async def test_enums_and_none_are_parameters_too(
    server: ControlServer, path: Path
) -> None:
    got = await Door(path).call("paint", Painted, name="x", colour=Colour.BLUE)
    assert got.colour is Colour.BLUE
    assert (await Door(path).call("things peek", Painted, name=None)).name == "nothing"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "name"),
        ({"name": "x", "size": 1}, "size"),
        ({"name": 5}, "name"),
        ({"name": "x", "coats": 0}, "coats"),
        ({"name": "x", "coats": "2"}, "coats"),
        ({"name": "x", "colour": "green"}, "colour"),
        ({"name": "a\0b"}, "name"),
    ],
)
async def test_wrong_parameters_are_refused_by_name(
    server: ControlServer, path: Path, given: dict[str, object], word: str
) -> None:
    with pytest.raises(CommandFailed) as caught:
        await Door(path).call("paint", Painted, **given)
    assert caught.value.exit == Exit.USAGE
    assert word in caught.value.message


async def test_a_refusal_keeps_its_words(server: ControlServer, path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        await Door(path).call("refuse", Painted)
    failed = caught.value
    assert (failed.title, failed.message, failed.todo, failed.exit) == (
        "It is shut",
        "The shop is shut.",
        "Come back.",
        3,
    )


async def test_a_fault_shows_neither_text_nor_traceback(
    server: ControlServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        session(path) as client,
        client.post("/commands/stumble", json={}) as answer,
    ):
        text = await answer.text()
    assert answer.status == 422
    assert "RuntimeError" in text
    assert "canary" not in text
    assert "Traceback" not in text
    assert "canary" not in caplog.text
    assert "test_door.py" in caplog.text


def session(path: Path) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        "http://turnout", connector=aiohttp.UnixConnector(str(path))
    )


async def test_get_is_for_reading_only(server: ControlServer, path: Path) -> None:
    query = {"params": '{"name": "pot"}'}
    async with session(path) as client:
        async with client.get("/commands/things/peek", params=query) as answer:
            told = await answer.json()
            assert (answer.status, told["ok"]) == (200, True)
            assert told["result"]["name"] == "pot"
            assert told["result"]["when"] == "2026-11-21T08:00:00Z"
        async with client.get("/commands/paint", params=query) as answer:
            assert answer.status == 405
            assert (await answer.json())["ok"] is False


@pytest.mark.parametrize(
    ("target", "headers", "body", "status"),
    [
        ("/commands/paint", {"content-type": "text/plain"}, b"{}", 415),
        ("/commands/paint", {"content-type": "application/json"}, b"[1]", 415),
        ("/commands/paint", {"content-type": "application/json"}, b"{", 415),
        ("/commands/paint", {"content-type": "application/json"}, b'{"a":"\xff"}', 415),
        ("/commands/paint", {"content-type": "application/json"}, b"[" * 9999, 415),
        ("/commands/gone", {"content-type": "application/json"}, b"{}", 404),
        (
            "/commands/paint",
            {"content-type": "application/json"},
            b'{"name":"' + b"x" * control.BODY_LIMIT + b'"}',
            413,
        ),
    ],
)
async def test_every_refusal_has_the_one_form(
    server: ControlServer,
    path: Path,
    target: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
) -> None:
    async with (
        session(path) as client,
        client.post(target, data=io.BytesIO(body), headers=headers) as answer,
    ):
        told = await answer.json()
    assert answer.status == status
    assert told["ok"] is False
    assert told["exit"] in (1, 2, 3)
    assert set(told["error"]) == {"title", "message", "todo"}


async def test_no_gateway_is_told_apart_from_a_lost_one(path: Path) -> None:
    with pytest.raises(DoorClosed) as caught:
        await Door(path).call("paint", Painted, name="x")
    assert not caught.value.midway
    assert caught.value.message == "No gateway is running."


async def serve_raw(path: Path, raw: bytes) -> asyncio.AbstractServer:
    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()

    path.parent.mkdir(mode=0o700, exist_ok=True)
    return await asyncio.start_unix_server(handle, path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{",
        b"HTTP/1.1 huh\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
async def test_a_gateway_that_breaks_off_is_a_closed_door(
    path: Path, raw: bytes
) -> None:
    async with await serve_raw(path, raw):
        with pytest.raises(DoorClosed) as caught:
            await Door(path).call("paint", Painted, name="x")
    assert caught.value.midway


async def test_a_gateway_that_never_answers_is_left(path: Path) -> None:
    left = asyncio.Semaphore(0)

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.release()

    path.parent.mkdir(mode=0o700)
    async with await asyncio.start_unix_server(handle, path):
        with pytest.raises(DoorClosed, match="0 seconds") as caught:
            await Door(path, limit=0.05).call("paint", Painted, name="x")
        with pytest.raises(DoorClosed):
            await anext(Door(path).feed(silence=0.05))
        await left.acquire()
        await left.acquire()
    assert caught.value.midway


async def test_another_version_is_said_in_words(path: Path) -> None:
    for body in (b"{}", b"no", b'{"ok":true,"result":{"name":1}}'):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        async with await serve_raw(path, raw):
            with pytest.raises(CommandFailed, match="another version"):
                await Door(path).call("paint", Painted, name="x")
        path.unlink(missing_ok=True)


# --- the socket ---


async def test_socket_and_folder_are_for_this_user_only(
    server: ControlServer, path: Path
) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [found.name for found in path.parent.iterdir()] == ["control.sock"]


async def test_a_folder_others_can_open_is_refused(path: Path, live: Live) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o755)
    with pytest.raises(PermissionError):
        await serve_control(services(live), path, commands=COMMANDS)


async def test_another_users_process_is_turned_away(
    server: ControlServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the far end's answer can be played here: the test runs as one user.
    monkeypatch.setattr(control, "peer_uid", lambda sock: os.getuid() + 1)
    async with session(path) as client:
        for target in ("/commands/things/peek", "/feed", "/nowhere"):
            async with client.get(target) as answer:
                assert answer.status == 403
                assert await answer.read() == b""


async def test_the_peers_uid_is_the_real_one(path: Path) -> None:
    from app.peer import peer_uid

    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        assert peer_uid(near) == os.getuid()
    if sys.platform == "linux":
        assert struct.calcsize("3i") == 12


async def test_a_stale_socket_is_replaced(path: Path, live: Live) -> None:
    path.parent.mkdir(mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    (path.parent / f"c.{os.getpid()}").touch()
    running = await serve_control(services(live), path, commands=COMMANDS)
    assert (await Door(path).call("things peek", Painted)).name == "nothing"
    await running.stop()
    assert list(path.parent.iterdir()) == []


async def test_what_is_not_a_socket_is_left_alone(path: Path, live: Live) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        await serve_control(services(live), path, commands=COMMANDS)
    assert path.read_text() == "mine"


async def test_the_newer_gateway_takes_over_and_the_older_leaves_it(
    server: ControlServer, path: Path, live: Live
) -> None:
    newer = await serve_control(services(None), path, commands=COMMANDS[1:2])
    assert (await Door(path).call("things peek", Painted)).name == "nothing"
    await server.stop()
    assert (await Door(path).call("things peek", Painted)).name == "nothing"
    with pytest.raises(CommandFailed):
        await Door(path).call("paint", Painted, name="x")
    await newer.stop()
    assert not path.exists()


async def test_a_path_too_long_for_a_socket_is_an_error_that_leaves_nothing(
    tmp_path: Path, live: Live
) -> None:
    path = tmp_path / ("x" * 100) / "control.sock"
    with pytest.raises(OSError, match="too long"):
        await serve_control(services(live), path, commands=COMMANDS)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(DoorClosed):
        await Door(path).call("paint", Painted, name="x")


async def test_the_longest_path_a_socket_can_have_works(
    tmp_path: Path, live: Live
) -> None:
    room = 107 - len(str(tmp_path)) - len("/control.sock") - 1
    if room < 1:
        pytest.skip("the temporary folder's own path is too long")
    path = tmp_path / ("y" * room) / "control.sock"
    running = await serve_control(services(live), path, commands=COMMANDS)
    assert (await Door(path).call("things peek", Painted)).name == "nothing"
    await running.stop()


# --- the feed ---


async def test_the_feed_tells_now_and_each_change(
    server: ControlServer, path: Path, live: Live
) -> None:
    feed = Door(path).feed()
    assert (await anext(feed)) == live.snapshot()
    live.changes.moved()
    assert (await anext(feed)).revision == 1
    await feed.aclose()


async def test_many_changes_become_few_lines_and_the_last_is_the_newest(
    server: ControlServer, path: Path, live: Live
) -> None:
    feed = Door(path).feed()
    await anext(feed)
    for _ in range(500):
        live.changes.moved()
        await asyncio.sleep(0)
    seen = 0
    async for snapshot in feed:
        seen += 1
        if snapshot.revision == 500:
            break
    assert seen <= 3
    await feed.aclose()


async def test_a_quiet_feed_sends_a_line_all_the_same(
    server: ControlServer, path: Path
) -> None:
    feed = Door(path).feed()
    first, second = await anext(feed), await anext(feed)
    assert first == second
    await feed.aclose()


async def test_the_feed_ends_with_the_word_that_the_gateway_stops(
    server: ControlServer, path: Path, live: Live
) -> None:
    feed = Door(path).feed()
    await anext(feed)
    rest = asyncio.gather(*[_all(feed)])
    await server.stop()
    (lines,) = await rest
    assert lines[-1] == replace(live.snapshot(), stopping=True)
    assert not path.exists()


async def _all(feed: AsyncIterator[Snapshot]) -> list[Snapshot]:
    return [snapshot async for snapshot in feed]


async def test_a_reader_that_leaves_is_forgotten(
    path: Path, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    running = await serve_control(
        services(live), path, commands=COMMANDS, gap=0.01, quiet=0.02
    )
    feed = Door(path).feed()
    await anext(feed)
    await feed.aclose()
    async with asyncio.timeout(1):
        while running._feeds._open:
            await asyncio.sleep(0.01)
    await running.stop()
    assert caplog.text == ""


async def test_without_a_state_there_is_no_feed(path: Path) -> None:
    running = await serve_control(services(None), path, commands=COMMANDS)
    with pytest.raises(DoorClosed, match="404"):
        await anext(Door(path).feed())
    await running.stop()


async def test_a_feed_cut_off_is_a_closed_door(path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for tail in (b"", b"0\r\n\r\n", b"3\r\n{}\n\r\n"):
        raw = head + tail
        async with await serve_raw(path, raw):
            with pytest.raises(DoorClosed):
                await anext(Door(path).feed())
        path.unlink(missing_ok=True)


# --- a change is carried out, spending stops ---


async def test_a_caller_that_leaves_does_not_break_off_a_change(
    path: Path, live: Live
) -> None:
    begun, go, log = asyncio.Event(), asyncio.Event(), []

    async def slow(services: Services) -> Painted:
        begun.set()
        try:
            await go.wait()
        except asyncio.CancelledError:
            log.append("cancelled")
            raise
        log.append("done")
        return await peek(services)

    both = (
        Command("alter", slow, Effect.CHANGE),
        Command("spend", slow, Effect.SPEND),
    )
    running = await serve_control(services(live), path, commands=both)
    for name in ("alter", "spend"):
        begun.clear()
        call = asyncio.gather(Door(path).call(name, Painted))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    async with asyncio.timeout(1):
        while not log:
            await asyncio.sleep(0.01)
        go.set()
        while len(log) < 2:
            await asyncio.sleep(0.01)
    assert log == ["cancelled", "done"]
    await running.stop()
