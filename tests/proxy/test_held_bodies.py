"""A request's body is let go once its answer has begun, however long that takes."""

import asyncio
import gc
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from loopback import Serving, provider, serving

from proxy.model import Message, Protocol

SIZE = 1_000_000
MESSAGES, RESPONSES, CHAT, GEMINI, OLLAMA = Protocol
_TURNS = [
    {"role": role, "content": f"{at} Read the file. " * 60}
    for at in range(500)
    for role in ("user", "assistant")
]
_REQUESTS: dict[Protocol, tuple[str, dict[str, object]]] = {
    MESSAGES: ("/v1/messages", {"max_tokens": 100, "messages": _TURNS}),
    RESPONSES: ("/v1/responses", {"store": False, "input": _TURNS}),
    CHAT: ("/v1/chat/completions", {"messages": _TURNS}),
}
_MESSAGE = {
    "type": "message_start",
    "message": {"id": "msg_1", "usage": {"input_tokens": 1}},
}
_BLOCK = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "text", "text": "Hm"},
}
_BEGINNINGS = {
    MESSAGES: b"".join(
        b"event: %b\ndata: %b\n\n"
        % (str(each["type"]).encode(), json.dumps(each).encode())
        for each in (_MESSAGE, _BLOCK)
    ),
    CHAT: b'data: {"choices":[{"delta":{"content":"Hm"}}]}\n\n',
    GEMINI: b'data: {"candidates":[{"content":{"parts":[{"text":"Hm"}]}}]}\n\n',
    OLLAMA: b'{"message":{"content":"Hm"},"done":false}\n',
}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize(
    ("client", "speaks"),
    [(MESSAGES, MESSAGES), (MESSAGES, OLLAMA), (RESPONSES, CHAT), (CHAT, GEMINI)],
)
async def test_nothing_of_a_request_stays_while_its_answer_comes(
    tmp_path: Path, client: Protocol, speaks: Protocol
) -> None:
    async with _slow(_BEGINNINGS[speaks]) as url:
        config = provider(url, protocols=[speaks])
        async with serving(tmp_path / "h", config) as gateway:
            # Earlier tests may have left some of their own.
            before, turns = _large(), _turns()
            async with _asked(gateway, client) as answer:
                assert await answer.readline() == b"HTTP/1.1 200 OK\r\n"
                await answer.readuntil(b"Hm")
                assert _large() == before
                assert _turns() <= turns


@asynccontextmanager
async def _slow(beginning: bytes) -> AsyncIterator[str]:
    """A provider that begins an answer and then says no more."""
    done = asyncio.Event()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            left = int(head.lower().partition(b"content-length: ")[2].split()[0])
            while left > 0:
                left -= len(await reader.read(left))
            writer.write(_HEAD + beginning)
            await done.wait()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def _asked(
    gateway: Serving, client: Protocol
) -> AsyncIterator[asyncio.StreamReader]:
    """Ask for a stream with a large body, of which nothing is kept here."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    with closing(writer):
        path, asked = _REQUESTS[client]
        body = json.dumps({"model": "any-model", "stream": True, **asked}).encode()
        assert len(body) > SIZE
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\n"
        head += f"x-turnout-key: {gateway.key}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode())
        for at in range(0, len(body), 65_536):
            writer.write(body[at : at + 65_536])
            await writer.drain()
        del body
        yield reader


def _large() -> set[int]:
    """The large pieces of bytes and text that anything alive refers to."""
    return {id(held) for held in _referred() if _size(held) > SIZE // 2}


def _turns() -> int:
    return sum(type(each) is Message for each in gc.get_objects())


def _referred() -> Iterator[object]:
    gc.collect()
    for each in gc.get_objects():
        yield from gc.get_referents(each)


def _size(held: object) -> int:
    match held:
        case bytes() | bytearray() | str():
            return len(held)
        case io.BytesIO():
            return held.getbuffer().nbytes
        case _:
            return 0
