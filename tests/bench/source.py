"""The provider of the bench, a process of its own: canned bytes and nothing else.

It reads no more of a request than its length, path and query. What Turnout has
translated brings no query of ours: such a request is answered in its path's protocol as
`/next?...` has told before. Run as `-m bench.source`: it prints its port and serves
until it is ended.
"""

import asyncio
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast
from urllib.parse import parse_qs

import uvloop

from bench.canned import (
    JSON_QUERY,
    NEXT_PATH,
    chunk,
    events,
    head_of_stream,
    json_answer,
)
from bench.spoken import stream

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"0\r\n\r\n"
_JSON = json_answer()
_HEAD = head_of_stream()
_ENDINGS = {
    "/messages": "anthropic-messages",
    "/responses": "openai-responses",
    "/chat/completions": "openai-chat",
    ":streamGenerateContent": "gemini",
    "/api/chat": "ollama-chat",
}


@dataclass(slots=True)
class _Next:
    """What requests without a query of ours are answered with."""

    query: str = ""


class _Connection(asyncio.Protocol):
    """Answers one request after another."""

    def __init__(self, told: _Next) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = told
        self._head = b""
        self._path = ""
        self._query = ""
        self._missing = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            head, gap, rest = self._head.partition(b"\r\n\r\n")
            if not gap:
                return
            self._head = b""
            target = head.split(b" ", 2)[1].decode()
            self._path, _, self._query = target.partition("?")
            length = _LENGTH.search(head)
            self._missing = int(length[1]) if length else 0
            data = rest
        self._missing -= len(data)
        if not self._missing:
            self._answer()

    def _answer(self) -> None:
        if self._path == NEXT_PATH:
            self._told.query = self._query
        if self._query == JSON_QUERY or self._path == NEXT_PATH:
            self._transport.write(_JSON)
            return
        own = "events" in parse_qs(self._query)
        asked = parse_qs(self._query if own else self._told.query)
        count, pace = int(asked["events"][0]), int(asked["pace"][0])
        pieces = events(count) if own else self._spoken(count)
        self._transport.write(_HEAD)
        if pace:
            self._next(iter(pieces), pace / 1000, self._loop.time())
            return
        for event in pieces:
            self._transport.write(chunk(event))
        self._transport.write(_END)

    def _spoken(self, count: int) -> Sequence[bytes]:
        for ending, protocol in _ENDINGS.items():
            if self._path.endswith(ending):
                return stream(protocol, count)
        raise ValueError(self._path)

    def _next(self, left: Iterator[bytes], pace: float, due: float) -> None:
        event = next(left, None)
        if event is None:
            self._transport.write(_END)
            return
        self._transport.write(chunk(event))
        due += pace
        self._timer = self._loop.call_at(due, self._next, left, pace, due)


async def _serve() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    loop = asyncio.get_running_loop()
    made = partial(_Connection, _Next())
    server = await loop.create_server(made, sock=listening, backlog=1024)
    print(listening.getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
