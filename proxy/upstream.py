"""Speaks HTTP to providers: sends bytes, yields bytes, keeps time limits.

It knows no protocol and no ledger, follows no redirect, unpacks nothing, keeps no
cookie. Offline it opens sockets to the loopback addresses only, resolves literals and
`localhost` only, and uses no proxy, whatever it is asked for.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import re
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from proxy.errors import Failure, FailureKind
from proxy.trust_store import distrust, distrust_sentence, trust
from proxy.web_proxies import WebProxy, is_loopback_name, proxies_from, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from types import SimpleNamespace

    from aiohttp.abc import ResolveResult
    from aiohttp.client_reqrep import ClientResponse
    from aiohttp.connector import AddrInfoType

CONNECT_SECONDS = 10.0
"""Time for one TCP and TLS connection to a provider."""

READ_BUFFER = 256 * 1024
"""Bytes read at a time from a provider: what a fast one sends while a loop is busy."""

_BIG_BODY = 1024 * 1024  # bytes; aiohttp warns of larger ones that are one piece
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OWN_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class UpstreamError(Exception):
    """A provider call that failed; `failure` says how, in words fit for people.

    `stale` marks a kept connection that turned out to be closed before any answer.
    """

    def __init__(self, failure: Failure, *, stale: bool = False) -> None:
        """Keep the failure; see the class."""
        super().__init__(failure.message)
        self.failure = failure
        self.stale = stale


class _KeptHere(OSError):
    """An address that must not be called, because the request stays on this machine."""


class _Reuse:
    """Learns whether a call went out on a kept connection."""

    __slots__ = ("reused",)

    def __init__(self) -> None:
        self.reused = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of one call in seconds: first byte, then silence between bytes."""

    first_byte: float = 600.0
    silence: float = 120.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One call to make. `headers` hold the credential, so it has no useful repr."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    provider: str

    def __repr__(self) -> str:
        """Name the provider only: the headers are secret."""
        return f"Outgoing({self.method} to {self.provider})"


class Answer:
    """A provider's answer whose head has arrived; its body is read once."""

    def __init__(self, response: ClientResponse, limits: Limits, provider: str) -> None:
        """Wrap a response whose body nobody has read."""
        self._response = response
        self._limits = limits
        self._provider = provider
        self._late = FailureKind.FIRST_BYTE_TIMEOUT
        self._waiting_since: float | None = None
        self._peeked: bytes | None = None
        self._watchdog: asyncio.TimerHandle | None = None
        self.status = response.status
        self.headers: tuple[tuple[str, str], ...] = tuple(_texts(response.raw_headers))
        connection = response.connection
        protocol = connection.protocol if connection is not None else None
        self._closed = protocol.closed if protocol is not None else None
        if self._closed is not None:
            self._closed.add_done_callback(self._lost)

    def header(self, name: str) -> str:
        """Return a header's value, '' where it is absent."""
        return self._response.headers.get(name, "")

    async def chunk(self) -> bytes:
        """Return the bytes that have arrived, waiting for some; b'' at a clean end.

        The first byte may take `Limits.first_byte` seconds, each further one
        `Limits.silence`. Raises `UpstreamError` (cut, stalled, malformed).
        """
        if self._peeked is not None:
            peeked, self._peeked = self._peeked, None
            return peeked
        loop = asyncio.get_running_loop()
        self._waiting_since = loop.time()
        if self._watchdog is None:
            self._watch()
        try:
            data = await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise UpstreamError(_failure(error, self._provider, self._late)) from error
        finally:
            self._waiting_since = None
        self._late = FailureKind.STALLED
        return data

    async def peek(self) -> bytes:
        """Return the first chunk and leave it to be read; before any other reading."""
        if self._peeked is None:
            self._peeked = await self.chunk()
        return self._peeked

    def stop_watching(self) -> None:
        """Drop the timer; nothing is read after that."""
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._closed is not None:
            self._closed.remove_done_callback(self._lost)
            self._closed.add_done_callback(_retrieved)

    def _lost(self, closed: asyncio.Future[None]) -> None:
        # aiohttp 3.14 closes a connection whose chunks are broken and leaves whoever
        # reads the body waiting. To go when it passes its own error on.
        _retrieved(closed)
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError())

    def _watch(self) -> None:
        # One timer a stream, looking back when it fires: arming one for each chunk
        # would cost more than forwarding the chunk.
        loop = asyncio.get_running_loop()
        early = self._late is not FailureKind.STALLED
        limit = self._limits.first_byte if early else self._limits.silence
        waited = loop.time() - (self._waiting_since or loop.time())
        if waited >= limit:
            self._response.content.set_exception(TimeoutError())
            return
        # The silence limit may begin while the first-byte limit is being watched.
        pause = min(limit - waited, self._limits.silence)
        self._watchdog = loop.call_later(pause, self._watch)

    async def read(self, limit: int) -> bytes:
        """Return the whole body, at most `limit` bytes of it."""
        parts: list[bytes] = []
        size = 0
        while size < limit and (chunk := await self.chunk()):
            parts.append(chunk[: limit - size])
            size += len(parts[-1])
        return b"".join(parts)


