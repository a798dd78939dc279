"""The scripted provider: records every request exactly, answers by its script.

It stands in for a provider on loopback and never calls anything itself.
"""

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self

from aiohttp import web

from proxy.model import Protocol
from upstream import chat, gemini, messages, ollama_chat, responses
from upstream.failures import envelope
from upstream.record import Ask, Seen
from upstream.reply import (
    End,
    Hold,
    Pause,
    Raw,
    Reply,
    json_reply,
    lines_reply,
    stream_reply,
)
from upstream.rules import PROTOCOLS, refusal
from upstream.turns import Answer, Script, Step, Ways, say

MODELS = ("scripted-large", "scripted-small")
CONTEXT = 200_000
_COUNTS = {Ask.COUNT, Ask.COUNT_RESPONSES, Ask.COUNT_GEMINI}
_OF_COUNTS = {
    Ask.COUNT: Protocol.MESSAGES,
    Ask.COUNT_RESPONSES: Protocol.RESPONSES,
    Ask.COUNT_GEMINI: Protocol.GEMINI,
    Ask.TAGS: Protocol.OLLAMA,
    Ask.SHOW: Protocol.OLLAMA,
}


def plain_answer(seen: Seen) -> Step:
    """What is said where no script says otherwise."""
    return say(f"Scripted answer to {seen.ask}.")


class ScriptedUpstream:
    """A provider on 127.0.0.1 for tests; use it as an async context manager.

    `script` answers each model request; steps queued with `push` go first.
    `requests` and `sent` are in order of arrival. Times are monotonic seconds.
    """

    def __init__(
        self,
        script: Script = plain_answer,
        port: int = 0,
        *,
        speaks: Iterable[Protocol] = tuple(Protocol),
        strict: bool = False,
        also: Iterable[str] = (),
        ways: Ways | None = None,
    ) -> None:
        """Prepare; nothing listens yet. Port 0 takes a free one.

        Paths of protocols it does not speak are 404. A strict one answers 400 to what
        the vendor would refuse (`refusals` tells why), and so spends no queued step;
        `also` are fields it takes beside the vendor's. `ways` are its deviations.
        """
        self.speaks = frozenset(speaks)
        self.strict = strict
        self.also = frozenset(also)
        self.ways = ways
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
        return [seen for seen in self.requests if seen.ask in PROTOCOLS]

    @property
    def refusals(self) -> list[str]:
        """Why requests were not taken, where it is strict; each with its path."""
        found = [seen for seen in self.requests if seen.refused is not None]
        return [f"{seen.path}: {seen.refused}" for seen in found]

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
        if isinstance(step, Answer):
            step = step if self.ways is None else replace(step, ways=self.ways)
            step = render(step, seen)
        reply = step
        return await self._write(request, seen, reply)

    def _step(self, seen: Seen) -> Step:
        if seen.ask is Ask.MODELS:
            return json_reply(200, _model_list(seen))
        protocol = PROTOCOLS.get(seen.ask) or _OF_COUNTS.get(seen.ask)
        if protocol not in self.speaks:
            status = 426 if seen.header("upgrade") else 404
            return json_reply(status, chat.error(status, f"no route {seen.path}"))
        if seen.ask is Ask.TAGS:
            return json_reply(200, ollama_chat.tags(MODELS))
        if seen.ask is Ask.SHOW:
            return json_reply(200, ollama_chat.show(seen.model, CONTEXT))
        if self.strict:
            seen.refused = refusal(seen, self.also)
        if seen.refused is not None:
            return json_reply(400, envelope(seen, 400, seen.refused))
        if seen.ask not in _COUNTS and self._queue:
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
    heads = (("request-id", f"req_scripted_{seen.serial:04d}"),)
    if seen.ask in _COUNTS:
        reply = json_reply(200, _counted(answer, seen.ask), heads)
    elif seen.stream:
        reply = _streamed(answer, seen, heads)
    else:
        reply = json_reply(200, _whole(answer, seen), heads)
    return answer.change(reply) if answer.change else reply


_Heads = tuple[tuple[str, str], ...]


def _counted(answer: Answer, ask: Ask) -> dict[str, object]:
    tokens = answer.tokens
    if ask is Ask.COUNT_GEMINI:
        return gemini.counted(tokens)
    if ask is Ask.COUNT_RESPONSES:
        return {"object": "response.input_tokens", "input_tokens": tokens.prompt}
    return {"input_tokens": tokens.prompt}


def _streamed(answer: Answer, seen: Seen, heads: _Heads) -> Reply:
    model, serial = seen.model, seen.serial
    match seen.ask:
        case Ask.MESSAGES:
            return stream_reply(messages.stream(answer, model, serial), heads)
        case Ask.RESPONSES:
            return stream_reply(responses.stream(answer, model, serial), heads)
        case Ask.GEMINI if "alt=sse" not in seen.target:
            # Without the wish for events it is one list, given piece by piece.
            return json_reply(200, gemini.chunks(answer, model, serial), heads)
        case Ask.GEMINI:
            return stream_reply(gemini.stream(answer, model, serial), heads)
        case Ask.OLLAMA:
            return lines_reply(ollama_chat.stream(answer, model, serial), heads)
        case _:
            events = chat.stream(answer, model, serial, with_usage=seen.wants_usage)
            return stream_reply(events, heads)


def _whole(answer: Answer, seen: Seen) -> dict[str, object]:
    made = {
        Ask.MESSAGES: messages.whole,
        Ask.RESPONSES: responses.whole,
        Ask.GEMINI: gemini.whole,
        Ask.OLLAMA: ollama_chat.whole,
    }
    return made.get(seen.ask, chat.whole)(answer, seen.model, seen.serial)


def _model_list(seen: Seen) -> dict[str, object]:
    if seen.path.startswith("/v1beta/"):
        named = [{"name": f"models/{model}", "displayName": model} for model in MODELS]
        return {"models": named}
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
