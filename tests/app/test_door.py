"""The door, against a real control socket and against gateways that misbehave."""
# ruff: noqa: ASYNC240 - small files are looked at

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from painted_commands import EARLY, Colour, Live, Painted

from app.control import ControlServer
from app.door import Door, DoorClosed
from app.failure import CommandFailed, Exit


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


async def test_the_feed_tells_now_and_each_change(
    server: ControlServer, path: Path, live: Live
) -> None:
    feed = Door(path).feed()
    assert (await anext(feed)) == live.snapshot()
    live.changes.moved()
    assert (await anext(feed)).revision == 1
    await feed.aclose()


async def test_a_feed_cut_off_is_a_closed_door(path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for tail in (b"", b"0\r\n\r\n", b"3\r\n{}\n\r\n"):
        raw = head + tail
        async with await serve_raw(path, raw):
            with pytest.raises(DoorClosed):
                await anext(Door(path).feed())
        path.unlink(missing_ok=True)


async def test_one_that_hangs_is_not_waited_for_and_no_exception_is_named(
    tmp_path: Path,
) -> None:
    taken: list[asyncio.StreamWriter] = []

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for serve, words in ((hang, "did not answer within"), (break_off, "went away")):
        path = tmp_path / f"{serve.__name__}.sock"
        server = await asyncio.start_unix_server(serve, path)
        with pytest.raises(DoorClosed) as closed:
            await Door(path).knock(0.05)
        assert words in closed.value.message
        assert "Error" not in closed.value.message
        server.close()
    for writer in taken:
        writer.close()
