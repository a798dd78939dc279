"""A knock asks for what anybody may see, believes little and leaves nothing open."""

import asyncio
import gc
from collections.abc import Callable

import pytest
from servers import kinds
from servers.double import Double, Reply, json_reply, serving

from discovery.knock import AT_ONCE, LIST_BYTES, Knocker, Limits, knocking

SOON = Limits(connect=0.2, read=0.05)


async def test_a_whole_answer_is_given_as_it_came() -> None:
    async with serving(kinds.ollama()) as double, knocking(3) as knocker:
        answer = await knocker.get(f"{double.url}/api/version")
    assert answer is not None
    assert (answer.status, answer.kind) == (200, "application/json")
    assert answer.body == b'{"version": "0.40.2"}'


async def test_it_shows_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    cookie = (("Set-Cookie", "session=canary; Path=/"),)
    double = Double(otherwise=Reply(200, "application/json", b"{}", cookie))
    async with serving(double), knocking(3) as knocker:
        for _ in range(2):
            assert await knocker.get(f"{double.url}/v1/models") is not None
    for head in double.asked:
        lines = head.decode().split("\r\n")
        assert lines[0] == "GET /v1/models HTTP/1.1"
        names = {line.partition(":")[0].lower() for line in lines[1:] if line}
        assert names <= {"host", "accept", "accept-encoding", "connection"}


async def test_a_redirect_is_an_answer_and_not_a_way() -> None:
    double = Double()
    async with serving(kinds.ollama()) as other, serving(double), knocking(3) as knock:
        there = (("Location", f"{other.url}/api/tags"),)
        double.answers = {"/x": Reply(302, headers=there)}
        answer = await knock.get(f"{double.url}/x")
    assert answer is not None
    assert answer.status == 302
    assert other.asked == []


@pytest.mark.parametrize(
    "make", [kinds.hanging, kinds.endless, kinds.cut_short, kinds.lingering]
)
async def test_what_is_not_whole_in_time_is_no_answer(
    make: Callable[[], Double],
) -> None:
    double = make()
    async with serving(double), knocking(3) as knocker, asyncio.timeout(2):
        assert await knocker.get(f"{double.url}/v1/models", limits=SOON) is None


async def test_an_answer_that_is_too_long_is_none() -> None:
    long = json_reply({"models": ["x" * 70_000]})
    async with serving(Double(otherwise=long)) as double, knocking(3) as knocker:
        assert await knocker.get(double.url) is None
        assert await knocker.get(double.url, LIST_BYTES) is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"220 mail ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02F",
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
)
async def test_what_is_no_http_is_no_answer(raw: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, knocking(3) as knocker:
        assert await knocker.get(f"http://127.0.0.1:{port}/") is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1/", "http://", "x"])
async def test_nobody_there_is_no_answer(url: str) -> None:
    async with knocking(3) as knocker:
        assert await knocker.get(url) is None


async def test_the_time_for_all_is_kept() -> None:
    double = kinds.hanging()
    async with serving(double), knocking(0.1) as knocker, asyncio.timeout(2):
        many = [knocker.get(f"{double.url}/{each}") for each in range(30)]
        assert await asyncio.gather(*many) == [None] * 30
        assert len(double.asked) <= AT_ONCE
        assert await knocker.get(double.url) is None
    assert len(double.asked) <= AT_ONCE


async def test_no_more_than_a_few_are_asked_at_a_time() -> None:
    double = kinds.hanging()
    async with serving(double), knocking(3) as knocker:
        many = [knocker.get(f"{double.url}/{n}", limits=SOON) for n in range(20)]
        await asyncio.gather(*many)
    assert len(double.asked) > AT_ONCE
    assert double.most_open <= AT_ONCE


async def test_who_is_cancelled_leaves_nothing_open() -> None:
    double = kinds.hanging()
    before = asyncio.all_tasks()

    async def look(knocker: Knocker) -> None:
        await asyncio.gather(*(knocker.get(f"{double.url}/{n}") for n in range(4)))

    async with serving(double):
        async with knocking(3) as knocker:
            task = asyncio.get_running_loop().create_task(look(knocker))
            await double.until(lambda it: len(it.asked) == 4)
            task.cancel()
            await asyncio.wait((task,))
        await double.until(lambda it: not it.open)  # it learns of the end
    gc.collect()  # a socket that was left open would warn here, which fails
    assert not [each for each in asyncio.all_tasks() - before if not each.done()]


async def test_every_answer_has_a_connection_of_its_own() -> None:
    double = kinds.ollama()
    async with serving(double), knocking(3) as knocker:
        await knocker.get(f"{double.url}/api/tags")
        await double.until(lambda it: not it.open)
        await knocker.get(f"{double.url}/api/ps")
    assert len(double.asked) == 2
