"""The commands as HTTP on the per-user control socket, and the feed of the state.

Only the user's own processes get in (folder 0700, socket 0600, the peer's uid
checked). It never listens on TCP, knows no gateway key and lets no traceback out.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from dataclasses import replace
from pathlib import Path

import msgspec
from aiohttp import web

from app.commands import COMMANDS
from app.commands.command import Command, Effect, settle
from app.failure import CommandFailed, Exit
from app.peer import peer_uid
from app.services import Services
from app.state import State
from proxy.tasks import spawn

BODY_LIMIT = 1 << 20
"""Bytes a call's body may have."""

FEED_GAP = 0.25
"""Seconds between two lines of the feed at least."""

FEED_QUIET = 15.0
"""Seconds after which a line is sent although nothing changed, so that both ends
notice a dead peer."""

_STOP_GRACE = 2.0
_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlServer:
    """A running control socket; `stop` ends it."""

    def __init__(
        self, runner: web.AppRunner, path: Path, inode: int, feeds: _Feeds
    ) -> None:
        """Made by `serve_control` only."""
        self._runner = runner
        self._path = path
        self._inode = inode
        self._feeds = feeds

    async def stop(self) -> None:
        """Send each feed its last line, close, and remove the file if it is ours.

        In a planned restart the newer gateway has put its own socket at the same
        path by then: that one stays.
        """
        try:
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()
        except FileNotFoundError:
            pass
        await self._feeds.end()
        await self._runner.cleanup()


async def serve_control(
    services: Services,
    path: Path,
    *,
    commands: Sequence[Command] = COMMANDS,
    gap: float = FEED_GAP,
    quiet: float = FEED_QUIET,
) -> ControlServer:
    """Serve `commands` on a Unix socket at `path` until `stop`.

    A socket that stands there already, dead or alive, is replaced in one step, so
    there is no refused moment. `gap` and `quiet` are the feed's pace in seconds.
    Raises `OSError` where the folder is not ours alone, something else than a socket
    is in the way, or the path is too long for a socket.
    """
    sock, inode = _bind(path)
    feeds = _Feeds(services.state, gap, quiet)
    app = web.Application(middlewares=[_only_me, _in_words], client_max_size=BODY_LIMIT)
    app.router.add_get("/feed", feeds.handle)
    for command in commands:
        handler = _handler(command, services)
        app.router.add_post(command.path, handler)
        if command.effect is Effect.READ:
            app.router.add_get(command.path, handler, allow_head=False)
    # A caller that leaves cancels its handler: `try` stops spending (see _finish).
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
    )
    await runner.setup()
    try:
        await web.SockSite(runner, sock).start()
        _born(path).rename(path)
    except OSError:
        await runner.cleanup()
        sock.close()
        _born(path).unlink(missing_ok=True)
        raise
    return ControlServer(runner, path, inode, feeds)


# --- the socket -----------------------------------------------------------------------


def _born(path: Path) -> Path:
    """The name a socket is bound under before it takes over `path`.

    Shorter than `control.sock`, so that it fits wherever that fits.
    """
    return path.with_name(f"c.{os.getpid()}")


def _bind(path: Path) -> tuple[socket.socket, int]:
    _check_folder(path.parent)
    if path.exists() and not stat.S_ISSOCK(path.lstat().st_mode):
        raise FileExistsError(f"{path} is in the way: it is not a socket")
    born = _born(path)
    _sweep(path.parent)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Born 0600: a chmod afterwards would leave a moment in between.
    before = os.umask(0o177)
    try:
        sock.bind(str(born))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(before)
    sock.listen(64)
    sock.setblocking(False)
    return sock, born.lstat().st_ino


def _check_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = folder.lstat()
    ours = stat.S_ISDIR(told.st_mode) and told.st_uid == os.getuid()
    if not ours or told.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder that only you can open")


def _sweep(folder: Path) -> None:
    """Remove the birth names of gateways that died before they took over."""
    for left in folder.glob("c.*"):
        number = left.suffix[1:]
        if number.isdigit() and (int(number) == os.getpid() or not _lives(int(number))):
            left.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


# --- answers --------------------------------------------------------------------------


