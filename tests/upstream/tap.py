"""A recorder on the wire between a client and a server; it changes no byte.

Forwards each connection as it comes and keeps both directions, so that a test
can compare what a client really sent with what arrived behind the gateway.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 256 * 1024


@dataclass(slots=True)
class Wire:
    """The bytes of one connection in both directions."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Sent:
    """One HTTP request as a client wrote it."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Tap:
    """Listens on a free port of 127.0.0.1 and forwards to another one."""

    def __init__(self, target_port: int) -> None:
        """Prepare a recorder in front of this port."""
        self.target_port = target_port
        self.port = 0
        self.wires: list[Wire] = []
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL a client is pointed at."""
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> list[Sent]:
        """Every whole request seen, by connection and in order within it."""
        return [sent for wire in self.wires for sent in parse(bytes(wire.sent))]

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening; open connections end with their peers."""
        if self._server is not None:
            self._server.close()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop."""
        await self.stop()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        wire = Wire()
        self.wires.append(wire)
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(
            _pump(reader, far[1], wire.sent), _pump(far[0], writer, wire.received)
        )


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: bytearray
) -> None:
    """Copy until the near side ends, then pass the end on."""
    try:
        while chunk := await reader.read(_CHUNK):
            keep += chunk
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()
    finally:
        with contextlib.suppress(OSError):
            writer.close()


def parse(stream: bytes) -> list[Sent]:
    """The whole requests in a client's bytes; an unfinished one is left out.

    Understands Content-Length and chunked bodies, which is all clients use.
    """
    found: list[Sent] = []
    while b"\r\n\r\n" in stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = tuple(_field(line) for line in lines)
        names = {name.lower(): value for name, value in headers}
        if names.get(b"transfer-encoding", b"").lower() == b"chunked":
            split = _unchunk(rest)
        else:
            size = int(names.get(b"content-length", b"0"))
            split = (rest[:size], rest[size:]) if len(rest) >= size else None
        if split is None:
            break
        method, target, _ = first.decode("latin-1").split(" ", 2)
        found.append(Sent(method, target, headers, split[0]))
        stream = split[1]
    return found


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()


def _unchunk(data: bytes) -> tuple[bytes, bytes] | None:
    """A chunked body and what follows it, or None if it is not whole."""
    body = b""
    while True:
        line, mark, data = data.partition(b"\r\n")
        if not mark:
            return None
        size = int(line.partition(b";")[0], 16)
        if len(data) < size + 2:
            return None
        body += data[:size]
        data = data[size + 2 :]
        if size == 0:
            return body, data
