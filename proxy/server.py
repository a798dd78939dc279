"""The gateway's HTTP side: aiohttp on the loopback sockets, streaming, shutdown.

It reads requests within limits, lets `guard` decide, hands model calls to `pipeline`
and turns every refusal into the client protocol's own envelope. It serves no HTML,
grants no CORS, routes nothing by Host and knows no provider.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import HttpVersion11, web
from aiohttp.web_protocol import RequestHandler

from proxy.answers import (
    SERVER,
    Plain,
    empty_answer,
    json_answer,
    metrics_answer,
    refusal_answer,
)
from proxy.errors import FailureKind, Refused
from proxy.exchange import Body, Call
from proxy.guard import Admission, Endpoint, admit, read_target
from proxy.projects import Peer
from proxy.tasks import spawn
from proxy.wire.body import BodyProblem
from proxy.wire.unpack import TooLarge, UnknownEncoding, unpack

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp.web_request import BaseRequest

    from proxy.guard import Policy, Target
    from proxy.pipeline import Pipeline

HANDOVER_SECONDS = 0.1
"""Time for connections accepted in the last moment to reach their handler."""

FLUSH_SECONDS = 5.0
"""Time for the last bytes of a broken answer to be read."""

MAX_HEADER = 64 * 1024
MAX_HEADERS = 256
BACKLOG = 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What one client connection may take.

    `body_bytes` holds for a request body, unpacked too; Anthropic documents the
    same limit for its API. Seconds: `head` for each request head, and for the first
    from the moment of the connection on; `body` for each request body; `idle` between
    two requests; `lingering` for a body that is read only to be thrown away.
    """

    body_bytes: int = 32 * 1024 * 1024
    head: float = 30.0
    body: float = 60.0
    idle: float = 300.0
    lingering: float = 5.0


@dataclass(frozen=True, slots=True)
class Site:
    """What the server serves beside model calls; each returns a ready answer.

    `new_id` makes request ids, `policy` is read for each request because keys come and
    go, `models` takes what was asked for and the request's headers, `events` the raw
    query. `metrics` is the text of the counters.
    """

    policy: Callable[[], Policy]
    new_id: Callable[[], str]
    health: Callable[[], bytes]
    models: Callable[[Admission, Sequence[tuple[str, str]]], Plain]
    events: Callable[[str], Awaitable[bytes]]
    monotonic: Callable[[], float]
    metrics: Callable[[], bytes] = bytes