@web.middleware
async def _only_me(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in the processes of this very user only."""
    transport = request.transport
    sock = transport.get_extra_info("socket") if transport else None
    if sock is None or peer_uid(sock) != os.getuid():
        return web.Response(status=403)
    return await handler(request)


@web.middleware
async def _in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal into the one JSON form."""
    try:
        return await handler(request)
    except CommandFailed as failed:
        status = 400 if failed.exit == Exit.USAGE else 422
        return _failed(status, failed)
    except web.HTTPException as refused:
        words = _REFUSALS.get(refused.status, "The request was refused.")
        answer = CommandFailed("The control socket refused", words, "", Exit.USAGE)
        return _failed(refused.status, answer)


_REFUSALS = {
    404: "There is no such command. Program and gateway may be of different versions.",
    405: "This command changes something or costs money: it takes POST only.",
    413: "The call is larger than 1 MB. Nothing was done.",
    415: "A call is a JSON object. Nothing was done.",
}


def _failed(status: int, failed: CommandFailed) -> web.Response:
    body = {"ok": False, "error": failed.parts, "exit": int(failed.exit)}
    return _json(status, msgspec.json.encode(body))


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _handler(command: Command, services: Services) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        arguments = command.arguments(await _given(request))
        result = await _finish(command, services, arguments)
        return _json(200, b'{"ok":true,"result":' + result + b"}")

    return handle


async def _given(request: web.Request) -> dict[str, object]:
    if request.method == "GET":
        body = request.query.get("params", "{}").encode()
    else:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        body = await request.read() or b"{}"
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise web.HTTPUnsupportedMediaType from None


async def _finish(
    command: Command, services: Services, arguments: Mapping[str, object]
) -> bytes:
    """Return the result's JSON; a change is carried out even if the caller leaves."""

    async def run() -> bytes:
        return msgspec.json.encode(await command.run(services, **arguments))

    work = settle(command.name, run())
    if command.effect is Effect.CHANGE:
        outcome = await asyncio.shield(spawn(work, f"command {command.name}"))
    else:
        outcome = await work
    if isinstance(outcome, CommandFailed):
        raise outcome
    return outcome


# --- the feed -------------------------------------------------------------------------


class _Feeds:
    """The open feeds of one control socket."""

    def __init__(self, state: State | None, gap: float, quiet: float) -> None:
        self._state = state
        self._gap = gap
        self._quiet = quiet
        self._stopping = asyncio.Event()
        self._open: set[asyncio.Event] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Write the state as a line now, after changes, and when it was quiet long."""
        if self._state is None:
            raise web.HTTPNotFound
        answer = web.StreamResponse()
        answer.content_type = "application/x-ndjson"
        await answer.prepare(request)
        done = asyncio.Event()
        self._open.add(done)
        try:
            async for line in self._lines(self._state):
                await answer.write(line)
        except ConnectionResetError:
            pass  # the reader has gone, and with it the wish for more
        finally:
            self._open.discard(done)
            done.set()
        return answer

    async def _lines(self, state: State) -> AsyncIterator[bytes]:
        while not self._stopping.is_set():
            snapshot = state.snapshot()
            yield msgspec.json.encode(snapshot) + b"\n"
            await self._rest(self._gap)
            await self._rest(self._quiet, state.changed(snapshot.revision))
        last = replace(state.snapshot(), stopping=True)
        yield msgspec.json.encode(last) + b"\n"

    async def _rest(
        self, limit: float, news: Coroutine[object, None, None] | None = None
    ) -> None:
        """Return after `limit` seconds, at the news, or when the socket closes."""
        waits = {spawn(self._stopped(), "feed: stop")}
        if news is not None:
            waits.add(spawn(news, "feed: news"))
        try:
            await asyncio.wait(
                waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()

    async def _stopped(self) -> None:
        await self._stopping.wait()

    async def end(self) -> None:
        """Let each feed write its last line; wait for it, but not long."""
        self._stopping.set()
        waits = [spawn(done.wait(), "feed end") for done in self._open]
        if waits:
            await asyncio.wait(waits, timeout=_STOP_GRACE)
