"""Carries a provider's answer to the client on the native lane, byte for byte.

Bytes leave as they arrive; usage is read on the side; what a client could take for the
end is held until the record is on disk. A cut answer never looks complete.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from proxy.errors import Failure, FailureKind
from proxy.exchange import HeldAnswer
from proxy.insurance import HEAD_SECONDS, Head
from proxy.journey import HEEDS_ERRORS
from proxy.model import Protocol
from proxy.upstream import UpstreamError
from proxy.wire.answer import read_answer
from proxy.wire.mask import Masker
from proxy.wire.tail import tail_holder
from proxy.wire.unpack import side_decoder

if TYPE_CHECKING:
    from proxy.exchange import Exchange
    from proxy.journey import Journey
    from proxy.upstream import Answer
    from proxy.wire.tail import TailHolder

BODY_READ_LIMIT = 8 * 1024 * 1024
"""Bytes of a whole JSON answer that are kept to read its usage; more passes unread."""

REST_SECONDS = 2.0
"""How long bytes behind the end of an answer are waited for."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CHOICES = b'"choices"'


@dataclass(slots=True)
class Relay:
    """One answer on its way.

    `secret` is the provider key to mask, None where the client's own was sent;
    `headers` are those of the client's answer. Each method returns None when the
    answer has been settled and sent, else the `Failure` that broke it: the caller
    looks at `outlet.started` to know what is still possible. `failed` tells that the
    provider ended a stream with an error of its own.
    """

    journey: Journey
    answer: Answer
    provider: str
    secret: bytes | None
    headers: tuple[tuple[str, str], ...]
    failed: bool = False
    _holding_since: float | None = None
    _spoke: bool = False
    _before: bytes = b""

    @property
    def _x(self) -> Exchange:
        return self.journey.x

    async def stream(self) -> Failure | None:
        """Relay server-sent events as they arrive."""
        holder = tail_holder(self._x.call.protocol)
        masker = self._masker()
        head = self._head()
        self._spoke = self._x.call.protocol is not Protocol.CHAT
        try:
            while not holder.ended and (chunk := await self._next(head)):
                self._listen(chunk)
                data = holder.feed(masker.feed(chunk) if masker else chunk)
                await self._forward(data if head.open else head.feed(data))
            if masker is not None:
                await self._forward(head.feed(holder.feed(masker.finish())))
            holder.finish()
            if _is_whole(holder) and self._objection(holder) is None:
                # It is whole, however little it says.
                await self._forward(head.release())
        except UpstreamError as error:
            return error.failure
        finally:
            self._learn(holder)
            self._x.broken_off = holder.break_off()
        return await self._end(holder, head)

    async def close(self) -> None:
        """End the body, or break it off where the client heeds no error event.

        To be asked once what the provider sent has gone out.
        """
        x = self._x
        if self.failed and x.call.protocol not in HEEDS_ERRORS:
            x.outlet.abort()
        else:
            await x.outlet.end()

    async def packed(self) -> Failure | None:
        """Relay a compressed stream unchanged, one chunk late, read on the side."""
        holder = tail_holder(self._x.call.protocol)
        read = side_decoder(self.answer.header("content-encoding"))
        late = b""
        try:
            while chunk := await self._chunk():
                if read is not None:
                    holder.feed(read(chunk))
                await self._forward(late)
                late = chunk
            holder.finish()
        except UpstreamError as error:
            return error.failure
        finally:
            self._learn(holder)
        whole = holder.ended or holder.complete_at_eof
        if read is not None and not read.gave_up and not whole:
            return self._cut()
        self.failed = holder.failed
        await self._settle(self._own_error() if holder.failed else None)
        await self._forward(late)
        return None

    async def body(self) -> Failure | None:
        """Relay a JSON answer, one chunk late."""
        masker = self._masker()
        kept: list[bytes] = []
        size, late = 0, b""
        try:
            while chunk := await self._chunk():
                if size <= BODY_READ_LIMIT:
                    kept.append(chunk)
                size += len(chunk)
                await self._forward(late)
                late = masker.feed(chunk) if masker else chunk
        except UpstreamError as error:
            return error.failure
        late += masker.finish() if masker else b""
        if not size:
            return self._cut()
        read = b"".join(kept) if size <= BODY_READ_LIMIT else b""
        failure = self._judge(read)
        if failure is not None and not self._x.outlet.started:
            return self._keep(failure, late)
        await self._settle(failure)
        await self._forward(late)
        return None

    def _judge(self, body: bytes) -> Failure | None:
        """Read a whole answer for the record and say whether it is one at all."""
        unpack = side_decoder(self.answer.header("content-encoding"))
        plain = unpack(body) if unpack else b""
        facts = read_answer(self._x.call.protocol, plain)
        self._x.usage, self._x.stop_reason = facts.usage, facts.stop_reason
        if facts.error_type is not None or (facts.complains and not facts.answers):
            return self._own_error()
        if not plain or self.journey.counting:
            return None
        try:
            _OBJECT.decode(plain)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Failure(
                FailureKind.MALFORMED,
                f"{self.provider} sent an answer that is no JSON.",
            )
        return None if facts.answers else self._void()

    async def _end(self, holder: TailHolder, head: Head) -> Failure | None:
        objection = self._objection(holder)
        if objection is not None and not self._x.outlet.started:
            return self._keep(objection, head.release() + holder.take())
        if not _is_whole(holder):
            return self._cut()
        self.failed = holder.failed
        await self._settle(objection)
        await self._forward(holder.take())
        await self._rest()
        return None

    def _listen(self, chunk: bytes) -> None:
        """Take note whether a Chat stream holds more than its end."""
        if not self._spoke:
            heard = self._before + chunk
            self._spoke = _CHOICES in heard
            self._before = heard[-len(_CHOICES) :]

    def _objection(self, holder: TailHolder) -> Failure | None:
        """Return why a stream that has ended is no answer, if so."""
        if holder.failed:
            return self._own_error()
        return self._void() if _is_whole(holder) and not self._spoke else None

    async def _rest(self) -> None:
        """Forward what stands behind the end, so that the connection can be reused."""
        masker = self._masker()
        with contextlib.suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while chunk := await self.answer.chunk():
                    await self._forward(masker.feed(chunk) if masker else chunk)
        if masker is not None:
            await self._forward(masker.finish())

    def _head(self) -> Head:
        """Hold the head of a stream where another route may still answer."""
        head = Head(self._x.call.protocol)
        if not self._x.insured:
            _ = head.release()
        return head

    async def _next(self, head: Head) -> bytes:
        """Return the next bytes; a head that has been held for long is let go."""
        if head.open:
            return await self._chunk()
        loop = asyncio.get_running_loop()
        if self._holding_since is None:
            self._holding_since = loop.time()
        until = self._holding_since + HEAD_SECONDS
        try:
            async with asyncio.timeout_at(until):
                return await self._chunk()
        except TimeoutError:
            await self._forward(head.release())
        return await self._chunk()

    async def _chunk(self) -> bytes:
        chunk = await self.answer.chunk()
        if chunk and self._x.first_byte_ms is None:
            self.journey.first_byte()
        return chunk

    async def _forward(self, data: bytes) -> None:
        if not data:
            return
        begins = not self._x.outlet.started
        if begins:
            await self.journey.start(self.answer.status, self.headers)
        await self._x.outlet.write(data)
        if begins:
            self.journey.begun()

    async def _settle(self, failure: Failure | None) -> None:
        await self.journey.settle(self.answer.status, failure)

    def _keep(self, failure: Failure, body: bytes) -> Failure:
        """Keep an answer of which nothing has left: it may be the last one."""
        headers = tuple(
            (name, value)
            for name, value in self.headers
            if name.lower() != "content-length"
        )
        self._x.held = HeldAnswer(self.answer.status, headers, body)
        return failure

    def _masker(self) -> Masker | None:
        return Masker(self.secret) if self.secret else None

    def _learn(self, holder: TailHolder) -> None:
        self._x.usage, self._x.stop_reason = holder.usage, holder.stop_reason

    def _cut(self) -> Failure:
        if not self._x.outlet.started:
            said = f"{self.provider} sent an empty answer."
        else:
            said = f"{self.provider} ended its answer before it was complete."
        return Failure(FailureKind.CUT, said)

    def _void(self) -> Failure:
        return Failure(
            FailureKind.MALFORMED,
            f"{self.provider} sent something that holds no answer.",
        )

    def _own_error(self) -> Failure:
        return Failure(
            FailureKind.UPSTREAM_ERROR,
            f"{self.provider} reported an error instead of its answer.",
        )


def _is_whole(holder: TailHolder) -> bool:
    return holder.ended or holder.complete_at_eof