class GatewayServer:
    """Serves the gateway's endpoints on listening sockets that are handed in.

    Not aiohttp's application: one handler decides from the raw target, so there is no
    second routing that could disagree with the guard.
    """

    def __init__(
        self, pipeline: Pipeline, site: Site, limits: ServerLimits | None = None
    ) -> None:
        """Keep the parts; nothing listens yet."""
        self._pipeline = pipeline
        self._site = site
        self._limits = limits or ServerLimits()
        self._runner: web.ServerRunner | None = None
        self._live: set[asyncio.Task[object]] = set()
        self._stopping = False

    @property
    def open_requests(self) -> int:
        """How many requests are being answered."""
        return len(self._live)

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections on every socket."""
        server = _Server(
            self._handle,
            head_seconds=self._limits.head,
            handler_cancellation=True,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=self._limits.idle,
            lingering_time=self._limits.lingering,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            max_headers=MAX_HEADERS,
            read_bufsize=256 * 1024,
        )
        self._runner = web.ServerRunner(
            server, handle_signals=False, shutdown_timeout=0.2
        )
        await self._runner.setup()
        for listening in sockets:
            await web.SockSite(self._runner, listening, backlog=BACKLOG).start()

    async def stop_accepting(self) -> None:
        """Leave new connections to whoever else holds the sockets."""
        self._stopping = True
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
        await asyncio.sleep(HANDOVER_SECONDS)

    async def drain(self, seconds: float, hurry: asyncio.Event) -> None:
        """Let open requests end for `seconds`; `hurry` cuts the waiting short."""
        if self._live:
            waiting = spawn(hurry.wait(), "hurry")
            done = spawn(self._idle(), "idle")
            await asyncio.wait(
                {waiting, done}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            waiting.cancel()
            done.cancel()

    async def break_off(self) -> None:
        """End the requests that are still open with an error event."""
        self._pipeline.stopping = True
        for task in self._live:
            task.cancel()
        if self._live:
            await asyncio.wait(self._live, timeout=2.0)

    async def close(self) -> None:
        """Close every connection and forget the sockets."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _idle(self) -> None:
        while self._live:
            await asyncio.wait(set(self._live))

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        if task is not None:
            self._live.add(task)
        try:
            return await self._serve(request)
        finally:
            if task is not None:
                self._live.discard(task)

    async def _serve(self, request: BaseRequest) -> web.StreamResponse:
        request_id = self._site.new_id()
        target: Target | None = None
        try:
            headers = _raw_headers(request)
            target = read_target(request.raw_path)
            admission = admit(request.method, target, headers, self._site.policy())
            return await self._dispatch(request, request_id, admission, headers)
        except Refused as refused:
            _log.info(
                "request refused",
                extra={
                    "event": "request_refused",
                    "request": request_id,
                    "status": str(refused.status),
                    "error_kind": refused.kind,
                },
            )
            protocol = target.protocol if target else None
            return self._plain(refusal_answer(refused, protocol, request_id))
        except Exception as error:
            _log.error("request %s failed: %s", request_id, type(error).__name__)
            broken = Refused(
                FailureKind.INTERNAL,
                500,
                "Turnout met a fault of its own and stopped this request. The log "
                "names it; sending the request again is safe.",
            )
            protocol = target.protocol if target else None
            return self._plain(refusal_answer(broken, protocol, request_id))

    async def _dispatch(
        self,
        request: BaseRequest,
        request_id: str,
        admission: Admission,
        headers: tuple[tuple[str, str], ...],
    ) -> web.StreamResponse:
        site, query = self._site, admission.target.query
        match admission.endpoint:
            case Endpoint.HEALTH:
                return self._plain(json_answer(site.health()))
            case Endpoint.ROOT | Endpoint.HELLO:
                return self._plain(empty_answer())
            case Endpoint.MODELS | Endpoint.MODEL:
                return self._plain(site.models(admission, headers))
            case Endpoint.EVENTS:
                return self._plain(json_answer(await site.events(query)))
            case Endpoint.METRICS:
                return self._plain(metrics_answer(site.metrics()))
            case _:
                return await self._model_call(request, request_id, admission, headers)

    async def _model_call(
        self,
        request: BaseRequest,
        request_id: str,
        admission: Admission,
        headers: tuple[tuple[str, str], ...],
    ) -> web.StreamResponse:
        if admission.protocol is None or admission.client is None:
            raise Refused(FailureKind.NOT_FOUND, 404, "Turnout serves no such path.")
        call = Call(
            id=request_id,
            endpoint=admission.endpoint,
            protocol=admission.protocol,
            query=admission.target.query,
            headers=headers,
            credentials=admission.credentials,
            body=Body(await read_body(request, self._limits)),
            client=admission.client.name,
            arrived=self._site.monotonic(),
            peer=_peer(request),
            path_model=admission.model,
        )
        outlet = _Outlet(request, close=self._stopping)
        try:
            await self._pipeline.serve(call, outlet)
        except asyncio.CancelledError:
            if outlet.started or not self._pipeline.stopping:
                raise
            # Nothing has left yet, so the end of a drain can be told in words.
            raise Refused(
                FailureKind.STOPPING,
                503,
                "Turnout is stopping and ended this request early. Send it again.",
            ) from None
        except ConnectionError:
            # The client left while its last bytes were written: nobody's fault.
            outlet.abort()
        except Exception as error:
            if not outlet.started:
                raise
            # Too late for an envelope: a broken connection is the honest end.
            _log.error("request %s broke: %s", request_id, type(error).__name__)
            outlet.abort()
        return outlet.response

    def _plain(self, answer: Plain) -> web.StreamResponse:
        response = web.Response(status=answer.status, body=answer.body)
        response.headers.extend(answer.headers)
        if self._stopping or answer.close:
            response.force_close()
        return response


class _Answer(web.StreamResponse):
    """aiohttp's streamed response, saved the packet and the call for its head alone."""

    _send_headers_immediately = False


class _Outlet:
    """The way back to one client: an aiohttp response begun late."""

    def __init__(self, request: BaseRequest, *, close: bool) -> None:
        self.started = False
        self.response: web.StreamResponse = _Answer()
        self._request = request
        self._close = close

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """Prepare the head, which leaves with the first bytes of the body."""
        self.started = True
        response = _Answer(status=status)
        response.headers.extend(headers)
        # aiohttp would name itself and its version.
        response.headers.setdefault("server", SERVER)
        if self._close:
            response.force_close()
        self.response = response
        await response.prepare(self._request)

    async def write(self, data: bytes) -> None:
        """Send bytes, waiting while the client's buffer is full."""
        await self.response.write(data)

    async def end(self) -> None:
        """End the body properly."""
        await self.response.write_eof()

    def abort(self) -> None:
        """Close the connection without the body's proper end.

        What was written still goes out: a reset could take an error event along.
        """
        transport = self._request.transport
        if transport is not None and not transport.is_closing():
            transport.close()
            loop = asyncio.get_running_loop()
            # A client that reads nothing would keep a closing connection for ever.
            loop.call_later(FLUSH_SECONDS, transport.abort)


