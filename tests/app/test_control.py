"""The control socket: its file, its answers, its feed, over a real Unix socket."""
# ruff: noqa: ASYNC110, ASYNC220, ASYNC240 - small and short things are waited for

import asyncio
import io
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from painted_commands import COMMANDS, Live, Painted, peek, services

from app import control
from app.commands.command import Command, Effect
from app.control import ControlServer, serve_control
from app.door import Door, DoorClosed
from app.failure import CommandFailed
from app.services import Services
from app.state import Snapshot

# --- answers ---


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
    assert "painted_commands.py:" in caplog.text


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


async def test_what_dead_gateways_left_behind_is_swept_up(
    path: Path, live: Live
) -> None:
    path.parent.mkdir(mode=0o700)
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    dead, alive, other = (
        path.parent / name for name in (f"c.{child.pid}", "c.1", "c.text")
    )
    for left in (dead, alive, other):
        left.touch()
    running = await serve_control(services(live), path, commands=COMMANDS)
    await running.stop()
    assert sorted(path.parent.iterdir()) == [alive, other]


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
