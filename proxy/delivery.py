"""Carries a translated answer to the client, with signs of life while it is awaited.

What a client could take for the end is held until the record is on disk; an answer of
which only the head is known leaves nothing, so that another route may still be tried.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy.attempt import is_stream
from proxy.errors import Failure, FailureKind
from proxy.model import BrokenOff, Protocol
from proxy.tasks import spawn
from proxy.upstream import UpstreamError
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF, WireError
from proxy.wire.incoming import EVENT_LIMIT
from proxy.wire.mask import Masker, mask
from proxy.wire.unpack import side_decoder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proxy.catalogue import Route
    from proxy.conversion import Conversion
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.preparation import Prepared
    from proxy.upstream import Answer
    from proxy.wire.unpack import SideDecoder

PING_SECONDS = 20.0
"""Silence after which a streaming client gets a sign of life."""

REST_SECONDS = 2.0
"""How long bytes behind the end of an answer are waited for."""

COST_SECONDS = 1.0
"""How long the end of an answer that was stopped here waits for what it cost."""

COST_BYTES = 256 * 1024
"""How much is read of such an answer to learn it."""

_OK = 200
_JSON = "application/json"
_LINES = "application/x-ndjson"


_NO_ANSWER = "sent an answer that is not one of its protocol"
_ODD_CODING = "packed its answer in a way Turnout cannot read"
_BADLY_PACKED = "sent a packed answer that is broken, or too large once unpacked"
_TOO_LARGE = "sent an answer of more than 16 MB in one piece"


class _Unreadable(Exception):
    """What came cannot be read on; the message says what the provider did."""


class _OnlyAlive(Exception):
    """Signs of life have come for as long as an answer is waited for."""


@dataclass(slots=True)
class Delivery:
    """One translated answer on its way; `secret` is the provider key to mask.

    `created` is the answer's time in Unix seconds, `patience` how many seconds may pass
    before more than signs of life has come, where another route stands by.
    """

    journey: Journey
    route: Route
    prepared: Prepared
    secret: bytes | None
    created: int
    patience: float
    _until: float = 0.0
    _quiet_since: float = 0.0
    _awake: bool = False
    _timer: asyncio.TimerHandle | None = None
    _unpack: SideDecoder | None = None
    _masker: Masker | None = None

    @property
    def _x(self) -> Exchange:
        return self.journey.x

    @property
    def _conversion(self) -> Conversion:
        return self.prepared.conversion

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """Send signs of life while the block runs, where the client's protocol can."""
        x = self._x
        self._until = asyncio.get_running_loop().time() + self.patience
        if not x.stream or x.call.protocol is Protocol.GEMINI:
            yield
            return
        self._quiet_since = asyncio.get_running_loop().time()
        self._awake = True
        self._watch()
        try:
            yield
        finally:
            # A ping that is on its way must not speak into the next attempt.
            self._awake = False
            if self._timer is not None:
                self._timer.cancel()

    async def take(self, answer: Answer) -> Failure | None:
        """Carry a successful answer to the client; returns what broke it, if anything.

        The caller looks at `outlet.started` to know what is still possible.
        """
        x = self._x
        x.events = x.stream
        x.breaking = self._conversion.break_off if x.stream else None
        self._unpack = side_decoder(answer.header("content-encoding"))
        if self._unpack is None:
            return self._malformed(_ODD_CODING)
        self._masker = Masker(self.secret) if self.secret else None
        try:
            if await self._comes_in_events(answer):
                await self._convert(answer)
            else:
                await self._convert_whole(answer)
        except UpstreamError as error:
            return error.failure
        except _OnlyAlive:
            said = (
                f"{self.route.provider.id} gave signs of life, and no answer in time."
            )
            return Failure(FailureKind.FIRST_BYTE_TIMEOUT, said)
        except WireError:
            return self._malformed(_NO_ANSWER)
        except _Unreadable as problem:
            return self._malformed(str(problem))
        finally:
            x.usage = self._conversion.usage
        failed = self._conversion.failed
        if failed is not None:
            said = f"{self.route.provider.id}: {failed.message}"
            return Failure(failed.kind, said, answer.status)
        return await self._end(answer)

    async def _comes_in_events(self, answer: Answer) -> bool:
        if self.route.protocol is Protocol.OLLAMA:
            kind = answer.header("content-type").lower()
            return kind.startswith(_LINES) or (
                self._x.stream and not kind.startswith(_JSON)
            )
        return await is_stream(answer, asked=self._x.stream)

    async def _convert(self, answer: Answer) -> None:
        conversion = self._conversion
        while not conversion.over and (chunk := await self._next(answer)):
            await self._forward(conversion.feed(self._plain(chunk)))
        if not conversion.over:
            rest = self._masker.finish() if self._masker else b""
            await self._forward(conversion.feed(rest) + conversion.finish())

    async def _convert_whole(self, answer: Answer) -> None:
        parts: list[bytes] = []
        size = 0
        while chunk := await self._chunk(answer):
            parts.append(self._plain(chunk))
            size += len(parts[-1])
            if size > EVENT_LIMIT:
                raise _Unreadable(_TOO_LARGE)
        if self._masker is not None:
            parts.append(self._masker.finish())
        codec = PROVIDER_CODEC_OF[self.route.protocol]
        events = codec.read_answer(
            b"".join(parts), answer_id=self._x.call.id, model=self.route.model_id
        )
        await self._forward(self._conversion.push(events))

    async def _next(self, answer: Answer) -> bytes:
        """Return the next bytes; signs of life use up no other route's time."""
        if self._conversion.heard or not self._x.insured:
            return await self._chunk(answer)
        try:
            async with asyncio.timeout_at(self._until):
                return await self._chunk(answer)
        except TimeoutError:
            raise _OnlyAlive from None

    async def _chunk(self, answer: Answer) -> bytes:
        chunk = await answer.chunk()
        if chunk and self._x.first_byte_ms is None:
            self.journey.first_byte()
        return chunk

    def _plain(self, chunk: bytes) -> bytes:
        """Return a chunk unpacked, with our own key masked."""
        if self._unpack is not None:
            chunk = self._unpack(chunk)
            if self._unpack.gave_up:
                raise _Unreadable(_BADLY_PACKED)
        return self._masker.feed(chunk) if self._masker else chunk

    async def _end(self, answer: Answer) -> Failure | None:
        """Put the whole answer on record, then let its end go."""
        x, ended = self._x, self._conversion.ended
        if ended is None:
            return Failure(
                FailureKind.CUT,
                f"{self.route.provider.id} ended its answer before it was complete.",
            )
        x.stop_reason = ended.stop
        if self._conversion.unheard:
            await self._learn_cost(answer)
        last = self._conversion.last()
        x.lose(self._conversion.losses)
        whole = b"" if x.stream else self._whole()
        if not (x.stream or whole):
            return self._malformed(_NO_ANSWER)
        await self.journey.settle(answer.status, None)
        if x.stream:
            await self._forward(last)
        else:
            await self._send_whole(whole)
        await x.outlet.end()
        if not self._conversion.unheard:
            # A provider that was stopped from here may have much more to say.
            await self._rest(answer)
        return None

    async def _learn_cost(self, answer: Answer) -> None:
        """Read on behind a stop sequence, as the provider's counts stand at its end.

        The client's end waits meanwhile, so not for long: where the provider has more
        to say than that, the record leaves the output unknown.
        """
        conversion, left = self._conversion, COST_BYTES
        with suppress(UpstreamError, TimeoutError, WireError, _Unreadable):
            async with asyncio.timeout(COST_SECONDS):
                while conversion.unheard and left > 0:
                    chunk = await answer.chunk()
                    if not chunk:
                        _ = conversion.finish()
                        break
                    left -= len(chunk)
                    _ = conversion.feed(self._plain(chunk))
        conversion.leave()
        self._x.usage = conversion.usage

    def _whole(self) -> bytes:
        """Return the whole answer as the client's JSON, b'' where it is not whole."""
        codec = CLIENT_CODEC_OF[self._x.call.protocol]
        try:
            written = codec.write_answer(
                self.prepared.shell,
                self._conversion.told,
                created=self.created,
                request_id=self._x.call.id,
            )
        except BrokenOff:
            return b""
        self._x.lose(written.losses)
        return written.body

    async def _send_whole(self, body: bytes) -> None:
        if self.secret:
            body = mask(body, self.secret)
        headers = (
            ("content-type", _JSON),
            ("content-length", str(len(body))),
        )
        await self.journey.start(_OK, headers)
        await self._x.outlet.write(body)
        self.journey.begun()

    async def _forward(self, data: bytes) -> None:
        if not data:
            return
        x = self._x
        begins = not x.outlet.started
        if self.secret:
            # Once more, as reading has undone escapes; an event leaves in one piece.
            data = mask(data, self.secret)
        if begins:
            kind = ("content-type", self.prepared.kind)
            await self.journey.start(_OK, (kind, ("cache-control", "no-cache")))
        await x.outlet.write(data)
        self._quiet_since = asyncio.get_running_loop().time()
        if begins:
            self.journey.begun()

    async def _rest(self, answer: Answer) -> None:
        """Read what stands behind the end, so that the connection can be reused."""
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while await answer.chunk():
                    pass

    def _watch(self) -> None:
        # One timer that looks back when it fires, as arming one for each event would
        # cost more than the event.
        loop = asyncio.get_running_loop()
        quiet = loop.time() - self._quiet_since
        if quiet >= PING_SECONDS:
            self._quiet_since = loop.time()
            _ = spawn(self._ping(), "ping")
            quiet = 0.0
        self._timer = loop.call_later(PING_SECONDS - quiet, self._watch)

    async def _ping(self) -> None:
        x = self._x
        if not self._awake or (x.insured and not self._conversion.heard):
            # A sign of life binds the client to this route; nothing has come of it yet
            # and another one stands by.
            return
        x.events = True
        x.breaking = self._conversion.break_off
        with suppress(ConnectionError):
            await self._forward(self._conversion.ping())

    def _malformed(self, what: str) -> Failure:
        return Failure(FailureKind.MALFORMED, f"{self.route.provider.id} {what}.")
