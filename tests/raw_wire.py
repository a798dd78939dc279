"""HTTP by hand: a client that sends any bytes, a provider that answers any bytes.

For tests of what no well-behaved library would do. It reads answers strictly, so that
a broken one is seen.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

PATIENCE = 5.0
"""Seconds after which something that should have happened counts as a hang."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came; `interim` are the 1xx statuses before it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    interim: tuple[int, ...] = ()

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((v for k, v in self.headers if k.lower() == name), None)

    @property
    def error(self) -> dict[str, str]:
        """The error object of an envelope."""
        found = json.loads(self.body)["error"]
        assert isinstance(found, dict)
        return found


class Line:
    """One connection to a gateway, with everything done by hand."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take an open connection."""
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Write bytes; a gateway that has closed meanwhile is no error here."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def hear(self) -> Heard:
        """Read one answer, its interim ones included."""
        interim = []
        async with asyncio.timeout(PATIENCE):
            while True:
                status, headers = await self._head()
                if status >= 200:
                    break
                interim.append(status)
            body = await self._body(headers)
        return Heard(status, headers, body, tuple(interim))

    async def closed(self) -> bool:
        """Wait until the gateway closes; what it still sends must be nothing."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Close at once."""
        self.writer.transport.abort()

    async def _head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = raw[:-4].decode("utf-8").split("\r\n")
        version, status = first.split(" ")[:2]
        assert version.startswith("HTTP/")
        pairs = (line.split(":", 1) for line in lines)
        return int(status), tuple((name, value.strip()) for name, value in pairs)

    async def _body(self, headers: tuple[tuple[str, str], ...]) -> bytes:
        told = {name.lower(): value for name, value in headers}
        if told.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                parts.append((await self.reader.readexactly(size + 2))[:-2])
            assert await self.reader.readexactly(2) == b"\r\n"
            return b"".join(parts)
        return await self.reader.readexactly(int(told.get("content-length", "0")))


@contextlib.asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A connection for the length of the block."""
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield line
    finally:
        line.close()


async def tell(port: int, data: bytes) -> Heard:
    """Send bytes on a fresh connection and read the answer."""
    async with line_to(port) as line:
        await line.send(data)
        return await line.hear()


def request(
    port: int,
    key: str,
    path: str,
    body: bytes = b"",
    *,
    method: str = "POST",
    extra: str = "",
    framed: bool = True,
) -> bytes:
    """A request as bytes; `extra` are more header lines, each with its line end."""
    length = f"Content-Length: {len(body)}\r\n" if framed else ""
    named = f"x-turnout-key: {key}\r\n" if key else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{named}"
        f"Content-Type: application/json\r\n{length}{extra}\r\n"
    )
    return head.encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    """A body in chunks, with its end."""
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (*pieces, b""))


Deed = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class RawProvider:
    """A provider on loopback that answers each call by a deed of the test.

    A deed may be plain bytes, after which the connection is closed. `bodies` are what
    was asked, `connections` how many were opened.
    """

    deeds: list[Deed | bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        try:
            while self.deeds:
                self.bodies.append(await _one_request(reader))
                deed = self.deeds.pop(0)
                if isinstance(deed, bytes):
                    writer.write(deed)
                    await writer.drain()
                    return
                await deed(reader, writer)
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _one_request(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    return await reader.readexactly(size)


def answer(
    body: bytes, kind: str = "application/json", extra: str = "", status: str = "200 OK"
) -> bytes:
    """A whole HTTP answer with its length."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n"
        f"content-length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode("latin-1") + body


async def until(met: Callable[[], bool], seconds: float = 2.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not met():  # noqa: ASYNC110 - what it waits for knows no event
            await asyncio.sleep(0.005)
