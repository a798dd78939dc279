"""Makes requests on kept connections and notes when what comes back has arrived."""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self, cast

_STAMP = re.compile(rb"@(\d{19});")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n0\r\n\r\n"
_PATIENCE = 60.0

# Seconds between the beginnings of two held streams; no divisor of their pace, so that
# their events are spread over it.
_BETWEEN = 0.0105


@dataclass(slots=True)
class Timing:
    """One answered request, in nanoseconds: when, and each event's way to us."""

    asked: int
    first: int = 0
    ended: int = 0
    delays: list[int] = field(default_factory=list)

    @property
    def until_first(self) -> int:
        """From asking to the first event, or to the answer where it is no stream."""
        return self.first - self.asked

    @property
    def whole(self) -> int:
        """From asking to the answer's last byte."""
        return self.ended - self.asked


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._text = b""
        self._missing: int | None = None
        self._in_body = False
        self._timing = Timing(0)
        self._done: asyncio.Future[Timing] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """A connection to a port of this machine."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(cls, "127.0.0.1", port)
        return made

    async def ask(self, request: bytes) -> Timing:
        """Send a whole request and wait for the answer's end."""
        self._done = asyncio.get_running_loop().create_future()
        self._text, self._missing, self._in_body = b"", None, False
        self._timing = Timing(time.monotonic_ns())
        self._transport.write(request)
        async with asyncio.timeout(_PATIENCE):
            return await self._done

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was closed")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._text += data
        if not self._in_body and not self._read_head():
            return
        if self._missing is None:
            self._read_events(now)
        elif len(self._text) >= self._missing:
            self._timing.first = now
            self._finish(now)

    def _read_head(self) -> bool:
        head, gap, rest = self._text.partition(b"\r\n\r\n")
        if not gap:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(self._text.decode("utf-8", "replace"))
            return False
        length = _LENGTH.search(head)
        self._missing = int(length[1]) if length else None
        # Line end and all, so that the end of an empty body is found as well.
        self._text = rest if length else b"\r\n" + rest
        self._in_body = True
        return True

    def _read_events(self, now: int) -> None:
        read = 0
        for stamp in _STAMP.finditer(self._text):
            self._timing.delays.append(now - int(stamp[1]))
            read = stamp.end()
        self._timing.first = self._timing.first or (now if read else 0)
        self._text = self._text[read:]
        if self._text.endswith(_END):
            self._finish(now)

    def _finish(self, now: int) -> None:
        self._timing.ended = now
        if self._done is not None and not self._done.done():
            self._done.set_result(self._timing)

    def _fail(self, why: str) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError(why))


@dataclass(frozen=True, slots=True)
class Lap:
    """What one target did in one round of one case; `seconds` for all together."""

    timings: tuple[Timing, ...]
    seconds: float


async def lap(port: int, request: bytes, at_once: int, each: int) -> Lap:
    """`at_once` connections make `each` requests one after another.

    Connections are opened and used once before, so that neither the opening nor what
    a server does once for each connection is measured.
    """
    connections = [await Connection.open(port) for _ in range(at_once)]
    try:
        for connection in connections:
            await connection.ask(_short(request))
        began = time.monotonic()
        told = await asyncio.gather(
            *(_series(connection, request, each) for connection in connections)
        )
        seconds = time.monotonic() - began
    finally:
        for connection in connections:
            connection.close()
    return Lap(tuple(timing for timings in told for timing in timings), seconds)


async def held(port: int, request: bytes, streams: int) -> Lap:
    """`streams` streams at once, begun one after another."""
    connections = [await Connection.open(port) for _ in range(streams)]
    began = time.monotonic()
    try:
        told = await asyncio.gather(
            *(
                _later(connection, request, at * _BETWEEN)
                for at, connection in enumerate(connections)
            )
        )
    finally:
        for connection in connections:
            connection.close()
    return Lap(tuple(told), time.monotonic() - began)


async def _series(connection: Connection, request: bytes, each: int) -> list[Timing]:
    return [await connection.ask(request) for _ in range(each)]


async def _later(connection: Connection, request: bytes, delay: float) -> Timing:
    await asyncio.sleep(delay)
    return await connection.ask(request)


def _short(request: bytes) -> bytes:
    """The same request for an answer that comes at once."""
    return re.sub(rb"&pace=\d+", b"&pace=0", request, count=1)


def delays(laps: Iterable[Lap]) -> list[int]:
    """The way of every event, in nanoseconds."""
    return [
        delay for each in laps for timing in each.timings for delay in timing.delays
    ]
