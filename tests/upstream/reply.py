"""An HTTP answer down to its chunks and its ending, and the ways to spoil one.

A reply is a value: every fault is a function from a sound reply to a bad one,
so the bytes of a faulty answer are as predictable as those of a good one.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class End(StrEnum):
    """How the connection is treated after the last chunk."""

    COMPLETE = "complete"
    EOF = "eof"
    RESET = "reset"
    STALL = "stall"


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence of so many seconds between two chunks."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A silence until the test calls `ScriptedUpstream.release()`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and chunks; each chunk is one write to the socket.

    `length` is the Content-Length to declare, true or not; None sends the body
    with chunked transfer coding.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    chunks: tuple[bytes | Pause | Hold, ...] = ()
    end: End = End.COMPLETE
    length: int | None = None
    hold_headers: bool = False

    def body(self) -> bytes:
        """All bytes of the body, in one piece."""
        return b"".join(c for c in self.chunks if isinstance(c, bytes))


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes written to the socket as they are, instead of an HTTP answer.

    No bytes and `End.RESET` is a connection reset before any header.
    """

    data: bytes = b""
    end: End = End.RESET


RESET = Raw()


def json_reply(
    status: int, payload: object, headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """A plain JSON answer with its true length."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    return body_reply(status, body, "application/json", headers)


def body_reply(
    status: int, body: bytes, kind: str, headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """An answer of any media type with its true length."""
    heads = (("content-type", kind), *headers)
    return Reply(status, heads, (body,), length=len(body))


def stream_reply(
    events: Iterable[bytes], headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """A stream of server-sent events, one write each."""
    heads = (
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        *headers,
    )
    return Reply(200, heads, tuple(events))


def lines_reply(
    lines: Iterable[bytes], headers: Iterable[tuple[str, str]] = ()
) -> Reply:
    """A stream of lines of JSON, one write each."""
    heads = (("content-type", "application/x-ndjson"), *headers)
    return Reply(200, heads, tuple(lines))


# --- faults: from a reply to a worse one ------------------------------------


def cut_after(reply: Reply, events: int, end: End = End.EOF) -> Reply:
    """Only the first so many chunks, then the given ending."""
    return replace(reply, chunks=reply.chunks[:events], end=end)


def cut_inside(reply: Reply, size: int, end: End = End.EOF) -> Reply:
    """Only the first so many bytes, then the given ending."""
    return replace(reply, chunks=(reply.body()[:size],), end=end)


def held_before_headers(reply: Reply) -> Reply:
    """Nothing at all until the test releases it."""
    return replace(reply, hold_headers=True)


def held_after(reply: Reply, events: int) -> Reply:
    """A silence after so many chunks, until the test releases it."""
    chunks = (*reply.chunks[:events], Hold(), *reply.chunks[events:])
    return replace(reply, chunks=chunks)


def paced(reply: Reply, seconds: float) -> Reply:
    """A pause before every chunk but the first."""
    spaced: list[bytes | Pause | Hold] = []
    for chunk in reply.chunks:
        spaced += [Pause(seconds), chunk]
    return replace(reply, chunks=tuple(spaced[1:]))


def drip(reply: Reply) -> Reply:
    """The same bytes, one at a time."""
    body = reply.body()
    return replace(reply, chunks=tuple(body[at : at + 1] for at in range(len(body))))


def in_one_piece(reply: Reply) -> Reply:
    """The same bytes in a single write."""
    return replace(reply, chunks=(reply.body(),))


def gzipped(reply: Reply) -> Reply:
    """The answer compressed, whatever the client asked for."""
    packed = gzip.compress(reply.body(), mtime=0)
    half = len(packed) // 2
    length = None if reply.length is None else len(packed)
    return replace(
        reply,
        headers=(*reply.headers, ("content-encoding", "gzip")),
        chunks=(packed[:half], packed[half:]),
        length=length,
    )


def wrong_length(reply: Reply, missing: int = 10) -> Reply:
    """A Content-Length that promises more bytes than come."""
    return replace(reply, length=len(reply.body()) + missing, end=End.EOF)


def malformed_after(reply: Reply, events: int) -> Reply:
    """A broken event in the middle of a sound stream."""
    broken = b'event: content_block_delta\ndata: {"type": "content_bl\n\n'
    chunks = (*reply.chunks[:events], broken, *reply.chunks[events:])
    return replace(reply, chunks=chunks)


def flooded(reply: Reply, size: int) -> Reply:
    """A single endless-looking line of so many bytes before the rest."""
    line = b"data: " + b"x" * size
    return replace(reply, chunks=(line, *reply.chunks))


def with_header(reply: Reply, name: str, value: str) -> Reply:
    """The reply with one more header."""
    return replace(reply, headers=(*reply.headers, (name, value)))
