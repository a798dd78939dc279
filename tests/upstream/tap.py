"""A recorder on the wire between a client and a server; it changes no byte.

Forwards each connection as it comes and keeps both directions, so that a test
can compare what a client really sent with what arrived behind the gateway.
"""

import asyncio
import contextlib
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
        """Whole requests with their answers, in order."""
        answers = parse(bytes(self.received))
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
    """The whole messages in one direction; an unfinished one is left out.

    Understands Content-Length and chunked bodies, which is all clients use.
    """
    found: list[Sent] = []
    while b"\r\n\r\n" in stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = tuple(_field(line) for line in lines)
        split = _body(headers, rest)
        if split is None:
            break
        found.append(Sent(first.decode("latin-1"), headers, split[0]))
        stream = split[1]
    return found


def _body(
    headers: tuple[tuple[bytes, bytes], ...], rest: bytes
) -> tuple[bytes, bytes] | None:
    """The body and what follows it, or None if it is not whole."""
    names = {name.lower(): value for name, value in headers}
    if names.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _unchunk(rest)
    size = int(names.get(b"content-length", b"0"))
    return (rest[:size], rest[size:]) if len(rest) >= size else None


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