class Upstream:
    """The one HTTP client of the gateway; make it inside a running loop.

    `environ` gives the user's proxy variables, which count online and for hosts that
    are not loopback only, and those that name further certificates to trust.
    """

    def __init__(
        self, environ: Mapping[str, str], limits: Limits | None = None
    ) -> None:
        """Open no connection yet; see the class."""
        self.limits = limits or Limits()
        self._proxies = proxies_from(environ)
        trusted = trust(environ)
        self._sessions = {
            (offline, fresh): _session(trusted.context, offline=offline, fresh=fresh)
            for offline in (False, True)
            for fresh in (False, True)
        }

    @asynccontextmanager
    async def send(
        self,
        call: Outgoing,
        *,
        offline: bool,
        fresh: bool = False,
        first_byte: float | None = None,
    ) -> AsyncIterator[Answer]:
        """Send one call and give the answer once its head has arrived.

        `first_byte` is how many seconds its first byte may take, None as `limits` has
        it. `fresh` asks for a connection of its own: after a machine has slept, every
        kept one may be dead. Leaving the block before the body's end closes the
        connection, which is how a call is cancelled. Raises `UpstreamError`.
        """
        session = self._sessions[offline, fresh]
        body = io.BytesIO(call.body) if len(call.body) > _BIG_BODY else call.body
        reuse = _Reuse()
        limits = self.limits
        if first_byte is not None:
            limits = Limits(first_byte, limits.silence)
        try:
            url = URL(call.url, encoded=True)
            proxy = None if offline else self._proxy_for(url)
            if proxy is not None and proxy.refused:
                raise UpstreamError(_unusable(proxy, call.provider))
            async with asyncio.timeout(limits.first_byte):
                response = await session.request(
                    call.method,
                    url,
                    headers=call.headers,
                    data=body or None,
                    proxy=proxy.url if proxy is not None else None,
                    allow_redirects=False,
                    trace_request_ctx=reuse,
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            failure = _failure(error, call.provider, FailureKind.FIRST_BYTE_TIMEOUT)
            stale = reuse.reused and failure.kind is FailureKind.RESET
            raise UpstreamError(failure, stale=stale) from error
        except ValueError as error:
            raise UpstreamError(
                Failure(
                    FailureKind.CONNECT,
                    f"{call.provider} could not be called: its URL or a header is not "
                    "valid.",
                )
            ) from error
        answer = Answer(response, limits, call.provider)
        # An answer may take minutes, and its request's body a megabyte.
        del call, body
        try:
            yield answer
        finally:
            answer.stop_watching()
            if not response.content.at_eof():
                response.close()
            response.release()

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    def _proxy_for(self, url: URL) -> WebProxy | None:
        return proxy_for(url, self._proxies)


def _unusable(proxy: WebProxy, provider: str) -> Failure:
    return Failure(
        FailureKind.CONNECT,
        f"{provider} was not called: the proxy on the way, from {proxy.variable}, "
        f"cannot be used, because {proxy.refused}. Name an http:// proxy there, or put "
        "the provider's host into NO_PROXY, and start Turnout again.",
    )


class _GuardedResolver(AbstractResolver):
    """Resolves names in the system's way; offline only literals and `localhost`."""

    def __init__(self, *, offline: bool) -> None:
        self._offline = offline
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        """Return addresses, or refuse a name that offline must not be looked up."""
        if self._offline and not is_loopback_name(host):
            raise _KeptHere(None, "offline: names are not looked up")
        return await self._inner.resolve(host, port, family)

    async def close(self) -> None:
        """Close the system resolver."""
        await self._inner.close()


def _open_socket(info: AddrInfoType) -> socket.socket:
    """Open a socket to any address but a link-local one (cloud metadata)."""
    if _address(info).is_link_local:
        raise OSError(None, "link-local addresses are never called")
    return socket.socket(info[0], info[1], info[2])


def _open_loopback_socket(info: AddrInfoType) -> socket.socket:
    """Open a socket to a loopback address; the last of the three locks of `offline`."""
    if not _address(info).is_loopback:
        raise _KeptHere(None, "offline: only loopback addresses are called")
    return socket.socket(info[0], info[1], info[2])


def _address(info: AddrInfoType) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(str(info[4][0]).partition("%")[0])


async def _note_reuse(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    context.trace_request_ctx.reused = True


def _retrieved(closed: asyncio.Future[None]) -> None:
    """Look at a connection's end, so that asyncio does not call it unnoticed."""
    if not closed.cancelled():
        closed.exception()


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    """Give the headers that can be sent on; control characters cannot."""
    for name, value in headers:
        text = value.decode("utf-8", "surrogateescape")
        if not _CONTROL.search(text):
            yield name.decode("ascii"), text


def _session(
    context: ssl.SSLContext | None, *, offline: bool, fresh: bool
) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    connector = aiohttp.TCPConnector(
        limit=0,
        ssl=True if context is None else context,
        resolver=_GuardedResolver(offline=offline),
        socket_factory=_open_loopback_socket if offline else _open_socket,
        keepalive_timeout=None if fresh else 30.0,
        force_close=fresh,
        happy_eyeballs_delay=None,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=READ_BUFFER,
        skip_auto_headers=_OWN_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        trust_env=False,
        trace_configs=[trace],
    )


def _failure(error: BaseException, provider: str, late: FailureKind) -> Failure:
    """Name what happened; texts of exceptions are not repeated, they quote hosts."""
    match error:
        case aiohttp.ConnectionTimeoutError() | aiohttp.ServerTimeoutError():
            return Failure(
                FailureKind.CONNECT, f"{provider} could not be reached in time."
            )
        case TimeoutError():
            said = "sent nothing" if late is not FailureKind.STALLED else "went silent"
            return Failure(late, f"{provider} {said} within the time limit.")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Failure(FailureKind.TLS, _insecure(error, provider))
        case aiohttp.ClientHttpProxyError():
            what = f"refused to open it (status {error.status})"
            return Failure(FailureKind.CONNECT, _no_proxy(provider, what))
        case aiohttp.ClientConnectorError():
            return _unreached(error, provider)
        case aiohttp.ClientPayloadError():
            return Failure(FailureKind.CUT, f"{provider} cut its answer short.")
        case aiohttp.ClientResponseError():
            return Failure(
                FailureKind.MALFORMED, f"{provider} did not answer in proper HTTP."
            )
        case _:
            return Failure(FailureKind.RESET, f"{provider} closed the connection.")


def _unreached(error: aiohttp.ClientConnectorError, provider: str) -> Failure:
    match error:
        case aiohttp.ClientConnectorError(os_error=_KeptHere()):
            return Failure(
                FailureKind.OFFLINE,
                f"The address of {provider} is not on this machine, and this request "
                "must stay here (the mode is offline, or its trust level says so). "
                "Turnout sent nothing. Correct base_url or place of that provider in "
                "config.toml.",
            )
        case aiohttp.ClientConnectorDNSError():
            return Failure(FailureKind.DNS, f"The name of {provider} was not found.")
        case aiohttp.ClientProxyConnectionError():
            said = _no_proxy(provider, "could not be reached")
            return Failure(FailureKind.CONNECT, said)
        case _:
            return Failure(FailureKind.CONNECT, f"{provider} could not be reached.")


def _insecure(error: BaseException, provider: str) -> str:
    """Name why a secure connection failed, where it is the certificate."""
    why = distrust(error)
    if why is None:
        return f"The secure connection to {provider} failed."
    return distrust_sentence(provider, why)


def _no_proxy(provider: str, what: str) -> str:
    """Say what the web proxy did; its address may hold a password and is not told."""
    return (
        f"The proxy on the way to {provider} {what}. It stands in HTTP_PROXY, "
        "HTTPS_PROXY or ALL_PROXY; `turnout doctor` says who is called through it."
    )
