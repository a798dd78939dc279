"""The client of the control socket: typed calls and the feed of the gateway's state.

What the command line and the tray hold in their hands. HTTP/1.1 over asyncio streams
on a Unix socket, one connection a call; it needs no HTTP library, opens no TCP port
and never falls back to another way in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TypeGuard, TypeVar

import msgspec

from app.failure import CommandFailed, Exit
from app.peer import PeerSocket, peer_uid
from app.state import Snapshot

Result = TypeVar("Result")

CALL_LIMIT = 30.0
"""Seconds a call may take unless the door was made with another limit."""

KNOCK_LIMIT = 3.0
"""Seconds a gateway may take to say its version before it counts as hanging."""

FEED_SILENCE = 40.0
"""Seconds without a line until the gateway counts as gone; it sends one each 15."""

_LINE_LIMIT = 1 << 20
_ANSWER_LIMIT = 64 << 20


class DoorClosed(Exception):
    """Nobody answers behind the door.

    `midway` is True where a call had been sent: it may or may not have been done.
    """

    def __init__(self, message: str, *, midway: bool = False) -> None:
        """Keep the sentence for people and whether the call had been sent."""
        super().__init__(message)
        self.message = message
        self.midway = midway


class _Error(msgspec.Struct, frozen=True):
    title: str
    message: str
    todo: str = ""


class _Answer(msgspec.Struct, frozen=True):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None
    exit: int = Exit.FAILED


class _Awake(msgspec.Struct, frozen=True):
    version: str


class Door:
    """The way to the gateway of one home, by the path of its control socket.

    `limit` is how many seconds a call may take.
    """

    def __init__(self, path: Path, limit: float = CALL_LIMIT) -> None:
        """Remember the path; nothing is opened before the first call."""
        self._path = path
        self._limit = limit

    def patient(self, limit: float) -> Door:
        """Return a door to the same gateway whose calls may take `limit` seconds."""
        return Door(self._path, limit)

    async def call(self, name: str, result: type[Result], /, **given: object) -> Result:
        """Run the command `name` in the gateway and return its typed result.

        Parameters that are None are left out. Raises `DoorClosed` where no gateway
        answers and `CommandFailed` where the command says no.
        """
        told = {key: value for key, value in given.items() if value is not None}
        body = await self._ask(name, msgspec.json.encode(told))
        try:
            answer = msgspec.json.decode(body, type=_Answer)
            if answer.ok:
                return msgspec.json.decode(answer.result, type=result)
        except msgspec.DecodeError:
            raise CommandFailed(
                "The running gateway speaks another version",
                "It answered in a form this program does not know.",
                "Restart Turnout so that both come from one version.",
            ) from None
        error = answer.error or _Error("The gateway refused", "It gave no reason.")
        raise CommandFailed(error.title, error.message, error.todo, answer.exit)

    async def knock(self, limit: float = KNOCK_LIMIT) -> None:
        """Hear whether anybody is awake: one that hangs still takes connections.

        Raises `DoorClosed` where nobody answers within `limit` seconds, and
        `CommandFailed` where it is of another version.
        """
        await self.patient(limit).call("version", _Awake)

    async def feed(
        self, silence: float = FEED_SILENCE
    ) -> AsyncGenerator[Snapshot, None]:
        """Yield the gateway's state now and after each change.

        Ends after the snapshot that says `stopping`; asked again after a moment, a
        newer gateway may answer. Leave it early through `contextlib.aclosing`. Raises
        `DoorClosed` where no gateway answers, it goes away, or nothing comes for
        `silence` seconds.
        """
        decoder = msgspec.json.Decoder(Snapshot)
        async with self._connection() as (reader, writer):
            head = b"GET /feed HTTP/1.1\r\nHost: turnout\r\nConnection: close\r\n\r\n"
            async with _patience(silence):
                writer.write(head)
                await writer.drain()
                status, headers = await _read_head(reader)
            if status != 200:
                raise DoorClosed(f"The gateway gave no feed (status {status}).")
            async with (
                aclosing(_body(reader, headers, silence)) as pieces,
                aclosing(_lines(pieces)) as lines,
            ):
                async for line in lines:
                    snapshot = _snapshot(decoder, line)
                    yield snapshot
                    if snapshot.stopping:
                        return
        raise DoorClosed("The gateway ended its feed.", midway=True)

    async def _ask(self, name: str, body: bytes) -> bytes:
        head = (
            f"POST /commands/{'/'.join(name.split())} HTTP/1.1\r\nHost: turnout\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        async with self._connection() as (reader, writer), _patience(self._limit):
            writer.write(head.encode("ascii") + body)
            await writer.drain()
            _, headers = await _read_head(reader)
            answer = bytearray()
            async for chunk in _body(reader, headers, self._limit):
                answer += chunk
                if len(answer) > _ANSWER_LIMIT:
                    raise DoorClosed("The gateway's answer is too large.", midway=True)
            return bytes(answer)

    @asynccontextmanager
    async def _connection(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            reader, writer = await asyncio.open_unix_connection(
                self._path, limit=_LINE_LIMIT
            )
        except OSError as problem:
            raise DoorClosed(_why_closed(problem)) from None
        try:
            _check_owner(writer.get_extra_info("socket"))
            yield reader, writer
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as problem:
            why = f" ({problem.strerror})" if _has_word(problem) else ""
            raise DoorClosed(
                f"The gateway went away in the middle{why}.", midway=True
            ) from None
        finally:
            writer.close()


def _snapshot(decoder: msgspec.json.Decoder[Snapshot], line: bytes) -> Snapshot:
    try:
        return decoder.decode(line)
    except msgspec.DecodeError:
        raise DoorClosed("The running gateway's feed is of another version.") from None


def _has_word(problem: Exception) -> TypeGuard[OSError]:
    """Say whether the system has words for it: the name of an exception is none."""
    return isinstance(problem, OSError) and bool(problem.strerror)


def _why_closed(problem: OSError) -> str:
    if isinstance(problem, FileNotFoundError | ConnectionRefusedError):
        return "No gateway is running."
    reason = problem.strerror or "the system gives no reason"
    return f"The gateway's control socket cannot be opened ({reason})."


def _check_owner(sock: PeerSocket) -> None:
    # A socket in a folder of ours that somebody else serves is not our gateway.
    if peer_uid(sock) != os.getuid():
        raise DoorClosed("The control socket is served by another user.")


@asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DoorClosed(
            f"The gateway did not answer within {seconds:.0f} seconds.", midway=True
        ) from None


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    """Return status and headers (lower-case names) of an answer."""
    raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = raw.split("\r\n")
    fields = (line.partition(":") for line in rest if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    _, _, status = first.partition(" ")
    return int(status[:3]), headers


async def _body(
    reader: asyncio.StreamReader, headers: Mapping[str, str], silence: float
) -> AsyncGenerator[bytes, None]:
    """Yield the body's pieces: chunked, of a told length, or up to the end."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while piece := await _chunk(reader, silence):
            yield piece
        return
    left = int(headers.get("content-length", "-1"))
    if left >= 0:
        # Never `yield` inside a time limit: it would go on running at the reader's.
        async with _patience(silence):
            whole = await reader.readexactly(left)
        yield whole
        return
    while True:
        async with _patience(silence):
            piece = await reader.read(65536)
        if not piece:
            return
        yield piece


async def _chunk(reader: asyncio.StreamReader, silence: float) -> bytes:
    """Return one chunk (RFC 9112 section 7.1), b'' for the last."""
    async with _patience(silence):
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        data = await reader.readexactly(size + 2)
    return data[:-2]


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    kept = b""
    async for piece in pieces:
        *whole, kept = (kept + piece).split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(kept) > _LINE_LIMIT:
            raise ValueError("a line of the feed is too long")
