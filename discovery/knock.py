"""Asks addresses for what they show to anybody; it sends no key and writes nothing.

Only `GET`s go out: without a body, credentials or cookies, past no proxy, after no
redirect, and each on a connection of its own. It does not judge what comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from discovery.answers import Answer

CONNECT_SECONDS: Final = 0.2
"""Time for a connection on this machine; nobody there needs longer."""

FAR_CONNECT_SECONDS: Final = 0.8
"""Time for a connection to a host that the user named."""

READ_SECONDS: Final = 0.8
"""Time for one answer after its connection stands."""

AT_ONCE: Final = 8
"""How many are asked at a time."""

IDENTITY_BYTES: Final = 64 * 1024
LIST_BYTES: Final = 2 * 1024 * 1024
"""The longest answer that counts, of any path and of those that list models."""

_SILENCE = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
_LEFT_OUT: Final = ("User-Agent", "Accept-Encoding")
_HEADERS: Final = {"Accept": "application/json, */*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds that one connection and one answer may take."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS


NEAR: Final = Limits()
FAR: Final = Limits(connect=FAR_CONNECT_SECONDS)


class Knocker:
    """Asks until a moment of the loop's clock and not after it; see `knocking`."""

    def __init__(self, session: aiohttp.ClientSession, until: float) -> None:
        """Ask with `session`, to be closed by who made it."""
        self._session = session
        self._until = until
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def get(
        self, url: str, most: int = IDENTITY_BYTES, limits: Limits = NEAR
    ) -> Answer | None:
        """Return the whole answer at `url`.

        None where none came in time, where it broke off or was longer than `most`
        bytes, and where the time for all is over. A redirect is an answer like any.
        """
        try:
            async with asyncio.timeout_at(self._until), self._slots:
                async with asyncio.timeout(limits.connect + limits.read):
                    return await self._ask(url, most, limits)
        except _SILENCE:
            return None

    async def _ask(self, url: str, most: int, limits: Limits) -> Answer | None:
        wait = aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect, sock_read=limits.read
        )
        async with self._session.get(
            url, allow_redirects=False, timeout=wait, headers=_HEADERS
        ) as response:
            body = await _body(response, most)
            if body is None:
                return None
            kind = response.headers.get("Content-Type", "")
            return Answer(
                response.status,
                kind.partition(";")[0].strip().lower(),
                body,
                response.headers.get("Server", ""),
            )


@asynccontextmanager
async def knocking(
    seconds: float, connector: aiohttp.BaseConnector | None = None
) -> AsyncIterator[Knocker]:
    """Give a `Knocker` for at most `seconds`; every connection is closed at the end.

    `connector` is how it connects, over TCP where nothing else is said; it is closed
    as well.
    """
    own = connector or aiohttp.TCPConnector(
        limit=AT_ONCE, force_close=True, use_dns_cache=False
    )
    async with aiohttp.ClientSession(
        connector=own,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_LEFT_OUT,
        auto_decompress=False,
        trust_env=False,
    ) as session:
        yield Knocker(session, asyncio.get_running_loop().time() + seconds)


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    if (response.content_length or 0) > most:
        return None
    got = bytearray()
    async for piece in response.content.iter_any():
        got += piece
        if len(got) > most:
            return None
    return bytes(got)
