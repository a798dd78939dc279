"""A whole gateway on the test's own loop: real sockets, real ledger, no process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import aiohttp

from app.assemble import Host, serve
from app.commands.keys import NewKey
from app.door import Door
from app.paths import Paths, make_folders, paths_for
from app.stopping import Stop
from proxy.health import Health
from proxy.ledger import Event
from proxy.ledger.reader import Reader
from proxy.model import Protocol
from proxy.tasks import spawn

SCRIPTED_KEY = "sk-scripted-7f3c9a51e6d24b08"

PROVIDER = """
[[providers]]
id = "{id}"
base_url = "{url}"
protocols = [{protocols}]
key = "env:SCRIPTED_KEY"
place = "{place}"
any_model = true

[[providers.models]]
id = "scripted-large"
lane = "claude/premium"
context = 200000
max_output = 64000
price.input = "3.00"
price.output = "15.00"
price.cache_read = "0.30"
price.cache_write = "3.75"
"""


VENDORS = (Protocol.MESSAGES, Protocol.RESPONSES, Protocol.CHAT)


def provider(
    url: str,
    name: str = "scripted",
    place: str = "provider",
    protocols: Iterable[Protocol] = VENDORS,
) -> str:
    """A provider's entry for `config.toml`; more tables of it may be put behind."""
    words = ", ".join(f'"{each}"' for each in protocols)
    return PROVIDER.format(id=name, url=url, place=place, protocols=words)


@dataclass(slots=True)
class Serving:
    """A gateway that serves, and a client that may call it."""

    paths: Paths
    port: int
    key: str
    session: aiohttp.ClientSession
    door: Door
    stop: Stop
    ended: asyncio.Task[None]
    health: Health

    @property
    def url(self) -> str:
        """The gateway's base URL."""
        return f"http://127.0.0.1:{self.port}"

    def headers(self, **extra: str) -> dict[str, str]:
        """A client's headers: its gateway key and what a test adds."""
        named = {name.replace("_", "-"): value for name, value in extra.items()}
        return {"x-turnout-key": self.key, "content-type": "application/json", **named}

    def forget_faults(self) -> None:
        """Hold nothing against any provider, route or key from here on."""
        vars(self.health).update(vars(Health()))

    async def post(
        self, path: str, body: bytes | dict[str, object], **extra: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request whole and read its answer whole, or what there is of it."""
        data = {"json": body} if isinstance(body, dict) else {"data": body}
        async with self.session.post(
            self.url + path, headers=self.headers(**extra), **data
        ) as answer:
            return answer.status, answer.headers, await read_to_the_break(answer)

    def decision(self, request: str) -> str | None:
        """The decision the ledger holds on disk for a request, if any yet."""
        reader = Reader(self.paths.database)
        try:
            return reader.decision(request)
        finally:
            reader.close()

    def events(self) -> tuple[Event, ...]:
        """What the ledger holds on disk now, newest first."""
        reader = Reader(self.paths.database)
        try:
            return reader.recent(1000, None)
        finally:
            reader.close()


async def read_to_the_break(answer: aiohttp.ClientResponse) -> bytes:
    """All that comes of a body, also where its connection breaks."""
    got = b""
    with contextlib.suppress(aiohttp.ClientPayloadError):
        async for piece in answer.content.iter_any():
            got += piece
    return got


def listeners() -> list[socket.socket]:
    """A listening socket on a free port of 127.0.0.1."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    listening.setblocking(False)
    return [listening]


@contextlib.contextmanager
def _without_pauses() -> Iterator[None]:
    with (
        patch("proxy.retries._LEAST_PAUSE", 0.0),
        patch("proxy.retries._MOST_PAUSE", 0.0),
        patch("proxy.server.HANDOVER_SECONDS", 0.0),
    ):
        yield


@contextlib.asynccontextmanager
async def serving(
    home: Path, config: str = "", environ: Mapping[str, str] | None = None
) -> AsyncIterator[Serving]:
    """Run a gateway in `home` for the length of the block.

    A repetition comes without its pause, which is told in the tests of `retries`; the
    end hands nothing over to a successor, which is told in those of the server.
    """
    variables = {"SCRIPTED_KEY": SCRIPTED_KEY, **(environ or {})}
    paths = paths_for(variables, home)
    make_folders(paths)
    if config:
        paths.config_file.write_text(config, "utf-8")
    sockets = listeners()
    port = sockets[0].getsockname()[1]
    stop, ready = Stop(), asyncio.Event()
    host = Host(ready.set, stop.supersede, stop.stop)
    health = Health()
    with patch("app.assemble.Health", lambda: health):
        ended = spawn(
            serve(paths, variables, sockets, stop, host), "gateway under test"
        )
        waiting = spawn(ready.wait(), "ready")
        await asyncio.wait((ended, waiting), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        ended.result()
    door = Door(paths.control_socket)
    made = await door.call("keys new", NewKey, name="claude-code")
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        with _without_pauses():
            try:
                yield Serving(paths, port, made.key, session, door, stop, ended, health)
            finally:
                await session.close()
                stop.stop()
                await ended
                for listening in sockets:
                    listening.close()