class _Handler(RequestHandler):
    """aiohttp's connection with a time limit for request heads and plain errors."""

    __slots__ = ("_head_seconds", "_head_timer", "serial")
    _count = itertools.count()

    def __init__(
        self,
        server: web.Server,
        head_seconds: float,
        **kwargs: Any,  # noqa: ANN401 - aiohttp's own, handed through
    ) -> None:
        """Prepare for one connection."""
        super().__init__(server, **kwargs)
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self.serial = next(self._count)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Arm the timer for the first request head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Drop the timer."""
        self._drop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Time a head that has begun on a kept connection too."""
        super().data_received(data)
        if self._messages or self._request_in_progress:
            self._drop_timer()
        elif self._waiter is not None and self._head_timer is None:
            # Somebody waits for a request, bytes came, and they are not one yet.
            self._expect_head()

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(self._head_seconds, self.force_close)

    def _drop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP with a JSON envelope; aiohttp would offer HTML."""
        del request, message  # They quote what was sent.
        if self._request_in_progress and status >= 500:
            _log.error("a request failed: %s", type(exc).__name__)
        refused = Refused(
            FailureKind.BAD_REQUEST,
            status,
            "Turnout could not read this as an HTTP request and did nothing with it.",
        )
        answer = refusal_answer(refused, None, None)
        response = web.Response(status=status, body=answer.body)
        response.headers.extend(answer.headers)
        response.force_close()
        return response


class _Server(web.Server):
    """aiohttp's low-level server with our connection class."""

    def __call__(self) -> RequestHandler:
        """Make the protocol object of one connection."""
        return _Handler(self, loop=self._loop, **self._kwargs)


async def read_body(request: BaseRequest, limits: ServerLimits) -> bytes:
    """Return a request's whole body, unpacked.

    Raises `Refused`: too large (413), too slow (408), packed in a way Turnout does not
    read (415) or broken (400).
    """
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large()
    await _ask_for_body(request)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body):
            while chunk := await request.content.readany():
                parts.append(chunk)
                size += len(chunk)
                if size > limits.body_bytes:
                    raise _too_large()
    except TimeoutError:
        raise Refused(
            FailureKind.BODY_TIMEOUT,
            408,
            "The request body did not arrive in time, so Turnout dropped the request.",
            (("connection", "close"),),
        ) from None
    except web.RequestPayloadError:
        raise Refused(
            FailureKind.BAD_REQUEST, 400, "The request body was cut short."
        ) from None
    packing = request.headers.get("content-encoding", "")
    body = b"".join(parts)
    if not packing:
        return body
    try:
        return unpack(body, packing, limits.body_bytes)
    except UnknownEncoding as problem:
        raise Refused(FailureKind.UNSUPPORTED_MEDIA, 415, str(problem)) from None
    except TooLarge:
        raise _too_large() from None
    except BodyProblem as problem:
        raise Refused(FailureKind.BAD_REQUEST, 400, str(problem)) from None


async def _ask_for_body(request: BaseRequest) -> None:
    """Tell a client that waits to be asked (RFC 9110 section 10.1.1) to send on."""
    if request.version != HttpVersion11:
        return
    if request.headers.get("expect", "").strip().lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Not a byte of the answer has been sent.
        request.writer.output_size = 0


def _too_large() -> Refused:
    return Refused(
        FailureKind.TOO_LARGE,
        413,
        "The request body is larger than 32 MB, so Turnout did not send it on. "
        "Shorten the conversation or leave attachments out.",
    )


def _raw_headers(request: BaseRequest) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(
            (name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
            for name, value in request.raw_headers
        )
    except UnicodeDecodeError:
        raise Refused(
            FailureKind.BAD_REQUEST, 400, "A header's name is not plain ASCII."
        ) from None


def _peer(request: BaseRequest) -> Peer | None:
    connection = request.protocol
    far, near = connection.peername, connection.sockname
    if not isinstance(connection, _Handler):
        return None
    if not isinstance(far, tuple) or not isinstance(near, tuple):
        return None
    return Peer(far[0], far[1], near[1], connection.serial)
