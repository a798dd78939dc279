"""The scripted provider: records every request exactly, answers by its script.

It stands in for a provider on loopback and never calls anything itself.
"""

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Self

from aiohttp import web

from upstream import chat, messages, responses
from upstream.record import Ask, Seen
from upstream.reply import (
    End,
    Hold,
    Pause,
    Raw,
    Reply,
    json_reply,
    stream_reply,
)
from upstream.turns import Answer, Script, Step, say

MODELS = ("scripted-large", "scripted-small")


def plain_answer(seen: Seen) -> Step:
    """What is said where no script says otherwise."""
    return say(f"Scripted answer to {seen.ask}.")


class ScriptedUpstream:
    """A provider on 127.0.0.1 for tests; use it as an async context manager.

    `script` answers each model request; steps queued with `push` go first.
    `requests` and `sent` are in order of arrival. Times are monotonic seconds.
    """

    def __init__(self, script: Script = plain_answer, port: int = 0) -> None:
        """Prepare; nothing listens yet. Port 0 takes a free one."""
        self.script = script
        self.port = port
        self.requests: list[Seen] = []
        self._queue: deque[Step | Script] = deque()
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._released = asyncio.Event()
        self._closing = False
        self.changed = asyncio.Event()

    # -- what tests say and ask

    def push(self, *steps: Step | Script) -> None:
        """Queue answers that go before the script's, one per model request."""
        self._queue.extend(steps)

    def release(self) -> None:
        """Let every held answer go on, and those to come; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)

    @property
    def url(self) -> str:
        """The base URL, without a version path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sent(self) -> list[bytes]:
        """The exact body bytes sent, one entry per request."""
        return [bytes(seen.sent) for seen in self.requests]

    @property
    def asked(self) -> list[Seen]:
        """The requests for a model's answer, without probes and lists."""
        wanted = (Ask.MESSAGES, Ask.RESPONSES, Ask.CHAT)
        return [seen for seen in self.requests if seen.ask in wanted]

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._server.connections) if self._server else 0

    async def until(self, met: Callable[["ScriptedUpstream"], bool]) -> None:
        """Wait until something is so; looked at after each event."""
        while not met(self):
            self.changed.clear()
            await self.changed.wait()

    # -- start and stop

    async def start(self) -> None:
        """Listen; afterwards `port` and `url` are true."""
        self._loop = asyncio.get_running_loop()
        self._server = web.Server(
            self._handle,
            handler_cancellation=True,
            auto_decompress=False,
            max_field_size=64 * 1024,
            access_log=None,
        )
        self._runner = web.ServerRunner(
            self._server, handle_signals=False, shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close everything, held answers too."""
        self._closing = True
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop."""
        await self.stop()

    # -- one request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        seen = Seen(
            len(self.requests),
            request.method,
            request.raw_path,
            tuple(request.raw_headers),
            body,
            time.monotonic(),
        )
        self.requests.append(seen)
        self.changed.set()
        try:
            return await self._answer(request, seen)
        except (asyncio.CancelledError, ConnectionError):
            if not self._closing:
                seen.gone = time.monotonic()
            raise
        finally:
            self.changed.set()

    async def _answer(self, request: web.BaseRequest, seen: Seen) -> web.StreamResponse:
        step = self._step(seen)
        if isinstance(step, Raw):
            return await self._write_raw(request, seen, step)
        reply = render(step, seen) if isinstance(step, Answer) else step
        return await self._write(request, seen, reply)

    def _step(self, seen: Seen) -> Step:
        if seen.ask is Ask.MODELS:
            return json_reply(200, _model_list(seen))
        if seen.ask is Ask.OTHER:
            status = 426 if seen.header("upgrade") else 404
            return json_reply(status, chat.error(status, f"no route {seen.path}"))
        if seen.ask is not Ask.COUNT and self._queue:
            step = self._queue.popleft()
            return step(seen) if callable(step) else step
        return self.script(seen)

    async def _write_raw(
        self, request: web.BaseRequest, seen: Seen, raw: Raw
    ) -> web.StreamResponse:
        transport = request.transport
        if transport is not None and raw.data:
            transport.write(raw.data)
            seen.sent += raw.data
        await self._end(request, raw.end)
        seen.finished = time.monotonic()
        return web.Response()

    async def _write(
        self, request: web.BaseRequest, seen: Seen, reply: Reply
    ) -> web.StreamResponse:
        if reply.hold_headers:
            await self._released.wait()
        response = web.StreamResponse(status=reply.status)
        for name, value in reply.headers:
            response.headers.add(name, value)
        if reply.length is not None:
            response.content_length = reply.length
        else:
            response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in reply.chunks:
            await self._write_chunk(response, seen, chunk)
        await self._end(request, reply.end)
        if reply.end is End.COMPLETE:
            await response.write_eof()
        seen.finished = time.monotonic()
        return response

    async def _write_chunk(
        self, response: web.StreamResponse, seen: Seen, chunk: bytes | Pause | Hold
    ) -> None:
        match chunk:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hold():
                await self._released.wait()
            case bytes():
                seen.sent += chunk
                self.changed.set()
                await response.write(chunk)

    async def _end(self, request: web.BaseRequest, end: End) -> None:
        transport = request.transport
        if transport is None:
            return
        match end:
            case End.COMPLETE:
                pass
            case End.EOF:
                transport.close()
            case End.RESET:
                reset(transport)
            case End.STALL:
                await self._released.wait()
                transport.close()


def reset(transport: asyncio.BaseTransport) -> None:
    """Close with a TCP reset instead of an orderly end."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        linger = struct.pack("ii", 1, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def render(answer: Answer, seen: Seen) -> Reply:
    """An answer in the protocol and form the request asks for."""
    model, serial = seen.model, seen.serial
    heads = (("request-id", f"req_scripted_{serial:04d}"),)
    match seen.ask, seen.stream:
        case Ask.COUNT, _:
            reply = json_reply(200, {"input_tokens": answer.tokens.prompt}, heads)
        case Ask.MESSAGES, True:
            reply = stream_reply(messages.stream(answer, model, serial), heads)
        case Ask.MESSAGES, False:
            reply = json_reply(200, messages.whole(answer, model, serial), heads)
        case Ask.RESPONSES, True:
            reply = stream_reply(responses.stream(answer, model, serial), heads)
        case Ask.RESPONSES, False:
            reply = json_reply(200, responses.whole(answer, model, serial), heads)
        case _, True:
            events = chat.stream(answer, model, serial, with_usage=seen.wants_usage)
            reply = stream_reply(events, heads)
        case _:
            reply = json_reply(200, chat.whole(answer, model, serial), heads)
    return answer.change(reply) if answer.change else reply


def _model_list(seen: Seen) -> dict[str, object]:
    if seen.header("anthropic-version") is None:
        rows: list[dict[str, object]] = [
            {"id": m, "object": "model", "created": chat.CREATED, "owned_by": "script"}
            for m in MODELS
        ]
        return {"object": "list", "data": rows}
    entries: list[dict[str, object]] = [
        {
            "type": "model",
            "id": model,
            "display_name": model,
            "created_at": "2026-09-01T00:00:00Z",
            "lifecycle": "active",
        }
        for model in MODELS
    ]
    return {
        "data": entries,
        "has_more": False,
        "first_id": MODELS[0],
        "last_id": MODELS[-1],
    }
