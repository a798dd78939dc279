"""A recorder on the wire between a client and a server; it changes no body.

Forwards each connection as it comes and keeps both directions, so that a test
can compare what a client really sent with what arrived behind the gateway. Only
the port in the Host line is the server's own on the far side: a gateway refuses
requests that were meant for another one.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """One HTTP message as it stood on the wire; its body without chunk marks."""

    line: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def method(self) -> str:
        """A request's method."""
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        """A request's raw target."""
        return self.line.split(" ")[1]

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.line.split(" ")[1])

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        wanted = name.lower().encode()
        values = (value for key, value in self.headers if key.lower() == wanted)
        first = next(values, None)
        return None if first is None else first.decode("latin-1")


@dataclass(slots=True)
class Wire:
    """The bytes of one connection in both directions."""

    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    def exchanges(self) -> list[tuple[Sent, Sent]]:
        """Whole requests with their answers, in order.

        The last answer may lack its end: a client may leave once it has the
        last event, before the connection says that this was all.
        """
        answers = parse(bytes(self.received), unfinished=True)
        return list(zip(parse(bytes(self.sent)), answers, strict=False))


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

    def exchanges(self) -> list[tuple[Sent, Sent]]:
        """Every whole request with its answer, by connection."""
        return [pair for wire in self.wires for pair in wire.exchanges()]

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
            _pump(reader, far[1], wire.sent, self._readdress),
            _pump(far[0], writer, wire.received, bytes),
        )

    def _readdress(self, chunk: bytes) -> bytes:
        """The same bytes with the server's port in the Host line."""
        host = rb"(?i)(\r\nhost: *127\.0\.0\.1:)%d(?=\r\n)" % self.port
        return re.sub(host, rb"\g<1>%d" % self.target_port, chunk)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    keep: bytearray,
    change: Callable[[bytes], bytes],
) -> None:
    """Copy until the near side ends, then pass the end on; keep what came."""
    try:
        while chunk := await reader.read(_CHUNK):
            keep += chunk
            writer.write(change(chunk))
            await writer.drain()
    except ConnectionError:
        writer.transport.abort()
    finally:
        with contextlib.suppress(OSError):
            writer.close()


def parse(stream: bytes, *, unfinished: bool = False) -> list[Sent]:
    """The messages in one direction; an unfinished one only if it is wanted.

    Understands Content-Length and chunked bodies, which is all clients use.
    """
    found: list[Sent] = []
    while b"\r\n\r\n" in stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = tuple(_field(line) for line in lines)
        body, rest, whole = _body(headers, rest)
        if not (whole or unfinished):
            break
        found.append(Sent(first.decode("latin-1"), headers, body))
        stream = rest
    return found


def _body(
    headers: tuple[tuple[bytes, bytes], ...], rest: bytes
) -> tuple[bytes, bytes, bool]:
    """The body, what follows it, and whether it is whole."""
    names = {name.lower(): value for name, value in headers}
    if names.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _unchunk(rest)
    size = int(names.get(b"content-length", b"0"))
    return rest[:size], rest[size:], len(rest) >= size


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.strip()


def _unchunk(data: bytes) -> tuple[bytes, bytes, bool]:
    """A chunked body, what follows it, and whether it is whole."""
    body = b""
    while True:
        line, mark, data = data.partition(b"\r\n")
        if not mark:
            return body, b"", False
        size = int(line.partition(b";")[0], 16)
        body += data[:size]
        if len(data) < size + 2:
            return body, b"", False
        data = data[size + 2 :]
        if size == 0:
            return body, data, True
