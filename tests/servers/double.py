"""A server on a raw socket that answers by path, well or badly, and notes it all."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

_CHUNK = b"x" * 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `length` is a told length, which may be wrong.

    `way` is how it misbehaves: `hang` never answers, `endless` never ends its body,
    `linger` keeps the connection after the body.
    """

    status: int = 200
    kind: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    way: str = ""


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply(status, "application/json; charset=utf-8", json.dumps(value).encode())


def plain(text: str, status: int = 200) -> Reply:
    return Reply(status, "text/plain; charset=utf-8", text.encode())


def html(
    text: str = "<!doctype html><title>A page</title>", status: int = 200
) -> Reply:
    return Reply(status, "text/html; charset=utf-8", text.encode())


NOT_FOUND = plain("404 page not found", 404)


@dataclass
class Double:
    """Answers by path (its query left out), all other paths as `otherwise`."""

    answers: Mapping[str, Reply] = field(default_factory=dict)
    otherwise: Reply = NOT_FOUND
    asked: list[bytes] = field(default_factory=list)
    port: int = 0
    open: int = 0
    most_open: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """The paths asked for, in order of arrival."""
        return [each.split(b" ", 2)[1].decode() for each in self.asked]

    @property
    def verbs(self) -> set[str]:
        return {each.split(b" ", 1)[0].decode() for each in self.asked}

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self._moved.set()
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            self._moved.set()
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            await _answer(self.answers.get(path, self.otherwise), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._moved.set()
            writer.close()

    async def until(self, done: Callable[["Double"], bool]) -> None:
        """Wait for what `done` says of it."""
        while not done(self):
            self._moved.clear()
            await self._moved.wait()


async def _answer(
    reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if reply.way == "hang":
        await reader.read()  # until the other side has had enough
        return
    length = len(reply.body) if reply.length is None else reply.length
    head = [f"HTTP/1.1 {reply.status} Whatever", "Connection: close"]
    if reply.kind:
        head.append(f"Content-Type: {reply.kind}")
    if reply.way != "endless":
        head.append(f"Content-Length: {length}")
    head += [f"{name}: {value}" for name, value in reply.headers]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + reply.body)
    await writer.drain()
    if reply.way == "linger":
        await reader.read()
    while reply.way == "endless":
        writer.write(_CHUNK)
        await writer.drain()


@contextlib.asynccontextmanager
async def serving(
    double: Double, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Double]:
    """Let `double` answer at `host` for the length of the block."""
    server = await asyncio.start_server(double.serve, host, port)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()
        await server.wait_closed()
