"""Clients that keep asking a gateway, and what each request came to."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp

MODEL = "scripted-large"
PATHS = {
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "chat": "/v1/chat/completions",
}
TERMINAL = {
    "messages": b"message_stop",
    "responses": b"response.completed",
    "chat": b"[DONE]",
}
ERROR = {
    "messages": b"event: error",
    "responses": b"event: response.failed",
    "chat": b'data: {"error"',
}


def body_of(protocol: str, prompt: str = "Hello", *, stream: bool = False) -> bytes:
    """A small request in a protocol."""
    body: dict[str, object] = {"model": MODEL, "stream": stream}
    if protocol == "responses":
        body |= {"input": prompt}
    else:
        body |= {"messages": [{"role": "user", "content": prompt}]}
    if protocol == "messages":
        body |= {"max_tokens": 100}
    return json.dumps(body).encode()


@dataclass(slots=True)
class Outcome:
    """What one request came to; times are monotonic seconds."""

    protocol: str
    stream: bool
    started: float
    ended: float = 0.0
    status: int = 0
    id: str = ""
    body: bytes = b""
    broken: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seconds(self) -> float:
        """How long it took, whole."""
        return self.ended - self.started

    @property
    def complete(self) -> bool:
        """Whether a client takes it for a whole answer."""
        if self.status != 200:
            return False
        if self.stream:
            return TERMINAL[self.protocol] in self.body
        with contextlib.suppress(ValueError):
            return not self.broken and bool(json.loads(self.body))
        return False

    @property
    def told(self) -> bool:
        """Whether an error event or envelope of the protocol was sent."""
        return ERROR[self.protocol] in self.body


async def ask(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    outcome: Outcome,
    prompt: str = "Hello",
) -> Outcome:
    """Send one request and read what comes, to its end or break."""
    body = body_of(outcome.protocol, prompt, stream=outcome.stream)
    try:
        async with session.post(
            url + PATHS[outcome.protocol], data=body, headers=headers
        ) as answer:
            outcome.status = answer.status
            outcome.id = answer.headers.get("x-turnout-request", "")
            async for chunk in answer.content.iter_any():
                outcome.body += chunk
                outcome.begun.set()
    except (aiohttp.ClientError, OSError) as error:
        outcome.broken = repr(error)
    finally:
        outcome.ended = time.monotonic()
        outcome.begun.set()
    return outcome


def fresh() -> aiohttp.ClientSession:
    """A session with a new connection for each request."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=0)
    )


def kept() -> aiohttp.ClientSession:
    """A session that keeps its connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


@contextlib.asynccontextmanager
async def load(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], clients: int
) -> AsyncIterator[list[Outcome]]:
    """So many clients ask without a pause, every other one streams.

    Yields the list that outcomes are added to; leaving waits for the last.
    """
    outcomes: list[Outcome] = []
    stop = asyncio.Event()

    async def client(number: int) -> None:
        protocol = tuple(PATHS)[number % len(PATHS)]
        while not stop.is_set():
            one = Outcome(protocol, number % 2 == 0, time.monotonic())
            outcomes.append(one)
            await ask(session, url, headers, one)
            if one.broken:
                await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))
        try:
            yield outcomes
        finally:
            stop.set()
